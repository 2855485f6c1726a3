//! The data source.

use serde_json::{Value, json};

use crate::replication_iam_impact::Scene;

impl Scene {
    /// The data source's attributes through a connection.
    fn users(&self, connection: &str) -> Value {
        self.ask(connection);
        self.tf.apply();
        let state = self.tf.state();
        let (users, names) = (state.output("users"), state.output("names"));
        let all = users.as_array().unwrap();
        assert_eq!(state.output("count"), all.len(), "{users}");
        assert_eq!(names, all.iter().map(|user| user["name"].clone()).collect::<Value>());
        users
    }

    fn ask(&self, connection: &str) {
        let outputs = [("users", "users"), ("names", "names"), ("count", "affected_count")];
        let outputs = outputs.map(|(output, attribute)| {
            format!("output \"{output}\" {{\n  value = data.rdsauth_replication_iam_impact.it.{attribute}\n}}\n")
        });
        let data = format!("data \"rdsauth_replication_iam_impact\" \"it\" {{\n  {connection}\n}}\n");
        self.configure(&[data, outputs.concat()].concat());
    }
}

#[test]
fn affected_users_and_reasons() {
    let scene = Scene::new();
    scene.sql(
        r#"
        CREATE ROLE ~team IN ROLE rds_iam; CREATE ROLE ~cdc IN ROLE rds_replication; CREATE ROLE ~both IN ROLE ~team, ~cdc;
        CREATE ROLE ~direct LOGIN IN ROLE rds_iam, rds_replication;
        CREATE ROLE ~nested LOGIN NOINHERIT IN ROLE ~both, rds_iam;
        CREATE ROLE "~Attribute ""é"" 'x'" LOGIN REPLICATION IN ROLE ~team;
        CREATE ROLE ~nologin NOLOGIN REPLICATION IN ROLE rds_iam;
        CREATE ROLE ~super LOGIN SUPERUSER IN ROLE rds_iam, rds_replication;
        CREATE ROLE ~reader LOGIN IN ROLE rds_iam;
        CREATE ROLE ~password LOGIN REPLICATION IN ROLE rds_replication;
        CREATE ROLE ~nobody LOGIN;
        "#,
    );
    let master = scene.users(&scene.connection(&scene.host));
    let mine = scene.mine(&master);
    let told = |iam: &[&str], replication: &[&str], attribute: bool, name: &str| {
        let user = json!({
            "name": name, "iam_paths": iam, "replication_paths": replication, "replication_attribute": attribute,
            "current_connections": 0, "slots": [],
        });
        (name.to_owned(), user)
    };
    let odd = "Attribute \"é\" 'x'";
    let expected = [
        told(&[&format!("{odd} → team → rds_iam")], &[], true, odd),
        told(&["direct → rds_iam"], &["direct → rds_replication"], false, "direct"),
        told(
            &["nested → rds_iam", "nested → both → team → rds_iam"],
            &["nested → both → cdc → rds_replication"],
            false,
            "nested",
        ),
    ];
    assert_eq!(mine, expected.into());

    // Any user that may log in may read it.
    let user = format!(
        "database_connection {{\n    host = {:?}\n    username = {:?}\n    database = \"app\"\n    {}\n  }}",
        scene.host,
        scene.name("reader"),
        scene.authority()
    );
    assert_eq!(scene.mine(&scene.users(&user)), mine);
}

#[test]
fn what_it_does_now() {
    let scene = Scene::new();
    scene.sql("CREATE ROLE ~cdc LOGIN REPLICATION PASSWORD 'pw'");
    let (first, second) = (scene.name("slot"), scene.name("tap"));
    let streams = [scene.stream(&scene.name("cdc"), &second), scene.stream(&scene.name("cdc"), &first)];
    scene.sql("GRANT rds_iam TO ~cdc");
    let look = || scene.mine(&scene.users(&scene.connection(&scene.host))).remove("cdc").unwrap();
    let busy = look();
    assert_eq!((&busy["current_connections"], &busy["slots"]), (&json!(2), &json!(["slot", "tap"])));
    drop(streams);
    crate::support::eventually("the end of the connections", std::time::Duration::from_secs(30), || {
        let count = format!("SELECT count(*) FROM pg_stat_replication WHERE usename = '{}'", scene.name("cdc"));
        (scene.account.sql("postgres", &count) == "0").then_some(())
    });
    let idle = look();
    assert_eq!((&idle["current_connections"], &idle["slots"]), (&json!(0), &json!([])));
}

/// A plan does without the database, and unknown values are not taken for empty ones.
#[test]
fn a_database_out_of_reach_is_a_warning() {
    let scene = Scene::new();
    let check = r#"
        check "nobody" {
          assert {
            condition     = data.rdsauth_replication_iam_impact.it.affected_count == 0
            error_message = "Somebody may be affected."
          }
        }
    "#;
    scene.tf.write("check.tf", check);
    scene.ask(&scene.connection("absent.example.invalid"));
    for command in [["plan", "-json"].as_slice(), &["apply", "-auto-approve", "-json"]] {
        let told = scene.tf.run(command).expect_code(0).diagnostics();
        let mut told: Vec<_> = told.iter().map(|one| (one.severity.as_str(), one.summary.as_str())).collect();
        told.sort();
        assert_eq!(told, [("warning", "Check block assertion failed"), ("warning", "Database host not found")]);
    }
    for attribute in ["affected_count", "names", "users"] {
        assert_eq!(scene.tf.state_value("data.rdsauth_replication_iam_impact.it", attribute), Value::Null);
    }
    scene.ask(&scene.connection(&scene.host).replace("secret_arn", "# secret_arn"));
    let error = scene.tf.plan_fails().error();
    assert!(error.detail.contains("needs \"secret_arn\""), "{error:?}");
}
