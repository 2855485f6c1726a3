//! IAM database authentication of a restored cluster: a login with a token, under a policy that follows the resource ID.

use serde_json::json;

use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const RESTORE: &str = r#"
resource "rdsauth_encrypted_cluster_restore" "it" {
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "before"
  kms_key_arn               = var.key
  allow_delete              = true
  skip_final_snapshot       = true

  database_connection {
    host           = var.host
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
}

resource "rdsauth_iam_db_user_policy" "app" {
  role = "shop-app"

  connect {
    resource_id = rdsauth_encrypted_cluster_restore.it.resource_id
    db_users    = ["shop_app"]
  }
}
"#;

const IT: &str = "rdsauth_encrypted_cluster_restore.it";

/// Restores a cluster of an engine whose application logs in with tokens.
fn the_application_logs_in(engine: &str, fields: serde_json::Value) {
    let account = Account::with_databases();
    account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
    let made = account.add_database_of("cluster", "shop", fields);
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    let (host, id) = (text("host"), text("resource_id"));
    account.add_token_user_at(engine, &host, "shop_app");
    if engine.contains("mysql") {
        account.sql_behind(&host, "app", "GRANT SELECT ON app.* TO shop_app@'%'");
    }
    account.add("role/shop-app");
    let names = json!({ "DBClusterIdentifier": "shop", "DBClusterSnapshotIdentifier": "before" });
    account.call("rds", "CreateDBClusterSnapshot", names.clone());
    let snapshot = json!({ "DBClusterSnapshotIdentifier": "before" });
    let look = || account.call("rds", "DescribeDBClusterSnapshots", snapshot.clone());
    while look()["DBClusterSnapshots"][0]["Status"] != "available" {}
    let tf = Terraform::of(&account).variables([
        ("host", host.as_str()),
        ("key", &account.add_key(json!({}))),
        ("secret", &account.master_secret(engine)),
        ("authority", &account.database_authority()),
    ]);
    let tf = tf.initialised(RESTORE);
    tf.apply().expect_text("2 added");
    let restored = account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "shop-encrypted" }));
    let restored = &restored["DBClusters"][0];
    assert_eq!(restored["IAMDatabaseAuthenticationEnabled"], true);
    assert_eq!(tf.state_value(IT, "differences"), json!([]));
    assert_ne!(restored["DbClusterResourceId"], json!(id));
    assert_eq!(tf.state_value(IT, "resource_id"), restored["DbClusterResourceId"]);

    let port = restored["Port"].as_u64().expect("a port");
    let login = |host: &str| {
        let application = Terraform::of(&account).envs(account.session("shop-app", 3600));
        application.init();
        let token = application.token(&format!("  host = {host:?}\n  port = {port}\n  username = \"shop_app\""));
        let login = Login { account: &account, engine, host, port, user: "shop_app", password: &token };
        login.ask("SELECT 41 + 1")
    };
    for endpoint in ["Endpoint", "ReaderEndpoint"] {
        assert_eq!(login(restored[endpoint].as_str().expect("a host")), Ok("42".to_owned()), "{endpoint}");
    }
    assert!(login(&host).is_err(), "the policy names the restored cluster, not the original");

    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(account.policies("role/shop-app"), [].into());
}

#[test]
fn aurora_postgresql() {
    the_application_logs_in(
        "aurora-postgresql",
        json!({ "engine": "aurora-postgresql", "members": 2, "own_server": true }),
    );
}

#[test]
fn aurora_mysql() {
    the_application_logs_in("aurora-mysql", json!({ "engine": "aurora-mysql", "members": 2, "own_server": true }));
}

#[test]
fn a_multi_az_cluster() {
    the_application_logs_in("postgres", json!({ "engine": "postgres", "own_server": true }));
}
