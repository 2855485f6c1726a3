//! The code of the guides: every folder is one configuration, and some of the guides' promises are tested.
//!
//! Other providers and modules are stand-ins that accept everything: their arguments are not checked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::examples::folder;
use crate::support::binaries::binary;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The module that a guide uses from the registry.
const MODULE: &str = "  source  = \"terraform-aws-modules/rds/aws\"\n  version = \"~> 6.1\"\n";

#[test]
fn all_are_valid() {
    let guides: Vec<PathBuf> = fs::read_dir(folder().join("guides"))
        .expect("the guides")
        .map(|entry| entry.expect("a guide").path())
        .collect();
    assert!(guides.len() > 5, "{guides:?}");
    for guide in guides {
        let tf = Terraform::rdsauth().overridden("registry.terraform.io/hashicorp/aws", binary("hashicorp_aws"));
        let files = files(&guide);
        if files.iter().any(|(_, text)| text.contains("required_providers")) {
            tf.remove("terraform.tf");
        }
        for (name, text) in &files {
            if text.contains(MODULE) {
                fs::create_dir(tf.path().join("module")).expect("a folder for the module");
                tf.write("module/main.tf", &stub(text));
            }
            tf.write(name, &text.replace(MODULE, "  source = \"./module\"\n"));
        }
        tf.init();
        let run = tf.run(&["validate"]);
        assert_eq!(run.code, Some(0), "{}", run.report(&format!("{} is not valid", guide.display())));
    }
}

/// The Terraform files of a folder, by name.
fn files(guide: &Path) -> Vec<(String, String)> {
    let names = fs::read_dir(guide).expect("a folder").map(|entry| entry.expect("a file").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.ends_with(".tf"));
    names.map(|name| (name.clone(), read(guide, &name))).collect()
}

fn read(guide: &Path, name: &str) -> String {
    fs::read_to_string(guide.join(name)).unwrap_or_else(|error| panic!("{} {name}: {error}", guide.display()))
}

/// A module with the arguments and outputs that a configuration uses.
fn stub(configuration: &str) -> String {
    let block = configuration.split(MODULE).nth(1).and_then(|rest| rest.split("\n}\n").next()).expect("the module");
    let arguments = block.lines().filter_map(|line| Some(line.split_once(" = ")?.0.trim()));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let outputs = configuration.split("module.db.").skip(1).filter_map(|rest| rest.split(|c| !is_name(c)).next());
    let outputs: BTreeSet<_> = outputs.collect();
    arguments
        .map(|name| format!("variable \"{name}\" {{}}\n"))
        .chain(outputs.iter().map(|name| format!("output \"{name}\" {{ value = \"any\" }}\n")))
        .collect()
}

/// The first guide, for a DB instance of an account on the stage whose IAM authentication is off.
struct FirstSteps {
    account: Account,
    tf: Terraform,
    user: String,
}

impl FirstSteps {
    fn new(files: &[&str]) -> Self {
        let account = Account::with_databases();
        account.command("instances", json!({ "identifier": "orders", "engine": "postgres", "iam": false }));
        account.add("role/orders-app");
        let user = format!("first_{}", account.id); // The users of a server are common to all accounts.
        let variables = [
            ("db_instance_identifier", "orders".to_owned()),
            ("database", "app".to_owned()),
            ("master_secret_arn", account.master_secret("postgres")),
            ("application_role", "orders-app".to_owned()),
            ("application_role_arn", format!("arn:aws:iam::{}:role/orders-app", account.id)),
        ];
        let variables = variables.into_iter().filter(|(name, _)| files.len() > 1 || !name.ends_with("role_arn"));
        let variables = variables.map(|(name, value)| (format!("TF_VAR_{name}"), value));
        let tf = Terraform::of(&account).envs(variables);
        tf.remove("terraform.tf"); // The guide says itself what it requires.
        let guide = folder().join("guides/getting-started");
        for file in files {
            tf.write(file, &read(&guide, file).replace("orders_app", &user));
        }
        tf.write("global-bundle.pem", &account.database_authority());
        tf.write(
            "provider.tf",
            "provider \"rdsauth\" {\n  database_connection { ca_certificate = file(\"global-bundle.pem\") }\n}\n",
        );
        tf.init();
        Self { account, tf, user }
    }

