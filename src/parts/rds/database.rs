//! The instance or cluster that a configuration names: looked up, explained, waited for, and switched.

pub mod reboot;

use std::fmt;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, Failed, Handle, Model, Val, View, Wait};
use tf_provider::value::Path;

use crate::arn;
use crate::aws::rds::{APPLYING, Database, Kind, Rds};
use crate::aws::{self, lag};
use crate::records::claims::{self, Subject};
use crate::world::{self, Ctx};

/// What a configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Which of the two.
    pub kind: Kind,
    /// Its identifier.
    pub identifier: String,
    /// Its region; defaults to the provider's.
    pub region: Option<String>,
}

/// A change of IAM authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// On or off.
    pub on: bool,
    /// Now, or in the next maintenance window.
    pub immediately: bool,
}

/// A database on its way to a switch's end.
struct Switching {
    database: Database,
    switch: Switch,
}

const OPERATIONAL: Wait<Database> = Wait {
    what: "the database to accept changes",
    done: Database::is_operational,
    failed: Database::is_stuck,
    seen: describe,
    pauses: lag::DATABASE,
};

const STEADY: Wait<Database> = Wait {
    what: "a change of its parameters to end",
    done: |database| database.group_status != APPLYING,
    failed: Database::is_stuck,
    seen: |database| format!("its parameter status is \"{}\", and {}", database.group_status, describe(database)),
    pauses: lag::DATABASE,
};

const SWITCHED: Wait<Switching> = Wait {
    what: "the change of IAM database authentication",
    done: |now| now.switch.is_done(&now.database),
    failed: |now| now.database.is_stuck(),
    seen: |now| describe(&now.database),
    pauses: lag::DATABASE,
};

impl Target {
    /// The database that two attributes name, of which exactly one is set.
    ///
    /// # Errors
    /// None or both are set.
    pub fn new(instance: Option<&str>, cluster: Option<&str>, region: &Computed<String>) -> Result<Self> {
        let (kind, identifier) = which(instance, cluster)?;
        let region = match region {
            Computed::Known(region) => Some(region.clone()),
            Computed::Unknown => None,
        };
        Ok(Self { kind, identifier: identifier.to_owned(), region })
    }

    /// Understands `instance/ID` and `cluster/ID`, with `@REGION` behind it or not. RDS keeps identifiers in lower case.
    ///
    /// # Errors
    /// The id has another form.
    pub fn of_import(id: &str) -> Result<Self> {
        let (name, region) = arn::split_region(id);
        let (kind, identifier) = match name.split_once('/') {
            Some(("instance", identifier)) => (Kind::Instance, identifier),
            Some(("cluster", identifier)) => (Kind::Cluster, identifier),
            _ => (Kind::Instance, ""),
        };
        if identifier.is_empty() || identifier.contains(['/', '@']) {
            return Err(Diagnostic::error(
                "Malformed import id",
                format!(
                    "\"{id}\" is not of the form instance/ID or cluster/ID, such as instance/orders. If the region \
                     is not the provider's, append @REGION, as in instance/orders@eu-west-1."
                ),
            ));
        }
        Ok(Self { kind, identifier: identifier.to_lowercase(), region: region.map(str::to_owned) })
    }

    /// The RDS client of its region.
    ///
    /// # Errors
    /// The provider's configuration is not known, or wrong.
    pub async fn rds(&self, cx: &Ctx) -> Result<Rds> {
        Ok(cx.aws()?.rds(self.region.as_deref()).await?)
    }

    /// Reads it for a refresh, which may be one of many.
    ///
    /// # Errors
    /// AWS refuses the read.
    pub async fn refresh(&self, cx: &Ctx) -> Result<Option<Database>> {
        let rds = self.rds(cx).await?;
        match rds.listed_database(self.kind, &self.identifier).await {
            Some(listed) => Ok(Some(listed)),
            None => rds.database(self.kind, &self.identifier).await.context("Cannot look up the database", self),
        }
    }

