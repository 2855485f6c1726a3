//! Invalid input and invalid surroundings: one clear diagnostic each, and nothing is changed.

use std::net::TcpListener;
use std::time::Duration;

use crate::iam_db_user_policy::{IT, POLICY, Scene, document};

/// A replacement in [`POLICY`], and its error: summary, part of the detail, beginning of the line at fault.
struct Mistake<'a>(&'a str, &'a str, &'static str, &'a str, &'a str);

#[test]
fn a_malformed_configuration() {
    let scene = Scene::new("");
    let long = "u".repeat(81);
    let long_user = format!("\"{long}\"");
    let block = "  connect {\n    resource_id = \"db-ORDERS\"\n    db_users    = [\"app\", \"reports\"]\n  }\n";
    let mistakes = [
        Mistake("db-ORDERS", "orders", "Invalid attribute value", "DB instance or cluster identifier", "resource_id"),
        Mistake("db-ORDERS", "db-orders", "Invalid attribute value", "did you mean \"db-ORDERS\"", "resource_id"),
        Mistake("db-ORDERS", "DB-ORDERS", "Invalid attribute value", "did you mean \"db-ORDERS\"", "resource_id"),
        Mistake("db-ORDERS", "arn:aws:s3:::orders", "Invalid attribute value", "is an ARN", "resource_id"),
        Mistake(
            "db-ORDERS",
            "orders.a.us-east-1.rds.amazonaws.com",
            "Invalid attribute value",
            "host name",
            "resource_id",
        ),
        Mistake("db-ORDERS", "", "Invalid attribute value", "is empty", "resource_id"),
        Mistake("\"app\", \"reports\"", "", "Invalid attribute value", "at least 1 element", "db_users"),
        Mistake("\"reports\"", &long_user, "Invalid attribute value", "81 characters is too long", "db_users"),
        Mistake("\"reports\"", "\"a/b\"", "Invalid attribute value", "a slash", "db_users"),
        Mistake("role = \"app\"", "role = \"app\"\n  user = \"app\"", "Conflicting arguments", "Only one of", "user"),
        Mistake(
            "role = \"app\"",
            "",
            "Missing required argument",
            "One of \"role\", \"user\" and \"group\"",
            "resource \"",
        ),
        Mistake("role = \"app\"", "role = \"a b\"", "Invalid attribute value", "", "role"),
        Mistake(
            "\"reports\"]",
            "\"reports\"]\n    region = \"us-east-1a\"",
            "Invalid attribute value",
            "Availability Zone",
            "region",
        ),
        Mistake(
            "\"reports\"]",
            "\"reports\"]\n    account_id = \"1\"",
            "Invalid attribute value",
            "twelve digits",
            "account_id",
        ),
        Mistake(block, "", "Insufficient connect blocks", "", "resource \""),
    ];
    for Mistake(right, wrong, summary, detail, line) in mistakes {
        scene.configure(&POLICY.replace(right, wrong));
        scene.tf.run(&["validate", "-json"]).expect_code(1).assert_error(summary, detail, line);
    }
    scene.configure(&[POLICY, "provider \"rdsauth\" {\n  insecure = true\n}\n"].concat());
    let run = scene.tf.run(&["validate", "-json"]).expect_code(1);
    run.assert_error("Certificates must be verified", "\"custom_ca_bundle\"", "insecure");
    assert_eq!(scene.account.operations(), [""; 0]);
}

