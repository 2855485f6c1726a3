//! Keeps a restored database quiet until what acts by itself in it has been stopped.
//!
//! A copy has the subscriptions, scheduled jobs and events of its source, enabled. As soon as it runs they would act in
//! the place of the source, or a second time. It is therefore restored with a temporary parameter group: that which it
//! shall have in the end, with parameters that hold them back. Once they have been stopped in the databases, it gets its
//! own group, and the temporary one is deleted. That one is what tells a later run how far an earlier one came: its name
//! follows from that of the database, its tags say which create it belongs to and what it stands for, and it goes last.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Failed, Map};

use crate::attributes::tags;
use crate::aws::lag;
use crate::aws::rds::groups::NewGroup;
use crate::aws::rds::parameters::{Group, Parameter, Setting};
use crate::aws::rds::{Database, Rds};
use crate::parts::rds::database::Target;
use crate::parts::rds::parameter_group;
use crate::records::claims::Claim;
use crate::records::quieted::STANDS_FOR;
use crate::world::Ctx;

/// A database that is restored.
#[derive(Clone, Copy, Debug)]
pub struct Quiet<'a> {
    /// The database.
    pub database: &'a Target,
    /// The mark of its create, for the temporary parameter group.
    pub mark: &'a str,
}

/// What the tags of a temporary parameter group say.
struct Found {
    /// Which create it belongs to.
    mark: Option<String>,
    /// The name of the parameter group that the database shall have in the end.
    wanted: Option<String>,
}

/// What the name of a temporary parameter group ends in.
const TEMPORARY: &str = "-rdsauth-quiet";

/// Parameters that hold back what acts by itself, and values for it in the order of preference. Which of them there are
/// depends on the engine and its version.
const GUARDS: [(&str, &[&str]); 4] = [
    ("max_logical_replication_workers", &["0"]),
    ("cron.launch_active_jobs", &["0", "off"]),
    ("cron.max_running_jobs", &["0"]),
    ("event_scheduler", &["OFF"]),
];

/// What begins the parameters of pg_cron, and where it is loaded.
const CRON: (&str, &str, &str) = ("cron.", "shared_preload_libraries", "pg_cron");

/// What every error is about.
const DOING: &str = "Cannot keep the restored database quiet";

impl Quiet<'_> {
    /// Creates the temporary parameter group, before the database is restored with it. Goes on with one that an earlier
    /// run of the same create has left.
    ///
    /// # Errors
    /// A parameter group of that name is not of this create, or AWS refused something.
    pub async fn guard(cx: &Ctx, rds: &Rds, database: &Target, wanted: &str, claim: &mut Claim<'_>) -> Result<Group> {
        let group = temporary(database);
        match find(rds, &group).await.context(DOING, &group)? {
            Some(Found { mark, .. }) if claim.owns_mark(mark.as_deref()) => {
                mark.iter().for_each(|mark| claim.resume(mark));
            }
            Some(_) => {
                claim.withdraw();
                return Err(foreign(&group));
            }
            None => {
                cx.progress(format!("Creating the temporary {group}"));
                claim.note(cx, None, None);
                create(rds, &group, wanted, claim.mark()).await.context(DOING, &group)?;
            }
        }
        let mut names: Vec<_> = GUARDS.iter().map(|(name, _)| *name).collect();
        names.push(CRON.1);
        let known = rds.parameters_named(&group, &names).await.context(DOING, &group)?;
        if is_cron_free(&known) {
            cx.warn(unguarded(&group));
        }
        let missing: Vec<_> = guards(&known).into_iter().filter(|guard| !is_set(&known, guard)).collect();
        if !missing.is_empty() {
            let written = parameter_group::write(cx, rds, &group, &missing).await;
            written.map_err(Diagnostic::from).context(DOING, &group)?;
        }
        Ok(group)
    }

    /// Goes on from however far the database has come: stops what acts by itself, unless it has its own parameter group
    /// already, and gives it that. Nothing is done if that has been done.
    ///
    /// # Errors
    /// It could not be stopped, AWS refused something, or the time is up.
    pub async fn finish<F: Future<Output = Result<()>>>(
        &self,
        cx: &Ctx,
        rds: &Rds,
        stop: impl FnOnce(Database) -> F,
    ) -> Result<()> {
        let group = temporary(self.database);
        let Some(wanted) = self.pending(rds, &group).await.context(DOING, &group)? else { return Ok(()) };
        let now = self.database.wait_until_operational(cx, rds).await.context(DOING, self.database)?;
        if now.group == group.name {
            stop(now).await?;
        }
        let wanted = Group { name: wanted, ..group.clone() };
        cx.progress(format!("Giving \"{}\" the {wanted} and rebooting it", self.database));
        let set = || async {
            match self.database.read(cx, rds).await? {
                now if now.group == wanted.name => Ok(()),
                _ => match rds.set_group(&self.database.identifier, &wanted).await {
                    Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                    answer => Ok(answer.map_err(Diagnostic::from)?),
                },
            }
        };
        cx.until(&lag::DATABASE_BUSY, set).await.context(DOING, self.database)?;
        self.database.reboot(cx, rds, true).await.context(DOING, self.database)?;
        cx.until(&lag::GROUP_IN_USE, || rds.delete_group(&group)).await.context(DOING, &group)
    }

    /// Deletes the temporary parameter group of a database that is gone, unless it is not of this create.
    ///
    /// # Errors
    /// AWS refused something, or the time is up.
    pub async fn remove(&self, cx: &Ctx, rds: &Rds) -> Result<()> {
        let group = temporary(self.database);
        match find(rds, &group).await.context(DOING, &group)? {
            Some(found) if found.mark.as_deref() == Some(self.mark) => {
                cx.until(&lag::GROUP_IN_USE, || rds.delete_group(&group)).await.context(DOING, &group)
            }
            _ => Ok(()),
        }
    }

    /// The parameter group that the database shall have in the end, as long as the temporary one exists.
    async fn pending(&self, rds: &Rds, group: &Group) -> Result<Option<String>> {
        match find(rds, group).await? {
            None => Ok(None),
            Some(Found { mark: Some(mark), wanted: Some(wanted) }) if mark == self.mark => Ok(Some(wanted)),
            Some(_) => Err(foreign(group)),
        }
    }
}

