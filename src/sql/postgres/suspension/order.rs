//! The order of foreign keys, in which their system triggers fire.

use std::collections::HashSet;

use serde_json::Value;

use crate::sql::suspension::{Item, Kind, Progress};

/// The foreign keys that are still in effect and newer than one that is not, on the same tables. That one comes behind them
/// when it is created again, unless they are, too. By their places in the inventory, which has the order of creation.
pub fn to_follow(items: &[Item]) -> Vec<usize> {
    let (mut passed, mut found) = (HashSet::new(), Vec::new());
    for (index, item) in items.iter().enumerate().filter(|(_, item)| item.kind == Kind::ForeignKey) {
        let tables = tables(item);
        let follows = item.progress == Progress::Noted && tables.iter().any(|table| passed.contains(table));
        if follows {
            found.push(index);
        }
        if follows || item.progress == Progress::Suspended {
            passed.extend(tables);
        }
    }
    found
}

/// Schema and name of the tables that have system triggers of a foreign key, with their partitions.
fn tables(item: &Item) -> Vec<(String, String)> {
    let of: Value = serde_json::from_str(&item.fingerprint).unwrap_or_default();
    let pair = |of: &Value, at: usize| Some((of[at].as_str()?.to_owned(), of[at + 1].as_str()?.to_owned()));
    let mut all = vec![(item.schema.clone(), item.table.clone())];
    all.extend(pair(&of["referenced"], 0));
    for inherited in of["inherited"].as_array().into_iter().flatten() {
        all.extend([0, 2].into_iter().filter_map(|at| pair(inherited, at)));
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(table: &str, referenced: &str, partitions: &[&str], progress: Progress) -> Item {
        let inherited: Vec<_> = partitions.iter().map(|name| json!(["s", name, "s", referenced, "k"])).collect();
        Item {
            kind: Kind::ForeignKey,
            schema: "s".to_owned(),
            table: table.to_owned(),
            name: "k".to_owned(),
            progress,
            table_id: 0,
            referenced_id: 0,
            fingerprint: json!({ "referenced": ["s", referenced], "inherited": inherited }).to_string(),
            restore_sql: String::new(),
        }
    }

    #[test]
    fn newer_keys_of_the_same_tables_follow() {
        use Progress::{Noted, Suspended, Unvalidated};
        let of = |keys: &[(&str, &str, Progress)]| {
            to_follow(&keys.iter().map(|(table, other, it)| key(table, other, &[], *it)).collect::<Vec<_>>())
        };
        assert_eq!(of(&[("a", "p", Noted), ("b", "p", Suspended)]), [0; 0], "older ones keep their place");
        assert_eq!(of(&[("a", "p", Suspended), ("b", "p", Noted), ("c", "q", Noted)]), [1]);
        assert_eq!(of(&[("a", "p", Suspended), ("b", "a", Noted), ("c", "b", Noted)]), [1, 2], "one after the other");
        assert_eq!(of(&[("a", "p", Unvalidated), ("b", "p", Noted)]), [0; 0], "it is back");
        let of_partition = [key("a", "p", &["a_1"], Suspended), key("a_1", "q", &[], Noted)];
        assert_eq!(to_follow(&of_partition), [1]);
    }
}
