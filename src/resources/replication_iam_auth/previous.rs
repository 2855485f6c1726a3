//! The previous values of the parameters of `rdsauth_replication_iam_auth`: found, noted, kept and restored.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Plan, Resource as _};

use crate::aws::rds::Rds;
use crate::aws::rds::parameters::Group;
use crate::parts::rds::parameter_group::{self, NotNoted, Notes, Owner};
use crate::records::claims::{self, Claim};
use crate::records::previous::Previous;
use crate::resources::replication_iam_auth::lookup::Found;
use crate::resources::replication_iam_auth::{LOGICAL, ON, REPLICATION, ReplicationIamAuth, Stopped};
use crate::world::Ctx;

impl ReplicationIamAuth {
    /// Finds, notes and keeps the previous values of the parameters.
    pub(super) async fn remember(
        &mut self,
        cx: &Ctx,
        rds: &Rds,
        found: &Found,
        prior: Option<&Self>,
        claim: Option<&Claim<'_>>,
    ) -> Result<(), Stopped> {
        let arn = found.group.arn(&found.database)?;
        let mark = claim.map(Claim::mark).or_else(|| claims::own_mark(cx, Self::TYPE));
        let is_own =
            |found: &str| claim.is_some_and(|claim| claim.owns_mark(Some(found))) || mark.as_deref() == Some(found);
        let owner = Owner { mark: mark.as_deref(), is_own: &is_own };
        let mut notes = None;
        let restored =
            |prior: &&Self, name: &str| prior.restores() && (name == REPLICATION || prior.manage_logical_replication);
        for parameter in [&found.replication, &found.logical].into_iter().flatten() {
            let name = parameter.name.as_str();
            let is_ours = name == REPLICATION || self.manage_logical_replication;
            let known = prior.map(|prior| prior.previous(name)).transpose()?.flatten();
            let noted = prior.filter(|prior| restored(prior, name)).is_some();
            let previous = match (known, is_ours && self.restores()) {
                (Some(known), true) if noted => known,
                (Some(known), true) => {
                    parameter_group::note(rds, &arn, name, &known, ON, owner.mark).await?;
                    known
                }
                (None, true) => {
                    let notes = match &mut notes {
                        Some(notes) => notes,
                        none => none.insert(Notes::read(rds, &arn).await?),
                    };
                    if name == REPLICATION
                        && let Some(claim) = claim
                        && notes.mark(name).is_some_and(|mark| claim.owns_mark(Some(&mark)))
                    {
                        claim.warn_adopted(cx);
                    }
                    match notes.previous(parameter, ON, owner).await {
                        Ok(previous) => previous,
                        Err(NotNoted::Managed(mark)) => return Err(Stopped::Managed(self.managed(name, mark, claim))),
                        Err(NotNoted::Failed(error)) => return Err(error.into()),
                    }
                }
                (known, false) => {
                    if noted {
                        parameter_group::forget(rds, &arn, name).await?;
                    }
                    known.unwrap_or_else(|| Previous::of(parameter))
                }
            };
            self.keep(name, is_ours.then_some(previous));
        }
        self.parameter_group_name = found.group.name.clone().into();
        self.parameter_group_arn = arn.clone().into();
        Ok(())
    }

    /// What an import knows about the past.
    pub(super) async fn recall(&mut self, cx: &Ctx, rds: &Rds, found: &Found) -> Result<()> {
        let arn = found.group.arn(&found.database)?;
        self.keep(LOGICAL, None);
        if let Some(parameter) = &found.replication {
            let notes = Notes::read(rds, &arn).await?;
            claims::keep_creation_id(cx, Self::TYPE, notes.mark(REPLICATION).as_deref());
            self.keep(REPLICATION, Some(notes.recall(parameter)));
        }
        self.parameter_group_name = found.group.name.clone().into();
        self.parameter_group_arn = arn.into();
        Ok(())
    }

    pub(super) fn keep(&mut self, name: &str, previous: Option<Previous>) {
        let (value, source) = previous.map_or((None, None), |previous| (previous.value, Some(previous.source)));
        if name == REPLICATION {
            self.previous_value = value.into();
            self.previous_source = source.unwrap_or_default().into();
        } else {
            self.previous_logical_replication = value.into();
            self.previous_logical_replication_source = source.into();
        }
    }

    pub(super) fn previous(&self, name: &str) -> Result<Option<Previous>> {
        let (value, source) = match name {
            REPLICATION => (&self.previous_value, Some(self.previous_source.get()?.clone())),
            _ => (&self.previous_logical_replication, self.previous_logical_replication_source.get()?.clone()),
        };
        let value = value.get()?.clone();
        Ok(source.map(|source| Previous { value, source }))
    }

    pub(super) async fn restore_previous(&self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let group = Group { kind: self.target()?.kind, name: self.parameter_group_name.get()?.clone() };
        let arn = match self.restores() {
            true => Some(self.parameter_group_arn.get()?.as_str()),
            false => None,
        };
        let mut parameters = Vec::new();
        for name in [REPLICATION, LOGICAL] {
            if name == REPLICATION || self.manage_logical_replication {
                parameters.push((name, self.previous(name)?.filter(|_| self.restores())));
            }
        }
        parameter_group::restore_previous(cx, rds, &group, arn, &parameters).await
    }
}

/// Plans that what is known about the group and the previous values stays, as long as the database has the same group.
pub(super) fn retain_previous(plan: &mut Plan<'_, ReplicationIamAuth>) {
    plan.retain(ReplicationIamAuth::parameter_group_name);
    plan.retain(ReplicationIamAuth::parameter_group_arn);
    plan.retain(ReplicationIamAuth::previous_value);
    plan.retain(ReplicationIamAuth::previous_source);
    if !plan.changed(ReplicationIamAuth::manage_logical_replication) {
        plan.retain(ReplicationIamAuth::previous_logical_replication);
        plan.retain(ReplicationIamAuth::previous_logical_replication_source);
    }
}
