//! The `database_connection` block under the real CLI: how sessions come about, and why they do not.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The login of the provider block.
const PROVIDER: &str = r#"
variable "password" {
  type      = string
  sensitive = true
}

provider "rdsauth" {
  database {
    username       = var.master
    password       = var.password
    ca_certificate = var.authority
  }
}
"#;

/// An instance, and a configuration of one user in it.
struct Scene {
    account: Account,
    tf: Terraform,
    host: String,
    user: String,
}

impl Scene {
    fn new(provider: &str, connection: &str) -> Self {
        let account = Account::with_databases();
        let instance = account.tell("instances", json!({ "identifier": "orders", "engine": "postgres" }));
        let user = format!("connected_{}", account.id);
        let (master, password) = account.master("postgres");
        let host = instance["host"].as_str().expect("a host").to_owned();
        let variables = [
            ("user", user.clone()),
            ("host", host.clone()),
            ("port", instance["port"].to_string()),
            ("authority", account.database_authority()),
            ("master", master),
        ];
        let tf = Terraform::of(&account).variables(variables).env("TF_VAR_password", password);
        let resource = format!(
            "resource \"rdsauth_postgresql_iam_user\" \"it\" {{\n  name = var.user\n  database_connection {{\n{connection}\n  }}\n}}\n"
        );
        Self { tf: tf.initialised(&[provider, &resource].concat()), account, host, user }
    }

    fn has_user(&self) -> bool {
        let sql = format!("SELECT rolname FROM pg_roles WHERE rolname = '{}'", self.user);
        self.account.sql("postgres", &sql) == self.user
    }

    /// An apply ends with these words, and nothing is changed.
    fn assert_refused(&self, words: &[&str]) {
        let mut run = self.tf.apply_fails();
        for text in words {
            run = run.expect_text(text);
        }
        assert!(!self.has_user());
    }
}

#[test]
fn the_provider_block_can_hold_the_login() {
    let scene = Scene::new(PROVIDER, "host = var.host\n port = var.port\n auth = \"provider\"");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert!(scene.has_user());
    let (_, password) = scene.account.master("postgres");
    scene.tf.assert_nowhere(&password);
    scene.tf.destroy();
    assert!(!scene.has_user());
}

/// A token is made by one provider and used by another, and reaches neither state nor plan.
#[test]
fn the_login_can_be_an_ephemeral_token() {
    let provider = r#"
ephemeral "rdsauth_db_auth_token" "administrator" {
  hostname = var.host
  port     = var.port
  username = var.administrator
}

provider "rdsauth" {
  alias = "of_the_database"
  database {
    username       = var.administrator
    password       = ephemeral.rdsauth_db_auth_token.administrator.token
    ca_certificate = var.authority
  }
}

resource "rdsauth_postgresql_iam_user" "other" {
  provider = rdsauth.of_the_database

  name = "${var.user}_other"
  database_connection {
    host = var.host
    port = var.port
    auth = "provider"
  }
}
"#;
    let mut scene = Scene::new(
        provider,
        "host = var.host\n port = var.port\n username = var.administrator\n ca_certificate = var.authority",
    );
    let administrator = format!("administrator_{}", scene.account.id);
    scene.account.sql("postgres", &format!("CREATE ROLE {administrator} LOGIN CREATEROLE IN ROLE rds_iam"));
    scene.tf = scene.tf.variables([("administrator", &administrator)]);
    scene.tf = scene.tf.env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let logins = scene.account.look("logins", json!({}));
    let accepted = |login: &&Value| login["user"] == *administrator && login["accepted"] == true;
    assert!(logins["logins"].as_array().expect("logins").iter().filter(accepted).count() >= 2, "{logins}");
    scene.tf.assert_nowhere("X-Amz-Signature=");
    scene.tf.destroy();
    assert!(!scene.has_user());
}

