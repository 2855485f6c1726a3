//! The inventory of suspended triggers: two tables in a database of their own.

use std::time::Duration;

use mysql_async::{Row, Value as Argument};
use serde_json::{Value, json};

use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::text;
use crate::sql::mysql::suspension::trigger;
use crate::sql::suspension::{Item, Kind, Progress, Scope, Suspension};

/// The version of the tables.
const VERSION: i64 = 1;

/// Excludes sessions that create or drop the tables from each other.
const LOCK: &str = "SELECT CAST(GET_LOCK('rdsauth', ?) AS CHAR)";
const UNLOCK: &str = "SELECT RELEASE_LOCK('rdsauth')";

const THERE: &str = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'rdsauth'";

/// What else is in that database, as far as the user may see it.
const FOREIGN: &str = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'rdsauth' \
     AND TABLE_NAME NOT IN ('suspensions', 'suspended_objects') \
     UNION ALL SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'rdsauth' \
     UNION ALL SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'rdsauth'";

/// Names differ by case there as they do on servers on which case matters.
const CREATE: [&str; 3] = [
    "CREATE DATABASE IF NOT EXISTS rdsauth CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS rdsauth.suspensions (mark varchar(190) PRIMARY KEY, version int NOT NULL, \
     maker text NOT NULL, since datetime NOT NULL, scope longtext NOT NULL) ENGINE = InnoDB",
    "CREATE TABLE IF NOT EXISTS rdsauth.suspended_objects (mark varchar(190) NOT NULL, version int NOT NULL, \
     position int NOT NULL, table_schema varchar(64) NOT NULL, table_name varchar(64) NOT NULL, name varchar(64) NOT NULL, \
     progress varchar(20) NOT NULL, fingerprint longtext NOT NULL, restore_sql longtext NOT NULL, \
     PRIMARY KEY (table_schema, name)) ENGINE = InnoDB",
];

/// Who has privileges on the inventory and not on everything, besides the user. Others could have put statements into it
/// that the user would run.
const STRANGERS: &str = r"
SELECT GRANTEE FROM information_schema.SCHEMA_PRIVILEGES
WHERE REPLACE(TABLE_SCHEMA, '\\', '') = 'rdsauth' AND GRANTEE NOT IN ({own})
UNION SELECT GRANTEE FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = 'rdsauth' AND GRANTEE NOT IN ({own})";

/// Accounts that may give themselves any privilege.
const ADMINISTRATORS: &str =
    "SELECT GRANTEE FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'CREATE USER'";

const SUSPENSIONS: &str = "SELECT mark, maker, DATE_FORMAT(since, '%Y-%m-%dT%H:%i:%sZ'), scope, CAST(version AS CHAR) \
                           FROM rdsauth.suspensions ORDER BY mark";

const ITEMS: &str = "SELECT table_schema, table_name, name, progress, fingerprint, restore_sql \
                     FROM rdsauth.suspended_objects WHERE mark = ? ORDER BY position";

impl Session {
    /// The suspensions that the inventory of this server knows.
    ///
    /// # Errors
    /// Any of the session; others have privileges on the inventory.
    pub async fn suspensions(&mut self) -> Result<Vec<Suspension>, Error> {
        if !self.has_inventory().await? {
            return Ok(Vec::new());
        }
        let answer = self.rows(SUSPENSIONS, ()).await;
        let Some(rows) = unless_missing(answer)? else { return Ok(Vec::new()) };
        self.ensure_own().await?;
        if let Some(row) = rows.iter().find(|row| text(row, 4).parse::<i64>().is_ok_and(|version| version > VERSION)) {
            let version = text(row, 4);
            return Err(self.error(format!("the inventory was written by a newer version of the provider ({version})")));
        }
        Ok(rows.iter().map(suspension).collect())
    }

