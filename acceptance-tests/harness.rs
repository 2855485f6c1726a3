//! Tests of the harness itself, with `terraform_data`, which needs no plugin.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::binaries::binary;
use crate::support::engine::Feature;
use crate::support::eventually;
use crate::support::rdsauth::REQUIRED;
use crate::support::terraform::{Terraform, on_each_engine};

const ONE: &str = r#"
resource "terraform_data" "one" {
  input            = { names = ["a", "b"] }
  triggers_replace = "first"
}
output "input" { value = terraform_data.one.output }
"#;

#[test]
fn a_resource_from_plan_to_destroy() {
    on_each_engine(|tf| {
        tf.write("main.tf", ONE);
        tf.init();
        let plan = tf.plan();
        plan.assert_creates("terraform_data.one");
        assert_eq!(plan.value("terraform_data.one", "input.names.1"), json!("b"));
        assert!(plan.is_unknown("terraform_data.one", "id"));
        tf.apply().expect_text("1 added");
        tf.assert_plan_empty();
        tf.plan().assert_keeps("terraform_data.one");
        assert_eq!(tf.state_value("terraform_data.one", "input.names"), json!(["a", "b"]));
        assert_eq!(tf.state().output("input"), json!({ "names": ["a", "b"] }));

        tf.write("main.tf", &ONE.replace("\"b\"", "\"c\""));
        tf.plan().assert_updates("terraform_data.one");
        tf.write("main.tf", &ONE.replace("first", "second"));
        tf.plan().assert_replaces("terraform_data.one");
        assert_eq!(tf.plan().replaced_because_of("terraform_data.one"), ["triggers_replace"]);
        tf.plan_with(&["-destroy"]).assert_deletes("terraform_data.one");

        tf.ok(&["taint", "terraform_data.one"]);
        assert!(tf.state().is_tainted("terraform_data.one"));
        tf.destroy();
    });
}

#[test]
fn folders_beside_each_other_run_at_once() {
    on_each_engine(|tf| {
        tf.write("terraform.tf", "variable \"me\" {}\n");
        tf.init();
        let meeting = tf.path();
        // Each waits for the other, so that neither ends if they run one after the other.
        let main = r#"resource "terraform_data" "it" {
            provisioner "local-exec" {
                command = "touch MEETING/${var.me}.here; until [ -e MEETING/0.here -a -e MEETING/1.here ]; do sleep 0.01; done"
            }
        }"#;
        let folders = ["0", "1"].map(|me| tf.beside().env("TF_VAR_me", me));
        folders.iter().for_each(|tf| tf.write("main.tf", &main.replace("MEETING", &meeting.display().to_string())));
        for run in Terraform::run_together(&folders, &["apply", "-auto-approve"]) {
            run.expect_code(0);
        }
        folders.iter().for_each(|tf| assert_eq!(tf.state().addresses(), ["terraform_data.it"]));
        assert_eq!(tf.state().addresses(), [""; 0]);
    });
}

#[test]
fn import_brings_an_object_into_the_state() {
    on_each_engine(|tf| {
        tf.write("main.tf", "resource \"terraform_data\" \"one\" {}");
        tf.init();
        tf.import("terraform_data.one", "an-id");
        assert_eq!(tf.state().addresses(), ["terraform_data.one"]);
        assert_eq!(tf.state_value("terraform_data.one", "id"), json!("an-id"));
        tf.ok(&["state", "rm", "terraform_data.one"]);
        assert_eq!(tf.ok(&["state", "list"]).stdout, "");
    });
}

#[test]
fn diagnostics_are_read_from_json() {
    on_each_engine(|tf| {
        tf.write("main.tf", "resource \"terraform_data\" \"one\" {\n  wrong = 1\n}");
        tf.init();
        for run in [tf.plan_fails(), tf.apply_fails(), tf.run(&["validate", "-json"]).expect_code(1)] {
            let error = run.error();
            assert_eq!((error.severity.as_str(), error.summary.as_str()), ("error", "Unsupported argument"));
            assert_eq!(error.code, "wrong = 1");
            assert!(error.detail.contains("\"wrong\""), "{error:?}");
        }
    });
}

