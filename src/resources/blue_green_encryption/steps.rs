//! The steps from a database to its encrypted successor. Each goes on from what exists already.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::Failed;

use crate::arn;
use crate::attributes::tags::{self, Changes};
use crate::aws::lag;
use crate::aws::rds::blue_green::{COMPLETED, DELETING, Deployment, INVALID, NewDeployment, PROVISIONING, Part};
use crate::aws::rds::{Kind, Rds, Source};
use crate::ownership::Seen;
use crate::parts::rds::database::{self, Target};
use crate::parts::rds::encryption;
use crate::parts::rds::switchover::{self, Switchover, Waited, part};
use crate::records::claims::{Claim, Creator};
use crate::resources::blue_green_encryption::{BlueGreenEncryption, diagnostics, foreseen};
use crate::world::Ctx;

/// What every error of a create is about.
pub(super) const DOING: &str = "Cannot create the blue/green deployment";

/// Which operation goes on with a deployment. After an error of a create, core would replace a green environment that is
/// still good: it warns in place of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Create,
    Update,
}

impl BlueGreenEncryption {
    /// The deployment that an interrupted create has left. One of another database or with another key, which the
    /// configuration had then, is deleted with its green environment, unless that is in production.
    pub(super) async fn earlier(&self, cx: &Ctx, rds: &Rds, claim: &mut Claim<'_>) -> Result<Option<Deployment>> {
        let name = &self.blue_green_deployment_name;
        let Some(found) = rds.deployment(name).await.context(DOING, name)? else { return Ok(None) };
        if found.status == DELETING {
            self.wait_until_gone(cx, rds).await.context(DOING, name)?;
            return Ok(None);
        }
        let mark = tags::mark(&found.tags);
        if !claim.owns_mark(mark.map(String::as_str)) {
            return Err(claim.refuse(&Creator::of(mark)));
        }
        mark.into_iter().for_each(|mark| claim.resume(mark));
        let parts = rds.parts(&found.arns()).await.context(DOING, name)?;
        if found.status != INVALID && self.is_meant(&found, &parts)? {
            claim.warn_adopted(cx);
            return Ok(Some(found));
        }
        if found.status == COMPLETED {
            return Err(claim.refuse(&Creator::of(mark)));
        }
        self.remove_deployment(cx, rds, &found).await.context(DOING, name)?;
        Ok(None)
    }

    /// Whether a deployment is of the database and with the key that the configuration has.
    fn is_meant(&self, found: &Deployment, parts: &[Part]) -> Result<bool> {
        let (kind, identifier) = self.database()?;
        let production = if found.status == COMPLETED { found.target.as_deref() } else { Some(found.source.as_str()) };
        let is_same = production.and_then(arn::database_in) == Some((identifier.to_owned(), kind == Kind::Cluster));
        let target = part(parts, found.target.as_deref());
        Ok(is_same && target.is_none_or(|target| target.key.as_ref() == Some(&self.kms_key_arn)))
    }

    /// Creates the deployment.
    ///
    /// # Errors
    /// The database or the key does not exist or cannot be used, or AWS refused something.
    pub(super) async fn begin(&self, cx: &Ctx, rds: &Rds, claim: &Claim<'_>) -> Result<Deployment> {
        let source = self.source(cx, rds).await?;
        foreseen::storage_key(&self.kms_key_arn).check(cx).await?;
        let identifier = &source.database.identifier;
        let relatives = rds.relatives(&source).await.context(DOING, identifier)?;
        let keyed = keyed(&source, &relatives.iter().map(|one| one.identifier.as_str()).collect::<Vec<_>>())?;
        let (name, tags) = (&self.blue_green_deployment_name, tags::marked(&self.all_tags(cx)?, claim.mark()));
        let (source_arn, key) = (&source.database.arn, &self.kms_key_arn);
        claim.note(cx, None, None);
        let made = cx.until(&lag::DATABASE_BUSY, || async {
            let new = NewDeployment { name, source: source_arn, keyed: &keyed, key, tags: &tags };
            match rds.create_deployment(new).await {
                Ok(made) => Ok(made),
                // Perhaps the answer to an earlier attempt was lost.
                Err(error) if error.is_already_exists() => match rds.deployment(name).await {
                    Ok(Some(found)) if tags::mark(&found.tags) == Some(&claim.mark()) => Ok(found),
                    Ok(Some(found)) => Err(Failed::finally(claim.refuse(&Creator::of(tags::mark(&found.tags))))),
                    Ok(None) => Err(Failed::for_now(error)),
                    Err(error) => Err(Failed::finally(error)),
                },
                Err(error) if error.is_invalid_state() => {
                    let kind = source.database.kind;
                    match rds.database(kind, identifier).await {
                        Ok(Some(found)) if found.is_stuck() => {
                            Err(Failed::finally(self.at_database(diagnostics::stuck(error, &found))))
                        }
                        _ => Err(Failed::for_now(error)),
                    }
                }
                Err(error) => Err(Failed::finally(self.refused(rds, error, &source).await)),
            }
        });
        made.await
    }

