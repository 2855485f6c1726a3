//! S2 whole: a publisher with logical replication, whose user streams with a token, and others with passwords.

use serde_json::json;

use crate::modules::copied;
use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The arguments of a token for the user, signed with the credentials of the account.
const TOKEN: &str = r#"
  host     = rdsauth_iam_authentication.this.host
  port     = rdsauth_iam_authentication.this.port
  username = rdsauth_postgresql_iam_user.this.name
"#;

const PASSWORD: &str = "correct-horse-9";

/// An instance with a parameter group of its own, and a replication user who is no IAM user.
struct Scene {
    tf: Terraform,
    account: Account,
    user: String,
    outsider: String,
}

impl Scene {
    fn new() -> Self {
        let account = Account::with_databases_alone();
        account.command("parameter-groups", json!({ "name": "orders", "family": "postgres15" }));
        let fields = json!({ "identifier": "orders", "engine": "postgres", "iam": false, "parameter_group": "orders" });
        account.command("instances", fields);
        let (user, outsider) = (format!("streamer_{}", account.id), format!("outsider_{}", account.id));
        account.sql(
            "postgres",
            &format!(
                "CREATE ROLE {outsider} LOGIN REPLICATION PASSWORD '{PASSWORD}'; GRANT rds_replication TO {outsider}"
            ),
        );
        let variables = [
            ("db_instance_identifier", "orders".to_owned()),
            ("reboot", "if_required".to_owned()),
            ("database", "app".to_owned()),
            ("db_user", user.clone()),
            ("forbid_password", "false".to_owned()),
            ("master_secret_arn", account.master_secret("postgres")),
            ("ca_certificate", account.database_authority()),
        ];
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Self { tf: copied("replication-user", &account, &variables), account, user, outsider }
    }

    /// Creates, reads and drops a replication slot over a replication connection.
    fn stream(&self, user: &str, password: &str) -> Result<String, String> {
        let slot = format!("slot_{}", self.account.id);
        self.login(user, password, |login| {
            login.ask_replication(&format!(
                "CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL test_decoding NOEXPORT_SNAPSHOT"
            ))
        })
    }

    fn login<T>(&self, user: &str, password: &str, ask: impl FnOnce(&Login<'_>) -> T) -> T {
        let state = self.tf.state();
        let (host, port) = (state.output("host"), state.output("port"));
        ask(&Login {
            account: &self.account,
            engine: "postgres",
            host: host.as_str().expect("a host"),
            port: port.as_u64().expect("a port"),
            user,
            password,
        })
    }
}

#[test]
fn a_member_of_rds_iam_streams_with_a_token_until_it_is_switched_off() {
    let mut scene = Scene::new();
    scene.tf.ok(&["test"]).expect_text("Success! 1 passed, 0 failed.");
    let token = scene.tf.token(TOKEN);
    scene.tf.assert_plan_empty();
    scene.account.sql("postgres", &format!("ALTER ROLE {} PASSWORD '{PASSWORD}'", scene.user));

    let streamed = scene.stream(&scene.user, &token).expect("a slot");
    assert!(streamed.contains("test_decoding"), "{streamed}");
    let refusal = scene.stream(&scene.user, PASSWORD).unwrap_err();
    assert!(refusal.contains("authentication failed"), "{refusal}");
    let streamed = scene.stream(&scene.outsider, PASSWORD).expect("a slot");
    assert!(streamed.contains("test_decoding"), "{streamed}");

    scene.tf = scene.tf.env("TF_VAR_tokens_for_replication", "false");
    scene.tf.apply();
    let refusal = scene.stream(&scene.user, &token).unwrap_err();
    assert!(refusal.contains("authentication failed"), "{refusal}");
    // Logical replication was reset with the resource that had set it; the publisher's owner turns it on again.
    scene.account.command("parameters", json!({ "group": "orders", "values": { "rds.logical_replication": "1" } }));
    scene.account.command("reboot", json!({ "identifier": "orders" }));
    let streamed = scene.stream(&scene.user, PASSWORD).expect("a slot");
    assert!(streamed.contains("test_decoding"), "{streamed}");
}
