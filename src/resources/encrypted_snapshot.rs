//! `rdsauth_encrypted_snapshot`: a copy of a snapshot of a DB instance, encrypted with a KMS key.
//!
//! It takes minutes to hours, in two steps of AWS: an intermediate snapshot of the DB instance, and its copy. Both carry
//! the mark of the create, and the name of the intermediate snapshot follows from that of the copy: whichever run finds
//! them goes on with them. A wait that is cut off leaves an object that is not tainted, and an update ends the wait.

mod diagnostics;
mod foreseen;
mod steps;

use aws_lc_rs::digest::{SHA256, digest};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Computed, Map, Partial, Plan, Resource, Source, Val, View, check, computed, optional, required,
};

use crate::arn::{self, Arn};
use crate::attributes::checks;
use crate::attributes::tags::{self, Given, Shown};
use crate::aws::rds::Rds;
use crate::aws::rds::snapshots::Snapshot;
use crate::ownership::{self, Owned};
use crate::parts;
use crate::records::claims::{self, Claim, Creator, Subject};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Creates an encrypted snapshot of an unencrypted RDS DB instance: a snapshot of the instance, or one that exists
    /// already, and a copy of it that is encrypted with a KMS key. Use it instead of `aws_db_snapshot` with
    /// `aws_db_snapshot_copy` where the copy takes long: an apply that is interrupted or times out is continued by the
    /// next one.
    ///
    /// The storage of a DB instance cannot be encrypted in place. [Encrypting an existing DB
    /// instance](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html) needs a new one that
    /// is restored from an encrypted copy of its snapshot, for example with `snapshot_identifier` of `aws_db_instance`.
    ///
    /// ~> **Note:** Only snapshots of DB instances are supported. AWS does not encrypt a snapshot of an Aurora or
    /// Multi-AZ DB cluster by copying it; to encrypt such a cluster, restore its snapshot with
    /// [`rdsauth_encrypted_cluster_restore`](encrypted_cluster_restore.md).
    ///
    /// ~> **Note:** The snapshot has the data of the time at which it was created. What is written to the DB instance
    /// afterwards is not in it.
    ///
    /// -> If the timeout or an interruption ends an apply before the copy is `available`, the apply ends with a warning
    /// and the resource is not tainted. The copy goes on in AWS, and the next apply waits for it. Other resources must
    /// not use the snapshot before: check `status` in a `postcondition`.
    ///
    /// -> If the source is encrypted already, it is copied all the same, and the plan warns.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the tags, and the next apply corrects them. A copy that was
    /// deleted is created again, from the intermediate snapshot if it still exists, otherwise from a new snapshot of the
    /// DB instance. A copy that failed is replaced. Snapshots cannot be changed otherwise. The intermediate snapshot is
    /// not checked while the copy exists.
    ///
    /// ## Destroy
    ///
    /// The copy is deleted, and so is the intermediate snapshot if it still exists and this resource created it. A
    /// given `source_db_snapshot_identifier` is never deleted, and neither is a snapshot that was re-created outside of
    /// Terraform.
    ///
    /// ## Required Permissions
    ///
    /// - Create, read and destroy: `rds:DescribeDBSnapshots`, `rds:CopyDBSnapshot`, `rds:AddTagsToResource` and
    ///   `rds:DeleteDBSnapshot`.
    /// - `db_instance_identifier`: also `rds:DescribeDBInstances` and `rds:CreateDBSnapshot`; with `copy_tags` also
    ///   `rds:ListTagsForResource`.
    /// - In-place updates: also `rds:RemoveTagsFromResource`.
    /// - `kms_key_arn`: `kms:DescribeKey` and `kms:CreateGrant` on the key. The plan of a create checks both, the latter
    ///   with a dry run that creates no grant.
    /// - A source that is encrypted with another key: also `kms:DescribeKey` and `kms:CreateGrant` on that key.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// An encrypted copy of a snapshot of a DB instance can be moved from `aws_db_snapshot_copy` with a `moved` block.
    /// The snapshot is neither changed nor copied again.
    ///
    /// ```terraform
    /// moved {
    ///   from = aws_db_snapshot_copy.orders
    ///   to   = rdsauth_encrypted_snapshot.orders
    /// }
    /// ```
    pub struct EncryptedSnapshot {
        /// Identifier of the encrypted copy.
        db_snapshot_identifier: String = required().replace().identity().check(checks::snapshot()),
        /// Region of the snapshots and of the key. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Identifier of the DB instance of which a snapshot is created. Changing this forces a new resource to be
        /// created, except after an import.
        db_instance_identifier: Option<String> = optional().check(checks::db_identifier()),
        /// Identifier of a DB snapshot to copy. That of another account must be shared with this one and be given by its
        /// ARN. Changing this forces a new resource to be created, except after an import.
        source_db_snapshot_identifier: Option<String> = optional().check(checks::source_snapshot()),
        /// ARN of the KMS key that encrypts the copy. It must be a symmetric encryption key in `region`, and can be of
        /// another account.
        kms_key_arn: String = required().replace().check(checks::key_arn()),
        /// Name of the [option
        /// group](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithOptionGroups.html) of the copy.
        /// Needed if the DB instance uses an option that is permanent, such as transparent data encryption. Changing this
        /// forces a new resource to be created.
        option_group_name: Computed<Option<String>> = optional().check(check::length(1..=255)),
        /// Whether to copy the tags of the DB instance or of the given DB snapshot. `tags` and the provider's
        /// `default_tags` override them. Used at creation only: a later change has no effect.
        copy_tags: bool = optional().or(false),
        /// Whether to delete the intermediate snapshot as soon as the copy is available. Only with
        /// `db_instance_identifier`.
        delete_intermediate_snapshot: bool = optional().or(false),
        /// Tags of the snapshots. Tags with the same key in the provider's `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// Identifier of the encrypted copy.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// All tags of the encrypted copy, including the provider's `default_tags` and the copied ones.
        tags_all: Computed<Map<String>> = computed(),
        /// Tags that were copied because of `copy_tags`, without those that the provider ignores.
        copied_tags: Computed<Map<String>> = computed().keep(),
        /// Identifier of the intermediate snapshot of the DB instance. Null if there is none, or if it has been deleted
        /// because of `delete_intermediate_snapshot`.
        intermediate_db_snapshot_identifier: Computed<Option<String>> = computed().keep(),
        /// ARN of the encrypted copy.
        arn: Computed<String> = computed().keep(),
        /// Status of the encrypted copy: `available`, `creating` or another status of AWS, or `awaiting-source` as long
        /// as the intermediate snapshot is not available and the copy does not exist.
        status: Computed<String> = computed().keep(),
        /// Encryption of the copy as RDS reports it: `sse-kms` for a KMS key. Null as long as the copy does not exist.
        storage_encryption_type: Computed<Option<String>> = computed().keep(),
        /// Database engine of the DB instance.
        engine: Computed<String> = computed().keep(),
        /// Version of the database engine.
        engine_version: Computed<String> = computed().keep(),
        /// Allocated storage in GiB.
        allocated_storage: Computed<i64> = computed().keep(),
        /// Time at which the encrypted copy was created, in [RFC 3339
        /// format](https://www.rfc-editor.org/rfc/rfc3339#section-5.6). Null until then.
        snapshot_create_time: Computed<Option<String>> = computed().keep(),
    }
    rules { exactly_one_of(db_instance_identifier, source_db_snapshot_identifier) }
    timeouts { create: "12h", read: "5m", update: "12h", delete: "2h" }
}

