//! What is refused, with the argument that is wrong.

use serde_json::json;

use crate::posture::Scene;

#[test]
fn arguments_that_cannot_be_right() {
    let scene = Scene::new("");
    let exclusion = |body: &str| format!("exclusion {{\n    {body}\n  }}");
    for (body, words, line) in [
        ("checks = [\"RDS.99\"]".to_owned(), "There is no check or control", "RDS.99"),
        ("db_instance_identifiers = []".to_owned(), "1", "db_instance_identifiers"),
        ("min_severity = \"some\"".to_owned(), "informational", "min_severity"),
        ("statuses = [\"bad\"]".to_owned(), "not_applicable", "statuses"),
        ("trusted_account_ids = [\"me\"]".to_owned(), "twelve digits", "trusted_account_ids"),
        (exclusion("reason = \"x\"\n    until = \"2027-02-30\""), "must be a day such as", "2027-02-30"),
        (exclusion("reason = \"x\"\n    until = \"tomorrow\""), "must be a day such as", "tomorrow"),
        (
            exclusion("check = \"nothing\"\n    reason = \"x\"\n    until = \"2027-02-28\""),
            "There is no check or control",
            "nothing",
        ),
        (
            "tags = { a = \"b\" }\n  db_instance_identifiers = [\"orders\"]".to_owned(),
            "Remove it, or \"db_instance_identifiers\"",
            "tags",
        ),
    ] {
        scene.configure(&body);
        let error = scene.tf.plan_fails().error();
        assert!(error.detail.contains(words) && error.code.contains(line), "{body}: {error:?}");
    }
}

#[test]
fn what_does_not_exist_is_an_error() {
    let scene = Scene::new("");
    scene.account.add_database("instance", "orders");
    let connection = "database_connection {\n    host = \"h\"\n    auth = \"iam\"\n    username = \"u\"\n  }";
    scene.configure(connection);
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Database of the connection is not named");
    scene.account.command("proxies", json!({ "name": "front", "target": "orders" }));
    for (body, summary, line) in [
        ("db_instance_identifiers = [\"orders\", \"absent\"]", "DB instance not found", "db_instance_identifiers"),
        ("db_cluster_identifiers = [\"orders\"]", "DB cluster not found", "db_cluster_identifiers"),
        ("db_proxy_names = [\"front\", \"back\"]", "RDS Proxy not found", "db_proxy_names"),
    ] {
        scene.configure(body);
        let error = scene.tf.plan_fails().error();
        assert_eq!(error.summary, summary);
        assert!(error.detail.contains("us-east-1") && error.code.contains(line), "{error:?}");
    }
}
