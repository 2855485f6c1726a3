//! The deletion of a restored cluster: by consent, with its members, and with a final snapshot unless that is refused.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{Resource as _, Wait};

use crate::attributes::tags;
use crate::aws::lag;
use crate::aws::rds::{Kind, Rds, Relative, Source};
use crate::ownership;
use crate::parts::rds::carried;
use crate::records::claims;
use crate::resources::encrypted_cluster_restore::{EncryptedClusterRestore, diagnostics};
use crate::world::Ctx;

const MEMBERS_GONE: Wait<Vec<Relative>> = Wait {
    what: "the members of the DB cluster to be gone",
    done: Vec::is_empty,
    failed: |_| false,
    seen: |members| {
        let status = |member: &Relative| format!("the status of \"{}\" is \"{}\"", member.identifier, member.status);
        members.iter().map(status).collect::<Vec<_>>().join(", ")
    },
    pauses: lag::DATABASE,
};

const GONE: Wait<Option<Source>> = Wait {
    what: "the DB cluster to be gone",
    done: Option::is_none,
    failed: |_| false,
    seen: |found| {
        found.as_ref().map_or_else(String::new, |found| format!("its status is \"{}\"", found.database.status))
    },
    pauses: lag::DATABASE,
};

/// What every error of AWS is about.
const DOING: &str = "Cannot delete the DB cluster";

/// A cluster with this status goes by itself.
const DELETING: &str = "deleting";

/// Whether the arguments allow a deletion.
pub(super) fn is_allowed(allow_delete: bool, final_snapshot: bool, skips: bool) -> bool {
    allow_delete && (final_snapshot || skips)
}

impl EncryptedClusterRestore {
    /// Refuses a deletion that the state does not allow.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn check_consent(&self) -> Result<()> {
        match is_allowed(self.allow_delete, self.final_snapshot_identifier.is_some(), self.skip_final_snapshot) {
            true => Ok(()),
            false => Err(diagnostics::without_consent(&self.cluster_identifier, self.allow_delete)),
        }
    }

    /// Deletes custom endpoints, members and cluster, in this order. Whether it did; not if the cluster was re-created
    /// outside of Terraform.
    ///
    /// # Errors
    /// Deletion protection is on, the cluster has members of others, the final snapshot exists, or AWS refused something.
    pub(super) async fn remove(&self, cx: &Ctx, rds: &Rds) -> Result<bool> {
        let id = &self.cluster_identifier;
        let known = self.resource_id.get().ok().map(String::as_str);
        let found = rds.source_or_renamed(Kind::Cluster, id, known).await.context(DOING, id)?;
        if let Some(renamed) = found.as_ref().filter(|found| found.database.identifier != *id) {
            cx.warn(carried::renamed(&self.what(), &renamed.database.identifier));
            return Ok(false);
        }
        // Core deletes a tainted object without its private state.
        let mark = found.as_ref().and_then(|found| tags::mark(&found.tags).cloned());
        let mark = mark.or_else(|| claims::own_mark(cx, Self::TYPE));
        if let Some(found) = found {
            if claims::is_of_another(cx, Self::TYPE, mark.as_deref()) {
                cx.warn(claims::recreated(&ownership::subject(self)?));
                return Ok(false);
            }
            if found.database.status != DELETING {
                self.remove_running(cx, rds, &found).await?;
            }
            cx.wait(&GONE, || rds.source(Kind::Cluster, id)).await.context(DOING, id)?;
        }
        self.remove_guard(cx, rds, mark.as_deref()).await?;
        Ok(true)
    }

    async fn remove_running(&self, cx: &Ctx, rds: &Rds, found: &Source) -> Result<()> {
        let id = &self.cluster_identifier;
        if found.is_protected {
            return Err(diagnostics::protected(id));
        }
        let members = rds.relatives(found).await.context(DOING, id)?;
        let is_aurora = !found.database.is_multi_az_cluster();
        let mark = tags::mark(&found.tags);
        let foreign = members.iter().find(|member| is_aurora && tags::mark(&member.tags) != mark);
        if let Some(foreign) = foreign {
            return Err(diagnostics::foreign_member(id, &foreign.identifier));
        }
        if let Some(name) = &self.final_snapshot_identifier
            && rds.cluster_snapshot(name).await.context(DOING, id)?.is_some()
        {
            return Err(diagnostics::final_snapshot_exists(name));
        }
        for endpoint in rds.custom_endpoints_of(found).await.context(DOING, id)? {
            cx.until(&lag::CLUSTER_BUSY, || rds.delete_custom_endpoint(&endpoint.identifier))
                .await
                .context(DOING, id)?;
        }
        if is_aurora && !members.is_empty() {
            // The writer goes last, so that no reader takes its place.
            for (member, _) in found.database.members.iter().rev() {
                cx.until(&lag::CLUSTER_BUSY, || rds.delete_database(Kind::Instance, member, None))
                    .await
                    .context(DOING, member)?;
            }
            cx.wait(&MEMBERS_GONE, || rds.relatives(found)).await.context(DOING, id)?;
        }
        let deleted = cx.until(&lag::CLUSTER_BUSY, || {
            rds.delete_database(Kind::Cluster, id, self.final_snapshot_identifier.as_deref())
        });
        deleted.await.context(DOING, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_needs_consent_and_a_word_about_the_snapshot() {
        for (arguments, is) in [
            ((true, true, false), true),
            ((true, false, true), true),
            ((true, false, false), false),
            ((false, true, false), false),
            ((false, false, true), false),
        ] {
            assert_eq!(is_allowed(arguments.0, arguments.1, arguments.2), is, "{arguments:?}");
        }
    }
}
