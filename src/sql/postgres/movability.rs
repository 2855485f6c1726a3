//! What in a PostgreSQL database a migration to another server has to care about.

use crate::sql::Error;
use crate::sql::movability::{Finding, Movability};
use crate::sql::postgres::Session;

/// Everything in one query. Objects of extensions are created by CREATE EXTENSION; event triggers of superusers belong to
/// RDS. DMS treats the types of `lob_column` as large objects.
const FOUND: &str = r"
WITH own AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relpersistence, c.relreplident
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), col AS (
    SELECT own.name, quote_ident(a.attname) AS attname, a.attnum, a.atttypid, a.atttypmod
    FROM own JOIN pg_attribute a ON a.attrelid = own.oid
    WHERE own.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
), found (kind, object, detail) AS (
    SELECT 'unlogged_table', name, '' FROM own WHERE relkind = 'r' AND relpersistence = 'u'
    UNION ALL
    SELECT 'table_without_primary_key', name,
        CASE relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'i' THEN 'REPLICA IDENTITY USING INDEX'
            ELSE 'no replica identity' END
    FROM own WHERE relkind IN ('r', 'p') AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = own.oid AND i.indisprimary)
    UNION ALL
    SELECT 'unconstrained_numeric', name, string_agg(attname, ', ' ORDER BY attnum)
    FROM col WHERE atttypid IN ('numeric'::regtype, 'numeric[]'::regtype) AND atttypmod = -1 GROUP BY name
    UNION ALL
    SELECT 'lob_column', name,
        string_agg(format('%s %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
    FROM col
    WHERE atttypid IN ('bytea'::regtype, 'text'::regtype, 'xml'::regtype, 'json'::regtype, 'jsonb'::regtype)
        OR atttypid = 'varchar'::regtype AND atttypmod = -1
    GROUP BY name
    UNION ALL
    SELECT 'large_objects', quote_ident(current_database()), count(*)::text
    FROM pg_largeobject_metadata HAVING count(*) > 0
    UNION ALL
    SELECT 'sequence', name,
        CASE WHEN NOT has_sequence_privilege(oid, 'USAGE, SELECT') OR relpersistence = 'u' AND pg_is_in_recovery()
                THEN 'last value not readable'
            ELSE coalesce('last value ' || pg_sequence_last_value(oid), 'not used yet') END
    FROM own WHERE relkind = 'S'
    UNION ALL
    SELECT 'foreign_key', own.name,
        format('%I references %s', k.conname, k.confrelid::regclass) || CASE WHEN k.condeferrable THEN ', deferrable' ELSE '' END
    FROM own JOIN pg_constraint k ON k.conrelid = own.oid WHERE k.contype = 'f' AND k.conparentid = 0
    UNION ALL
    SELECT 'trigger', own.name,
        format('%I, ', t.tgname) || CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled on replicas'
            WHEN 'A' THEN 'enabled always' ELSE 'enabled' END
    FROM own JOIN pg_trigger t ON t.tgrelid = own.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'event_trigger', quote_ident(e.evtname), e.evtevent
    FROM pg_event_trigger e JOIN pg_roles r ON r.oid = e.evtowner WHERE NOT r.rolsuper
    UNION ALL
    SELECT 'partitioned_table', name, (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = own.oid) || ' partitions'
    FROM own WHERE relkind = 'p'
    UNION ALL
    SELECT 'materialized_view', name, '' FROM own WHERE relkind = 'm'
    UNION ALL
    SELECT 'long_transaction', 'pid ' || pid,
        format('user %s, database %s, since %s, %s', usename, datname, date_trunc('second', xact_start), state)
    FROM pg_stat_activity
    WHERE xact_start < now() - interval '5 minutes' AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    UNION ALL
    SELECT 'prepared_transaction', gid, format('user %s, database %s, since %s', owner, database, date_trunc('second', prepared))
    FROM pg_prepared_xacts
    UNION ALL
    SELECT 'publication', quote_ident(pubname), '' FROM pg_publication
    UNION ALL
    SELECT 'subscription', quote_ident(s.subname), CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END
    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()
    UNION ALL
    SELECT 'replication_slot', slot_name::text,
        format('plugin %s, database %s, %s', plugin, database, CASE WHEN active THEN 'active' ELSE 'inactive' END)
    FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT temporary
    UNION ALL
    SELECT 'setting', name, setting FROM pg_settings WHERE name = 'wal_level'
    UNION ALL
    SELECT 'setting', 'sees_sessions', pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')::text
)
SELECT kind, object, detail FROM found";

impl Session {
    /// What is in the database of the session, and the transactions and slots of the server.
    ///
    /// # Errors
    /// Any.
    pub async fn movability(&self) -> Result<Movability, Error> {
        let rows = self.read_only(|| self.rows(FOUND, &[])).await?;
        let text = |row: &tokio_postgres::Row, column| row.get::<_, Option<String>>(column).unwrap_or_default();
        let finding = |row| Finding { kind: text(&row, 0), object: text(&row, 1), detail: text(&row, 2) };
        let mut all = Movability::of(rows.into_iter().map(finding).collect());
        if all.settings.remove("sees_sessions").as_deref() != Some("true") {
            let reason = format!(
                "\"{}\" sees only its own transactions. Grant it the role pg_read_all_stats to see those of others.",
                self.user()
            );
            all.unknown.push(("long_transaction".to_owned(), reason));
        }
        Ok(all)
    }
}
