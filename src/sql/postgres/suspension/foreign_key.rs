//! Foreign keys: their fingerprints, and the statements that create them again.

use serde_json::Value;

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::suspension::{parsed, qualified, text};
use crate::sql::quote::{pg_name, pg_text};
use crate::sql::suspension::Item;

/// All that makes up a foreign key `k` of the table `c` in the schema `n`, which references `r` in `rn`. Those that the
/// server derives from it for partitions are `inherited`: they are created with it, but by other names and without
/// comments. Those of partitions that were attached with a foreign key of their own are not quite the same as those that
/// were derived; the catalogue calls them not inheritable.
pub(super) const FINGERPRINT: &str = "jsonb_build_object(
    'definition', pg_get_constraintdef(k.oid),
    'beginning', format('FOREIGN KEY (%s) REFERENCES %I.%I', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.i)
        FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n), rn.nspname, r.relname),
    'continuation', format('(%s)', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.i)
        FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n)),
    'referenced', jsonb_build_array(rn.nspname, r.relname),
    'columns', (SELECT jsonb_agg(a.attname ORDER BY u.i) FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n),
    'referenced_columns', (SELECT jsonb_agg(a.attname ORDER BY u.i) FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n),
    'operators', (SELECT jsonb_agg(format('OPERATOR(%I.%s)', s.nspname, o.oprname) ORDER BY u.i)
        FROM unnest(k.conpfeqop) WITH ORDINALITY u(n, i)
        JOIN pg_operator o ON o.oid = u.n JOIN pg_namespace s ON s.oid = o.oprnamespace),
    'match', k.confmatchtype::text,
    'index', (SELECT jsonb_build_array(x.relname, i.indisprimary) FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indexrelid = k.conindid),
    'validated', k.convalidated,
    'partitioned', c.relkind = 'p',
    'references_partitions', r.relkind = 'p',
    'comment', obj_description(k.oid, 'pg_constraint'),
    'inherited', coalesce((WITH RECURSIVE down AS (
            SELECT d.* FROM pg_constraint d WHERE d.conparentid = k.oid
            UNION ALL SELECT d.* FROM down JOIN pg_constraint d ON d.conparentid = down.oid)
        SELECT jsonb_agg(jsonb_build_array(dn.nspname, dc.relname, fn.nspname, fc.relname, d.conname,
            obj_description(d.oid, 'pg_constraint'), d.connoinherit, pg_get_constraintdef(d.oid)) ORDER BY dn.nspname, dc.relname, fn.nspname, fc.relname, d.oid)
        FROM down d JOIN pg_class dc ON dc.oid = d.conrelid JOIN pg_namespace dn ON dn.oid = dc.relnamespace
        JOIN pg_class fc ON fc.oid = d.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace), '[]'))";

/// Where the tables of [`FINGERPRINT`] come from.
pub(super) const FROM: &str = "pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace";

/// Ends the definition of a constraint that was not validated.
const NOT_VALID: &str = " NOT VALID";

