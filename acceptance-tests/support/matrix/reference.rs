//! The undisturbed commands.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::matrix::in_parallel;
use crate::support::matrix::normal::normal;
use crate::support::matrix::step::Step;
use crate::support::matrix::{Medium, Scenario};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The events of the undisturbed commands of a scenario, and their results.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) medium: Medium,
    events: Vec<(Step, Vec<String>)>,
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
    medium: Medium,
    pub(super) account: Account,
    pub(super) tf: Terraform,
}

impl Reference {
    /// Runs the commands: create and destroy; create, update and destroy.
    pub(super) fn of(scenario: &Scenario, medium: Medium, base: &Terraform) -> Self {
        let runs = [&[Step::Apply, Step::Destroy][..], &Step::ALL];
        let runs = in_parallel(&runs, |steps| run(Scene::new(scenario, medium, base), steps));
        let [short, long] = &runs[..] else { unreachable!("two runs") };
        Self {
            medium,
            events: vec![
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

    /// How many calls or statements a step sends.
    pub(super) fn count(&self, step: Step) -> usize {
        self.events.iter().find(|(of, _)| *of == step).map_or(0, |(_, events)| events.len())
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

    /// The calls or statements of each step, for people.
    pub(super) fn events(&self) -> String {
        let mut text = match self.medium {
            Medium::Calls | Medium::CallsBesideDatabases => "calls".to_owned(),
            Medium::Statements => "statements".to_owned(),
        };
        for (index, (step, events)) in self.events.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(text, "{comma} {step} {} ({})", events.len(), events.join(" "));
        }
        text
    }
}

impl Scene {
    pub(super) fn new(scenario: &Scenario, medium: Medium, base: &Terraform) -> Self {
        let account = match medium {
            Medium::Calls => Account::new(),
            Medium::CallsBesideDatabases | Medium::Statements => Account::with_databases(),
        };
        // Cases wait for locks of the same user, and one that is interrupted holds its lock for long.
        let tf = base.beside().of_another_user().within(&account).variables((scenario.seed)(&account));
        Self { scenario: *scenario, medium, account, tf }
    }

    /// The events since the last [`Self::forget`], oldest first: the operation of a call, the first word of a
    /// statement, each with whether it is carried out.
    pub(super) fn events(&self) -> Vec<(String, bool)> {
        match self.medium {
            Medium::Calls | Medium::CallsBesideDatabases => {
                self.account.calls().into_iter().map(|call| (call.operation, call.is_done)).collect()
            }
            Medium::Statements => {
                let first = |sql: &str| sql.split([' ', ';']).next().unwrap_or_default().to_owned();
                self.account.statements().into_iter().map(|(sql, is_done)| (first(&sql), is_done)).collect()
            }
        }
    }

    /// Empties the record of events.
    pub(super) fn forget(&self) {
        match self.medium {
            Medium::Calls | Medium::CallsBesideDatabases => self.account.forget_calls(),
            Medium::Statements => self.account.forget_statements(),
        }
    }

    /// Clears the stage's record, which thousands of cases would make slow to search.
    pub(super) fn end(self) {
        self.forget();
    }

    /// Sets a rule for the next events.
    pub(super) fn fault(&self, rule: Value) {
        match self.medium {
            Medium::Calls | Medium::CallsBesideDatabases => self.account.fault(rule),
            Medium::Statements => self.account.statement_fault(rule),
        }
    }

    /// How often the rule was applied; afterwards there is none.
    pub(super) fn end_faults(&self) -> u64 {
        let strikes;
        match self.medium {
            Medium::Calls | Medium::CallsBesideDatabases => {
                strikes = self.account.strikes();
                self.account.end_faults();
            }
            Medium::Statements => {
                strikes = self.account.statement_strikes();
                self.account.end_statement_faults();
            }
        }
        strikes
    }

    /// Writes the configuration of a step.
    pub(super) fn configure(&self, step: Step, timeouts: &str) {
        self.tf.write("main.tf", &self.scenario.configuration(step, timeouts));
    }

    /// State and remote as they are, without generated values.
    pub(super) fn result(&self) -> Value {
        normal(&self.account.id, &json!([resources(&self.tf), (self.scenario.remote)(&self.account)]))
    }
}

/// The events of each step, and its result.
fn run(scene: Scene, steps: &[Step]) -> Vec<(Vec<String>, Value)> {
    let results = steps.iter().map(|step| {
        scene.configure(*step, "");
        scene.forget();
        scene.tf.ok(step.command());
        let events: Vec<_> = scene.events().into_iter().map(|(event, _)| event).collect();
        // Some resources speak SQL only when they are created.
        let may_be_silent = scene.medium == Medium::Statements && *step != Step::Apply;
        assert!(may_be_silent || !events.is_empty(), "{step} of {} sends nothing", scene.scenario.name);
        if *step == Step::Destroy {
            assert_eq!(resources(&scene.tf), json!({}), "destroy leaves resources in the state");
        } else {
            scene.tf.assert_plan_empty();
        }
        (events, scene.result())
    });
    let results = results.collect();
    scene.end();
    results
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