#[test]
fn an_unexpected_outcome_is_reported_in_full() {
    let tf = Terraform::new();
    tf.write("main.tf", "output \"o\" { value = 1 }");
    tf.init();
    let message = failure(|| tf.assert_plan_empty());
    for part in ["an empty plan was expected", "plan -detailed-exitcode", "exit code: 2", "Changes to Outputs"] {
        assert!(message.contains(part), "{part:?} is missing in {message}");
    }
    let message = failure(|| drop(tf.ok(&["no-such-command"])));
    assert!(message.contains("exit code: 1") && message.contains("no-such-command"), "{message}");
    assert!(failure(|| tf.plan().assert_creates("terraform_data.none")).contains("is not in the plan"));
    assert!(failure(|| drop(tf.state_value("terraform_data.none", "id"))).contains("is not in the state"));
    assert!(failure(|| drop(tf.read("none.tf"))).contains("cannot read none.tf"));
}

#[test]
fn the_machine_does_not_reach_the_cli() {
    let tf = Terraform::new().env("GREETING", "hello").env("TF_VAR_given", 42);
    tf.write(
        "main.tf",
        r#"
        variable "given" {}
        output "given" { value = var.given }
        resource "terraform_data" "one" {
          provisioner "local-exec" { command = "env > env.txt" }
        }"#,
    );
    tf.init();
    tf.apply();
    assert_eq!(tf.state().output("given"), json!("42"));
    let environment = tf.read("env.txt");
    let names = || environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    let shell = ["OLDPWD", "PWD", "SHLVL", "_"];
    let mut names: Vec<_> = names().filter(|name| !shell.contains(name)).collect();
    names.sort_unstable();
    assert_eq!(names, ["GOGC", "GREETING", "HOME", "PATH", "TF_CLI_CONFIG_FILE", "TF_INPUT", "TF_VAR_given", "TMPDIR"]);
    let root = tf.path().parent().unwrap().display().to_string();
    for own in ["HOME=ROOT/home", "TMPDIR=ROOT/tmp", "TF_CLI_CONFIG_FILE=ROOT/cli.tfrc"] {
        assert!(
            environment.lines().any(|line| line == own.replace("ROOT", &root)),
            "{own} is missing in {environment}"
        );
    }
}

/// Any of these would end a command in an error, or change its behaviour.
const HOSTILE: [(&str, &str); 9] = [
    ("AWS_CA_BUNDLE", "/absent/bundle.pem"),
    ("AWS_PROFILE", "absent"),
    ("HTTPS_PROXY", "http://127.0.0.1:1"),
    ("TF_CLI_ARGS", "-absent"),
    ("TF_CLI_CONFIG_FILE", "/absent/cli.tfrc"),
    ("TF_DATA_DIR", "/absent/data"),
    ("TF_PLUGIN_CACHE_DIR", "/absent/cache"),
    ("TF_REATTACH_PROVIDERS", "absent"),
    ("TF_WORKSPACE", "absent"),
];

#[test]
fn a_hostile_machine_does_not_reach_it_either() {
    for test in [
        "harness::the_machine_does_not_reach_the_cli",
        "harness::the_version_of_an_engine_is_known",
        "demo::limits::a_running_plugin_is_attached_to",
    ] {
        let mut command = Command::new(env::current_exe().expect("the tests themselves"));
        command.args([test, "--exact"]).envs(HOSTILE);
        let output = command.output().expect("the tests start");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{test}:\n{text}");
    }
}