impl Session {
    /// The fingerprint of the foreign key that has the names of an item.
    pub(super) async fn foreign_key(&self, item: &Item) -> Result<Option<String>, Error> {
        let sql = format!(
            "SELECT ({FINGERPRINT})::text FROM {FROM} \
             WHERE k.contype = 'f' AND n.nspname = $1 AND c.relname = $2 AND k.conname = $3"
        );
        let row = self.row(&sql, &[&item.schema, &item.table, &item.name]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Gives the constraints that the server has derived for partitions the names and comments that they had.
    pub(super) async fn restore_inherited(&self, item: &Item, of: &Value) -> Result<Vec<String>, Error> {
        if of["inherited"].as_array().is_none_or(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let Some(now) = self.foreign_key(item).await? else { return Ok(Vec::new()) };
        inherited_sql(of, &parsed(self, &now)?)
    }
}

/// The statements that make the derived constraints of one fingerprint those of another.
fn inherited_sql(wanted: &Value, found: &Value) -> Result<Vec<String>, Error> {
    let list = |of: &Value| of["inherited"].as_array().cloned().unwrap_or_default();
    let part = |of: &Value, index: usize| of[index].as_str().unwrap_or_default().to_owned();
    let mut rest = list(found);
    let (mut aside, mut names, mut comments) = (Vec::new(), Vec::new(), Vec::new());
    for wanted in list(wanted) {
        let tables = |of: &Value| [part(of, 0), part(of, 1), part(of, 2), part(of, 3)];
        let candidates: Vec<_> = (0..rest.len()).filter(|at| tables(&rest[*at]) == tables(&wanted)).collect();
        let same_name = candidates.iter().find(|at| part(&rest[**at], 4) == part(&wanted, 4));
        let Some(at) = same_name.or(candidates.first()) else { continue };
        let found = rest.remove(*at);
        let table = qualified(&part(&wanted, 0), &part(&wanted, 1))?;
        let (old, new) = (part(&found, 4), part(&wanted, 4));
        if old != new {
            // Two of them can have each other's names.
            let between = pg_name(&format!("rdsauth_{}", aside.len()))?;
            aside.push(format!("ALTER TABLE {table} RENAME CONSTRAINT {} TO {between}", pg_name(&old)?));
            names.push(format!("ALTER TABLE {table} RENAME CONSTRAINT {between} TO {}", pg_name(&new)?));
        }
        if let Some(comment) = wanted[5].as_str() {
            let on = format!("COMMENT ON CONSTRAINT {} ON {table}", pg_name(&new)?);
            comments.push(format!("{on} IS {}", pg_text(comment)?));
        }
    }
    Ok([aside, names, comments].concat())
}

/// The definition without the words that say that it was not validated.
pub(super) fn definition(of: &Value) -> String {
    let whole = text(of, "definition");
    let whole = whole.strip_suffix(NOT_VALID).unwrap_or(whole);
    let beginning = text(of, "beginning");
    match whole.strip_prefix(beginning).and_then(|rest| rest.strip_prefix(text(of, "continuation"))) {
        Some(rest) if of["index"][1] == true => format!("{beginning}{rest}"),
        _ => whole.to_owned(),
    }
}

/// The statements that create those that partitions had of their own, before the one of the whole takes them over.
pub(super) fn own_of_partitions(of: &Value) -> Result<Vec<(String, String, String)>, Error> {
    let all = of["inherited"].as_array().cloned().unwrap_or_default();
    let own = all.iter().filter(|it| it[6] == true);
    let statement = |it: &Value| {
        let part = |index: usize| it[index].as_str().unwrap_or_default().to_owned();
        let (schema, table) = (part(0), part(1));
        let add =
            format!("ALTER TABLE {} ADD CONSTRAINT {} {}", qualified(&schema, &table)?, pg_name(&part(4))?, part(7));
        Ok((schema, table, add))
    };
    own.map(statement).collect()
}

/// The statement that adds the constraint, validated or not.
pub(super) fn add_sql(item: [&str; 3], of: &Value, validated: bool) -> Result<String, Error> {
    let [schema, table, name] = item;
    let end = if validated { "" } else { NOT_VALID };
    Ok(format!("ALTER TABLE {} ADD CONSTRAINT {} {}{end}", qualified(schema, table)?, pg_name(name)?, definition(of)))
}

/// The statement that validates it.
pub(super) fn validate_sql(item: &Item) -> Result<String, Error> {
    let table = qualified(&item.schema, &item.table)?;
    Ok(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", pg_name(&item.name)?))
}

/// The statement that comments it as before.
pub(super) fn comment_sql(item: [&str; 3], of: &Value) -> Result<Option<String>, Error> {
    let [schema, table, name] = item;
    let Some(comment) = of["comment"].as_str() else { return Ok(None) };
    let on = format!("COMMENT ON CONSTRAINT {} ON {}", pg_name(name)?, qualified(schema, table)?);
    Ok(Some(format!("{on} IS {}", pg_text(comment)?)))
}

/// All that puts it back, for people.
pub(super) fn restore_sql(schema: &str, table: &str, name: &str, of: &Value) -> Result<String, Error> {
    let item = [schema, table, name];
    let add = add_sql(item, of, of["validated"] == true)?;
    let own = own_of_partitions(of)?.into_iter().map(|(_, _, add)| add);
    Ok(own.chain([add]).chain(comment_sql(item, of)?).collect::<Vec<_>>().join("; "))
}

/// Whether a foreign key is the one that was dropped, whether validated or not.
pub(super) fn is_same(of: &Value, found: &Value) -> bool {
    let definition = |of: &Value| {
        let whole = text(of, "definition");
        whole.strip_suffix(NOT_VALID).unwrap_or(whole).to_owned()
    };
    definition(of) == definition(found) && of["index"] == found["index"]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(definition: &str, primary: bool) -> Value {
        json!({
            "definition": definition, "beginning": "FOREIGN KEY (a, \"É\") REFERENCES s.p", "continuation": "(a, \"É\")",
            "index": ["p_pkey", primary], "validated": !definition.ends_with(NOT_VALID), "comment": "it's",
        })
    }

    #[test]
    fn a_primary_key_is_referenced_without_columns() {
        let whole =
            "FOREIGN KEY (a, \"É\") REFERENCES s.p(a, \"É\") MATCH FULL ON DELETE SET NULL (a) DEFERRABLE NOT VALID";
        let short = "FOREIGN KEY (a, \"É\") REFERENCES s.p MATCH FULL ON DELETE SET NULL (a) DEFERRABLE";
        assert_eq!(definition(&key(whole, true)), short);
        assert_eq!(definition(&key(whole, false)), whole.strip_suffix(NOT_VALID).unwrap());
        let sql = restore_sql("s", "c", "f", &key(whole, true)).unwrap();
        assert_eq!(
            sql,
            format!(
                "ALTER TABLE \"s\".\"c\" ADD CONSTRAINT \"f\" {short} NOT VALID; COMMENT ON CONSTRAINT \"f\" ON \"s\".\"c\" IS E'it''s'"
            )
        );
    }

    #[test]
    fn a_constraint_that_is_back_is_recognized() {
        let (whole, unvalidated) = (key("FOREIGN KEY (a) X", true), key("FOREIGN KEY (a) X NOT VALID", true));
        assert!(is_same(&whole, &unvalidated));
        assert!(!is_same(&whole, &key("FOREIGN KEY (a) X", false)));
        assert!(!is_same(&whole, &key("FOREIGN KEY (a) Y", true)));
    }

    #[test]
    fn derived_constraints_get_their_names_back() {
        let one = |table: &str, name: &str, comment: Value| json!(["s", table, "s", "p", name, comment]);
        let wanted = json!({ "inherited": [one("c1", "x", json!("of x")), one("c2", "y", Value::Null)] });
        let found = json!({ "inherited": [one("c1", "f", Value::Null), one("c2", "y", Value::Null)] });
        let sql = inherited_sql(&wanted, &found).unwrap();
        assert_eq!(
            sql,
            [
                "ALTER TABLE \"s\".\"c1\" RENAME CONSTRAINT \"f\" TO \"rdsauth_0\"",
                "ALTER TABLE \"s\".\"c1\" RENAME CONSTRAINT \"rdsauth_0\" TO \"x\"",
                "COMMENT ON CONSTRAINT \"x\" ON \"s\".\"c1\" IS E'of x'",
            ]
        );
    }
}
