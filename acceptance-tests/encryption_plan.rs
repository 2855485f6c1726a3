//! `data.rdsauth_encryption_plan` under the real CLI, against the stage.

mod clusters;
mod databases;
mod instances;
mod permissions;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "data.rdsauth_encryption_plan.it";

/// An initialised folder of an account, with one data source.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    fn new(body: &str) -> Self {
        Self::of(Account::new(), body)
    }

    fn of(account: Account, body: &str) -> Self {
        let tf = Terraform::of(&account).initialised(&configuration(body));
        Self { tf, account }
    }

    fn configure(&self, body: &str) {
        self.tf.write("main.tf", &configuration(body));
    }

    /// Reads it anew, and returns an attribute.
    fn read(&self) {
        self.tf.apply();
    }

    fn value(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    /// The status of each path, in their order.
    fn paths(&self) -> Vec<(String, String)> {
        let paths = self.value("paths");
        paths.as_array().expect("paths").iter().map(|path| (text(path, "name"), text(path, "status"))).collect()
    }

    /// What blocks a path.
    fn blocked_by(&self, name: &str) -> Vec<String> {
        let paths = self.value("paths");
        let path = paths.as_array().expect("paths").iter().find(|path| path["name"] == name).expect("the path");
        let reasons = path["blocked_by"].as_array().expect("reasons").iter();
        reasons.map(|reason| reason.as_str().expect("a reason").to_owned()).collect()
    }

    /// The value and what carries over each setting of an object.
    fn carry_over(&self, identifier: &str) -> BTreeMap<String, (String, String)> {
        let all = self.value("carry_over");
        let all = all.as_array().expect("settings").iter().filter(|one| one["identifier"] == identifier);
        all.map(|one| (text(one, "setting"), (text(one, "value"), text(one, "carried_by")))).collect()
    }

    /// The names of follow-ups, by kind.
    fn follow_ups(&self) -> Vec<(String, String)> {
        let steps = self.value("follow_ups");
        steps.as_array().expect("steps").iter().map(|step| (text(step, "kind"), text(step, "name"))).collect()
    }

    /// What is unknown, and why.
    fn unknown(&self) -> Vec<(String, String)> {
        let unknown = self.value("unknown");
        unknown.as_array().expect("unknown").iter().map(|one| (text(one, "what"), text(one, "reason"))).collect()
    }
}

fn configuration(body: &str) -> String {
    format!("data \"rdsauth_encryption_plan\" \"it\" {{\n  {body}\n}}\n")
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_else(|| panic!("{field} of {object}")).to_owned()
}

/// Pairs of texts, to compare with.
fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}
