//! The steps from a source to its encrypted copy. Each goes on from what exists already.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, Ended, Failed, Map, Resource as _, Wait};

use crate::arn;
use crate::attributes::tags::{self, Changes};
use crate::aws::lag;
use crate::aws::rds::snapshots::{NewCopy, Snapshot};
use crate::aws::rds::{Database, Rds};
use crate::ownership::{self, Seen};
use crate::parts::rds::given_snapshot;
use crate::records::claims::{self, Claim, Creator};
use crate::resources::encrypted_snapshot::{
    AWAITING_SOURCE, EncryptedSnapshot, all_tags, diagnostics, foreseen, intermediate_of,
};
use crate::world::{self, Ctx};

/// What every error of a create is about.
const DOING: &str = "Cannot create the encrypted snapshot";

/// Which operation goes on with a copy.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    /// A create, under its claim.
    Create(&'a Claim<'a>),
    /// An update, of an object that a create has left to it.
    Update,
}

/// The outcome of a request to copy.
enum Asked {
    Copied(Box<Snapshot>),
    /// The source is busy.
    Busy,
    /// There is a snapshot of that name.
    Exists,
    /// No answer came, so that there may be a copy or not.
    Unclear(Diagnostic),
}

/// A snapshot, or why it was not waited for any longer.
enum Waited {
    Available(Box<Snapshot>),
    Late(Option<Box<Snapshot>>, Diagnostic),
}

const SOURCE_AVAILABLE: Wait<Seen<Snapshot>> = Wait { what: "the source snapshot to be available", ..COPY_AVAILABLE };

const COPY_AVAILABLE: Wait<Seen<Snapshot>> = Wait {
    what: "the encrypted copy to be available",
    done: |seen| match seen {
        Seen::Found(found) => found.is_available(),
        Seen::Gone => false,
        Seen::Unclear(_) => true,
    },
    failed: |seen| match seen {
        Seen::Found(found) => found.has_failed(),
        Seen::Gone => true,
        Seen::Unclear(_) => false,
    },
    seen: |seen| match seen {
        Seen::Found(found) => describe(found),
        Seen::Gone => "it does not exist any more".to_owned(),
        Seen::Unclear(_) => "its status is not known".to_owned(),
    },
    pauses: lag::SNAPSHOT,
};

const COPIED: Wait<Asked> = Wait {
    what: "the source snapshot to accept a copy",
    done: |asked| !matches!(asked, Asked::Busy),
    failed: |_| false,
    seen: |_| "it is busy".to_owned(),
    pauses: lag::SNAPSHOT,
};

const GONE: Wait<Option<Snapshot>> = Wait {
    what: "the snapshot to be gone",
    done: Option::is_none,
    failed: |_| false,
    seen: |found| found.as_ref().map_or_else(String::new, describe),
    pauses: lag::SNAPSHOT,
};

impl EncryptedSnapshot {
    /// Checks the source, and creates the intermediate snapshot of a DB instance unless an earlier run has. Nothing else
    /// is written.
    ///
    /// # Errors
    /// The source does not exist or cannot be encrypted, another snapshot has the name of the intermediate one, or AWS
    /// refused something.
    pub(super) async fn begin(&mut self, cx: &Ctx, rds: &Rds, claim: &mut Claim<'_>) -> Result<()> {
        let Some(instance) = self.db_instance_identifier.clone() else { return Ok(()) };
        let name = intermediate_of(&self.db_snapshot_identifier);
        let earlier = rds.snapshot(&name).await.context(DOING, &name)?;
        if let Some(found) = earlier {
            let mark = tags::mark(&found.tags);
            if !claim.owns_mark(mark.map(String::as_str)) {
                claim.withdraw();
                return Err(diagnostics::intermediate_exists(&found, &self.db_snapshot_identifier));
            }
            mark.into_iter().for_each(|mark| claim.resume(mark));
            if !found.has_failed() && found.instance == instance {
                claim.warn_adopted(cx);
                return self.begun(cx, claim, &found);
            }
            remove(cx, rds, &name).await.context(DOING, &name)?;
        }
        let database = self.instance(cx, rds, &instance).await?;
        let tags = tags::marked(&self.tags_of_intermediate(cx, rds, &database).await?, claim.mark());
        claim.note(cx, None, None);
        let explained = |why: Diagnostic| {
            let why = Err::<Snapshot, _>(why).context(DOING, &instance);
            why.map_err(|why| at_source(self, why))
        };
        let finally = |why| explained(why).map_err(Failed::finally);
        let for_now = |why| explained(why).map_err(Failed::for_now);
        let created = cx.until(&lag::DATABASE_BUSY, || async {
            match rds.create_snapshot(&instance, &name, &tags).await {
                Ok(made) => Ok(made),
                // Perhaps the answer to an earlier attempt was lost.
                Err(error) if error.is_already_exists() => match rds.snapshot(&name).await {
                    Ok(Some(found)) if tags::mark(&found.tags) == Some(&claim.mark()) => Ok(found),
                    Ok(Some(found)) => {
                        claim.withdraw();
                        Err(Failed::finally(diagnostics::intermediate_exists(&found, &self.db_snapshot_identifier)))
                    }
                    Ok(None) => for_now(error.into()),
                    Err(error) => finally(error.into()),
                },
                Err(error) if error.is_invalid_state() => match rds.instance(&instance).await {
                    Ok(Some(found)) if found.is_stuck() => finally(diagnostics::stuck(error, &found)),
                    _ => for_now(error.into()),
                },
                Err(error) => finally(diagnostics::refused(error)),
            }
        });
        let created = created.await?;
        self.begun(cx, claim, &created)
    }

