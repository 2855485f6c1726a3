//! Accounts of MariaDB that are locked, and unlocked again.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;
use crate::write_fence::{IT, PASSWORD};

/// A server of its own with the database `app`, accounts that can write to it in different ways, and a fencer that has
/// only the documented privileges.
struct Scene {
    tf: Terraform,
    account: Account,
    host: String,
}

const SCHEMA: &str = "
CREATE TABLE app.t (i int);
CREATE DATABASE other; CREATE TABLE other.t (i int);
CREATE DATABASE front; CREATE SQL SECURITY DEFINER VIEW front.v AS SELECT i FROM app.t;
CREATE DATABASE `a_p`;
CREATE PROCEDURE other.p() INSERT INTO app.t VALUES (2);
CREATE ROLE writers; GRANT INSERT ON app.* TO writers;
CREATE USER app@'%' IDENTIFIED BY 'PASSWORD'; GRANT SELECT, INSERT ON app.* TO app@'%';
CREATE USER `né`@'%' IDENTIFIED BY 'PASSWORD'; GRANT UPDATE (i), SELECT ON app.t TO `né`@'%';
CREATE USER `by role`@'%' IDENTIFIED BY 'PASSWORD'; GRANT writers TO `by role`@'%';
CREATE USER caller@'%' IDENTIFIED BY 'PASSWORD'; GRANT EXECUTE ON PROCEDURE other.p TO caller@'%';
GRANT SELECT ON app.* TO caller@'%';
CREATE USER viewer@'%' IDENTIFIED BY 'PASSWORD'; GRANT INSERT ON front.* TO viewer@'%';
CREATE USER pattern@'%' IDENTIFIED BY 'PASSWORD'; GRANT DELETE ON `a%`.* TO pattern@'%';
CREATE USER elsewhere@'%' IDENTIFIED BY 'PASSWORD'; GRANT INSERT ON other.* TO elsewhere@'%';
GRANT SELECT ON app.* TO elsewhere@'%'; GRANT INSERT ON `a\\_p`.* TO elsewhere@'%';
CREATE USER reader@'%' IDENTIFIED BY 'PASSWORD'; GRANT SELECT ON *.* TO reader@'%';
CREATE USER idle@'%' IDENTIFIED BY 'PASSWORD' ACCOUNT LOCK; GRANT ALL ON app.* TO idle@'%';
CREATE USER fencer@'%' IDENTIFIED BY 'PASSWORD';
GRANT CREATE USER, PROCESS, REPLICATION CLIENT, SHOW VIEW, TRIGGER, EVENT, REFERENCES ON *.* TO fencer@'%';
GRANT SELECT ON mysql.* TO fencer@'%'; GRANT EXECUTE ON PROCEDURE mysql.rds_kill TO fencer@'%';
";

/// Whom the fence locks; the master user of RDS can write, too.
const LOCKED: [&str; 7] = ["admin@%", "app@%", "by role@%", "caller@%", "né@%", "pattern@%", "viewer@%"];

impl Scene {
    fn new(body: &str) -> Self {
        let account = Account::with_databases();
        let fields = json!({ "engine": "mariadb", "own_server": true });
        let host = account.add_database_of("instance", "orders", fields)["host"].as_str().expect("a host").to_owned();
        let scene = Self { tf: Terraform::of(&account), account, host };
        scene.sql(&SCHEMA.replace("PASSWORD", PASSWORD));
        scene.configure(body);
        scene.tf.init();
        scene
    }

    fn configure(&self, body: &str) {
        let text = format!(
            "provider \"rdsauth\" {{\n  database_connection {{\n    username = \"fencer\"\n    password = \"{PASSWORD}\"\n    ca_certificate = \
             file(\"{}\")\n  }}\n}}\nresource \"rdsauth_write_fence\" \"it\" {{\n  databases = [\"app\"]\n  engine = \"mariadb\"\n{body}\n  \
             database_connection {{\n    host = \"{}\"\n    username = \"fencer\"\n    auth = \"provider\"\n  }}\n}}\n",
            self.account.database_environment()["PGSSLROOTCERT"],
            self.host
        );
        self.tf.write("main.tf", &text);
    }

    fn sql(&self, sql: &str) -> String {
        self.account.sql_behind(&self.host, "app", sql)
    }

    fn ask(&self, user: &str, sql: &str) -> Result<String, String> {
        let (account, host) = (&self.account, &*self.host);
        Login { account, engine: "mariadb", host, port: 3306, user, password: PASSWORD }.ask(sql)
    }

