//! The content of a policy, and the sources of the parts of its ARNs.

use serde_json::json;

use crate::iam_db_user_policy::{IT, NAME, POLICY, Scene, document};
use crate::support::output::json_of;
use crate::support::stage::Account;

#[test]
fn several_databases_and_regions() {
    let scene = Scene::new(
        r#"
        resource "rdsauth_iam_db_user_policy" "it" {
          role = "app"
          connect {
            resource_id             = "db-B"
            additional_resource_ids = ["prx-0a1b", "cluster-A"]
            db_users                = ["über@x+y", "App"]
          }
          connect {
            resource_id = "db-C"
            db_users    = ["app"]
            region      = "eu-central-1"
            account_id  = "001234567890"
          }
          timeouts {
            create = "1m"
          }
        }"#,
    );
    scene.tf.apply();
    let arn = |rest: &str| format!("arn:aws:rds-db:us-east-1:{}:dbuser:{rest}", scene.account.id);
    let mut arns = vec!["arn:aws:rds-db:eu-central-1:001234567890:dbuser:db-C/app".to_owned()];
    for id in ["cluster-A", "db-B", "prx-0a1b"] {
        arns.extend(["App", "über@x+y"].map(|user| arn(&format!("{id}/{user}"))));
    }
    assert_eq!(scene.policy(), document(&arns.iter().map(String::as_str).collect::<Vec<_>>()));
    scene.tf.assert_plan_empty();
}

#[test]
fn other_partitions() {
    for (partition, region) in [("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-east-1")] {
        let scene = Scene::uninitialised(Account::in_partition(partition));
        scene.account.add("role/app");
        scene.configure(&format!("{POLICY}\nprovider \"rdsauth\" {{\n  region = \"{region}\"\n}}\n"));
        scene.tf.init();
        scene.tf.apply();
        let arn = |user: &str| format!("arn:{partition}:rds-db:{region}:{}:dbuser:db-ORDERS/{user}", scene.account.id);
        assert_eq!(scene.policy(), document(&[&arn("app"), &arn("reports")]));
        scene.tf.assert_plan_empty();
        scene.tf.destroy();
    }
}

#[test]
fn conditions() {
    let condition = |test: &str, variable: &str, values: &str| {
        format!(
            "condition {{\n    test     = \"{test}\"\n    variable = \"{variable}\"\n    values   = [{values}]\n  }}\n"
        )
    };
    let blocks = [
        condition("StringEquals", "aws:SourceVpc", "\"vpc-2\", \"vpc-1\""),
        condition("StringEquals", "aws:PrincipalTag/Team", "\"a\""),
        condition("DateLessThan", "aws:CurrentTime", "\"2030-01-01T00:00:00Z\""),
    ];
    let scene = Scene::new(&POLICY.replace("role = \"app\"", &format!("role = \"app\"\n  {}", blocks.concat())));
    scene.tf.apply();
    let mut expected = scene.expected();
    expected["Statement"][0]["Condition"] = json!({
        "DateLessThan": { "aws:CurrentTime": ["2030-01-01T00:00:00Z"] },
        "StringEquals": { "aws:PrincipalTag/Team": ["a"], "aws:SourceVpc": ["vpc-1", "vpc-2"] },
    });
    assert_eq!(scene.policy(), expected);
    scene.tf.assert_plan_empty();
    scene.configure(POLICY);
    scene.tf.apply().expect_text("1 changed");
    scene.assert_settled();
}

