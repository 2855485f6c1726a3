//! The settings of an original, as texts: kept in the state, given to requests, and compared with what was restored.

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::diagnostic::{Diagnostic, Severity};
use tf_provider::schema::{Map, computed};

use crate::aws::rds::Setting;

tf_provider::model! {
    /// A setting of the original.
    pub struct SourceSetting {
        /// Kind of object that has the setting: `"instance"`; of a DB cluster `"cluster"`, `"member"` or `"custom_endpoint"`.
        kind: String = computed(),
        /// Identifier of the object.
        identifier: String = computed(),
        /// Name of the setting, as in the carry-over of `rdsauth_encryption_plan`; `tags.KEY` for a tag.
        name: String = computed(),
        /// Value of the setting. Several values are separated by commas.
        value: String = computed(),
    }
}

tf_provider::model! {
    /// A setting in which what was restored differs.
    pub struct Difference {
        /// Identifier of the object that differs.
        identifier: String = computed(),
        /// Name of the setting.
        name: String = computed(),
        /// Value in the original, or in `overrides`. Null for the default.
        source: Option<String> = computed(),
        /// Value in what was restored. Null for the default, or if the object is missing.
        restored: Option<String> = computed(),
    }
}

/// The settings of one object, by name.
pub type Settings = BTreeMap<String, String>;

/// An object of the original.
#[derive(Clone, Debug, Default)]
pub struct Original {
    /// Its identifier.
    pub identifier: String,
    /// Its settings.
    pub settings: Settings,
    /// Its tags.
    pub tags: Map<String>,
}

/// Settings that are carried over and compared in another way.
const APART: [&str; 2] = ["tags", "custom_endpoints"];

/// What the name of a tag has in front.
const TAG: &str = "tags.";

/// The summary for a restore that the next apply goes on with.
const INCOMPLETE: &str = "Restore is not complete yet";

/// Settings of which only the presence can be carried over: their values are new.
const PRESENT: &str = "master_user_secret";

/// The settings in rows of a carry-over table.
pub fn of_rows(rows: &[Setting]) -> Settings {
    let rows = rows.iter().filter(|row| !APART.contains(&row.name));
    rows.map(|row| (row.name.to_owned(), row.value.clone())).collect()
}

/// The settings and tags of an object, as a state lists them.
pub fn listed(kind: &str, identifier: &str, settings: &Settings, tags: &Map<String>) -> Vec<SourceSetting> {
    let tags = tags.iter().filter(|(key, _)| !is_reserved(key));
    let tags = tags.map(|(key, value)| (format!("{TAG}{key}"), value.clone()));
    let settings = settings.iter().map(|(name, value)| (name.clone(), value.clone()));
    let setting =
        |(name, value)| SourceSetting { kind: kind.to_owned(), identifier: identifier.to_owned(), name, value };
    settings.chain(tags).map(setting).collect()
}

/// A tag of AWS or of the create of the original.
fn is_reserved(key: &str) -> bool {
    key.starts_with("aws:") || key.starts_with("rdsauth:")
}

/// The objects of a kind in the settings of a state, in their order.
pub fn originals(all: &[SourceSetting], kind: &str) -> Vec<Original> {
    let mut found: Vec<Original> = Vec::new();
    for SourceSetting { identifier, name, value, .. } in all.iter().filter(|setting| setting.kind == kind) {
        if found.last().is_none_or(|last| last.identifier != *identifier) {
            found.push(Original { identifier: identifier.clone(), ..Original::default() });
        }
        let Some(last) = found.last_mut() else { continue };
        match name.strip_prefix(TAG) {
            Some(key) => last.tags.insert(key.to_owned(), value.clone()),
            None => last.settings.insert(name.clone(), value.clone()),
        };
    }
    found
}

/// In what an object differs from the settings that are wanted for it.
pub fn differences(identifier: &str, wanted: &Settings, is: &Settings) -> Vec<Difference> {
    let names: BTreeSet<_> = wanted.keys().chain(is.keys()).collect();
    let difference = |name: &String| {
        let (wanted, is) = (wanted.get(name), is.get(name));
        (!same(name, wanted.map(String::as_str), is.map(String::as_str))).then(|| Difference {
            identifier: identifier.to_owned(),
            name: name.clone(),
            source: wanted.cloned(),
            restored: is.cloned(),
        })
    };
    names.into_iter().filter_map(difference).collect()
}

/// Whether two values mean the same. Lists have no order, and what is off is not listed.
pub fn same(name: &str, wanted: Option<&str>, is: Option<&str>) -> bool {
    match (wanted, is) {
        (Some(_), Some(_)) if name == PRESENT => true,
        (Some(wanted), Some(is)) => words(wanted) == words(is),
        (Some(value), None) | (None, Some(value)) => is_default(name, value),
        (None, None) => true,
    }
}