async fn create(rds: &Rds, group: &Group, wanted: &str, mark: String) -> Result<()> {
    let tags = tags::marked(&[(STANDS_FOR.to_owned(), wanted.to_owned())].into(), mark.clone());
    let description = "Temporary, until what acts by itself in the restored database is stopped";
    let new = NewGroup { group, description, tags: &tags };
    let created = match wanted.strip_prefix("default.") {
        Some(family) => rds.create_group(family, new).await,
        None => rds.copy_group(wanted, new).await,
    };
    match created {
        // Perhaps the answer to an earlier attempt was lost.
        Err(error) if error.is_already_exists() => match find(rds, group).await? {
            Some(found) if found.mark == Some(mark) => Ok(()),
            _ => Err(error.into()),
        },
        created => Ok(created?),
    }
}

/// The temporary parameter group of a database.
fn temporary(database: &Target) -> Group {
    Group { kind: database.kind, name: format!("{}{TEMPORARY}", database.identifier) }
}

/// A group with the name of a temporary one, if there is one.
async fn find(rds: &Rds, group: &Group) -> Result<Option<Found>> {
    let Some(arn) = rds.group_arn(group).await? else { return Ok(None) };
    let tags: Map<String> = rds.tags(&arn).await?.into_iter().collect();
    Ok(Some(Found { mark: tags::mark(&tags).cloned(), wanted: tags.get(STANDS_FOR).cloned() }))
}

/// The parameters to set in a group that has these.
fn guards(known: &[Parameter]) -> Vec<Setting> {
    let setting = |(name, values): &(&str, &[&str])| {
        let parameter = known.iter().find(|parameter| parameter.name == *name && parameter.is_modifiable)?;
        let value = values.iter().find(|value| parameter.allows(value))?;
        Some(Setting { name: parameter.name.clone(), value: Some((*value).to_owned()), method: parameter.method() })
    };
    GUARDS.iter().filter_map(setting).collect()
}

/// Whether pg_cron is loaded and nothing holds it back.
fn is_cron_free(known: &[Parameter]) -> bool {
    let (prefix, libraries, library) = CRON;
    let loaded = known.iter().find(|parameter| parameter.name == libraries).and_then(|all| all.value.as_deref());
    let is_loaded = loaded.is_some_and(|all| all.split(',').any(|one| one.trim() == library));
    is_loaded && !guards(known).iter().any(|guard| guard.name.starts_with(prefix))
}

fn is_set(known: &[Parameter], guard: &Setting) -> bool {
    known.iter().any(|now| now.name == guard.name && now.is_set() && now.value == guard.value)
}

fn foreign(group: &Group) -> Diagnostic {
    let detail = format!(
        "There is a {group}, and this resource has not created it. While it restores a database, it needs a temporary \
         parameter group of this name.\n\nDelete the group if nothing uses it, choose another identifier for the \
         restored database, or set quiet = false."
    );
    Diagnostic::error("Parameter group already exists", detail)
}

fn unguarded(group: &Group) -> Diagnostic {
    let detail = format!(
        "pg_cron is loaded, and the {group} has no parameter that keeps it from starting jobs. From the start of the \
         restored database until its jobs are set to inactive, which takes seconds, those that are due run there."
    );
    Diagnostic::warning("Scheduled jobs can run for a moment", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, allowed: &str, value: Option<&str>) -> Parameter {
        Parameter {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            source: "engine-default".to_owned(),
            is_dynamic: name == "event_scheduler",
            data_type: if allowed.contains('-') { "integer" } else { "boolean" }.to_owned(),
            allowed: Some(allowed.to_owned()),
            is_modifiable: true,
        }
    }

    #[track_caller]
    fn check(known: &[Parameter], expected: &[(&str, &str)], cron_is_free: bool) {
        let found: Vec<_> = guards(known).into_iter().map(|one| (one.name, one.value.unwrap())).collect();
        let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!((found, is_cron_free(known)), (expected, cron_is_free));
    }

    #[test]
    fn only_parameters_that_there_are_are_set() {
        let workers = parameter("max_logical_replication_workers", "0-262143", None);
        let loaded = Parameter { data_type: "list".to_owned(), ..parameter(CRON.1, "a", Some("pg_tle, pg_cron")) };
        let jobs = |allowed| parameter("cron.max_running_jobs", allowed, None);
        let launch = |allowed| parameter("cron.launch_active_jobs", allowed, None);
        let events = parameter("event_scheduler", "ON,OFF", None);
        check(std::slice::from_ref(&workers), &[("max_logical_replication_workers", "0")], false);
        check(&[launch("0,1")], &[("cron.launch_active_jobs", "0")], false);
        check(&[launch("on,off"), loaded.clone()], &[("cron.launch_active_jobs", "off")], false);
        check(&[jobs("1-100"), loaded.clone()], &[], true);
        check(&[jobs("0-100"), loaded.clone()], &[("cron.max_running_jobs", "0")], false);
        check(&[Parameter { is_modifiable: false, ..jobs("0-100") }, loaded], &[], true);
        check(&[events], &[("event_scheduler", "OFF")], false);
    }
}
