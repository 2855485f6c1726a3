//! Any name comes back as it was given, or is refused.

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
fn names_that_only_look_alike_are_others() {
    let scene = Scene::new("  name = \"USERID\"");
    scene.sql("CREATE ROLE userID");
    scene.tf.apply();
    assert_eq!(scene.sql("SELECT count(*) FROM pg_roles WHERE lower(rolname) = 'userID'"), "2");
    scene.tf.destroy();
    assert_eq!(scene.sql("SELECT count(*) FROM pg_roles WHERE lower(rolname) = 'userID'"), "1");
}
