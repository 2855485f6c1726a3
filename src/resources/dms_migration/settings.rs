//! The settings of a task: JSON of DMS, in which some members have arguments of their own.
//!
//! DMS fills in all members that were not given, so only those that were are compared.

use serde_json::{Map, Value};
use tf_provider::diagnostic::Diagnostic;

use crate::resources::dms_migration::{DmsMigration, diagnostics};

type Object = Map<String, Value>;

/// The whole contents of LOBs are migrated.
pub(super) const FULL: &str = "full";

/// LOBs are migrated up to a size.
pub(super) const LIMITED: &str = "limited";

/// LOBs are not migrated at all, which is never wanted.
const NO_LOBS: &str = "none";

/// The policies for errors, which all are the same.
const POLICIES: [&str; 6] = [
    "DataErrorPolicy",
    "DataTruncationErrorPolicy",
    "TableErrorPolicy",
    "ApplyErrorInsertPolicy",
    "ApplyErrorUpdatePolicy",
    "ApplyErrorDeletePolicy",
];

const ERRORS: &str = "ErrorBehavior";
const METADATA: &str = "TargetMetadata";
const LOAD: &str = "FullLoadSettings";
const VALIDATION: &str = "ValidationSettings";

/// The members of the settings that have an argument of their own, by section.
const OWN: &[(&str, &[&str], &str)] = &[
    (METADATA, &["SupportLobs", "FullLobMode", "LimitedSizeLobMode"], "lob_mode"),
    (METADATA, &["LobMaxSize"], "lob_max_size"),
    (LOAD, &["TargetTablePrepMode"], "table_preparation"),
    (VALIDATION, &["EnableValidation"], "validation_enabled"),
    (ERRORS, &POLICIES, "error_policy"),
];

/// Members that DMS sets, and refuses to be given.
const OF_DMS: &[(&str, &[&str])] = &[("Logging", &["CloudWatchLogGroup", "CloudWatchLogStream"])];

/// What is wrong with the argument `settings`.
pub(super) fn complaints(text: &str) -> Vec<Diagnostic> {
    let Ok(Value::Object(settings)) = serde_json::from_str(text) else {
        return vec![diagnostics::settings_are_no_object()];
    };
    let names = |section: &str, members: &[&str]| {
        let given = settings.get(section).and_then(Value::as_object);
        members
            .iter()
            .find(|name| given.is_some_and(|given| given.contains_key(**name)))
            .map(|name| format!("{section}.{name}"))
    };
    let own = OWN.iter().filter_map(|(section, members, argument)| {
        names(section, members).map(|name| diagnostics::setting_has_an_argument(&name, argument))
    });
    let of_dms = OF_DMS
        .iter()
        .filter_map(|(section, members)| names(section, members).map(|name| diagnostics::setting_is_of_dms(&name)));
    let no_sections = settings.iter().filter(|(_, section)| !section.is_object() && !section.is_null());
    let no_sections = no_sections.map(|(name, _)| diagnostics::setting_is_no_section(name));
    own.chain(of_dms).chain(no_sections).collect()
}

