//! Large things, and a plugin that is already running.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::demo::{ADDRESS, configure, demo, exists, install, remote};
use crate::support::binaries::binary;
use crate::support::terraform::Terraform;

#[test]
fn a_value_of_six_megabytes_makes_the_round() {
    let tf = demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n  nickname = file(\"${path.root}/big.txt\")\n}");
    tf.write("big.txt", &"0123456789abcdef".repeat(6 * 65536));
    tf.apply();
    tf.assert_plan_empty();
    assert_eq!(remote(&tf, "pet/rex")["nickname"].as_str().map(str::len), Some(6 * 1024 * 1024));
    tf.destroy();
}

#[test]
fn a_schema_of_five_hundred_types_is_served() {
    let tf = install(Terraform::new()).env("DEMO_TYPES", 500);
    configure(&tf, "resource \"demo_pet_499\" \"rex\" {\n  name = \"rex\"\n  toy { kind = \"ball\" }\n}");
    tf.init();
    tf.apply();
    tf.assert_plan_empty();
    let schema: serde_json::Value = serde_json::from_str(&tf.ok(&["providers", "schema", "-json"]).stdout).unwrap();
    let types = &schema["provider_schemas"][tf.address("registry.terraform.io/example/demo")]["resource_schemas"];
    assert_eq!(types.as_object().map(serde_json::Map::len), Some(504));
    assert_eq!(types["demo_pet_7"]["version"], json!(1));
    tf.destroy();
}

#[test]
fn a_running_plugin_is_attached_to() {
    let tf = Terraform::new();
    let mut plugin = Plugin::start(&tf);
    // OpenTofu looks for it under the address that it has in its own registry.
    let attached = plugin.reattach().replace(ADDRESS, &tf.address(ADDRESS));
    let tf = tf.env("TF_REATTACH_PROVIDERS", attached);
    configure(&tf, "resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n}");
    tf.init();
    tf.apply();
    assert!(exists(&tf, "pet/rex"));
    tf.assert_plan_empty();
    assert!(plugin.0.try_wait().unwrap().is_none(), "it outlives the commands");
    tf.destroy();
}

/// The example provider, started by hand in the folder of a configuration.
struct Plugin(Child);

impl Plugin {
    fn start(tf: &Terraform) -> Self {
        let mut command = Command::new(binary("demo_provider"));
        // Its socket remains when it is killed, and is deleted with the folder.
        command.arg("-debug").current_dir(tf.path()).env_clear().env("TMPDIR", tf.path());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// The value that it asks the user to set.
    fn reattach(&mut self) -> String {
        let mut lines = BufReader::new(self.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("TF_REATTACH_PROVIDERS=")).expect("a line to copy");
        line.split_once('=').map(|(_, value)| value.trim().trim_matches('\'').to_owned()).unwrap()
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
