//! `rdsauth_reboot`: restarts a database, so that static parameters take effect.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{Action, Computed, Val, View, optional};

use crate::attributes::checks;
use crate::aws::rds::IN_SYNC;
use crate::parts::rds::database::Target;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Reboots a DB instance or DB cluster, so that static parameters take effect, and waits until they are applied. Of an
    /// Aurora DB cluster, the members are rebooted, the writer first; a Multi-AZ DB cluster is rebooted as a whole.
    ///
    /// With `only_if_pending`, whatever has applied all parameters is not rebooted. The status of a database lags behind a
    /// change of its parameter group, so the action waits some seconds for the status before it decides.
    ///
    /// As the action of a parameter, it reboots after a create or an update for the value that was set, and after a destroy
    /// (Terraform 1.16 or later) for the one that was reset.
    ///
    /// ~> **Note:** Sessions end, and the database is not available for some seconds to minutes.
    ///
    /// Where actions are not available, set `reboot` of `rdsauth_replication_iam_auth`, or reboot the database with the
    /// AWS CLI.
    ///
    /// ## Required Permissions
    ///
    /// - DB instances: `rds:DescribeDBInstances` and `rds:RebootDBInstance`.
    /// - Aurora DB clusters: also `rds:DescribeDBClusters`. Multi-AZ DB clusters: `rds:DescribeDBClusters` and
    ///   `rds:RebootDBCluster`.
    pub struct Reboot {
        /// Identifier of the DB instance.
        db_instance_identifier: Option<String> = optional().check(checks::db_identifier()),
        /// Identifier of the DB cluster.
        db_cluster_identifier: Option<String> = optional().check(checks::db_identifier()),
        /// Region of the database. Defaults to the provider's region.
        region: Option<String> = optional().check(checks::region()),
        /// Whether to reboot only what has parameters that are pending a reboot.
        only_if_pending: bool = optional().or(true),
    }
    rules { exactly_one_of(db_instance_identifier, db_cluster_identifier) }
    timeouts { invoke: "60m" }
}

impl Action<World> for Reboot {
    const TYPE: &'static str = "reboot";
    const SUBCATEGORY: &'static str = "Parameters";

    async fn plan(cx: &Ctx, config: &View<'_, Self>) -> Result<()> {
        let Some(reboot) = config.decode().filter(|_| cx.is_known()) else { return Ok(()) };
        let at = match config.get(Self::db_instance_identifier) {
            Val::Known(_) => Self::db_instance_identifier,
            _ => Self::db_cluster_identifier,
        };
        reboot.target()?.at_plan(cx, at).await.map(drop)
    }

    async fn invoke(cx: &Ctx, config: Self) -> Result<()> {
        let target = config.target()?;
        let rds = target.rds(cx).await?;
        let doing = "Cannot reboot the database";
        if config.only_if_pending {
            target.wait_for_change(cx, &rds).await.context(doing, &target)?;
            // A change of dynamic parameters ends by itself, and hides whether others need the reboot.
            let now = target.wait_until_steady(cx, &rds).await.context(doing, &target)?;
            if now.group_status == IN_SYNC {
                cx.progress(format!("No parameter of {target} is pending a reboot."));
                return Ok(());
            }
        }
        cx.progress(format!("Rebooting {target}."));
        target.reboot(cx, &rds, !config.only_if_pending).await.context(doing, &target)?;
        cx.progress(format!("{target} is available and has applied its parameters."));
        Ok(())
    }
}

impl Reboot {
    fn target(&self) -> Result<Target> {
        let region = self.region.clone().map_or(Computed::Unknown, Computed::Known);
        Target::new(self.db_instance_identifier.as_deref(), self.db_cluster_identifier.as_deref(), &region)
    }
}
