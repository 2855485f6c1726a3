//! How `rdsauth_replication_iam_auth` treats affected users.

use crate::replication_iam_impact::Scene;

const IT: &str = "rdsauth_replication_iam_auth.it";

const LOCKED_OUT: &str = "Users would be locked out of replication";

const NEED_TOKENS: &str = "Users need tokens for replication";

impl Scene {
    /// With the user `cdc`, who is affected.
    fn with_user() -> Self {
        let scene = Self::new();
        scene.sql("CREATE ROLE ~team IN ROLE rds_iam; CREATE ROLE ~cdc LOGIN REPLICATION PASSWORD 'pw'");
        scene
    }

    fn resource(&self, more: &[&str]) {
        let body = ["db_instance_identifier = \"orders\""]
            .iter()
            .chain(more)
            .fold(String::new(), |all, line| all + "  " + line + "\n");
        self.configure(&format!("resource \"rdsauth_replication_iam_auth\" \"it\" {{\n{body}}}\n"));
    }

    /// The warning about the user with a summary, if there is one.
    fn said(&self, run: &crate::support::output::Run, severity: &str, summary: &str) -> Option<String> {
        let told = run.diagnostics().into_iter().find(|told| told.severity == severity && told.summary == summary)?;
        let quoted = format!("\"{}\"", self.name("cdc"));
        told.detail.lines().find(|line| line.contains(&quoted)).map(|line| line.replace(&self.prefix, ""))
    }

    fn assert_untouched(&self) {
        assert_eq!(self.account.writes(), [""; 0]);
    }

    fn is_set(&self) -> bool {
        let group = serde_json::json!({ "group": "orders-pg16" });
        self.account.query("parameters", group)["values"]["rds.iam_auth_for_replication"] == "1"
    }
}

#[test]
fn a_plan_without_connections_leaves_the_check_to_the_apply() {
    let scene = Scene::with_user();
    scene.sql("GRANT ~team TO ~cdc");
    scene.resource(&["impact = \"block\"", &scene.connection(&scene.host)]);
    let skipping = "provider \"rdsauth\" {\n  database_connection {\n    skip_plan_connections = true\n  }\n}\n";
    scene.tf.write("provider.tf", skipping);
    scene.tf.plan();
    assert_eq!(scene.account.sessions(), [""; 0]);
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains(&scene.name("cdc")) && error.detail.contains("acknowledged_users"), "{error:?}");
    assert!(!scene.is_set());
}

#[test]
fn block_names_them_until_they_are_acknowledged() {
    let scene = Scene::with_user();
    let _stream = scene.stream(&scene.name("cdc"), &scene.name("slot"));
    scene.sql("GRANT ~team TO ~cdc");
    let connection = scene.connection(&scene.host);
    scene.account.forget_calls();
    scene.resource(&["impact = \"block\"", &connection]);
    let plan = scene.tf.plan_fails();
    let line = scene.said(&plan, "error", LOCKED_OUT).unwrap();
    let expected = "\"cdc\": IAM by cdc → team → rds_iam; replication by the attribute REPLICATION; now 1 replication \
                    connection with slot";
    assert_eq!(line.trim(), expected);
    scene.assert_untouched();

    // Other tests have users, too, which a plan may see and the apply may not any more, or the other way round.
    let all = format!("data \"rdsauth_replication_iam_impact\" \"all\" {{\n  {connection}\n}}\n");
    let acknowledged = "acknowledged_users = data.rdsauth_replication_iam_impact.all.names";
    for _ in 0..10 {
        scene.resource(&["impact = \"block\"", acknowledged, &connection]);
        let resource = scene.tf.read("main.tf");
        scene.tf.write("main.tf", &[resource, all.clone()].concat());
        let run = scene.tf.run(&["apply", "-auto-approve", "-json"]);
        if run.code == Some(0) {
            break;
        }
        assert_eq!(scene.said(&run, "error", LOCKED_OUT), None, "{}", run.report("it is acknowledged"));
    }
    assert!(scene.is_set());

    // A setting that is applied already affects no further users.
    scene.sql("CREATE ROLE ~other LOGIN REPLICATION IN ROLE rds_iam");
    scene.resource(&["impact = \"block\"", "on_destroy = \"reset\"", &connection]);
    scene.tf.apply().expect_text("1 changed");
    scene.tf.assert_plan_empty();
}

