//! A DB instance that stays in use is encrypted: an application writes all the time, and goes on at the same endpoint.

mod cut_off;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::modules::copied;
use crate::support::eventually;
use crate::support::login::Login;
use crate::support::output::Run;
use crate::support::process::Running;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const PASSWORD: &str = "correct-horse-battery-staple";

/// What differs between the engines.
struct Engine {
    name: &'static str,
    /// The parameter group, with what DMS and the restore of triggers need.
    family: &'static str,
    parameters: &'static str,
    schema: &'static str,
    users: &'static str,
    /// Constraints and triggers.
    objects: &'static str,
    /// All rows of `{table}`, with its `{columns}`, up to the ID `{last}`.
    rows: &'static str,
    /// Whether the next ID of `{table}` is more than 999 above `{last}`.
    next: &'static str,
}

const POSTGRESQL: Engine = Engine {
    name: "postgres",
    family: "postgres15",
    parameters: r#"{ "rds.logical_replication": "1" }"#,
    schema: "SET ROLE pgadmin;
        CREATE TABLE parent (id bigserial PRIMARY KEY, v text, n int NOT NULL DEFAULT 0);
        CREATE TABLE child (id bigserial PRIMARY KEY, parent_id bigint CONSTRAINT of_parent REFERENCES parent ON DELETE CASCADE);
        CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN UPDATE parent SET n = n + 1 WHERE id = NEW.parent_id; RETURN NEW; END';
        CREATE TRIGGER counted AFTER INSERT ON child FOR EACH ROW EXECUTE FUNCTION count_up();
        INSERT INTO parent (v) SELECT 'p' || g FROM generate_series(1, 500) g;
        INSERT INTO child (parent_id) SELECT g FROM generate_series(1, 500) g",
    users: "CREATE ROLE app LOGIN PASSWORD 'SECRET'; GRANT ALL ON ALL TABLES IN SCHEMA public TO app, orders_app;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app, orders_app",
    objects: "SELECT json_build_array(
        (SELECT json_agg(json_build_array(conname, convalidated, pg_get_constraintdef(oid)) ORDER BY conname)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND NOT starts_with(conname, 'awsdms_')),
        (SELECT json_agg(json_build_array(tgname, tgenabled, pg_get_triggerdef(oid)) ORDER BY tgname)
            FROM pg_trigger WHERE NOT tgisinternal))",
    rows: "SELECT count(*) || ' ' || md5(string_agg(t::text, ',' ORDER BY id)) FROM {table} t WHERE id <= {last}",
    next: "SELECT (nextval('{table}_id_seq') > {last} + 999)::int",
};

const MARIADB: Engine = Engine {
    name: "mariadb",
    family: "mariadb10.11",
    parameters: r#"{ "binlog_format": "ROW", "log_bin_trust_function_creators": "1" }"#,
    schema: "CREATE TABLE parent (id bigint AUTO_INCREMENT PRIMARY KEY, v varchar(20), n int NOT NULL DEFAULT 0);
        CREATE TABLE child (id bigint AUTO_INCREMENT PRIMARY KEY, parent_id bigint,
            CONSTRAINT of_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE);
        CREATE DEFINER = admin@'%' TRIGGER counted AFTER INSERT ON child FOR EACH ROW
            UPDATE parent SET n = n + 1 WHERE id = NEW.parent_id;
        INSERT INTO parent (v) SELECT CONCAT('p', seq) FROM seq_1_to_500;
        INSERT INTO child (parent_id) SELECT seq FROM seq_1_to_500",
    users: "CREATE USER app@'%' IDENTIFIED BY 'SECRET'; GRANT ALL ON app.* TO app@'%'; GRANT ALL ON app.* TO orders_app@'%'",
    objects: "SELECT CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS
            WHERE CONSTRAINT_SCHEMA = 'app';
        SELECT TRIGGER_NAME, ACTION_STATEMENT, DEFINER, SQL_MODE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'app'",
    rows: "SET SESSION group_concat_max_len = 10000000;
        SELECT CONCAT(COUNT(*), ' ', MD5(GROUP_CONCAT(CONCAT_WS(',', {columns}) ORDER BY id))) FROM {table} t WHERE id <= {last}",
    next: "SELECT AUTO_INCREMENT > {last} + 999 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = '{table}'",
};

/// Ends what goes on beside a test, also if that fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A DB instance `orders` that is not encrypted, and all that a migration of it needs.
struct Scene {
    engine: &'static Engine,
    tf: Terraform,
    account: Account,
    host: String,
    port: u64,
}

