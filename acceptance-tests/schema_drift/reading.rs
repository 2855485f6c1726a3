//! What is read and what is not, and what is told if something cannot be.

use serde_json::{Value, json};

use crate::schema_drift::{IT, Pair};

#[test]
fn equal_databases_and_a_gate() {
    let pair = Pair::new();
    let sql =
        "CREATE TABLE t (id serial PRIMARY KEY, v text); CREATE VIEW w AS SELECT v FROM t; GRANT SELECT ON t TO ~_role";
    pair.in_source(&sql.replace('~', &pair.prefix));
    // In another order, and with other OIDs and values.
    let other = "CREATE TABLE x (); DROP TABLE x; CREATE SEQUENCE t_id_seq AS integer; SELECT nextval('t_id_seq');
         CREATE TABLE t (id integer NOT NULL, v text); ALTER TABLE t ADD PRIMARY KEY (id);
         ALTER TABLE t ALTER id SET DEFAULT nextval('t_id_seq'); ALTER SEQUENCE t_id_seq OWNED BY t.id;
         INSERT INTO t VALUES (7, 'x'); GRANT SELECT ON t TO ~_role; CREATE VIEW w AS SELECT v FROM t";
    pair.in_target(&other.replace('~', &pair.prefix));
    let gate = "resource \"terraform_data\" \"cutover\" {\n  lifecycle {\n    precondition {\n      condition = \
                data.rdsauth_schema_drift.it.in_sync\n      error_message = \"The schemas differ.\"\n    }\n  }\n}\n";
    pair.tf.write("gate.tf", gate);
    pair.account.forget_statements();
    pair.read("");
    assert_eq!(pair.value("differences"), json!([]));
    assert_eq!(
        (pair.value("in_sync"), pair.value("unknown"), pair.value("counts")),
        (json!(true), json!([]), json!({}))
    );
    assert_eq!(pair.value("compared_counts")["column"], 2);
    assert!(pair.value("source_version").as_str().is_some_and(|version| version.starts_with("15.")));
    pair.tf.assert_plan_empty();
    // Only reads, in transactions that can do nothing else, and a few statements whatever the number of objects.
    let statements = pair.account.statements();
    let begun: Vec<_> = statements.iter().filter(|(sql, _)| sql.starts_with("BEGIN")).collect();
    assert!(!begun.is_empty() && begun.iter().all(|(sql, _)| sql.contains("READ ONLY")), "{statements:?}");

    pair.in_target("ALTER TABLE t ADD extra integer");
    let error = pair.tf.run(&["plan", "-json"]).expect_code(1).error();
    assert!(error.summary.contains("precondition failed"), "{error:?}");
    // A list of limited length, and what is left out of it.
    pair.tf.remove("gate.tf");
    pair.in_target("ALTER TABLE t ADD further integer; DROP VIEW w");
    pair.read("max_differences = 1");
    let told = [pair.value("difference_count"), pair.value("omitted_count"), pair.value("counts")];
    assert_eq!(told, [json!(3), json!(2), json!({ "column": 2, "view": 1 })]);
    assert_eq!((pair.told().len(), pair.value("in_sync")), (1, json!(false)));
    pair.read("max_differences = 0");
    assert_eq!((pair.told().len(), pair.value("omitted_count")), (0, json!(3)));
}