/// The status as long as the copy does not exist, since its source is not available.
const AWAITING_SOURCE: &str = "awaiting-source";

/// What the name of the intermediate snapshot ends in.
const INTERMEDIATE: &str = "-intermediate";

/// RDS has no longer names of snapshots.
const LONGEST_NAME: usize = 255;

impl Resource<World> for EncryptedSnapshot {
    const TYPE: &'static str = "encrypted_snapshot";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let rds = plan.rds(cx).await?;
        let mut claim = ownership::begin(cx, &plan).await?;
        let copy = plan.earlier_copy(cx, &rds, &mut claim).await?;
        if copy.is_none() {
            foreseen::storage_key(&plan.kms_key_arn).check(cx).await?;
            plan.begin(cx, &rds, &mut claim).await?;
        }
        plan.go_on(cx, &rds, copy, steps::By::Create(&claim)).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let rds = state.rds(cx).await?;
        let (id, doing) = (state.db_snapshot_identifier.clone(), "Cannot read the snapshot");
        let look = || async { Ok(rds.snapshot(&id).await?) };
        let Some(found) = ownership::find(cx, look).await.context(doing, &id)? else {
            // The intermediate snapshot can be copied again.
            let Some(left) = state.own_intermediate(cx, &rds, None).await.context(doing, &id)? else { return Ok(None) };
            state.status = if left.has_failed() { left.status } else { AWAITING_SOURCE.to_owned() }.into();
            state.storage_encryption_type = None.into();
            state.snapshot_create_time = None.into();
            return Ok(Some(state));
        };
        let mark = tags::mark(&found.tags).map(String::as_str);
        if cx.is_import() {
            if !found.is_encrypted() {
                return Err(diagnostics::not_encrypted(&found));
            }
            claims::keep_creation_id(cx, Self::TYPE, mark);
            state.copied_tags = Map::new().into();
            state.intermediate_db_snapshot_identifier = None.into();
        } else if claims::is_of_another(cx, Self::TYPE, mark) {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
            return Ok(None);
        }
        state.refresh(cx, &found)?;
        Ok(Some(state))
    }

    /// Ends a wait that was cut off, and writes the tags.
    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (rds, id) = (state.rds(cx).await?, &state.db_snapshot_identifier);
        let look = || async { Ok(rds.snapshot(id).await?) };
        let copy = ownership::find(cx, look).await.context("Cannot read the snapshot", id)?;
        let planned = plan.clone();
        plan.copied_tags = state.copied().into();
        plan.intermediate_db_snapshot_identifier = state.intermediate_db_snapshot_identifier.clone();
        match &copy {
            None if *state.status.get()? != AWAITING_SOURCE => return Err(diagnostics::gone(id)),
            None => plan.still_await_source(cx, &state)?,
            Some(found) if state.is_without_source() => plan.check_source(found)?,
            Some(_) => {}
        }
        plan.go_on(cx, &rds, copy, steps::By::Update).await?;
        plan.keep_to(planned);
        Ok(plan)
    }

    /// The copy goes first, since RDS reads the intermediate snapshot while it copies.
    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let (rds, id) = (state.rds(cx).await?, &state.db_snapshot_identifier);
        let doing = "Cannot delete the snapshot";
        let found = rds.snapshot(id).await.context(doing, id)?;
        if let Some(found) = &found {
            if claims::is_of_another(cx, Self::TYPE, tags::mark(&found.tags).map(String::as_str)) {
                cx.warn(claims::recreated(&ownership::subject(&state)?));
                return Ok(());
            }
            steps::remove(cx, &rds, id).await.context(doing, id)?;
        }
        if let Some(left) = state.own_intermediate(cx, &rds, found.as_ref()).await.context(doing, id)? {
            steps::remove(cx, &rds, &left.identifier).await.context(doing, &left.identifier)?;
        }
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let Some(source) = config.get(Self::source_db_snapshot_identifier).known() else { return Vec::new() };
        let deletes = config.get(Self::delete_intermediate_snapshot) == Val::Known(true);
        let is_itself = config.get(Self::db_snapshot_identifier) == Val::Known(source);
        let found = [deletes.then(diagnostics::nothing_to_delete), is_itself.then(diagnostics::copy_of_itself)];
        found.into_iter().flatten().collect()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::plan_region(cx, plan, Self::region).await;
        ownership::warn_if_exists(cx, plan).await;
        foreseen::progress(cx, plan);
        foreseen::check(cx, plan).await
    }

    /// An ARN, or an identifier, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        ownership::named_by(id, "a manual DB snapshot", arn::snapshot_arn, Self::db_snapshot_identifier, Self::region)
    }

    /// From `aws_db_snapshot_copy`, if the copy is encrypted.
    fn moved(source: &Source) -> Option<Result<Partial<Self>>> {
        let from_aws = source.provider.ends_with("/hashicorp/aws") && source.type_name == "aws_db_snapshot_copy";
        from_aws.then(|| {
            let text = |name: &str| source.state.get(name).and_then(|value| value.as_str()).unwrap_or_default();
            let (arn, name) = arn::snapshot_arn(text("db_snapshot_arn"))
                .map_err(|error| Diagnostic::error("", error.to_string()))
                .context("Cannot move the snapshot to this resource", text("target_db_snapshot_identifier"))?;
            let named = Partial::default().with(Self::db_snapshot_identifier, name);
            let named = named.with(Self::region, Computed::Known(arn.region.clone()));
            // Another region's source cannot be given here; it is left open, as after an import.
            let copied = text("source_db_snapshot_identifier");
            let is_elsewhere = copied.parse().is_ok_and(|source: Arn| source.region != arn.region);
            Ok(match copied.is_empty() || is_elsewhere {
                true => named,
                false => named.with(Self::source_db_snapshot_identifier, Some(copied.to_owned())),
            })
        })
    }
}

