//! The steps from a snapshot to a DB instance like the original. Each goes on from what exists already.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, Ended, Failed, Resource as _, Wait};

use crate::arn;
use crate::attributes::tags;
use crate::aws::lag;
use crate::aws::rds::instance_restore::InstanceRole;
use crate::aws::rds::snapshots::Snapshot;
use crate::aws::rds::{Database, Kind, Rds, Source};
use crate::ownership;
use crate::parts::db::quiet;
use crate::parts::rds::carried::{self, Settings, same};
use crate::parts::rds::database::{Target, describe};
use crate::parts::rds::given_snapshot;
use crate::parts::rds::quiet::Quiet;
use crate::records::claims::{self, Claim, Creator};
use crate::resources::encrypted_restore::{EncryptedRestore, diagnostics, foreseen, settings};
use crate::world::{self, Ctx};

/// What every error of a create is about.
pub(super) const DOING: &str = "Cannot restore the DB instance";

const SNAPSHOT_AVAILABLE: Wait<Option<Snapshot>> = Wait {
    what: "the snapshot to be available",
    done: |found| found.as_ref().is_none_or(Snapshot::is_available),
    failed: |found| found.as_ref().is_some_and(Snapshot::has_failed),
    seen: |found| found.as_ref().map_or_else(String::new, |found| format!("its status is \"{}\"", found.status)),
    pauses: lag::SNAPSHOT,
};

const AVAILABLE: Wait<Source> = Wait {
    what: "the restored DB instance to be available",
    done: |found| found.database.is_operational() && found.database.host.is_some(),
    failed: |found| found.database.is_stuck(),
    seen: |found| describe(&found.database),
    pauses: lag::DATABASE,
};

const ROLES_ACTIVE: Wait<Vec<InstanceRole>> = Wait {
    what: "RDS to use the roles of the restored DB instance",
    done: |roles| roles.iter().all(|role| role.status != PENDING),
    failed: |_| false,
    seen: |_| format!("the status of a role is \"{PENDING}\""),
    pauses: lag::DATABASE,
};

const GONE: Wait<Option<Source>> = Wait {
    what: "the DB instance to be gone",
    done: Option::is_none,
    failed: |_| false,
    seen: |found| found.as_ref().map_or_else(String::new, |found| describe(&found.database)),
    pauses: lag::DATABASE,
};

const PENDING: &str = "PENDING";
const ACTIVE: &str = "ACTIVE";

impl EncryptedRestore {
    /// The settings of the original, unless an earlier run has read them. Nothing is written.
    ///
    /// # Errors
    /// It does not exist, or AWS refused the read.
    pub(super) async fn read_original(&mut self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let name = self.source_db_instance_identifier.clone();
        let at = |error: Diagnostic| error.at(Self::source_db_instance_identifier);
        let found =
            rds.source(Kind::Instance, &name).await.context("Cannot read the DB instance", &name).map_err(at)?;
        let Some(found) = found else { return Err(diagnostics::source_missing(&name, &self.place(cx).await?)) };
        foreseen::check_source(None, &found)?;
        self.source_settings = settings::of_original(&found).into();
        self.copied_tags = cx.tags().seen(&self.wanted().tags, None, &[]).into();
        Ok(())
    }

    /// Restores the DB instance, once the snapshot is available.
    ///
    /// # Errors
    /// The snapshot does not exist or does not fit, or AWS refused something.
    pub(super) async fn restore(&self, cx: &Ctx, rds: &Rds, claim: &mut Claim<'_>) -> Result<Source> {
        let id = &self.db_instance_identifier;
        let snapshot = self.snapshot(cx, rds).await?;
        let (mut wanted, all_tags) = (self.wanted().settings, self.created_tags(cx)?);
        if self.quiet {
            let group = wanted.get(settings::GROUP).cloned().unwrap_or_default();
            let guard = Quiet::guard(cx, rds, &self.target(), &group, claim).await?;
            wanted.insert(settings::GROUP.to_owned(), guard.name);
        }
        let mark = claim.mark();
        let tags = tags::marked(&all_tags, mark.clone());
        claim.note(cx, None, None);
        let arguments: Vec<_> = wanted.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        cx.progress(format!("Restoring \"{id}\" from \"{snapshot}\""));
        let explained = |why: Diagnostic| Err::<Source, _>(why).context(DOING, id);
        let finally = |why| explained(why).map_err(Failed::finally);
        let for_now = |why| explained(why).map_err(Failed::for_now);
        let restored = cx.until(&lag::DATABASE_BUSY, || async {
            match rds.restore_instance(id, &snapshot, &tags, &arguments).await {
                Ok(restored) => Ok(restored),
                // Perhaps the answer to an earlier attempt was lost.
                Err(error) if error.is_already_exists() => match rds.source(Kind::Instance, id).await {
                    Ok(Some(found)) if tags::mark(&found.tags) == Some(&mark) => Ok(found),
                    Ok(Some(found)) => Err(Failed::finally(claim.refuse(&Creator::of(tags::mark(&found.tags))))),
                    Ok(None) => for_now(error.into()),
                    Err(error) => finally(error.into()),
                },
                Err(error) if error.is_invalid_state() => for_now(error.into()),
                Err(error) => finally(error.into()),
            }
        });
        let restored = restored.await;
        if restored.is_err() && self.quiet && matches!(rds.source(Kind::Instance, id).await, Ok(None)) {
            // Without a DB instance nothing would remove its group. An error would hide why there is none.
            let _ = Quiet { database: &self.target(), mark: &mark }.remove(cx, rds).await;
        }
        restored
    }

