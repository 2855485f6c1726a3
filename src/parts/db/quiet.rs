//! What acts by itself in the databases of a restored copy: found, and stopped.

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Handle, Model, Val, View, computed};
use tf_provider::value::Path;

use crate::aws::rds::Database;
use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::records::claims::Claim;
use crate::records::quieted::{self, Entry};
use crate::sql;
use crate::sql::postgres::Session;
use crate::sql::quiet::Active;
use crate::world::Ctx;

tf_provider::model! {
    /// Something in the restored database that would have acted by itself, and was stopped.
    pub struct Quieted {
        /// Kind of object: `"subscription"`, `"replication_slot"` or `"cron_job"` in PostgreSQL, `"event"` or
        /// `"replication_source"` in MySQL and MariaDB.
        kind: String = computed(),
        /// Database that the object belongs to. Empty for a replication source.
        database: String = computed(),
        /// Name of the object.
        name: String = computed(),
        /// How it was in the snapshot, such as `enabled`.
        was: String = computed(),
        /// SQL statements that start it again, or create it again if it was dropped.
        start_sql: String = computed(),
    }
}

/// What acts by itself in a copy.
#[derive(Debug)]
pub struct Acting {
    /// Each, and the statements that stop it.
    pub active: Vec<Active>,
    /// The family of the engine.
    pub engine: Engine,
}

/// How long to wait for locks, which nobody holds for long in a copy that nobody uses yet.
const LOCKS: Duration = Duration::from_secs(30);

/// Notes what a create is about to stop, on this machine: if it is killed, there is no state that lists it.
fn note(cx: &Ctx, claim: &Claim<'_>, all: &[Quieted]) {
    let entries: Vec<_> = all.iter().cloned().map(Entry::from).collect();
    claim.note(cx, None, Some(&quieted::text(&entries)));
}

/// What the interrupted runs of a create have noted.
pub fn noted(claim: &Claim<'_>) -> Vec<Quieted> {
    claim.objects().filter_map(quieted::parse).flatten().map(Quieted::from).collect()
}

/// What a configuration lacks to keep a restored database quiet. A token would be for the resource ID of the restored
/// database, which no policy can name yet.
pub fn complaints<M: Model>(
    config: &View<'_, M>,
    quiet: Handle<M, bool>,
    login: Handle<M, Option<DatabaseConnection>>,
) -> Vec<Diagnostic> {
    let block = config.block(login);
    let mut complaints = block.as_ref().map(DatabaseConnection::check).unwrap_or_default();
    match (config.get(quiet), &block) {
        (Val::Known(true), Some(block)) if block.get(DatabaseConnection::auth) == Val::Known("iam".to_owned()) => {
            let detail = "The restored database has a resource ID of its own, which no IAM policy can name before it \
                          exists. Set auth = \"secret\" or auth = \"provider\", with the user name and password of \
                          the source's master user.";
            let at = block.path(DatabaseConnection::auth);
            complaints.retain(|other| other.path != block.path(DatabaseConnection::username));
            complaints.push(Diagnostic::error("Master user password is needed", detail).at(at));
        }
        (Val::Known(true), _) if !config.is_set(login) => {
            let (at, quiet, login) = (config.path(quiet), quiet.name(), login.name());
            let detail = format!(
                "The restored database has the subscriptions, replication slots, scheduled jobs and events of its \
                 source, and they would act as soon as it runs. With {quiet} = true they are stopped first, for which \
                 the provider has to log in as the source's master user.\n\nAdd a \"{login}\" block, or set {quiet} = \
                 false if nothing in the snapshot acts by itself, or if it shall."
            );
            complaints.push(Diagnostic::error("Missing required argument", detail).at(at));
        }
        _ => {}
    }
    complaints
}

/// A configuration that has lost its login since the restore began.
pub fn no_login() -> Diagnostic {
    let detail = "With quiet = true, what acts by itself in the restored database is stopped through \
                  \"database_connection\", which is missing. Until then the database keeps its temporary parameter group.";
    Diagnostic::error("Missing required argument", detail)
}

/// Stops what acts by itself in a copy. What is to be stopped, beside what `earlier` runs have stopped, is noted before
/// it is, whatever comes then: under the claim of a create, and by `keep`.
///
/// # Errors
/// The copy cannot be reached, or it refused something.
pub async fn stop(
    cx: &Ctx,
    (copy, login, there): (&Database, &DatabaseConnection, &Path),
    earlier: Vec<Quieted>,
    claim: Option<&Claim<'_>>,
    keep: impl FnOnce(Vec<Quieted>),
) -> Result<()> {
    let acting = look(cx, copy, login, there).await?;
    let all = acting.and_earlier(earlier);
    claim.iter().for_each(|claim| note(cx, claim, &all));
    keep(all);
    acting.stop(cx, copy, login, there).await
}