impl Scene {
    fn new(engine: &'static Engine) -> Self {
        let account = Account::with_databases();
        account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 1 }));
        let values: Value = serde_json::from_str(engine.parameters).expect("JSON");
        account.command("parameter-groups", json!({ "name": "orders", "family": engine.family, "values": values }));
        let fields = json!({ "engine": engine.name, "parameter_group": "orders", "own_server": true, "iam": true });
        let database = account.add_database_of("instance", "orders", fields);
        let (host, port) =
            (database["host"].as_str().expect("a host").to_owned(), database["port"].as_u64().expect("a port"));
        account.sql_behind(&host, "app", engine.schema);
        account.add_token_user_at(engine.name, &host, "orders_app");
        account.sql_behind(&host, "app", &engine.users.replace("SECRET", PASSWORD));
        account.add("role/orders-app");
        // The host of the copy is known before it.
        let copy = host.replacen("orders.", "orders-encrypted.", 1);
        let (user, password) = account.master(engine.name);
        let end = |host: &str| {
            let mut end = json!({ "host": host, "port": port, "user": user, "password": password });
            match engine.name {
                "postgres" => end["database"] = json!("app"),
                _ => end["attributes"] = json!("Initstmt=SET FOREIGN_KEY_CHECKS=0"),
            }
            end
        };
        let ends = account.command(
            "replication-tasks",
            json!({ "identifier": "seed", "engine": engine.name, "source": end(&host), "target": end(&copy), "kind": "full-load" }),
        );
        let arn = |name: &str| ends[name].as_str().expect("an ARN").to_owned();
        let schemas = if engine.name == "postgres" { "public" } else { "app" };
        let variables = [
            ("db_instance_identifier", "orders".to_owned()),
            ("dbi_resource_id", database["resource_id"].as_str().expect("a resource ID").to_owned()),
            ("host", host.clone()),
            ("engine", engine.name.to_owned()),
            ("database", "app".to_owned()),
            ("schemas", format!("[\"{schemas}\"]")),
            ("kms_key_arn", account.add_key(json!({ "alias": "alias/orders" }))),
            ("master_secret_arn", account.master_secret(engine.name)),
            ("replication_instance_arn", arn("instance_arn")),
            ("source_endpoint_arn", arn("source_arn")),
            ("target_endpoint_arn", arn("target_arn")),
            ("role_name", "orders-app".to_owned()),
            ("db_users", "[\"orders_app\"]".to_owned()),
            ("grace_period", "1s".to_owned()),
            ("drain_timeout", "2m".to_owned()),
            ("allow_delete", "true".to_owned()),
            ("ca_certificate", account.database_authority()),
        ];
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let tf = copied("encrypt-existing-database", &account, &variables);
        Self { engine, tf, account, host, port }
    }

    fn phase(&self, phase: &str) -> Run {
        self.start(phase).wait()
    }

    fn start(&self, phase: &str) -> Running {
        self.tf.start(&["apply", "-auto-approve", "-no-color", "-var", &format!("phase={phase}")])
    }

    fn sql(&self, host: &str, sql: &str) -> String {
        self.account.sql_behind(host, "app", sql)
    }

    /// What the application gets at an endpoint.
    fn ask(&self, host: &str, user: &str, password: &str, sql: &str) -> Result<String, String> {
        let (account, engine, port) = (&self.account, self.engine.name, self.port);
        Login { account, engine, host, port, user, password }.ask(sql)
    }

    fn write(&self, host: &str) -> Result<String, String> {
        self.ask(host, "app", PASSWORD, "INSERT INTO parent (v) VALUES ('live') RETURNING id")
    }

    /// Writes one row after the other at the endpoint while something is done. Returns the IDs of the rows that were
    /// acknowledged, and the longest time between two of them.
    fn while_the_application_writes<T>(&self, act: impl FnOnce() -> T) -> (T, Vec<String>, Duration) {
        let (is_over, written) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let done = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    if let Ok(said) = self.write(&self.host) {
                        let id = said.lines().next().unwrap_or_default().to_owned();
                        written.lock().expect("the rows").push((id, Instant::now()));
                    }
                }
            });
            let _ends = Ends(&is_over);
            act()
        });
        let written = written.into_inner().expect("the rows");
        let longest = written.windows(2).map(|pair| pair[1].1 - pair[0].1).max().unwrap_or_default();
        (done, written.into_iter().map(|(id, _)| id).collect(), longest)
    }

    /// The rows at the endpoint are those of another one up to its last ID, and the next IDs are far above that.
    fn assert_rows_are_those_of(&self, old: &str) {
        for (table, columns) in [("parent", "id, v, n"), ("child", "id, parent_id")] {
            let last = self.sql(old, &format!("SELECT max(id) FROM {table}"));
            let of = |sql: &str| sql.replace("{table}", table).replace("{columns}", columns).replace("{last}", &last);
            assert_eq!(self.sql(&self.host, &of(self.engine.rows)), self.sql(old, &of(self.engine.rows)), "{table}");
            assert_eq!(self.sql(&self.host, &of(self.engine.next)), "1", "{table}");
        }
    }

    fn output(&self, name: &str) -> Value {
        self.tf.state().output(name)
    }

    fn instance(&self, name: &str) -> Value {
        let found = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": name }));
        found["DBInstances"][0].clone()
    }
}