impl DmsMigration {
    /// The settings that the configuration asks for.
    pub(super) fn wanted_settings(&self) -> Value {
        let given = self.settings.as_ref().and_then(|settings| serde_json::from_str(&settings.0).ok());
        let mut wanted = match given {
            Some(Value::Object(given)) => given,
            _ => Object::new(),
        };
        let is_limited = self.lob_mode == LIMITED;
        let mut set = |section: &str, name: &str, value: Value| {
            let members = wanted.entry(section).or_insert_with(|| Value::Object(Object::new()));
            if members.is_null() {
                *members = Value::Object(Object::new());
            }
            if let Some(members) = members.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        set(METADATA, "SupportLobs", true.into());
        set(METADATA, "FullLobMode", (!is_limited).into());
        set(METADATA, "LimitedSizeLobMode", is_limited.into());
        if let Some(size) = self.lob_max_size {
            set(METADATA, "LobMaxSize", size.into());
        }
        set(LOAD, "TargetTablePrepMode", self.table_preparation.clone().into());
        set(VALIDATION, "EnableValidation", self.validation_enabled.into());
        for policy in POLICIES {
            set(ERRORS, policy, self.error_policy.clone().into());
        }
        Value::Object(wanted)
    }

    /// Whether a task has the settings that the configuration asks for.
    pub(super) fn has_settings(&self, found: &str) -> bool {
        let found = serde_json::from_str(found).unwrap_or_default();
        contains(&found, &self.wanted_settings())
    }

    /// Takes over what a task has of the settings that the state knows.
    pub(super) fn read_settings(&mut self, found: &str) {
        let found: Value = serde_json::from_str(found).unwrap_or_default();
        let member = |section: &str, name: &str| found.get(section).and_then(|section| section.get(name));
        let flag = |section: &str, name: &str| member(section, name).and_then(Value::as_bool);
        let is_limited = flag(METADATA, "LimitedSizeLobMode").unwrap_or_default();
        self.lob_mode = match flag(METADATA, "SupportLobs") {
            Some(false) => NO_LOBS,
            _ if is_limited => LIMITED,
            _ => FULL,
        }
        .to_owned();
        self.lob_max_size = member(METADATA, "LobMaxSize").and_then(Value::as_i64).filter(|_| is_limited);
        if let Some(mode) = member(LOAD, "TargetTablePrepMode").and_then(Value::as_str) {
            mode.clone_into(&mut self.table_preparation);
        }
        self.validation_enabled = flag(VALIDATION, "EnableValidation").unwrap_or_default();
        let policies = POLICIES.iter().filter_map(|name| member(ERRORS, name).and_then(Value::as_str));
        let other = policies.into_iter().find(|policy| *policy != self.error_policy);
        if let Some(other) = other.map(str::to_owned) {
            self.error_policy = other;
        }
        let given = self.settings.as_ref().and_then(|given| serde_json::from_str::<Value>(&given.0).ok());
        if let Some(given) = given.filter(|given| !contains(&found, given)) {
            self.settings = Some(of_same_members(&found, &given).to_string().into());
        }
    }
}

/// Whether what was found has all that was given. Of a list of objects with an `Id`, such as the components of the log,
/// those that were given count.
fn contains(found: &Value, given: &Value) -> bool {
    match (found, given) {
        (Value::Object(found), Value::Object(given)) => {
            given.iter().all(|(name, given)| contains(found.get(name).unwrap_or(&Value::Null), given))
        }
        (Value::Null, Value::Object(given)) => given.is_empty(),
        (Value::Array(found), Value::Array(given)) => {
            let same = |one: &Value| found.iter().any(|other| one.get("Id") == other.get("Id") && contains(other, one));
            match given.iter().all(|one| one.get("Id").is_some()) {
                true => given.iter().all(same),
                false => found == given,
            }
        }
        (found, given) => found == given,
    }
}

/// What was found of the members that were given.
fn of_same_members(found: &Value, given: &Value) -> Value {
    match (found, given) {
        (Value::Object(found), Value::Object(given)) => {
            let member =
                |(name, given): (&String, &Value)| Some((name.clone(), of_same_members(found.get(name)?, given)));
            Value::Object(given.iter().filter_map(member).collect())
        }
        (found, given) if contains(found, given) => given.clone(),
        (found, _) => found.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::dms_migration::tests::migration;

    #[test]
    fn arguments_and_settings_are_put_together() {
        let mut it = migration();
        it.settings = Some(r#"{"Logging":{"EnableLogging":true},"FullLoadSettings":{"CommitRate":1000}}"#.into());
        let policies: Object = POLICIES.iter().map(|name| ((*name).to_owned(), "SUSPEND_TABLE".into())).collect();
        let expected = json!({
            "Logging": { "EnableLogging": true },
            "FullLoadSettings": { "CommitRate": 1000, "TargetTablePrepMode": "DO_NOTHING" },
            "TargetMetadata": { "SupportLobs": true, "FullLobMode": true, "LimitedSizeLobMode": false },
            "ValidationSettings": { "EnableValidation": true },
            "ErrorBehavior": policies,
        });
        assert_eq!(it.wanted_settings(), expected);
        (it.lob_mode, it.lob_max_size) = (LIMITED.to_owned(), Some(64));
        let expected =
            json!({ "SupportLobs": true, "FullLobMode": false, "LimitedSizeLobMode": true, "LobMaxSize": 64 });
        assert_eq!(it.wanted_settings()["TargetMetadata"], expected);
    }

    #[test]
    fn only_what_was_given_is_compared() {
        let mut it = migration();
        it.settings = Some(r#"{"Logging":{"LogComponents":[{"Id":"B","Severity":"X"}]},"Other":{}}"#.into());
        let mut found = it.wanted_settings();
        found["Logging"]["LogComponents"] = json!([{ "Id": "A", "Severity": "D" }, { "Id": "B", "Severity": "X" }]);
        found["Logging"]["CloudWatchLogGroup"] = "dms".into();
        found["TargetMetadata"]["LobMaxSize"] = 0.into();
        found["Other"] = Value::Null;
        let before = it.clone();
        assert!(it.has_settings(&found.to_string()));
        it.read_settings(&found.to_string());
        assert_eq!(it, before);

        found["Logging"]["LogComponents"][1]["Severity"] = "Y".into();
        found["ErrorBehavior"]["TableErrorPolicy"] = "STOP_TASK".into();
        found["TargetMetadata"]["SupportLobs"] = false.into();
        assert!(!it.has_settings(&found.to_string()));
        it.read_settings(&found.to_string());
        assert_eq!((it.error_policy.as_str(), it.lob_mode.as_str()), ("STOP_TASK", "none"));
        assert!(it.settings.is_some_and(|settings| settings.0.contains(r#""Severity":"Y""#)));
    }

    #[test]
    fn members_with_arguments_are_refused() {
        for (text, says) in [
            ("[]", "JSON object"),
            ("{", "JSON object"),
            (r#"{"Logging":true}"#, "\"Logging\""),
            (r#"{"TargetMetadata":{"LobMaxSize":1}}"#, "\"lob_max_size\""),
            (r#"{"ErrorBehavior":{"DataErrorPolicy":"LOG_ERROR"}}"#, "\"error_policy\""),
            (r#"{"Logging":{"CloudWatchLogGroup":"x"}}"#, "Logging.CloudWatchLogGroup"),
        ] {
            let found = complaints(text);
            assert!(found.len() == 1 && found[0].detail.contains(says), "{text}: {found:?}");
        }
        assert_eq!(complaints(r#"{"Logging":{"EnableLogging":true},"BeforeImageSettings":null}"#), []);
    }
}
