//! Table mappings: rules that select tables, and others that the configuration adds.
//!
//! The IDs and names of rules say nothing, so mappings are compared without them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tf_provider::diagnostic::Diagnostic;

use crate::resources::dms_migration::{DmsMigration, Tables, diagnostics};

const SELECTION: &str = "selection";
const INCLUDE: &str = "include";
const EXCLUDE: &str = "exclude";

/// What is never migrated: the control tables of DMS, and the inventory of suspended constraints.
const NEVER: [(&str, &str); 2] = [("%", "awsdms_%"), ("rdsauth", "%")];

/// A selection of tables without filters, or another rule.
enum Rule {
    Selection { is_included: bool, tables: Tables },
    Other(Value),
}

/// What is wrong with the argument `table_mapping_rules`.
pub(super) fn complaints(text: &str) -> Vec<Diagnostic> {
    let Ok(Value::Array(rules)) = serde_json::from_str(text) else {
        return vec![diagnostics::rules_are_no_list()];
    };
    let is_rule = |rule: &Value| rule.get("rule-type").is_some_and(Value::is_string);
    let strange = rules.iter().position(|rule| !is_rule(rule)).map(diagnostics::rule_has_no_type);
    let plain = rules.iter().position(|rule| matches!(read(rule), Rule::Selection { .. }));
    strange.into_iter().chain(plain.map(diagnostics::rule_has_a_block)).collect()
}

impl DmsMigration {
    /// The table mappings that the configuration asks for.
    pub(super) fn wanted_mappings(&self) -> Value {
        let others = self.other_rules();
        let taken: BTreeSet<String> = others.iter().filter_map(|rule| word(rule.get("rule-id")?)).collect();
        let mut ids = (1..).map(|id: u32| id.to_string()).filter(|id| !taken.contains(id));
        let mut rules = Vec::new();
        let mut select = |action: &str, schema: &str, table: &str| {
            let id = ids.next().unwrap_or_default();
            rules.push(json!({
                "rule-type": SELECTION,
                "rule-id": id,
                "rule-name": format!("{action}-{id}"),
                "object-locator": { "schema-name": schema, "table-name": table },
                "rule-action": action,
                "filters": [],
            }));
        };
        self.include.iter().for_each(|tables| select(INCLUDE, &tables.schema, &tables.table));
        self.exclude.iter().for_each(|tables| select(EXCLUDE, &tables.schema, &tables.table));
        NEVER.iter().for_each(|(schema, table)| select(EXCLUDE, schema, table));
        rules.extend(others);
        json!({ "rules": rules })
    }

    /// Whether a task has the table mappings that the configuration asks for.
    pub(super) fn has_mappings(&self, found: &str) -> bool {
        sorted(rules(found)) == sorted(rules(&self.wanted_mappings().to_string()))
    }

