//! Restarting a database so that static parameters come into force.

use std::time::Duration;

use tf_provider::diagnostic::Result;
use tf_provider::schema::Wait;

use crate::aws;
use crate::aws::rds::{Database, IN_SYNC, Kind, Rds};
use crate::database::{BUSY, OPERATIONAL, Refused, Target, describe};
use crate::world::Ctx;

/// A database on its way up, and the status of a member that is still down.
struct Rebooting {
    database: Database,
    down: Option<(String, String)>,
}

const REBOOTED: Wait<Rebooting> = Wait {
    what: "the database to be in step with its parameters after a reboot",
    done: |now| now.down.is_none() && now.database.is_operational() && now.database.group_status == IN_SYNC,
    failed: |now| now.database.is_stuck(),
    seen: |now| match &now.down {
        Some((member, status)) => format!("the status of its member \"{member}\" is \"{status}\""),
        None => format!("its parameters are \"{}\", and {}", now.database.group_status, describe(&now.database)),
    },
    first: Duration::from_millis(200),
    most: Duration::from_secs(15),
};

impl Target {
    /// Restarts what is not in step with its parameter group: an instance, a whole Multi-AZ DB cluster, or of an
    /// Aurora cluster each member, the writer first. Returns the database once all its parameters are in force.
    ///
    /// # Errors
    /// AWS refuses, the database cannot get there any more, or the time is up.
    pub async fn reboot(&self, cx: &Ctx, rds: &Rds) -> Result<Database> {
        let ask = || async {
            let now = cx.wait(&OPERATIONAL, || self.look(rds)).await?;
            let behind: Vec<&str> = match now.kind {
                Kind::Cluster if now.is_multi_az_cluster() || now.members.is_empty() => vec![&self.identifier],
                Kind::Cluster => {
                    let behind = now.members.iter().filter(|(_, status)| status != IN_SYNC);
                    behind.map(|(member, _)| member.as_str()).collect()
                }
                Kind::Instance => vec![&self.identifier],
            };
            for one in behind.into_iter().filter(|_| now.group_status != IN_SYNC) {
                let asked = match now.is_multi_az_cluster() {
                    true => rds.reboot_cluster(one).await,
                    false => rds.reboot_instance(one).await,
                };
                asked.map_err(Refused::from)?;
            }
            Ok::<_, Refused>(())
        };
        cx.until(&BUSY, ask).await?;
        cx.wait(&REBOOTED, || self.rebooting(rds)).await.map(|now| now.database)
    }

    /// An Aurora cluster does not say in its own status that a member is down.
    async fn rebooting(&self, rds: &Rds) -> Result<Rebooting> {
        let mut down = None;
        let database = self.look(rds).await?;
        for (member, _) in database.members.iter().filter(|_| !database.is_multi_az_cluster()) {
            let status = rds.instance(member).await?.filter(|found| !found.is_operational()).map(|found| found.status);
            down = down.or(status.map(|status| (member.clone(), status)));
        }
        Ok(Rebooting { database, down })
    }
}

impl From<aws::Error> for Refused {
    fn from(error: aws::Error) -> Self {
        if error.is_invalid_state() { Self::Busy(error) } else { Self::Other(error.into()) }
    }
}

/// What a person can restart a database with; of an Aurora cluster, its writer.
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
