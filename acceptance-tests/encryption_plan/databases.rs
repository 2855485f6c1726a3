//! What is in a database, read from a real PostgreSQL and a real MariaDB.
//!
//! All tests share the servers, so names begin with one of the test, and only those are compared.

use serde_json::Value;

use crate::encryption_plan::{Scene, pairs, text};
use crate::support::stage::Account;

/// A connection of the master user to an instance.
fn connection(account: &Account, host: &str, secret: &str, database: &str) -> String {
    let authority = &account.database_environment()["PGSSLROOTCERT"];
    format!(
        "db_instance_identifier = \"orders\"\n  database_connection {{\n    host = {host:?}\n    auth = \"secret\"\n    \
         secret_arn = {secret:?}\n    ca_certificate = file({authority:?})\n    {database}\n    connect_timeout = \"5s\"\n  }}"
    )
}

/// An instance of an engine, and the name with which objects of the test begin.
fn scene(engine: &str, database: &str) -> (Scene, String) {
    let account = Account::with_databases();
    let fields = serde_json::json!({ "engine": engine });
    let host = text(&account.add_database_of("instance", "orders", fields), "host");
    let secret = account.master_secret(engine);
    let name = format!("ep{}", account.id);
    let body = connection(&account, &host, &secret, database);
    (Scene::of(account, &body), name)
}

impl Scene {
    /// The findings whose names contain the test's, which is left out: kind, object, detail.
    fn findings(&self, name: &str) -> Vec<(String, String, String)> {
        let all = self.value("database_findings");
        let all = all.as_array().expect("findings").iter();
        let own = all.filter(|finding| finding.to_string().contains(name));
        let cut = |finding: &Value, field: &str| text(finding, field).replace(name, "~");
        own.map(|finding| (cut(finding, "kind"), cut(finding, "object"), cut(finding, "detail"))).collect()
    }
}

fn triples(list: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    list.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[test]
fn a_postgresql_database() {
    let (scene, name) = scene("postgres", "database = \"app\"");
    let sql = "
        CREATE SCHEMA ~; SET search_path = ~;
        CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(50), photo bytea, note text);
        CREATE TABLE \"Order\" (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price numeric, tax numeric(10, 2),
            customer bigint REFERENCES customers DEFERRABLE);
        CREATE TABLE log (at timestamp, line varchar(10)); ALTER TABLE log REPLICA IDENTITY FULL;
        CREATE UNLOGGED TABLE cache (k integer PRIMARY KEY);
        CREATE TABLE parts (k integer PRIMARY KEY) PARTITION BY RANGE (k);
        CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
        CREATE SEQUENCE numbers; SELECT nextval('numbers');
        CREATE MATERIALIZED VIEW summary AS SELECT 1 AS one;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER audit BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE log DISABLE TRIGGER audit;
        CREATE PUBLICATION ~ FOR TABLE customers;";
    scene.account.sql("postgres", &sql.replace('~', &name));
    scene.account.forget_statements();
    scene.read();
    let expected = [
        ("foreign_key", "~.\"Order\"", "\"Order_customer_fkey\" references ~.customers, deferrable"),
        ("lob_column", "~.customers", "photo bytea, note text"),
        ("materialized_view", "~.summary", ""),
        ("partitioned_table", "~.parts", "1 partitions"),
        ("publication", "~", ""),
        ("sequence", "~.\"Order_id_seq\"", "last value not readable"),
        ("sequence", "~.numbers", "last value not readable"),
        ("table_without_primary_key", "~.log", "REPLICA IDENTITY FULL"),
        ("trigger", "~.log", "audit, disabled"),
        ("unconstrained_numeric", "~.\"Order\"", "price"),
        ("unlogged_table", "~.cache", ""),
    ];
    assert_eq!(scene.findings(&name), triples(&expected));
    // Only reads, in a transaction that can do nothing else.
    let statements = scene.account.statements();
    let begun: Vec<_> = statements.iter().filter(|(sql, _)| sql.starts_with("BEGIN")).collect();
    assert!(!begun.is_empty() && begun.iter().all(|(sql, _)| sql.ends_with("READ ONLY")), "{statements:?}");

    // The privilege tells the value, and the server whether its log is fit, whatever the parameter group says.
    let grant = "GRANT USAGE ON SCHEMA ~ TO pgadmin; GRANT SELECT ON ALL SEQUENCES IN SCHEMA ~ TO pgadmin";
    scene.account.sql("postgres", &grant.replace('~', &name));
    scene.read();
    let sequences: Vec<_> = scene.findings(&name).into_iter().filter(|(kind, ..)| kind == "sequence").collect();
    let expected = [("sequence", "~.\"Order_id_seq\"", "not used yet"), ("sequence", "~.numbers", "last value 1")];
    assert_eq!(sequences, triples(&expected));
    assert_eq!(scene.paths()[2..4], pairs(&[("dms", "open"), ("native_replication", "open")]));
    scene.account.sql("postgres", &format!("DROP PUBLICATION {name}; DROP SCHEMA {name} CASCADE"));
}

