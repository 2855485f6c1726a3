//! Making the sessions of databases read-only by default, and putting back exactly what was there.

use std::time::Duration;

use crate::records::fences::{self, Entry, Fence};
use crate::sql::Error;
use crate::sql::fence::{Kept, Obstacles, Position};
use crate::sql::postgres::Session;
use crate::sql::quote::{NameError, pg_name, pg_text};

/// A database that is to be fenced, or is.
#[derive(Clone, Debug)]
pub struct Fenceable {
    /// Its name.
    pub name: String,
    /// The comment without its last line, if that says what the fence is.
    others: String,
    /// What that line says.
    pub fence: Option<Fence>,
    /// The setting of the database itself and of users in it, as they are.
    settings: Vec<(Option<String>, String)>,
}

const DATABASES: &str = "
SELECT datname::text, coalesce(shobj_description(oid, 'pg_database'), '')
FROM pg_database WHERE datname = ANY ($1::text[]) ORDER BY 1";

const SETTINGS: &str = "
SELECT d.datname::text, r.rolname::text, split_part(c, '=', 2)
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole,
    unnest(s.setconfig) c
WHERE starts_with(c, 'default_transaction_read_only=') AND d.datname = ANY ($1::text[])
    AND (s.setrole = 0 OR r.oid IS NOT NULL)
ORDER BY 1, 2";

/// A setting of a user in all databases goes before that of a database.
const ROLES: &str = "
SELECT r.rolname::text
FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
WHERE s.setdatabase = 0 AND starts_with(c, 'default_transaction_read_only=') AND NOT split_part(c, '=', 2)::boolean
    AND r.rolname <> 'rdsadmin'
ORDER BY 1";

/// Sessions have the settings with which they began. RDS's own are not ended.
const SESSIONS: &str = "
FROM pg_stat_activity
WHERE datname = ANY ($1::text[]) AND usename <> ALL ($2::text[]) AND usename <> 'rdsadmin'
    AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND backend_start < $3::text::timestamptz";

const PREPARED: &str = "SELECT gid FROM pg_prepared_xacts WHERE database = ANY ($1::text[]) ORDER BY 1";

/// Physical slots confirm nothing, but move on to what was received.
const SLOTS: &str = "
SELECT slot_name::text, coalesce(coalesce(confirmed_flush_lsn, restart_lsn) >= $2::text::pg_lsn, false)
FROM pg_replication_slots WHERE slot_name = ANY ($1::text[]) AND wal_status IS DISTINCT FROM 'lost' ORDER BY 1";

const LOCKS: Duration = Duration::from_secs(10);

impl Session {
    /// The databases of these names that there are.
    ///
    /// # Errors
    /// Any.
    pub async fn fenceable(&self, names: &[String]) -> Result<Vec<Fenceable>, Error> {
        let settings = self.rows(SETTINGS, &[&names]).await?;
        let databases = self.rows(DATABASES, &[&names]).await?;
        Ok(databases
            .iter()
            .map(|row| {
                let (name, comment): (String, String) = (row.get(0), row.get(1));
                let (others, fence) = fences::without(&comment);
                let own = settings.iter().filter(|row| row.get::<_, String>(0) == name);
                let settings = own.map(|row| (row.get(1), row.get(2))).collect();
                Fenceable { others: others.to_owned(), fence, settings, name }
            })
            .collect())
    }

    /// Fences the databases, all or none, and notes with the mark in the comment of each what was there. The settings of
    /// accepted users stay. Returns the databases as they were, or nothing but the mark of the fence that is there.
    ///
    /// # Errors
    /// Any.
    pub async fn fence(
        &self,
        names: &[String],
        accepted: &[String],
        mark: &str,
    ) -> Result<Result<Vec<Fenceable>, String>, Error> {
        self.atomically(LOCKS, || async {
            self.exclude_others().await?;
            let databases = self.fenceable(names).await?;
            let mut marks = databases.iter().filter_map(|database| database.fence.as_ref()).map(|fence| &fence.mark);
            if let Some(foreign) = marks.find(|found| *found != mark) {
                return Ok(Err(foreign.clone()));
            }
            let roles: Vec<String> = self.rows(ROLES, &[]).await?.iter().map(|row| row.get(0)).collect();
            let mut fenced = Vec::new();
            for database in databases {
                let mut before = database.fence.clone().map(|fence| fence.before).unwrap_or_default();
                for who in database.to_set(&roles, accepted) {
                    if !before.iter().any(|(noted, _)| *noted == who) {
                        before.push((who.clone(), database.value(who.as_deref()).map(str::to_owned)));
                    }
                    self.set_read_only(&database.name, who.as_deref(), Some("on")).await?;
                }
                let fence = Fence { mark: mark.to_owned(), before };
                if database.fence.as_ref() != Some(&fence) {
                    self.comment_on(&database.name, &fences::with(&database.others, &fence)).await?;
                }
                fenced.push(Fenceable { fence: Some(fence), ..database });
            }
            Ok(Ok(fenced))
        })
        .await
    }

