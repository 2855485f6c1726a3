//! What the commands do when nothing disturbs them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::matrix::Scenario;
use crate::support::matrix::case::Step;
use crate::support::matrix::in_parallel;
use crate::support::matrix::normal::normal;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// Calls and results of the undisturbed commands of a scenario.
#[derive(Debug)]
pub(super) struct Reference {
    calls: Vec<(Step, Vec<String>)>,
    /// State and remote after creating and after updating.
    created: Value,
    updated: Value,
    /// State and remote after destroying what was created, and what was updated.
    left: Value,
    left_by_update: Value,
}

/// An account of its own, seeded, and a folder that works in it.
pub(super) struct Scene {
    scenario: Scenario,
    pub(super) account: Account,
    pub(super) tf: Terraform,
}

impl Reference {
    /// Runs the commands: create and destroy; create, update and destroy.
    pub(super) fn of(scenario: &Scenario, base: &Terraform) -> Self {
        let lives = in_parallel(&[&[Step::Apply, Step::Destroy][..], &Step::ALL], |steps| life(scenario, base, steps));
        let [short, long] = &lives[..] else { unreachable!("two lives") };
        Self {
            calls: vec![
                (Step::Apply, short[0].0.clone()),
                (Step::Update, long[1].0.clone()),
                (Step::Destroy, short[1].0.clone()),
            ],
            created: short[0].1.clone(),
            updated: long[1].1.clone(),
            left: short[1].1.clone(),
            left_by_update: long[2].1.clone(),
        }
    }

    /// How many calls a step makes.
    pub(super) fn count(&self, step: Step) -> usize {
        self.calls.iter().find(|(of, _)| *of == step).map_or(0, |(_, calls)| calls.len())
    }

    /// State and remote after a step.
    pub(super) fn result(&self, step: Step) -> &Value {
        match step {
            Step::Apply => &self.created,
            Step::Update => &self.updated,
            Step::Destroy => &self.left,
        }
    }

    /// State and remote after destroying what a step led to.
    pub(super) fn left_after(&self, step: Step) -> &Value {
        if step == Step::Update { &self.left_by_update } else { &self.left }
    }

    /// The calls of each step, for people.
    pub(super) fn calls(&self) -> String {
        let mut text = String::new();
        for (step, calls) in &self.calls {
            let _ =
                write!(text, "{}{step} {} ({})", if text.is_empty() { "" } else { ", " }, calls.len(), calls.join(" "));
        }
        text
    }
}

impl Scene {
    pub(super) fn new(scenario: &Scenario, base: &Terraform) -> Self {
        let account = Account::new();
        let mut tf = base.beside();
        for (name, value) in account.environment() {
            tf = tf.env(name, value);
        }
        let variables = (scenario.seed)(&account);
        let declared: String = variables.iter().map(|(name, _)| format!("variable \"{name}\" {{}}\n")).collect();
        tf.write("variables.tf", &declared);
        for (name, value) in variables {
            tf = tf.env(&format!("TF_VAR_{name}"), value);
        }
        Self { scenario: *scenario, account, tf }
    }

    /// Writes the configuration of a step.
    pub(super) fn configure(&self, step: Step, timeouts: &str) {
        let text = if step == Step::Update { self.scenario.update } else { self.scenario.create };
        self.tf.write("main.tf", &text.replace(crate::support::matrix::TIMEOUTS, timeouts));
    }

    /// State and remote as they are, without what AWS chooses.
    pub(super) fn result(&self) -> Value {
        normal(&self.account.id, &json!([resources(&self.tf), (self.scenario.remote)(&self.account)]))
    }
}

/// Calls and result of each step.
fn life(scenario: &Scenario, base: &Terraform, steps: &[Step]) -> Vec<(Vec<String>, Value)> {
    let scene = Scene::new(scenario, base);
    let lived = steps.iter().map(|step| {
        scene.configure(*step, "");
        scene.account.forget_calls();
        scene.tf.ok(step.command());
        let calls = scene.account.operations();
        assert!(!calls.is_empty(), "{step} of {} calls nothing", scenario.name);
        if *step == Step::Destroy {
            assert_eq!(resources(&scene.tf), json!({}), "destroy leaves resources in the state");
        } else {
            scene.tf.assert_plan_empty();
        }
        (calls, scene.result())
    });
    lived.collect()
}

/// The resources in the state, by address, with their values and whether they are tainted.
fn resources(tf: &Terraform) -> Value {
    let state: Value = serde_json::from_str(&tf.read("terraform.tfstate")).expect("the state is JSON");
    let resources = state["resources"].as_array().expect("resources").iter();
    let managed = resources.filter(|resource| resource["mode"] == "managed").flat_map(|resource| {
        let name = |instance: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let index = instance.get("index_key").map(|key| format!("[{key}]")).unwrap_or_default();
            [text(&resource["module"]), text(&resource["type"]), text(&resource["name"]), index].join(".")
        };
        let value = |instance: &Value| json!([instance["attributes"], instance["status"], instance["deposed"]]);
        let instances = resource["instances"].as_array().expect("instances").iter();
        instances.map(move |instance| (name(instance), value(instance)))
    });
    Value::Object(managed.collect())
}
