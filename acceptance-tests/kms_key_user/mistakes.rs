//! Errors of a configuration, a key or its policy, and their messages.

use serde_json::{Value, json};

use crate::kms_key_user::{GRANTEE, IT, Scene, USER, foreign};
use crate::support::output::Diagnostic;

/// The text for an attribute that is not set.
const BLOCK: &str = "resource \"rdsauth_kms_key_user\" \"it\" {";

#[track_caller]
fn refused_at_plan(configuration: &str, code: &str, text: &str) {
    let scene = Scene::new(configuration);
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.code, scene.filled(code));
    assert!(error.detail.contains(text), "{error:?}");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn a_key_must_be_named_by_its_arn() {
    let at = |name: &str| USER.replace("KEY", name);
    let alias = "arn:aws:kms:us-east-1:123456789012:alias/x";
    refused_at_plan(&at(alias), &format!("kms_key_arn   = \"{alias}\""), "is the ARN of an alias");
    refused_at_plan(&at("alias/x"), "kms_key_arn   = \"alias/x\"", "is not an ARN");
    refused_at_plan(&at("1234abcd"), "kms_key_arn   = \"1234abcd\"", "is not an ARN");
}

#[test]
fn a_principal_must_be_one() {
    let at = |name: &str| USER.replace("role/app", name);
    let code = |name: &str| format!("principal_arn = \"arn:aws:iam::ACCOUNT:{name}\"");
    refused_at_plan(&at("group/staff"), &code("group/staff"), "cannot be a principal");
    refused_at_plan(&at("role/*"), &code("role/*"), "Write the whole ARN");
    let abroad = USER.replace("arn:aws:iam", "arn:aws-cn:iam");
    let code = "principal_arn = \"arn:aws-cn:iam::ACCOUNT:role/app\"";
    refused_at_plan(&abroad, code, "of another partition");
}

#[test]
fn permissions_must_fit_together() {
    let with = |base: &str, lines: &str| base.replace("principal_arn", &format!("{lines}\n  principal_arn"));
    let custom = "permission_set = \"custom\"";
    refused_at_plan(&with(USER, custom), custom, "requires \"actions\"");
    let actions = "actions = [\"kms:Sign*\"]";
    refused_at_plan(&with(USER, actions), actions, "only with permission_set = \"custom\"");
    let both = format!("{custom}\n  {actions}");
    refused_at_plan(&with(GRANTEE, &both), actions, "cannot be allowed with a grant");
    refused_at_plan(
        &with(USER, "actions = [\"s3:*\"]\n  permission_set = \"custom\""),
        "actions = [\"s3:*\"]",
        "kms:Decrypt",
    );
    refused_at_plan(&with(GRANTEE, "sid = \"a b\""), "sid = \"a b\"", "cannot contain spaces");
}

#[test]
fn a_key_of_another_account() {
    let scene = Scene::new(USER);
    let elsewhere = crate::support::stage::Account::new().add_key(json!({}));
    scene.configure(&USER.replace("KEY", &elsewhere));
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Key of another account");
    assert_eq!(error.code, format!("kms_key_arn   = \"{elsewhere}\""));
    assert!(error.detail.contains("set \"mode\" to \"grant\""), "{error:?}");
}

#[test]
fn a_key_of_another_region() {
    let scene = Scene::with_key(USER, json!({ "region": "eu-west-1" }));
    scene.tf.apply().expect_text("1 added");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

/// A failing apply, which must not write anything.
#[track_caller]
fn refused(scene: &Scene, summary: &str, code: &str, texts: &[&str]) -> Diagnostic {
    let before = scene.account.key_policy(&scene.key);
    let error = scene.tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), error.code.as_str()), (summary, scene.filled(code).as_str()), "{error:?}");
    for text in texts {
        assert!(error.detail.contains(&scene.filled(text)), "{text}: {error:?}");
    }
    assert_eq!(scene.account.key_policy(&scene.key), before);
    error
}

