//! Any name is read back unchanged, or is refused.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::postgresql_iam_user::Scene;

/// A text as HCL writes it.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '$' | '%' => format!("{c}{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[track_caller]
fn check_comes_back(scene: &Scene, name: &str) {
    scene.configure(&format!("  name = {}", quoted(name)));
    scene.tf.apply();
    assert_eq!(scene.state("name"), scene.named(name));
    scene.tf.assert_plan_empty();
    let oid = scene.state("oid");
    let hex: String = scene.named(name).bytes().map(|byte| format!("{byte:02x}")).collect();
    let found =
        scene.sql(&format!("SELECT encode(convert_to(rolname, 'UTF8'), 'hex') FROM pg_roles WHERE oid = {oid}"));
    assert_eq!(found, hex, "{name:?}");
    scene.tf.destroy();
    assert_eq!(scene.sql(&format!("SELECT count(*) FROM pg_roles WHERE oid = {oid}")), "0");
}

#[test]
fn odd_names_come_back() {
    let scene = Scene::new("  name = \"uID\"");
    for name in ["Mixed Case ID", r#"qu"ot'es\ID"#, "Zoë 😀 ID", "ID; DROP TABLE x --", "a\nb\tID"] {
        check_comes_back(&scene, name);
    }
}

#[test]
fn the_longest_name_comes_back_and_a_longer_one_is_refused() {
    let scene = Scene::new("  name = \"uID\"");
    let name = |length: usize| format!("{}{}ID", "é".repeat(25), "x".repeat(length - 62)); // ID has twelve digits.
    assert_eq!(scene.named(&name(63)).len(), 63);
    check_comes_back(&scene, &name(63));
    scene.configure(&format!("  name = {}", quoted(&name(64))));
    assert!(scene.tf.plan_fails().error().detail.contains("63"));
}

#[test]
fn names_that_only_look_alike_are_others() {
    let scene = Scene::new("  name = \"USERID\"");
    scene.sql("CREATE ROLE userID");
    scene.tf.apply();
    assert_eq!(scene.sql("SELECT count(*) FROM pg_roles WHERE lower(rolname) = 'userID'"), "2");
    scene.tf.destroy();
    assert_eq!(scene.sql("SELECT count(*) FROM pg_roles WHERE lower(rolname) = 'userID'"), "1");
}

/// Names with all kinds of characters. Terraform normalises them, which can make them longer.
fn names(id: &str) -> Vec<String> {
    let mut runner = TestRunner::default();
    let random = proptest::collection::vec(any::<String>(), 60).new_tree(&mut runner).expect("texts").current();
    let mut names: Vec<String> = random.into_iter().map(|text| format!("{text}{id}")).collect();
    names.retain(|name| name.len() <= 45 && !name.contains('\0'));
    names
}

#[test]
fn any_name_comes_back() {
    let scene = Scene::new("  name = \"uID\"");
    let names = names(&scene.account.id);
    assert!(names.len() > 5, "{names:?}");
    scene.tf.write("names.json", &serde_json::to_string(&names).expect("JSON"));
    scene.configure("  for_each = toset(jsondecode(file(\"names.json\")))\n  name     = each.key");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let state = scene.tf.state();
    let made = state.addresses();
    assert!(!made.is_empty(), "{names:?}");
    let sql = "SELECT json_object_agg(oid, rolname) FROM pg_roles WHERE rolname LIKE '%ID'";
    let found: Value = serde_json::from_str(&scene.sql(sql)).expect("JSON");
    for user in made {
        let (name, oid) = (state.value(&user, "name"), state.value(&user, "oid").to_string());
        assert_eq!(name, found[&oid], "{names:?}");
        assert!(user.ends_with(&format!("[{name}]")), "{user} is called {name}");
    }
    scene.tf.destroy();
    assert_eq!(scene.sql("SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolname LIKE '%ID'"), scene.named("mID"));
}
