//! Several writers of one policy at the same time.

use std::thread;

use serde_json::{Value, json};

use crate::kms_key_user::{GRANTEE, Scene, USER, foreign};
use crate::support::process::Running;
use crate::support::terraform::Terraform;

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

/// Applies, and runs `meanwhile` while a call is under way: before it takes effect, or after.
fn apply_while(scene: &Scene, operation: &str, when: &str, meanwhile: impl FnOnce()) {
    scene.account.forget_calls();
    let rule = json!({ "operation": operation, "fault": "delay", "seconds": 3, "when": when, "times": 1 });
    scene.account.fault(rule);
    let apply: Running = scene.tf.start(&APPLY);
    scene.account.wait_for_call(operation, when == "after");
    meanwhile();
    apply.wait().expect_code(0);
}

fn has(scene: &Scene, statement: &Value) -> bool {
    scene.statements().0.contains(statement)
}

#[test]
fn thirty_two_users_by_four_processes() {
    let scene = Scene::new("");
    let before = foreign(&scene.account, "Before");
    scene.put_statement(&before);
    (0..32).for_each(|index| scene.account.add(&format!("role/app{index}")));
    let folders: Vec<_> = (0..4)
        .map(|folder| {
            // One user on one machine: the home is the same, everything else may differ.
            let home = scene.tf.path();
            let tf = Terraform::of(&scene.account).env("HOME", home.display());
            let tf = tf.env("XDG_RUNTIME_DIR", format!("/run/user/{folder}"));
            let users = USER.replace("role/app", &format!("role/app${{count.index + {}}}", 8 * folder));
            tf.initialised(&scene.filled(&users.replace("  principal", "  count = 8\n  principal")))
        })
        .collect();
    let runs: Vec<_> = folders.iter().map(|tf| tf.start(&APPLY)).collect();
    for run in runs {
        run.wait().expect_code(0).expect_text("8 added");
    }
    let after = foreign(&scene.account, "After");
    scene.put_statement(&after);
    assert_eq!(scene.statements().1.len(), 32);
    assert!(has(&scene, &before) && has(&scene, &after));
    assert_eq!(scene.account.writes().iter().filter(|call| *call == "PutKeyPolicy").count(), 32, "none was undone");
    for tf in &folders {
        tf.assert_plan_empty();
    }
    let runs: Vec<_> = folders.iter().map(|tf| tf.start(&["destroy", "-auto-approve"])).collect();
    for run in runs {
        run.wait().expect_code(0).expect_text("8 destroyed");
    }
    assert_eq!(scene.statements().1, [json!(null); 0]);
    assert!(has(&scene, &before) && has(&scene, &after));
}

#[test]
fn a_foreign_write_that_undoes_ours_is_merged() {
    let scene = Scene::new(USER);
    let mut policy = scene.account.key_policy(&scene.key);
    let statement = foreign(&scene.account, "Foreign");
    policy["Statement"].as_array_mut().unwrap().push(statement.clone());
    apply_while(&scene, "PutKeyPolicy", "after", || {
        assert_eq!(scene.statements().1.len(), 1, "ours was there");
        scene.account.put_key_policy(&scene.key, &policy);
    });
    assert!(has(&scene, &statement));
    assert_eq!(scene.account.writes(), ["PutKeyPolicy", "PutKeyPolicy"]);
    scene.assert_settled();
}

#[test]
fn what_is_written_between_our_read_and_our_write_is_lost() {
    let scene = Scene::new(USER);
    let statement = foreign(&scene.account, "Foreign");
    apply_while(&scene, "PutKeyPolicy", "before", || scene.put_statement(&statement));
    assert!(!has(&scene, &statement), "KMS can do better now: say so in the documentation");
    scene.assert_settled();
}

#[test]
fn a_grant_loses_nothing() {
    for when in ["before", "after"] {
        let scene = Scene::new(GRANTEE);
        let statement = foreign(&scene.account, "Foreign");
        apply_while(&scene, "CreateGrant", when, || scene.put_statement(&statement));
        assert!(has(&scene, &statement));
        assert_eq!(scene.grants().len(), 1);
        scene.tf.assert_plan_empty();
        scene.tf.destroy();
        assert!(has(&scene, &statement));
    }
}

#[test]
fn a_writer_that_always_undoes_ours_is_reported() {
    let scene = Scene::new(USER);
    let before = scene.account.key_policy(&scene.key);
    let rule = json!({ "operation": "PutKeyPolicy", "fault": "delay", "seconds": 0.3, "when": "after" });
    scene.account.fault(rule);
    let error = thread::scope(|scope| {
        let apply = scope.spawn(|| scene.tf.apply_fails().error());
        for count in 0.. {
            // Not the policy as it was, which KMS may show for a while after a write.
            let mut policy = before.clone();
            policy["Id"] = json!(count.to_string());
            scene.account.put_key_policy(&scene.key, &policy);
            if apply.is_finished() {
                break;
            }
        }
        apply.join().unwrap()
    });
    assert_eq!(error.summary, "Cannot change the key's policy");
    assert!(error.detail.contains("5 times, the statement was missing"), "{error:?}");
    assert_eq!(scene.account.writes().len(), 5);
    scene.account.end_faults();
    scene.tf.apply();
    scene.assert_settled();
}

#[test]
fn a_policy_that_was_replaced_a_moment_ago_is_not_built_upon() {
    let scene = Scene::new(USER);
    let Scene { tf, account, .. } = &scene;
    account.add("role/app2");
    let second = USER.replace("\"it\"", "\"second\"").replace("role/app", "role/app2");
    let late = |operation: &str, times: u32| {
        account.fault(json!({ "service": "kms", "operation": operation, "fault": "stale", "times": times }));
    };
    // Each write becomes visible after twelve reads: those of the first user, and those of the second one.
    late("GetKeyPolicy", 12);
    tf.apply();
    account.end_faults();
    scene.put_statement(&foreign(account, "Foreign"));
    late("GetKeyPolicy", 24);
    scene.configure(&format!("{USER}{second}"));
    account.forget_calls();
    tf.apply().expect_text("1 added");
    assert_eq!(account.writes(), ["PutKeyPolicy"], "nobody has undone it");
    account.end_faults();
    assert_eq!(scene.statements().1.len(), 2);
    tf.assert_plan_empty();
    tf.destroy();
    assert!(has(&scene, &foreign(account, "Foreign")));
}

#[test]
fn two_users_by_two_processes_while_kms_lags() {
    let scene = Scene::new("");
    ["role/app0", "role/app1"].iter().for_each(|role| scene.account.add(role));
    let folders = ["app0", "app1"].map(|role| {
        let user = scene.filled(&USER.replace("role/app", &format!("role/{role}")));
        Terraform::of(&scene.account).env("HOME", scene.tf.path().display()).initialised(&user)
    });
    let rule = json!({ "service": "kms", "operation": "GetKeyPolicy", "fault": "stale", "reads": 12 });
    scene.account.fault(rule);
    scene.account.forget_calls();
    folders.each_ref().map(|tf| tf.start(&APPLY)).into_iter().for_each(|run| drop(run.wait().expect_code(0)));
    scene.account.end_faults();
    assert_eq!(scene.statements().1.len(), 2);
    assert_eq!(scene.account.writes(), ["PutKeyPolicy", "PutKeyPolicy"]);
    folders.iter().for_each(Terraform::assert_plan_empty);
}
