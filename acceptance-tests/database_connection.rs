//! The `database_connection` block under the real CLI: how sessions come about, and why they do not.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::output::Diagnostic;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The login of the provider block.
const PROVIDER: &str = r#"
variable "password" {
  type      = string
  sensitive = true
}

provider "rdsauth" {
  database_connection {
    username       = var.master
    password       = var.password
    ca_certificate = var.authority
  }
}
"#;

const HERE: &str = "host = var.host\n    port = var.port";

const BY_SECRET: &str = "host = var.host\n    port = var.port\n    auth = \"secret\"\n    secret_arn = var.secret";

/// An instance, and a configuration of one user in it.
struct Scene {
    engine: &'static str,
    account: Account,
    tf: Terraform,
    host: String,
    user: String,
}

impl Scene {
    fn new(provider: &str, connection: &str) -> Self {
        Self::of("postgres", provider, connection)
    }

    fn of(engine: &'static str, provider: &str, connection: &str) -> Self {
        let account = Account::with_databases();
        let instance = account.tell("instances", json!({ "identifier": "orders", "engine": engine, "iam": true }));
        let user = format!("connected_{}", account.id);
        let (master, password) = account.master(engine);
        let host = instance["host"].as_str().expect("a host").to_owned();
        let variables = [
            ("user", user.clone()),
            ("host", host.clone()),
            ("port", instance["port"].to_string()),
            ("authority", account.database_authority()),
            ("master", master),
            ("secret", account.master_secret(engine)),
        ];
        let tf = Terraform::of(&account).variables(variables).env("TF_VAR_password", password);
        let scene = Self { engine, tf, account, host, user };
        scene.tf.write("provider.tf", provider);
        scene.connect(connection, "");
        scene.tf.init();
        scene
    }

    /// Configures another connection, and more in the block of the user.
    fn connect(&self, connection: &str, more: &str) {
        let resource = if self.engine == "postgres" { "postgresql_iam_user" } else { "mysql_iam_user" };
        let connection = format!("database_connection {{\n{connection}\n  }}");
        let text =
            format!("resource \"rdsauth_{resource}\" \"it\" {{\n  name = var.user\n  {connection}\n  {more}\n}}\n");
        self.tf.write("user.tf", &text);
    }

    fn has_user(&self) -> bool {
        let sql = match self.engine {
            "postgres" => format!("SELECT rolname FROM pg_roles WHERE rolname = '{}'", self.user),
            _ => format!("SELECT user FROM mysql.user WHERE user = '{}'", self.user),
        };
        self.account.sql(self.engine, &sql) == self.user
    }

    fn drop_user(&self) {
        let kind = if self.engine == "postgres" { "ROLE" } else { "USER" };
        self.account.sql(self.engine, &format!("DROP {kind} {}", self.user));
    }

    /// The secret of the master has another password than the master.
    fn spoil_secret(&self) {
        let (master, _) = self.account.master(self.engine);
        self.account.put_secret("master", json!({ "value": { "username": master, "password": "wrong" } }));
    }