#[test]
fn a_policy_over_the_quota() {
    let users = |count: usize| (0..count).map(|n| format!("\"user{n:04}\"")).collect::<Vec<_>>().join(", ");
    let small = "connect {\n    resource_id = \"db-A\"\n    db_users = [\"a\"]\n  }\n  connect {";
    let scene = Scene::new(&POLICY.replace("\"reports\"", &users(200)).replace("connect {", small));
    scene.tf.plan_fails().assert_error(
        "Policy is too long",
        "IAM allows 10240",
        "db_users    = [\"app\", \"user0000\"",
    );
    scene.configure(&POLICY.replace("role", "user").replace("\"reports\"", &users(40)));
    scene.tf.plan_fails().assert_error("Policy is too long", "IAM allows 2048", "db_users");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn a_full_role() {
    let scene = Scene::new(POLICY);
    let other = document(&[&"x".repeat(10_000)]);
    scene.account.put_policy("role/app", "other", &other);
    let own = scene.expected().to_string().len();
    let figures = format!("This one has {own}, and the others have more than {}", 10_240 - own);
    let run = scene.tf.apply_fails();
    for detail in ["LimitExceeded", "\"role/app\" together may have 10240", &figures, "remove other inline policies"] {
        run.assert_error("Cannot write the policy", detail, "role = \"app\"");
    }
    assert_eq!(scene.account.policies("role/app").into_keys().collect::<Vec<_>>(), ["other"]);
    assert!(scene.account.calls().iter().all(|call| !(call.is_write && call.took_effect)));
}

#[test]
fn an_absent_role() {
    let scene = Scene::new(&POLICY.replace("role = \"app\"", "role = \"none\""));
    scene.tf.ok(&["plan"]).expect_text("Warning: IAM principal not found").expect_text(&scene.account.id);
    let run = scene.tf.apply_fails();
    run.assert_error("Cannot write the policy", &format!("account {}", scene.account.id), "role = \"none\"");
    assert!(run.elapsed < Duration::from_secs(30), "{}", run.report("too slow"));
    assert_eq!(scene.account.writes(), [""; 0]);
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
}

#[test]
fn no_region() {
    let scene = Scene::new(POLICY).with_keys([("AWS_REGION", String::new())]);
    scene.tf.plan_fails().assert_error("Cannot configure access to AWS", "AWS_REGION", "connect");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn an_endpoint_that_cannot_be_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap().to_string();
    drop(listener);
    let scene = Scene::new(POLICY).with_keys([("AWS_ENDPOINT_URL", format!("http://{nobody}"))]);
    let given = POLICY.replace("db_users ", "account_id = \"001234567890\"\n    db_users ");
    scene.configure(&given);
    let run = scene.tf.apply_fails();
    run.assert_error("Cannot write the policy", &format!("\"{nobody}\": no connection"), "role = \"app\"");
    assert!(run.elapsed < Duration::from_secs(40), "{}", run.report("too slow"));

    // Without the account a plan can only guess, and says so.
    scene.configure(&[POLICY, "provider \"rdsauth\" {\n  max_retries = 1\n}\n"].concat());
    let run = scene.tf.run(&["plan", "-json"]).expect_code(0);
    let warnings: Vec<_> = run.diagnostics().into_iter().map(|found| (found.severity, found.summary)).collect();
    assert_eq!(warnings, [("warning".to_owned(), "Cannot reach AWS".to_owned())]);
}

#[test]
fn expired_credentials() {
    let scene = Scene::new(POLICY);
    let expired = scene.account.session("app", -60);
    let scene = scene.with_keys(expired);
    let run = scene.tf.plan_fails();
    run.assert_error("AWS credentials have expired", "The session of these credentials has ended", "connect");
    scene.configure(&POLICY.replace("db_users ", "account_id = \"001234567890\"\n    db_users "));
    let run = scene.tf.apply_fails();
    run.assert_error("Cannot write the policy", "The session of these credentials has ended", "role = \"app\"");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn no_credentials() {
    let scene = Scene::new(POLICY).with_keys([("AWS_ACCESS_KEY_ID", String::new())]);
    scene.tf.plan_fails().assert_error("Cannot find AWS credentials", "AWS_ACCESS_KEY_ID", "connect");
    let wrong = ("AWS_SECRET_ACCESS_KEY", "wrong".to_owned());
    let scene = Scene::new(POLICY).with_keys([wrong]);
    scene.tf.plan_fails().assert_error("AWS does not accept the credentials", "SignatureDoesNotMatch", "connect");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn a_wrong_account() {
    let provider = |ids: &str| format!("provider \"rdsauth\" {{\n  {ids} = [\"001234567890\"]\n}}\n");
    let scene = Scene::new(POLICY);
    // The account of the database does not make the account of the credentials the right one.
    let given = POLICY.replace("db_users ", "account_id = \"001234567890\"\n    db_users ");
    for (policy, line) in [(POLICY, "connect"), (given.as_str(), "account_id")] {
        scene.configure(&[policy, &provider("allowed_account_ids")].concat());
        scene.tf.plan_fails().assert_error("AWS account not allowed", &scene.account.id, line);
    }
    assert_eq!(scene.account.operations().iter().filter(|name| *name != "GetCallerIdentity").count(), 0);
    scene.configure(&[given.as_str(), &provider("forbidden_account_ids")].concat());
    scene.tf.plan().assert_creates(IT);
}

#[test]
fn denied_access_names_the_action() {
    let scene = Scene::new(&POLICY.replace("db_users ", "account_id = \"001234567890\"\n    db_users "));
    let powerless = scene.account.session("app", 3600);
    let scene = scene.with_keys(powerless);
    scene.tf.apply_fails().assert_error("Cannot write the policy", "\"iam:GetRolePolicy\"", "role = \"app\"");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn a_database_in_another_partition() {
    let scene = Scene::new(&POLICY.replace("db_users ", "region = \"cn-north-1\"\n    db_users "));
    scene.tf.plan_fails().assert_error("Database in another partition", "partition \"aws-cn\"", "region");
    assert_eq!(scene.account.writes(), [""; 0]);
}
