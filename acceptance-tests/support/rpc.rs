//! The provider as core calls it, for what not every CLI can ask it for: list resources and actions.

#[path = "../../tf-provider/tests/support/core.rs"]
mod core_like;

use std::time::Duration;

use prost::Message;
use serde_json::{Value, json};
use tf_provider::proto::tfplugin5 as wire;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use wire::attribute_path::step::Selector;
use wire::diagnostic::Severity;
use wire::invoke_action::event::Type;

use crate::support::binaries::binary;
use crate::support::engine::Feature;
use crate::support::rpc::core_like::{Core, Launch, Process};
use crate::support::terraform::Terraform;

/// A provider that runs and is configured. Whatever core would refuse fails the test.
pub struct Provider {
    core: Option<Core>,
    _process: Process,
    runtime: Runtime,
}

/// An object that a list has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its name in the list.
    pub name: String,
    /// What identifies it.
    pub identity: Option<wire::ResourceIdentityData>,
    /// The whole object.
    pub object: Option<wire::DynamicValue>,
}

impl Provider {
    /// A provider in the environment of a CLI, with the arguments of its block.
    pub fn start(tf: &Terraform, block: &Value) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (process, core) = runtime.block_on(async {
            let launch = Launch::binary(binary("terraform-provider-rdsauth")).only(tf.environment());
            let process = launch.start().await;
            let core = process.connect().await;
            (process, core)
        });
        let provider = Self { core: Some(core), _process: process, runtime };
        let configured: wire::configure::Response = provider.call(
            "Configure",
            wire::configure::Request {
                terraform_version: "1.14.0".to_owned(),
                config: dynamic(block),
                client_capabilities: CAPABLE,
            },
        );
        assert_eq!(told(&configured.diagnostics), "", "the provider block");
        provider
    }

    /// What a list finds with this configuration.
    ///
    /// # Errors
    /// What it says of the configuration, or of what goes wrong.
    pub fn list(&self, kind: &str, config: &Value, limit: i64, include: bool) -> Result<Vec<Listed>, String> {
        let (type_name, config) = (kind.to_owned(), dynamic(config));
        let valid: wire::validate_list_resource_config::Response = self.call(
            "ValidateListResourceConfig",
            wire::validate_list_resource_config::Request {
                type_name: type_name.clone(),
                config: config.clone(),
                ..Default::default()
            },
        );
        silent(&valid.diagnostics)?;
        let include_resource_object = include;
        let events: Vec<wire::list_resource::Event> = self
            .events("ListResource", wire::list_resource::Request { type_name, config, include_resource_object, limit });
        let listed = events.into_iter().map(|event| {
            silent(&event.diagnostic)?;
            let wire::list_resource::Event { display_name: name, identity, resource_object: object, .. } = event;
            Ok(Listed { name, identity, object })
        });
        listed.collect()
    }

    /// The object of an identity as it is after an import.
    pub fn import(&self, kind: &str, identity: Option<wire::ResourceIdentityData>) -> Option<wire::DynamicValue> {
        let type_name = kind.to_owned();
        let mut imported: wire::import_resource_state::Response = self.call(
            "ImportResourceState",
            wire::import_resource_state::Request {
                type_name: type_name.clone(),
                identity,
                client_capabilities: CAPABLE,
                ..Default::default()
            },
        );
        assert_eq!(told(&imported.diagnostics), "", "the import");
        let imported = imported.imported_resources.pop().expect("an imported object");
        let read: wire::read_resource::Response = self.call(
            "ReadResource",
            wire::read_resource::Request {
                type_name,
                current_state: imported.state,
                private: imported.private,
                current_identity: imported.identity,
                client_capabilities: CAPABLE,
                ..Default::default()
            },
        );
        assert_eq!(told(&read.diagnostics), "", "the read after the import");
        read.new_state
    }

    /// Validates, plans and invokes an action; what it says meanwhile.
    ///
    /// # Errors
    /// The same with the diagnostics, if one is an error.
    pub fn invoke(&self, kind: &str, config: &Value) -> Result<String, String> {
        let (action_type, config) = (kind.to_owned(), dynamic(config));
        let valid: wire::validate_action_config::Response = self.call(
            "ValidateActionConfig",
            wire::validate_action_config::Request { type_name: action_type.clone(), config: config.clone() },
        );
        silent(&valid.diagnostics)?;
        let planned: wire::plan_action::Response = self.call(
            "PlanAction",
            wire::plan_action::Request {
                action_type: action_type.clone(),
                config: config.clone(),
                client_capabilities: CAPABLE,
            },
        );
        let mut said = told(&planned.diagnostics);
        if is_error(&planned.diagnostics) {
            return Err(said);
        }
        let request = wire::invoke_action::Request { action_type, config, client_capabilities: CAPABLE };
        let events: Vec<wire::invoke_action::Event> = self.events("InvokeAction", request);
        let mut completed = None;
        for event in events {
            assert!(completed.is_none(), "an action goes on after its end");
            match event.r#type.expect("an event of core's own kinds") {
                Type::Progress(progress) => said.push_str(&format!("{}\n", progress.message)),
                Type::Completed(end) => completed = Some(end),
            }
        }
        let end = completed.expect("the end of an action");
        said.push_str(&told(&end.diagnostics));
        if is_error(&end.diagnostics) { Err(said) } else { Ok(said) }
    }

    fn core(&self) -> &Core {
        self.core.as_ref().expect("a provider that runs")
    }

    fn call<Q: Message + 'static, A: Message + Default + 'static>(&self, method: &str, request: Q) -> A {
        let answer = self.in_time(method, self.core().call(method, request));
        answer.unwrap_or_else(|status| panic!("{method} answers a bare {status:?}"))
    }

    fn events<Q: Message + 'static, E: Message + Default + 'static>(&self, method: &str, request: Q) -> Vec<E> {
        self.in_time(method, async {
            let mut stream = self.core().stream(method, request).await.expect("a stream");
            let mut events = Vec::new();
            while let Some(event) = stream.message().await.expect("an event") {
                events.push(event);
            }
            events
        })
    }

    fn in_time<T>(&self, method: &str, answer: impl Future<Output = T>) -> T {
        let answer = self.runtime.block_on(async { timeout(LIMIT, answer).await });
        answer.unwrap_or_else(|_| panic!("{method} has not ended after {LIMIT:?}"))
    }
}