    /// The triggers of a suspension that are not back yet, in the order in which they are put back.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn suspended(&mut self, mark: &str) -> Result<Vec<Item>, Error> {
        if !self.has_inventory().await? {
            return Ok(Vec::new());
        }
        let answer = self.rows(ITEMS, (mark,)).await;
        Ok(unless_missing(answer)?.iter().flatten().map(item).collect())
    }

    async fn has_inventory(&mut self) -> Result<bool, Error> {
        let tables = self.unprepared(THERE).await?;
        Ok(["suspensions", "suspended_objects"].iter().all(|name| tables.iter().any(|row| text(row, 0) == *name)))
    }

    /// Writes a suspension into the inventory: `suspended` as they are, and in addition all that is in effect now. Gives
    /// the suspensions of others that cover some of it.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn note_suspension(
        &mut self,
        it: &Suspension,
        suspended: &[Item],
        patience: Duration,
    ) -> Result<Vec<Suspension>, Error> {
        self.lock_inventory(patience).await?;
        let noted = self.note_within(it, suspended).await;
        self.rows(UNLOCK, ()).await?;
        noted
    }

    async fn lock_inventory(&mut self, patience: Duration) -> Result<(), Error> {
        let answer = self.row(LOCK, (patience.as_secs().max(1),)).await?;
        match answer.is_some_and(|row| text(&row, 0) == "1") {
            true => Ok(()),
            false => {
                Err(self.lock_timeout("another session is changing the inventory of suspended triggers".to_owned()))
            }
        }
    }

    async fn note_within(&mut self, it: &Suspension, suspended: &[Item]) -> Result<Vec<Suspension>, Error> {
        if !self.has_inventory().await? {
            for sql in CREATE {
                self.run(sql).await?;
            }
        }
        self.ensure_own().await?;
        let mut others = self.suspensions().await?;
        others.retain(|other| other.mark != it.mark && other.scope.overlaps(&it.scope));
        if !others.is_empty() {
            return Ok(others);
        }
        let (in_effect, _) = self.in_effect(&it.scope).await?;
        self.run("START TRANSACTION").await?;
        let written = self.write(it, suspended, &in_effect).await;
        let end = if written.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.run(end).await;
        written.and(ended).map(|()| Vec::new())
    }

    async fn write(&mut self, it: &Suspension, suspended: &[Item], in_effect: &[Item]) -> Result<(), Error> {
        let header = "INSERT INTO rdsauth.suspensions (mark, version, maker, since, scope) \
                      VALUES (?, ?, ?, UTC_TIMESTAMP(), ?) ON DUPLICATE KEY UPDATE version = VALUES(version)";
        self.rows(header, (&it.mark, VERSION, &it.maker, of_scope(&it.scope).to_string())).await?;
        let mut all = Vec::new();
        for known in self.suspended(&it.mark).await? {
            let is_there = |item: &Item| item.is(&known) && trigger::is_same(&known.fingerprint, &item.fingerprint);
            // What is noted with its place among triggers that are dropped by now keeps it.
            if known.progress != Progress::Noted || in_effect.iter().any(is_there) {
                all.push(known);
            } else {
                self.strike_out(&known, &it.mark).await?;
            }
        }
        for item in suspended.iter().chain(in_effect) {
            let same_name = |known: &&Item| known.schema == item.schema && known.name == item.name;
            match all.iter().find(same_name) {
                // It was not dropped yet, since the work was interrupted. What others have made of it stays as it is.
                Some(known) if trigger::is_same(&known.fingerprint, &item.fingerprint) => {
                    self.set_progress(item, &it.mark, item.progress).await?;
                }
                Some(_) => {}
                None => {
                    self.insert(item, &it.mark).await?;
                    all.push(item.clone());
                }
            }
        }
        Ok(())
    }

    async fn insert(&mut self, item: &Item, mark: &str) -> Result<(), Error> {
        let sql = "INSERT INTO rdsauth.suspended_objects (mark, version, position, table_schema, table_name, name, progress, \
                   fingerprint, restore_sql) SELECT ?, ?, COALESCE(MAX(position), 0) + 1, ?, ?, ?, ?, ?, ? \
                   FROM rdsauth.suspended_objects WHERE mark = ?";
        let Item { schema, table, name, progress, fingerprint, restore_sql, .. } = item;
        let texts = [schema, table, name, progress.word(), fingerprint, restore_sql, mark];
        let mut arguments = vec![Argument::from(mark), Argument::from(VERSION)];
        arguments.extend(texts.map(Argument::from));
        self.rows(sql, arguments).await.map(drop)
    }

    /// Notes how far the suspension of a trigger has got.
    pub(super) async fn set_progress(&mut self, item: &Item, mark: &str, progress: Progress) -> Result<(), Error> {
        let sql = "UPDATE rdsauth.suspended_objects SET progress = ? WHERE mark = ? AND table_schema = ? AND name = ?";
        self.rows(sql, (progress.word(), mark, &item.schema, &item.name)).await.map(drop)
    }

    /// Removes a trigger from the inventory.
    pub(super) async fn strike_out(&mut self, item: &Item, mark: &str) -> Result<(), Error> {
        let sql = "DELETE FROM rdsauth.suspended_objects WHERE mark = ? AND table_schema = ? AND name = ?";
        self.rows(sql, (mark, &item.schema, &item.name)).await.map(drop)
    }

    /// Removes a suspension all of whose triggers are back, and the inventory if it was the last one, in one statement:
    /// whatever interrupts the end, the suspension is there or nothing is left.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn end_suspension(&mut self, mark: &str, patience: Duration) -> Result<(), Error> {
        self.lock_inventory(patience).await?;
        let ended = self.end_within(mark).await;
        self.rows(UNLOCK, ()).await?;
        ended
    }

    async fn end_within(&mut self, mark: &str) -> Result<(), Error> {
        if !self.has_inventory().await? {
            return Ok(());
        }
        let others =
            "SELECT mark FROM rdsauth.suspensions WHERE mark <> ? UNION ALL SELECT mark FROM rdsauth.suspended_objects";
        if !self.rows(others, (mark,)).await?.is_empty() {
            return self.rows("DELETE FROM rdsauth.suspensions WHERE mark = ?", (mark,)).await.map(drop);
        }
        match self.unprepared(FOREIGN).await?.is_empty() {
            true => self.run("DROP DATABASE rdsauth").await,
            false => self.run("DROP TABLE rdsauth.suspended_objects, rdsauth.suspensions").await,
        }
    }

    /// Whether nobody but the user and administrators can have written into the inventory.
    async fn ensure_own(&mut self) -> Result<(), Error> {
        let own = self.own_accounts().await?;
        let strangers = self.unprepared(&STRANGERS.replace("{own}", &own.join(", "))).await?;
        if strangers.is_empty() {
            return Ok(());
        }
        let administrators = self.unprepared(ADMINISTRATORS).await?;
        let is_one = |account: &String| administrators.iter().any(|row| text(row, 0) == *account);
        match strangers.iter().map(|row| text(row, 0)).find(|account| !is_one(account)) {
            None => Ok(()),
            Some(account) => Err(self.error(format!(
                "{account} has privileges on the database \"rdsauth\", so what it contains is not trusted; revoke them"
            ))),
        }
    }
}

