//! What would act by itself in the restored cluster: held back by a temporary parameter group, and stopped.

use std::collections::BTreeSet;

use tf_provider::diagnostic::{Context as _, Result};

use crate::aws::rds::parameters::Group;
use crate::aws::rds::{Database, Kind, Rds};
use crate::parts::db::quiet;
use crate::parts::rds::database::Target;
use crate::parts::rds::quiet::Quiet;
use crate::records::claims::Claim;
use crate::resources::encrypted_cluster_restore::steps::{DOING, GROUP, Waited};
use crate::resources::encrypted_cluster_restore::{EncryptedClusterRestore, diagnostics};
use crate::world::Ctx;

/// The parameter that lets events run. That of a member goes before that of its cluster.
const EVENTS: &str = "event_scheduler";

impl EncryptedClusterRestore {
    /// The parameter group to restore the cluster with, if it is to be kept quiet. Without members nothing runs in an
    /// Aurora cluster.
    ///
    /// # Errors
    /// A foreign parameter group has the name of the temporary one, or AWS refused something.
    pub(super) async fn guard(&self, cx: &Ctx, rds: &Rds, claim: &mut Claim<'_>) -> Result<Option<String>> {
        if !self.quiet {
            return Ok(None);
        }
        let source = &self.source_cluster_identifier;
        let original = rds.database(Kind::Cluster, source).await.context(DOING, source)?;
        let Some(original) = original.filter(|original| !original.members.is_empty()) else { return Ok(None) };
        self.check_members(rds).await?;
        let wanted = self.wanted_cluster().settings.remove(GROUP).unwrap_or(original.group);
        let group = Quiet::guard(cx, rds, &self.target(), &wanted, claim).await?;
        Ok(Some(group.name))
    }

    /// Deletes the temporary parameter group if there is no cluster that it is for. An error would hide why there is none.
    pub(super) async fn withdraw_guard(&self, cx: &Ctx, rds: &Rds, mark: &str) {
        if self.quiet && matches!(rds.database(Kind::Cluster, &self.cluster_identifier).await, Ok(None)) {
            let _ = Quiet { database: &self.target(), mark }.remove(cx, rds).await;
        }
    }

    /// Refuses DB parameter groups of members that would let events run, whatever that of the cluster says.
    async fn check_members(&self, rds: &Rds) -> Result<()> {
        let groups: BTreeSet<_> = self
            .wanted_members()
            .into_iter()
            .filter_map(|(_, mut member)| member.settings.remove("db_parameter_group_name"))
            .collect();
        for name in groups {
            let group = Group { kind: Kind::Instance, name };
            let found = rds.parameter(&group, EVENTS).await.context(DOING, &group)?;
            if found.is_some_and(|found| found.is_set() && found.value.as_deref() != Some("OFF")) {
                return Err(diagnostics::events_of_members(&group));
            }
        }
        Ok(())
    }

    /// Stops what acts by itself, and gives the cluster its own parameter group. Under the claim of a create it is no error
    /// if that fails: the next apply goes on.
    ///
    /// # Errors
    /// Something could not be stopped, or AWS refused something.
    pub(super) async fn finish_quietly(
        &mut self,
        cx: &Ctx,
        rds: &Rds,
        mark: &str,
        claim: Option<&Claim<'_>>,
    ) -> Result<Waited<()>> {
        if !self.quiet {
            return Ok(Waited::Ready(()));
        }
        let target = self.target();
        let quiet = Quiet { database: &target, mark };
        match quiet.finish(cx, rds, |copy| self.stop(cx, copy, claim)).await {
            Ok(()) => Ok(Waited::Ready(())),
            Err(why) if claim.is_some() => Ok(Waited::Late(why)),
            Err(why) => Err(why),
        }
    }

    async fn stop(&mut self, cx: &Ctx, copy: Database, claim: Option<&Claim<'_>>) -> Result<()> {
        let login = self.database_connection.clone().ok_or_else(|| quiet::no_login().at(Self::quiet))?;
        let earlier = self.quieted.get().cloned().unwrap_or_default();
        let at = (&copy, &login, &Self::database_connection.path());
        quiet::stop(cx, at, earlier, claim, |all| {
            self.quieted = all.into();
            cx.save(&*self);
        })
        .await
    }

    /// Deletes the temporary parameter group of a cluster that is gone.
    ///
    /// # Errors
    /// AWS refused something, or the time is up.
    pub(super) async fn remove_guard(&self, cx: &Ctx, rds: &Rds, mark: Option<&str>) -> Result<()> {
        match mark.filter(|_| self.complete.get().is_ok_and(|is_complete| !is_complete)) {
            Some(mark) => Quiet { database: &self.target(), mark }.remove(cx, rds).await,
            None => Ok(()),
        }
    }

    fn target(&self) -> Target {
        let region = self.region.get().ok().cloned();
        Target { kind: Kind::Cluster, identifier: self.cluster_identifier.clone(), region }
    }
}