    /// Takes the fence with this mark away. `known` says what was there where the comment does not.
    ///
    /// # Errors
    /// Any; then nothing has changed.
    pub async fn unfence(
        &self,
        names: &[String],
        mark: Option<&str>,
        known: &[(String, Entry)],
    ) -> Result<Kept, Error> {
        self.atomically(LOCKS, || async {
            self.exclude_others().await?;
            let mut kept = Kept::default();
            for database in self.fenceable(names).await? {
                let before = match &database.fence {
                    Some(fence) if mark.is_some_and(|mark| mark != fence.mark) => {
                        kept.foreign.push(database.name);
                        continue;
                    }
                    Some(fence) => fence.before.clone(),
                    None => {
                        known.iter().filter(|(name, _)| *name == database.name).map(|(_, one)| one.clone()).collect()
                    }
                };
                for (who, value) in before {
                    let now = database.value(who.as_deref());
                    if now == value.as_deref() {
                        continue;
                    }
                    if now != Some("on") {
                        kept.changed.push(format!("{} in {}", who.as_deref().unwrap_or("all users"), database.name));
                        continue;
                    }
                    self.set_read_only(&database.name, who.as_deref(), value.as_deref()).await?;
                }
                if database.fence.is_some() {
                    self.comment_on(&database.name, &database.others).await?;
                }
            }
            Ok(kept)
        })
        .await
    }

    /// The time of the server.
    ///
    /// # Errors
    /// Any.
    pub async fn now(&self) -> Result<String, Error> {
        let row = self.row("SELECT clock_timestamp()::text", &[]).await?;
        Ok(row.map(|row| row.get(0)).unwrap_or_default())
    }

    /// Why the server cannot be fenced.
    ///
    /// # Errors
    /// Any.
    pub async fn obstacles(&self, names: &[String]) -> Result<Obstacles, Error> {
        let sql = "SELECT pg_is_in_recovery(), pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')";
        let row = self.row(sql, &[]).await?;
        let (is_replica, sees) = row.map_or((false, false), |row| (row.get(0), row.get(1)));
        let prepared = self.rows(PREPARED, &[&names]).await?.iter().map(|row| row.get(0)).collect();
        let lacks = (!sees).then_some("pg_read_all_stats");
        Ok(Obstacles { is_replica, lacks, prepared, ..Obstacles::default() })
    }