    /// Reads it, if a plan can, and warns if it does not exist. `at` is the attribute that names it.
    ///
    /// # Errors
    /// AWS was reached and refused the read.
    pub async fn at_plan(&self, cx: &Ctx, at: impl Into<Path>) -> Result<Option<Database>> {
        let at = at.into();
        let found = match world::may_plan(cx, false).await {
            Ok(true) => {
                let found = self.rds(cx).await?.database(self.kind, &self.identifier).await;
                world::unless_unreached(cx, found).context("Cannot look up the database", self)
            }
            Ok(false) => return Ok(None),
            Err(error) => Err(error),
        };
        let found = found.map_err(|error| error.at(at.clone()))?;
        if let Some(None) = found {
            cx.warn(self.missing_at_plan(cx).await?.at(at));
        }
        Ok(found.flatten())
    }

    /// The warning that it does not exist when a plan is made.
    ///
    /// # Errors
    /// The region is not known, or the credentials are no good.
    pub async fn missing_at_plan(&self, cx: &Ctx) -> Result<Diagnostic> {
        let detail = format!(
            "There is no DB {} \"{self}\" in {}. The apply fails unless it is created earlier in the same apply.\n\nIf it \
             should exist, check the identifier, \"region\" and the account of the credentials.",
            self.kind,
            world::place(cx, self.region.as_deref()).await?
        );
        Ok(Diagnostic::warning("Database not found", detail))
    }

    /// Reads it, when it must exist.
    ///
    /// # Errors
    /// It does not exist, or AWS refused the read.
    pub async fn read(&self, cx: &Ctx, rds: &Rds) -> Result<Database> {
        if let Some(found) = rds.database(self.kind, &self.identifier).await? {
            return Ok(found);
        }
        Err(self.absent(cx, rds).await?)
    }

    /// The error that it does not exist, with a hint if the identifier is that of the other kind.
    ///
    /// # Errors
    /// The region is not known, or the credentials are no good.
    pub async fn absent(&self, cx: &Ctx, rds: &Rds) -> Result<Diagnostic> {
        let place = world::place(cx, self.region.as_deref()).await?;
        let other = match self.kind {
            Kind::Instance => Kind::Cluster,
            Kind::Cluster => Kind::Instance,
        };
        let advice = match rds.database(other, &self.identifier).await {
            Ok(Some(_)) => format!("There is a DB {other} with this identifier: use \"db_{other}_identifier\"."),
            _ => format!(
                "If the same configuration creates the DB {}, refer to that resource, or add it to \"depends_on\". \
                 Otherwise check the identifier, \"region\" and the account of the credentials.",
                self.kind
            ),
        };
        let detail = format!("There is no DB {} \"{self}\" in {place}.\n\n{advice}", self.kind);
        Ok(Diagnostic::error("Database not found", detail))
    }

    /// Polls it, when it must exist, until it accepts changes.
    ///
    /// # Errors
    /// It does not exist, it cannot reach that state any more, the time is up, or AWS refused the read.
    pub async fn wait_until_operational(&self, cx: &Ctx, rds: &Rds) -> Result<Database> {
        cx.wait(&OPERATIONAL, || self.read(cx, rds)).await
    }

    /// Polls it, when it must exist, until its parameter status shows whether a reboot is pending.
    ///
    /// # Errors
    /// It does not exist, it cannot reach that state any more, the time is up, or AWS refused the read.
    pub async fn wait_until_steady(&self, cx: &Ctx, rds: &Rds) -> Result<Database> {
        cx.wait(&STEADY, || self.read(cx, rds)).await
    }

    /// Switches IAM database authentication, and returns the database once that is applied or waits for the maintenance
    /// window. Does nothing if nothing has to be done; otherwise `before` is called first.
    ///
    /// # Errors
    /// AWS refuses, the database cannot get there any more, or the time is up.
    pub async fn switch_iam(&self, cx: &Ctx, rds: &Rds, switch: Switch, before: impl Fn() + Sync) -> Result<Database> {
        let ask = || async {
            let database = self.wait_until_operational(cx, rds).await?;
            refuse_member(&database)?;
            refuse_engine(&database, switch.on)?;
            if switch.is_done(&database) {
                return Ok(Some(database));
            }
            before();
            match rds.set_iam(self.kind, &self.identifier, switch.on, switch.immediately).await {
                Ok(()) => Ok(None),
                Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                Err(error) if error.is_unsupported() => Err(Failed::finally(unsupported(&database, error))),
                Err(error) => Err(Failed::finally(error)),
            }
        };
        let done = match cx.until(&lag::DATABASE_BUSY, ask).await {
            Ok(Some(database)) => Ok(database),
            Ok(None) => {
                let look = || async { Ok::<_, Diagnostic>(Switching { database: self.read(cx, rds).await?, switch }) };
                cx.wait(&SWITCHED, look).await.map(|now| now.database)
            }
            Err(error) => Err(error),
        };
        done.context(switch.summary(), self)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identifier)
    }
}

