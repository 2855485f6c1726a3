//! The steps from a snapshot to a cluster that is like the original. Each goes on from what exists already.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Ended, Failed, Map, Wait};

use crate::attributes::tags::{self, Changes};
use crate::aws::rds::cluster_restore::NewCluster;
use crate::aws::rds::snapshots::Snapshot;
use crate::aws::rds::{Kind, Rds, Source, cluster_modifications};
use crate::aws::{self, lag};
use crate::ownership::{self, Seen};
use crate::parts::rds::carried::{self, Settings, same};
use crate::records::claims::{Claim, Creator};
use crate::resources::encrypted_cluster_restore::settings::{self, of_cluster};
use crate::resources::encrypted_cluster_restore::{EncryptedClusterRestore, diagnostics, foreseen};
use crate::world::Ctx;

/// What every error of a create is about.
pub(super) const DOING: &str = "Cannot restore the DB cluster";

/// What was waited for, or why it was not waited for any longer.
pub(super) enum Waited<T> {
    Ready(T),
    Late(Diagnostic),
}

/// A cluster on its way to the settings that were asked for.
struct Modified {
    cluster: Box<Source>,
    /// Names of settings that do not show yet.
    missing: Vec<String>,
    looks: u32,
}

/// RDS may never show a setting in the words in which it was asked for. Then `differences` has it.
const MOST_LOOKS: u32 = 30;

const SNAPSHOT_AVAILABLE: Wait<Option<Snapshot>> = Wait {
    what: "the snapshot to be available",
    done: |found| found.as_ref().is_some_and(Snapshot::is_available),
    failed: |found| found.as_ref().is_none_or(Snapshot::has_failed),
    seen: |found| match found {
        Some(found) => format!("the status of \"{}\" is \"{}\"", found.identifier, found.status),
        None => "it does not exist".to_owned(),
    },
    pauses: lag::SNAPSHOT,
};

const AVAILABLE: Wait<Seen<Source>> = Wait {
    what: "the restored DB cluster to be available",
    done: |seen| match seen {
        Seen::Found(found) => found.database.is_operational(),
        Seen::Gone => false,
        Seen::Unclear(_) => true,
    },
    failed: |seen| match seen {
        Seen::Found(found) => found.database.is_stuck(),
        Seen::Gone => true,
        Seen::Unclear(_) => false,
    },
    seen: |seen| match seen {
        Seen::Found(found) => describe(found),
        Seen::Gone => "it does not exist any more".to_owned(),
        Seen::Unclear(_) => "its status is not known".to_owned(),
    },
    pauses: lag::DATABASE,
};

const MODIFIED: Wait<Seen<Modified>> = Wait {
    what: "the settings of the restored DB cluster to change",
    done: |seen| match seen {
        Seen::Found(now) => now.cluster.database.is_operational() && (now.missing.is_empty() || now.looks > MOST_LOOKS),
        Seen::Gone => false,
        Seen::Unclear(_) => true,
    },
    failed: |seen| match seen {
        Seen::Found(now) => now.cluster.database.is_stuck(),
        Seen::Gone => true,
        Seen::Unclear(_) => false,
    },
    seen: |seen| match seen {
        Seen::Found(now) => {
            format!("{}, and these are not applied: {}", describe(&now.cluster), now.missing.join(", "))
        }
        Seen::Gone => "it does not exist any more".to_owned(),
        Seen::Unclear(_) => "its status is not known".to_owned(),
    },
    pauses: lag::DATABASE,
};

impl EncryptedClusterRestore {
    /// The cluster that an interrupted create has left.
    pub(super) async fn earlier(&self, cx: &Ctx, rds: &Rds, claim: &mut Claim<'_>) -> Result<Option<Source>> {
        let id = &self.cluster_identifier;
        let Some(found) = rds.source(Kind::Cluster, id).await.context(DOING, id)? else { return Ok(None) };
        let mark = tags::mark(&found.tags);
        if !claim.owns_mark(mark.map(String::as_str)) {
            return Err(claim.refuse(&Creator::of(mark)));
        }
        mark.into_iter().for_each(|mark| claim.resume(mark));
        if found.kms_key_id.as_ref() != Some(&self.kms_key_arn) {
            return Err(diagnostics::other_key(&found));
        }
        claim.warn_adopted(cx);
        Ok(Some(found))
    }