    /// From here on, works as a role with a policy of the guide on CI.
    fn role(&self, policy: &str) -> Terraform {
        let text = read(&folder().join("guides/ci-with-oidc"), &format!("{policy}.json"));
        let text = text.replace("eu-central-1", "us-east-1").replace("111122223333", &self.account.id);
        let document: Value = serde_json::from_str(&text.replace("rds!db-", "master-")).expect("a policy");
        let role = format!("terraform-{policy}");
        self.account.add(&format!("role/{role}"));
        self.account.put_policy(&format!("role/{role}"), "terraform", &document);
        self.tf.clone().envs(self.account.session(&role, 3600))
    }
}

#[test]
fn the_first_apply_ends_with_a_login() {
    let steps = FirstSteps::new(&["main.tf", "login.tf"]);
    steps.tf.apply().expect_text("4 added");
    let logins = steps.account.query("logins", json!({}));
    let logins = logins["logins"].as_array().expect("logins").iter();
    let accepted = logins.filter(|login| login["accepted"] == true && login["user"] == steps.user.as_str());
    assert!(accepted.count() > 0);
    steps.tf.assert_plan_empty();
    steps.tf.destroy();
}

/// The state of `hashicorp/aws` before the guide on migration.
const HELD_BY_AWS: &str = r#"
resource "aws_iam_role" "consumer" {
  name               = "orders-consumer"
  assume_role_policy = TRUST
}

resource "aws_iam_role_policy" "consumer" {
  name   = "orders-database-login"
  role   = "orders-consumer"
  policy = REPORTS
}

resource "aws_iam_role_policy" "orders" {
  name   = "orders-database-login"
  role   = "orders-app"
  policy = ORDERS
}

provider "rdsauth" {}
"#;

#[test]
fn a_move_from_hashicorp_aws_changes_nothing() {
    let account = Account::new();
    let tf = Terraform::of(&account).overridden("registry.terraform.io/hashicorp/aws", binary("hashicorp_aws"));
    let statement = |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] });
    let connect = |user: &str| {
        let arn = format!("arn:aws:rds-db:us-east-1:{}:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/{user}", account.id);
        statement(json!({ "Effect": "Allow", "Action": "rds-db:connect", "Resource": arn }))
    };
    let reports = json!({ "AWS": format!("arn:aws:iam::{}:role/reports", account.id) });
    let trust = statement(json!({ "Effect": "Allow", "Principal": reports, "Action": "sts:AssumeRole" })).to_string();
    account.add("role/reports");
    account.add("role/orders-app");
    account.put_policy("role/orders-app", "orders-database-login", &connect("orders_app"));
    let role = json!({ "RoleName": "orders-consumer", "AssumeRolePolicyDocument": trust });
    account.call("iam", "CreateRole", role);
    account.put_policy("role/orders-consumer", "orders-database-login", &connect("reports"));
    let text = |json: String| Value::String(json).to_string();
    let held = HELD_BY_AWS.replace("TRUST", &text(trust)).replace("REPORTS", &text(connect("reports").to_string()));
    tf.write("main.tf", &held.replace("ORDERS", &text(connect("orders_app").to_string())));
    tf.init();
    tf.apply();

    tf.write("main.tf", "");
    for file in ["moved-policy.tf", "moved-role.tf"] {
        let text = read(&folder().join("guides/migrating-from-hashicorp-aws"), file);
        tf.write(file, &text.replace("123456789012", &account.id));
    }
    account.forget_calls();
    tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
    assert_eq!(account.writes(), [""; 0]);
    assert_eq!(tf.state().addresses(), ["rdsauth_iam_db_access_role.consumer", "rdsauth_iam_db_user_policy.orders"]);
    tf.assert_plan_empty();
}

#[test]
fn the_policies_for_ci_suffice() {
    let steps = FirstSteps::new(&["main.tf"]);
    let (planning, applying) = (steps.role("plan"), steps.role("apply"));
    planning.plan().assert_creates("rdsauth_postgresql_iam_user.app");
    applying.apply().expect_text("3 added");
    applying.assert_plan_empty();
    // The user in the database is not read: the secret of the master user is not readable.
    planning.run(&["plan", "-detailed-exitcode"]).expect_code(0).expect_text("Warning:");
    planning.run(&["apply", "-auto-approve", "-replace=rdsauth_iam_db_user_policy.app"]).expect_code(1);
    applying.apply();
    applying.destroy();
}
