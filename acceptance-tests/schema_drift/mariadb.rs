//! Every kind of difference of MariaDB, and that its statement ends it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::schema_drift::cases::Case;
use crate::schema_drift::cases::mariadb::ENDABLE;
use crate::schema_drift::{IT, told};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// Two servers, and on both a user who has no more than the documented privileges.
struct Servers {
    tf: Terraform,
    account: Account,
    hosts: [String; 2],
}

const PRIVILEGES: &str = "SELECT, SHOW VIEW, TRIGGER, EVENT";

impl Servers {
    fn new() -> Self {
        let account = Account::with_databases();
        let host = |identifier: &str| {
            let fields = json!({ "engine": "mariadb", "own_server": true });
            account.add_database_of("instance", identifier, fields)["host"].as_str().expect("a host").to_owned()
        };
        let servers = Self { tf: Terraform::of(&account), hosts: ["one", "two"].map(host), account };
        servers.in_both(
            "CREATE USER reader@'%' IDENTIFIED BY 'pw'; CREATE USER 'jane é'@'10.0.0.0/255.0.0.0'; CREATE ROLE clerk",
        );
        servers.in_both(&format!("GRANT {PRIVILEGES} ON *.* TO reader@'%'"));
        servers.configure("");
        servers.tf.init();
        servers
    }

    fn run(&self, side: usize, sql: &str) -> String {
        self.account.sql_behind(&self.hosts[side], "mysql", sql)
    }

    fn in_source(&self, sql: &str) {
        self.run(0, sql);
    }

    fn in_target(&self, sql: &str) {
        self.run(1, sql);
    }

    fn in_both(&self, sql: &str) {
        self.in_source(sql);
        self.in_target(sql);
    }

    fn configure(&self, arguments: &str) {
        let connection = |side: &str, host: &str| {
            format!(
                "  {side}_connection {{\n    host = \"{host}\"\n    username = \"reader\"\n    auth = \"provider\"\n  }}\n"
            )
        };
        let [source, target] = [connection("source", &self.hosts[0]), connection("target", &self.hosts[1])];
        self.tf.write(
            "main.tf",
            &format!(
                "provider \"rdsauth\" {{\n  database_connection {{\n    password = \"pw\"\n    ca_certificate = \
                 file({:?})\n  }}\n}}\ndata \"rdsauth_schema_drift\" \"it\" {{\n  engine = \"mariadb\"\n{source}{target}  \
                 {arguments}\n}}\n",
                self.account.database_environment()["PGSSLROOTCERT"],
            ),
        );
    }

    fn read(&self, arguments: &str) {
        self.configure(arguments);
        self.tf.apply();
    }