/// An action, which a CLI that has actions invokes, and otherwise the test itself, as core would.
#[derive(Clone, Debug)]
pub struct Action<'a> {
    /// The working folder, whose configuration has no provider block.
    pub tf: &'a Terraform,
    /// The arguments of the provider block.
    pub block: Value,
    /// Its type.
    pub kind: &'a str,
}

impl Action<'_> {
    /// What the plan and the action say with this configuration.
    ///
    /// # Errors
    /// The same, if one of them fails.
    pub fn invoke(&self, config: &Value) -> Result<String, String> {
        if !self.tf.knows(Feature::Actions) {
            return Provider::start(self.tf, &self.block).invoke(self.kind, config);
        }
        let action = json!({ "action": { self.kind: { "it": { "config": config } } } });
        self.tf.write("action.tf.json", &action.to_string());
        self.tf.write("provider.tf.json", &json!({ "provider": { "rdsauth": self.block } }).to_string());
        let run = self.tf.run(&["apply", "-auto-approve", "-json", &format!("-invoke=action.{}.it", self.kind)]);
        let lines = run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let progress = lines.filter(|line| line["type"] == "action_progress");
        let mut said: String =
            progress.map(|line| format!("{}\n", line["hook"]["message"].as_str().expect("text"))).collect();
        for one in run.diagnostics() {
            said.push_str(&format!("{}: {}: {}\n", one.code, one.summary, one.detail));
        }
        if run.code == Some(0) { Ok(said) } else { Err(said) }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(core) = self.core.take().filter(|_| !std::thread::panicking()) {
            self.runtime.block_on(core.shutdown());
        }
    }
}

/// Longer than any call of a test should take, as for a command of the CLI.
const LIMIT: Duration = Duration::from_secs(180);

const CAPABLE: Option<wire::ClientCapabilities> =
    Some(wire::ClientCapabilities { deferral_allowed: false, write_only_attributes_allowed: true });

/// An object, of which what is not there is null.
fn dynamic(config: &Value) -> Option<wire::DynamicValue> {
    Some(wire::DynamicValue { json: config.to_string().into(), ..Default::default() })
}

fn is_error(diagnostics: &[wire::Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
}

fn silent(diagnostics: &[wire::Diagnostic]) -> Result<(), String> {
    if diagnostics.is_empty() { Ok(()) } else { Err(told(diagnostics)) }
}

/// The diagnostics, one a line: where, summary and detail.
fn told(diagnostics: &[wire::Diagnostic]) -> String {
    let place = |diagnostic: &wire::Diagnostic| {
        let steps = diagnostic.attribute.iter().flat_map(|path| &path.steps);
        let names = steps.filter_map(|step| match &step.selector {
            Some(Selector::AttributeName(name)) => Some(name.clone()),
            _ => None,
        });
        names.collect::<Vec<_>>().join(".")
    };
    let line = |one: &wire::Diagnostic| format!("{}: {}: {}\n", place(one), one.summary, one.detail);
    diagnostics.iter().map(line).collect()
}