    /// How many sessions in these databases are older than a time of the server, but for those of some users.
    ///
    /// # Errors
    /// Any.
    pub async fn older_sessions(&self, names: &[String], but: &[String], time: &str) -> Result<i64, Error> {
        let row = self.row(&format!("SELECT count(*){SESSIONS}"), &[&names, &but, &time]).await?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    /// Ends them.
    ///
    /// # Errors
    /// Any, such as the session of a superuser.
    pub async fn end_older_sessions(&self, names: &[String], but: &[String], time: &str) -> Result<(), Error> {
        let sql = format!("SELECT pg_terminate_backend(pid){SESSIONS}");
        self.rows(&sql, &[&names, &but, &time]).await.map(drop)
    }

    /// The end of the write-ahead log, with all transactions in it that have committed. With `synchronous_commit = off` the
    /// newest are in memory until a later one is synchronous: so the comment of a database is written once more.
    ///
    /// # Errors
    /// Any.
    pub async fn position(&self, names: &[String]) -> Result<Position, Error> {
        self.atomically(LOCKS, || async {
            self.exclude_others().await?;
            self.run("SET LOCAL synchronous_commit = on").await?;
            if let Some(database) = self.fenceable(names).await?.first() {
                self.comment_on(&database.name, &database.comment()).await?;
            }
            Ok(())
        })
        .await?;
        let row = self.row("SELECT pg_current_wal_lsn()::text", &[]).await?;
        Ok(Position { lsn: row.map(|row| row.get(0)), ..Position::default() })
    }

    /// The replication slots of these names, and whether each has confirmed a position. Those that were invalidated never
    /// do, and are left out.
    ///
    /// # Errors
    /// Any.
    pub async fn slots(&self, names: &[String], lsn: Option<&str>) -> Result<Vec<(String, bool)>, Error> {
        let rows = self.rows(SLOTS, &[&names, &lsn]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn set_read_only(&self, database: &str, user: Option<&str>, value: Option<&str>) -> Result<(), Error> {
        let statement = setting(database, user, value)?;
        self.run(&statement).await.map_err(|error| match user {
            Some(user) => Error { message: format!("{}; the user is \"{user}\"", error.message), ..error },
            None => error,
        })
    }

    async fn comment_on(&self, database: &str, comment: &str) -> Result<(), Error> {
        let text = if comment.is_empty() { "NULL".to_owned() } else { pg_text(comment)? };
        self.run(&format!("COMMENT ON DATABASE {} IS {text}", pg_name(database)?)).await
    }
}

impl Fenceable {
    /// The whole comment.
    fn comment(&self) -> String {
        self.fence.as_ref().map_or_else(|| self.others.clone(), |fence| fences::with(&self.others, fence))
    }

    /// What is set for a user in the database, or for the database itself.
    fn value(&self, user: Option<&str>) -> Option<&str> {
        self.settings.iter().find(|(who, _)| who.as_deref() == user).map(|(_, value)| value.as_str())
    }

    /// Whether its sessions are read-only unless users have settings of their own.
    pub fn is_read_only(&self) -> bool {
        self.value(None) == Some("on")
    }

    /// For whom the setting has to be changed: the database itself, users with a setting in it, and users with one in all
    /// databases.
    fn to_set(&self, roles: &[String], accepted: &[String]) -> Vec<Option<String>> {
        let mut all = vec![None];
        all.extend(self.settings.iter().map(|(who, _)| who.clone()).filter(Option::is_some));
        all.extend(roles.iter().filter(|role| self.value(Some(role)).is_none()).cloned().map(Some));
        all.retain(|who| {
            who.as_ref().is_none_or(|who| !accepted.contains(who)) && self.value(who.as_deref()) != Some("on")
        });
        all
    }
}

fn setting(database: &str, user: Option<&str>, value: Option<&str>) -> Result<String, NameError> {
    let database = pg_name(database)?;
    let whose = match user {
        Some(user) => format!("ALTER ROLE {} IN DATABASE {database}", pg_name(user)?),
        None => format!("ALTER DATABASE {database}"),
    };
    Ok(match value {
        Some(value) => format!("{whose} SET default_transaction_read_only = {}", pg_text(value)?),
        None => format!("{whose} RESET default_transaction_read_only"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_quoted() {
        let database = "Maß \"x\"";
        assert_eq!(
            setting(database, Some("it's"), Some("no")).unwrap(),
            "ALTER ROLE \"it's\" IN DATABASE \"Maß \"\"x\"\"\" SET default_transaction_read_only = E'no'"
        );
        assert_eq!(
            setting(database, None, None).unwrap(),
            "ALTER DATABASE \"Maß \"\"x\"\"\" RESET default_transaction_read_only"
        );
    }

    #[test]
    fn what_is_read_only_and_who_is_accepted_is_left() {
        let text = |text: &str| text.to_owned();
        let mut it = Fenceable {
            name: text("d"),
            others: String::new(),
            fence: None,
            settings: vec![(None, text("on")), (Some(text("a")), text("off")), (Some(text("b")), text("no"))],
        };
        let roles = [text("a"), text("c"), text("d")];
        assert_eq!(it.to_set(&roles, &[text("b"), text("d")]), [Some(text("a")), Some(text("c"))]);
        it.settings.clear();
        assert_eq!(it.to_set(&[], &[]), [None]);
    }
}
