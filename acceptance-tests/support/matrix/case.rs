//! One case: a step, one of its calls or statements, and the fault there.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::commands::NEVER;
use crate::support::eventually;
use crate::support::matrix::normal::assert_same;
use crate::support::matrix::reference::{Reference, Scene};
use crate::support::matrix::step::Step;
use crate::support::matrix::{Medium, Scenario};
use crate::support::output::Run;
use crate::support::process::{Process, Running};
use crate::support::terraform::Terraform;

/// The fault at a call or statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The provider is killed after the call took effect and before it is answered.
    Kill,
    /// The same with core, and the provider ends since core has exited.
    KillCore,
    /// The call takes effect and its answer is lost; the SDK may try again.
    LoseAnswer,
    /// The same, and the SDK does not try again.
    LoseAnswerForGood,
    /// Three attempts are throttled.
    Throttle,
    /// Status 500, once.
    Http500,
    /// This call and all later ones are answered with 500, and the SDK does not try again.
    Outage,
    /// The connection is reset, once, and the call has no effect.
    Reset,
    /// The call takes effect, and its answer comes after the operation's time is over.
    Timeout,
    /// Ctrl-C, and the call is answered soon after.
    Interrupt,
    /// Ctrl-C, and the call is never answered.
    InterruptForGood,
    /// The connection breaks before the statement reaches the server.
    Cut,
    /// A lock cannot be acquired in time.
    LockTimeout,
    /// The transaction is aborted once, as by a deadlock.
    Deadlock,
    /// This statement and all later ones are refused, since the server is read-only.
    ReadOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) step: Step,
    /// From 1.
    pub(super) call: usize,
    pub(super) fault: Fault,
}

/// How a case that passed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The disturbed command succeeded.
    AtOnce,
    /// It failed, and the next one succeeded.
    Again,
}

/// More calls than any step makes.
const REST: usize = 500;

/// What the warnings of resources say whose creates and updates end without an error when the time is up.
const LATE: [&str; 2] = ["is not available yet", "is not complete yet"];

impl Fault {
    const OF_CALLS: [Self; 11] = [
        Self::Kill,
        Self::KillCore,
        Self::LoseAnswer,
        Self::LoseAnswerForGood,
        Self::Throttle,
        Self::Http500,
        Self::Outage,
        Self::Reset,
        Self::Timeout,
        Self::Interrupt,
        Self::InterruptForGood,
    ];

    const OF_STATEMENTS: [Self; 9] = [
        Self::Kill,
        Self::KillCore,
        Self::LoseAnswer,
        Self::Cut,
        Self::LockTimeout,
        Self::Deadlock,
        Self::ReadOnly,
        Self::Interrupt,
        Self::InterruptForGood,
    ];

    fn all(medium: Medium) -> &'static [Self] {
        match medium {
            Medium::Calls | Medium::CallsBesideDatabases => &Self::OF_CALLS,
            Medium::Statements => &Self::OF_STATEMENTS,
        }
    }

    /// The rule of the stage that applies to call or statement `k`.
    fn rule(self, medium: Medium, k: usize) -> Value {
        let mut rule = self.at(k);
        if medium == Medium::Statements {
            rule["statements"] = rule["calls"].take();
            rule.as_object_mut().expect("an object").remove("calls");
        }
        rule
    }

    /// The rule of a call; the codes are those of PostgreSQL and of MySQL.
    fn at(self, k: usize) -> Value {
        let refusal = |sqlstate: &str, code: u32, message: &str, calls: Vec<usize>| json!({ "fault": "error", "sqlstate": sqlstate, "code": code, "message": message, "calls": calls });
        match self {
            Self::Cut => json!({ "fault": "cut", "calls": [k] }),
            Self::LockTimeout => refusal("55P03", 1205, "canceling statement due to lock timeout", vec![k]),
            Self::Deadlock => refusal("40P01", 1213, "deadlock detected", vec![k]),
            Self::ReadOnly => {
                let message = "cannot execute this in a read-only transaction";
                refusal("25006", 1290, message, (k..k + REST).collect())
            }
            Self::Kill | Self::KillCore | Self::InterruptForGood => {
                json!({ "fault": "delay", "when": "after", "seconds": NEVER, "calls": [k] })
            }
            Self::Interrupt => json!({ "fault": "delay", "when": "after", "seconds": 1, "calls": [k] }),
            Self::Timeout => json!({ "fault": "delay", "when": "after", "seconds": 3, "calls": [k] }),
            Self::LoseAnswer | Self::LoseAnswerForGood => json!({ "fault": "lose_answer", "calls": [k] }),
            Self::Throttle => json!({ "fault": "throttle", "calls": [k, k + 1, k + 2] }),
            Self::Http500 => json!({ "fault": "http", "status": 500, "calls": [k] }),
            Self::Outage => json!({ "fault": "http", "status": 500, "calls": (k..k + REST).collect::<Vec<_>>() }),
            Self::Reset => json!({ "fault": "reset", "calls": [k] }),
        }
    }

    /// Whether the SDK must not try again.
    fn is_for_good(self) -> bool {
        matches!(self, Self::LoseAnswerForGood | Self::Outage)
    }
}