impl Switch {
    /// Whether there is nothing to request, and nothing to wait for except the maintenance window.
    fn is_done(self, database: &Database) -> bool {
        database.is_operational() && self.agrees(database)
    }

    /// Whether IAM authentication is so, or if that is enough will be so.
    pub fn agrees(self, database: &Database) -> bool {
        let in_force = database.iam_enabled == self.on && database.iam_pending.is_none_or(|pending| pending == self.on);
        in_force || !self.immediately && database.iam_pending == Some(self.on)
    }

    fn summary(self) -> &'static str {
        if self.on { "Cannot enable IAM database authentication" } else { "Cannot disable IAM database authentication" }
    }
}

/// A DB instance whose cluster must be named instead.
///
/// # Errors
/// It is one.
pub fn refuse_member(database: &Database) -> Result<()> {
    let Some(cluster) = &database.cluster_identifier else { return Ok(()) };
    Err(Diagnostic::error(
        "DB instance is a member of a DB cluster",
        format!(
            "The DB instance \"{}\" is a member of the DB cluster \"{cluster}\", and the setting of the DB cluster \
             applies to all of its members.\n\nWrite db_cluster_identifier = \"{cluster}\" in place of \
             \"db_instance_identifier\".",
            database.identifier
        ),
    ))
}

/// The engines that support IAM database authentication.
pub const ENGINES_WITH_IAM: [&str; 5] = ["aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres"];

/// A database whose engine does not support IAM database authentication.
///
/// # Errors
/// It is one, and IAM database authentication is to be on.
pub fn refuse_engine(database: &Database, on: bool) -> Result<()> {
    const WITHOUT: [&str; 4] = ["oracle", "sqlserver", "db2", "custom-"];
    if !on || !WITHOUT.iter().any(|engine| database.engine.starts_with(engine)) {
        return Ok(());
    }
    let detail = format!("\"{}\" runs the engine \"{}\".\n\n{ENGINES}", database.identifier, database.engine);
    Err(Diagnostic::error("Engine does not support IAM database authentication", detail))
}

/// The subject of what a resource manages of the database that two attributes name.
pub fn subject<M: Model>(
    of: &View<'_, M>,
    [instance, cluster]: [Handle<M, Option<String>>; 2],
    region: Handle<M, Computed<String>>,
    (kind, noun): (&'static str, &'static str),
) -> Option<Subject> {
    let (word, arguments, id, at) = match (of.get(instance), of.get(cluster)) {
        (Val::Known(id), Val::Null) => ("instance", "\"db_instance_identifier\"", id, instance),
        (Val::Null, Val::Known(id)) => ("cluster", "\"db_cluster_identifier\"", id, cluster),
        _ => return None,
    };
    Some(Subject {
        kind,
        key: format!("{}/{word}/{id}", of.get(region).known().unwrap_or_default()),
        noun,
        what: format!("{noun} of the DB {word} \"{id}\""),
        found: claims::IS_MANAGED,
        arguments,
        import_id: format!("{word}/{id}"),
        region: of.get(region).known(),
        at: at.path(),
    })
}

/// The kind and the identifier that two attributes give, of which exactly one is set.
///
/// # Errors
/// None or both are set, which only a state that was edited by hand can contain.
pub fn which<'a>(instance: Option<&'a str>, cluster: Option<&'a str>) -> Result<(Kind, &'a str)> {
    match (instance, cluster) {
        (Some(name), None) => Ok((Kind::Instance, name)),
        (None, Some(name)) => Ok((Kind::Cluster, name)),
        _ => {
            let detail = "Exactly one of \"db_instance_identifier\" and \"db_cluster_identifier\" must be set.";
            Err(Diagnostic::error("Conflicting arguments", detail))
        }
    }
}