fn nothing_is_lost(engine: &'static Engine) {
    let scene = Scene::new(engine);
    let before = (scene.sql(&scene.host, engine.objects), scene.instance("orders"));
    let ((), acknowledged, longest) = scene.while_the_application_writes(|| {
        scene.phase("prepare").expect_code(0);
        scene.phase("replicate").expect_code(0);
        assert_eq!(scene.output("swapped"), json!(false));
        scene.phase("cut_over").expect_code(0);
        let written = scene.sql(&scene.host, "SELECT max(id) FROM parent");
        eventually("a write after the cutover", Duration::from_secs(60), || {
            (scene.sql(&scene.host, "SELECT max(id) FROM parent") != written).then_some(())
        });
    });
    eprintln!("{}: the application could not write for {longest:.1?}", engine.name);
    assert_eq!(scene.output("swapped"), json!(true));
    let (now, old) = (scene.instance("orders"), scene.instance("orders-old"));
    assert_eq!(
        (&now["StorageEncryptionType"], &now["DbiResourceId"]),
        (&json!("sse-kms"), &scene.output("resource_id"))
    );
    assert_eq!(old["DbiResourceId"], before.1["DbiResourceId"]);

    // Each row that was acknowledged is there once, and the rows of the original are those of the copy.
    let found = format!("SELECT count(*) FROM parent WHERE id IN ({})", acknowledged.join(", "));
    assert_eq!(scene.sql(&scene.host, &found), acknowledged.len().to_string());
    let old_host = old["Endpoint"]["Address"].as_str().expect("a host");
    scene.assert_rows_are_those_of(old_host);
    assert_eq!(scene.sql(&scene.host, engine.objects), before.0, "foreign keys and triggers");
    scene.write(old_host).expect_err("the original is still fenced");

    // The application logs in with a token at the endpoint that it had, and the policy allows it.
    let tf = Terraform::of(&scene.account).envs(scene.account.session("orders-app", 3600));
    tf.init();
    let (host, port) = (&scene.host, scene.port);
    let token = tf.token(&format!("  host     = {host:?}\n  port     = {port}\n  username = \"orders_app\""));
    assert_eq!(scene.ask(host, "orders_app", &token, "SELECT 1"), Ok("1".to_owned()));

    // The phase can be applied again, and then there is nothing but to clean up.
    scene.phase("cut_over").expect_code(0);
    assert_eq!(scene.output("swapped"), json!(true));
    scene.phase("clean_up").expect_code(0);
    let (now, rows) = (scene.instance("orders"), scene.sql(&scene.host, "SELECT count(*) FROM child"));
    assert_eq!((&now["DbiResourceId"], rows.as_str()), (&scene.output("resource_id"), "500"));
    let snapshots = scene.account.call("rds", "DescribeDBSnapshots", json!({ "SnapshotType": "manual" }));
    assert_eq!(snapshots["DBSnapshots"], json!([]));
}

#[test]
fn postgresql() {
    nothing_is_lost(&POSTGRESQL);
}

#[test]
fn mariadb() {
    nothing_is_lost(&MARIADB);
}

#[test]
fn before_the_cutover_it_can_be_abandoned() {
    let scene = Scene::new(&POSTGRESQL);
    let before = (scene.sql(&scene.host, POSTGRESQL.objects), scene.instance("orders")["DbiResourceId"].clone());
    scene.phase("prepare").expect_code(0);
    scene.phase("replicate").expect_code(0);
    scene.phase("prepare").expect_code(0);
    scene.tf.run(&["destroy", "-auto-approve", "-no-color", "-var", "phase=prepare"]).expect_code(0);
    let after = (scene.sql(&scene.host, POSTGRESQL.objects), scene.instance("orders")["DbiResourceId"].clone());
    assert_eq!(after, before);
    assert_eq!(scene.sql(&scene.host, "SELECT count(*) FROM pg_replication_slots"), "0");
    scene.write(&scene.host).expect("it writes");
    let left = scene.account.call("rds", "DescribeDBInstances", json!({}));
    assert_eq!(left["DBInstances"].as_array().map(Vec::len), Some(1), "the original alone");
}

#[test]
fn its_own_tests_pass() {
    let scene = Scene::new(&POSTGRESQL);
    scene.tf.ok(&["test"]).expect_text("Success! 4 passed, 0 failed.");
    assert_eq!(scene.instance("orders")["StorageEncryptionType"], "sse-kms");
}
