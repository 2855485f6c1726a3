//! Create, login, update, import, destroy.

use serde_json::json;

use super::{CONNECTION, READER, Scene, USER, warnings};
use crate::support::engine::Feature;

#[test]
fn a_user_is_created_logs_in_with_tokens_and_is_dropped() {
    let scene = Scene::new(READER);
    scene.tf.plan().assert_creates(USER);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    assert_eq!(scene.grants(), ["SELECT ON `app`.*"]);
    assert_eq!(scene.state("plugin"), "AWSAuthenticationPlugin");
    assert_eq!(scene.state("engine"), "mariadb");
    assert_eq!(scene.state("adopted"), false);
    assert_eq!(scene.state("grants"), json!(["SELECT ON `app`.*"]));

    let token = scene.token();
    assert_eq!(scene.ask_with(&token, "SELECT user()").unwrap().split('@').next(), Some(scene.user.as_str()));
    assert!(scene.ask_with("no token", "SELECT 1").unwrap_err().contains("Access denied"));
    let (_, password) = scene.account.master("mariadb");
    scene.tf.assert_nowhere(&password);

    scene.tf.destroy();
    assert_eq!(scene.login_of(), "");
    assert!(scene.ask_with(&token, "SELECT 1").unwrap_err().contains("Access denied"));
}

#[test]
fn a_plan_can_do_without_connections() {
    let scene = Scene::new(READER);
    let provider = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &provider.replace("ca_certificate", "skip_plan_connections = true\n    ca_certificate"));
    scene.tf.plan().assert_creates(USER);
    assert_eq!(scene.account.sessions(), [""; 0]);
    scene.tf.apply();
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    scene.tf.destroy();
}

#[test]
fn privileges_and_tls_change_in_place() {
    let scene = Scene::new(READER);
    scene.sql("CREATE TABLE t_@U (id int)");
    scene.tf.apply();
    scene.configure(
        "require_ssl = false
        grant {
            privileges   = [\"insert\", \"UPDATE\"]
            database     = \"app\"
            grant_option = true
        }
        grant {
            privileges = [\"SELECT\", \"DROP\"]
            database   = \"app\"
            table      = \"t_@U\"
        }
        grant {
            privileges = [\"EXECUTE\"]
            database   = \"my_db\"
        }",
    );
    let plan = scene.tf.plan();
    plan.assert_updates(USER);
    assert_eq!(plan.unknown(USER), [""; 0]);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS");
    let mut grants = scene.grants();
    grants.sort();
    let of_table = format!("SELECT, DROP ON `app`.`t_{}`", scene.user);
    assert_eq!(grants, ["EXECUTE ON `my\\_db`.*", "INSERT, UPDATE ON `app`.*", of_table.as_str()]);

    scene.configure(READER);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.grants(), ["SELECT ON `app`.*"]);
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    scene.tf.destroy();
}

/// On a table that does not exist yet, the server grants privileges together with `CREATE`.
#[test]
fn a_table_can_come_later_with_the_privilege_to_create_it() {
    let grant = |privileges: &str| {
        format!(
            "grant {{\n    privileges = [{privileges}]\n    database   = \"app\"\n    table      = \"to_come\"\n  }}"
        )
    };
    let scene = Scene::new(&grant("\"SELECT\""));
    assert!(scene.tf.apply_fails().error().detail.contains("to_come"));
    scene.configure(&grant("\"SELECT\", \"CREATE\""));
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.grants(), ["SELECT, CREATE ON `app`.`to_come`"]);
    scene.tf.destroy();
}

#[test]
fn the_preset_is_enough_for_change_data_capture() {
    let scene = Scene::new("preset = \"cdc\"");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.grants(), ["SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.*"]);
    assert_eq!(scene.state("grants"), json!(["REPLICATION CLIENT, REPLICATION SLAVE, SELECT ON *.*"]));
    assert!(scene.ask("SHOW MASTER STATUS").unwrap().starts_with("binlog"));

    scene.configure("preset = \"cdc\"\n  preset_databases = [\"app\", \"shop\"]");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let mut grants = scene.grants();
    grants.sort();
    assert_eq!(grants, ["REPLICATION SLAVE, BINLOG MONITOR ON *.*", "SELECT ON `app`.*", "SELECT ON `shop`.*"]);
    scene.tf.destroy();
}

