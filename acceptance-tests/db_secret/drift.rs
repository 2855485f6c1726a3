//! Changes to the secret outside of Terraform.

use serde_json::json;

use crate::db_secret::{IT, NAME, SECRET, Scene};

#[test]
fn another_value_is_warned_of_and_not_read() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    let first = scene.tf.state_value(IT, "version_id");
    scene.account.put_secret(NAME, json!({ "value": "theirs" }));
    scene.account.forget_calls();
    scene.tf.ok(&["plan"]).expect_text("Value of the secret was changed");
    assert_eq!(scene.account.operations(), ["DescribeSecret"]);
    scene.tf.ok(&["apply", "-auto-approve", "-refresh-only"]).expect_text("version_id");
    assert_ne!(scene.tf.state_value(IT, "version_id"), first);
    scene.tf.assert_plan_empty();
    scene.configure(&SECRET.replace("password_wo_version = 1", "password_wo_version = 2"));
    scene.tf.apply();
    scene.assert_settled("first-password");
}

#[test]
fn deleted_or_gone() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    scene.account.delete_secret(NAME, None);
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply();
    scene.assert_settled("first-password");
    scene.account.delete_secret(NAME, Some(7));
    scene.tf.ok(&["plan"]).expect_text("1 to add").expect_text("restore_deleted");
    assert_eq!(scene.tf.apply_fails().error().summary, "Name belongs to a secret scheduled for deletion");
    scene.configure(&SECRET.replace("username ", "restore_deleted = true\n  username "));
    scene.tf.apply().expect_text("Secret was restored");
    scene.assert_settled("first-password");
}

#[test]
fn tags_of_others_are_removed_unless_they_are_ignored() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    scene.tag("seen-by", "scanner");
    scene.tf.plan().assert_updates(IT);
    scene.tf.write("provider.tf", "provider \"rdsauth\" {\n  ignore_tags {\n    keys = [\"seen-by\"]\n  }\n}\n");
    scene.tf.assert_plan_empty();
    scene.tf.remove("provider.tf");
    scene.tf.apply();
    scene.assert_settled("first-password");
}

#[test]
fn default_tags_reach_the_secret() {
    let scene = Scene::new(SECRET);
    let tags = |text: &str| format!("provider \"rdsauth\" {{\n  default_tags {{\n    tags = {text}\n  }}\n}}\n");
    scene.tf.write("provider.tf", &tags("{ stage = \"dev\", team = \"ours\" }"));
    scene.tf.apply();
    let all = json!({ "stage": "dev", "team": "data" });
    assert_eq!(scene.secret()["tags"], all);
    assert_eq!(scene.tf.state_value(IT, "tags"), json!({ "team": "data" }));
    assert_eq!(scene.tf.state_value(IT, "tags_all"), json!({ "stage": "dev", "team": "data" }));
    scene.tf.assert_plan_empty();

    scene.tf.write("provider.tf", &tags("{ stage = \"prod\" }"));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.value(IT, "tags_all"), json!({ "stage": "prod", "team": "data" }));
    scene.tf.apply();
    assert_eq!(scene.secret()["tags"]["stage"], "prod");
    scene.tf.assert_plan_empty();

    scene.tf.remove("provider.tf");
    let scene = Scene { tf: scene.tf.env("TF_AWS_DEFAULT_TAGS_owner", "me"), ..scene };
    scene.tf.apply();
    let all = json!({ "owner": "me", "team": "data" });
    assert_eq!(scene.secret()["tags"], all);
    scene.tag("cost/center", "7");
    scene.tag("seen-by", "scanner");
    let scene = Scene { tf: scene.tf.env("TF_AWS_IGNORE_TAGS_KEYS", "seen-by"), ..scene };
    let scene = Scene { tf: scene.tf.env("TF_AWS_IGNORE_TAGS_KEY_PREFIXES", "cost/"), ..scene };
    scene.tf.assert_plan_empty();
    scene.configure(&SECRET.replace("for the loader", "for others"));
    scene.tf.apply();
    assert_eq!(scene.secret()["tags"]["cost/center"], "7", "ignored tags stay");
}
