//! The results of the CLI: exit codes, diagnostics, plans and states.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// A command that has ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command as one would type it.
    pub command: String,
    /// Exit code, none when a signal ended it.
    pub code: Option<i32>,
    /// Wall time.
    pub elapsed: Duration,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A warning or an error, as `-json` prints it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// The summary.
    pub summary: String,
    /// The detail, empty when there is none.
    pub detail: String,
    /// Address of its resource, empty when there is none.
    pub address: String,
    /// The source line that an attribute path pointed to, empty when there is none.
    pub code: String,
}

/// A plan as `show -json` prints it.
#[derive(Clone, Debug)]
pub struct Plan(pub Value);

/// A state, read from the file the CLI keeps it in: a look at it costs no command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The objects by address, those of data sources too. An object that waits for its deletion is not among them.
    objects: BTreeMap<String, Value>,
    outputs: Value,
}

impl Run {
    /// Fails the test, with all output of the command, unless it ended with `code`.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(self.code == Some(code), "{}", self.report(&format!("exit code {code} was expected")));
        self
    }

    /// Fails the test, with all output of the command, unless standard output or error contains `text`.
    ///
    /// Human-readable output is wrapped, so white space counts as one space and the frame of a
    /// diagnostic as nothing.
    #[track_caller]
    pub fn expect_text(self, text: &str) -> Self {
        let said = format!("{} {}", self.stdout, self.stderr).replace(['│', '╷', '╵'], " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(text), "{}", self.report(&format!("{text:?} was expected")));
        self
    }

    /// Fails the test, with all output of the command, if it printed these words.
    #[track_caller]
    pub fn expect_without(self, text: &str) -> Self {
        let said = [&self.stdout, &self.stderr].map(|said| said.split_whitespace().collect::<Vec<_>>().join(" "));
        assert!(!said.iter().any(|said| said.contains(text)), "{}", self.report(&format!("{text:?} was not expected")));
        self
    }

    /// The warnings and errors in the lines of a command that ran with `-json`, without core's own on how the provider
    /// was installed.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let lines = self.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let whole = serde_json::from_str::<Value>(&self.stdout).ok();
        let listed = whole.iter().flat_map(|json| json["diagnostics"].as_array().cloned().unwrap_or_default());
        let single = lines.map(|line| line["diagnostic"].clone()).filter(Value::is_object);
        let all = listed.chain(single).map(|json| Diagnostic::from(&json));
        all.filter(|diagnostic| diagnostic.summary != "Provider development overrides are in effect").collect()
    }

    /// The only error of a command that ran with `-json` and failed.
    #[track_caller]
    pub fn error(&self) -> Diagnostic {
        let mut errors = self.diagnostics();
        errors.retain(|diagnostic| diagnostic.severity == "error");
        assert!(errors.len() == 1, "{}", self.report("one error was expected"));
        errors.remove(0)
    }

    /// Fails unless the only error has this summary, these words in its detail, and points to a line that begins so.
    #[track_caller]
    pub fn assert_error(&self, summary: &str, detail: &str, line: &str) {
        let error = self.error();
        assert_eq!(error.summary, summary, "{error:?}");
        assert!(error.detail.contains(detail), "{detail:?} is missing in {error:?}");
        assert!(error.code.starts_with(line), "{line:?} is not the line of {error:?}");
    }

    /// Fails unless the only error has these words in its detail and points to a line with those.
    #[track_caller]
    pub fn assert_refused(&self, detail: &str, line: &str) {
        let error = self.error();
        assert!(error.detail.contains(detail), "{detail:?} is missing in {error:?}");
        assert!(error.code.contains(line), "{line:?} is not in the line of {error:?}");
    }

    /// Everything about the command, headed by `complaint`.
    pub fn report(&self, complaint: &str) -> String {
        let Self { command, code, elapsed, stdout, stderr } = self;
        let code = code.map_or("none, a signal ended it".to_owned(), |code| code.to_string());
        format!(
            "{complaint}\ncommand: {command}\nexit code: {code}, after {elapsed:.1?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

impl From<&Value> for Diagnostic {
    fn from(json: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            severity: text(&json["severity"]),
            summary: text(&json["summary"]),
            detail: text(&json["detail"]),
            address: text(&json["address"]),
            code: text(&json["snippet"]["code"]).trim().to_owned(),
        }
    }
}

impl Plan {
    /// Fails unless the resource at `address` is planned to be created.
    #[track_caller]
    pub fn assert_creates(&self, address: &str) {
        self.assert_actions(address, &["create"]);
    }

    /// Fails unless the resource at `address` is planned to be updated in place.
    #[track_caller]
    pub fn assert_updates(&self, address: &str) {
        self.assert_actions(address, &["update"]);
    }

    /// Fails unless the resource at `address` is planned to be replaced.
    #[track_caller]
    pub fn assert_replaces(&self, address: &str) {
        self.assert_actions(address, &["delete", "create"]);
    }

    /// Fails unless the resource at `address` is planned to be destroyed.
    #[track_caller]
    pub fn assert_deletes(&self, address: &str) {
        self.assert_actions(address, &["delete"]);
    }

    /// Fails unless the resource at `address` is planned to stay unchanged.
    #[track_caller]
    pub fn assert_keeps(&self, address: &str) {
        self.assert_actions(address, &["no-op"]);
    }

    /// The planned value of one attribute, such as `connect.0.db_users`; null when unknown.
    #[track_caller]
    pub fn value(&self, address: &str, attribute: &str) -> Value {
        at(&self.change(address)["after"], attribute).cloned().unwrap_or(Value::Null)
    }

    /// Whether one attribute is known only after apply.
    #[track_caller]
    pub fn is_unknown(&self, address: &str, attribute: &str) -> bool {
        at(&self.change(address)["after_unknown"], attribute) == Some(&Value::Bool(true))
    }

    /// The attributes that are, or have a part that is, known only after apply.
    #[track_caller]
    pub fn unknown(&self, address: &str) -> Vec<String> {
        fn is_unknown(value: &Value) -> bool {
            match value {
                Value::Bool(unknown) => *unknown,
                Value::Array(elements) => elements.iter().any(is_unknown),
                Value::Object(attributes) => attributes.values().any(is_unknown),
                _ => false,
            }
        }
        let attributes = self.change(address)["after_unknown"].as_object().into_iter().flatten();
        attributes.filter(|(_, unknown)| is_unknown(unknown)).map(|(name, _)| name.clone()).collect()
    }

    /// The attributes that force the replacement of a resource, such as `["name"]`.
    #[track_caller]
    pub fn replaced_because_of(&self, address: &str) -> Vec<String> {
        let paths = self.change(address)["replace_paths"].as_array().cloned().unwrap_or_default();
        let dotted = |path: &Value| {
            let steps = path.as_array().into_iter().flatten();
            steps.map(|step| step.as_str().map_or(step.to_string(), str::to_owned)).collect::<Vec<_>>().join(".")
        };
        paths.iter().map(dotted).collect()
    }

    #[track_caller]
    fn assert_actions(&self, address: &str, expected: &[&str]) {
        let actions = &self.change(address)["actions"];
        assert!(*actions == Value::from(expected.to_vec()), "{address}: planned {actions}, expected {expected:?}");
    }

    #[track_caller]
    fn change(&self, address: &str) -> &Value {
        let changes = self.0["resource_changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        match changes.iter().find(|change| change["address"] == address) {
            Some(change) => &change["change"],
            None => panic!("{address} is not in the plan:\n{:#}", self.0["resource_changes"]),
        }
    }
}

impl State {
    /// Reads the text of a state file. None is an empty state: at first, a command only locks the file.
    pub fn read(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let json: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in the state:\n{text}"));
        let mut objects = BTreeMap::new();
        for resource in json["resources"].as_array().into_iter().flatten() {
            let instances = resource["instances"].as_array().into_iter().flatten();
            for instance in instances.filter(|instance| instance["deposed"].is_null()) {
                objects.insert(address(resource, &instance["index_key"]), instance.clone());
            }
        }
        Self { objects, outputs: json["outputs"].clone() }
    }

    /// The value of one attribute, such as `connect.0.db_users`; null when it is missing.
    #[track_caller]
    pub fn value(&self, address: &str, attribute: &str) -> Value {
        let (name, rest) = attribute.split_once('.').map_or((attribute, None), |(name, rest)| (name, Some(rest)));
        let value = without_type(&self.object(address)["attributes"][name]);
        rest.map_or(Some(value), |rest| at(value, rest)).cloned().unwrap_or(Value::Null)
    }

    /// What identifies the object, as `import` blocks take it; null for a CLI without identities.
    #[track_caller]
    pub fn identity(&self, address: &str) -> Value {
        self.object(address)["identity"].clone()
    }

    /// Whether the resource is marked for replacement.
    pub fn is_tainted(&self, address: &str) -> bool {
        self.objects.get(address).is_some_and(|object| object["status"] == "tainted")
    }

    /// Addresses of all resources and data sources, sorted.
    pub fn addresses(&self) -> Vec<String> {
        self.objects.keys().cloned().collect()
    }

    /// The value of a root output; null when it is missing.
    pub fn output(&self, name: &str) -> Value {
        self.outputs[name]["value"].clone()
    }

    #[track_caller]
    fn object(&self, address: &str) -> &Value {
        self.objects.get(address).unwrap_or_else(|| panic!("{address} is not in the state:\n{:#?}", self.objects))
    }
}

/// The address of an object of a resource in a state file, such as `module.a.data.rdsauth_posture.it["b"]`.
fn address(resource: &Value, index: &Value) -> String {
    let module = resource["module"].as_str().map(|module| format!("{module}.")).unwrap_or_default();
    let mode = if resource["mode"] == "data" { "data." } else { "" };
    let text = |key: &str| resource[key].as_str().unwrap_or_default();
    let index = if index.is_null() { String::new() } else { format!("[{index}]") };
    format!("{module}{mode}{}.{}{index}", text("type"), text("name"))
}

/// The value of an attribute that may be of any type, such as those of `terraform_data`, is kept with its type.
fn without_type(value: &Value) -> &Value {
    match value.as_object() {
        Some(object) if object.len() == 2 && object.contains_key("type") => object.get("value").unwrap_or(value),
        _ => value,
    }
}

/// The JSON in an attribute.
#[track_caller]
pub fn json_of(value: &Value) -> Value {
    serde_json::from_str(value.as_str().expect("a text")).expect("JSON")
}

/// The value at a dotted path: names step into objects, numbers into lists.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        _ => value.get(step),
    })
}