    /// The name by which RDS finds the snapshot, once it is available.
    async fn snapshot(&self, cx: &Ctx, rds: &Rds) -> Result<String> {
        let given = &self.snapshot_identifier;
        let name = given_snapshot::name(cx, given, arn::snapshot_arn).await?;
        let at = |error: Diagnostic| error.at(Self::snapshot_identifier);
        let look = || async { rds.snapshot(&name).await.map_err(Diagnostic::from) };
        if let Some(found) = look().await.context("Cannot read the snapshot", given).map_err(at)? {
            foreseen::check_snapshot(&found)?;
            if found.is_available() {
                return Ok(name);
            }
            let found = cx.wait(&SNAPSHOT_AVAILABLE, look).await.context(DOING, &self.db_instance_identifier);
            if found.map_err(at)?.is_some() {
                return Ok(name);
            }
        }
        Err(diagnostics::snapshot_missing(given, &self.place(cx).await?))
    }

    /// The DB instance exists: from here on there is a state.
    ///
    /// # Errors
    /// AWS's answer is malformed.
    pub(super) fn begun(&mut self, cx: &Ctx, found: &Source) -> Result<()> {
        self.fill(found)?;
        self.complete = false.into();
        if self.quieted == Computed::Unknown {
            self.quieted = Vec::new().into();
        }
        self.tags_all = self.all_tags(cx)?.into();
        cx.save(&*self);
        Ok(())
    }

    /// Carries over what is missing, and compares the result with the original. It is no error if a wait is cut off.
    ///
    /// # Errors
    /// The DB instance has failed, or AWS or the database refused something.
    pub(super) async fn go_on(&mut self, cx: &Ctx, rds: &Rds, mark: &str, claim: Option<&Claim<'_>>) -> Result<()> {
        let Some(found) = self.available(cx, rds).await? else { return Ok(()) };
        self.fill(&found)?;
        cx.save(&*self);
        self.keep_quiet(cx, rds, mark, claim).await?;
        self.modify(cx, rds, &found).await?;
        self.associate_roles(cx, rds).await?;
        let Some(found) = self.available(cx, rds).await? else { return Ok(()) };
        self.fill(&found)?;
        self.complete = true.into();
        let left = self.differences_of(&found);
        if !left.is_empty() {
            cx.warn(carried::differs(&self.what(), &left));
        }
        Ok(())
    }

    /// The DB instance as soon as it is available. Nothing, with a warning, if the wait for it is cut off.
    async fn available(&mut self, cx: &Ctx, rds: &Rds) -> Result<Option<Source>> {
        let id = self.db_instance_identifier.clone();
        let look = || async {
            let found = ownership::find(cx, || async { Ok(rds.source(Kind::Instance, &id).await?) }).await?;
            found.ok_or_else(|| diagnostics::gone(&id))
        };
        match cx.wait_or_late(&AVAILABLE, look).await.context(DOING, &id)? {
            Ended::Done(found) => Ok(Some(found)),
            Ended::Late(found, why) => {
                self.fill(&found)?;
                cx.warn(carried::late(&self.what(), &why));
                Ok(None)
            }
        }
    }

    /// Stops what acts by itself, and gives the DB instance its own parameter group.
    async fn keep_quiet(&mut self, cx: &Ctx, rds: &Rds, mark: &str, claim: Option<&Claim<'_>>) -> Result<()> {
        if !self.quiet {
            return Ok(());
        }
        let target = self.target();
        let quiet = Quiet { database: &target, mark };
        quiet.finish(cx, rds, |copy| self.stop(cx, copy, claim)).await
    }

    /// What is to be stopped is listed before it is, whatever comes then.
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

