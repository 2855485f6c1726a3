//! What an update leads to, as far as it is known before.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Computed, Model, Plan, Set, TIMEOUTS, Val, View};

use crate::parts::db::connection::{self, Engine, Place};
use crate::resources::postgresql_iam_user::{PostgresqlIamUser, told};
use crate::sql::postgres::roles;
use crate::world::Ctx;

/// Computed values that a plan may have told already.
pub(super) struct Promised {
    replication_by: Computed<Option<String>>,
    rds_iam_paths: Computed<Vec<String>>,
    password_set: Computed<Option<bool>>,
    granted: Computed<Set<String>>,
}

/// Plans the computed values, and says whether the plan needs a look into the database.
pub(super) fn fill(plan: &mut Plan<'_, PostgresqlIamUser>) -> bool {
    type It = PostgresqlIamUser;
    let (Some(prior), Some(planned)) = (plan.prior(), plan.planned()) else { return true };
    let place = |view: &View<'_, It>| {
        view.block(It::database_connection).and_then(|block| Place::planned(&block, Engine::Postgres))
    };
    let moved = place(&planned).is_none_or(|new| place(&prior) != Some(new));
    let paths = prior.get(It::rds_iam_paths).known().unwrap_or_default();
    let (old, new) = (prior.get(It::name).known(), planned.get(It::name).known());
    let foreseen = old.zip(new).map(|(old, new)| ways(&paths, &old, &new));
    let has_password = prior.get(It::password_set) == Val::Known(true);
    let forbidden = planned.get(It::forbid_password) != Val::Known(false);
    let taken_over = prior.get(It::taken_over) != Val::Known(false);
    let replication = planned.get(It::replication);
    if moved {
        plan.forget(It::replication_by);
        plan.forget(It::rds_iam_paths);
        plan.forget(It::password_set);
        plan.forget(It::granted);
        plan.forget(It::oid);
        plan.forget(It::made_at);
        plan.forget(It::taken_over);
        return true;
    }
    let mends = paths.is_empty() || has_password && forbidden;
    let changes = mends || plan.changes().any(|name| !of_state().contains(&name));
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
        _ if plan.changed(It::database_connection) => plan.forget(It::password_set), // Another login may see less.
        true => plan.set(It::password_set, false),
        false => {}
    }
    if taken_over && changes {
        plan.forget(It::granted);
    }
    mends || plan.changed(It::name) || plan.changed(It::roles)
}

/// The ways to [`roles::IAM`] once the role has its name and is a direct member.
fn ways(paths: &[String], old: &str, new: &str) -> Vec<String> {
    let of_new = |path: &String| format!("{new}{}", path.strip_prefix(old).unwrap_or(path));
    let direct = format!("{new} → {}", roles::IAM);
    let others = paths.iter().map(of_new).filter(|path| *path != direct);
    std::iter::once(direct.clone()).chain(others).collect()
}

/// What only the state needs to know: it says what becomes of the user later.
fn of_state() -> [&'static str; 5] {
    type It = PostgresqlIamUser;
    let [on_destroy, lock_timeout] = [It::on_destroy.name(), It::lock_timeout.name()];
    [on_destroy, lock_timeout, It::reassign_owned_to.name(), It::take_over.name(), TIMEOUTS]
}

impl PostgresqlIamUser {
    /// Whether only what the state says is to change, such as what becomes of the user later.
    pub(super) fn changes_nothing_there(&self, state: &Self) -> bool {
        let (planned, state) = (Model::encode(self), Model::encode(state));
        let of_state = of_state();
        planned.iter().all(|(name, value)| of_state.contains(&name.as_str()) || state.get(name) == Some(value))
    }

    /// Looks at the heir if the database is at hand.
    pub(super) async fn check_heir(&self, cx: &Ctx) -> Result<()> {
        let end = "So whether \"reassign_owned_to\" is possible was not checked.";
        let Some(session) = connection::at_hand(cx, self.session(cx).await, end) else { return Ok(()) };
        let Some(survey) = connection::unless_lost(cx, self.look_around(&session, &self.name).await, end)? else {
            return Ok(());
        };
        match (survey.heir, &self.reassign_owned_to) {
            (Some(unfit), Some(heir)) => Err(told::unfit_heir(heir, unfit).at(Self::reassign_owned_to)),
            _ => Ok(()),
        }
    }

    /// What the plan has told.
    pub(super) fn promised(&self) -> Promised {
        Promised {
            replication_by: self.replication_by.clone(),
            rds_iam_paths: self.rds_iam_paths.clone(),
            password_set: self.password_set.clone(),
            granted: self.granted.clone(),
        }
    }

    /// Keeps to it: what others do during an apply is shown by the next refresh.
    pub(super) fn keep(&mut self, promised: Promised) {
        fn kept<T>(own: &mut Computed<T>, promised: Computed<T>) {
            if let Computed::Known(_) = promised {
                *own = promised;
            }
        }
        kept(&mut self.replication_by, promised.replication_by);
        kept(&mut self.rds_iam_paths, promised.rds_iam_paths);
        kept(&mut self.password_set, promised.password_set);
        kept(&mut self.granted, promised.granted);
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