    /// The error of AWS, with the other ways where this one is not open.
    async fn refused(&self, rds: &Rds, error: crate::aws::Error, source: &Source) -> Diagnostic {
        let others = match error.is_unsupported() || error.is_key_unusable() {
            true => foreseen::open_ways(rds, source.clone()).await,
            false => Vec::new(),
        };
        let (is_key, is_database) = (error.is_key_unusable(), error.is_unsupported() || error.is_not_found());
        let why = Err::<(), _>(diagnostics::refused(error, &others)).context(DOING, &source.database.identifier);
        match why {
            Err(why) if is_key => why.at(Self::kms_key_arn),
            Err(why) if is_database => self.at_database(why),
            Err(why) => why,
            Ok(()) => Diagnostic::bug("an error is none"),
        }
    }

    /// Goes on from a deployment, and describes what exists at the end. It is no error if a wait is cut off.
    ///
    /// # Errors
    /// The green environment is not fit for a switchover, or AWS refused something.
    pub(super) async fn go_on(&mut self, cx: &Ctx, rds: &Rds, found: Deployment, by: By) -> Result<()> {
        let name = self.blue_green_deployment_name.clone();
        self.tags_all = self.all_tags(cx)?.into();
        let is_provisioning = found.status == PROVISIONING;
        self.refresh(cx, rds, &found, is_provisioning).await.context(DOING, &name)?;
        let mut found = found;
        if switchover::is_under_way(&found) {
            match self.watched(rds).wait(cx, is_provisioning).await.context(DOING, &name)? {
                Waited::Over(over) => found = *over,
                Waited::Late(seen, why) => return self.leave(cx, seen.as_deref(), &why),
            }
        }
        let Some(parts) = self.refresh(cx, rds, &found, false).await.context(DOING, &name)? else {
            return self.leave(cx, None, &Diagnostic::warning("", "RDS did not describe the databases in it."));
        };
        self.write_tags(cx, rds, &found).await?;
        if found.status == INVALID {
            let why = switchover::invalid(&found, diagnostics::if_invalid(by == By::Create));
            return if by == By::Create || self.switchover { Err(why) } else { Ok(()) };
        }
        if found.status != COMPLETED {
            switchover::check_key(&found, &parts, &self.kms_key_arn).map_err(|error| error.at(Self::kms_key_arn))?;
        }
        if self.switchover && found.status != COMPLETED {
            let switched = self.watched(rds).switch(cx, &found.id, self.switchover_timeout).await;
            match switched.map_err(|error| error.at(Self::switchover))? {
                Waited::Over(over) => found = *over,
                Waited::Late(seen, why) => return self.leave(cx, seen.as_deref(), &why),
            }
            match self.refresh(cx, rds, &found, false).await {
                // The switchover has happened, so that the resource must not be replaced.
                Err(why) if by == By::Create => return self.leave(cx, Some(&found), &why),
                refreshed => drop(refreshed.context(switchover::DOING, &name)?),
            }
            if found.status != COMPLETED {
                let why = switchover::undone(&found, diagnostics::IF_UNDONE);
                return if by == By::Create {
                    cx.warn(Diagnostic { severity: Severity::Warning, ..why });
                    Ok(())
                } else {
                    Err(why.at(Self::switchover))
                };
            }
        }
        if found.status == COMPLETED && self.delete_old_environment {
            self.remove_old_environment(cx, rds, by).await?;
            if let Seen::Found(found) = self.watched(rds).look(cx).await? {
                self.refresh(cx, rds, &found, false).await?;
            }
        }
        Ok(())
    }

