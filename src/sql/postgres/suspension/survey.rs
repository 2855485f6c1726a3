//! What there is to suspend, and whether the login may.

use tokio_postgres::Row;

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::suspension::foreign_key::{self, FROM};
use crate::sql::postgres::suspension::{Access, parsed, referenced, texts, trigger};
use crate::sql::suspension::{Item, Kind, Progress, Scope, Unfit};

/// The tables of some schemas, with their partitions wherever those are. Tables of extensions are left out.
const TABLES: &str = "RECURSIVE chosen AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'f') AND ($2::text[] IS NULL OR c.relname = ANY($2))
        AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    UNION SELECT i.inhrelid FROM chosen JOIN pg_inherits i ON i.inhparent = chosen.oid
    JOIN pg_class p ON p.oid = i.inhrelid AND p.relispartition)";

/// Of a foreign key between partitions only the topmost: the others are dropped and created with it.
const TOPMOST: &str = ", up AS (
    SELECT k.oid, k.conparentid FROM pg_constraint k
    WHERE k.contype = 'f' AND (k.conrelid IN (TABLE chosen) OR k.confrelid IN (TABLE chosen))
    UNION SELECT p.oid, p.conparentid FROM up JOIN pg_constraint p ON p.oid = up.conparentid)";

/// The states of the triggers that enforce a foreign key.
const ENFORCERS: &str =
    "(SELECT string_agg(DISTINCT e.tgenabled::text, '') FROM pg_trigger e WHERE e.tgconstraint = k.oid)";

/// How the login can change the table `c`: not at all, as itself, or as the owner. To set a role needs a permission of
/// its own since PostgreSQL 16. `k` may be a constraint, which needs more.
const OF_OWNER: &str = "c.relowner::regrole::text, pg_get_userbyid(c.relowner)::text, pg_has_role(c.relowner, 'USAGE'), \
     pg_has_role(c.relowner, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), \
     c.relkind = 'f'";

/// Whether a role may reference the columns of a foreign key.
fn may_reference(role: &str) -> String {
    format!(
        "(SELECT bool_and(has_column_privilege({role}, k.confrelid, u.n, 'REFERENCES')) FROM unnest(k.confkey) u(n)) \
         AND has_schema_privilege({role}, rn.oid, 'USAGE')"
    )
}