/// Looks for what acts by itself in all databases of a copy. The login is that of its source's master user, whose
/// block is there.
///
/// # Errors
/// The copy cannot be reached, or it refused something.
async fn look(cx: &Ctx, copy: &Database, login: &DatabaseConnection, there: &Path) -> Result<Acting> {
    let Some(engine) = Engine::of(&copy.engine) else {
        let detail = format!("The engine \"{}\" passed the check", copy.engine);
        return Err(Diagnostic::bug(detail));
    };
    let login = at_copy(copy, login)?;
    let mut found = sql::quiet::Found::default();
    match engine {
        Engine::Mysql => {
            let mut session = login.mysql(cx, there.clone(), LOCKS).await?;
            found = session.active().await.map_err(|error| explain(&login, error, there))?;
            login.leave_mysql(cx, session, LOCKS);
        }
        Engine::Postgres => {
            let first = login.postgres(cx, there.clone()).await?;
            let explain = |error| explain(&login, error, there);
            for database in first.databases().await.map_err(explain)? {
                if !database.is_open {
                    found.unseen.push(format!("\"{}\" may not connect to \"{}\".", first.user(), database.name));
                    continue;
                }
                let more = match database.name == first.database() {
                    true => first.active().await,
                    false => login.postgres_beside(cx, there.clone(), &database.name).await?.active().await,
                };
                let more = more.map_err(explain)?;
                found.active.extend(more.active);
                found.unseen.extend(more.unseen);
            }
            found.active.extend(first.inherited_slots().await.map_err(explain)?);
            login.leave_postgres(cx, first);
        }
    }
    for why in found.unseen {
        cx.warn(unseen(&copy.identifier, &why, there));
    }
    Ok(Acting { active: found.active, engine })
}

impl Acting {
    /// What has been stopped in all, once this is, by this run and earlier ones.
    pub fn and_earlier(&self, earlier: impl IntoIterator<Item = Quieted>) -> Vec<Quieted> {
        let mut all: Vec<Quieted> = Vec::new();
        for one in earlier.into_iter().chain(self.active.iter().map(Quieted::from)) {
            let is_same =
                |old: &Quieted| (&old.kind, &old.database, &old.name) == (&one.kind, &one.database, &one.name);
            if !all.iter().any(is_same) {
                all.push(one);
            }
        }
        all
    }

    /// Stops all of it, each in its database, and logs each before.
    ///
    /// # Errors
    /// The copy cannot be reached, or it refused something.
    pub async fn stop(&self, cx: &Ctx, copy: &Database, login: &DatabaseConnection, there: &Path) -> Result<()> {
        if self.active.is_empty() {
            return Ok(());
        }
        let login = at_copy(copy, login)?;
        match self.engine {
            Engine::Mysql => self.stop_in_mysql(cx, copy, &login, there).await,
            Engine::Postgres => self.stop_in_postgres(cx, copy, &login, there).await,
        }
    }

    async fn stop_in_mysql(&self, cx: &Ctx, copy: &Database, login: &DatabaseConnection, there: &Path) -> Result<()> {
        let (mut session, mut changed) = (login.mysql(cx, there.clone(), LOCKS).await?, Vec::new());
        for active in &self.active {
            announce(cx, copy, active);
            if !session.stop(active).await.map_err(|error| refused(login, error, active, there))? {
                changed.push(format!("\"{}\".\"{}\"", active.database, active.name));
            }
        }
        if !changed.is_empty() {
            cx.warn(definers_changed(&copy.identifier, session.user(), &changed, there));
        }
        login.leave_mysql(cx, session, LOCKS);
        Ok(())
    }

    async fn stop_in_postgres(
        &self,
        cx: &Ctx,
        copy: &Database,
        login: &DatabaseConnection,
        there: &Path,
    ) -> Result<()> {
        let first = login.postgres(cx, there.clone()).await?;
        let mut beside: Option<Session> = None;
        for active in &self.active {
            announce(cx, copy, active);
            // A slot can be dropped from any database.
            let session: &Session = match active.kind == "replication_slot" || active.database == first.database() {
                true => &first,
                false => {
                    let open = beside.take().filter(|open| open.database() == active.database);
                    let open = match open {
                        Some(open) => open,
                        None => login.postgres_beside(cx, there.clone(), &active.database).await?,
                    };
                    beside.insert(open)
                }
            };
            session.stop(active).await.map_err(|error| refused(login, error, active, there))?;
        }
        Ok(())
    }
}

impl From<&Active> for Quieted {
    fn from(active: &Active) -> Self {
        Self {
            kind: active.kind.to_owned(),
            database: active.database.clone(),
            name: active.name.clone(),
            was: active.was.clone(),
            start_sql: active.start.clone(),
        }
    }
}

impl From<Entry> for Quieted {
    fn from([kind, database, name, was, start_sql]: Entry) -> Self {
        Self { kind, database, name, was, start_sql }
    }
}

impl From<Quieted> for Entry {
    fn from(Quieted { kind, database, name, was, start_sql }: Quieted) -> Self {
        [kind, database, name, was, start_sql]
    }
}