#[test]
fn patterns_by_consent() {
    let patterns = POLICY
        .replace("db-ORDERS", "*")
        .replace("\"reports\"", "\"batch_*\", \"$${aws:username}\", \"$${aws:PrincipalTag/dbuser}\"");
    let scene = Scene::new(&patterns.replace("role =", "allow_wildcards = true\n  role ="));
    scene.tf.apply();
    let arn = |user: &str| format!("arn:aws:rds-db:us-east-1:{}:dbuser:*/{user}", scene.account.id);
    let arns = ["${aws:PrincipalTag/dbuser}", "${aws:username}", "app", "batch_*"].map(arn);
    assert_eq!(scene.policy(), document(&arns.each_ref().map(String::as_str)));
    scene.tf.assert_plan_empty();
    scene.tf.ok(&["state", "rm", IT]);
    scene.tf.import(IT, &format!("role/app/{NAME}"));
    scene.tf.assert_plan_empty();
    scene.account.forget_calls();
    scene.configure(&patterns);
    let run = scene.tf.plan_fails();
    let errors = run.diagnostics();
    let lines: Vec<_> = errors.iter().map(|error| error.code.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(lines, ["resource_id", "db_users"]);
    assert!(errors.iter().all(|error| error.detail.contains("set \"allow_wildcards\" to true")), "{errors:?}");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn a_configuration_known_only_after_apply() {
    let region = "resource \"terraform_data\" \"region\" {\n  input = \"us-east-1\"\n}\n";
    let provider = "provider \"rdsauth\" {\n  region = terraform_data.region.output\n}\n";
    let scene = Scene::new(&[POLICY, region, provider].concat());
    let plan = scene.tf.plan();
    plan.assert_creates(IT);
    assert!(plan.is_unknown(IT, "policy_json"));
    assert_eq!(scene.account.operations(), [""; 0], "nobody can be asked");
    scene.tf.apply();
    scene.assert_settled();

    scene.configure(&[POLICY, &region.replace("us-east-1", "eu-west-1"), provider].concat());
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Provider configuration is unknown");
    assert!(error.detail.contains("known only after apply: region."), "{error:?}");
}

#[test]
fn values_known_only_after_apply() {
    let later =
        "resource \"terraform_data\" \"later\" {\n  input = { role = \"app\", users = [\"app\", \"reports\"] }\n}\n";
    let unknown_users = POLICY.replace("[\"app\", \"reports\"]", "terraform_data.later.output.users");
    let unknown = unknown_users.replace("role = \"app\"", "role = terraform_data.later.output.role\n  user = null");
    let scene = Scene::new(&[&unknown, later].concat());
    let plan = scene.tf.plan();
    assert!(plan.is_unknown(IT, "policy_json") && plan.is_unknown(IT, "role"));
    scene.tf.apply();
    scene.assert_settled();
}

#[test]
fn two_accounts_in_one_configuration() {
    let other = Account::new();
    other.add("role/app");
    let [_, _, (_, key), (_, secret), _] = other.environment();
    let provider = format!(
        "provider \"rdsauth\" {{\n  alias = \"other\"\n  access_key = \"{key}\"\n  secret_key = \"{secret}\"\n  region = \"eu-west-1\"\n}}\n"
    );
    let there = POLICY.replace("\"it\"", "\"there\"").replace("role =", "provider = rdsauth.other\n  role =");
    let scene = Scene::new(&[POLICY, &there, &provider].concat());
    scene.tf.apply().expect_text("2 added");
    scene.assert_settled();
    let arn = |user: &str| format!("arn:aws:rds-db:eu-west-1:{}:dbuser:db-ORDERS/{user}", other.id);
    assert_eq!(other.policies("role/app")["rds-db-connect"], document(&[&arn("app"), &arn("reports")]));
    scene.tf.assert_nowhere(&secret);
}

#[test]
fn the_account_is_asked_for_or_given() {
    let provider = "provider \"rdsauth\" {\n  skip_requesting_account_id = true\n}\n";
    let scene = Scene::new(&[POLICY, provider].concat());
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Missing account ID");
    assert!(error.detail.contains("skip_requesting_account_id"), "{error:?}");
    assert_eq!(scene.account.operations(), ["GetRolePolicy"]);

    let given = POLICY.replace("db_users ", "account_id = \"001234567890\"\n    db_users ");
    scene.configure(&[&given, provider].concat());
    scene.tf.apply();
    assert!(!scene.account.operations().contains(&"GetCallerIdentity".to_owned()));
    let arn = |user: &str| format!("arn:aws:rds-db:us-east-1:001234567890:dbuser:db-ORDERS/{user}");
    assert_eq!(scene.policy(), document(&[&arn("app"), &arn("reports")]));

    scene.configure(POLICY);
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(json_of(&plan.value(IT, "policy_json")), scene.expected());
    scene.tf.apply();
    scene.assert_settled();
}
