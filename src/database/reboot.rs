//! Restarting a database so that static parameters come into force.

use std::time::Duration;

use tf_provider::diagnostic::Result;
use tf_provider::schema::Wait;

use crate::aws;
use crate::aws::rds::{Database, IN_SYNC, Kind, Rds};
use crate::database::{BUSY, OPERATIONAL, Refused, Target, describe};
use crate::world::Ctx;

const REBOOTED: Wait<Database> = Wait {
    what: "the database to be in step with its parameters after a reboot",
    done: |now| now.is_operational() && now.group_status == IN_SYNC,
    failed: Database::is_stuck,
    seen: |now| format!("its parameters are \"{}\", and {}", now.group_status, describe(now)),
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
        cx.wait(&REBOOTED, || self.look(rds)).await
    }
}

impl From<aws::Error> for Refused {
    fn from(error: aws::Error) -> Self {
        if error.is_invalid_state() { Self::Busy(error) } else { Self::Other(error.into()) }
    }
}
