//! Create, update, replace, destroy, import, and how many calls they take.

use serde_json::json;

use crate::iam_db_user_policy::{IT, NAME, POLICY, Scene, document};
use crate::support::commands::{APPLY, DESTROY, PLAN};
use crate::support::output::json_of;
use crate::support::stage::Account;

#[test]
fn basic() {
    let scene = Scene::new(POLICY);
    let Scene { tf, account } = &scene;
    let plan = account.plan_creates(tf, IT);
    assert_eq!(json_of(&plan.value(IT, "policy_json")), scene.expected());
    tf.apply().expect_text("1 added");
    assert_eq!(json_of(&tf.state_value(IT, "policy_json")), scene.expected());
    assert_eq!(tf.state_value(IT, "policy_name"), NAME);
    scene.assert_settled();
    tf.destroy();
    assert!(account.policies("role/app").is_empty());
}

#[test]
fn users_and_groups() {
    let scene = Scene::uninitialised(Account::new());
    let Scene { tf, account } = &scene;
    let block = "connect {\n    resource_id = \"db-ORDERS\"\n    db_users = [\"app\", \"reports\"]\n  }";
    let of = |kind: &str| {
        format!(
            "resource \"rdsauth_iam_db_user_policy\" \"{kind}\" {{\n  {kind} = \"jane\"\n  policy_name = \"login\"\n  {block}\n}}\n"
        )
    };
    scene.configure(&[of("user"), of("group")].concat());
    tf.init();
    for owner in ["user/jane", "group/jane"] {
        account.add(owner);
        account.put_policy(owner, "other", &document(&["*"]));
    }
    tf.apply().expect_text("2 added");
    for owner in ["user/jane", "group/jane"] {
        assert_eq!(account.policies(owner)["login"], scene.expected());
    }
    tf.assert_plan_empty();
    tf.destroy();
    for owner in ["user/jane", "group/jane"] {
        assert_eq!(account.policies(owner).into_keys().collect::<Vec<_>>(), ["other"], "foreign policies stay");
    }
}

#[test]
fn update() {
    let scene = Scene::new(&POLICY.replace("\"reports\"", "\"batch\""));
    let Scene { tf, account } = &scene;
    tf.apply();
    scene.configure(POLICY);
    tf.plan().assert_updates(IT);
    account.forget_calls();
    tf.apply().expect_text("1 changed");
    assert_eq!(account.writes(), ["PutRolePolicy"]);
    scene.assert_settled();

    // Another spelling of the same.
    scene.configure(&POLICY.replace("[\"app\", \"reports\"]", "[\"reports\", \"app\", \"app\"]"));
    tf.assert_plan_empty();
    scene.configure(&POLICY.replace("db_users ", "region = \"us-east-1\"\n    db_users "));
    tf.plan().assert_updates(IT);
    account.forget_calls();
    tf.apply();
    assert_eq!(account.writes(), [""; 0], "the document is the same");
    scene.assert_settled();
}

#[test]
fn names_replace() {
    let scene = Scene::new(POLICY);
    let Scene { tf, account } = &scene;
    tf.apply();
    scene.configure(&POLICY.replace("role = \"app\"", "role = \"app\"\n  policy_name = \"login\""));
    let plan = tf.plan();
    plan.assert_replaces(IT);
    assert_eq!(plan.replaced_because_of(IT), ["policy_name"]);
    tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
    assert_eq!(account.policies("role/app").into_keys().collect::<Vec<_>>(), ["login"]);
    account.add("role/batch");
    scene.configure(&POLICY.replace("\"app\"\n", "\"batch\"\n"));
    assert_eq!(tf.plan().replaced_because_of(IT), ["policy_name", "role"]);
    tf.apply();
    assert!(account.policies("role/app").is_empty());
    assert_eq!(account.policies("role/batch")[NAME], scene.expected());
    tf.assert_plan_empty();
}

#[test]
fn import_command() {
    let scene = Scene::new(POLICY);
    let Scene { tf, account } = &scene;
    account.put_policy("role/app", NAME, &scene.expected());
    tf.import(IT, "role/app/rds-db-connect");
    tf.assert_plan_empty();
    assert_eq!(account.writes(), [""; 0]);
    assert_eq!(json_of(&tf.state_value(IT, "policy_json")), scene.expected());

    for (id, text) in [
        ("app/rds-db-connect", "is not of the form role/NAME/POLICY"),
        ("role/app/none", "non-existent remote object"),
        ("role/none/rds-db-connect", "non-existent remote object"),
    ] {
        tf.ok(&["state", "rm", IT]);
        tf.run(&["import", IT, id]).expect_code(1).expect_text(text);
        tf.import(IT, "role/app/rds-db-connect");
    }
}