const ENGINES: &str = "IAM database authentication is available for PostgreSQL, MySQL, MariaDB from 10.6, Aurora \
                       PostgreSQL and Aurora MySQL, except for some versions, some regions and the smallest instance \
                       classes.";

fn unsupported(database: &Database, error: aws::Error) -> Diagnostic {
    let mut diagnostic = Diagnostic::from(error);
    let Database { engine, engine_version, .. } = database;
    diagnostic.detail.push_str(&format!("\n\nThe engine is \"{engine}\" {engine_version}. {ENGINES}"));
    diagnostic
}

/// A database in a few words, with advice if it is stuck.
pub fn describe(database: &Database) -> String {
    let is = |on| if on { "on" } else { "off" };
    let mut words =
        format!("its status is \"{}\", IAM authentication is {}", database.status, is(database.iam_enabled));
    if let Some(pending) = database.iam_pending {
        words.push_str(&format!(" and will be {}", is(pending)));
    }
    if let Some(advice) = database.advice() {
        words.push_str("; ");
        words.push_str(advice);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::rds;

    pub(super) fn database(status: &str, enabled: bool, pending: Option<bool>) -> Database {
        let database = rds::tests::database("orders", "db-A");
        Database { status: status.to_owned(), iam_enabled: enabled, iam_pending: pending, ..database }
    }

    #[test]
    fn a_switch_is_done_when_status_flag_and_pending_value_agree() {
        let now = Switch { on: true, immediately: true };
        let later = Switch { on: true, immediately: false };
        for (status, enabled, pending, done_now, done_later) in [
            ("available", true, None, true, true),
            ("storage-optimization", true, None, true, true),
            ("available", true, Some(true), true, true),
            ("available", true, Some(false), false, false),
            ("available", false, None, false, false),
            ("available", false, Some(true), false, true),
            ("configuring-iam-database-auth", true, None, false, false),
            ("configuring-iam-database-auth", false, Some(true), false, false),
        ] {
            let database = database(status, enabled, pending);
            assert_eq!((now.is_done(&database), later.is_done(&database)), (done_now, done_later), "{database:?}");
        }
    }

    #[test]
    fn a_status_passes_or_says_what_to_do() {
        for status in
            ["available", "backing-up", "modifying", "rebooting", "storage-optimization", "starting", "creating"]
        {
            assert!(!database(status, true, None).is_stuck(), "{status}");
        }
        for status in [
            "stopped",
            "failed",
            "incompatible-network",
            "migration-failed",
            "inaccessible-encryption-credentials-recoverable",
        ] {
            assert!(database(status, true, None).is_stuck(), "{status}");
        }
        let words = describe(&database("stopped", false, Some(true)));
        assert_eq!(words, "its status is \"stopped\", IAM authentication is off and will be on; start it first");
    }

    #[test]
    fn members_and_foreign_engines_are_refused_with_the_way_out() {
        let member = Database { cluster_identifier: Some("ledger".to_owned()), ..database("available", false, None) };
        let refusal = refuse_member(&member).unwrap_err();
        assert!(refusal.detail.contains("db_cluster_identifier = \"ledger\""), "{refusal}");
        assert_eq!(refuse_member(&database("available", false, None)), Ok(()));
        let oracle = Database { engine: "oracle-ee".to_owned(), ..database("available", false, None) };
        assert!(refuse_engine(&oracle, true).unwrap_err().detail.contains("MariaDB from 10.6"));
        assert_eq!(refuse_engine(&oracle, false), Ok(()));
    }

    #[test]
    fn import_ids() {
        let target = |kind, identifier: &str, region: Option<&str>| {
            Ok(Target { kind, identifier: identifier.to_owned(), region: region.map(str::to_owned) })
        };
        assert_eq!(Target::of_import("instance/orders"), target(Kind::Instance, "orders", None));
        let abroad = target(Kind::Cluster, "ledger", Some("eu-west-1"));
        assert_eq!(Target::of_import("cluster/ledger@eu-west-1"), abroad);
        for id in ["orders", "instance/", "proxy/orders", "instance/orders@", "instance/a/b", ""] {
            assert!(Target::of_import(id).unwrap_err().detail.contains("is not of the form"), "{id}");
        }
    }
}