#[test]
fn a_secret_that_leaks_is_found() {
    let tf = Terraform::new();
    tf.write("main.tf", "resource \"terraform_data\" \"one\" { input = sensitive(\"opensesame\") }");
    tf.init();
    tf.run(&["plan"]).expect_text("(sensitive value)");
    tf.assert_nowhere("opensesame");
    tf.apply();
    assert!(failure(|| tf.assert_nowhere("opensesame")).contains("terraform.tfstate contains"));
    let printed = Terraform::new();
    printed.run(&["swordfish"]);
    assert!(failure(|| printed.assert_nowhere("swordfish")).contains("stderr contains"));
}

#[test]
fn the_version_of_an_engine_is_known() {
    on_each_engine(|tf| assert!(tf.version() >= (1, 5), "{:?}", tf.engine()));
}

#[test]
fn a_test_knows_what_its_cli_lacks() {
    let clis = [Feature::ImportByIdentity, Feature::Query, Feature::Actions];
    assert_eq!(clis.map(|feature| feature.since("terraform")), [Some((1, 12)), Some((1, 14)), Some((1, 14))]);
    assert_eq!(clis.map(|feature| feature.since("tofu")), [Some((1, 12)), None, None]);
    on_each_engine(|tf| {
        let expected = tf.version() >= (1, 12);
        assert_eq!(tf.has(Feature::ImportByIdentity), expected);
        let address = tf.address("registry.terraform.io/a/b");
        let host = if tf.engine().name == "tofu" { "registry.opentofu.org" } else { "registry.terraform.io" };
        assert_eq!((address, tf.address("example.com/a/b")), (format!("{host}/a/b"), "example.com/a/b".to_owned()));
    });
}

#[test]
fn the_folder_goes_with_the_test() {
    let tf = Terraform::default();
    let folder = tf.path();
    tf.write("module/main.tf", "");
    tf.remove("module/main.tf");
    assert!(folder.join("module").is_dir());
    drop(tf);
    assert!(!folder.exists());
}

#[test]
fn init_finds_providers_in_the_mirror_alone() {
    on_each_engine(|tf| {
        let tf = tf
            .provider("registry.terraform.io/rdsauth/rdsauth", binary("terraform-provider-rdsauth"))
            .provider_version("registry.terraform.io/other/thing", "3.2.1", binary("terraform-provider-rdsauth"));
        let required = |source: &str| {
            let source = tf.address(source);
            format!("terraform {{\n  required_providers {{\n    it = {{ source = {source:?} }}\n  }}\n}}")
        };
        tf.write("main.tf", &required("registry.terraform.io/rdsauth/rdsauth"));
        tf.init();
        assert!(is_locked(&tf, "registry.terraform.io/rdsauth/rdsauth", "0.1.0"));
        tf.write("main.tf", &required("registry.terraform.io/other/thing"));
        tf.init();
        assert!(is_locked(&tf, "registry.terraform.io/other/thing", "3.2.1"));
        tf.write("main.tf", &required("registry.terraform.io/hashicorp/null"));
        tf.run(&["init"]).expect_code(1).expect_text("hashicorp/null");
    });
}

#[test]
fn init_finds_what_make_install_has_installed() {
    on_each_engine(|tf| {
        let home = tf.path().with_file_name("home");
        // The steps of the target after its release build, with the binaries that the tests have built.
        let commands = in_checkout(&home, "make --dry-run --no-print-directory install");
        let install = commands.lines().find(|line| line.starts_with("scripts/install ")).expect("what installs");
        let release = install.split(' ').nth(1).expect("the binary");
        let built = binary("terraform-provider-rdsauth").display().to_string();
        let installed = in_checkout(&home, &install.replace(release, &built));
        assert!(installed.contains(&home.join(".terraform.d/plugins").display().to_string()), "{installed}");

        tf.write("empty.tfrc", "");
        let configuration = tf.path().join("empty.tfrc");
        let tf = tf.env("TF_CLI_CONFIG_FILE", configuration.display()).env("CHECKPOINT_DISABLE", 1);
        tf.write("main.tf", REQUIRED);
        tf.init();
        assert!(is_locked(&tf, "registry.terraform.io/rdsauth/rdsauth", env!("CARGO_PKG_VERSION")));
        tf.ok(&["validate"]);
    });
}