impl Owned for EncryptedSnapshot {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let words = ["Snapshot", "DB snapshot", "\"db_snapshot_identifier\""];
        ownership::regional(of, words, Self::db_snapshot_identifier, Self::region)
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(name) = planned.get(Self::db_snapshot_identifier).known() else { return Ok(None) };
        let rds = cx.aws()?.rds(planned.get(Self::region).known().as_deref()).await?;
        Ok(rds.snapshot(&name).await?.map(|found| Creator::of(tags::mark(&found.tags))))
    }
}

impl EncryptedSnapshot {
    /// RDS in the region of the snapshots.
    async fn rds(&self, cx: &Ctx) -> Result<Rds> {
        parts::rds::in_region(cx, &self.region, Self::region).await
    }

    /// The copy that an interrupted create has left. One under another key, which the configuration had then, is
    /// deleted.
    async fn earlier_copy(&self, cx: &Ctx, rds: &Rds, claim: &mut Claim<'_>) -> Result<Option<Snapshot>> {
        let (id, doing) = (&self.db_snapshot_identifier, "Cannot create the encrypted snapshot");
        let Some(found) = rds.snapshot(id).await.context(doing, id)? else { return Ok(None) };
        let mark = tags::mark(&found.tags);
        if !claim.owns_mark(mark.map(String::as_str)) {
            // A deletion by this process may still show.
            if claim.was_deleted_here() && found.has_failed() {
                return Ok(None);
            }
            return Err(claim.refuse(&Creator::of(mark)));
        }
        mark.into_iter().for_each(|mark| claim.resume(mark));
        if found.has_failed() || found.key.as_ref() != Some(&self.kms_key_arn) {
            steps::remove(cx, rds, id).await.context(doing, id)?;
            return Ok(None);
        }
        claim.warn_adopted(cx);
        Ok(Some(found))
    }