#[test]
fn another_name_or_host_is_another_user() {
    let scene = Scene::new(READER);
    scene.tf.apply();
    scene.configure("host = \"10.0.0.0/255.0.0.0\"");
    let plan = scene.tf.plan();
    plan.assert_replaces(USER);
    assert_eq!(plan.replaced_because_of(USER), ["host"]);
    scene.tf.apply();
    assert_eq!(scene.sql("SELECT host FROM mysql.user WHERE user = '@U'"), "10.0.0.0/255.0.0.0");
    scene.configure("host = \"10.0.0.0/255.0.0.0\"\n  name = \"v${var.name}\"");
    assert_eq!(scene.tf.plan().replaced_because_of(USER), ["name"]);
    scene.tf.destroy();
}

fn import_id(scene: &Scene) -> String {
    let secret = scene.account.master_secret("mariadb");
    format!("{secret}@{}:{}/{}@%", scene.host, scene.port, scene.user)
}

/// Privileges in any case, by the names of MySQL and of MariaDB, short and long, are the same after an import.
#[test]
fn other_names_of_privileges_are_no_change() {
    let scene = Scene::new(
        "grant {\n    privileges = [\"replication client\", \"Replication Replica\"]\n  }\n  \
         grant {\n    privileges = [\"select\", \"Insert\"]\n    database   = \"app\"\n  }",
    );
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let id = import_id(&scene);
    scene.tf.ok(&["state", "rm", USER]);
    scene.tf.import(USER, &id);
    scene.tf.assert_plan_empty();
    scene.configure(
        "grant {\n    privileges = [\"BINLOG MONITOR\", \"REPLICATION SLAVE\"]\n  }\n  \
         grant {\n    privileges = [\"INSERT\", \"SELECT\"]\n    database   = \"app\"\n  }",
    );
    scene.tf.assert_plan_empty();
    scene.configure("grant {\n    privileges = [\"BINLOG MONITOR\"]\n  }");
    scene.tf.plan().assert_updates(USER);
    scene.tf.destroy();
}

#[test]
fn it_is_imported_with_all_it_may_do() {
    let scene = Scene::new(READER);
    scene.tf.apply();
    let id = import_id(&scene);
    scene.tf.ok(&["state", "rm", USER]);
    scene.tf.import(USER, &id);
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("grants"), json!(["SELECT ON `app`.*"]));

    scene.tf.ok(&["state", "rm", USER]);
    scene.configure("grant {\n    privileges = [\"INSERT\"]\n    database   = \"app\"\n  }");
    scene.tf.import(USER, &id);
    scene.tf.plan().assert_updates(USER);
    scene.tf.apply();
    assert_eq!(scene.grants(), ["INSERT ON `app`.*"]);
    scene.tf.destroy();
    assert_eq!(scene.login_of(), "");

    let error = scene.tf.run(&["import", USER, &id]).expect_code(1);
    error.expect_text("Cannot import non-existent remote object");
    for (id, sentence) in [("host/user", "/NAME@HOST"), ("host", "empty part"), ("host/a@b/c", "/NAME@HOST")] {
        scene.tf.run(&["import", USER, id]).expect_code(1).expect_text(sentence);
    }
}

#[test]
fn it_is_imported_by_its_identity() {
    let scene = Scene::new(READER);
    if !scene.tf.has(Feature::ImportByIdentity) {
        return;
    }
    scene.tf.apply();
    let (endpoint, secret) = (format!("{}:{}", scene.host, scene.port), scene.account.master_secret("mariadb"));
    let identity = json!({ "endpoint": endpoint, "login": secret, "name": scene.user, "host": "%" });
    assert_eq!(scene.tf.state().identity(USER), identity);
    scene.tf.import_by_identity(USER, &identity);
    scene.tf.import_by_identity(USER, &json!({ "endpoint": endpoint, "login": secret, "name": scene.user }));
    assert_eq!(scene.tf.state().identity(USER), identity);
    scene.tf.ok(&["state", "rm", USER]);
    let nobody = json!({ "endpoint": "shop:0", "login": secret, "name": scene.user });
    scene.tf.write("import.tf", &format!("import {{\n  to       = {USER}\n  identity = {nobody}\n}}\n"));
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Malformed import identity");
    assert!(error.detail.contains("has a port that is not a number"), "{error:?}");
    scene.tf.write("import.tf", &format!("import {{\n  to       = {USER}\n  identity = {identity}\n}}\n"));
    scene.tf.apply();
    scene.tf.destroy();
}

#[test]
fn it_can_be_left_in_place() {
    let scene = Scene::new(&format!("on_destroy = \"leave\"\n  {READER}"));
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    assert_eq!(scene.tf.apply_fails().error().summary, "User already exists", "it is nobody's here");
    scene.sql("DROP USER @U");
}