    /// The intermediate snapshot exists: from here on there is a state.
    fn begun(&mut self, cx: &Ctx, claim: &Claim<'_>, intermediate: &Snapshot) -> Result<()> {
        claim.created(cx);
        self.await_source(cx, intermediate)?;
        cx.save(&*self);
        Ok(())
    }

    /// Goes on from the copy, if it exists, or from its source, and describes what exists at the end. It is no error if
    /// a wait is cut off.
    ///
    /// # Errors
    /// A snapshot has failed, or AWS refused something.
    pub(super) async fn go_on(&mut self, cx: &Ctx, rds: &Rds, copy: Option<Snapshot>, by: By<'_>) -> Result<()> {
        let (copy, is_new) = match copy {
            Some(found) => (found, false),
            None => match self.copy_source(cx, rds, by).await? {
                Waited::Available(made) => (*made, true),
                Waited::Late(_, why) if self.db_instance_identifier.is_some() => {
                    cx.warn(diagnostics::late(&self.db_snapshot_identifier, &why));
                    return Ok(());
                }
                // Nothing has been created: without a state, nothing is tainted.
                Waited::Late(_, why) => return Err(why),
            },
        };
        if let By::Create(claim) = by {
            claim.created(cx);
        }
        self.fill(&copy)?;
        if !is_new && self.copied_tags == Computed::Unknown {
            self.copied_tags = self.tags_to_copy(cx, &copy)?.into();
        }
        if self.intermediate_db_snapshot_identifier == Computed::Unknown {
            let is_made = self.db_instance_identifier.is_some();
            self.intermediate_db_snapshot_identifier =
                is_made.then(|| intermediate_of(&self.db_snapshot_identifier)).into();
        }
        self.tags_all = self.all_tags(cx)?.into();
        cx.save(&*self);
        let copy = match copy.is_available() {
            true => Box::new(copy),
            false => {
                let waited = waited(cx, rds, &COPY_AVAILABLE, &copy.identifier).await;
                match waited.context(DOING, &self.db_snapshot_identifier)? {
                    Waited::Available(copy) => copy,
                    Waited::Late(seen, why) => {
                        seen.iter().try_for_each(|seen| self.fill(seen))?;
                        cx.warn(diagnostics::late(&self.db_snapshot_identifier, &why));
                        return Ok(());
                    }
                }
            }
        };
        self.fill(&copy)?;
        cx.save(&*self);
        self.write_tags(cx, rds, &copy).await?;
        if self.delete_intermediate_snapshot {
            // The copy is complete: an error would have it replaced.
            match self.remove_intermediate(cx, rds).await {
                Ok(()) => self.intermediate_db_snapshot_identifier = None.into(),
                Err(why) => cx.warn(diagnostics::intermediate_left(why)),
            }
        }
        Ok(())
    }

