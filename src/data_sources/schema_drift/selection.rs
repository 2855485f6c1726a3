//! What of two databases counts: neither what somebody else's tools have there, nor what is to be ignored.

use std::collections::BTreeSet;

use crate::sql::catalogue::{Catalogue, Key};

/// Objects that are told to be ignored: those that match all patterns that are set.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    /// Pattern of the kind.
    pub(super) kind: Option<String>,
    /// Pattern of the schema.
    pub(super) schema: Option<String>,
    /// Pattern of the table that it belongs to, or that it is.
    pub(super) table: Option<String>,
    /// Pattern of the name.
    pub(super) name: Option<String>,
}

/// Objects that stand for themselves, so that others can belong to them.
const INDEPENDENT: [&str; 16] = [
    "aggregate",
    "database_setting",
    "domain",
    "enum",
    "event",
    "event_trigger",
    "extension",
    "foreign_table",
    "function",
    "materialized_view",
    "procedure",
    "schema",
    "sequence",
    "table",
    "type",
    "view",
];

/// Objects of one database that the other does not have, and with which others are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Missing {
    at_source: BTreeSet<(String, String)>,
    at_target: BTreeSet<(String, String)>,
    /// Sequences that are a part of a column in one of the databases only, where they have no owner of their own.
    parts: BTreeSet<(String, String)>,
}

impl Rule {
    fn matches(&self, key: &Key) -> bool {
        let table = if key.table.is_empty() { &key.name } else { &key.table };
        [(&self.kind, &key.kind), (&self.schema, &key.schema), (&self.table, table), (&self.name, &key.name)]
            .into_iter()
            .all(|(pattern, text)| pattern.as_ref().is_none_or(|pattern| is_like(pattern, text)))
    }

    /// Whether all objects of a kind are ignored.
    pub(super) fn covers(&self, kind: &str) -> bool {
        self.kind.as_ref().is_some_and(|pattern| is_like(pattern, kind))
            && [&self.schema, &self.table, &self.name].iter().all(|pattern| pattern.is_none())
    }
}

/// Whether an object is left out: of DMS, of this provider, or to be ignored.
pub(super) fn is_left_out(key: &Key, rules: &[Rule]) -> bool {
    let of_dms = |text: &str| text.split(['.', ' ', '"', '`']).any(|word| word.starts_with("awsdms_"));
    key.schema == "rdsauth"
        || [&key.schema, &key.table, &key.name].into_iter().any(|text| of_dms(text))
        || rules.iter().any(|rule| rule.matches(key))
}

impl Missing {
    /// Notes that the source does not have an object.
    pub(super) fn at_source(&mut self, key: &Key) {
        self.at_source.extend(itself(key));
        self.note_part(key);
    }

    /// Notes that the target does not have an object.
    pub(super) fn at_target(&mut self, key: &Key) {
        self.at_target.extend(itself(key));
        self.note_part(key);
    }

    fn note_part(&mut self, key: &Key) {
        if key.kind == "sequence_owner" {
            self.parts.insert((key.schema.clone(), key.name.clone()));
        }
    }

    /// Whether a difference follows from that of the object that it belongs to.
    pub(super) fn explains<C: Catalogue>(&self, key: &Key) -> bool {
        let is_in_dropped = || self.at_source.contains(&(key.schema.clone(), String::new()));
        if C::DROPS_SCHEMAS && key.kind != "schema" && is_in_dropped() {
            return true;
        }
        if INDEPENDENT.contains(&key.kind.as_str()) {
            return false;
        }
        let owner = if key.kind == "sequence_owner" { &key.name } else { &key.table };
        let owner = (key.schema.clone(), owner.clone());
        self.at_source.contains(&owner)
            || C::CREATED_WITH.contains(&key.kind.as_str()) && self.at_target.contains(&owner)
            || key.kind == "owner" && key.name == "sequence" && self.parts.contains(&owner)
    }
}

