//! What users make of findings: exclusions, severities, check blocks and preconditions.

use serde_json::json;

use crate::posture::{Scene, configuration, text};

const ORDERS: &str = r#"db_instance_identifiers = ["orders"]"#;

#[test]
fn exclusions_have_a_reason_and_an_end() {
    let with = |until: &str| {
        format!(
            "{ORDERS}\n  checks = [\"RDS.3\", \"RDS.8\"]\n  exclusion {{\n    check = \"RDS.3\"\n    resource = \"orders\"\n    \
             reason = \"It has no data.\"\n    until = \"{until}\"\n  }}"
        )
    };
    let scene = Scene::new(&with("2099-12-31"));
    scene.account.add_database("instance", "orders");
    scene.read();
    let finding = scene.finding("RDS.3", "orders");
    assert_eq!(text(&finding, "status"), "acknowledged");
    assert!(text(&finding, "evidence").ends_with("Acknowledged until 2099-12-31: It has no data."), "{finding}");
    assert_eq!((scene.status("RDS.8", "orders"), scene.value("passed")), ("failed".into(), json!(false)));
    scene.configure(&with("2099-12-31").replace(", \"RDS.8\"", ""));
    scene.read();
    assert_eq!(scene.value("passed"), json!(true));
    scene.configure(&with("2020-01-31"));
    scene.read();
    let finding = scene.finding("RDS.3", "orders");
    assert!(
        finding["status"] == "failed" && text(&finding, "evidence").contains("of 2020-01-31 has ended"),
        "{finding}"
    );
}

#[test]
fn severities_are_a_threshold() {
    let scene = Scene::new(&format!("{ORDERS}\n  checks = [\"RDS.3\", \"RDS.8\"]\n  min_severity = \"medium\""));
    scene.account.add_database("instance", "orders");
    scene.read();
    assert_eq!(scene.findings().len(), 1);
    assert_eq!(scene.value("failed_by_severity")["medium"], json!(1));
    scene.configure(&format!("{ORDERS}\n  checks = [\"RDS.3\", \"RDS.8\"]\n  min_severity = \"high\""));
    scene.read();
    assert_eq!(scene.value("passed"), json!(true));
}

#[test]
fn a_check_block_warns_and_a_precondition_stops() {
    let scene = Scene::new(&format!("{ORDERS}\n  checks = [\"RDS.3\"]"));
    scene.account.add_database("instance", "orders");
    let data = configuration(&format!("{ORDERS}\n  checks = [\"RDS.3\"]"));
    let message = "join(\" \", data.rdsauth_posture.it.findings[*].evidence)";
    let check = format!(
        "check \"posture\" {{\n  assert {{\n    condition     = data.rdsauth_posture.it.passed\n    error_message = {message}\n  }}\n}}\n"
    );
    scene.tf.write("main.tf", &format!("{data}{check}"));
    let run = scene.tf.apply();
    assert!(
        run.stdout.contains("Check block assertion failed") && run.stdout.contains("StorageEncryptionType is none."),
        "{}",
        run.stdout
    );
    let resource = format!(
        "resource \"terraform_data\" \"it\" {{\n  lifecycle {{\n    precondition {{\n      condition     = \
         data.rdsauth_posture.it.passed\n      error_message = {message}\n    }}\n  }}\n}}\n"
    );
    scene.tf.write("main.tf", &format!("{data}{resource}"));
    let error = scene.tf.plan_fails().error();
    assert!(
        error.summary.contains("precondition failed") && error.detail.contains("StorageEncryptionType is none."),
        "{error:?}"
    );
}
