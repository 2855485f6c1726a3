//! The cutover to a copy that native logical replication keeps up to date, while the application goes on to write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::modules::copied;
use crate::support::eventually;
use crate::support::login::Login;
use crate::support::output::Run;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// Two servers of their own, the second of which subscribes to the first.
struct Scene {
    tf: Terraform,
    account: Account,
    source: String,
    target: String,
}

const SCHEMA: &str = "
SET ROLE pgadmin;
CREATE TABLE parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, n int NOT NULL DEFAULT 0);
CREATE TABLE child (id bigserial PRIMARY KEY, parent_id bigint REFERENCES parent, x int);
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN UPDATE parent SET n = n + 1 WHERE id = NEW.parent_id; RETURN NEW; END';
CREATE TRIGGER counted AFTER INSERT ON child FOR EACH ROW EXECUTE FUNCTION count_up();
";

const ROWS: &str = "INSERT INTO parent (v) SELECT 'p' || g FROM generate_series(1, 2000) g; \
                    INSERT INTO child (parent_id, x) SELECT g, g FROM generate_series(1, 2000) g";

/// What each client of the application does until it is stopped.
const LOAD: &str = "DO $$ BEGIN LOOP
    WITH p AS (INSERT INTO parent (v) VALUES ('live') RETURNING id) INSERT INTO child (parent_id, x) SELECT id, 1 FROM p;
    UPDATE child SET x = x + 1 WHERE id = 1 + (random() * 1999)::int;
    DELETE FROM child WHERE id = (SELECT max(id) - 1 FROM child);
    COMMIT;
    PERFORM pg_sleep(0.005);
END LOOP; END $$";

/// One write that is acknowledged.
const WRITE: &str = "INSERT INTO parent (v) VALUES ('acknowledged') RETURNING id";

const PASSWORD: &str = "correct-horse-battery-staple";

impl Scene {
    fn new(suspended: &str) -> Self {
        let account = Account::with_databases();
        let group = json!({ "name": "logical", "family": "postgres15", "values": { "rds.logical_replication": "1" } });
        account.command("parameter-groups", group);
        let [source, target] = ["orders", "orders-copy"].map(|name| {
            let fields = json!({ "engine": "postgres", "parameter_group": "logical", "own_server": true });
            account.add_database_of("instance", name, fields)["host"].as_str().expect("a host").to_owned()
        });
        for host in [&source, &target] {
            account.sql_behind(host, "app", SCHEMA);
        }
        account.add_login_at(&source, "feed", "word", &["rds_replication"]);
        account.sql_behind(
            &source,
            "app",
            &format!(
                "{ROWS}; CREATE PUBLICATION p FOR ALL TABLES; GRANT SELECT ON parent, child TO feed; \
                 CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'; GRANT ALL ON parent, child, child_id_seq TO app"
            ),
        );
        account.sql_behind(
            &target,
            "app",
            &format!(
                "CREATE SUBSCRIPTION copy CONNECTION 'host={} user=feed password=word dbname=app sslmode=require' PUBLICATION p",
                account.address_of(&source)
            ),
        );
        eventually("the first copy", Duration::from_secs(60), || {
            let states = "SELECT string_agg(DISTINCT srsubstate::text, '') FROM pg_subscription_rel";
            (account.sql_behind(&target, "app", states) == "r").then_some(())
        });
        let secret = account.master_secret("postgres");
        let variables = [
            ("source_host", source.as_str()),
            ("target_host", &target),
            ("database", "app"),
            ("source_secret_arn", &secret),
            ("target_secret_arn", &secret),
            ("replication_slots", "[\"copy\"]"),
            ("suspended_schemas", suspended),
            ("grace_period", "1s"),
            ("ca_certificate", &account.database_authority()),
        ];
        let tf = copied("cutover", &account, &variables);
        Self { tf, account, source, target }
    }

    fn sql(&self, host: &str, sql: &str) -> String {
        self.account.sql_behind(host, "app", sql)
    }

    fn ask(&self, host: &str, sql: &str) -> Result<String, String> {
        Login { account: &self.account, engine: "postgres", host, port: 5432, user: "app", password: PASSWORD }.ask(sql)
    }

    /// The hash of all rows of either table.
    fn hashes(&self, host: &str) -> [String; 2] {
        ["parent", "child"].map(|table| {
            let rows = format!("SELECT count(*) || ' ' || md5(string_agg(t::text, ',' ORDER BY id)) FROM {table} t");
            self.sql(host, &rows)
        })
    }

