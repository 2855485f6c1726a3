//! Restarting a database so that static parameters are applied.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Failed, Wait};

use crate::aws::lag;
use crate::aws::rds::{Database, IN_SYNC, Kind, Rds};
use crate::parts::rds::database::{Target, describe};
use crate::world::Ctx;

/// A database on its way up, and the status of a member that is still down.
struct Rebooting {
    database: Database,
    down: Option<(String, String)>,
    /// It may still be as it was before the reboot.
    may_begin: bool,
}

/// A database whose parameters were changed, and how often it was polled since.
struct Lagging {
    database: Database,
    looks: u32,
}

const REBOOTED: Wait<Rebooting> = Wait {
    what: "the database to apply its parameters after the reboot",
    done: |now| {
        let is_up = now.down.is_none() && now.database.is_operational();
        is_up && !now.may_begin && now.database.group_status == IN_SYNC
    },
    failed: |now| now.database.is_stuck(),
    seen: |now| match &now.down {
        Some((member, status)) => format!("the status of its member \"{member}\" is \"{status}\""),
        None if now.may_begin => {
            format!("the reboot has not started yet, and {}", describe(&now.database))
        }
        None => format!("its parameter status is \"{}\", and {}", now.database.group_status, describe(&now.database)),
    },
    pauses: lag::DATABASE,
};

/// After this many polls, six seconds, a change that no status shows was applied before, or is not seen in time.
const LOOKS_FOR_CHANGE: u32 = 6;

/// After this many polls, half a minute, a reboot that was not seen to begin is over.
const LOOKS_FOR_BEGIN: u32 = 8;

const CHANGED: Wait<Lagging> = Wait {
    what: "the change of the parameters to become visible",
    done: |now| now.database.group_status != IN_SYNC || now.looks >= LOOKS_FOR_CHANGE,
    failed: |now| now.database.is_stuck(),
    seen: |now| describe(&now.database),
    pauses: lag::DATABASE,
};

impl Target {
    /// Reboots what is not in step with its parameter group: a DB instance, a whole Multi-AZ DB cluster, or of an
    /// Aurora cluster each member, the writer first. Returns the database once all its parameters are applied.
    ///
    /// A status lags behind a change: after one, `anyway` waits for it to show, and if it does not, reboots each once,
    /// whatever its status. AWS answers before a reboot begins, and a reboot is requested only once: if no answer came,
    /// the status shows whether it was.
    ///
    /// # Errors
    /// AWS refuses, the database cannot get there any more, or the time is up.
    pub async fn reboot(&self, cx: &Ctx, rds: &Rds, anyway: bool) -> Result<Database> {
        let (anyway, unseen) = (AtomicBool::new(anyway), AtomicBool::new(false));
        let ask = || async {
            let mut now = self.wait_until_operational(cx, rds).await?;
            // One that is busy may be so because an answer was lost: its status shows that.
            let anyway = anyway.swap(false, Ordering::Relaxed);
            if anyway {
                now = self.wait_for_change(cx, rds).await?;
                unseen.store(now.group_status == IN_SYNC, Ordering::Relaxed);
            }
            let mut busy = None;
            for one in to_restart(&now, anyway) {
                let asked = match now.is_multi_az_cluster() {
                    true => rds.reboot_cluster(one).await,
                    false => rds.reboot_instance(one).await,
                };
                match asked {
                    Err(error) if error.is_invalid_state() || error.is_transient() => busy = Some(error),
                    asked => asked.map_err(Diagnostic::from)?,
                }
            }
            busy.map_or(Ok(()), |error| Err(Failed::for_now(error)))
        };
        cx.until(&lag::DATABASE_BUSY, ask).await?;
        let (unseen, looks) = (unseen.into_inner(), AtomicU32::new(0));
        let begun = AtomicBool::new(!unseen);
        let look = || async {
            let now = self.rebooting(cx, rds).await?;
            if now.down.is_some() || !now.database.is_operational() || now.database.group_status != IN_SYNC {
                begun.store(true, Ordering::Relaxed);
            }
            let is_late = looks.fetch_add(1, Ordering::Relaxed) + 1 >= LOOKS_FOR_BEGIN;
            Ok::<_, Diagnostic>(Rebooting { may_begin: !begun.load(Ordering::Relaxed) && !is_late, ..now })
        };
        cx.wait(&REBOOTED, look).await.map(|now| now.database)
    }