    /// Describes a deployment with its databases, as far as they can be seen, and saves that. While it is provisioned,
    /// only the blue ones are complete.
    async fn refresh(&mut self, cx: &Ctx, rds: &Rds, found: &Deployment, is_early: bool) -> Result<Option<Vec<Part>>> {
        let arns = found.arns();
        // An interruption must not lose what goes on.
        let parts = match cx.wait_for("the description of the databases", rds.parts(&arns)).await {
            Ok(Ok(parts)) => Some(parts),
            Err(_) => None,
            Ok(Err(error)) if is_early || error.leaves_open() => None,
            Ok(Err(error)) => {
                self.fill(found, None)?;
                cx.save(&*self);
                return Err(error.into());
            }
        };
        self.fill(found, parts.as_deref())?;
        cx.save(&*self);
        Ok(parts)
    }

    /// Leaves what is under way to the next apply.
    fn leave(&mut self, cx: &Ctx, seen: Option<&Deployment>, why: &Diagnostic) -> Result<()> {
        seen.into_iter().try_for_each(|seen| self.fill(seen, None))?;
        cx.warn(diagnostics::late(&self.blue_green_deployment_name, self.status.get()?, why));
        Ok(())
    }

    async fn write_tags(&self, cx: &Ctx, rds: &Rds, found: &Deployment) -> Result<()> {
        let (arn, name) = (self.arn.get()?, &self.blue_green_deployment_name);
        let seen = cx.tags().seen(&found.tags, self.tags.as_ref(), &[]);
        let Changes { set, removed } = Changes::between(&seen, &self.all_tags(cx)?);
        let at = |error: Diagnostic| error.at(Self::tags);
        for key in &removed {
            rds.remove_tag(arn, key).await.context("Cannot untag the blue/green deployment", name).map_err(at)?;
        }
        for (key, value) in &set {
            rds.set_tag(arn, key, value).await.context("Cannot tag the blue/green deployment", name).map_err(at)?;
        }
        Ok(())
    }

    /// The deployment as it is looked at and switched over.
    pub(super) fn watched<'a>(&'a self, rds: &'a Rds) -> Switchover<'a> {
        Switchover {
            rds,
            name: &self.blue_green_deployment_name,
            if_gone: diagnostics::IF_GONE,
            if_refused: diagnostics::IF_REFUSED,
        }
    }

    /// The database to encrypt.
    async fn source(&self, cx: &Ctx, rds: &Rds) -> Result<Source> {
        let (kind, identifier) = self.database()?;
        let found = rds.source(kind, identifier).await.context(DOING, identifier).map_err(|e| self.at_database(e))?;
        let Some(source) = found else {
            let region = self.region.get().ok().cloned();
            let target = Target { kind, identifier: identifier.to_owned(), region };
            return Err(self.at_database(target.absent(cx, rds).await?));
        };
        encryption::refuse_member(&source.database).map_err(|error| self.at_database(error))?;
        Ok(source)
    }

    /// The kind and the identifier of the database.
    pub(super) fn database(&self) -> Result<(Kind, &str)> {
        database::which(self.db_instance_identifier.as_deref(), self.db_cluster_identifier.as_deref())
    }

    fn at_database(&self, error: Diagnostic) -> Diagnostic {
        match self.db_instance_identifier {
            Some(_) => error.at(Self::db_instance_identifier),
            None => error.at(Self::db_cluster_identifier),
        }
    }
}

/// The ARNs of the databases whose counterparts get the key: a DB cluster, or a DB instance and its read replicas.
fn keyed(source: &Source, relatives: &[&str]) -> Result<Vec<String>> {
    let own: arn::Arn = source.database.arn.parse().map_err(|error: arn::ArnError| Diagnostic::bug(error))?;
    let replicas = if source.database.kind == Kind::Instance { relatives } else { &[] };
    let arns = replicas.iter().map(|name| arn::instance_beside(&own, name).to_string());
    Ok([source.database.arn.clone()].into_iter().chain(arns).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::rds::encryption::facts::tests::facts;

    #[test]
    fn each_read_replica_gets_the_key_and_a_cluster_as_a_whole() {
        let mut source = facts("postgres").source;
        let arn = |name: &str| format!("arn:aws:rds:eu-west-1:123456789012:{name}");
        let all = keyed(&source, &["orders-a", "orders-b"]).unwrap();
        assert_eq!(all, [arn("db:orders"), arn("db:orders-a"), arn("db:orders-b")]);
        (source.database.kind, source.database.arn) = (Kind::Cluster, arn("cluster:orders"));
        assert_eq!(keyed(&source, &["orders-1"]).unwrap(), [arn("cluster:orders")]);
    }
}