    /// The intermediate snapshot, if there is one and the create of this object created it: it has the mark of the
    /// private state or of the copy. Core deletes a tainted object without its private state; then what the state holds
    /// has to do.
    async fn own_intermediate(&self, cx: &Ctx, rds: &Rds, copy: Option<&Snapshot>) -> Result<Option<Snapshot>> {
        if self.db_instance_identifier.is_none() {
            return Ok(None);
        }
        let own = claims::own_mark(cx, Self::TYPE).or_else(|| tags::mark(&copy?.tags).cloned());
        let is_stated = matches!(&self.intermediate_db_snapshot_identifier, Computed::Known(Some(_))) && copy.is_none();
        let found = rds.snapshot(&intermediate_of(&self.db_snapshot_identifier)).await?;
        Ok(found.filter(|found| match (tags::mark(&found.tags), &own) {
            (Some(mark), Some(own)) => mark == own,
            (Some(mark), None) => is_stated && mark.split('/').next() == Some(Self::TYPE),
            (None, _) => false,
        }))
    }

    /// Whether nothing is known about what it is a copy of, as after an import.
    fn is_without_source(&self) -> bool {
        self.db_instance_identifier.is_none() && self.source_db_snapshot_identifier.is_none()
    }

    /// Whether an imported copy can be one of the DB instance that the configuration names.
    fn check_source(&self, copy: &Snapshot) -> Result<()> {
        match &self.db_instance_identifier {
            Some(instance) if *instance != copy.instance => Err(diagnostics::of_another_instance(copy, instance)),
            _ => Ok(()),
        }
    }

