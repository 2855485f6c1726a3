//! What `rdsauth_replication_iam_auth` finds at a database, and which requirements are not met.

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::aws;
use crate::aws::rds::parameters::{Group, Parameter};
use crate::aws::rds::{Database, IN_SYNC, Rds};
use crate::parts::rds::database::{self, reboot};
use crate::resources::replication_iam_auth::{IMMEDIATELY, LOGICAL, ON, REPLICATION, ReplicationIamAuth};
use crate::world::{Ctx, Promise};

/// A database, and the two parameters of its group.
pub(super) struct Found {
    pub(super) database: Database,
    pub(super) group: Group,
    pub(super) replication: Option<Parameter>,
    pub(super) logical: Option<Parameter>,
    /// Logical replication was applied when that was last known, and the database has not been rebooted since.
    was_in_force: bool,
}

/// Requirements that other resources of the configuration meet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Supplied {
    /// IAM database authentication.
    pub(super) iam: bool,
    /// [`LOGICAL`] in the group, which is applied with a reboot.
    pub(super) logical: bool,
}

const PARAMETERS: [&str; 2] = [REPLICATION, LOGICAL];

impl Supplied {
    /// Requirements of a database in a region that earlier plans in this run meet.
    pub(super) fn of(cx: &Ctx, found: &Found, region: String) -> Self {
        let logical = Promise::Parameter {
            region,
            group: found.group.to_string(),
            name: LOGICAL.to_owned(),
            value: ON.to_owned(),
        };
        let iam = Promise::IamAuthentication(found.database.arn.clone());
        Self { iam: cx.is_promised(&iam), logical: cx.is_promised(&logical) }
    }
}

impl Found {
    pub(super) async fn read(rds: &Rds, database: Database, was_in_force: bool) -> Result<Self, aws::Error> {
        let group = Group { kind: database.kind, name: database.group.clone() };
        let found = rds.parameters_named(&group, &PARAMETERS).await?;
        Ok(Self::of(database, group, found, was_in_force))
    }

    /// The same for a refresh, which may be one of many of the group.
    pub(super) async fn refreshed(rds: &Rds, database: Database, was_in_force: bool) -> Result<Self, aws::Error> {
        let group = Group { kind: database.kind, name: database.group.clone() };
        match rds.listed_parameters(&group, &PARAMETERS).await {
            Some(listed) => Ok(Self::of(database, group, listed, was_in_force)),
            None => Self::read(rds, database, was_in_force).await,
        }
    }

    fn of(database: Database, group: Group, mut found: Vec<Parameter>, was_in_force: bool) -> Self {
        let mut take = |name: &str| found.iter().position(|found| found.name == name).map(|at| found.swap_remove(at));
        let (replication, logical) = (take(REPLICATION), take(LOGICAL));
        Self { database, group, replication, logical, was_in_force }
    }

    /// Whether replication connections need tokens already.
    pub(super) fn is_in_force(&self) -> bool {
        self.replication_is_on() && IMMEDIATELY.agrees(&self.database) && self.logical_is_in_force()
    }

    pub(super) fn replication_is_on(&self) -> bool {
        is_on(self.replication.as_ref())
    }

    pub(super) fn logical_is_on(&self) -> bool {
        is_on(self.logical.as_ref())
    }

    /// `pending-reboot` may come from any static parameter, so it does not say that this one, if applied before, is not
    /// any more. If it was not applied before, only `in-sync` says that it is now: any other status may hide that it is
    /// pending.
    pub(super) fn logical_is_in_force(&self) -> bool {
        self.logical_is_on() && (self.was_in_force || self.database.group_status == IN_SYNC)
    }

