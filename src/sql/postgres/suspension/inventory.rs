//! The inventory of suspended objects: two tables in a schema of their own, which other users cannot read.

use std::time::Duration;

use tokio_postgres::Row;

use crate::sql::postgres::Session;
use crate::sql::quote::pg_name;
use crate::sql::suspension::{Item, Kind, Progress, Scope, Suspension};
use crate::sql::{Error, Refusal};

/// The schema of the inventory.
const SCHEMA: &str = "rdsauth";

/// The version of the tables.
const VERSION: i32 = 1;

/// Run only if something is missing: each would take a lock.
const CREATE: &str = "
CREATE SCHEMA IF NOT EXISTS rdsauth;
CREATE TABLE IF NOT EXISTS rdsauth.suspensions (
    mark text PRIMARY KEY, version int NOT NULL, maker text NOT NULL, since timestamptz NOT NULL DEFAULT now(),
    schemas text[] NOT NULL, tables text[], foreign_keys boolean NOT NULL, user_triggers boolean NOT NULL);
CREATE TABLE IF NOT EXISTS rdsauth.suspended_objects (
    mark text NOT NULL, version int NOT NULL, position int NOT NULL, kind text NOT NULL, table_schema text NOT NULL,
    table_name text NOT NULL, name text NOT NULL, progress text NOT NULL, table_id oid NOT NULL,
    referenced_id oid NOT NULL, fingerprint text NOT NULL, restore_sql text NOT NULL,
    PRIMARY KEY (kind, table_schema, table_name, name))";

/// The owners of what there is of the inventory, unless they are the login or may do anything anyway. Others could
/// have put statements into it that the login would run.
const STRANGERS: &str = "
WITH RECURSIVE it AS (
    SELECT nspowner AS owner FROM pg_namespace WHERE nspname = 'rdsauth'
    UNION SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'rdsauth'),
administrators AS (
    SELECT oid FROM pg_roles WHERE rolsuper OR rolname = 'rds_superuser' OR rolname = current_user
    UNION SELECT m.member FROM administrators a JOIN pg_auth_members m ON m.roleid = a.oid
    JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname = 'rds_superuser')
SELECT owner::regrole::text FROM it WHERE owner NOT IN (TABLE administrators) LIMIT 1";