impl Case {
    /// Every call or statement of every step with every fault.
    pub(super) fn all(reference: &Reference) -> Vec<Self> {
        let mut cases = Vec::new();
        for step in Step::ALL {
            for call in 1..=reference.count(step) {
                cases.extend(Fault::all(reference.medium).iter().map(|&fault| Self { step, call, fault }));
            }
        }
        cases
    }

    /// Whether it waits for longer than other cases take.
    pub(super) fn is_long(self) -> bool {
        matches!(self.fault, Fault::KillCore | Fault::Timeout | Fault::Interrupt | Fault::InterruptForGood)
    }

    /// Runs it; panics if it fails.
    pub(super) fn run(self, scenario: &Scenario, base: &Terraform, reference: &Reference) -> End {
        let mut scene = Scene::new(scenario, reference.medium, base);
        self.prepare(&scene);
        scene.forget();
        scene.fault(self.fault.rule(reference.medium, self.call));
        scene.tf = if self.fault.is_for_good() { scene.tf.env("AWS_MAX_ATTEMPTS", 1) } else { scene.tf };
        let disturbed = self.disturb(&scene);
        // On a busy machine the time can be up before the call: that interrupts the operation as well.
        // What goes on in AWS is no error when the time is up.
        let is_late = LATE.iter().any(|warning| disturbed.stdout.contains(warning));
        let came_early = self.fault == Fault::Timeout && (disturbed.code == Some(1) || is_late);
        let strikes = scene.end_faults();
        assert!(came_early || strikes > 0, "{}", disturbed.report("the fault did not strike"));
        scene.tf = scene.tf.without_env("AWS_MAX_ATTEMPTS");

        scene.configure(self.step, "");
        self.again(&scene);
        assert_same(&scene.result(), reference.result(self.step));
        if self.step != Step::Destroy {
            scene.tf.assert_plan_empty();
            scene.tf.ok(Step::Destroy.command());
            assert_same(&scene.result(), reference.left_after(self.step));
        }
        scene.end();
        if disturbed.code == Some(0) { End::AtOnce } else { End::Again }
    }

    /// Runs the commands before the step, and writes the step's configuration.
    fn prepare(self, scene: &Scene) {
        let limit = format!("timeouts {{\n    {} = \"1s\"\n  }}", self.step.operation());
        let timeouts = if self.fault == Fault::Timeout { &limit } else { "" };
        match self.step {
            Step::Apply => {}
            Step::Update => {
                scene.configure(Step::Apply, "");
                scene.tf.apply();
            }
            Step::Destroy => {
                // The limit of a destroy is the one in the state.
                scene.configure(Step::Apply, timeouts);
                scene.tf.apply();
            }
        }
        scene.configure(self.step, timeouts);
    }

    fn disturb(self, scene: &Scene) -> Run {
        let mut running = scene.tf.start(self.step.command());
        match self.fault {
            Fault::Kill => {
                self.wait_for_call(scene, &mut running);
                running.providers().iter().for_each(Process::kill);
            }
            Fault::KillCore => {
                self.wait_for_call(scene, &mut running);
                let providers = running.providers();
                running.kill();
                let ended = || providers.iter().all(Process::is_gone).then_some(());
                eventually("the end of the provider", Duration::from_secs(60), ended);
            }
            Fault::Interrupt | Fault::InterruptForGood => {
                self.wait_for_call(scene, &mut running);
                running.interrupt();
            }
            _ => {}
        }
        running.wait()
    }

    /// Waits until the call has been carried out; its answer is held back.
    fn wait_for_call(self, scene: &Scene, running: &mut Running) {
        eventually("the call", Duration::from_secs(60), || {
            let ended = running.has_ended();
            let is_done = scene.events().get(self.call - 1).is_some_and(|(_, is_done)| *is_done);
            assert!(is_done || !ended, "the command ended before call {}", self.call);
            is_done.then_some(())
        });
    }

    /// The command without a disturbance.
    fn again(self, scene: &Scene) {
        if self.step != Step::Destroy {
            scene.tf.apply();
            return;
        }
        let run = scene.tf.run(self.step.command());
        if self.fault == Fault::Timeout && run.code != Some(0) {
            // The state still has a limit that is too short for the rest.
            scene.tf.apply();
            scene.tf.ok(self.step.command());
        } else {
            run.expect_code(0);
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill",
            Self::KillCore => "kill_core",
            Self::LoseAnswer => "lose_answer",
            Self::LoseAnswerForGood => "lose_answer_for_good",
            Self::Throttle => "throttle",
            Self::Http500 => "http_500",
            Self::Outage => "outage",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Interrupt => "interrupt",
            Self::InterruptForGood => "interrupt_for_good",
            Self::Cut => "cut",
            Self::LockTimeout => "lock_timeout",
            Self::Deadlock => "deadlock",
            Self::ReadOnly => "read_only",
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.step, self.call, self.fault)
    }
}