#[test]
fn later_members_do_not_prevent_a_destroy() {
    let scene = Scene::with_user();
    let connection = scene.connection(&scene.host);
    let configure = |acknowledged: &str| scene.resource(&["impact = \"block\"", acknowledged, &connection]);
    // Other tests have users, too: all present ones are acknowledged by this test only.
    let acknowledge = || {
        let users = scene.account.sql("postgres", "SELECT rolname FROM pg_roles WHERE rolcanlogin");
        let users: Vec<_> = users.lines().filter(|name| !name.starts_with(&scene.prefix)).collect();
        configure(&format!("acknowledged_users = {users:?}"));
    };
    for _ in 0..10 {
        acknowledge();
        let run = scene.tf.run(&["apply", "-auto-approve", "-json"]);
        if run.code == Some(0) {
            break;
        }
        assert_eq!(scene.said(&run, "error", LOCKED_OUT), None, "{}", run.report("nobody of this test is concerned"));
    }
    scene.sql("GRANT rds_iam TO ~cdc");
    scene.tf.assert_plan_empty();

    // It was turned off outside of Terraform: turning it on again affects the user.
    let off = serde_json::json!({ "group": "orders-pg16", "values": { "rds.iam_auth_for_replication": "0" } });
    scene.account.command("parameters", off);
    scene.account.forget_calls();
    let plan = scene.tf.ok(&["plan", "-json"]);
    assert!(scene.said(&plan, "warning", LOCKED_OUT).is_some(), "{}", plan.report("cdc"));
    let apply = scene.tf.apply_fails();
    let cannot = "Cannot enable IAM authentication for replication";
    assert!(scene.said(&apply, "error", cannot).is_some(), "{}", apply.report("cdc"));
    scene.assert_untouched();
    scene.tf.destroy();

    // A plan that will turn it on for the first time shows how to proceed.
    let plan = scene.tf.plan_fails();
    let error = plan.diagnostics().into_iter().find(|told| told.summary == LOCKED_OUT).unwrap();
    assert!(error.detail.contains("run it with \"-refresh=false\""), "{error:?}");
    scene.tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
}

#[test]
fn warn_names_them_and_ignore_does_not_look() {
    let scene = Scene::with_user();
    scene.sql("GRANT rds_iam TO ~cdc");
    let connection = scene.connection(&scene.host);
    scene.resource(&[&connection]);
    let plan = scene.tf.ok(&["plan", "-json"]);
    let line = scene.said(&plan, "warning", NEED_TOKENS).unwrap();
    assert!(
        line.ends_with("IAM by cdc → rds_iam; replication by the attribute REPLICATION; now no replication connection")
    );
    let named = format!("acknowledged_users = [{:?}]", scene.name("cdc"));
    scene.resource(&[&named, &connection]);
    assert_eq!(scene.said(&scene.tf.ok(&["plan", "-json"]), "warning", NEED_TOKENS), None);

    scene.resource(&["impact = \"ignore\"", &scene.connection("absent.example.invalid")]);
    let plan = scene.tf.ok(&["plan", "-json"]);
    assert!(plan.diagnostics().is_empty(), "{}", plan.report("nobody is looked for"));
    scene.resource(&[&connection]);
    scene.tf.apply().expect_text("1 added");
    assert!(scene.is_set());
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert!(!scene.is_set());
}

#[test]
fn users_unknown_in_the_plan_are_reported_by_the_apply() {
    let scene = Scene::with_user();
    scene.sql("GRANT rds_iam TO ~cdc");
    let connection = scene.connection(&scene.host);
    scene.resource(&["acknowledged_users = [terraform_data.late.output]", &connection]);
    let resource = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &format!("{resource}resource \"terraform_data\" \"late\" {{\n  input = \"x\"\n}}\n"));
    assert_eq!(scene.said(&scene.tf.ok(&["plan", "-json"]), "warning", NEED_TOKENS), None);
    let apply = scene.tf.ok(&["apply", "-auto-approve", "-json"]);
    assert!(scene.said(&apply, "warning", NEED_TOKENS).is_some(), "{}", apply.report("nobody was told"));
    scene.tf.destroy();
}

#[test]
fn a_database_out_of_reach() {
    let scene = Scene::with_user();
    let connection = scene.connection("absent.example.invalid");
    scene.resource(&["impact = \"block\"", &connection]);
    let plan = scene.tf.ok(&["plan"]);
    plan.expect_text("Database host not found").expect_text("The apply checks again before it changes anything.");
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("Nothing was changed"), "{error:?}");
    scene.assert_untouched();
    assert!(scene.tf.state().addresses().is_empty());

    scene.resource(&[&connection]);
    scene.tf.ok(&["plan"]).expect_text("The apply continues without this check.");
    scene.tf.apply().expect_text("1 added");
    scene.tf.assert_plan_empty();
}

#[test]
fn what_is_not_known_is_looked_at_in_the_apply() {
    let scene = Scene::with_user();
    scene.sql("GRANT rds_iam TO ~cdc");
    let connection = scene.connection("HOST").replace("\"HOST\"", "terraform_data.host.output");
    scene.resource(&["impact = \"block\"", &connection]);
    let resource = scene.tf.read("main.tf");
    let host = format!("resource \"terraform_data\" \"host\" {{\n  input = {:?}\n}}\n", scene.host);
    scene.tf.write("main.tf", &[resource, host].concat());
    scene.tf.plan().assert_creates(IT);
    let run = scene.tf.apply_fails();
    assert!(scene.said(&run, "error", LOCKED_OUT).is_some(), "{}", run.report("cdc"));
    assert!(!scene.is_set());
}

#[test]
fn contradictions() {
    let scene = Scene::new();
    for (lines, text) in [
        (vec!["impact = \"block\"".to_owned()], "requires a \"database_connection\""),
        (vec!["impact = \"never\"".to_owned()], "must be one of"),
        (vec![format!("database_connection {{\n host = {:?}\n}}", scene.host)], "auth = \"iam\" needs \"username\""),
    ] {
        scene.resource(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let error = scene.tf.plan_fails().error();
        assert!(error.detail.contains(text), "{error:?}");
    }
}