    /// Takes over the table mappings of a task.
    pub(super) fn read_mappings(&mut self, found: &str) {
        if self.has_mappings(found) {
            return;
        }
        let (mut include, mut exclude, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for rule in rules(found) {
            match rule {
                Rule::Selection { is_included: true, tables } => include.push(tables),
                Rule::Selection { tables, .. } => exclude.push(tables),
                Rule::Other(rule) => others.push(rule),
            }
        }
        (self.include, self.exclude) = (include.into_iter().collect(), exclude.into_iter().collect());
        if sorted(others.iter().map(read).collect()) != sorted(self.other_rules().iter().map(read).collect()) {
            self.table_mapping_rules = (!others.is_empty()).then(|| Value::Array(others).to_string().into());
        }
    }

    fn other_rules(&self) -> Vec<Value> {
        let given = self.table_mapping_rules.as_ref().and_then(|rules| serde_json::from_str(&rules.0).ok());
        given.unwrap_or_default()
    }
}

impl Rule {
    /// The same text for rules that say the same.
    fn text(&self) -> String {
        match self {
            Self::Selection { is_included, tables } => json!([is_included, tables.schema, tables.table]).to_string(),
            Self::Other(rule) => rule.to_string(),
        }
    }
}

fn rules(mappings: &str) -> Vec<Rule> {
    let mappings: Value = serde_json::from_str(mappings).unwrap_or_default();
    let all = mappings.get("rules").and_then(Value::as_array).into_iter().flatten().map(read);
    all.filter(|rule| !is_about_never(rule)).collect()
}

/// Whether it excludes what is never migrated. A task of other means, which has no such rules, is not changed for that.
fn is_about_never(rule: &Rule) -> bool {
    matches!(rule, Rule::Selection { is_included: false, tables }
        if NEVER.contains(&(tables.schema.as_str(), tables.table.as_str())))
}

fn read(rule: &Value) -> Rule {
    let part = |name: &str| rule.get("object-locator").and_then(|locator| locator.get(name)).and_then(Value::as_str);
    let action = rule.get("rule-action").and_then(Value::as_str);
    let is_plain = rule.as_object().is_some_and(|rule| {
        let is_known = |(name, value): (&String, &Value)| match name.as_str() {
            "filters" => value.is_null() || value.as_array().is_some_and(Vec::is_empty),
            name => ["rule-type", "rule-id", "rule-name", "object-locator", "rule-action"].contains(&name),
        };
        rule.iter().all(is_known)
    });
    let is_plain = is_plain && rule.get("rule-type").and_then(Value::as_str) == Some(SELECTION);
    match (part("schema-name"), part("table-name"), action) {
        (Some(schema), Some(table), Some(action @ (INCLUDE | EXCLUDE))) if is_plain => Rule::Selection {
            is_included: action == INCLUDE,
            tables: Tables { schema: schema.to_owned(), table: table.to_owned() },
        },
        _ => {
            let mut rule = rule.clone();
            if let Some(rule) = rule.as_object_mut() {
                rule.remove("rule-name");
                rule.remove("rule-id");
            }
            Rule::Other(rule)
        }
    }
}

/// The order of rules says nothing.
fn sorted(mut rules: Vec<Rule>) -> Vec<String> {
    let mut texts: Vec<_> = rules.drain(..).map(|rule| rule.text()).collect();
    texts.sort();
    texts.dedup();
    texts
}

/// The ID of a rule, which may be a number.
fn word(id: &Value) -> Option<String> {
    id.as_str().map(str::to_owned).or_else(|| id.as_i64().map(|id| id.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::dms_migration::tests::migration;

    #[test]
    fn some_tables_are_never_selected() {
        let it = migration();
        let wanted = it.wanted_mappings();
        let rules = wanted["rules"].as_array().unwrap();
        let told: Vec<_> = rules
            .iter()
            .map(|rule| format!("{} {} {}", rule["rule-id"], rule["rule-action"], rule["object-locator"]))
            .collect();
        assert_eq!(
            told,
            [
                r#""1" "include" {"schema-name":"public","table-name":"%"}"#,
                r#""2" "exclude" {"schema-name":"%","table-name":"awsdms_%"}"#,
                r#""3" "exclude" {"schema-name":"rdsauth","table-name":"%"}"#,
            ]
        );
    }

    #[test]
    fn ids_are_free_and_say_nothing() {
        let mut it = migration();
        let rename = r#"[{"rule-type":"transformation","rule-id":"2","rule-name":"r","rule-action":"rename"}]"#;
        it.table_mapping_rules = Some(rename.into());
        let mut found = it.wanted_mappings();
        let ids: BTreeSet<_> =
            found["rules"].as_array().unwrap().iter().map(|rule| rule["rule-id"].to_string()).collect();
        assert_eq!(ids.len(), 4);
        let rules = found["rules"].as_array_mut().unwrap();
        rules.reverse();
        rules[0]["rule-id"] = "77".into();
        rules[1].as_object_mut().unwrap().remove("filters");
        assert!(it.has_mappings(&found.to_string()));
        let before = it.clone();
        it.read_mappings(&found.to_string());
        assert_eq!(it, before);
    }

    #[test]
    fn drift_is_read() {
        let mut it = migration();
        let rule = |action: &str, schema: &str, table: &str| {
            json!({ "rule-type": "selection", "rule-id": "9", "rule-name": "x", "rule-action": action,
                    "object-locator": { "schema-name": schema, "table-name": table } })
        };
        let never = [rule("exclude", "%", "awsdms_%"), rule("exclude", "rdsauth", "%")];
        let own = [rule("include", "sales", "%"), rule("exclude", "sales", "log")];
        let rules = [never.clone(), own].concat();
        it.read_mappings(&json!({ "rules": rules }).to_string());
        let tables = |schema: &str, table: &str| Tables { schema: schema.to_owned(), table: table.to_owned() };
        assert_eq!(it.include, [tables("sales", "%")].into_iter().collect());
        assert_eq!(it.exclude, [tables("sales", "log")].into_iter().collect());
        let filtered = json!({ "rule-type": "selection", "rule-id": "1", "filters": [{}], "rule-action": "include" });
        let rules = [never.as_slice(), &[filtered]].concat();
        it.read_mappings(&json!({ "rules": rules }).to_string());
        assert!(it.include.is_empty() && it.exclude.is_empty());
        assert!(it.table_mapping_rules.is_some_and(|rules| !rules.0.contains("rule-id")));
    }

    #[test]
    fn rules_have_types_and_no_block_of_their_own() {
        let plain = r#"[{"rule-type":"selection","object-locator":{"schema-name":"a","table-name":"b"},"rule-action":"include"}]"#;
        for (text, says) in [("{}", "list"), ("[1]", "rule-type"), (plain, "\"include\"")] {
            let found = complaints(text);
            assert!(found.len() == 1 && found[0].detail.contains(says), "{text}: {found:?}");
        }
        assert_eq!(complaints(r#"[{"rule-type":"table-settings"}]"#), []);
    }
}
