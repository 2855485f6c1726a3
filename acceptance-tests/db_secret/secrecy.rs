//! Values that must only be in Secrets Manager and in the database.

use std::process::Command;

use serde_json::json;

use crate::db_secret::{SECRET, Scene};
use crate::support::terraform::Terraform;

/// Plans, and unpacks the plan's file, so that it can be searched.
fn plan(tf: &Terraform, folder: &str) {
    tf.plan();
    let status =
        Command::new("python3").args(["-m", "zipfile", "-e", "plan.bin", folder]).current_dir(tf.path()).status();
    assert!(status.expect("python3 starts").success());
    assert!(tf.path().join(folder).join("tfplan").is_file());
}

#[test]
fn passwords_and_tokens_are_nowhere() {
    const PASSWORDS: [&str; 3] = ["correct-horse-1", "battery staple \"2\"", "never-accepted-3"];
    const TOKEN: &str = r#"
ephemeral "rdsauth_db_auth_token" "it" {
  host     = "orders.abcdefghijkl.us-east-1.rds.amazonaws.com"
  port     = 5432
  username = "reader"
}
provider "rdsauth" {
  alias      = "named"
  region     = "us-east-1"
  secret_key = "never-used-secret-key"
  access_key = "AKIANEVERUSED"
  token      = "never-used-session-token"
}
resource "terraform_data" "use" {
  triggers_replace = rdsauth_db_secret.it.version_id
  provisioner "local-exec" {
    command     = "printf '%s' \"$TOKEN\" > token"
    environment = { TOKEN = ephemeral.rdsauth_db_auth_token.it.token }
  }
}
"#;
    let with_token = |secret: &str| [secret, TOKEN].concat();
    let scene = Scene::new(&with_token(SECRET)).with_password(PASSWORDS[0]);
    let tf = scene.tf.env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log").env("TF_LOG_PROVIDER", "TRACE");
    let scene = Scene { tf, ..scene };
    let mut signatures = Vec::new();
    let mut apply = |scene: &Scene| {
        scene.tf.ok(&["apply", "-auto-approve", "plan.bin"]);
        let token = scene.tf.read("token");
        signatures.push(token.split_once("X-Amz-Signature=").expect("a signature").1.to_owned());
        scene.tf.remove("token");
    };
    plan(&scene.tf, "first");
    apply(&scene);
    assert_eq!(scene.value()["password"], PASSWORDS[0]);

    let scene = scene.with_password(PASSWORDS[1]);
    scene.configure(&with_token(&SECRET.replace("password_wo_version = 1", "password_wo_version = 2")));
    plan(&scene.tf, "second");
    apply(&scene);
    assert_eq!(scene.value()["password"], PASSWORDS[1]);

    let scene = scene.with_password(PASSWORDS[2]);
    scene.configure(&with_token(&SECRET.replace("password_wo_version = 1", "password_wo_version = 3")));
    scene.account.fault(json!({
        "operation": "PutSecretValue", "fault": "error", "code": "DecryptionFailure", "status": 400, "message": "No."
    }));
    scene.tf.apply_fails();

    let calls = scene.account.operations();
    assert!(!calls.iter().any(|operation| operation.contains("GetSecretValue")), "{calls:?}");
    let log = scene.tf.read("log");
    assert!(log.contains("rdsauth_db_secret") && log.contains("[TRACE]"), "the log is there to be searched");
    for secret in PASSWORDS.into_iter().chain(signatures.iter().map(String::as_str)) {
        scene.tf.assert_nowhere(secret);
        scene.tf.assert_nowhere(&secret.replace('"', "\\\""));
    }
    for secret in ["never-used-secret-key", "never-used-session-token"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