#[test]
fn a_tunnel_is_dialled_and_the_endpoint_verified() {
    let scene =
        Scene::new(PROVIDER, "host = var.near_end\n port = var.port\n auth = \"provider\"\n auth_hostname = var.host");
    let address = scene.account.address_of(&scene.host);
    let tf = scene.tf.variables([("near_end", address)]);
    tf.apply();
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn the_name_need_not_be_verified_if_that_is_said() {
    let tunnel = "host = var.near_end\n port = var.port\n auth = \"provider\"";
    let mut strict = Scene::new(PROVIDER, tunnel);
    let address = strict.account.address_of(&strict.host);
    strict.tf = strict.tf.variables([("near_end", address)]);
    strict.assert_refused(&["Cannot verify the database server", "auth_hostname"]);

    let lax = Scene::new(PROVIDER, &format!("{tunnel}\n tls = \"verify-ca\""));
    let address = lax.account.address_of(&lax.host);
    let tf = lax.tf.variables([("near_end", address)]);
    tf.apply();
    tf.destroy();
}

#[test]
fn a_name_without_an_address_is_told() {
    let scene = Scene::new(PROVIDER, "host = \"orders.invalid\"\n auth = \"provider\"");
    scene.assert_refused(&["Database host not found", "orders.invalid"]);
}

#[test]
fn a_port_where_nobody_listens_is_told() {
    let scene = Scene::new(PROVIDER, "host = \"127.0.0.1\"\n port = 1\n auth = \"provider\"");
    scene.assert_refused(&["Cannot reach the database", "127.0.0.1:1", "Connection refused"]);
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let scene = Scene::new(
        PROVIDER,
        &format!("host = \"127.0.0.1\"\n port = {port}\n auth = \"provider\"\n connect_timeout = \"500ms\""),
    );
    scene.assert_refused(&["Cannot reach the database", "no answer within 0.5 s"]);
}

/// Another session has made the same role and not ended its transaction.
#[test]
fn a_statement_that_waits_too_long_is_given_up() {
    let limits = "statement_timeout = \"3s\"\n application_name = \"shop-terraform\"";
    let scene = Scene::new(PROVIDER, &format!("host = var.host\n port = var.port\n auth = \"provider\"\n {limits}"));
    let (account, user) = (&scene.account, &scene.user);
    let other = format!(
        "DO $$ BEGIN CREATE ROLE {user}; FOR i IN 1..600 LOOP EXIT WHEN 'go_{user}'::text = ANY (SELECT rolname FROM \
         pg_roles); PERFORM pg_sleep(0.1); END LOOP; DROP ROLE {user}; END $$"
    );
    let sessions = |with: &str| {
        let of = format!("SELECT application_name FROM pg_stat_activity WHERE query LIKE '{with}%{user}%'");
        let found = account.sql("postgres", &format!("{of} AND state = 'active' AND pid <> pg_backend_pid()"));
        (!found.is_empty()).then_some(found)
    };
    thread::scope(|scope| {
        scope.spawn(|| account.sql("postgres", &other));
        eventually("another session", Duration::from_secs(30), || sessions("DO"));
        let apply =
            scope.spawn(|| scene.assert_refused(&["canceling statement due to statement timeout", "A longer limit"]));
        let waits = eventually("the statement that waits", Duration::from_secs(30), || sessions("CREATE ROLE"));
        assert_eq!(waits, "shop-terraform");
        apply.join().unwrap();
        account.sql("postgres", &format!("CREATE ROLE go_{user}"));
    });
    scene.tf.apply();
    assert!(scene.has_user());
    scene.tf.destroy();
}

#[test]
fn another_authority_is_not_believed() {
    let provider = PROVIDER.replace("    ca_certificate = var.authority\n", "");
    let scene = Scene::new(&provider, "host = var.host\n port = var.port\n auth = \"provider\"");
    scene.assert_refused(&["Cannot verify the database server", "ca_certificate"]);
}

#[test]
fn a_wrong_password_is_told() {
    let scene = Scene::new(PROVIDER, "host = var.host\n port = var.port\n auth = \"provider\"");
    let wrong = "wrong-battery-7";
    let tf = scene.tf.env("TF_VAR_password", wrong).env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log");
    let scene = Scene { tf, ..scene };
    scene.assert_refused(&["Database login refused", "password authentication failed"]);
    scene.tf.assert_nowhere(wrong);
}

#[test]
fn a_missing_privilege_is_told() {
    let scene = Scene::new(PROVIDER, "host = var.host\n port = var.port\n auth = \"provider\"");
    let clerk = format!("clerk_{}", scene.account.id);
    scene.account.sql("postgres", &format!("CREATE ROLE {clerk} LOGIN PASSWORD 'x9-clerk'"));
    let scene = Scene { tf: scene.tf.env("TF_VAR_master", &clerk).env("TF_VAR_password", "x9-clerk"), ..scene };
    scene.assert_refused(&["permission denied", "more privileges"]);
}

#[test]
fn a_database_that_is_not_there_is_told() {
    let connection = "host = var.host\n port = var.port\n auth = \"provider\"\n database = \"absent\"";
    Scene::new(PROVIDER, connection).assert_refused(&["absent", "does not exist", "3D000"]);
}

#[test]
fn a_secret_that_is_no_login_is_told() {
    let scene = Scene::new(PROVIDER, "host = var.host\n port = var.port\n auth = \"secret\"\n secret_arn = var.secret");
    let arn = scene.account.put_secret("odd", json!({ "value": "just a text" }))["arn"].clone();
    let scene = Scene { tf: scene.tf.variables([("secret", arn.as_str().expect("an ARN"))]), ..scene };
    scene.assert_refused(&["Secret is no database login", "its value must be JSON"]);
}

#[test]
fn contradictions_are_found_without_a_database() {
    let mistakes = [
        ("host = var.host", "the database user that logs in"),
        ("host = var.host\n auth = \"secret\"", "Contradiction in the connection"),
        ("host = \"10.0.0.1\"\n username = \"x\"", "never for an address"),
        ("host = var.host\n auth = \"provider\"\n auth_port = 1", "behind a tunnel"),
        ("host = var.host\n auth = \"provider\"\n tls = \"disable\"", "verify-full"),
        ("host = \"https://x\"\n auth = \"provider\"", "is a URL"),
    ];
    for (connection, words) in mistakes {
        let scene = Scene::new(PROVIDER, connection);
        scene.tf.plan_fails().expect_text(words);
    }
}

/// Every operation has one session, for as long as it takes.
#[test]
fn an_operation_shares_one_session_that_names_itself() {
    let named = "host = var.host\n port = var.port\n auth = \"provider\"\n application_name = \"shop-terraform\"";
    let scene = Scene::new(PROVIDER, named);
    let sessions_of = |command: &[&str]| {
        scene.account.forget_statements();
        scene.tf.ok(command);
        scene.account.sessions()
    };
    // The plan looks once, the apply at first plans again.
    assert_eq!(sessions_of(&["apply", "-auto-approve"]), ["shop-terraform"; 3]);
    assert_eq!(sessions_of(&["apply", "-refresh-only", "-auto-approve"]), ["shop-terraform"]);
    assert_eq!(sessions_of(&["destroy", "-auto-approve", "-refresh=false"]), ["shop-terraform"]);
}

/// What the block needs is in the section of each page that has it.
#[test]
fn every_page_with_the_block_lists_its_rights() {
    let mut pages = 0;
    for folder in ["resources", "data-sources"] {
        let folder = format!("{}/../docs/{folder}", env!("CARGO_MANIFEST_DIR"));
        for page in std::fs::read_dir(folder).unwrap() {
            let path = page.unwrap().path();
            let page = std::fs::read_to_string(&path).unwrap();
            if !page.contains("nested schema for `database_connection`")
                && !page.contains("`database_connection` (Block")
            {
                continue;
            }
            pages += 1;
            let section =
                |title: &str| page.split("\n## ").find(|section| section.starts_with(title)).unwrap_or_default();
            for action in ["rds-db:connect", "secretsmanager:GetSecretValue", "kms:Decrypt"] {
                assert!(section("IAM actions").contains(action), "{} does not list {action}", path.display());
            }
            assert!(!section("Privileges in the database").is_empty(), "{}", path.display());
        }
    }
    assert_eq!(pages, 4);
}
