//! `rdsauth_write_fence` under the real CLI, against real PostgreSQL and MariaDB.

mod mariadb;
mod slots;

use std::env;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_write_fence.it";

const SLEEP: &str = "SELECT pg_sleep(600)";

const PASSWORD: &str = "correct-horse-battery-staple";

/// A server of its own with the database `shop`, its writer `app`, and a fencer that has only the documented privileges.
struct Scene {
    tf: Terraform,
    account: Account,
    host: String,
    port: u64,
}

impl Scene {
    fn new(body: &str) -> Self {
        Self::of(Account::with_databases(), "15", body)
    }

    /// The same with the newer PostgreSQL, where there is one.
    fn newer(body: &str) -> Option<Self> {
        let account = Account::with_databases();
        let version = account.newer_postgres();
        if version.is_none() {
            eprintln!("skipped: scripts/postgres-17 brings a newer PostgreSQL");
        }
        Some(Self::of(account, &version?.to_string(), body))
    }

    fn of(account: Account, version: &str, body: &str) -> Self {
        let fields = json!({ "engine": "postgres", "version": version, "own_server": true });
        let instance = account.add_database_of("instance", "orders", fields);
        let scene = Self {
            tf: Terraform::of(&account),
            host: instance["host"].as_str().expect("a host").to_owned(),
            port: instance["port"].as_u64().expect("a port"),
            account,
        };
        scene.sql(&format!(
            "CREATE ROLE fencer LOGIN CREATEROLE PASSWORD '{PASSWORD}' IN ROLE pg_read_all_stats, pg_signal_backend; \
             CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE \"né\" LOGIN PASSWORD '{PASSWORD}'; \
             ALTER DATABASE app OWNER TO fencer; CREATE TABLE t (i int); GRANT ALL ON t TO app, \"né\"; \
             COMMENT ON DATABASE app IS 'of sales'; ALTER ROLE \"né\" SET default_transaction_read_only = off; \
             ALTER ROLE app IN DATABASE app SET default_transaction_read_only = 'no'"
        ));
        if version != "15" {
            scene.sql("GRANT app, \"né\" TO fencer WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        }
        scene.configure(body);
        scene.tf.init();
        scene
    }

    fn configure(&self, body: &str) {
        let text = format!(
            "provider \"rdsauth\" {{\n  database_connection {{\n    username = \"fencer\"\n    password = \"{PASSWORD}\"\n    ca_certificate = \
             file(\"{}\")\n  }}\n}}\nresource \"rdsauth_write_fence\" \"it\" {{\n  databases = [\"app\"]\n{body}\n  \
             database_connection {{\n    host = \"{}\"\n    port = {}\n    database = \"app\"\n    username = \"fencer\"\n    \
             auth = \"provider\"\n  }}\n}}\n",
            self.account.database_environment()["PGSSLROOTCERT"],
            self.host,
            self.port
        );
        self.tf.write("main.tf", &text);
    }

    fn sql(&self, sql: &str) -> String {
        self.account.sql_behind(&self.host, "app", &format!("SET default_transaction_read_only = off; {sql}"))
    }

    /// What a user writes, or why it cannot.
    fn write(&self, user: &str) -> Result<String, String> {
        self.ask(user, "INSERT INTO t VALUES (1)")
    }

    fn ask(&self, user: &str, sql: &str) -> Result<String, String> {
        let (account, host, port) = (&self.account, &*self.host, self.port);
        Login { account, engine: "postgres", host, port, user, password: PASSWORD }.ask(sql)
    }

    #[track_caller]
    fn check_fenced(&self, user: &str) {
        let refused = self.write(user).unwrap_err();
        assert!(refused.contains("read-only transaction"), "{refused}");
    }

    /// Everything that a fence changes.
    fn settings(&self) -> String {
        self.sql(
            "SELECT json_build_array(shobj_description(d.oid, 'pg_database'), (SELECT json_agg(json_build_array(r.rolname, \
             s.setdatabase = d.oid, s.setconfig) ORDER BY 1::text, r.rolname, s.setdatabase) FROM pg_db_role_setting s \
             LEFT JOIN pg_roles r ON r.oid = s.setrole)) FROM pg_database d WHERE d.datname = 'app'",
        )
    }

    /// A session of `app` that stays open with a statement.
    fn session(&self, sql: &str) -> Child {
        let mut command = Command::new("psql");
        command.env_clear().env("PATH", env::var_os("PATH").expect("PATH")).envs(self.account.database_environment());
        let place = format!("host={} port={} user=app dbname=app", self.host, self.port);
        command.env("PGPASSWORD", PASSWORD).args(["-XAtc", sql, &place]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("psql");
        crate::support::eventually("the session", std::time::Duration::from_secs(30), || {
            (self.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") == "1").then_some(())
        });
        child
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }
}

#[test]
fn writes_are_stopped_and_everything_is_restored() {
    stopped_and_restored(&Scene::new(""));
}

#[test]
fn the_same_with_the_newer_server() {
    if let Some(scene) = Scene::newer("") {
        stopped_and_restored(&scene);
    }
}

#[test]
fn the_newer_server_asks_for_the_admin_option() {
    let Some(scene) = Scene::newer("") else { return };
    scene.sql("REVOKE app FROM fencer");
    let before = scene.settings();
    let run = scene.tf.apply_fails();
    run.assert_refused("the user is \"app\"", "username");
    assert_eq!(scene.settings(), before);
}

fn stopped_and_restored(scene: &Scene) {
    let before = scene.settings();
    for user in ["app", "né"] {
        scene.write(user).expect("it writes");
    }
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply();
    for user in ["app", "né", "fencer"] {
        scene.check_fenced(user);
    }
    assert_eq!(scene.state("writers"), json!([]));
    let previous = json!([
        { "database": "app", "user": null, "value": null },
        { "database": "app", "user": "app", "value": "no" },
        { "database": "app", "user": "né", "value": null },
    ]);
    assert_eq!(scene.state("previous"), previous);
    let lsn = scene.state("lsn");
    let is_reached = format!("SELECT '{}'::pg_lsn <= pg_current_wal_lsn()", lsn.as_str().expect("a position"));
    assert_eq!(scene.sql(&is_reached), "t");
    scene.tf.assert_plan_empty();
    scene.configure("  grace_period = \"1s\"");
    scene.tf.apply();
    assert_eq!(scene.state("lsn"), lsn, "nothing was done");
    scene.tf.destroy();
    assert_eq!(scene.settings(), before);
    scene.write("app").expect("it writes again");
}

#[test]
fn open_sessions_are_ended_after_the_grace_period() {
    let scene = Scene::new("  grace_period = \"1s\"");
    let mut session = scene.session(SLEEP);
    scene.tf.apply();
    assert!(!session.wait().expect("an end").success(), "it was ended");
    scene.tf.destroy();
}

#[test]
fn the_position_is_behind_writes_that_are_not_synchronous() {
    let scene = Scene::new("  grace_period = \"1s\"");
    scene.sql(
        "ALTER ROLE app SET synchronous_commit = off; CREATE TABLE written (at pg_lsn); GRANT ALL ON written TO app; \
         CREATE PROCEDURE write() LANGUAGE plpgsql AS $$ BEGIN LOOP INSERT INTO written VALUES \
         (pg_current_wal_insert_lsn()); COMMIT; END LOOP; END $$",
    );
    // So that nobody else writes to the log what these commits leave in memory.
    scene.account.sql_behind(&scene.host, "app", "ALTER SYSTEM SET wal_writer_delay = '10s'");
    scene.sql("SELECT pg_reload_conf()");
    let mut session = scene.session("CALL write()");
    scene.tf.apply();
    assert!(!session.wait().expect("an end").success(), "it was ended");
    let lsn = scene.state("lsn");
    let behind = format!("SELECT count(*) FROM written WHERE at >= '{}'", lsn.as_str().expect("a position"));
    assert_eq!((scene.sql(&behind), scene.sql("SELECT count(*) > 0 FROM written")), ("0".into(), "t".into()));
}

#[test]
fn accepted_users_go_on() {
    let scene = Scene::new("  accepted_writers = [\"app\"]\n  grace_period = \"1s\"");
    let mut session = scene.session(SLEEP);
    scene.tf.apply();
    assert_eq!(session.try_wait().expect("a status"), None, "it goes on");
    scene.write("app").expect("it writes");
    scene.check_fenced("né");
    assert_eq!(scene.state("writers"), json!(["app"]));
    scene.configure("  grace_period = \"1s\"");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    scene.check_fenced("app");
    assert!(!session.wait().expect("an end").success());
    assert_eq!(scene.state("writers"), json!([]));
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    scene.write("app").expect("it writes again");
}

#[test]
fn holes_in_the_fence_are_drift() {
    let scene = Scene::new("");
    scene.tf.apply();
    let lsn = scene.state("lsn");
    scene.sql("ALTER ROLE app IN DATABASE app SET default_transaction_read_only = off; CREATE ROLE late LOGIN");
    scene.write("app").expect("it writes");
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    let unknown = ["binlog_file", "binlog_position", "drained", "gtid", "locked_users", "lsn", "previous", "writers"];
    assert_eq!(plan.unknown(IT), unknown);
    scene.tf.apply();
    scene.check_fenced("app");
    assert_ne!(scene.state("lsn"), lsn);
    scene.sql("ALTER DATABASE app SET default_transaction_read_only = false");
    scene.tf.destroy().expect_text("Settings were changed meanwhile");
    let left = scene.settings();
    assert!(
        left.contains("default_transaction_read_only=false") && left.contains("default_transaction_read_only=no"),
        "{left}"
    );
    assert!(!left.contains("Fenced by"), "{left}");
}

#[test]
fn a_fence_whose_state_is_lost_can_be_imported_and_taken_away() {
    let scene = Scene::new("");
    let before = scene.settings();
    scene.tf.apply();
    scene.tf.ok(&["state", "rm", IT]);
    let run = scene.tf.apply_fails();
    assert_eq!(run.error().summary, "Write fence already exists");
    run.expect_text("terraform import ADDRESS");
    let other = scene.tf.beside();
    other.import(IT, &format!("{}:{}/app", scene.host, scene.port));
    other.destroy();
    assert_eq!(scene.settings(), before);
}

#[test]
fn what_prevents_a_fence_is_named_and_nothing_changes() {
    let scene = Scene::new("");
    scene.sql("CREATE ROLE boss LOGIN SUPERUSER; ALTER ROLE boss SET default_transaction_read_only = off");
    let before = scene.settings();
    let run = scene.tf.apply_fails();
    assert_eq!(run.error().summary, "Cannot set the write fence");
    run.assert_refused("the user is \"boss\"", "username");
    assert_eq!(scene.settings(), before);
    scene.sql("REVOKE pg_read_all_stats FROM fencer");
    scene.configure("  accepted_writers = [\"boss\"]");
    scene.tf.apply_fails().assert_refused("does not see the sessions of others", "username");
    scene.sql("GRANT pg_read_all_stats TO fencer; ALTER DATABASE app OWNER TO pgadmin");
    scene.tf.apply_fails().assert_refused("must be owner of database app", "username");
    assert_eq!(scene.settings(), before);
    scene.sql("ALTER DATABASE app OWNER TO fencer");
    scene.tf.apply();
    assert_eq!(scene.state("writers"), json!(["boss"]));
    scene.tf.destroy();
    assert_eq!(scene.settings(), before);
    let text = scene.tf.read("main.tf").replace("databases = [\"app\"]", "databases = [\"app\", \"nowhere\"]");
    scene.tf.write("main.tf", &text);
    scene.tf.apply_fails().assert_refused("no database \"nowhere\"", "databases");
    assert_eq!(scene.settings(), before);
}
