//! Names of all kinds are read back unchanged.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};

use serde_json::{Value, json};

use super::{CONNECTION, READER, Scene};
use crate::support::login::Login;

const USERS: &str = r#"
variable "names" { type = set(string) }

resource "rdsauth_mysql_iam_user" "it" {
  for_each = var.names
  name     = each.value
  grant {
    privileges = ["SELECT"]
    database   = substr("d${each.value}", 0, 60)
  }
  CONNECTION
}
"#;

/// Characters that quoting, folding and patterns could get wrong.
const ODD: &[&str] = &[
    "a`b", "a``", "`", "it's", "\"q\"", "a\\", "\\'", "%", "_x%", "MiXed", "a;--", "/* */", "${x}", "@", "a b", "\t",
    "\n", "é", "ÿ用户",
];

/// With the twelve digits of an account, as long as a name may be.
const LONGEST: &str = "twenty_characters_é用";

/// Names of characters that Terraform does not normalise; reproducible by their seed.
fn any_names(count: usize, mut seed: u64) -> Vec<String> {
    (0..count).map(|_| any_name(&mut seed)).collect()
}

fn any_name(state: &mut u64) -> String {
    let mut next = |bound: u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % bound
    };
    let ranges = [(0x01, 0x7f), (0x21, 0x7f), (0xa1, 0x17f), (0x410, 0x450), (0x4e00, 0x9f00)];
    let length = 1 + next(19);
    let mut character = || {
        let (first, end) = ranges[usize::try_from(next(5)).unwrap()];
        char::from_u32(u32::try_from(first + next(end - first)).unwrap()).unwrap()
    };
    (0..length).map(|_| character()).collect()
}

#[test]
fn any_name_is_created_read_and_dropped() {
    let given = env::var("NAMES_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("NAMES_SEED={seed} makes the same names"); // Shown when the test fails.
    let scene = Scene::new("");
    let id = &scene.account.id;
    let mut names: Vec<String> = ODD.iter().map(|odd| odd.to_string()).chain(any_names(20, seed)).collect();
    names.push(LONGEST.to_owned());
    names.iter_mut().for_each(|name| name.push_str(id)); // All tests share the server.
    names.sort();
    names.dedup();
    let tf = &scene.tf;
    tf.write("user.tf", &USERS.replace("CONNECTION", CONNECTION));
    tf.write("names.auto.tfvars.json", &json!({ "names": names }).to_string());
    tf.apply();
    tf.assert_plan_empty();
    assert_eq!(there(&scene), hexes(&names));
    tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    tf.assert_plan_empty();

    // Once more by import, for names that an id can contain.
    let secret = scene.account.master_secret("mariadb");
    let name = format!("it's{id}");
    let address = format!("rdsauth_mysql_iam_user.it[{}]", Value::from(name.as_str()));
    tf.ok(&["state", "rm", &address]);
    tf.import(&address, &format!("{secret}@{}:{}/{name}@%", scene.host, scene.port));
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(there(&scene), [""; 0]);
}

#[test]
fn no_character_set_of_the_server_spoils_a_name() {
    let scene = Scene::new("");
    let login = format!("m_{}", scene.user);
    scene.sql("CREATE USER m_@U IDENTIFIED BY 'pass'; GRANT CREATE USER, SELECT ON *.* TO m_@U WITH GRANT OPTION");
    let secret = scene.account.put_secret("m", json!({ "value": { "username": login, "password": "pass" } }));
    let connection = CONNECTION.replace("var.secret", &secret["arn"].to_string());
    // Only for this login, since all tests share the server.
    let set = "SET character_set_client = if(user() LIKE ''m\\_@U@%'', ''latin1'', @@character_set_client)";
    let name = format!("zo\u{eb}{}", scene.account.id);
    scene.configure_through(&connection, &format!("name = \"{name}\""));
    scene.sql(&format!("SET GLOBAL init_connect = '{set}'"));
    let Scene { account, host, port, .. } = &scene;
    let own = Login { account, engine: "mariadb", host, port: *port, user: &login, password: "pass" };
    let set = own.ask("SELECT @@character_set_client");
    let run = scene.tf.run(&["apply", "-auto-approve"]);
    scene.sql("SET GLOBAL init_connect = ''");
    assert_eq!(set.as_deref(), Ok("latin1"));
    run.expect_code(0);
    scene.sql("DROP USER m_@U");
    assert_eq!(there(&scene), hexes(std::slice::from_ref(&name)));
    scene.sql(&format!("DROP USER {name}"));
}

/// The names on the server, in hexadecimal digits.
fn there(scene: &Scene) -> Vec<String> {
    let shown = scene.sql(&format!("SELECT hex(user) FROM mysql.user WHERE user LIKE '%{}'", scene.account.id));
    let mut names: Vec<String> = shown.lines().map(str::to_owned).collect();
    names.sort();
    names
}

fn hexes(names: &[String]) -> Vec<String> {
    let hex = |name: &String| name.bytes().map(|byte| format!("{byte:02X}")).collect();
    let mut names: Vec<String> = names.iter().map(hex).collect();
    names.sort();
    names
}

/// For the server, a backslash in the name of a database removes the special meaning of the next character.
#[test]
fn a_backslash_opens_its_own_database_alone() {
    let database = |name: &str| format!("grant {{\n    privileges = [\"SELECT\"]\n    database   = \"{name}\"\n  }}");
    let scene = Scene::new(&format!("{}\n  {READER}", database("a\\\\b@U"))); // The client enters the database app.
    scene.sql("CREATE DATABASE `a\\b@U`; CREATE TABLE `a\\b@U`.t AS SELECT 1 c; CREATE DATABASE `ab@U`; CREATE TABLE `ab@U`.t AS SELECT 2 c");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let select = |name: &str| scene.ask(&format!("SELECT c FROM `{}`.t", name.replace("@U", &scene.user)));
    assert_eq!(select("a\\b@U"), Ok("1".to_owned()));
    assert!(select("ab@U").is_err());

    // As a former version granted it.
    scene.sql("REVOKE SELECT ON `a\\\\b@U`.* FROM @U; GRANT SELECT ON `a\\b@U`.* TO @U");
    assert_eq!(select("ab@U"), Ok("2".to_owned()));
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(select("a\\b@U"), Ok("1".to_owned()));
    assert!(select("ab@U").is_err());
    scene.tf.destroy();
    scene.sql("DROP DATABASE `a\\b@U`; DROP DATABASE `ab@U`");
}