#[test]
fn ctrl_c_reaches_a_command_under_way() {
    on_each_engine(|tf| {
        tf.write("main.tf", SLOW);
        tf.init();
        let mut apply = tf.start(&["apply", "-auto-approve"]);
        apply.wait_for("started");
        apply.interrupt();
        let run = apply.wait().expect_code(1).expect_text("Interrupt received");
        assert!(run.elapsed < Duration::from_secs(20), "{}", run.report("too slow"));
    });
}

#[test]
fn sigterm_stops_a_command_under_way() {
    let tf = Terraform::new();
    tf.write("main.tf", SLOW);
    tf.init();
    let mut apply = tf.start(&["apply", "-auto-approve"]);
    apply.wait_for("started");
    apply.terminate();
    apply.wait().expect_code(1);
    assert!(tf.state().is_tainted("terraform_data.slow"));
}

#[test]
fn a_process_of_a_command_can_be_measured_and_killed() {
    let tf = Terraform::new();
    tf.write("main.tf", SLOW);
    tf.init();
    let apply = tf.start(&["apply", "-auto-approve"]);
    let limit = Duration::from_secs(30);
    let sleeper =
        eventually("the provisioner", limit, || apply.children().into_iter().find(|child| child.name == "sleep"));
    let memory = sleeper.peak_memory().unwrap();
    assert!((100_000..50_000_000).contains(&memory), "{memory} bytes");
    assert_eq!(apply.providers(), []);
    sleeper.kill();
    apply.wait().expect_code(1).expect_text("local-exec provisioner error");
    eventually("its end", limit, || sleeper.peak_memory().is_none().then_some(()));
}

#[test]
fn a_command_that_ends_too_early_is_no_endless_wait() {
    let tf = Terraform::new();
    let message = failure(|| tf.start(&["version"]).wait_for("a text that never comes"));
    assert!(
        message.contains("ended without") && ["Terraform v", "OpenTofu v"].iter().any(|it| message.contains(it)),
        "{message}"
    );
}

#[test]
fn a_dropped_command_is_killed() {
    let tf = Terraform::new();
    tf.write("main.tf", SLOW);
    tf.init();
    let mut apply = tf.start(&["apply", "-auto-approve"]);
    apply.wait_for("started");
    let children = apply.children();
    assert!(!children.is_empty());
    drop(apply);
    for child in children {
        eventually("its end", Duration::from_secs(30), || child.peak_memory().is_none().then_some(()));
    }
}

#[test]
fn binaries_are_built_and_found_by_name() {
    let path = binary("terraform-provider-rdsauth");
    assert!(path.is_file(), "{}", path.display());
    let message = failure(|| drop(binary("no-such-program")));
    assert!(message.contains("no-such-program") && message.contains("terraform-provider-rdsauth"), "{message}");
}

/// An apply that prints `started` and then takes longer than any test waits. The word is split because the CLI shows
/// the command before it starts it.
const SLOW: &str = r#"
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "echo sta''rted; exec sleep 100" }
}
"#;

/// Whether `init` has installed this version of a provider.
fn is_locked(tf: &Terraform, address: &str, version: &str) -> bool {
    let lock = tf.read(".terraform.lock.hcl");
    let block = lock.split("provider ").find(|block| block.starts_with(&format!("{:?}", tf.address(address))));
    block.is_some_and(|block| block.contains(&format!("{version:?}")))
}

/// The output of a shell command that a user with this home runs in the checkout.
fn in_checkout(home: &Path, line: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).env_clear().env("HOME", home);
    let output = command.envs(env::var_os("PATH").map(|path| ("PATH", path))).output().expect("sh starts");
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The message of the panic that ends `act`.
fn failure(act: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(act)).expect_err("it should have failed");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().map_or(String::new(), |message| (*message).to_owned()),
    }
}
