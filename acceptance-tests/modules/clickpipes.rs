//! S1, the AWS part: a consumer outside the account logs in to an instance and a cluster with tokens.

use serde_json::json;

use crate::modules::consumer::{Consumer, Endpoint};
use crate::modules::copied;
use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A consumer, and databases whose IAM database authentication is off.
struct Scene {
    tf: Terraform,
    account: Account,
    consumer: Consumer,
    user: String,
}

impl Scene {
    fn new() -> Self {
        let (account, consumer) = (Account::with_databases(), Consumer::new());
        for (kind, engine) in [("instance", "postgres"), ("cluster", "aurora-postgresql")] {
            account.command(&format!("{kind}s"), json!({ "identifier": kind, "engine": engine, "iam": false }));
        }
        let user = format!("clickpipes_{}", account.id); // The users of the server are common to all accounts.
        account.add_database_user(&user);
        let role = consumer.role_arn();
        let variables = [
            ("clickhouse_role_arn", role.as_str()),
            ("db_instance_identifier", "instance"),
            ("db_cluster_identifier", "cluster"),
            ("db_user", user.as_str()),
        ];
        Self { tf: copied("clickpipes", &account, &variables), account, consumer, user }
    }

    /// The session's user in the database that is the `index`-th of the endpoints, if the consumer can log in.
    fn login(&self, index: usize) -> Result<String, String> {
        let state = self.tf.state();
        let endpoint = &state.output("endpoints")[index];
        let endpoint = Endpoint::of(&endpoint["host"], &endpoint["port"]);
        let token = self.consumer.token(state.output("role_arn").as_str().expect("an ARN"), &endpoint, &self.user);
        let Endpoint { host, port } = &endpoint;
        let (account, user) = (&self.account, &self.user);
        Login { account, engine: "postgres", host, port: *port, user, password: &token }.ask("SELECT current_user")
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
    let session = scene.consumer.session();
    let role = scene.tf.state().output("role_arn");
    let assume = |tags: serde_json::Value| {
        let parameters = json!({ "RoleArn": role, "RoleSessionName": "pipe", "Tags": tags });
        scene.account.call_as(&session, "sts", "AssumeRole", parameters).map(drop)
    };
    let tags = json!([{ "Key": "pipe", "Value": "orders" }]);
    assert_eq!(assume(tags.clone()), Ok(()));
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "AWS": scene.consumer.role_arn() },
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