    async fn remove_intermediate(&self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let name = intermediate_of(&self.db_snapshot_identifier);
        match self.own_intermediate(cx, rds, None).await.context(DOING, &name)? {
            Some(left) => remove(cx, rds, &left.identifier).await.context(DOING, &name),
            None => Ok(()),
        }
    }

    /// Waits for the source, and copies it.
    async fn copy_source(&mut self, cx: &Ctx, rds: &Rds, by: By<'_>) -> Result<Waited> {
        let source = match &self.source_db_snapshot_identifier {
            Some(given) => given_snapshot::name(cx, given, arn::snapshot_arn).await?,
            None => intermediate_of(&self.db_snapshot_identifier),
        };
        let source = match look(cx, rds, &source).await.context(DOING, &source)? {
            Seen::Found(found) if found.is_available() => found,
            Seen::Gone if self.source_db_snapshot_identifier.is_some() => {
                return Err(diagnostics::source_missing(&source, &self.place(cx).await?));
            }
            _ => {
                let waited = waited(cx, rds, &SOURCE_AVAILABLE, &source).await;
                match waited.context(DOING, &source).map_err(|error| at_source(self, error))? {
                    Waited::Available(source) => source,
                    late @ Waited::Late(..) => return Ok(late),
                }
            }
        };
        self.copied_tags = self.tags_to_copy(cx, &source)?.into();
        let mark = match by {
            By::Create(claim) => claim.mark(),
            By::Update => claims::own_mark(cx, Self::TYPE)
                .ok_or_else(|| Diagnostic::bug("an unfinished snapshot has no creation ID"))?,
        };
        let tags = tags::marked(&self.tags_of_copy(cx, &source)?, mark.clone());
        if let By::Create(claim) = by {
            claim.note(cx, None, None);
        }
        let option_group = self.option_group_name.get().ok().and_then(|group| group.as_deref());
        let new = NewCopy {
            source: if given_by_arn(&source, self) { &source.arn } else { &source.identifier },
            identifier: &self.db_snapshot_identifier,
            key: &self.kms_key_arn,
            option_group,
            tags: &tags,
        };
        let asked = match cx.wait_or_late(&COPIED, || ask(cx, rds, new)).await {
            Ok(Ended::Done(asked)) => asked,
            Ok(Ended::Late(_, why)) => return Ok(Waited::Late(None, why)),
            // After the error of a create, core would replace what exists.
            Err(error) if self.db_instance_identifier.is_some() && matches!(by, By::Create(_)) => {
                return Err(diagnostics::with_intermediate(error));
            }
            Err(error) => return Err(error),
        };
        match asked {
            Asked::Copied(made) => Ok(Waited::Available(made)),
            Asked::Unclear(why) => Ok(Waited::Late(None, why)),
            Asked::Busy => Err(Diagnostic::bug("a wait ended before its state was reached")),
            // Perhaps the answer to an earlier attempt was lost.
            Asked::Exists => match look(cx, rds, &self.db_snapshot_identifier).await? {
                Seen::Found(found) if tags::mark(&found.tags) == Some(&mark) => Ok(Waited::Available(found)),
                Seen::Found(found) => self.refuse(cx, rds, by, &found).await,
                Seen::Unclear(why) => Ok(Waited::Late(None, why)),
                Seen::Gone => Err(diagnostics::gone(&self.db_snapshot_identifier)),
            },
        }
    }

    /// Another caller has created a snapshot with the name of the copy. What this create has created is deleted.
    async fn refuse(&self, cx: &Ctx, rds: &Rds, by: By<'_>, found: &Snapshot) -> Result<Waited> {
        let creator = Creator::of(tags::mark(&found.tags));
        let By::Create(claim) = by else {
            return Err(claims::exists(&ownership::subject(self)?, &creator));
        };
        self.remove_intermediate(cx, rds).await?;
        cx.discard();
        Err(claim.refuse(&creator))
    }

    /// Describes a copy that does not exist yet, as far as its source shows.
    fn await_source(&mut self, cx: &Ctx, source: &Snapshot) -> Result<()> {
        let (arn, _) = arn::snapshot_arn(&source.arn).map_err(Diagnostic::bug)?;
        let (group, copied) = (self.option_group_name.clone(), self.copied());
        self.fill(source)?;
        self.arn = arn::snapshot_beside(&arn, &self.db_snapshot_identifier).to_string().into();
        self.status = AWAITING_SOURCE.to_owned().into();
        self.storage_encryption_type = None.into();
        self.snapshot_create_time = None.into();
        self.option_group_name = if group == Computed::Unknown { None.into() } else { group };
        self.intermediate_db_snapshot_identifier = Some(source.identifier.clone()).into();
        self.tags_all = self.all_tags(cx)?.into();
        self.copied_tags = copied.into();
        Ok(())
    }