    /// The requirements that are met neither here nor by others, each with what meets it.
    pub(super) fn missing(&self, wanted: &ReplicationIamAuth, supplied: Supplied) -> Vec<String> {
        let Self { database, group, .. } = self;
        let (kind, id) = (database.kind, &database.identifier);
        let mut missing = Vec::new();
        if self.replication.is_none() {
            missing.push(format!(
                "The {group} has no parameter \"{REPLICATION}\": the engine version is too old. \
                 Upgrade the engine."
            ));
        }
        if group.is_default() {
            missing.push(format!(
                "The DB {kind} \"{id}\" uses the default {group}, which cannot be changed. Create a parameter group \
                 of the same family (for example with aws_db_parameter_group or aws_rds_cluster_parameter_group), \
                 associate it with the DB {kind}, and reboot the DB {kind}."
            ));
        }
        if !wanted.manage_iam_authentication && !supplied.iam && !IMMEDIATELY.agrees(database) {
            missing.push(format!(
                "IAM database authentication of the DB {kind} \"{id}\" is disabled. Use the resource \
                 rdsauth_iam_authentication with \"depends_on\", set \"manage_iam_authentication\" to true, or \
                 run:\n  aws rds modify-db-{kind} --db-{kind}-identifier {id} --enable-iam-database-authentication \
                 --apply-immediately"
            ));
        }
        let reboots = wanted.reboot == "if_required";
        if !self.logical_is_on() && !supplied.logical {
            if !wanted.manage_logical_replication && !group.is_default() {
                missing.push(format!(
                    "\"{LOGICAL}\" is not 1 in the {group} of \"{id}\". Set \"manage_logical_replication\" to true \
                     and \"reboot\" to \"if_required\", or use the resource rdsauth_parameter with \"depends_on\", \
                     and reboot the DB {kind} after that:\n  {}",
                    reboot::command(database)
                ));
            }
        } else if !self.logical_is_on() && !reboots {
            missing.push(format!(
                "\"{LOGICAL}\" is applied when the DB {kind} \"{id}\" is rebooted. Set \"reboot\" to \
                 \"if_required\", or run this once the parameter is 1 in the {group}:\n  {}",
                reboot::command(database)
            ));
        } else if !self.logical_is_in_force() && !reboots {
            missing.push(format!(
                "The parameter status of the DB {kind} \"{id}\" is \"{}\". \"{LOGICAL}\" may not be applied until a \
                 reboot. Set \"reboot\" to \"if_required\", or run:\n  {}",
                database.group_status,
                reboot::command(database)
            ));
        }
        missing
    }
}

/// Whether users have given a parameter the wanted value.
pub(super) fn is_set(parameter: Option<&Parameter>) -> bool {
    parameter.is_some_and(Parameter::is_set) && is_on(parameter)
}

/// Whether a parameter has the wanted value, from whichever source.
fn is_on(parameter: Option<&Parameter>) -> bool {
    parameter.is_some_and(|parameter| parameter.value.as_deref() == Some(ON))
}

/// Databases that this cannot work with in any case.
///
/// # Errors
/// The database is that.
pub(super) fn refuse(database: &Database) -> Result<()> {
    database::refuse_member(database)?;
    let Database { identifier, engine, engine_version, .. } = database;
    let is_postgres = ["postgres", "aurora-postgresql"].contains(&engine.as_str());
    if is_postgres && major(engine_version).is_none_or(|major| major >= 11) {
        return Ok(());
    }
    Err(Diagnostic::error(
        "Engine does not support IAM replication authentication",
        format!(
            "\"{identifier}\" runs {engine} {engine_version}. IAM authentication of replication connections is \
             available for RDS for PostgreSQL and Aurora PostgreSQL from version 11."
        ),
    ))
}

/// The major version of `16.4`, `14.9-R1` or `16.4-limitless`.
fn major(version: &str) -> Option<u32> {
    version.split(['.', '-']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions() {
        for (version, expected) in [("16.4", Some(16)), ("14.9-R1", Some(14)), ("16.4-limitless", Some(16)), ("", None)]
        {
            assert_eq!(major(version), expected);
        }
    }
}