    #[track_caller]
    fn check_locked(&self, user: &str) {
        let refused = self.ask(user, "SELECT 1").unwrap_err();
        assert!(refused.contains("account is locked"), "{refused}");
    }

    /// Everything that a fence changes: who is locked, and the roles that accounts have.
    fn accounts(&self) -> String {
        self.sql(
            "SELECT CONCAT_WS(' ', g.User, g.Host, JSON_VALUE(g.Priv, '$.account_locked') IN ('1', 'true'), \
             (SELECT GROUP_CONCAT(r.Role ORDER BY r.Role) FROM mysql.roles_mapping r WHERE r.User = g.User \
             AND r.Host = g.Host)) FROM mysql.global_priv g ORDER BY g.User, g.Host",
        )
        .replace(" NULL", "")
        .replace(" 0", "")
    }

    /// A session that stays open.
    fn session(&self, user: &str) -> Child {
        let authority = &self.account.database_environment()["PGSSLROOTCERT"];
        let mut command = Command::new("mariadb");
        command.env_clear().env("PATH", env::var_os("PATH").expect("PATH")).envs(self.account.database_environment());
        command.env("MYSQL_PWD", PASSWORD).args(["--no-defaults", "-h", &self.host, "-u", user, "app"]);
        command.arg(format!("--ssl-ca={authority}")).args(["-e", "SELECT SLEEP(600)"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mariadb");
        let count = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '{user}' AND INFO LIKE '%SLEEP%'"
        );
        eventually("the session", Duration::from_secs(30), || (self.sql(&count) == "1").then_some(()));
        child
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }
}

#[test]
fn writes_are_stopped_and_accounts_are_unlocked_again() {
    let scene = Scene::new("");
    let before = scene.accounts();
    scene.ask("app", "INSERT INTO t VALUES (1)").expect("it writes");
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply();
    for user in ["app", "by role", "caller", "viewer", "pattern"] {
        scene.check_locked(user);
    }
    assert_eq!(scene.ask("reader", "SELECT COUNT(*) FROM t"), Ok("1".to_owned()));
    scene.ask("elsewhere", "INSERT INTO other.t VALUES (1)").expect("it writes elsewhere");
    assert_eq!(scene.state("locked_users"), json!(LOCKED));
    assert_eq!((scene.state("writers"), scene.state("previous")), (json!([]), json!([])));
    assert_eq!((scene.state("lsn"), scene.state("drained")), (Value::Null, Value::Null));
    let status = scene.sql("SHOW MASTER STATUS");
    let mut status = status.split('\t');
    assert_eq!(scene.state("binlog_file"), json!(status.next().unwrap()));
    // The write of `elsewhere` came after it.
    assert!(scene.state("binlog_position").as_i64().unwrap() < status.next().unwrap().parse().unwrap());
    assert!(scene.state("gtid").as_str().unwrap().starts_with("0-"));
    scene.tf.assert_plan_empty();
    scene.configure("  grace_period = \"1s\"");
    scene.tf.apply();
    assert_eq!(scene.state("locked_users"), json!(LOCKED), "nothing was done");
    scene.tf.destroy();
    assert_eq!(scene.accounts(), before);
    scene.ask("app", "INSERT INTO t VALUES (1)").expect("it writes again");
    assert!(scene.ask("idle", "SELECT 1").is_err(), "it was locked before");
}

#[test]
fn sessions_of_writers_are_ended_after_the_grace_period() {
    let scene = Scene::new("  grace_period = \"1s\"");
    let (mut writer, mut reader) = (scene.session("app"), scene.session("reader"));
    scene.sql("ALTER USER idle@'%' ACCOUNT UNLOCK");
    let mut idle = scene.session("idle");
    scene.sql("ALTER USER idle@'%' ACCOUNT LOCK");
    scene.tf.apply();
    assert!(!writer.wait().expect("an end").success(), "it was ended");
    assert!(!idle.wait().expect("an end").success(), "though its account was locked before");
    assert_eq!(reader.try_wait().expect("a status"), None, "it goes on");
    reader.kill().expect("an end");
    reader.wait().expect("an end");
    scene.tf.destroy();
}

#[test]
fn accepted_accounts_go_on_and_those_accepted_later_are_unlocked() {
    let scene = Scene::new("  accepted_writers = [\"app@%\"]\n  grace_period = \"1s\"");
    let mut session = scene.session("app");
    scene.tf.apply();
    assert_eq!(session.try_wait().expect("a status"), None, "it goes on");
    assert_eq!(scene.state("writers"), json!(["app@%"]));
    scene.check_locked("caller");
    scene.configure("  accepted_writers = [\"caller@%\"]\n  grace_period = \"1s\"");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    scene.check_locked("app");
    assert!(!session.wait().expect("an end").success());
    scene.ask("caller", "CALL other.p()").expect("it writes");
    assert_eq!(scene.state("writers"), json!(["caller@%"]));
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    scene.ask("app", "INSERT INTO t VALUES (1)").expect("it writes again");
}

#[test]
fn holes_in_the_fence_are_drift() {
    let scene = Scene::new("");
    let before = scene.accounts();
    scene.tf.apply();
    let position = scene.state("gtid");
    scene.sql(&format!(
        "ALTER USER app@'%' ACCOUNT UNLOCK; CREATE USER late@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON app.* TO late@'%'"
    ));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    scene.check_locked("app");
    scene.check_locked("late");
    assert_ne!(scene.state("gtid"), position);
    scene.sql("DROP USER late@'%'; ALTER USER app@'%' ACCOUNT UNLOCK");
    scene.tf.destroy().expect_text("Accounts were unlocked meanwhile");
    assert_eq!(scene.accounts(), before);
    // If nothing of it is left, it is created again.
    scene.tf.apply();
    scene.sql(&format!("DROP ROLE {}", scene.sql("SELECT User FROM mysql.user WHERE User LIKE 'rdsauth%'")));
    scene.tf.plan().assert_creates(IT);
}

#[test]
fn two_fences_share_an_account() {
    let scene = Scene::new("");
    let before = scene.accounts();
    scene.sql("GRANT INSERT ON other.* TO app@'%'");
    let second = scene.tf.read("main.tf").replace("\"it\"", "\"second\"").replace("[\"app\"]", "[\"other\"]");
    let second = second.split("resource ").nth(1).unwrap().to_owned();
    scene.tf.write("second.tf", &format!("resource {second}"));
    scene.tf.apply();
    scene.tf.remove("second.tf");
    scene.tf.apply();
    scene.check_locked("app");
    scene.ask("elsewhere", "INSERT INTO other.t VALUES (1)").expect("the second fence alone had locked it");
    scene.tf.destroy();
    assert_eq!(scene.accounts(), before);
}

#[test]
fn a_fence_whose_state_is_lost_can_be_imported_and_taken_away() {
    let scene = Scene::new("");
    let before = scene.accounts();
    scene.tf.apply();
    scene.tf.ok(&["state", "rm", IT]);
    let run = scene.tf.apply_fails();
    assert_eq!(run.error().summary, "Write fence already exists");
    run.expect_text("terraform import ADDRESS").expect_text("mariadb://");
    let other = scene.tf.beside();
    other.import(IT, &format!("mariadb://{}/app", scene.host));
    assert_eq!(other.state_value(IT, "locked_users"), json!(LOCKED));
    other.destroy();
    assert_eq!(scene.accounts(), before);
}

#[test]
fn what_prevents_a_fence_is_named_and_nothing_changes() {
    let scene = Scene::new("  accepted_writers = [\"app\"]");
    scene.tf.plan_fails().assert_refused("Write an account as user@host", "accepted_writers");
    scene.configure("  replication_slots = [\"copy\"]");
    scene.tf.plan_fails().assert_refused("are those of PostgreSQL", "replication_slots");
    scene.configure("");
    let before = scene.accounts();
    for (privilege, on, detail, line) in [
        ("PROCESS", "*.*", "does not see the sessions", "username"),
        ("CREATE USER", "*.*", "you need (at least one of) the CREATE USER privilege(s)", "username"),
        ("SELECT", "mysql.*", "denied", "username"),
    ] {
        scene.sql(&format!("REVOKE {privilege} ON {on} FROM fencer@'%'"));
        scene.tf.apply_fails().assert_refused(detail, line);
        assert_eq!(scene.accounts(), before, "{privilege}");
        scene.sql(&format!("GRANT {privilege} ON {on} TO fencer@'%'"));
    }
    scene.sql("XA START 'x'; INSERT INTO t VALUES (1); XA END 'x'; XA PREPARE 'x'");
    scene.tf.apply_fails().assert_refused("Transactions are prepared", "databases");
    scene.sql("XA ROLLBACK 'x'; SET GLOBAL read_only = 1");
    scene.tf.apply_fails().assert_refused("read_only is on", "host");
    scene.sql("SET GLOBAL read_only = 0");
    assert_eq!(scene.accounts(), before);

    let text = scene.tf.read("main.tf").replace("databases = [\"app\"]", "databases = [\"app\", \"nowhere\"]");
    scene.tf.write("main.tf", &text);
    scene.tf.apply_fails().assert_refused("no database \"nowhere\"", "databases");
    assert_eq!(scene.accounts(), before);
}

#[test]
fn events_of_writers_are_named() {
    let scene = Scene::new("");
    scene.sql(
        "SET GLOBAL event_scheduler = ON; CREATE DEFINER = app@'%' EVENT other.purge ON SCHEDULE EVERY 1 DAY DO DELETE FROM \
         app.t; CREATE DEFINER = reader@'%' EVENT other.report ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    );
    let run = scene.tf.apply_fails();
    run.assert_refused("can still write: \"event other.purge\"", "resource");
    scene.configure("  accepted_writers = [\"event other.purge\"]");
    scene.tf.apply();
    assert_eq!(scene.state("writers"), json!(["event other.purge"]));
    scene.tf.destroy();
}

#[test]
fn a_session_of_the_connecting_user_is_told() {
    let scene = Scene::new("");
    scene.sql("GRANT SELECT ON app.* TO fencer@'%'");
    let mut session = scene.session("fencer");
    scene.tf.apply().expect_text("Sessions of the connecting user are open");
    session.kill().expect("an end");
    session.wait().expect("an end");
    scene.tf.destroy();
}

#[test]
fn what_everybody_may_do_is_seen() {
    let scene = Scene::new("");
    let before = scene.accounts();
    scene.sql("GRANT INSERT ON app.* TO PUBLIC");
    scene.tf.apply();
    scene.check_locked("reader");
    scene.sql("REVOKE INSERT ON app.* FROM PUBLIC");
    scene.tf.destroy();
    assert_eq!(scene.accounts().replace("PUBLIC \n", ""), before);
    assert_eq!(scene.ask("reader", "SELECT 1"), Ok("1".to_owned()));
}

/// The next step of a cutover, which needs a source that nobody can write to.
#[test]
fn sequences_are_raised_behind_the_fence() {
    let scene = Scene::new("");
    let fields = json!({ "engine": "mariadb", "own_server": true });
    let copy = scene.account.add_database_of("instance", "copy", fields)["host"].as_str().expect("a host").to_owned();
    let table = "CREATE TABLE app.counted (id int PRIMARY KEY AUTO_INCREMENT)";
    scene.sql(&format!("{table}; INSERT INTO app.counted VALUES (50); GRANT SELECT ON app.* TO fencer@'%'"));
    let user = format!("CREATE USER fencer@'%' IDENTIFIED BY '{PASSWORD}'; GRANT SELECT, ALTER ON app.* TO fencer@'%'");
    scene.account.sql_behind(&copy, "app", &format!("{table}; {user}"));
    let connection = |name: &str, host: &str| {
        format!("  {name} {{\n    host = \"{host}\"\n    username = \"fencer\"\n    auth = \"provider\"\n  }}\n")
    };
    let sync = format!(
        "resource \"rdsauth_sequence_sync\" \"it\" {{\n  engine = \"mariadb\"\n  schemas = [\"app\"]\n  margin = 10\n{}{}  \
         depends_on = [{IT}]\n}}\n",
        connection("source_connection", &scene.host),
        connection("target_connection", &copy)
    );
    scene.tf.write("sync.tf", &sync);
    scene.tf.apply();
    let insert = "INSERT INTO app.counted VALUES (NULL); SELECT id FROM app.counted";
    assert_eq!(scene.account.sql_behind(&copy, "app", insert), "61");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

/// A fence and a user that another resource manages do not get into each other's way.
#[test]
fn a_managed_user_is_no_drift_while_it_is_fenced() {
    let scene = Scene::new("");
    scene.sql("GRANT INSERT ON app.* TO fencer@'%' WITH GRANT OPTION");
    let user = format!(
        "resource \"rdsauth_mysql_iam_user\" \"it\" {{\n  name = \"made\"\n  grant {{\n    privileges = [\"INSERT\"]\n    database = \
         \"app\"\n  }}\n  database_connection {{\n    host = \"{}\"\n    username = \"fencer\"\n    auth = \"provider\"\n  }}\n}}\n",
        scene.host
    );
    let fence = scene.tf.read("main.tf");
    scene.tf.write("main.tf", fence.split("resource ").next().unwrap());
    scene.tf.write("user.tf", &user);
    scene.tf.apply();
    scene.tf.write("main.tf", &fence);
    scene.tf.apply();
    assert!(scene.state("locked_users").as_array().unwrap().contains(&json!("made@%")));
    scene.tf.assert_plan_empty();
    scene.tf.ok(&["destroy", "-auto-approve", "-target", IT]);
    scene.tf.write("main.tf", fence.split("resource ").next().unwrap());
    scene.tf.assert_plan_empty();
}