    /// The same from the state.
    pub(super) fn still_await_source(&mut self, cx: &Ctx, state: &Self) -> Result<()> {
        self.status = state.status.clone();
        self.storage_encryption_type = None.into();
        self.snapshot_create_time = None.into();
        if self.option_group_name == Computed::Unknown {
            self.option_group_name = state.option_group_name.clone();
        }
        self.tags_all = self.all_tags(cx)?.into();
        Ok(())
    }

    /// The DB instance, of which a snapshot can be encrypted.
    async fn instance(&self, cx: &Ctx, rds: &Rds, instance: &str) -> Result<Database> {
        let found = rds.instance(instance).await.context(DOING, instance).map_err(|error| at_source(self, error))?;
        let Some(found) = found else {
            return Err(diagnostics::instance_missing(instance, &self.place(cx).await?));
        };
        foreseen::refuse_member(&found)?;
        Ok(found)
    }

    async fn place(&self, cx: &Ctx) -> Result<String> {
        world::place(cx, self.region.get().ok().map(String::as_str)).await
    }

    async fn tags_of_intermediate(&self, cx: &Ctx, rds: &Rds, instance: &Database) -> Result<Map<String>> {
        if !self.copy_tags {
            return self.all_tags(cx);
        }
        let found =
            rds.tags(&instance.arn).await.context("Cannot read the tags of the DB instance", &instance.identifier)?;
        let found: Map<String> = found.into_iter().collect();
        all_tags(cx, self.tags.as_ref(), &tags::to_copy(&found))
    }

    /// The tags with which the copy is created: with `copy_tags` all of its source's, also those that the provider ignores.
    fn tags_of_copy(&self, cx: &Ctx, source: &Snapshot) -> Result<Map<String>> {
        let copied = if self.copy_tags { tags::to_copy(&source.tags) } else { Map::new() };
        all_tags(cx, self.tags.as_ref(), &copied)
    }

    /// The tags of a source that the copy gets with it: none that are reserved, or that the configuration overrides.
    fn tags_to_copy(&self, cx: &Ctx, source: &Snapshot) -> Result<Map<String>> {
        if !self.copy_tags {
            return Ok(Map::new());
        }
        let own = all_tags(cx, self.tags.as_ref(), &Map::new())?;
        let seen = cx.tags().seen(&source.tags, None, &[]);
        Ok(tags::not_overridden(&seen, &[&own])
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect())
    }

    async fn write_tags(&self, cx: &Ctx, rds: &Rds, copy: &Snapshot) -> Result<()> {
        let (wanted, copied) = (self.all_tags(cx)?, self.copied());
        let seen = cx.tags().seen(&copy.tags, self.tags.as_ref(), &tags::not_overridden(&copied, &[]));
        let Changes { set, removed } = Changes::between(&seen, &wanted);
        let at = |error: Diagnostic| error.at(Self::tags);
        for key in &removed {
            rds.remove_tag(&copy.arn, key).await.context("Cannot untag the snapshot", &copy.identifier).map_err(at)?;
        }
        for (key, value) in &set {
            rds.set_tag(&copy.arn, key, value)
                .await
                .context("Cannot tag the snapshot", &copy.identifier)
                .map_err(at)?;
        }
        Ok(())
    }

    /// Returns to what a plan has promised; a later change is shown by the next refresh.
    pub(super) fn keep_to(&mut self, planned: Self) {
        self.region.keep_to(planned.region);
        self.status.keep_to(planned.status);
        self.storage_encryption_type.keep_to(planned.storage_encryption_type);
        self.option_group_name.keep_to(planned.option_group_name);
        self.engine_version.keep_to(planned.engine_version);
        self.snapshot_create_time.keep_to(planned.snapshot_create_time);
    }
}