    /// Reads the settings of the original, its members and its custom endpoints.
    ///
    /// # Errors
    /// It does not exist, or AWS refused something.
    pub(super) async fn read_original(&mut self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let source = self.source_cluster_identifier.clone();
        let at = |error: Diagnostic| error.at(Self::source_cluster_identifier);
        let found = rds.source(Kind::Cluster, &source).await.context(DOING, &source).map_err(at)?;
        let Some(found) = found else { return Err(diagnostics::source_missing(&source, &self.place(cx).await?)) };
        let members = rds.relatives(&found).await.context(DOING, &source).map_err(at)?;
        let endpoints = rds.custom_endpoints_of(&found).await.context(DOING, &source).map_err(at)?;
        let copied = cx.tags().seen(&found.tags, None, &[]);
        let own = self.all_tags(cx, &Map::new())?;
        let copied = tags::not_overridden(&copied, &[&own]);
        self.copied_tags =
            copied.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<Map<String>>().into();
        self.source_settings = settings::of_original(&found, &members, &endpoints).into();
        self.engine = found.database.engine.clone().into();
        Ok(())
    }

    /// Waits for the snapshot, and restores it.
    ///
    /// # Errors
    /// The snapshot does not exist or does not fit, or AWS refused the restore. Nothing was created.
    pub(super) async fn restore(
        &self,
        cx: &Ctx,
        rds: &Rds,
        claim: &Claim<'_>,
        temporary: Option<String>,
    ) -> Result<Source> {
        let (id, name) = (&self.cluster_identifier, self.snapshot(cx).await?);
        let at = |error: Diagnostic| error.at(Self::snapshot_identifier);
        let snapshot = rds.cluster_snapshot(&name).await.context(DOING, &name).map_err(at)?;
        let Some(snapshot) = snapshot else {
            let is_of_instance = foreseen::is_of_instance(rds, &name).await;
            return Err(diagnostics::snapshot_missing(&name, &self.place(cx).await?, is_of_instance));
        };
        foreseen::check_snapshot(&snapshot)?;
        let engine = self.engine.get()?;
        if snapshot.engine != *engine {
            return Err(diagnostics::other_engine(&snapshot, &self.source_cluster_identifier, engine));
        }
        if !snapshot.is_available() {
            cx.wait(&SNAPSHOT_AVAILABLE, || rds.cluster_snapshot(&name)).await.context(DOING, &name).map_err(at)?;
        }
        let mut wanted = self.wanted_cluster();
        wanted.settings.extend(temporary.map(|group| (GROUP.to_owned(), group)));
        let tags = tags::marked(&self.created_tags(cx, &wanted.tags)?, claim.mark());
        let new = NewCluster { identifier: id, snapshot: &name, engine, key: &self.kms_key_arn, tags: &tags };
        let arguments: Vec<_> = wanted.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        claim.note(cx, None, None);
        let finally = |why: Diagnostic| Err::<Source, _>(why).context(DOING, id).map_err(Failed::finally);
        let for_now = |why: Diagnostic| Err::<Source, _>(why).context(DOING, id).map_err(Failed::for_now);
        let restored = cx.until(&lag::DATABASE_BUSY, || async {
            match rds.restore_cluster(new, &arguments).await {
                Ok(made) => Ok(made),
                // Perhaps the answer to an earlier attempt was lost.
                Err(error) if error.is_already_exists() => match rds.source(Kind::Cluster, id).await {
                    Ok(Some(found)) if tags::mark(&found.tags) == Some(&claim.mark()) => Ok(found),
                    Ok(Some(found)) => Err(Failed::finally(claim.refuse(&Creator::of(tags::mark(&found.tags))))),
                    Ok(None) => for_now(error.into()),
                    Err(error) => finally(error.into()),
                },
                Err(error) if error.is_invalid_state() => for_now(error.into()),
                Err(error) => {
                    let is_key = error.is_key_unusable();
                    let why = diagnostics::refused(error);
                    finally(if is_key { why.at(Self::kms_key_arn) } else { why })
                }
            }
        });
        restored.await
    }

    /// The cluster exists: from here on there is a state.
    pub(super) fn begun(&mut self, cx: &Ctx, cluster: &Source) -> Result<()> {
        self.fill(cluster)?;
        self.complete = false.into();
        self.members = Vec::new().into();
        self.custom_endpoints = Vec::new().into();
        self.differences = Vec::new().into();
        self.tags_all = self.all_tags(cx, &self.copied())?.into();
        cx.save(&*self);
        Ok(())
    }

    /// Goes on from a cluster that exists, and describes what exists at the end. It is no error if a wait is cut off.
    ///
    /// # Errors
    /// Something has failed, or AWS refused something.
    pub(super) async fn go_on(&mut self, cx: &Ctx, rds: &Rds, mark: &str, claim: Option<&Claim<'_>>) -> Result<()> {
        if let Waited::Late(why) = self.carry_over(cx, rds, mark, claim).await? {
            cx.warn(carried::late(&self.what(), &why));
            return Ok(());
        }
        self.complete = true.into();
        let differences = self.differences.get()?;
        if !differences.is_empty() {
            cx.warn(carried::differs(&self.what(), differences));
        }
        Ok(())
    }