/// Warns that a wait for a restore was cut off. `object` is what is restored, in words.
pub fn late(object: &str, why: &Diagnostic) -> Diagnostic {
    let detail = format!(
        "{object}: {}\n\nWhat has begun goes on in AWS, and the resource is not tainted: the next apply goes on with it. \
         Until \"complete\" is true, do not use the {object}.",
        why.detail
    );
    Diagnostic::warning(INCOMPLETE, detail)
}

/// Warns of an error after the restore has begun. As an error, core would taint the resource and replace what was
/// restored. An update reports it as an error.
pub fn refused(object: &str, why: Diagnostic) -> Diagnostic {
    let detail = format!(
        "{}: {}\n\nThe {object} exists, and the resource is not tainted: the next apply carries over what is missing. Until \
         \"complete\" is true, do not use it.",
        why.summary, why.detail
    );
    Diagnostic { severity: Severity::Warning, summary: INCOMPLETE.to_owned(), detail, ..why }
}

/// Warns that what was restored has another identifier by now, and is not deleted. `object` is what was restored, in words.
pub fn renamed(object: &str, now: &str) -> Diagnostic {
    let detail = format!(
        "The {object} is called \"{now}\" now, so that applications may use it as if it were another one. It was not deleted, \
         and Terraform does not manage it any more.\n\nTo manage it again, import it as \"{now}\"."
    );
    Diagnostic::warning("Renamed database is not deleted", detail)
}

/// Warns of settings that could not be carried over.
pub fn differs(object: &str, differences: &[Difference]) -> Diagnostic {
    let line = |one: &Difference| {
        let value = |value: &Option<String>| value.as_ref().map_or("the default".to_owned(), |it| format!("\"{it}\""));
        let Difference { identifier, name, source, restored } = one;
        format!("  {identifier}: {name} is {}, not {}", value(restored), value(source))
    };
    let lines: Vec<_> = differences.iter().map(line).collect();
    let detail = format!(
        "The restored {object} differs from the original, or from \"overrides\":\n{}\n\nThese settings are not carried \
         over, or RDS has not accepted them. They are listed in \"differences\".",
        lines.join("\n")
    );
    Diagnostic::warning("Settings differ from the original", detail)
}

/// Whether a value is what there is without the setting, so that the tables do not list it.
fn is_default(name: &str, value: &str) -> bool {
    let is_group = name.ends_with("_group_name");
    value == "false"
        || (name == "storage_type" && value == "aurora")
        || (is_group && (value == "default" || value.starts_with("default.") || value.starts_with("default:")))
}

fn words(list: &str) -> BTreeSet<&str> {
    list.split(", ").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn objects_of_a_state_keep_their_order_and_tags() {
        let tags = Map::from([("team".to_owned(), "a=b".to_owned()), ("aws:x".to_owned(), "y".to_owned())]);
        let mut all = listed("cluster", "shop", &settings(&[("port", "5432")]), &tags);
        all.extend(listed("member", "shop", &settings(&[("db_instance_class", "db.r6g.large")]), &Map::new()));
        all.extend(listed("member", "a", &settings(&[("db_instance_class", "db.r6g.large")]), &tags));
        let members = originals(&all, "member");
        assert_eq!(members.iter().map(|member| member.identifier.as_str()).collect::<Vec<_>>(), ["shop", "a"]);
        assert_eq!(members[1].tags, Map::from([("team".to_owned(), "a=b".to_owned())]));
        let cluster = &originals(&all, "cluster")[0];
        assert_eq!((&cluster.settings, cluster.tags.len()), (&settings(&[("port", "5432")]), 1));
    }

    #[test]
    fn what_is_the_same_is_no_difference() {
        let wanted = settings(&[
            ("groups", "a, b"),
            ("deletion_protection", "false"),
            (PRESENT, "arn:old"),
            ("window", "sun:01:00-sun:01:30"),
            ("lost", "x"),
        ]);
        let is = settings(&[("groups", "b, a"), (PRESENT, "arn:new"), ("window", "mon:01:00-mon:01:30"), ("new", "y")]);
        let told = differences("shop", &wanted, &is);
        let told: Vec<_> =
            told.iter().map(|one| (one.name.as_str(), one.source.as_deref(), one.restored.as_deref())).collect();
        let windows = ("window", Some("sun:01:00-sun:01:30"), Some("mon:01:00-mon:01:30"));
        assert_eq!(told, [("lost", Some("x"), None), ("new", None, Some("y")), windows]);
        assert!(!same(PRESENT, Some("arn"), None));
    }
}