/// What default privileges have given to others.
const GRANTS: &str = "
SELECT format('REVOKE ALL ON %s %I%s FROM %s', kind, 'rdsauth', '.' || quote_ident(name),
    CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
FROM (SELECT 'SCHEMA' AS kind, NULL::name AS name, nspowner AS owner, a.grantee
        FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'rdsauth'
    UNION SELECT 'TABLE', c.relname, c.relowner, a.grantee FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
        WHERE n.nspname = 'rdsauth' AND c.relname IN ('suspensions', 'suspended_objects')) it
WHERE grantee <> owner AND owner = (SELECT oid FROM pg_roles WHERE rolname = current_user)";

const SUSPENSIONS: &str = "SELECT mark, maker, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
                           schemas, tables, foreign_keys, user_triggers, version FROM rdsauth.suspensions ORDER BY mark";

const ITEMS: &str = "SELECT kind, table_schema, table_name, name, progress, table_id, referenced_id, fingerprint, \
                     restore_sql FROM rdsauth.suspended_objects WHERE mark = $1 ORDER BY position";

impl Session {
    /// The suspensions that the inventory of this database knows.
    ///
    /// # Errors
    /// Any of the session; the inventory belongs to someone else.
    pub async fn suspensions(&self) -> Result<Vec<Suspension>, Error> {
        let there = self.row("SELECT to_regclass('rdsauth.suspensions') IS NOT NULL", &[]).await?;
        if !there.is_some_and(|row| row.get(0)) {
            return Ok(Vec::new());
        }
        let answer = self.rows(SUSPENSIONS, &[]).await;
        let Some(rows) = self.unless_missing(answer)? else { return Ok(Vec::new()) };
        self.ensure_own().await?;
        if let Some(row) = rows.iter().find(|row| row.get::<_, i32>(7) > VERSION) {
            let version: i32 = row.get(7);
            return Err(
                self.refused(format!("the inventory was written by a newer version of the provider ({version})"))
            );
        }
        Ok(rows.iter().map(suspension).collect())
    }

    /// The objects of a suspension that are not back yet, in the order in which they are put back.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn suspended(&self, mark: &str) -> Result<Vec<Item>, Error> {
        let answer = self.rows(ITEMS, &[&mark]).await;
        Ok(self.unless_missing(answer)?.iter().flatten().map(item).collect())
    }

    /// Writes a suspension into the inventory: `suspended` as they are, and in addition all that is in effect now. Gives
    /// what the inventory contains then, or the suspensions of others that cover some of it.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn note_suspension(
        &self,
        it: &Suspension,
        suspended: &[Item],
        lock_timeout: Duration,
    ) -> Result<Result<Vec<Item>, Vec<Suspension>>, Error> {
        self.atomically(lock_timeout, || self.note_within(it, suspended)).await
    }

    async fn note_within(
        &self,
        it: &Suspension,
        suspended: &[Item],
    ) -> Result<Result<Vec<Item>, Vec<Suspension>>, Error> {
        self.exclude_others().await?;
        self.ensure_own().await?;
        let missing = "SELECT to_regclass('rdsauth.suspensions') IS NULL \
                       OR to_regclass('rdsauth.suspended_objects') IS NULL";
        if self.row(missing, &[]).await?.is_some_and(|row| row.get(0)) {
            self.run(CREATE).await?;
        }
        for row in self.rows(GRANTS, &[]).await? {
            self.run(row.get(0)).await?;
        }
        let mut others = self.suspensions().await?;
        others.retain(|other| other.mark != it.mark && other.scope.overlaps(&it.scope));
        if !others.is_empty() {
            return Ok(Err(others));
        }
        let Suspension { mark, maker, scope, .. } = it;
        let header = "INSERT INTO rdsauth.suspensions (mark, version, maker, schemas, tables, foreign_keys, user_triggers) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (mark) DO NOTHING";
        let (keys, triggers) = (&scope.foreign_keys, &scope.triggers);
        self.rows(header, &[mark, &VERSION, maker, &scope.schemas, &scope.tables, keys, triggers]).await?;
        self.rows("DELETE FROM rdsauth.suspended_objects WHERE mark = $1 AND progress = 'noted'", &[mark]).await?;
        let mut all = self.suspended(mark).await?;
        let (in_effect, _) = self.in_effect(scope).await?;
        for item in suspended.iter().chain(&in_effect) {
            // What others have put back meanwhile stays as they left it.
            if !all.iter().any(|known| known.is(item)) {
                self.insert(item, mark).await?;
                all.push(item.clone());
            }
        }
        Ok(Ok(all))
    }

    async fn insert(&self, item: &Item, mark: &str) -> Result<(), Error> {
        let sql = "INSERT INTO rdsauth.suspended_objects (mark, version, position, kind, table_schema, table_name, name, \
                   progress, table_id, referenced_id, fingerprint, restore_sql) SELECT $1, $2, \
                   (SELECT coalesce(max(position), 0) + 1 FROM rdsauth.suspended_objects WHERE mark = $1), \
                   $3, $4, $5, $6, $7, $8, $9, $10, $11";
        let Item { kind, schema, table, name, progress, table_id, referenced_id, fingerprint, restore_sql } = item;
        let (kind, progress) = (kind.word(), progress.word());
        self.rows(
            sql,
            &[
                &mark,
                &VERSION,
                &kind,
                schema,
                table,
                name,
                &progress,
                table_id,
                referenced_id,
                fingerprint,
                restore_sql,
            ],
        )
        .await
        .map(drop)
    }

    /// Notes how far the suspension of an object has got, in the transaction that has changed the object.
    pub(super) async fn set_progress(&self, item: &Item, mark: &str, progress: Progress) -> Result<(), Error> {
        let sql = "UPDATE rdsauth.suspended_objects SET progress = $1 \
                   WHERE mark = $2 AND kind = $3 AND table_schema = $4 AND table_name = $5 AND name = $6 RETURNING 1";
        let (word, kind) = (progress.word(), item.kind.word());
        match self.row(sql, &[&word, &mark, &kind, &item.schema, &item.table, &item.name]).await? {
            Some(_) => Ok(()),
            None => Err(self.refused(format!("the {} is no longer in the inventory", item.what()))),
        }
    }

    /// Removes an object from the inventory, in the transaction that has put it back.
    pub(super) async fn strike_out(&self, item: &Item, mark: &str) -> Result<(), Error> {
        let sql = "DELETE FROM rdsauth.suspended_objects \
                   WHERE mark = $1 AND kind = $2 AND table_schema = $3 AND table_name = $4 AND name = $5";
        let kind = item.kind.word();
        self.rows(sql, &[&mark, &kind, &item.schema, &item.table, &item.name]).await.map(drop)
    }

    /// Removes a suspension all of whose objects are back, and the inventory if it was the last one.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn end_suspension(&self, mark: &str, lock_timeout: Duration) -> Result<(), Error> {
        self.atomically(lock_timeout, || self.end_within(mark)).await
    }

    async fn end_within(&self, mark: &str) -> Result<(), Error> {
        self.exclude_others().await?;
        self.rows("DELETE FROM rdsauth.suspensions WHERE mark = $1", &[&mark]).await?;
        let rest = "SELECT NOT EXISTS (SELECT FROM rdsauth.suspensions) \
                    AND NOT EXISTS (SELECT FROM rdsauth.suspended_objects), \
                    (SELECT count(*) FROM pg_depend d JOIN pg_namespace n ON n.oid = d.refobjid \
                     WHERE d.refclassid = 'pg_namespace'::regclass AND n.nspname = 'rdsauth' \
                     AND d.objid <> ALL (ARRAY['rdsauth.suspensions'::regclass::oid, 'rdsauth.suspended_objects'::regclass::oid])) \
                    = 0, pg_has_role(n.nspowner, 'USAGE') FROM pg_namespace n WHERE n.nspname = 'rdsauth'";
        let Some(row) = self.row(rest, &[]).await? else { return Ok(()) };
        let (is_empty, is_alone, is_owned): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if is_empty && is_owned {
            self.run("DROP TABLE rdsauth.suspensions, rdsauth.suspended_objects").await?;
            if is_alone {
                self.run(&format!("DROP SCHEMA {}", pg_name(SCHEMA)?)).await?;
            }
        }
        Ok(())
    }

    /// Whether nobody but administrators can have written into the inventory.
    async fn ensure_own(&self) -> Result<(), Error> {
        match self.row(STRANGERS, &[]).await? {
            None => Ok(()),
            Some(row) => {
                let owner: String = row.get(0);
                Err(self.refused(format!(
                    "the schema \"{SCHEMA}\" or something in it belongs to {owner}, who is neither \"{}\" nor an \
                     administrator, so what it contains is not trusted",
                    self.user()
                )))
            }
        }
    }

    /// The answer of a look into the inventory; nothing if there is none, or not any more.
    fn unless_missing<T>(&self, answer: Result<T, Error>) -> Result<Option<T>, Error> {
        match answer {
            Err(error) if matches!(error.code.as_deref(), Some("42P01" | "3F000")) => Ok(None),
            Err(error) if error.refusal() == Some(Refusal::Missing) => Ok(None),
            answer => answer.map(Some),
        }
    }
}

fn suspension(row: &Row) -> Suspension {
    Suspension {
        mark: row.get(0),
        maker: row.get(1),
        since: row.get(2),
        scope: Scope { schemas: row.get(3), tables: row.get(4), foreign_keys: row.get(5), triggers: row.get(6) },
    }
}

fn item(row: &Row) -> Item {
    Item {
        kind: Kind::of(row.get(0)),
        schema: row.get(1),
        table: row.get(2),
        name: row.get(3),
        progress: Progress::of(row.get(4)),
        table_id: row.get(5),
        referenced_id: row.get(6),
        fingerprint: row.get(7),
        restore_sql: row.get(8),
    }
}