    async fn carry_over(&mut self, cx: &Ctx, rds: &Rds, mark: &str, claim: Option<&Claim<'_>>) -> Result<Waited<()>> {
        let id = self.cluster_identifier.clone();
        let cluster = match waited(cx, &AVAILABLE, || look(cx, rds, &id)).await? {
            Waited::Ready(cluster) => cluster,
            Waited::Late(why) => return Ok(Waited::Late(why)),
        };
        self.fill(&cluster)?;
        cx.save(&*self);
        if let Waited::Late(why) = self.create_members(cx, rds, &cluster, mark).await? {
            return Ok(Waited::Late(why));
        }
        if let Waited::Late(why) = self.finish_quietly(cx, rds, mark, claim).await? {
            return Ok(Waited::Late(why));
        }
        let cluster = match self.modify(cx, rds).await? {
            Waited::Ready(cluster) => cluster,
            Waited::Late(why) => return Ok(Waited::Late(why)),
        };
        self.fill(&cluster)?;
        if let Waited::Late(why) = self.create_endpoints(cx, rds, mark).await? {
            return Ok(Waited::Late(why));
        }
        let cluster = match look(cx, rds, &id).await? {
            Seen::Found(cluster) => cluster,
            Seen::Gone => return Err(diagnostics::gone(&id)),
            Seen::Unclear(why) => return Ok(Waited::Late(why)),
        };
        self.fill(&cluster)?;
        let filled = async {
            self.complete = true.into();
            self.fill_parts(rds, &cluster).await
        };
        match filled.await {
            Ok(()) => Ok(Waited::Ready(())),
            Err(error) => {
                self.complete = false.into();
                late(error, &id)
            }
        }
    }

    /// Sets what the restore does not take.
    async fn modify(&self, cx: &Ctx, rds: &Rds) -> Result<Waited<Box<Source>>> {
        let id = &self.cluster_identifier;
        let wanted = self.wanted_cluster().settings;
        let asked = cx.until(&lag::DATABASE_BUSY, || async {
            let cluster = match waited(cx, &AVAILABLE, || look(cx, rds, id)).await? {
                Waited::Ready(cluster) => cluster,
                Waited::Late(why) => return Ok(Waited::Late(why)),
            };
            let is = of_cluster(&cluster);
            if wanted.contains_key(HTTP_ENDPOINT) && !is.contains_key(HTTP_ENDPOINT) {
                match rds.enable_http_endpoint(&cluster.database.arn).await {
                    Ok(()) => {}
                    Err(error) if error.is_invalid_state() => return Err(Failed::for_now(error)),
                    Err(error) => return late(error, id).map_err(Failed::finally),
                }
            }
            let missing = missing(&wanted, &is);
            if missing.is_empty() {
                return Ok(Waited::Ready(()));
            }
            match rds.modify_cluster(id, &missing).await {
                Ok(()) => Ok(Waited::Ready(())),
                Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                Err(error) => late(error, id).map_err(Failed::finally),
            }
        });
        if let Waited::Late(why) = asked.await? {
            return Ok(Waited::Late(why));
        }
        let mut looks = 0;
        let seen = waited(cx, &MODIFIED, || {
            looks += 1;
            let (looks, wanted) = (looks, &wanted);
            async move {
                Ok::<_, Diagnostic>(match look(cx, rds, id).await? {
                    Seen::Found(cluster) => {
                        let is = of_cluster(&cluster);
                        let missing = missing(wanted, &is).iter().map(|(name, _)| (*name).to_owned()).collect();
                        Seen::Found(Box::new(Modified { cluster, missing, looks }))
                    }
                    Seen::Gone => Seen::Gone,
                    Seen::Unclear(why) => Seen::Unclear(why),
                })
            }
        });
        Ok(match seen.await? {
            Waited::Ready(now) => Waited::Ready(now.cluster),
            Waited::Late(why) => Waited::Late(why),
        })
    }

    /// The tags with which an object is created: all of its original's, also those that the provider ignores.
    pub(super) fn created_tags(&self, cx: &Ctx, original: &Map<String>) -> Result<Map<String>> {
        self.all_tags(cx, original)
    }