/// How others name an object that they belong to.
fn itself(key: &Key) -> Option<(String, String)> {
    let name = if key.kind == "schema" { "" } else { &key.name };
    INDEPENDENT.contains(&key.kind.as_str()).then(|| (key.schema.clone(), name.to_owned()))
}

/// Whether a text matches a pattern, in which `*` stands for any characters.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{mysql, postgres};

    type Postgres<'a> = postgres::catalogue::Reader<'a>;
    type Mysql<'a> = mysql::catalogue::Reader<'a>;

    fn key(kind: &str, schema: &str, table: &str, name: &str) -> Key {
        let [kind, schema, table, name] = [kind, schema, table, name].map(str::to_owned);
        Key { kind, schema, table, name }
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*a", "a", false),
            ("*é*", "caféx", true),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axc", false),
            ("*ab", "aab", true),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn rules_match_by_all_that_they_say() {
        let rule = |kind: Option<&str>, table: Option<&str>| Rule {
            kind: kind.map(str::to_owned),
            table: table.map(str::to_owned),
            ..Rule::default()
        };
        let (index, table) = (key("index", "app", "tmp_1", "i"), key("table", "app", "", "tmp_1"));
        let of_table = [rule(None, Some("tmp_*"))];
        assert!(is_left_out(&index, &of_table) && is_left_out(&table, &of_table));
        let both = [rule(Some("index"), Some("tmp_*"))];
        assert!(is_left_out(&index, &both) && !is_left_out(&table, &both));
        assert!(rule(Some("in*"), None).covers("index") && !both[0].covers("index"));
    }

    #[test]
    fn tools_are_left_out() {
        for (key, expected) in [
            (key("table", "public", "", "awsdms_apply_exceptions"), true),
            (key("column", "public", "awsdms_status", "a"), true),
            (key("owner", "public", "awsdms_intercept_ddl()", "function"), true),
            (key("schema", "awsdms_control", "", "awsdms_control"), true),
            (key("table", "rdsauth", "", "t"), true),
            (key("partition", "public", "t", "public.awsdms_t"), true),
            (key("table", "public", "", "my_awsdms_"), false),
        ] {
            assert_eq!(is_left_out(&key, &[]), expected, "{key:?}");
        }
    }

    #[test]
    fn what_belongs_to_a_missing_table_follows() {
        let mut missing = Missing::default();
        missing.at_source(&key("table", "app", "", "old"));
        missing.at_target(&key("table", "app", "", "new"));
        missing.at_target(&key("schema", "s", "", "s"));
        missing.at_target(&key("sequence_owner", "app", "", "seq"));
        for (key, expected) in [
            (key("index", "app", "old", "i"), true),
            (key("column", "app", "new", "c"), true),
            (key("index", "app", "new", "i"), false),
            (key("owner", "s", "", "schema"), true),
            (key("table", "s", "", "t"), false),
            (key("column", "other", "new", "c"), false),
            (key("owner", "app", "seq", "sequence"), true),
            (key("grant", "app", "seq", "jane"), false),
        ] {
            assert_eq!(missing.explains::<Postgres<'_>>(&key), expected, "{key:?}");
        }
    }

    #[test]
    fn in_mysql_tables_are_created_with_indexes_and_databases_dropped_with_tables() {
        let mut missing = Missing::default();
        missing.at_source(&key("schema", "old", "", "old"));
        missing.at_target(&key("table", "app", "", "new"));
        for (key, expected) in [
            (key("schema", "old", "", "old"), false),
            (key("table", "old", "", "t"), true),
            (key("definer", "old", "v", "view"), true),
            (key("index", "app", "new", "i"), true),
            (key("foreign_key", "app", "new", "k"), false),
            (key("trigger", "app", "new", "g"), false),
        ] {
            assert_eq!(missing.explains::<Mysql<'_>>(&key), expected, "{key:?}");
        }
    }
}