impl Session {
    /// The objects in effect that a scope covers, and those of them that cannot be suspended.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn in_effect(&self, scope: &Scope) -> Result<(Vec<Item>, Vec<Unfit>), Error> {
        let (mut items, mut unfit) = (Vec::new(), Vec::new());
        if scope.foreign_keys {
            let (login, owner) = (may_reference("current_user"), may_reference("c.relowner"));
            let sql = format!(
                "WITH {TABLES} {TOPMOST} SELECT n.nspname::text, c.relname::text, k.conname::text, c.oid, k.confrelid, \
                 ({})::text, {OF_OWNER}, {login}, {owner}, coalesce({ENFORCERS}, 'O') FROM {FROM} \
                 JOIN up ON up.oid = k.oid WHERE up.conparentid = 0 ORDER BY k.oid",
                foreign_key::FINGERPRINT
            );
            for row in self.rows(&sql, &[&scope.schemas, &scope.tables]).await? {
                let item = self.item(Kind::ForeignKey, &row)?;
                let enforcers: String = row.get(13);
                if enforcers != "O" {
                    let why = "Its system triggers were disabled, or set to fire always or on replicas, which only a \
                               superuser can do again.";
                    unfit.push(Unfit { item, why: why.to_owned(), can_stay: true });
                    continue;
                }
                match access(&row, 6, row.get(11), row.get(12)) {
                    Ok(_) => items.push(item),
                    Err(why) => unfit.push(Unfit { item, why, can_stay: false }),
                }
            }
        }
        if scope.triggers {
            let sql = format!(
                "WITH {TABLES} SELECT n.nspname::text, c.relname::text, t.tgname::text, c.oid, 0::oid, ({})::text, \
                 {OF_OWNER}, t.tgisinternal FROM chosen JOIN pg_trigger t ON t.tgrelid = chosen.oid \
                 JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_proc f ON f.oid = t.tgfoid \
                 WHERE t.tgenabled <> '{}' AND (NOT t.tgisinternal OR f.pronamespace <> 'pg_catalog'::regnamespace) \
                 ORDER BY 1, 2, 3",
                trigger::FINGERPRINT,
                trigger::DISABLED
            );
            for row in self.rows(&sql, &[&scope.schemas, &scope.tables]).await? {
                let item = self.item(Kind::Trigger, &row)?;
                if row.get(11) {
                    let why = "Before PostgreSQL 15, triggers of partitions can be changed by a superuser only.";
                    unfit.push(Unfit { item, why: why.to_owned(), can_stay: false });
                    continue;
                }
                match access(&row, 6, true, true) {
                    Ok(_) => items.push(item),
                    Err(why) => unfit.push(Unfit { item, why, can_stay: false }),
                }
            }
        }
        Ok((items, unfit))
    }

    fn item(&self, kind: Kind, row: &Row) -> Result<Item, Error> {
        let (schema, table, name): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let fingerprint: String = row.get(5);
        let parsed = parsed(self, &fingerprint)?;
        let restore_sql = match kind {
            Kind::ForeignKey => foreign_key::restore_sql(&schema, &table, &name, &parsed)?,
            Kind::Trigger => trigger::restore_sql(&schema, &table, &name, &parsed)?,
        };
        let progress = Progress::Noted;
        let (table_id, referenced_id) = (row.get(3), row.get(4));
        Ok(Item { kind, schema, table, name, progress, table_id, referenced_id, fingerprint, restore_sql })
    }

    /// How to change the table of an object, as it is called now.
    pub(super) async fn access(&self, item: &Item) -> Result<Access, Error> {
        let may_reference = |role: &str| {
            format!(
                "coalesce((SELECT bool_and(has_column_privilege({role}, r.oid, a.attnum, 'REFERENCES') \
                 AND has_schema_privilege({role}, r.relnamespace, 'USAGE')) \
                 FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace \
                 JOIN pg_attribute a ON a.attrelid = r.oid \
                 WHERE rn.nspname = $3 AND r.relname = $4 AND a.attname = ANY($5)), true)"
            )
        };
        let sql = format!(
            "SELECT {OF_OWNER}, {}, {} FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2",
            may_reference("current_user"),
            may_reference("c.relowner")
        );
        let of = parsed(self, &item.fingerprint)?;
        let [schema, table] = referenced(&of);
        let columns = texts(&of, "referenced_columns");
        let row = self.row(&sql, &[&item.schema, &item.table, &schema, &table, &columns]).await?;
        self.access_of(item, row.as_ref())
    }

    fn access_of(&self, item: &Item, row: Option<&Row>) -> Result<Access, Error> {
        let row = row.ok_or_else(|| self.refused(format!("the table of the {} no longer exists", item.what())))?;
        access(row, 0, row.get(5), row.get(6)).map_err(|why| self.refused(why))
    }
}

/// Reads the columns of [`OF_OWNER`], or tells why the login cannot change the table.
fn access(row: &Row, at: usize, login_references: bool, owner_references: bool) -> Result<Access, String> {
    let (owner, name): (String, String) = (row.get(at), row.get(at + 1));
    let (has_rights, can_set): (bool, bool) = (row.get(at + 2), row.get(at + 3));
    let is_foreign = row.get(at + 4);
    match () {
        () if has_rights && login_references => Ok(Access { owner: None, is_foreign }),
        () if can_set && owner_references => Ok(Access { owner: Some(name), is_foreign }),
        () if has_rights || can_set => {
            Err("The privilege REFERENCES on the columns of the referenced table, or USAGE \
                                            on its schema, is missing, so it could not be created again."
                .to_owned())
        }
        () => Err(format!("Its table belongs to {owner}. Grant that role to the connecting user.")),
    }
}
