//! `rdsauth_switchover`: switches a blue/green deployment over once.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Action, View, check, optional, required};

use crate::attributes::checks;
use crate::aws::rds::blue_green::{COMPLETED, DELETING, Deployment, INVALID, PROVISIONING};
use crate::ownership::Seen;
use crate::parts::rds::in_region_of;
use crate::parts::rds::switchover::{self, DOING, Switchover, Waited};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Switches an existing blue/green deployment over, once: the green environment becomes the production database. It
    /// waits until the deployment is available, and until the switchover has completed.
    ///
    /// A deployment that has been switched over already is left as it is, and a switchover that is in progress is waited
    /// for. If RDS undoes the switchover, the action fails and production is as before: invoke it again to try it again.
    /// If the timeout or an interruption ends the wait, the switchover goes on in AWS: invoke the action again to wait for
    /// it.
    ///
    /// ~> **Note:** A switchover cannot be undone. After it, the production database has another resource ID, which
    /// `rds-db:connect` policies name, and `aws_db_instance` needs another import: see
    /// [`rdsauth_blue_green_encryption`](../resources/blue_green_encryption.md).
    ///
    /// ~> **Note:** If `rdsauth_blue_green_encryption` manages the deployment, set its argument `switchover` instead: its
    /// plan fails after a switchover until that is `true`.
    ///
    /// Where actions are not available, set `switchover` of `rdsauth_blue_green_encryption`, whose deployments can be
    /// imported, or switch over with the AWS CLI.
    ///
    /// ## Required Permissions
    ///
    /// `rds:DescribeBlueGreenDeployments` and `rds:SwitchoverBlueGreenDeployment`, for a DB instance `rds:ModifyDBInstance`
    /// and `rds:PromoteReadReplica`, for a DB cluster `rds:ModifyDBCluster` and `rds:PromoteReadReplicaDBCluster`. With
    /// `kms_key_arn` also `rds:DescribeDBInstances`, and for a DB cluster `rds:DescribeDBClusters`.
    pub struct SwitchoverAction {
        /// Name of the blue/green deployment.
        blue_green_deployment_name: String = required().check(checks::deployment_name()),
        /// Region of the blue/green deployment. Defaults to the provider's region.
        region: Option<String> = optional().check(checks::region()),
        /// Seconds after which RDS undoes a switchover that has not ended: 30 to 3600.
        switchover_timeout: i64 = optional().or(300).check(check::between(30..=3600)),
        /// ARN of the KMS key that must encrypt the green environment; otherwise nothing is switched over. Defaults to no
        /// such check.
        kms_key_arn: Option<String> = optional().check(checks::key_arn()),
    }
    timeouts { invoke: "24h" }
}

const IF_GONE: &str = "Create it again, and invoke the action then.";

const IF_INVALID: &str = "Production is unchanged. Correct the cause in the green environment, or create the deployment \
                          again.";

const IF_REFUSED: &str = "Create the deployment again.";

const IF_UNDONE: &str = "Invoke the action again to try it again.";

impl Action<World> for SwitchoverAction {
    const TYPE: &'static str = "switchover";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn plan(cx: &Ctx, config: &View<'_, Self>) -> Result<()> {
        let Some(config) = config.decode().filter(|_| cx.is_known()) else { return Ok(()) };
        if !world::may_plan(cx, false).await? {
            return Ok(());
        }
        let (rds, region) = in_region_of(cx, config.region.as_deref(), Self::region).await?;
        let name = &config.blue_green_deployment_name;
        let found = world::unless_unreached(cx, rds.deployment(name).await).context(DOING, name)?;
        if found.is_some_and(|found| found.is_none_or(|found| found.status == DELETING)) {
            let place = world::place(cx, Some(&region)).await?;
            cx.warn(absent_at_plan(name, &place).at(Self::blue_green_deployment_name));
        }
        Ok(())
    }

    async fn invoke(cx: &Ctx, config: Self) -> Result<()> {
        let (rds, region) = in_region_of(cx, config.region.as_deref(), Self::region).await?;
        let name = &config.blue_green_deployment_name;
        let switchover = Switchover { rds: &rds, name, if_gone: IF_GONE, if_refused: IF_REFUSED };
        let mut found = match switchover.look(cx).await.context(DOING, name)? {
            Seen::Found(found) if found.status != DELETING => *found,
            Seen::Found(_) | Seen::Gone => {
                let place = world::place(cx, Some(&region)).await?;
                return Err(absent(name, &place).at(Self::blue_green_deployment_name));
            }
            Seen::Unclear(why) => return Err(why),
        };
        if found.status == COMPLETED {
            cx.progress(format!("\"{name}\" has been switched over already."));
            return Ok(());
        }
        if switchover::is_under_way(&found) {
            let waited = switchover.wait(cx, found.status == PROVISIONING).await.context(DOING, name)?;
            found = in_time(name, waited)?;
        }
        if found.status == INVALID {
            return Err(switchover::invalid(&found, IF_INVALID).at(Self::blue_green_deployment_name));
        }
        if found.status != COMPLETED {
            if let Some(key) = &config.kms_key_arn {
                let parts = rds.parts(&found.arns()).await.context(DOING, name)?;
                switchover::check_key(&found, &parts, key).map_err(|error| error.at(Self::kms_key_arn))?;
            }
            cx.progress(format!("Switching over to the green environment of \"{name}\"."));
            found = in_time(name, switchover.switch(cx, &found.id, config.switchover_timeout).await?)?;
        }
        if found.status != COMPLETED {
            return Err(switchover::undone(&found, IF_UNDONE).at(Self::blue_green_deployment_name));
        }
        cx.progress(format!("The switchover of \"{name}\" has completed."));
        Ok(())
    }
}

/// What a wait has ended with.
///
/// # Errors
/// It was cut off.
fn in_time(name: &str, waited: Waited) -> Result<Deployment> {
    match waited {
        Waited::Over(found) => Ok(*found),
        Waited::Late(_, why) => {
            let detail = format!(
                "\"{name}\": {}\n\nWhat has begun goes on in AWS: invoke the action again to wait for it.",
                why.detail
            );
            Err(Diagnostic::error("Switchover is not finished yet", detail))
        }
    }
}

fn absent(name: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no blue/green deployment \"{name}\" in {place}.\n\nCheck the name, \"region\" and the account of the \
         credentials. If the same configuration creates it, trigger the action after that."
    );
    Diagnostic::error("Blue/green deployment not found", detail)
}

fn absent_at_plan(name: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no blue/green deployment \"{name}\" in {place}. The action fails unless it is created earlier in the same \
         apply."
    );
    Diagnostic::warning("Blue/green deployment not found", detail)
}
