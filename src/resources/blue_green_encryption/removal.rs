//! What is deleted: the deployment, before a switchover its green environment, and by consent the old environment.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, Failed, Resource as _, Wait};

use crate::attributes::tags;
use crate::aws::lag;
use crate::aws::rds::Rds;
use crate::aws::rds::blue_green::{COMPLETED, Deployment, Part};
use crate::ownership::{self, Seen};
use crate::parts::rds::switchover::{self, part};
use crate::records::claims;
use crate::resources::blue_green_encryption::steps::By;
use crate::resources::blue_green_encryption::{BlueGreenEncryption, diagnostics};
use crate::world::Ctx;

/// What every error of a destroy is about.
const DOING: &str = "Cannot delete the blue/green deployment";

/// The status of a database that is being deleted.
const GOING: &str = "deleting";

const SETTLED: Wait<Seen<Deployment>> = Wait {
    what: "the blue/green deployment to accept its deletion",
    done: |seen| match seen {
        Seen::Found(found) => !switchover::is_under_way(found),
        Seen::Gone | Seen::Unclear(_) => true,
    },
    failed: |_| false,
    seen: |seen| match seen {
        Seen::Found(found) => format!("its status is \"{}\"", found.status),
        _ => "its status is not known".to_owned(),
    },
    pauses: lag::DEPLOYMENT,
};

const GONE: Wait<Option<Deployment>> = Wait {
    what: "the blue/green deployment to be gone",
    done: Option::is_none,
    failed: |_| false,
    seen: |found| found.as_ref().map_or_else(String::new, |found| format!("its status is \"{}\"", found.status)),
    pauses: lag::DEPLOYMENT,
};

const DATABASES_GONE: Wait<Vec<Part>> = Wait {
    what: "the old environment to be gone",
    done: Vec::is_empty,
    failed: |_| false,
    seen: |parts| {
        let told = parts.iter().map(|part| format!("\"{}\" is \"{}\"", part.identifier, part.status));
        told.collect::<Vec<_>>().join(", ")
    },
    pauses: lag::DATABASE,
};

impl BlueGreenEncryption {
    /// Destroys what this resource has created: never the database that is in production.
    pub(super) async fn remove(mut self, cx: &Ctx) -> Result<()> {
        let (rds, name) = (self.rds(cx).await?, self.blue_green_deployment_name.clone());
        // What is under way decides which of the two environments is in production.
        let watched = self.watched(&rds);
        let found = match cx.wait(&SETTLED, || watched.look(cx)).await.context(DOING, &name)? {
            Seen::Found(found) => Some(*found),
            Seen::Gone => None,
            Seen::Unclear(why) => return Err(why),
        };
        if let Some(found) = &found {
            if claims::is_of_another(cx, Self::TYPE, tags::mark(&found.tags).map(String::as_str)) {
                cx.warn(claims::recreated(&ownership::subject(&self)?));
                return Ok(());
            }
            let parts = rds.parts(&found.arns()).await.context(DOING, &name)?;
            self.fill(found, Some(&parts))?;
        }
        if self.status == Computed::Known(COMPLETED.to_owned()) {
            if self.delete_old_environment {
                self.remove_old_environment(cx, &rds, By::Update).await?;
            } else if self.old_environment_deleted != Computed::Known(true) {
                cx.warn(diagnostics::old_environment_stays(&self.old_arns()));
            }
        }
        match &found {
            Some(found) => self.remove_deployment(cx, &rds, found).await.context(DOING, &name),
            None => Ok(()),
        }
    }