    fn copied(&self) -> Map<String> {
        self.copied_tags.get().ok().cloned().unwrap_or_default()
    }

    /// The tags of the copy, which its own tags and the default ones override.
    fn all_tags(&self, cx: &Ctx) -> Result<Map<String>> {
        all_tags(cx, self.tags.as_ref(), &self.copied())
    }

    /// A copy as an import reads it.
    ///
    /// # Errors
    /// AWS has answered something that makes no sense.
    pub fn imported(cx: &Ctx, found: &Snapshot) -> Result<Self> {
        let named = Partial::default().with(Self::db_snapshot_identifier, found.identifier.clone());
        let named = named.with(Self::copied_tags, Map::new()).with(Self::intermediate_db_snapshot_identifier, None);
        let mut imported = named.decode()?;
        imported.refresh(cx, found)?;
        Ok(imported)
    }

    /// Reads the key, the tags and the rest from what is seen of the copy.
    fn refresh(&mut self, cx: &Ctx, found: &Snapshot) -> Result<()> {
        self.kms_key_arn = found.key.clone().unwrap_or_default();
        let Shown { own, all, copied } = cx.tags().shown(&found.tags, self.tags.as_ref(), &self.copied());
        (self.tags, self.tags_all, self.copied_tags) = (own, all.into(), copied.into());
        self.fill(found)
    }

    /// Copies what is seen of the copy.
    fn fill(&mut self, found: &Snapshot) -> Result<()> {
        let (arn, _) = arn::snapshot_arn(&found.arn).map_err(Diagnostic::bug)?;
        self.region = arn.region.into();
        self.arn = found.arn.clone().into();
        self.status = found.status.clone().into();
        self.storage_encryption_type = Some(found.encryption.clone()).into();
        self.engine = found.engine.clone().into();
        self.engine_version = found.engine_version.clone().into();
        self.allocated_storage = found.allocated_storage.into();
        self.snapshot_create_time = found.created.clone().into();
        match (&found.option_group, &self.option_group_name) {
            (None, Computed::Known(_)) => {}
            (group, _) => self.option_group_name = group.clone().into(),
        }
        Ok(())
    }
}

/// The name of the intermediate snapshot of a copy: the same in every run, and different for different copies.
fn intermediate_of(copy: &str) -> String {
    if copy.len() + INTERMEDIATE.len() <= LONGEST_NAME {
        return format!("{copy}{INTERMEDIATE}");
    }
    let hash: String = digest(&SHA256, copy.as_bytes()).as_ref().iter().take(8).map(|b| format!("{b:02x}")).collect();
    let begin: String = copy.chars().take(LONGEST_NAME - INTERMEDIATE.len() - 1 - hash.len()).collect();
    format!("{}-{hash}{INTERMEDIATE}", begin.trim_end_matches('-'))
}

fn all_tags(cx: &Ctx, own: Option<&Given>, copied: &Map<String>) -> Result<Map<String>> {
    tags::with_copied(cx.tags(), own, copied).map_err(|error| error.at(EncryptedSnapshot::tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intermediate_snapshot_has_a_name_of_its_own() {
        assert_eq!(intermediate_of("orders"), "orders-intermediate");
        let long = format!("{}-{}", "a".repeat(222), "b".repeat(32));
        let other = format!("{}-{}", "a".repeat(222), "c".repeat(32));
        for copy in [&long, &other] {
            let name = intermediate_of(copy);
            assert!(name.len() <= LONGEST_NAME && !name.contains("--") && name.ends_with(INTERMEDIATE), "{name}");
        }
        assert_ne!(intermediate_of(&long), intermediate_of(&other));
        assert_eq!(intermediate_of(&"a".repeat(242)).len(), 255);
    }
}
