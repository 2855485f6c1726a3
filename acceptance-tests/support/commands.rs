//! Commands of the CLI, and the AWS API requests that they make in an account.

use serde_json::json;

use crate::support::output::Plan;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// Saves a plan.
pub const PLAN: [&str; 2] = ["plan", "-out=plan.bin"];

/// Applies the saved plan.
pub const APPLY: [&str; 2] = ["apply", "plan.bin"];

/// Destroys without a refresh.
pub const DESTROY: [&str; 3] = ["destroy", "-auto-approve", "-refresh=false"];

/// Longer than any command takes, in seconds, so that an answer never comes.
pub const NEVER: u32 = 250;

impl Account {
    /// The operations that a successful command calls, oldest first.
    #[track_caller]
    pub fn operations_of(&self, tf: &Terraform, arguments: &[&str]) -> Vec<String> {
        self.forget_calls();
        tf.ok(arguments);
        self.operations()
    }

    /// The plan of a configuration, which creates the resource at `address` and has written nothing.
    #[track_caller]
    pub fn plan_creates(&self, tf: &Terraform, address: &str) -> Plan {
        let plan = tf.plan();
        plan.assert_creates(address);
        assert_eq!(self.writes(), [""; 0], "a plan writes nothing");
        plan
    }

    /// Runs a command, and kills its providers as soon as a call has taken effect, before it is answered.
    #[track_caller]
    pub fn kill_after(&self, tf: &Terraform, arguments: &[&str], operation: &str) {
        self.forget_calls();
        self.fault(json!({ "operation": operation, "fault": "delay", "seconds": NEVER, "when": "after", "times": 1 }));
        let running = tf.start(arguments);
        self.wait_for_call(operation, true);
        running.kill_providers();
    }
}