#[test]
fn a_key_that_does_not_exist() {
    let scene = Scene::new("");
    let absent = format!("{}0000", &scene.key[..scene.key.len() - 4]);
    for mode in ["key_policy", "grant"] {
        let user = USER.replace("principal_arn", &format!("mode          = \"{mode}\"\n  principal_arn"));
        scene.configure(&user.replace("KEY", &absent));
        scene.tf.ok(&["plan"]).expect_text("Warning: Key not found").expect_text("unless it is created earlier");
    }
    scene.configure(&USER.replace("KEY", &absent));
    refused(&scene, "Key not found", &format!("kms_key_arn   = \"{absent}\""), &["in region"]);
}

#[test]
fn a_key_of_aws() {
    let scene = Scene::new("");
    let described = scene.account.call("kms", "DescribeKey", json!({ "KeyId": "alias/aws/rds" }));
    let arn = described["KeyMetadata"]["Arn"].as_str().unwrap();
    scene.configure(&USER.replace("KEY", arn));
    refused(
        &scene,
        "Key is an AWS managed key",
        &format!("kms_key_arn   = \"{arn}\""),
        &["Use a customer managed key"],
    );
}

#[test]
fn a_key_that_is_about_to_be_deleted() {
    let scene = Scene::new(USER);
    let Scene { tf, account, key } = &scene;
    tf.apply();
    scene.configure(
        &[USER, &USER.replace("\"it\"", "\"second\"").replace("principal_arn", "sid = \"b\"\n  principal_arn")]
            .concat(),
    );
    account.call("kms", "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 }));
    refused(&scene, "Key scheduled for deletion", "kms_key_arn   = \"KEY\"", &["aws kms cancel-key-deletion"]);
    let before = account.key_policy(key);
    tf.ok(&["destroy", "-auto-approve"]).expect_text("Warning: Statement left in the policy of a key pending deletion");
    assert_eq!((account.key_policy(key), tf.state().addresses()), (before, vec![]));
}

#[test]
fn a_disabled_key() {
    let scene = Scene::with_key(USER, json!({ "state": "Disabled" }));
    scene.tf.apply().expect_text("Warning: Key is not enabled").expect_text("1 added");
    scene.assert_settled();
    scene.tf.destroy();
    scene.configure(GRANTEE);
    refused(&scene, "Key is not enabled", "kms_key_arn   = \"KEY\"", &["set \"mode\" to \"key_policy\""]);
}

/// Adds a statement of others with a role and a user that are then deleted.
fn poison(scene: &Scene) -> Value {
    let mut statement = foreign(&scene.account, "Old reports");
    let user = format!("arn:aws:iam::{}:user/gone", scene.account.id);
    statement["Principal"] = json!({ "AWS": [scene.role("gone"), user, scene.role("other")] });
    scene.account.add("role/gone");
    scene.account.add("user/gone");
    scene.account.add("role/other");
    let mut policy = scene.account.key_policy(&scene.key);
    policy["Statement"].as_array_mut().unwrap().push(statement.clone());
    scene.account.call("kms", "PutKeyPolicy", json!({ "KeyId": scene.key, "Policy": policy.to_string() }));
    scene.account.delete_role("gone");
    scene.account.call("iam", "DeleteUser", json!({ "UserName": "gone" }));
    statement
}

#[test]
fn a_deleted_principal_in_another_statement() {
    // An account is no young principal, so the answer comes immediately.
    let scene = Scene::new(&USER.replace("role/app", "root"));
    let Scene { tf, account, .. } = &scene;
    let mut statement = poison(&scene);
    let texts = ["\" in statement \"Old reports\"", "\"AROA", "\"AIDA", "set \"stale_principals\" to \"prune\""];
    refused(&scene, "Cannot change the key's policy", BLOCK, &texts);

    let prune =
        USER.replace("role/app", "root").replace("principal_arn", "stale_principals = \"prune\"\n  principal_arn");
    scene.configure(&prune);
    tf.apply().expect_text("Deleted principals were removed from the key policy").expect_text("\"Old reports\"");
    statement["Principal"] = json!({ "AWS": [scene.role("other")] });
    statement["Action"] = json!("kms:Encrypt");
    assert_eq!(scene.statements().0.last(), Some(&statement));
    tf.assert_plan_empty();
    account.delete_role("other");
    tf.destroy();
    assert!(!account.key_policy(&scene.key).to_string().contains("Old reports"), "it spoke of nobody else");
}

#[test]
fn a_write_that_would_lock_out() {
    let all = "permission_set = \"custom\"\n  actions = [\"kms:*\"]\n  principal_arn";
    let scene = Scene::new(&USER.replace("role/app", "root").replace("principal_arn", all));
    let Scene { tf, account, key } = &scene;
    tf.apply();
    let mut policy = account.key_policy(key);
    let mut statement = foreign(account, "Readers");
    statement["Principal"] = json!({ "AWS": scene.role("app") });
    policy["Statement"].as_array_mut().unwrap()[0] = statement;
    account.put_key_policy(key, &policy);
    tf.assert_plan_empty();
    let error = tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert_eq!(error.summary, "Cannot change the key's policy");
    assert!(error.detail.contains("could no longer change the policy"), "{error:?}");
    assert_eq!(account.key_policy(key), policy);
    assert_eq!(tf.state().addresses(), [IT]);
}

#[test]
fn a_policy_that_is_full() {
    let scene = Scene::new(USER);
    let mut policy = scene.account.key_policy(&scene.key);
    let statements = policy["Statement"].as_array_mut().unwrap();
    for index in 0..200 {
        statements.push(foreign(&scene.account, &format!("Foreign {index}")));
    }
    let room = 32_768 - policy.to_string().len();
    policy["Id"] = json!("x".repeat(room - 60));
    scene.account.put_key_policy(&scene.key, &policy);
    scene.account.forget_calls();
    refused(&scene, "Cannot change the key's policy", "kms_key_arn   = \"KEY\"", &["bytes, and KMS allows 32768"]);
    assert_eq!(scene.account.writes(), [""; 0], "it is known before");
    scene.configure(GRANTEE);
    scene.tf.apply();
    scene.tf.destroy();
}

#[test]
fn a_principal_that_does_not_exist() {
    for configuration in [USER, GRANTEE] {
        let scene = Scene::new(&configuration.replace("role/app", "role/absent"));
        let code = "principal_arn = \"arn:aws:iam::ACCOUNT:role/absent\"";
        let summary = if configuration == USER { "Cannot change the key's policy" } else { "Cannot create the grant" };
        refused(&scene, summary, code, &["IAM does not find \"arn:aws:iam::ACCOUNT:role/absent\""]);
    }
}

#[test]
fn a_principal_that_is_old_enough_is_not_waited_for() {
    let scene = Scene::new(&USER.replace("role/app", "root"));
    scene.account.fault(json!({
        "operation": "PutKeyPolicy", "fault": "error", "code": "MalformedPolicyDocumentException", "status": 400,
        "message": "Policy contains a statement with one or more invalid principals."
    }));
    let code = "principal_arn = \"arn:aws:iam::ACCOUNT:root\"";
    refused(&scene, "Cannot change the key's policy", code, &["exists and is not new"]);
    assert_eq!(scene.account.writes(), ["PutKeyPolicy"]);
}

#[test]
fn a_principal_created_a_moment_ago_is_waited_for() {
    for configuration in [USER, GRANTEE] {
        let scene = Scene::new(&configuration.replace("role/app", "role/young"));
        scene.account.hide_new_principals("kms", 2);
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "rds.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
        let role = json!({ "RoleName": "young", "AssumeRolePolicyDocument": trust.to_string() });
        scene.account.call("iam", "CreateRole", role);
        scene.account.forget_calls();
        scene.tf.apply().expect_text("1 added");
        assert_eq!(scene.account.writes().len(), 3, "two tries in vain");
        scene.tf.assert_plan_empty();
    }
}