    /// Requests what the restore did not take, and what it was given in vain.
    async fn modify(&self, cx: &Ctx, rds: &Rds, found: &Source) -> Result<()> {
        let (id, wanted, is) = (&self.db_instance_identifier, self.wanted().settings, settings::of(found));
        let differs = |name: &str| !same(name, wanted.get(name).map(String::as_str), is.get(name).map(String::as_str));
        // What belongs together is requested together.
        if !wanted.keys().any(|name| settings::is_modified(name) && differs(name)) {
            return Ok(());
        }
        let arguments = wanted.iter().filter(|(name, _)| settings::is_modified(name));
        // RDS creates a secret only once.
        let arguments = arguments.filter(|(name, _)| !name.starts_with("master_user_secret") || differs(name));
        let arguments: Vec<_> = arguments.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        cx.progress(format!("Modifying \"{id}\""));
        let modified = cx.until(&lag::DATABASE_BUSY, || async {
            match rds.modify_instance(id, &arguments).await {
                Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                answer => answer.map_err(Failed::finally),
            }
        });
        modified.await.context("Cannot modify the restored DB instance", id)?;
        let looked = cx.find(&lag::MODIFICATION_UNSEEN, || async {
            let found = rds.source(Kind::Instance, id).await.map_err(Diagnostic::from)?;
            Ok::<_, Diagnostic>(found.filter(|found| !found.database.is_operational() || is_modified(&wanted, found)))
        });
        looked.await.context("Cannot read the restored DB instance", id).map(drop)
    }

    /// Gives it the roles of the original.
    async fn associate_roles(&self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let (id, wanted) = (&self.db_instance_identifier, self.wanted().settings);
        let Some(wanted) = wanted.get("associated_roles") else { return Ok(()) };
        let doing = "Cannot associate the roles of the restored DB instance";
        let there = rds.instance_roles(id).await.context(doing, id)?;
        for (role, feature) in settings::roles(wanted) {
            if there.iter().any(|one| (one.arn.as_str(), one.feature.as_str()) == (role, feature)) {
                continue;
            }
            cx.progress(format!("Associating the role \"{role}\" with \"{id}\""));
            let added = cx.until(&lag::DATABASE_BUSY, || async {
                match rds.add_role_to_instance(id, role, feature).await {
                    Err(error) if error.is_already_exists() => Ok(()),
                    Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                    answer => answer.map_err(Failed::finally),
                }
            });
            added.await.context(doing, id)?;
        }
        let there = cx.wait(&ROLES_ACTIVE, || rds.instance_roles(id)).await.context(doing, id)?;
        match there.iter().find(|role| role.status != ACTIVE) {
            Some(InstanceRole { arn, feature, status }) => Err(diagnostics::role_invalid(arn, feature, status)),
            None => Ok(()),
        }
    }

    /// Deletes the DB instance, and what an interrupted create has left. False, with a warning, if it is another one.
    ///
    /// # Errors
    /// Deletion protection is on, AWS refused something, or the time is up.
    pub(super) async fn remove(&self, cx: &Ctx, rds: &Rds) -> Result<bool> {
        let id = &self.db_instance_identifier;
        let look = || async { rds.source(Kind::Instance, id).await.map_err(Diagnostic::from) };
        let doing = "Cannot delete the DB instance";
        let known = self.resource_id.get().ok().map(String::as_str);
        let found = rds.source_or_renamed(Kind::Instance, id, known).await.context(doing, id)?;
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
            if found.is_protected {
                return Err(diagnostics::protected(id));
            }
            let last = self.final_snapshot_identifier.as_deref();
            let delete = || async {
                match look().await.map_err(Failed::finally)? {
                    Some(found) if found.database.status != "deleting" => {
                        match rds.delete_database(Kind::Instance, id, last).await {
                            Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                            answer => answer.map_err(Failed::finally),
                        }
                    }
                    _ => Ok(()),
                }
            };
            cx.until(&lag::DATABASE_BUSY, delete).await.context(doing, id)?;
            cx.wait(&GONE, look).await.context(doing, id)?;
        }
        if let Some(mark) = mark.filter(|_| self.quiet) {
            Quiet { database: &self.target(), mark: &mark }.remove(cx, rds).await?;
        }
        Ok(true)
    }

    fn target(&self) -> Target {
        let region = self.region.get().ok().cloned();
        Target { kind: Kind::Instance, identifier: self.db_instance_identifier.clone(), region }
    }

    async fn place(&self, cx: &Ctx) -> Result<String> {
        world::place(cx, self.region.get().ok().map(String::as_str)).await
    }
}

/// Whether everything that a modification carries over is as it is wanted.
fn is_modified(wanted: &Settings, found: &Source) -> bool {
    let is = settings::of(found);
    let mut modified = wanted.iter().filter(|(name, _)| settings::is_modified(name));
    modified.all(|(name, value)| same(name, Some(value), is.get(name).map(String::as_str)))
}
