//! The result of an update, as far as it is known before.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Computed, Plan, Set, TIMEOUTS, Val, View};

use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::resources::postgresql_iam_user::{PostgresqlIamUser, diagnostics, of_state};
use crate::sql::postgres::roles;
use crate::world::Ctx;

/// Computed values that a plan may have set already.
pub(super) struct Promised {
    replication_by: Computed<Option<String>>,
    rds_iam_paths: Computed<Vec<String>>,
    password_set: Computed<Option<bool>>,
    granted_roles: Computed<Set<String>>,
}

/// Plans the computed values, and returns whether the plan needs to read the database.
pub(super) fn fill(plan: &mut Plan<'_, PostgresqlIamUser>) -> bool {
    type It = PostgresqlIamUser;
    let Some(planned) = plan.planned() else { return true };
    let Some(prior) = plan.prior() else {
        fill_create(plan);
        return true;
    };
    let place = |view: &View<'_, It>| {
        view.block(It::database_connection).and_then(|block| Place::planned(&block, Engine::Postgres))
    };
    let moved = place(&planned).is_none_or(|new| place(&prior) != Some(new));
    let paths = prior.get(It::rds_iam_paths).known().unwrap_or_default();
    let (old, new) = (prior.get(It::name).known(), planned.get(It::name).known());
    let foreseen = old.zip(new).map(|(old, new)| ways(&paths, &old, &new));
    let has_password = prior.get(It::password_set) == Val::Known(true);
    let forbidden = planned.get(It::forbid_password) != Val::Known(false);
    let adopted = prior.get(It::adopted) != Val::Known(false);
    let replication = planned.get(It::replication);
    let login = |view: &View<'_, It>| {
        type Connection = DatabaseConnection;
        let of = |block: View<'_, Connection>| {
            [block.get(Connection::auth), block.get(Connection::username), block.get(Connection::secret_arn)]
        };
        view.block(It::database_connection).map(of)
    };
    let other_login = login(&planned).is_none_or(|new| new.contains(&Val::Unknown) || login(&prior) != Some(new));
    let is_member = foreseen.as_ref().is_some_and(|ways| ways.len() == paths.len());
    let granted = prior.get(It::granted_roles).known().unwrap_or_default();
    if moved {
        plan.forget(It::replication_by);
        plan.forget(It::rds_iam_paths);
        plan.forget(It::password_set);
        plan.forget(It::granted_roles);
        plan.forget(It::oid);
        plan.forget(It::created_at);
        plan.forget(It::adopted);
        return true;
    }
    let corrects = paths.is_empty() || has_password && forbidden;
    let of_state = [&of_state()[..], &[TIMEOUTS]].concat();
    let changes = corrects || plan.changes().any(|name| !of_state.contains(&name));
    match foreseen.filter(|_| !plan.changed(It::roles)) {
        Some(ways) if changes => plan.set(It::rds_iam_paths, ways),
        None => plan.forget(It::rds_iam_paths),
        Some(_) => {}
    }
    if plan.changed(It::replication) {
        match replication {
            Val::Known(false) => plan.clear(It::replication_by),
            _ => plan.forget(It::replication_by),
        }
    }
    match has_password && forbidden {
        _ if other_login => plan.forget(It::password_set), // It may see less.
        true => plan.set(It::password_set, false),
        false => {}
    }
    match adopted && changes {
        true if plan.changed(It::roles) || plan.changed(It::replication) => plan.forget(It::granted_roles),
        true if !is_member => {
            let granted = granted.iter().cloned().chain([roles::IAM.to_owned()]);
            plan.set(It::granted_roles, granted.collect::<Set<_>>());
        }
        _ => {}
    }
    corrects || plan.changed(It::name) || plan.changed(It::roles)
}

/// What is known about a user whose create is refused if one with its name exists.
fn fill_create(plan: &mut Plan<'_, PostgresqlIamUser>) {
    type It = PostgresqlIamUser;
    if plan.get(It::adopt_existing) != Val::Known(false) {
        return;
    }
    plan.set(It::adopted, false);
    plan.set(It::granted_roles, Set::default());
    if plan.get(It::replication) == Val::Known(false) {
        plan.clear(It::replication_by);
    }
    // Other roles may lead to it, too.
    let has_others = plan.get(It::roles) != Val::Null || plan.get(It::replication) != Val::Known(false);
    if let (Val::Known(name), false) = (plan.get(It::name), has_others) {
        plan.set(It::rds_iam_paths, ways(&[], &name, &name));
    }
}

/// The ways to [`roles::IAM`] once the role has its name and is a direct member.
fn ways(paths: &[String], old: &str, new: &str) -> Vec<String> {
    let of_new = |path: &String| format!("{new}{}", path.strip_prefix(old).unwrap_or(path));
    let direct = format!("{new} → {}", roles::IAM);
    let others = paths.iter().map(of_new).filter(|path| *path != direct);
    std::iter::once(direct.clone()).chain(others).collect()
}

impl PostgresqlIamUser {
    /// Checks `reassign_owned_to` if the database can be reached.
    pub(super) async fn check_heir(&self, cx: &Ctx) -> Result<()> {
        let end = "Whether \"reassign_owned_to\" is possible was not checked.";
        let Some(session) = connection::if_reachable(cx, self.session(cx).await, end)? else { return Ok(()) };
        let Some(survey) = connection::unless_lost(cx, self.survey(&session, &self.name).await, end)? else {
            return Ok(());
        };
        match (survey.heir, &self.reassign_owned_to) {
            (Some(unfit), Some(heir)) => Err(diagnostics::unfit_heir(heir, unfit).at(Self::reassign_owned_to)),
            _ => Ok(()),
        }
    }

    /// The planned values.
    pub(super) fn promised(&self) -> Promised {
        Promised {
            replication_by: self.replication_by.clone(),
            rds_iam_paths: self.rds_iam_paths.clone(),
            password_set: self.password_set.clone(),
            granted_roles: self.granted_roles.clone(),
        }
    }

    /// Keeps to it.
    pub(super) fn keep(&mut self, promised: Promised) {
        self.replication_by.keep_to(promised.replication_by);
        self.rds_iam_paths.keep_to(promised.rds_iam_paths);
        self.password_set.keep_to(promised.password_set);
        self.granted_roles.keep_to(promised.granted_roles);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_iam_are_known_before() {
        let check = |paths: &[&str], want: &[&str]| {
            let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(ways(&paths, "jane", "joe"), want);
        };
        check(&[], &["joe → rds_iam"]);
        check(&["jane → rds_iam", "jane → app → rds_iam"], &["joe → rds_iam", "joe → app → rds_iam"]);
        check(&["jane → app → rds_iam"], &["joe → rds_iam", "joe → app → rds_iam"]);
    }
}
