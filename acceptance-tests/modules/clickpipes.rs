//! S1, the AWS part: a consumer outside the account logs in to an instance and a cluster with tokens.

use serde_json::json;

use crate::modules::copied;
use crate::support::binaries::binary;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The consumer: it assumes the role with credentials of its own account, makes a token and logs in with it.
const CONSUMER: &str = r#"
terraform {
  required_providers {
    rdsauth = { source = "rdsauth/rdsauth" }
  }
}

variable "role_arn" { type = string }
variable "host" { type = string }
variable "port" { type = number }
variable "user" { type = string }

ephemeral "rdsauth_db_auth_token" "it" {
  hostname = var.host
  port     = var.port
  username = var.user
  role_arn = var.role_arn
}

resource "terraform_data" "login" {
  provisioner "local-exec" {
    command = "psql -XAtc 'select current_user' >login"
    environment = {
      PGHOST     = var.host
      PGPORT     = var.port
      PGUSER     = var.user
      PGDATABASE = "app"
      PGPASSWORD = ephemeral.rdsauth_db_auth_token.it.token
    }
  }
}
"#;

/// Both accounts, with databases whose IAM authentication is off.
struct Scene {
    tf: Terraform,
    account: Account,
    outside: Account,
    user: String,
}

impl Scene {
    fn new() -> Self {
        let (account, outside) = (Account::with_databases(), Account::with_databases());
        for (kind, engine) in [("instance", "postgres"), ("cluster", "aurora-postgresql")] {
            account.tell(&format!("{kind}s"), json!({ "identifier": kind, "engine": engine, "iam": false }));
        }
        let user = format!("clickpipes_{}", account.id); // The users of the server are common to all accounts.
        account.add_database_user(&user);
        let allowed = json!({ "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*" });
        outside.add("role/ClickHouse");
        outside.put_policy("role/ClickHouse", "any", &json!({ "Version": "2012-10-17", "Statement": [allowed] }));
        let role = format!("arn:aws:iam::{}:role/ClickHouse", outside.id);
        let variables = [
            ("clickhouse_role_arn", role.as_str()),
            ("db_instance_identifier", "instance"),
            ("db_cluster_identifier", "cluster"),
            ("db_user", user.as_str()),
        ];
        Self { tf: copied("clickpipes", &account, &variables), account, outside, user }
    }

    /// What the consumer is called in the database that is the `index`-th of the endpoints, if it gets in.
    fn login(&self, index: usize) -> Result<String, String> {
        let state = self.tf.state();
        let endpoint = &state.output("endpoints")[index];
        let mut tf = Terraform::new()
            .provider("registry.terraform.io/rdsauth/rdsauth", binary("terraform-provider-rdsauth"))
            .env("TF_VAR_role_arn", state.output("role_arn").as_str().unwrap())
            .env("TF_VAR_host", endpoint["host"].as_str().unwrap())
            .env("TF_VAR_port", &endpoint["port"])
            .env("TF_VAR_user", &self.user);
        let of_aws = self.outside.environment().into_iter().chain(self.outside.session("ClickHouse", 3600));
        for (name, value) in
            of_aws.map(|(name, value)| (name.to_owned(), value)).chain(self.outside.database_environment())
        {
            tf = tf.env(&name, value);
        }
        tf.write("main.tf", CONSUMER);
        tf.init();
        let run = tf.run(&["apply", "-auto-approve"]);
        match run.code {
            Some(0) => Ok(tf.read("login").trim().to_owned()),
            _ => Err(run.report("no login")),
        }
    }
}

#[test]
fn its_own_tests_pass() {
    Scene::new().tf.ok(&["test"]).expect_text("Success! 2 passed, 0 failed.");
}

#[test]
fn the_consumer_logs_in_to_both_databases_until_it_may_not() {
    let scene = Scene::new();
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!((scene.login(0), scene.login(1)), (Ok(scene.user.clone()), Ok(scene.user.clone())));

    let policy = scene.account.policies("role/clickpipes").remove("rds-db-connect").unwrap();
    let mut other = policy.clone();
    let arns = other["Statement"][0]["Resource"].as_array_mut().unwrap();
    arns.retain(|arn| !arn.as_str().unwrap().contains(":db-"));
    assert_eq!(arns.len(), 1);
    scene.account.put_policy("role/clickpipes", "rds-db-connect", &other);
    let refusal = scene.login(0).unwrap_err();
    assert!(refusal.contains("authentication failed"), "{refusal}");
    assert_eq!(scene.login(1), Ok(scene.user.clone()));

    scene.tf.apply();
    assert_eq!(scene.login(0), Ok(scene.user.clone()));
    assert_eq!(scene.account.policies("role/clickpipes").remove("rds-db-connect"), Some(policy));
}

#[test]
fn the_role_needs_both_actions_of_its_trust() {
    let scene = Scene::new();
    scene.tf.apply();
    let session = scene.outside.role_session("ClickHouse", 3600);
    let role = scene.tf.state().output("role_arn");
    let assume = |tags: serde_json::Value| {
        let parameters = json!({ "RoleArn": role, "RoleSessionName": "pipe", "Tags": tags });
        scene.account.call_as(&session, "sts", "AssumeRole", parameters).map(drop)
    };
    let tags = json!([{ "Key": "pipe", "Value": "orders" }]);
    assert_eq!(assume(tags.clone()), Ok(()));
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{}:role/ClickHouse", scene.outside.id) },
        "Action": "sts:AssumeRole",
    }] });
    let parameters = json!({ "RoleName": "clickpipes", "PolicyDocument": trust.to_string() });
    scene.account.call("iam", "UpdateAssumeRolePolicy", parameters);
    assert_eq!(assume(tags.clone()), Err("AccessDenied".to_owned()));
    scene.tf.apply();
    assert_eq!(assume(tags), Ok(()));
}

#[test]
fn destroy_leaves_iam_authentication_on_and_no_role() {
    let scene = Scene::new();
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.account.call("iam", "ListRoles", json!({}))["Roles"], json!([]));
    let described = scene.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "instance" }));
    assert_eq!(described["DBInstances"][0]["IAMDatabaseAuthenticationEnabled"], true);
}
