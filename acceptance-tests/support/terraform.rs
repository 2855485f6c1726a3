//! The real CLI in a folder of its own: it gets nothing from the machine except PATH.
//!
//! ```text
//! let tf = Terraform::of(&Account::new());
//! tf.write("main.tf", r#"resource "rdsauth_x" "y" {}"#);
//! tf.init();
//! tf.plan().assert_creates("rdsauth_x.y");
//! tf.apply();
//! tf.assert_plan_empty();
//! tf.destroy();
//! ```

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Engine, Feature, engines, skip};
use crate::support::output::{Plan, Run, State};
use crate::support::process::Running;

/// A working folder with its own HOME, TMPDIR, CLI configuration and provider mirror.
///
/// Every method that runs the CLI fails the test with the command, its exit code and all its output if the result is
/// not the one in the method's name; only [`Terraform::run`] accepts any.
#[derive(Clone, Debug)]
pub struct Terraform {
    engine: Engine,
    root: Arc<TempDir>,
    /// The folder with home, temporary files, mirror and CLI configuration: this one, or the one it is beside.
    machine: Arc<TempDir>,
    environment: BTreeMap<String, OsString>,
    /// Addresses of the providers that are used where they are, without being installed.
    overridden: Vec<String>,
}

/// Runs `test` once for each CLI, in a fresh folder each time.
pub fn on_each_engine(test: impl Fn(Terraform)) {
    for engine in engines() {
        test(Terraform::with(engine));
    }
}

impl Terraform {
    /// The first CLI: that of `RDSAUTH_TEST_CLIS`, or else `terraform` where it is installed.
    pub fn new() -> Self {
        Self::with(engines().swap_remove(0))
    }

    /// A fresh folder for `engine`.
    pub fn with(engine: Engine) -> Self {
        let root = folders(&["home", "logs", "mirror", "tmp", "work"]);
        let tf = Self { engine, machine: root.clone(), root, environment: BTreeMap::new(), overridden: Vec::new() };
        tf.configure_cli();
        tf
    }

    /// Major and minor version of the CLI, such as `(1, 11)`.
    pub fn version(&self) -> (u32, u32) {
        let output = self.ok(&["version", "-json"]).stdout;
        let json: Value = serde_json::from_str(&output).expect("the version as JSON");
        let text = json["terraform_version"].as_str().unwrap_or_default();
        let mut parts = text.split('.').map_while(|part| part.parse().ok());
        match (parts.next(), parts.next()) {
            (Some(major), Some(minor)) => (major, minor),
            _ => panic!("{:?} has the unreadable version {text:?}", self.engine),
        }
    }

    /// Whether the CLI has a feature.
    pub fn knows(&self, feature: Feature) -> bool {
        feature.since(self.engine.name).is_some_and(|since| self.version() >= since)
    }

    /// Whether the CLI has a feature. If not, says so, and the test ends there.
    pub fn has(&self, feature: Feature) -> bool {
        let is_there = self.knows(feature);
        if !is_there {
            let (major, minor) = self.version();
            skip(&format!("{} {major}.{minor} lacks {feature:?}", self.engine.name));
        }
        is_there
    }

    /// Another working folder of the same user on the same machine, with the same configuration and variables, and
    /// no state. If this one is initialised, so is the other.
    pub fn beside(&self) -> Self {
        let other = Self { root: folders(&["logs", "work"]), ..self.clone() };
        for entry in fs::read_dir(self.path()).expect("the working folder") {
            let file = entry.expect("an entry of the folder");
            let name = file.file_name();
            if [".tf", ".tfvars", ".hcl"].iter().any(|end| name.to_string_lossy().ends_with(end)) {
                fs::copy(file.path(), other.path().join(name)).expect("a copy");
            }
        }
        let data = self.machine.path().join("work/.terraform");
        other.env("TF_DATA_DIR", data.display())
    }