    /// Writes the tags of the cluster.
    pub(super) async fn write_tags(&mut self, cx: &Ctx, rds: &Rds, found: &Source) -> Result<()> {
        let copied = self.copied();
        let wanted = self.all_tags(cx, &copied)?;
        let seen = cx.tags().seen(&found.tags, self.tags.as_ref(), &tags::not_overridden(&copied, &[]));
        let Changes { set, removed } = Changes::between(&seen, &wanted);
        let (id, arn) = (&self.cluster_identifier, &found.database.arn);
        let at = |error: Diagnostic| error.at(Self::tags);
        for key in &removed {
            rds.remove_tag(arn, key).await.context("Cannot untag the DB cluster", id).map_err(at)?;
        }
        for (key, value) in &set {
            rds.set_tag(arn, key, value).await.context("Cannot tag the DB cluster", id).map_err(at)?;
        }
        self.tags_all = wanted.into();
        Ok(())
    }
}

/// The setting that is another one as long as the cluster is kept quiet.
pub(super) const GROUP: &str = "db_cluster_parameter_group_name";

const HTTP_ENDPOINT: &str = "http_endpoint_enabled";

const INSIGHTS: &str = "database_insights_mode";

/// The settings that a modification has to change. The key of a secret is chosen when RDS begins to manage it. RDS wants to be
/// told of Performance Insights in the request that turns Database Insights on.
fn missing<'a>(wanted: &'a Settings, is: &Settings) -> Vec<(&'a str, &'a str)> {
    let has_secret = is.contains_key("master_user_secret");
    let is_missing = |(name, value): &(&String, &String)| {
        let is_fixed = has_secret && *name == "master_user_secret_kms_key_id";
        !is_fixed && !same(name, Some(value), is.get(*name).map(String::as_str))
    };
    let modified = |(name, _): &(&String, &String)| cluster_modifications().any(|modified| modified == *name);
    let names = wanted.iter().filter(modified).filter(is_missing);
    let mut missing: Vec<_> = names.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if missing.iter().any(|(name, _)| *name == INSIGHTS) {
        let with = wanted.iter().filter(|(name, _)| name.starts_with("performance_insights_"));
        missing.extend(with.map(|(name, value)| (name.as_str(), value.as_str())));
    }
    missing
}

/// Waits for something that goes on by itself.
pub(super) async fn waited<T, F>(cx: &Ctx, wait: &Wait<Seen<T>>, look: impl FnMut() -> F) -> Result<Waited<Box<T>>>
where
    F: Future<Output = Result<Seen<T>>>,
{
    Ok(match cx.wait_or_late(wait, look).await? {
        Ended::Done(Seen::Found(found)) => Waited::Ready(found),
        Ended::Done(Seen::Unclear(why)) | Ended::Late(_, why) => Waited::Late(why),
        Ended::Done(Seen::Gone) => return Err(Diagnostic::bug("a wait for nothing has ended")),
    })
}

/// One look at the cluster.
async fn look(cx: &Ctx, rds: &Rds, id: &str) -> Result<Seen<Source>> {
    ownership::look(cx, "the status of the DB cluster", || rds.source(Kind::Cluster, id)).await.context(DOING, id)
}

/// What a failed read or request means for what exists already: nothing, if the next run can go on.
///
/// # Errors
/// AWS refused it.
pub(super) fn late<T>(error: aws::Error, about: &str) -> Result<Waited<T>> {
    match error.leaves_open() {
        true => Ok(Waited::Late(error.into())),
        false => Err(diagnostics::refused(error)).context(DOING, about),
    }
}

fn describe(found: &Source) -> String {
    let database = &found.database;
    let advice = database.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("the status of \"{}\" is \"{}\"{advice}", database.identifier, database.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_modified() {
        let settings = |pairs: &[(&str, &str)]| -> Settings {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let window = ("preferred_maintenance_window", "sun:05:00-sun:05:30");
        let secret = [("master_user_secret", "arn:old"), ("master_user_secret_kms_key_id", "key")];
        let wanted = settings(&[window, secret[0], secret[1], ("engine_version", "16.4"), ("port", "5432")]);
        assert_eq!(missing(&wanted, &Settings::new()), [secret[0], secret[1], window]);
        let is = settings(&[("master_user_secret", "arn:new"), ("master_user_secret_kms_key_id", "other")]);
        assert_eq!(missing(&wanted, &is), [window]);
        assert_eq!(missing(&wanted, &settings(&[window, ("master_user_secret", "arn:new")])), []);
        let insights = [("database_insights_mode", "advanced"), ("performance_insights_retention_period", "465")];
        assert_eq!(missing(&settings(&insights), &settings(&insights[1..])), insights);
        assert_eq!(missing(&settings(&insights), &settings(&insights)), []);
    }
}