    fn cut_over(&self) -> Run {
        self.tf.run(&["apply", "-auto-approve", "-no-color", "-var", "cut_over=true"])
    }

    /// Does something while the application writes, and returns the IDs of the writes that were acknowledged.
    fn while_the_application_writes(&self, act: impl FnOnce() -> Run) -> (Run, Vec<String>) {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let clients = [(); 3].map(|()| scope.spawn(|| self.ask(&self.source, LOAD)));
            let writer = scope.spawn(|| {
                let mut acknowledged = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    acknowledged.extend(self.ask(&self.source, WRITE));
                }
                acknowledged
            });
            let run = act();
            is_over.store(true, Ordering::Relaxed);
            // Those that are left if the fence was not set.
            self.sql(&self.source, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
            for client in clients {
                client.join().expect("a client").expect_err("it was ended");
            }
            let acknowledged = writer.join().expect("the writer");
            (run, acknowledged.iter().filter_map(|said| Some(said.lines().next()?.to_owned())).collect())
        })
    }

    fn output(&self, name: &str) -> Value {
        self.tf.state().output(name)
    }
}

#[test]
fn no_write_is_lost_and_the_copy_is_ready() {
    let scene = Scene::new("[\"public\"]");
    scene.tf.apply();
    assert_eq!(scene.output("ready"), json!(false));
    let constraints = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'";
    assert_eq!(scene.sql(&scene.target, constraints), "0", "they are suspended");

    let (run, acknowledged) = scene.while_the_application_writes(|| scene.cut_over());
    run.expect_code(0);
    assert!(acknowledged.len() > 2, "it wrote until the fence: {acknowledged:?}");
    assert_eq!((scene.output("ready"), scene.output("drained")), (json!(true), json!(true)));
    assert_eq!(scene.hashes(&scene.source), scene.hashes(&scene.target));
    let found = format!("SELECT count(*) FROM parent WHERE id IN ({})", acknowledged.join(", "));
    assert_eq!(scene.sql(&scene.target, &found), acknowledged.len().to_string());
    assert!(scene.ask(&scene.source, WRITE).unwrap_err().contains("read-only transaction"));

    assert_eq!(scene.sql(&scene.target, constraints), "1");
    for (table, sequence) in [("parent", "parent_id_seq"), ("child", "child_id_seq")] {
        let above = format!("SELECT nextval('{sequence}') > max(id) + 999 FROM {table}");
        assert_eq!(scene.sql(&scene.target, &above), "t", "{sequence}");
    }
    let counted = "INSERT INTO child (parent_id) VALUES (1); SELECT n FROM parent WHERE id = 1";
    assert_eq!(scene.sql(&scene.target, counted), "2", "the trigger fires again");

    scene.tf.apply();
    assert_eq!(scene.output("ready"), json!(false));
    scene.ask(&scene.source, WRITE).expect("it writes again");
    scene.tf.destroy();
}

#[test]
fn a_copy_that_is_behind_is_waited_for() {
    let scene = Scene::new("[]");
    let tf = scene.tf.env("TF_VAR_drain_timeout", "3s");
    let scene = Scene { tf, ..scene };
    scene.sql(&scene.target, "ALTER SUBSCRIPTION copy DISABLE");
    let (run, _) = scene.while_the_application_writes(|| scene.cut_over());
    run.expect_code(1).expect_text("The copy does not have all writes yet");
    assert!(!scene.tf.state().addresses().iter().any(|one| one.contains("sequence_sync")), "the copy is as it was");
    scene.sql(&scene.target, "ALTER SUBSCRIPTION copy ENABLE");
    eventually("the copy to catch up", Duration::from_secs(120), || (scene.cut_over().code == Some(0)).then_some(()));
    assert_eq!(scene.output("ready"), json!(true));
    assert_eq!(scene.hashes(&scene.source), scene.hashes(&scene.target));
}

#[test]
fn schemas_that_differ_are_found_before_anything_is_stopped() {
    let scene = Scene::new("[]");
    scene.sql(&scene.target, "ALTER TABLE child ADD y int");
    scene.cut_over().expect_code(1).expect_text("The schemas differ");
    scene.ask(&scene.source, WRITE).expect("it goes on");
}

#[test]
fn its_own_tests_pass() {
    let scene = Scene::new("[\"public\"]");
    scene.tf.ok(&["test"]).expect_text("Success! 3 passed, 0 failed.");
    scene.ask(&scene.source, WRITE).expect("it writes again");
}