    fn value(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    fn differences(&self) -> Vec<Value> {
        self.value("differences").as_array().expect("a list").clone()
    }

    fn told(&self) -> Vec<[String; 5]> {
        self.differences().iter().map(told).collect()
    }

    /// Runs the statements of all differences that have one, each as a whole.
    fn end_all(&self) {
        for one in self.differences() {
            if let Some(statement) = one["statement"].as_str() {
                self.in_target(&format!("DELIMITER //\n{statement}//"));
            }
        }
    }
}

/// All cases at once, each in a database of its own with a name that has to be quoted.
#[test]
fn each_kind_is_told_and_ended() {
    let servers = Servers::new();
    let database = |index: usize| format!("Größe`{index} x");
    let filled = |text: &str, index: usize| {
        text.replace('~', &format!("`{}`", database(index).replace('`', "``")))
            .replace('§', "'jane é'@'10.0.0.0/255.0.0.0'")
    };
    let (mut source, mut target) = (String::new(), String::new());
    for (index, Case { both, source: ours, target: theirs, .. }) in ENDABLE.iter().enumerate() {
        for (all, own) in [(&mut source, ours), (&mut target, theirs)] {
            let whole = format!("CREATE DATABASE ~ COLLATE utf8mb4_general_ci//\n{both}//\n{own}//\n");
            all.push_str(&filled(&whole.replace(";;", "//"), index));
        }
    }
    servers.in_source(&format!("DELIMITER //\n{source}"));
    servers.in_target(&format!("DELIMITER //\n{target}"));
    servers.read("show_function_bodies = true");
    assert_eq!(servers.value("unknown"), json!([]));
    let found = servers.differences();
    let (mut seen, mut wanted) = (Vec::new(), Vec::new());
    for (index, Case { expected, .. }) in ENDABLE.iter().enumerate() {
        let own: Vec<_> = found.iter().filter(|one| one["schema"] == database(index).as_str()).map(told).collect();
        let expected: Vec<_> = expected.iter().map(|one| one.map(|text| filled(text, index))).collect();
        if own != expected {
            seen.push(own);
            wanted.push(expected);
        }
    }
    assert_eq!(seen, wanted);
    let is_of_case = |one: &&Value| (0..ENDABLE.len()).any(|index| one["schema"] == database(index).as_str());
    assert_eq!(found.iter().find(|one| !is_of_case(one)), None);
    let all: usize = ENDABLE.iter().map(|case| case.expected.len()).sum();
    assert_eq!(servers.value("difference_count"), all);

    servers.end_all();
    servers.read("show_function_bodies = true");
    assert_eq!(servers.told(), [[""; 5]; 0]);
    assert_eq!((servers.value("in_sync"), servers.value("difference_count")), (json!(true), json!(0)));
    let compared = servers.value("compared_counts");
    let kinds: BTreeSet<_> = ENDABLE.iter().flat_map(|case| case.expected).map(|one| one[0]).collect();
    let gone: Vec<_> = kinds.iter().filter(|kind| compared[**kind] == Value::Null).collect();
    assert!(gone.is_empty(), "{gone:?} were only in the target: {compared}");
}

#[test]
fn equal_servers_and_what_is_left_out() {
    let servers = Servers::new();
    servers.in_source(
        "CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY AUTO_INCREMENT, v varchar(9), KEY v (v));
         INSERT INTO shop.t VALUES (9, 'x'); CREATE SEQUENCE shop.s; SELECT NEXTVAL(shop.s);
         CREATE VIEW shop.w AS SELECT v FROM shop.t",
    );
    servers.in_target(
        "CREATE DATABASE shop; CREATE SEQUENCE shop.s; CREATE TABLE shop.t (id int NOT NULL, v varchar(9));
         ALTER TABLE shop.t ADD KEY v (v), ADD PRIMARY KEY (id); ALTER TABLE shop.t MODIFY id int AUTO_INCREMENT;
         CREATE VIEW shop.w AS SELECT v FROM shop.t; CREATE TABLE shop.awsdms_apply_exceptions (id int);
         CREATE DATABASE awsdms_control; CREATE TABLE awsdms_control.t (id int); CREATE DATABASE rdsauth;
         CREATE TABLE rdsauth.t (id int)",
    );
    servers.account.forget_statements();
    servers.read("");
    assert_eq!((servers.told(), servers.value("unknown")), (Vec::new(), json!([])));
    assert_eq!(servers.value("in_sync"), json!(true));
    let compared = servers.value("compared_counts");
    assert_eq!((&compared["column"], &compared["sequence"]), (&json!(2), &json!(1)), "{compared}");
    assert!(servers.value("source_version").as_str().is_some_and(|version| version.contains("MariaDB")));
    servers.tf.assert_plan_empty();
    let statements = servers.account.statements();
    let reads = ["SELECT", "SHOW", "SET", "START TRANSACTION READ ONLY", "ROLLBACK"];
    let others: Vec<_> =
        statements.iter().filter(|(sql, _)| !reads.iter().any(|word| sql.trim_start().starts_with(word))).collect();
    assert!(!statements.is_empty() && others.is_empty(), "{others:?}");

    // What is dropped with its database is not told, and neither are objects of databases that are not named.
    servers
        .in_target("CREATE DATABASE old; CREATE TABLE old.t (id int PRIMARY KEY); ALTER TABLE shop.t ADD w int FIRST");
    servers.read("");
    let told = |servers: &Servers| servers.told().into_iter().map(|[kind, .., end]| (kind, end)).collect::<Vec<_>>();
    let column = ("column".to_owned(), "ALTER TABLE `shop`.`t` DROP COLUMN `w`".to_owned());
    assert_eq!(told(&servers), [("schema".to_owned(), "DROP DATABASE `old`".to_owned()), column.clone()]);
    servers.read("schemas = [\"shop\"]");
    assert_eq!(told(&servers), [column]);
    servers.read("schemas = [\"shop\"]\n  compare_column_order = true\n  ignore {\n    kind = \"column\"\n  }");
    let [only] = &servers.differences()[..] else { panic!("{:?}", servers.told()) };
    assert_eq!(
        (&only["source_definition"], &only["target_definition"]),
        (&json!("`id`, `v`"), &json!("`w`, `id`, `v`"))
    );
    servers.configure("schemas = [\"shop\", \"absent\"]");
    let error = servers.tf.plan_fails().error();
    assert_eq!((error.summary.as_str(), error.address.as_str()), ("Schema not found", IT), "{error:?}");
}

#[test]
fn bodies_are_not_shown_unless_asked_for() {
    let servers = Servers::new();
    servers.in_both("CREATE DATABASE shop; CREATE TABLE shop.t (id int)");
    for side in ["source", "target"] {
        let sql = format!(
            "CREATE FUNCTION shop.f() RETURNS text DETERMINISTIC RETURN 'hunter2-{side}'; CREATE TRIGGER shop.g BEFORE INSERT ON \
             shop.t FOR EACH ROW SET @x = 'hunter2-{side}'; CREATE EVENT shop.e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO \
             SET @x = 'hunter2-{side}'"
        );
        servers.run(usize::from(side == "target"), &sql);
    }
    servers.read("");
    let differences = servers.differences();
    assert_eq!(differences.len(), 3, "{differences:?}");
    for one in differences {
        assert!(one["source_definition"].as_str().is_some_and(|shown| shown.starts_with("sha256:")), "{one}");
        assert_eq!(one["statement"], Value::Null);
    }
    servers.tf.assert_nowhere("hunter2");
    servers.read("show_function_bodies = true");
    for one in servers.differences() {
        assert!(one["source_definition"].as_str().is_some_and(|shown| shown.contains("hunter2-source")), "{one}");
    }
}

/// The information schema shows only what a user has privileges for.
#[test]
fn what_may_be_hidden_is_unknown() {
    const GRANTS: &str = "  ignore {\n    kind = \"grant\"\n  }";
    let servers = Servers::new();
    servers.in_both("CREATE DATABASE shop; CREATE TABLE shop.t (id int)");
    servers.in_source("CREATE TRIGGER shop.g BEFORE INSERT ON shop.t FOR EACH ROW SET @x = 1");
    servers.in_target("REVOKE TRIGGER, EVENT ON *.* FROM reader@'%'; GRANT TRIGGER ON shop.* TO reader@'%'");
    servers.read(GRANTS);
    let kinds = |servers: &Servers| {
        let unknown = servers.value("unknown");
        let kinds =
            unknown.as_array().expect("a list").iter().map(|one| one["kind"].as_str().expect("a kind").to_owned());
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(kinds(&servers), ["trigger", "trigger_order", "event", "event_status", "definer"]);
    let reason = servers.value("unknown")[0]["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.starts_with("The target: ") && reason.contains("TRIGGER ON *.*"), "{reason}");
    assert_eq!((servers.value("in_sync"), servers.value("difference_count")), (json!(false), json!(0)));
    // The privilege on the databases that are compared is enough.
    servers.read(&format!("schemas = [\"shop\"]\n{GRANTS}"));
    assert_eq!(kinds(&servers), ["event", "event_status", "definer"]);
    assert_eq!(servers.value("counts"), json!({ "trigger": 1 }));
    // So is one of a role.
    servers.in_target("GRANT EVENT ON *.* TO clerk; GRANT clerk TO reader@'%'; SET DEFAULT ROLE clerk FOR reader@'%'");
    servers.read(&format!("schemas = [\"shop\"]\n{GRANTS}"));
    assert_eq!(kinds(&servers), [""; 0]);
    servers.in_target("REVOKE SELECT ON *.* FROM reader@'%'");
    servers.read(GRANTS);
    assert!(kinds(&servers).contains(&"table".to_owned()), "{:?}", kinds(&servers));
    assert_eq!(servers.value("in_sync"), json!(false));
}