#[test]
fn import_block() {
    let scene = Scene::new("");
    let Scene { tf, account } = &scene;
    let elsewhere = "arn:aws:rds-db:eu-west-1:210987654321:dbuser:cluster-ORDERS/*";
    let mut statement = document(&[&scene.arn("app"), elsewhere]);
    statement["Statement"][0]["Condition"] = json!({ "StringEquals": { "aws:SourceVpc": ["vpc-1", "vpc-2"] } });
    account.put_policy("role/app", "login", &statement);
    account.add("group/jane");
    account.put_policy("group/jane", "login", &document(&[&scene.arn("app")]));
    let import =
        |name: &str, id: &str| format!("import {{\n  to = rdsauth_iam_db_user_policy.{name}\n  id = \"{id}\"\n}}\n");
    scene.configure(&[import("it", "role/app/login"), import("jane", "group/jane/login")].concat());
    tf.generate(&[]).expect_code(0).expect_text("2 to import, 0 to add, 0 to change");
    tf.apply().expect_text("2 imported, 0 added, 0 changed, 0 destroyed");
    tf.assert_plan_empty();
    assert_eq!(account.writes(), [""; 0]);
    assert_eq!(tf.state_value(IT, "condition.0.values"), json!(["vpc-1", "vpc-2"]));
    assert_eq!(tf.state_value(IT, "allow_wildcards"), true);
}

#[test]
fn import_of_a_policy_that_cannot_be_described() {
    let scene = Scene::new("import {\n  to = rdsauth_iam_db_user_policy.it\n  id = \"role/app/login\"\n}\n");
    let mut says_more = document(&[&scene.arn("app")]);
    says_more["Statement"][0]["Action"] = json!(["rds-db:connect", "s3:GetObject"]);
    let everywhere = document(&[&scene.arn("app").replace("us-east-1", "*")]);
    let any_account = document(&[&scene.arn("app").replace(&scene.account.id, "*")]);
    for (policy, detail) in [
        (says_more, "\"rds-db:connect\" and nothing else"),
        (everywhere, "matches several regions"),
        (any_account, "matches several accounts"),
    ] {
        scene.account.put_policy("role/app", "login", &policy);
        let error = scene.tf.generate(&["-json"]).expect_code(1).error();
        assert_eq!(error.summary, "Cannot describe the policy");
        assert!(error.detail.contains(detail), "{error:?}");
    }
}

#[test]
fn import_of_several_statements() {
    let scene = Scene::new("import {\n  to = rdsauth_iam_db_user_policy.it\n  id = \"role/app/login\"\n}\n");
    let Scene { tf, account } = &scene;
    let mut foreign = document(&[&scene.arn("app")]);
    let mut second = document(&[&scene.arn("reports")])["Statement"][0].take();
    second["Sid"] = json!("Second");
    foreign["Statement"].as_array_mut().unwrap().push(second);
    account.put_policy("role/app", "login", &foreign);
    tf.generate(&[]).expect_code(0).expect_text("1 to import, 0 to add, 1 to change");
    tf.apply();
    assert_eq!(account.policies("role/app")["login"], scene.expected());
    tf.assert_plan_empty();
}

#[test]
fn calls_are_few() {
    let with_account = |users: &str, scene: &Scene| {
        let account = format!("account_id = \"{}\"\n    db_users ", scene.account.id);
        POLICY.replace("db_users ", &account).replace("\"reports\"", users)
    };
    let scene = Scene::new(POLICY);
    scene.configure(&with_account("\"reports\"", &scene));
    let operations = |arguments: &[&str]| scene.account.operations_of(&scene.tf, arguments);
    assert_eq!(operations(&PLAN), ["GetRolePolicy"], "is the role there?");
    assert_eq!(operations(&APPLY), ["GetRolePolicy", "GetRolePolicy", "PutRolePolicy"], "it is planned again");
    assert_eq!(operations(&PLAN), ["GetRolePolicy"], "a refresh");
    scene.configure(&with_account("\"batch\"", &scene));
    operations(&PLAN);
    assert_eq!(operations(&APPLY), ["GetRolePolicy", "PutRolePolicy"]);
    assert_eq!(operations(&DESTROY), ["DeleteRolePolicy"]);

    scene.configure(POLICY);
    assert_eq!(
        operations(&PLAN),
        ["GetRolePolicy", "GetCallerIdentity"],
        "asked once a process, where no account is given"
    );
}