#[test]
fn the_login_can_be_one_of_iam_or_of_the_provider_block() {
    let scene = Scene::new("");
    scene.sql("CREATE USER m_@U IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL");
    scene.sql("GRANT CREATE USER, SELECT ON *.* TO m_@U WITH GRANT OPTION");
    let connection = format!(
        "database_connection {{\n    host = var.host\n    port = var.port\n    username = \"m_{}\"\n  }}",
        scene.user
    );
    scene.configure_through(&connection, READER);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.ask("SELECT 1"), Ok("1".to_owned()));

    let (user, password) = scene.account.master("mariadb");
    let block = format!("username = \"{user}\"\n    password = var.password\n    ca_certificate");
    let main = scene.tf.read("main.tf").replace("ca_certificate", &block);
    scene.tf.write("main.tf", &format!("{main}variable \"password\" {{\n  ephemeral = true\n}}\n"));
    let connection = "database_connection {\n    host = var.host\n    port = var.port\n    auth = \"provider\"\n  }";
    scene.configure_through(connection, "");
    let Scene { tf, .. } = &scene;
    let arguments = ["apply", "-auto-approve", &format!("-var=password={password}")];
    tf.ok(&arguments.map(|argument| argument));
    assert_eq!(scene.grants(), [""; 0]);
    tf.assert_nowhere(&password);
    tf.ok(&["destroy", "-auto-approve", &format!("-var=password={password}")]);
    scene.sql("DROP USER m_@U");
}

#[test]
fn a_tunnel_leads_to_the_same_database() {
    let scene = Scene::new(READER);
    scene.tf.apply();
    let through = |host: &str| {
        let tunnel = format!("host = {host}\n    auth_host = upper(var.host)\n    auth_port = var.port\n");
        CONNECTION.replace("host       = var.host", &tunnel)
    };
    let writes = "grant {\n    privileges = [\"INSERT\"]\n    database   = \"app\"\n  }";
    scene.configure_through(&through(&format!("\"{}\"", scene.account.address_of(&scene.host))), writes);
    let plan = scene.tf.plan();
    plan.assert_updates(USER);
    assert_eq!(plan.value(USER, "adopted"), false);
    assert_eq!(scene.warnings(), [""; 0]);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    if scene.port == 3306 {
        scene.configure_through(&CONNECTION.replace("port       = var.port", ""), writes);
        scene.tf.apply();
    }
    scene.tf.destroy();
    assert_eq!(scene.login_of(), "");
}

#[test]
fn at_another_endpoint_the_user_is_looked_up_again() {
    let scene = Scene::new(READER);
    scene.tf.apply();
    let other = scene.account.add_database_of("instance", "other", json!({ "engine": "mariadb", "iam": true }));
    let other = other["host"].as_str().unwrap().to_owned();
    let there = CONNECTION.replace("var.host", &format!("\"{other}\""));

    // The same server by another name, where the user is found as it was.
    let taken = format!("adopt_existing = true\n  {READER}");
    scene.configure_through(&there, &taken);
    let plan = scene.tf.plan();
    plan.assert_updates(USER);
    assert!(plan.is_unknown(USER, "adopted") && plan.is_unknown(USER, "engine"));
    assert_eq!(scene.warnings(), ["Database endpoint changes"]);
    let run = scene.tf.run(&["apply", "-auto-approve", "-json"]).expect_code(0);
    assert!(!warnings(&run).contains(&"Existing user is adopted".to_owned()), "{:?}", warnings(&run));
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("adopted"), false);

    // If it does not exist there, it is created; if it belongs to others, it is adopted.
    scene.sql("DROP USER @U");
    scene.tf.ok(&["apply", "-auto-approve", "-refresh=false"]);
    scene.configure(&taken);
    scene.tf.ok(&["apply", "-auto-approve", "-refresh=false"]);
    scene.tf.assert_plan_empty();
    assert_eq!(scene.grants(), ["SELECT ON `app`.*"]);
    assert_eq!(scene.state("adopted"), false);
    scene.sql("GRANT PROCESS ON *.* TO @U");
    scene.configure_through(&there, READER);
    assert_eq!(scene.tf.apply_fails().error().summary, "User already exists");
    scene.configure_through(&there, &taken);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("adopted"), true);
    assert_eq!(scene.state("previous_grants"), json!(["PROCESS ON *.*", "SELECT ON `app`.*"]));
    scene.tf.destroy();
    assert_eq!(scene.grants(), ["PROCESS ON *.*", "SELECT ON `app`.*"]);
    scene.sql("DROP USER @U");
}