/// Deletes a snapshot, and waits until its name is free.
///
/// # Errors
/// AWS refused it, the time is up, or the user wants to stop.
pub(super) async fn remove(cx: &Ctx, rds: &Rds, identifier: &str) -> Result<()> {
    cx.until(&lag::SNAPSHOT_BUSY, || rds.delete_snapshot(identifier)).await?;
    cx.wait(&GONE, || rds.snapshot(identifier)).await.map(drop)
}

/// Whether the configuration gives the snapshot of another account.
fn given_by_arn(found: &Snapshot, of: &EncryptedSnapshot) -> bool {
    let (given, copy) = (arn::snapshot_arn(&found.arn), of.arn.get().map(|arn| arn::snapshot_arn(arn)));
    let is_of_other = matches!((&given, &copy), (Ok((given, _)), Ok(Ok((own, _)))) if given.account != own.account);
    is_of_other || of.source_db_snapshot_identifier.as_ref() == Some(&found.arn)
}

/// Waits for a snapshot.
async fn waited(cx: &Ctx, rds: &Rds, wait: &Wait<Seen<Snapshot>>, identifier: &str) -> Result<Waited> {
    Ok(match cx.wait_or_late(wait, || look(cx, rds, identifier)).await? {
        Ended::Done(Seen::Found(found)) => Waited::Available(found),
        Ended::Late(Seen::Found(found), why) => Waited::Late(Some(found), why),
        Ended::Done(Seen::Unclear(why)) | Ended::Late(_, why) => Waited::Late(None, why),
        Ended::Done(Seen::Gone) => return Err(diagnostics::gone(identifier)),
    })
}

/// One look at a snapshot.
async fn look(cx: &Ctx, rds: &Rds, identifier: &str) -> Result<Seen<Snapshot>> {
    ownership::look(cx, "the status of the snapshot", || rds.snapshot(identifier)).await
}

/// One request to copy.
async fn ask(cx: &Ctx, rds: &Rds, new: NewCopy<'_>) -> Result<Asked> {
    match cx.wait_for("the answer to CopyDBSnapshot", rds.copy_snapshot(new)).await {
        Ok(Ok(made)) => Ok(Asked::Copied(Box::new(made))),
        Ok(Err(error)) if error.is_already_exists() => Ok(Asked::Exists),
        Ok(Err(error)) if error.is_invalid_state() => Ok(Asked::Busy),
        Ok(Err(error)) if error.leaves_open() => Ok(Asked::Unclear(error.into())),
        Ok(Err(error)) => {
            let is_key = error.is_key_unusable();
            let why = Err::<Asked, _>(diagnostics::refused(error)).context(DOING, new.identifier);
            why.map_err(|why| if is_key { why.at(EncryptedSnapshot::kms_key_arn) } else { why })
        }
        Err(why) => Ok(Asked::Unclear(why)),
    }
}

fn at_source(of: &EncryptedSnapshot, error: Diagnostic) -> Diagnostic {
    match of.db_instance_identifier {
        Some(_) => error.at(EncryptedSnapshot::db_instance_identifier),
        None => error.at(EncryptedSnapshot::source_db_snapshot_identifier),
    }
}

/// A snapshot in a few words.
fn describe(found: &Snapshot) -> String {
    let status = format!("the status of \"{}\" is \"{}\"", found.identifier, found.status);
    match found.progress {
        Some(percent) => format!("{status}, {percent} percent"),
        None => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_snapshot_or_when_it_cannot_be_seen() {
        let seen = |status: &str| {
            let snapshot = Snapshot { status: status.to_owned(), progress: Some(42), ..Snapshot::default() };
            Seen::Found(Box::new(snapshot))
        };
        let ends = |seen: &Seen<Snapshot>| ((COPY_AVAILABLE.done)(seen), (COPY_AVAILABLE.failed)(seen));
        for status in ["creating", "pending", "copying"] {
            assert_eq!(ends(&seen(status)), (false, false), "{status}");
        }
        for status in ["failed", "deleting", "incompatible-restore"] {
            assert_eq!(ends(&seen(status)), (false, true), "{status}");
        }
        assert_eq!(ends(&seen("available")), (true, false));
        assert_eq!(ends(&Seen::Gone), (false, true));
        assert_eq!(ends(&Seen::Unclear(Diagnostic::error("No answer", ""))), (true, false));
        assert_eq!((COPY_AVAILABLE.seen)(&seen("copying")), "the status of \"\" is \"copying\", 42 percent");
    }
}