    /// The same folder, with a home of its own.
    pub fn of_another_user(self) -> Self {
        let home = self.root.path().join("home");
        fs::create_dir_all(&home).expect("a folder of the test");
        self.env("HOME", home.display())
    }

    /// Lets a provider binary be the provider of `address` (`HOST/NAMESPACE/TYPE`), by a development override.
    ///
    /// Core hashes an installed provider as a whole in each command, which for an unoptimised binary takes longer than
    /// everything else in a test. An overridden one is started as it is, and `init` has nothing to install.
    pub fn overridden(mut self, address: &str, binary: impl AsRef<Path>) -> Self {
        let (name, address) = (address.rsplit('/').next().unwrap_or(address), self.address(address));
        place(
            binary.as_ref(),
            &self.machine.path().join("overrides").join(&address),
            &format!("terraform-provider-{name}"),
        );
        self.overridden.push(address);
        self.configure_cli();
        self
    }

    /// Installs a provider binary as version 0.1.0 of `address` (`HOST/NAMESPACE/TYPE`) into the mirror.
    pub fn provider(self, address: &str, binary: impl AsRef<Path>) -> Self {
        self.provider_version(address, "0.1.0", binary)
    }

    /// Installs a provider binary as a given version of `address` into the mirror.
    pub fn provider_version(self, address: &str, version: &str, binary: impl AsRef<Path>) -> Self {
        let name = address.rsplit('/').next().unwrap_or(address);
        let folder = self.machine.path().join("mirror").join(self.address(address)).join(version).join(platform());
        place(binary.as_ref(), &folder, &format!("terraform-provider-{name}_v{version}"));
        self
    }

    /// The address of a provider whose source is written without a host: each CLI has a registry of its own.
    pub fn address(&self, address: &str) -> String {
        match self.engine.name {
            "tofu" => address.replacen("registry.terraform.io/", "registry.opentofu.org/", 1),
            _ => address.to_owned(),
        }
    }

    /// Sets a variable for every later command.
    pub fn env(self, name: &str, value: impl ToString) -> Self {
        self.env_os(name, value.to_string())
    }