    /// All that an apply says of which nothing comes about.
    fn complaints(&self) -> Vec<Diagnostic> {
        self.tf.run(&["apply", "-auto-approve", "-json"]).expect_code(1).diagnostics()
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
  host     = var.host
  port     = var.port
  username = var.administrator
}

provider "rdsauth" {
  alias = "of_the_database"
  database_connection {
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
        Scene::new(PROVIDER, "host = var.near_end\n port = var.port\n auth = \"provider\"\n auth_host = var.host");
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
    strict.assert_refused(&["Cannot verify the database server", "auth_host"]);

    let lax = Scene::new(PROVIDER, &format!("{tunnel}\n tls = \"verify-ca\""));
    let address = lax.account.address_of(&lax.host);
    let tf = lax.tf.variables([("near_end", address)]);
    tf.apply();
    tf.destroy();
}

/// What is wrong is told once in an apply, with its own causes alone, and at the argument that is wrong.
fn wrong_connections(engine: &'static str) {
    let scene = Scene::of(engine, PROVIDER, HERE);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = silent.local_addr().expect("an address").port();
    let silent = format!("host = \"127.0.0.1\"\n port = {silent}\n auth = \"provider\"\n connect_timeout = \"500ms\"");
    let address = scene.account.address_of(&scene.host);
    std::fs::write(scene.tf.path().join("foreign.pem"), FOREIGN).unwrap();
    let secret = |name: &str, value: Value| {
        scene.account.put_secret(name, json!({ "value": value }));
        let arn = scene.account.put_secret(name, json!({}))["arn"].to_string();
        format!("{HERE}\n auth = \"secret\"\n secret_arn = {arn}")
    };
    let (master, _) = scene.account.master(engine);
    let absent = secret("absent", json!("")).replace("secret:absent", "secret:nowhere");
    let by_provider = |more: &str| format!("{HERE}\n auth = \"provider\"\n {more}");
    for (connection, summary, sentence, line) in [
        ("host = \"orders.invalid\"\n auth = \"provider\"", "Database host not found", "cannot be resolved", "host"),
        ("host = \"127.0.0.1\"\n port = 1\n auth = \"provider\"", "Cannot reach the database", "refused", "port"),
        (&silent, "Cannot reach the database", "no answer within 0.5 s", "host"),
        (
            &by_provider("auth_host = \"other.c1.us-east-1.rds.amazonaws.com\""),
            "Cannot verify the database server",
            "not valid for name",
            "auth_host",
        ),
        (
            &by_provider("").replace("var.host", &format!("\"{address}\"")),
            "Cannot verify the database server",
            "set \"auth_host\" to the DNS name",
            "host",
        ),
        (
            &by_provider("ca_certificate = file(\"foreign.pem\")"),
            "Cannot verify the database server",
            "UnknownIssuer",
            "ca_certificate",
        ),
        (
            &by_provider("ca_certificate = \"\""),
            "Cannot verify the database server",
            "no root trust anchors",
            "ca_certificate",
        ),
        (&by_provider("database = \"absent\""), "Database refused", "absent", "database"),
        (&absent, "Cannot read the secret with the database credentials", "nowhere", "secret_arn"),
        (&secret("odd", json!("just a text")), "Secret has no database credentials", "must be JSON", "secret_arn"),
        (
            &secret("wrong", json!({ "username": master, "password": "wrong" })),
            "Database authentication failed",
            "The secret was read",
            "secret_arn",
        ),
        (&format!("{HERE}\n username = \"nobody\""), "Database authentication failed", "rds-db:connect", "username"),
    ] {
        scene.connect(connection, "");
        let complaints = scene.complaints();
        let [error] = &complaints[..] else { panic!("{connection}: {complaints:?}") };
        assert_eq!((&*error.severity, &*error.summary), ("error", summary), "{error:?}");
        assert!(error.detail.contains(sentence) && !error.detail.contains("last known values"), "{error:?}");
        assert_eq!(
            error.detail.contains("rds-db:connect"),
            line == "username",
            "the causes of another login: {error:?}"
        );
        assert!(error.code.starts_with(line), "{line}: {error:?}");
    }
    assert!(!scene.has_user());

    // A user that is there: the refresh warns, the apply fails, and no plan repeats it.
    scene.connect(BY_SECRET, "");
    scene.tf.apply();
    scene.spoil_secret();
    scene.connect(BY_SECRET, if engine == "postgres" { "login = false" } else { "require_ssl = false" });
    let complaints = scene.complaints();
    let [warning, error] = &complaints[..] else { panic!("{complaints:?}") };
    assert_eq!((&*warning.severity, &*error.severity), ("warning", "error"));
    assert!(warning.detail.contains("last known values") && !error.detail.contains("last known values"), "{error:?}");
    scene.account.master_secret(engine);
    scene.tf.destroy();
}

/// What says what becomes of the user later is changed, and the user left, while nobody can log in.
fn only_the_state(engine: &'static str) {
    let scene = Scene::of(engine, PROVIDER, BY_SECRET);
    scene.tf.apply();
    scene.spoil_secret();
    let own = if engine == "postgres" { "reassign_owned_to = \"heir\"" } else { "" };
    let timeouts = "timeouts {\n    delete = \"3m\"\n  }";
    scene.connect(BY_SECRET, &format!("lock_timeout = \"20s\"\n  adopt_existing = true\n  {own}\n  {timeouts}"));
    scene.tf.apply().expect_text("1 changed");
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains("on_destroy = \"leave\"") && error.detail.contains("state rm"), "{error:?}");
    scene.connect(BY_SECRET, "on_destroy = \"leave\"");
    scene.tf.apply();
    scene.tf.destroy();
    assert!(scene.has_user());
    scene.drop_user();
}

fn gone_with_its_database(engine: &'static str) {
    let scene = Scene::of(engine, PROVIDER, BY_SECRET);
    scene.tf.apply();
    let instance = json!({ "DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true });
    scene.account.call("rds", "DeleteDBInstance", instance);
    scene.tf.destroy().expect_text("DB instance no longer exists");
    scene.drop_user();
}

/// Plans and refreshes share a session, and a create has the one of the plan that core makes right before it.
fn few_sessions(engine: &'static str) {
    let named = format!("{BY_SECRET}\n application_name = \"shop-terraform\"");
    let scene = Scene::of(engine, PROVIDER, &named);
    let work = |command: &[&str]| {
        scene.account.forget_statements();
        scene.account.forget_calls();
        scene.tf.ok(&[command, &["-auto-approve", "-parallelism=1"]].concat());
        let sessions = scene.account.sessions();
        assert!(sessions.iter().all(|name| name == "shop-terraform"), "{sessions:?}");
        let reads = scene.account.operations().iter().filter(|operation| *operation == "GetSecretValue").count();
        assert_eq!(reads, sessions.len(), "a secret is read for a login alone");
        (sessions.len(), scene.account.statements().len())
    };
    let one = [&["apply"][..], &["apply", "-refresh-only"], &["destroy", "-refresh=false"]].map(work);
    let user = scene.tf.read("user.tf");
    scene.tf.write("user.tf", &user.replace("name = var.user", "count = 4\n  name = \"${var.user}${count.index}\""));
    let four = [&["apply"][..], &["apply", "-refresh-only"], &["destroy", "-refresh=false"]].map(work);
    // Sessions and statements; a statement of PostgreSQL's that is prepared counts once.
    let most = match engine {
        "postgres" => [[(2, 13), (1, 2), (1, 21)], [(5, 49), (1, 8), (4, 84)]],
        _ => [[(2, 8), (1, 4), (1, 5)], [(5, 23), (1, 10), (4, 20)]],
    };
    assert_eq!([one, four], most);
}

/// The session that a plan has left breaks before the create takes it, which the empty statement shows.
#[test]
fn a_session_that_broke_is_opened_again() {
    let scene = Scene::new(PROVIDER, BY_SECRET);
    scene.account.statement_fault(json!({ "sql": "^$", "fault": "cut" }));
    scene.tf.apply();
    assert_eq!((scene.account.sessions().len(), scene.account.statement_strikes()), (3, 1));
    scene.account.end_statement_faults();
    scene.tf.destroy();
}

/// Tests of what is the same whatever the engine is.
macro_rules! of_both_engines {
    ($($test:ident: $check:ident;)*) => { $(
        mod $test {
            #[test]
            fn postgresql() {
                super::$check("postgres");
            }

            #[test]
            fn mariadb() {
                super::$check("mariadb");
            }
        }
    )* };
}

of_both_engines! {
    what_is_wrong_is_told_where_it_is: wrong_connections;
    what_only_the_state_says_needs_no_database: only_the_state;
    a_user_is_gone_with_its_database: gone_with_its_database;
    sessions_and_statements_are_few: few_sessions;
}

/// An authority that has signed nothing here.
const FOREIGN: &str = include_str!("mysql_iam_user/foreign.pem");

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
            scope.spawn(|| scene.assert_refused(&["canceling statement due to statement timeout", "Set a longer"]));
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
fn a_wrong_password_is_told() {
    let scene = Scene::new(PROVIDER, "host = var.host\n port = var.port\n auth = \"provider\"");
    let wrong = "wrong-battery-7";
    let tf = scene.tf.env("TF_VAR_password", wrong).env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log");
    let scene = Scene { tf, ..scene };
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("password authentication failed") && error.code.starts_with("auth"), "{error:?}");
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
fn contradictions_are_found_without_a_database() {
    let mistakes = [
        ("host = var.host", "the database user to connect as"),
        ("host = var.host\n auth = \"secret\"", "Missing required argument"),
        ("host = var.host\n auth = \"provider\"\n secret_arn = var.host", "Conflicting arguments"),
        ("host = \"10.0.0.1\"\n username = \"x\"", "not for an IP address"),
        ("host = var.host\n auth = \"provider\"\n auth_port = 1", "behind a tunnel"),
        ("host = var.host\n auth = \"provider\"\n tls = \"disable\"", "verify-full"),
        ("host = \"https://x\"\n auth = \"provider\"", "is a URL"),
    ];
    for (connection, words) in mistakes {
        let scene = Scene::new(PROVIDER, connection);
        scene.tf.plan_fails().expect_text(words);
    }
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
            let section = page.split("\n## ").find(|section| section.starts_with("Required Permissions\n"));
            let (iam, database) =
                section.and_then(|section| section.split_once("\n### Database\n")).unwrap_or_default();
            for action in ["rds-db:connect", "secretsmanager:GetSecretValue", "kms:Decrypt"] {
                assert!(iam.contains(action), "{} does not list {action}", path.display());
            }
            assert!(!database.trim().is_empty(), "{}", path.display());
        }
    }
    assert_eq!(pages, 4);
}