    /// Deletes a deployment, and its green environment unless that is in production. RDS does not delete databases with
    /// deletion protection, which the green ones have from the blue ones.
    pub(super) async fn remove_deployment(&self, cx: &Ctx, rds: &Rds, found: &Deployment) -> Result<()> {
        let deletes_green = found.status != COMPLETED;
        if deletes_green {
            let greens: Vec<_> =
                found.pairs.iter().filter_map(|pair| pair.target.as_deref()).chain(found.target.as_deref()).collect();
            let blues: Vec<_> = found.pairs.iter().filter_map(|pair| pair.source.as_deref()).collect();
            for green in rds.parts(&greens).await?.iter().filter(|part| part.is_protected()) {
                if green.arn == found.source || blues.contains(&green.arn.as_str()) {
                    return Err(Diagnostic::bug("a database is blue and green"));
                }
                let unprotected = cx.until(&lag::DATABASE_BUSY, || async {
                    match rds.unprotect(green.kind, &green.identifier).await {
                        Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                        answer => answer.map_err(Failed::finally),
                    }
                });
                unprotected.await?;
            }
        }
        cx.until(&lag::DEPLOYMENT_BUSY, || rds.delete_deployment(&found.id, deletes_green)).await?;
        self.wait_until_gone(cx, rds).await
    }

    pub(super) async fn wait_until_gone(&self, cx: &Ctx, rds: &Rds) -> Result<()> {
        cx.wait(&GONE, || rds.deployment(&self.blue_green_deployment_name)).await.map(drop)
    }

    /// Deletes the databases that were in production before the switchover. After an error of a create, core would
    /// replace the resource, so that is a warning there.
    pub(super) async fn remove_old_environment(&mut self, cx: &Ctx, rds: &Rds, by: By) -> Result<()> {
        if !self.delete_old_environment {
            return Ok(());
        }
        // An interruption is an error as well.
        let deleted = cx.wait_for("the old environment to be deleted", self.delete_old(cx, rds)).await;
        match (deleted.and_then(|deleted| deleted), by) {
            (Ok(()), _) => self.old_environment_deleted = true.into(),
            (Err(why), By::Create) => cx.warn(diagnostics::old_environment_left(why)),
            (Err(why), By::Update) => return Err(why),
        }
        Ok(())
    }

    /// Members and read replicas go first, since RDS deletes neither a cluster nor an original that has some.
    async fn delete_old(&self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let doing = "Cannot delete the old environment";
        let arns = self.old_arns();
        let main = self.source_arn.get()?;
        let target = self.target_arn.get()?.as_deref().unwrap_or_default();
        let all: Vec<_> = arns.iter().map(String::as_str).chain([target]).collect();
        let parts = rds.parts(&all).await.context(doing, main)?;
        // Only if the databases are those that were exchanged, it is known which is in production.
        let production = part(&parts, Some(target)).map(|part| part.resource_id.clone());
        if production.is_none() || self.target_resource_id != Computed::Known(production) {
            return Err(diagnostics::not_in_production(target));
        }
        let mut olds = Vec::new();
        for old in arns.iter().filter_map(|arn| part(&parts, Some(arn))) {
            if old.arn == target || !self.is_old(old)? {
                return Err(diagnostics::not_the_old_one(old));
            }
            if old.is_protected() && old.status != GOING {
                return Err(diagnostics::old_is_protected(old));
            }
            olds.push(old);
        }
        for old in &olds {
            let snapshot = self.final_snapshot_identifier.as_deref().filter(|_| old.arn == *main);
            let deleted = cx.until(&lag::DATABASE_BUSY, || async {
                match rds.delete_database(old.kind, &old.identifier, snapshot).await {
                    Err(error) if error.is_invalid_state() => match rds.parts(&[&old.arn]).await {
                        Ok(now) if now.iter().all(|now| now.status == GOING) => Ok(()),
                        _ => Err(Failed::for_now(error)),
                    },
                    answer => answer.map_err(Failed::finally),
                }
            });
            deleted.await.context(doing, &old.identifier)?;
        }
        let arns: Vec<_> = olds.iter().map(|old| old.arn.as_str()).collect();
        cx.wait(&DATABASES_GONE, || rds.parts(&arns)).await.context(doing, main).map(drop)
    }

    /// Whether a database is one of those that were in production before.
    fn is_old(&self, old: &Part) -> Result<bool> {
        let id = Some(old.resource_id.clone());
        let is_member = self.members.get()?.iter().any(|member| member.source_resource_id == id);
        Ok(is_member || *self.source_resource_id.get()? == id)
    }
}