#[test]
fn databases_of_mariadb() {
    let (scene, name) = scene("mariadb", "");
    let sql = "
        CREATE DATABASE ~; USE ~;
        CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, photo BLOB, note TEXT, name VARCHAR(50));
        CREATE TABLE orders (id INT PRIMARY KEY, customer INT, CONSTRAINT c FOREIGN KEY (customer) REFERENCES customers (id)
            ON DELETE CASCADE);
        CREATE TABLE log (line VARCHAR(10)) ENGINE = MyISAM;
        CREATE TABLE parts (k INT PRIMARY KEY) PARTITION BY RANGE (k) (PARTITION a VALUES LESS THAN (5),
            PARTITION b VALUES LESS THAN (9));
        CREATE TRIGGER audit BEFORE INSERT ON log FOR EACH ROW SET @x = 1;
        CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO SET @x = 1;
        CREATE SEQUENCE numbers; CREATE VIEW notes AS SELECT note FROM customers;
        INSERT INTO customers VALUES (41, '', '', '');
        XA START '~'; INSERT INTO orders VALUES (1, NULL); XA END '~'; XA PREPARE '~';";
    scene.account.sql("mariadb", &sql.replace('~', &name));
    scene.read();
    let found = scene.findings(&name);
    scene.account.sql("mariadb", &format!("XA ROLLBACK '{name}'; DROP DATABASE {name}"));
    let expected = [
        ("event", "~.tidy", "enabled"),
        ("foreign_key", "~.orders", "c references customers, cascades"),
        ("lob_column", "~.customers", "photo blob, note text"),
        ("non_transactional_table", "~.log", "MyISAM"),
        ("partitioned_table", "~.parts", "2 partitions"),
        ("prepared_transaction", "~", ""),
        ("sequence", "~.customers.id", "AUTO_INCREMENT, next value 42"),
        ("sequence", "~.numbers", "SEQUENCE"),
        ("table_without_primary_key", "~.log", ""),
        ("trigger", "~.log", "audit"),
    ];
    assert_eq!(found, triples(&expected));
}

#[test]
fn a_user_who_may_not_see_transactions() {
    let (scene, name) = scene("postgres", "database = \"app\"");
    scene.account.sql("postgres", &format!("CREATE ROLE {name} LOGIN PASSWORD 'pw'"));
    let secret =
        scene.account.put_secret("app", serde_json::json!({ "value": { "username": name, "password": "pw" } }));
    let host =
        scene.account.call("rds", "DescribeDBInstances", serde_json::json!({}))["DBInstances"][0]["Endpoint"].clone();
    scene.configure(&connection(&scene.account, &text(&host, "Address"), &text(&secret, "arn"), "database = \"app\""));
    scene.read();
    let told = scene.unknown();
    scene.account.sql("postgres", &format!("DROP ROLE {name}"));
    let reason = told.iter().find(|(what, _)| what == "database_findings.long_transaction");
    assert!(reason.is_some_and(|(_, reason)| reason.contains("pg_read_all_stats")), "{told:?}");
}

/// Statements that need a privilege are told to be missing it, and the rest is read.
#[test]
fn a_privilege_that_is_missing_in_mariadb() {
    let (scene, name) = scene("mariadb", "");
    scene.account.sql("mariadb", &format!("CREATE DATABASE {name}; CREATE TABLE {name}.t (a INT)"));
    for (sql, code) in [("INNODB_TRX", 1227), ("XA RECOVER", 1401)] {
        let rule = serde_json::json!({ "sql": sql, "fault": "error", "code": code, "message": "no privilege" });
        scene.account.statement_fault(rule);
    }
    scene.read();
    let (told, found) = (scene.unknown(), scene.findings(&name));
    scene.account.sql("mariadb", &format!("DROP DATABASE {name}"));
    for (kind, privilege) in [("long_transaction", "PROCESS"), ("prepared_transaction", "XA_RECOVER_ADMIN")] {
        let what = format!("database_findings.{kind}");
        let reason = told.iter().find(|(one, _)| *one == what).map(|(_, reason)| reason.as_str());
        assert!(reason.is_some_and(|reason| reason.contains(privilege)), "{told:?}");
    }
    assert_eq!(found, triples(&[("table_without_primary_key", "~.t", "")]));
}

#[test]
fn a_database_out_of_reach_is_a_warning() {
    let (scene, _) = scene("postgres", "");
    let secret = scene.account.master_secret("postgres");
    scene.configure(&connection(&scene.account, "absent.example.invalid", &secret, ""));
    let told = scene.tf.run(&["apply", "-auto-approve", "-json"]).expect_code(0).diagnostics();
    let mut told: Vec<_> = told.iter().map(|one| (one.severity.as_str(), one.summary.as_str())).collect();
    told.dedup();
    assert_eq!(told, [("warning", "Database host not found")]);
    assert_eq!(scene.value("database_findings"), Value::Null);
    let unknown = scene.unknown();
    assert!(
        unknown.iter().any(|(what, reason)| what == "database_findings" && reason.contains("absent.example.invalid"))
    );
    // The rest is known from AWS.
    assert_eq!(scene.paths()[0], pairs(&[("snapshot", "open")])[0]);
}