#[test]
fn what_is_left_out() {
    let pair = Pair::new();
    pair.in_both("CREATE SCHEMA app; CREATE SCHEMA other; CREATE TABLE app.t (a integer, b integer)");
    pair.in_target(
        "CREATE SCHEMA rdsauth; CREATE TABLE rdsauth.t (); CREATE TABLE public.awsdms_ddl_audit (c_key bigserial PRIMARY KEY);
         CREATE FUNCTION public.awsdms_intercept_ddl() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE TABLE other.t ();
         CREATE TABLE app.tmp_1 (id integer PRIMARY KEY); CREATE INDEX i ON app.t (a); CREATE INDEX j ON app.t (a)",
    );
    pair.read("");
    let names = |pair: &Pair| pair.told().into_iter().map(|[_, _, name, ..]| name).collect::<Vec<_>>();
    assert_eq!(names(&pair), ["tmp_1", "t", "i", "j"]);
    pair.read("schemas = [\"app\"]");
    assert_eq!(names(&pair), ["tmp_1", "i", "j"]);
    let ignore = "ignore {\n    table = \"tmp_*\"\n  }\n  ignore {\n    kind = \"index\"\n    name = \"i\"\n  }\n  ignore {\n    \
                  schema = \"oth*\"\n  }";
    pair.read(ignore);
    assert_eq!(names(&pair), ["j"]);
    pair.read("ignore {\n    kind = \"index\"\n  }\n  ignore {\n    kind = \"table\"\n  }");
    assert_eq!((names(&pair), pair.value("in_sync")), (Vec::new(), json!(true)));
    assert_eq!(pair.value("compared_counts")["index"], Value::Null);

    pair.in_target("DROP TABLE app.t; CREATE TABLE app.t (b integer, a integer)");
    pair.read("schemas = [\"app\"]\n  ignore {\n    table = \"tmp_*\"\n  }\n  compare_column_order = true");
    let [only] = &pair.differences()[..] else { panic!("{:?}", pair.told()) };
    assert_eq!((&only["kind"], &only["statement"]), (&json!("column_order"), &Value::Null));
    assert_eq!((&only["source_definition"], &only["target_definition"]), (&json!("a, b"), &json!("b, a")));
}

#[test]
fn bodies_of_functions_are_not_shown_unless_asked_for() {
    let pair = Pair::new();
    let create = "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''hunter2-";
    pair.in_source(&format!("{create}source'''"));
    pair.in_target(&format!("{create}target'''"));
    pair.read("");
    let [only] = &pair.differences()[..] else { panic!("{:?}", pair.told()) };
    for definition in ["source_definition", "target_definition"] {
        assert!(only[definition].as_str().is_some_and(|shown| shown.starts_with("sha256:")), "{only}");
    }
    assert_eq!(only["statement"], Value::Null);
    pair.tf.assert_nowhere("hunter2");
    pair.read("show_function_bodies = true");
    assert!(pair.differences()[0]["source_definition"].as_str().is_some_and(|shown| shown.contains("hunter2-source")));
}

#[test]
fn a_kind_that_may_not_be_read_is_unknown() {
    let pair = Pair::new();
    pair.in_both("CREATE TABLE t (a integer)");
    pair.in_target("REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC; ALTER TABLE t ADD b integer");
    pair.read("");
    assert_eq!(pair.value("in_sync"), false);
    let unknown = pair.value("unknown");
    let [only] = &unknown.as_array().expect("a list")[..] else { panic!("{unknown}") };
    assert_eq!(only["kind"], "policy");
    let reason = only["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("The target: ") && reason.contains("permission denied"), "{reason}");
    // The rest is compared.
    assert_eq!(pair.value("counts"), json!({ "column": 1 }));
    pair.in_target("ALTER TABLE t DROP b");
    pair.read("");
    assert_eq!((pair.value("difference_count"), pair.value("in_sync")), (json!(0), json!(false)));
    pair.read("ignore {\n    kind = \"policy\"\n  }");
    assert_eq!((pair.value("unknown"), pair.value("in_sync")), (json!([]), json!(true)));
}

#[test]
fn mistakes_are_errors() {
    let pair = Pair::new();
    let fails = |arguments: &str, summary: &str, path: &str| {
        pair.configure(arguments);
        let error = pair.tf.plan_fails().error();
        assert_eq!((error.summary.as_str(), error.address.as_str()), (summary, IT), "{error:?}");
        assert!(error.code.contains(path), "{error:?}");
    };
    fails("schemas = [\"public\", \"absent\"]", "Schema not found", "schemas");
    fails("ignore {\n  }", "Missing required argument", "ignore");
    let working = pair.configuration("");
    let target = format!("{}_target", pair.prefix);
    pair.tf.write("main.tf", &working.replace(&target, "nowhere"));
    let error = pair.tf.plan_fails().error();
    assert!(error.detail.contains("/nowhere: ") && error.code.contains("\"nowhere\""), "{error:?}");
}