/// The answer of a look into the inventory; nothing if there is none any more.
fn unless_missing<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if matches!(error.code.as_deref(), Some("1146" | "1049")) => Ok(None),
        answer => answer.map(Some),
    }
}

fn of_scope(scope: &Scope) -> Value {
    json!({
        "schemas": scope.schemas, "tables": scope.tables, "foreign_keys": scope.foreign_keys, "triggers": scope.triggers
    })
}

fn suspension(row: &Row) -> Suspension {
    let scope: Value = serde_json::from_str(&text(row, 3)).unwrap_or_default();
    let texts = |of: &Value| -> Option<Vec<String>> {
        Some(of.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    Suspension {
        mark: text(row, 0),
        maker: text(row, 1),
        since: text(row, 2),
        scope: Scope {
            schemas: texts(&scope["schemas"]).unwrap_or_default(),
            tables: texts(&scope["tables"]),
            foreign_keys: scope["foreign_keys"] == true,
            triggers: scope["triggers"] == true,
        },
    }
}

fn item(row: &Row) -> Item {
    Item {
        kind: Kind::Trigger,
        schema: text(row, 0),
        table: text(row, 1),
        name: text(row, 2),
        progress: Progress::of(&text(row, 3)),
        table_id: 0,
        referenced_id: 0,
        fingerprint: text(row, 4),
        restore_sql: text(row, 5),
    }
}