/// The login at the copy's own endpoint.
fn at_copy(copy: &Database, login: &DatabaseConnection) -> Result<DatabaseConnection> {
    match &copy.host {
        Some(host) => Ok(login.of_copy(host, copy.port)),
        None => Err(Diagnostic::bug(format!("the restored database \"{}\" has no endpoint yet", copy.identifier))),
    }
}

fn announce(cx: &Ctx, copy: &Database, active: &Active) {
    let Active { kind, database, name, was, start, .. } = active;
    cx.progress(format!(
        "Stopping the {} \"{name}\" of the database \"{database}\" in \"{}\" (it was {was}). To start it again: {start}",
        kind.replace('_', " "),
        copy.identifier
    ));
}

fn explain(login: &DatabaseConnection, error: sql::Error, there: &Path) -> Diagnostic {
    let at = login.at_fault(&error, there.clone(), there.clone(), there.clone());
    Diagnostic::from(error).at(at)
}

fn refused(login: &DatabaseConnection, error: sql::Error, active: &Active, there: &Path) -> Diagnostic {
    let Active { kind, database, name, stop, .. } = active;
    let error = explain(login, error, there);
    let detail = format!(
        "The {} \"{name}\" of the database \"{database}\" was not stopped: {}\n\nThe statement was: {}\n\nThe restored \
         database keeps its temporary parameter group, under which nothing acts by itself. Let the user of the \
         connection run this statement, or run it as another user, and apply again.",
        kind.replace('_', " "),
        error.detail,
        stop.as_deref().unwrap_or_default()
    );
    Diagnostic { summary: "Cannot stop what acts by itself".to_owned(), detail, ..error }
}

fn unseen(identifier: &str, why: &str, there: &Path) -> Diagnostic {
    let detail = format!(
        "{why}\n\nWhat acts by itself in \"{identifier}\" and could not be looked at is not stopped, and starts with the \
         restored database's own parameter group."
    );
    Diagnostic::warning("Not everything could be looked at", detail).at(there.clone())
}

fn definers_changed(identifier: &str, user: &str, events: &[String], there: &Path) -> Diagnostic {
    let detail = format!(
        "Events of \"{identifier}\" were disabled, and \"{user}\" is their definer now, since it may not name another: \
         {}.\n\nThe statements in \"start_sql\" name the original definer. They need the privilege SET_ANY_DEFINER or \
         SET_USER_ID in MySQL, and SET USER in MariaDB.",
        events.join(", ")
    );
    Diagnostic::warning("Definer of events has changed", detail).at(there.clone())
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::{block, optional};
    use tf_provider::value::{Object, Value};

    use super::*;

    tf_provider::model! {
        /// A restored database.
        struct Restored {
            /// Whether it is kept quiet.
            quiet: bool = optional().or(true),
            /// Login.
            database_connection: Option<DatabaseConnection> = block(),
        }
    }

    #[track_caller]
    fn check(quiet: Value, login: Option<&str>, expected: &[&str]) {
        let login = login.map(|auth| {
            let names = DatabaseConnection::table().attributes.iter().map(|attribute| attribute.name.to_owned());
            let mut block: Object = names.map(|name| (name, Value::Null)).collect();
            block.insert("host".to_owned(), "orders.cabc123.us-east-1.rds.amazonaws.com".into());
            block.insert("auth".to_owned(), auth.into());
            Value::Map(block)
        });
        let object: Object =
            [("quiet".to_owned(), quiet), ("database_connection".to_owned(), login.unwrap_or(Value::Null))].into();
        let config = View::new(&object, Path::root());
        let found = complaints(&config, Restored::quiet, Restored::database_connection);
        let found: Vec<_> = found.iter().map(|complaint| complaint.path.to_string()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn to_be_quiet_takes_the_password_of_the_master() {
        check(Value::Null, None, &["quiet"]);
        check(true.into(), None, &["quiet"]);
        check(false.into(), None, &[]);
        check(Value::unknown(), None, &[]);
        check(Value::Null, Some("provider"), &[]);
        check(Value::Null, Some("iam"), &["database_connection.auth"]);
        check(false.into(), Some("iam"), &["database_connection.username"]);
    }

    #[test]
    fn what_was_stopped_before_is_kept() {
        let one = |name: &str, was: &str| Active {
            kind: "event",
            database: "shop".to_owned(),
            name: name.to_owned(),
            was: was.to_owned(),
            stop: None,
            otherwise: None,
            start: String::new(),
        };
        let acting = |active| Acting { active, engine: Engine::Mysql };
        let earlier = acting(vec![one("a", "then")]).and_earlier([]);
        let both = acting(vec![one("a", "now"), one("b", "now")]).and_earlier(earlier);
        let shown: Vec<_> = both.iter().map(|one| (one.name.as_str(), one.was.as_str())).collect();
        assert_eq!(shown, [("a", "then"), ("b", "now")]);
    }
}