    /// Sets a variable, which need not be text, for every later command.
    pub fn env_os(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Sets several variables for every later command.
    pub fn envs(self, variables: impl IntoIterator<Item = (impl AsRef<str>, impl ToString)>) -> Self {
        variables.into_iter().fold(self, |tf, (name, value)| tf.env(name.as_ref(), value))
    }

    /// Gives input variables to every later command, and declares them in `variables.tf`.
    pub fn variables<'a>(self, variables: impl IntoIterator<Item = (&'a str, impl ToString)>) -> Self {
        let file = self.path().join("variables.tf");
        let mut declared = File::options().append(true).create(true).open(file).expect("the file of the variables");
        variables.into_iter().fold(self, |tf, (name, value)| {
            writeln!(declared, "variable \"{name}\" {{}}").expect("a declaration");
            tf.env(&format!("TF_VAR_{name}"), value)
        })
    }

    /// Removes a variable.
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Which CLI this is.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The folder that holds the configuration and the state.
    pub fn path(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Writes a file of the configuration, replacing an earlier one of that name.
    pub fn write(&self, name: &str, text: &str) {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder of the file");
        fs::write(&file, text).unwrap_or_else(|error| panic!("cannot write {name}: {error}"));
    }

    /// Reads a file of the working folder.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("cannot read {name}: {error}"))
    }

    /// Removes a file of the configuration.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap_or_else(|error| panic!("cannot remove {name}: {error}"));
    }

    /// Writes `main.tf` and runs `init`.
    #[track_caller]
    pub fn initialised(self, configuration: &str) -> Self {
        self.write("main.tf", configuration);
        self.init();
        self
    }

    /// `init`, only from the mirror; with overridden providers, of which there is nothing to install, `get`, and that
    /// only where there are modules.
    #[track_caller]
    pub fn init(&self) {
        if self.overridden.is_empty() {
            self.ok(&["init"]);
        } else if self.has_modules() {
            self.ok(&["get"]);
        }
    }

    /// `plan`, read back as JSON.
    #[track_caller]
    pub fn plan(&self) -> Plan {
        self.plan_with(&[])
    }

    /// `plan` with more options, such as `-destroy` or `-generate-config-out=…`, read back as JSON.
    #[track_caller]
    pub fn plan_with(&self, options: &[&str]) -> Plan {
        self.ok(&[&["plan", "-out=plan.bin"], options].concat());
        Plan(self.json(&["show", "-json", "plan.bin"]))
    }

    /// `plan -json` that must end in an error, or in several.
    #[track_caller]
    pub fn plan_fails(&self) -> Run {
        self.run(&["plan", "-json"]).expect_code(1)
    }

    /// Fails unless the next plan changes nothing, outputs included.
    #[track_caller]
    pub fn assert_plan_empty(&self) {
        let run = self.run(&["plan", "-detailed-exitcode"]);
        assert!(run.code == Some(0), "{}", run.report("an empty plan was expected"));
    }

    /// `apply` without asking.
    #[track_caller]
    pub fn apply(&self) -> Run {
        self.ok(&["apply", "-auto-approve"])
    }

    /// `apply -json` that must end in an error, or in several.
    #[track_caller]
    pub fn apply_fails(&self) -> Run {
        self.run(&["apply", "-auto-approve", "-json"]).expect_code(1)
    }

    /// `destroy` without asking; the state is empty afterwards.
    #[track_caller]
    pub fn destroy(&self) -> Run {
        let run = self.ok(&["destroy", "-auto-approve"]);
        let left = self.state().addresses();
        assert!(left.is_empty(), "destroy left {left:?}");
        run
    }

    /// `import` of an existing object.
    #[track_caller]
    pub fn import(&self, address: &str, id: &str) -> Run {
        self.ok(&["import", address, id])
    }

    /// Forgets an object, imports it again with an `import` block that has this identity, and expects that to be all.
    #[track_caller]
    pub fn import_by_identity(&self, address: &str, identity: &Value) {
        self.ok(&["state", "rm", address]);
        self.write("import.tf", &format!("import {{\n  to       = {address}\n  identity = {identity}\n}}\n"));
        self.apply().expect_text("1 imported, 0 added, 0 changed, 0 destroyed");
        self.remove("import.tf");
        self.assert_plan_empty();
    }

    /// `plan` that writes the configuration of what the `import` blocks of `main.tf` import.
    ///
    /// Terraform 1.16 finds a provider of another namespace than HashiCorp's for that only if the blocks name it, which no
    /// CLI allows any more once the resources are configured.
    #[track_caller]
    pub fn generate(&self, options: &[&str]) -> Run {
        let main = self.read("main.tf");
        self.write("main.tf", &with_providers(&main));
        let run = self.run(&[&["plan", "-generate-config-out=generated.tf"], options].concat());
        self.write("main.tf", &main);
        run
    }

    /// The present state.
    #[track_caller]
    pub fn state(&self) -> State {
        State::read(&fs::read_to_string(self.path().join("terraform.tfstate")).unwrap_or_default())
    }

    /// One attribute in the state, such as `connect.0.db_users`; null when it is missing.
    #[track_caller]
    pub fn state_value(&self, address: &str, attribute: &str) -> Value {
        self.state().value(address, attribute)
    }

    /// Fails if `secret` is in the state, in a log, or in any output of a command so far.
    ///
    /// A plan is included as far as [`Terraform::plan`] has read it back.
    #[track_caller]
    pub fn assert_nowhere(&self, secret: &str) {
        let mut folders = vec![self.path(), self.root.path().join("logs"), self.machine.path().join("home")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder of the test") {
                let path = entry.expect("an entry of the folder").path();
                let is_ours = path.extension().is_some_and(|extension| extension == "tf" || extension == "tfvars");
                if path.ends_with(".terraform/providers") {
                    continue; // Large, and installed before any secret was known.
                }
                if path.is_dir() {
                    folders.push(path);
                } else if !is_ours {
                    let text = fs::read(&path).expect("a file of the test");
                    let found = text.windows(secret.len()).any(|part| part == secret.as_bytes());
                    assert!(!found, "{} contains {secret:?}", path.display());
                }
            }
        }
    }

    /// Runs any command that must succeed.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> Run {
        self.run(arguments).expect_code(0)
    }

    /// Runs any command to its end, whatever the result.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).wait()
    }

    /// Starts any command and lets the test go on.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments), &self.root.path().join("logs"))
    }

    /// Runs a command in several folders at once, each in a process of its own, and waits for all.
    pub fn run_together(folders: &[Self], arguments: &[&str]) -> Vec<Run> {
        let running: Vec<_> = folders.iter().map(|folder| folder.start(arguments)).collect();
        running.into_iter().map(Running::wait).collect()
    }

    /// Whether a file of the configuration, or of its tests, uses a module.
    fn has_modules(&self) -> bool {
        let folders = [self.path(), self.path().join("tests")];
        let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let mut texts = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
        texts.any(|text| text.lines().any(|line| line.trim_start().starts_with("module ")))
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let run = self.ok(arguments);
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{}", run.report(&error.to_string())))
    }

    fn configure_cli(&self) {
        let machine = self.machine.path();
        let (mirror, overrides) = (machine.join("mirror"), machine.join("overrides"));
        let line = |address: &String| format!("    {address:?} = {:?}\n", overrides.join(address));
        let overridden: String = self.overridden.iter().map(line).collect();
        let config = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  dev_overrides {{\n{overridden}  }}\n  \
             filesystem_mirror {{\n    path    = {mirror:?}\n    include = [\"*/*/*\"]\n  }}\n}}\n"
        );
        fs::write(machine.join("cli.tfrc"), config).expect("the CLI configuration");
    }

    /// What a command of the CLI and the plugins it starts have in their environment.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let command = self.command(&[]);
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let machine = self.machine.path();
        let mut command = Command::new(&self.engine.path);
        command.args(arguments).arg("-no-color").current_dir(self.path()).env_clear();
        command.envs(env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", machine.join("home")).env("TMPDIR", machine.join("tmp"));
        command.env("TF_CLI_CONFIG_FILE", machine.join("cli.tfrc")).env("TF_INPUT", "0");
        // No command lives long enough to need the memory again that collecting garbage would free.
        command.env("GOGC", "off").envs(&self.environment);
        command
    }
}

impl Default for Terraform {
    fn default() -> Self {
        Self::new()
    }
}

/// Copies a binary into a folder under a name.
fn place(binary: &Path, folder: &Path, name: &str) {
    fs::create_dir_all(folder).expect("a folder for the provider");
    let placed = folder.join(name);
    // A hard link costs nothing and outlives a rebuild; across file systems only a copy is possible.
    if fs::hard_link(binary, &placed).is_err() {
        fs::copy(binary, &placed).unwrap_or_else(|error| panic!("cannot place {}: {error}", binary.display()));
    }
}

/// A temporary folder with folders in it.
fn folders(names: &[&str]) -> Arc<TempDir> {
    let root = tempfile::Builder::new().prefix("tf").tempdir().expect("a temporary folder");
    for name in names {
        fs::create_dir(root.path().join(name)).expect("a folder of the test");
    }
    Arc::new(root)
}

/// The platform of this machine in Terraform's terms, such as `linux_amd64`.
fn platform() -> String {
    let os = if env::consts::OS == "macos" { "darwin" } else { env::consts::OS };
    let arch = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}_{arch}")
}

/// The same with the provider in each `import` block, by the beginning of the resource's type.
fn with_providers(configuration: &str) -> String {
    let name = |line: &str| {
        let provider = line.trim().strip_prefix("to = ")?.split('_').next()?;
        Some(format!("{line}\n  provider = {provider}\n"))
    };
    configuration.lines().map(|line| name(line).unwrap_or_else(|| format!("{line}\n"))).collect()
}