    /// Waits some seconds for a change of the parameter group to show in the status, which lags behind it.
    ///
    /// # Errors
    /// The database does not exist, or the time is up.
    pub async fn wait_for_change(&self, cx: &Ctx, rds: &Rds) -> Result<Database> {
        let looks = AtomicU32::new(0);
        let look = || async {
            let database = self.read(cx, rds).await?;
            Ok::<_, Diagnostic>(Lagging { database, looks: looks.fetch_add(1, Ordering::Relaxed) + 1 })
        };
        cx.wait(&CHANGED, look).await.map(|now| now.database)
    }

    /// An Aurora cluster does not show in its own status that a member is down.
    async fn rebooting(&self, cx: &Ctx, rds: &Rds) -> Result<Rebooting> {
        let mut down = None;
        let database = self.read(cx, rds).await?;
        for (member, _) in database.members.iter().filter(|_| !database.is_multi_az_cluster()) {
            let status = rds.instance(member).await?.filter(|found| !found.is_operational()).map(|found| found.status);
            down = down.or(status.map(|status| (member.clone(), status)));
        }
        Ok(Rebooting { database, down, may_begin: false })
    }
}

/// What has to be rebooted for a database, by status or `anyway`. An Aurora cluster without members has nothing that
/// runs.
fn to_restart(now: &Database, anyway: bool) -> Vec<&str> {
    let is_due = |status: &str| anyway || status != IN_SYNC;
    match now.kind {
        Kind::Cluster if !now.is_multi_az_cluster() => {
            let due = now.members.iter().filter(|(_, status)| is_due(status));
            due.map(|(member, _)| member.as_str()).collect()
        }
        _ => [now.identifier.as_str()].into_iter().filter(|_| is_due(&now.group_status)).collect(),
    }
}

/// The commands to reboot a database manually; for an Aurora cluster, its writer.
pub fn command(database: &Database) -> String {
    let id = &database.identifier;
    match (database.kind, database.members.first()) {
        (Kind::Cluster, _) if database.is_multi_az_cluster() => {
            format!("aws rds reboot-db-cluster --db-cluster-identifier {id}")
        }
        (Kind::Cluster, Some((writer, _))) => format!("aws rds reboot-db-instance --db-instance-identifier {writer}"),
        _ => format!("aws rds reboot-db-instance --db-instance-identifier {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::rds::database::tests::database;

    #[test]
    fn what_is_restarted() {
        let instance = |status: &str| Database { group_status: status.to_owned(), ..database("available", true, None) };
        let cluster = |engine: &str, statuses: &[&str]| {
            let members = statuses.iter().enumerate().map(|(n, status)| (format!("orders-{n}"), (*status).to_owned()));
            let behind = statuses.iter().find(|status| **status != IN_SYNC).unwrap_or(&IN_SYNC);
            Database { kind: Kind::Cluster, engine: engine.to_owned(), members: members.collect(), ..instance(behind) }
        };
        let (aurora, multi_az) = ("aurora-postgresql", "postgres");
        for (now, due, anyway) in [
            (instance(IN_SYNC), &[][..], &["orders"][..]),
            (instance("pending-reboot"), &["orders"], &["orders"]),
            (cluster(aurora, &[IN_SYNC, "pending-reboot"]), &["orders-1"], &["orders-0", "orders-1"]),
            (cluster(aurora, &[]), &[], &[]),
            (cluster(multi_az, &[IN_SYNC, "pending-reboot"]), &["orders"], &["orders"]),
            (cluster(multi_az, &[IN_SYNC]), &[], &["orders"]),
        ] {
            assert_eq!((to_restart(&now, false), to_restart(&now, true)), (due.to_vec(), anyway.to_vec()), "{now:?}");
        }
    }
}
