//! Who owns what: no resource adopts what it does not own, none loses or destroys what another one owns, in whatever
//! order core creates and deletes. One table of resources, one test for each of them and each dangerous order.
//!
//! `OWNERSHIP_RUNS` says how often tests that depend on timing run (1); `make matrix` runs them 20 times.

use std::env;

use serde_json::{Value, json};

use crate::matrix;
use crate::support::commands::NEVER;
use crate::support::matrix::Scenario;
use crate::support::matrix::normal::{assert_same, normal};
use crate::support::output::Run;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A resource of the table.
#[derive(Clone, Copy)]
struct Entry {
    scenario: Scenario,
    /// Whether it speaks SQL.
    in_databases: bool,
    /// Whether an existing object is refused; otherwise it is shared, and not deleted by the second resource.
    refuses: bool,
    /// How a re-created object is recognised.
    known_by: KnownBy,
    /// Arguments without which an object cannot be re-created immediately.
    at_once: &'static str,
    /// Whether an interrupted create is completed from any directory, since half of it is worse than either end.
    completed_by_all: bool,
    /// The call or first word of the statement that creates.
    creates: &'static str,
}

/// How an object that was deleted and re-created under its name is distinguished from the one before.
#[derive(Clone, Copy, PartialEq)]
enum KnownBy {
    /// Not at all: it is the same object to all.
    Name,
    /// By an id in the state.
    Id,
}

/// A configuration of one resource in an account of its own.
struct Scene {
    entry: Entry,
    account: Account,
    tf: Terraform,
}

const REFUSES: Entry = Entry {
    scenario: matrix::iam_db_user_policy::POLICY,
    in_databases: false,
    refuses: true,
    known_by: KnownBy::Name,
    at_once: "",
    completed_by_all: false,
    creates: "PutRolePolicy",
};

impl Scene {
    fn new(entry: Entry) -> Self {
        let account = if entry.in_databases { Account::with_databases() } else { Account::new() };
        let variables = (entry.scenario.seed)(&account);
        let scene = Self { entry, tf: Terraform::of(&account).variables(variables), account };
        scene.declare("it", "");
        scene
    }

    /// Writes the configuration: the resource under a name, with additional arguments in its block.
    fn declare(&self, name: &str, more: &str) {
        self.tf.write("main.tf", &self.block(name, more));
    }

    fn block(&self, name: &str, more: &str) -> String {
        let Scenario { resource, .. } = self.entry.scenario;
        format!("resource \"{resource}\" \"{name}\" {{\n{}\n{more}\n}}\n", self.entry.scenario.arguments())
    }

    fn address(&self, name: &str) -> String {
        format!("{}.{name}", self.entry.scenario.resource)
    }

    fn remote(&self) -> Value {
        normal(&self.account.id, &(self.entry.scenario.remote)(&self.account))
    }

    /// An apply that must end in errors, all of which say that something exists or is declared twice.
    #[track_caller]
    fn refused(&self, tf: &Terraform, arguments: &[&str]) -> Run {
        let run = tf.run(&[&["apply", "-auto-approve", "-json"], arguments].concat()).expect_code(1);
        let told = ["already exists", "is already managed", "is declared twice", "is still declared"];
        for error in run.diagnostics().into_iter().filter(|told| told.severity == "error") {
            assert!(told.iter().any(|told| error.summary.ends_with(told)), "{}", run.report(&error.summary));
        }
        let mut warnings = run.diagnostics();
        warnings.retain(|told| told.severity == "warning");
        let mut told: Vec<_> = warnings.iter().map(|told| (&told.address, &told.detail)).collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), warnings.len(), "{}", run.report("a warning of the plan came again in the apply"));
        run
    }
}

/// A second, complete configuration of the same object gets an error, and its destroy deletes nothing.
fn another_configuration(entry: Entry) {
    let scene = Scene::new(entry);
    let before = scene.remote();
    scene.tf.apply();
    let made = scene.remote();
    assert_ne!(made, before);
    let other = scene.tf.beside();
    if entry.refuses {
        let plan = other.run(&["plan", "-json"]).expect_code(0);
        let warned = |end: &str| plan.diagnostics().iter().any(|told| told.summary.ends_with(end));
        assert!(warned("already exists") || warned("is already managed"), "{}", plan.report("no warning"));
        scene.refused(&other, &[]).expect_text("terraform import ADDRESS").expect_text("moved");
    } else {
        other.apply();
    }
    other.destroy();
    assert_same(&scene.remote(), &made);
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

/// The same without a second configuration: the state forgets the object, and the next apply would create it.
fn forgotten(entry: Entry) {
    let scene = Scene::new(entry);
    scene.tf.apply();
    let made = scene.remote();
    scene.tf.ok(&["state", "rm", &scene.address("it")]);
    if entry.refuses {
        scene.refused(&scene.tf, &[]);
        assert_eq!(scene.tf.state().addresses(), [""; 0]);
    } else {
        scene.tf.apply();
    }
    assert_same(&scene.remote(), &made);
}

/// Two resources of one configuration with one object: the plan warns, the second gets an error, the first stays.
fn twins(entry: Entry) {
    let scene = Scene::new(entry);
    let before = scene.remote();
    scene.tf.apply();
    let made = scene.remote();
    scene.tf.destroy();
    assert_ne!(made, before);
    let scene = Scene::new(entry);
    scene.declare("it", "count = 2");
    let plan = scene.tf.run(&["plan", "-json"]).expect_code(0);
    let is_told = plan.diagnostics().iter().any(|told| told.summary.ends_with("is declared twice"));
    assert!(is_told, "{}", plan.report("no warning"));
    scene.refused(&scene.tf, &[]);
    assert_same(&scene.remote(), &made);
    assert_eq!(scene.tf.state().addresses().len(), 1);
    if entry.refuses {
        scene.refused(&scene.tf, &[]);
    } else {
        scene.tf.apply();
    }
    assert_same(&scene.remote(), &made);
    scene.tf.destroy();
}

/// The same with two configurations of the provider, each of which is a process of its own.
fn twins_of_two_providers(entry: Entry) {
    let scene = Scene::new(entry);
    let both = [
        "provider \"rdsauth\" {\n  alias = \"other\"\n}\n",
        &scene.block("it", ""),
        &scene.block("other", "provider = rdsauth.other"),
    ];
    scene.tf.write("main.tf", &both.concat());
    if entry.refuses {
        scene.refused(&scene.tf, &[]);
        assert_eq!(scene.tf.state().addresses().len(), 1);
    } else {
        scene.tf.apply();
    }
    let made = scene.remote();
    scene.tf.run(&["apply", "-auto-approve"]).expect_code(if entry.refuses { 1 } else { 0 });
    assert_same(&scene.remote(), &made);
    scene.tf.destroy();
}

/// `create_before_destroy` cannot work while the key is the same: nothing is changed, by `-replace` and for a tainted
/// object.
fn create_before_destroy(entry: Entry) {
    let scene = Scene::new(entry);
    let more = "lifecycle {\n  create_before_destroy = true\n}\n";
    scene.declare("it", more);
    scene.tf.apply();
    let made = scene.remote();
    let replace = format!("-replace={}", scene.address("it"));
    if entry.refuses {
        scene.refused(&scene.tf, &[&replace]);
        assert_same(&scene.remote(), &made);
        scene.tf.ok(&["taint", &scene.address("it")]);
        scene.refused(&scene.tf, &[]);
        scene.tf.ok(&["untaint", &scene.address("it")]);
    } else {
        scene.tf.ok(&["apply", "-auto-approve", &replace]);
    }
    assert_same(&scene.remote(), &made);
    scene.tf.assert_plan_empty();
}

/// Another name of the resource without a `moved` block: in either order, nothing is lost silently.
fn a_new_name(entry: Entry) {
    let runs: usize = env::var("OWNERSHIP_RUNS").map_or(1, |runs| runs.parse().expect("a number"));
    let scene = Scene::new(entry);
    scene.tf.apply();
    let made = scene.remote();
    let mut names = ["it", "other"];
    for _ in 0..runs {
        for parallelism in ["-parallelism=10", "-parallelism=1"] {
            scene.declare(names[1], "");
            let run = scene.tf.run(&["apply", "-auto-approve", parallelism]);
            assert_same(&scene.remote(), &made);
            match run.code {
                Some(0) => names.swap(0, 1),
                _ => scene.declare(names[0], ""), // Back to the name that the state has.
            }
            assert_eq!(scene.tf.state().addresses(), [scene.address(names[0])], "{}", run.report("two names"));
            scene.tf.assert_plan_empty();
        }
    }
}

/// A replacement that deletes first works.
fn replaced(entry: Entry) {
    let scene = Scene::new(entry);
    scene.tf.apply();
    let made = scene.remote();
    scene.tf.ok(&["apply", "-auto-approve", &format!("-replace={}", scene.address("it"))]);
    assert_same(&scene.remote(), &made);
    scene.tf.ok(&["taint", &scene.address("it")]);
    scene.tf.apply();
    assert_same(&scene.remote(), &made);
    scene.tf.assert_plan_empty();
}

/// An interrupted create is completed in its directory, and belongs to others everywhere else.
fn cut_off(entry: Entry) {
    let scene = Scene::new(entry);
    scene.account.forget_calls(); // Those of the seed.
    if entry.in_databases {
        let rule = json!({ "sql": format!("^{}", entry.creates), "fault": "delay", "seconds": NEVER, "when": "after", "times": 1 });
        scene.account.statement_fault(rule);
    } else {
        let rule =
            json!({ "operation": entry.creates, "fault": "delay", "seconds": NEVER, "when": "after", "times": 1 });
        scene.account.fault(rule);
    }
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    if entry.in_databases {
        scene.account.wait_for_statement(entry.creates);
    } else {
        scene.account.wait_for_call(entry.creates, true);
    }
    running.kill_providers();
    match entry.in_databases {
        true => scene.account.end_statement_faults(),
        false => scene.account.end_faults(),
    }
    assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
    if entry.refuses && !entry.completed_by_all {
        let left = scene.remote();
        scene.refused(&scene.tf.beside(), &[]);
        assert_same(&scene.remote(), &left);
    }
    let run = scene.tf.apply().expect_text("1 added");
    if entry.refuses {
        run.expect_text("of an interrupted apply adopted");
    }
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

/// An object that was deleted and re-created under the same name is not destroyed.
fn re_created(entry: Entry) {
    let scene = Scene::new(entry);
    scene.declare("it", entry.at_once);
    scene.tf.apply();
    let state = scene.tf.read("terraform.tfstate");
    scene.tf.destroy();
    let other = scene.tf.beside();
    other.apply();
    let made = scene.remote();
    scene.tf.write("terraform.tfstate", &state);
    scene.tf.destroy();
    if entry.known_by != KnownBy::Name {
        assert_same(&scene.remote(), &made);
        other.assert_plan_empty();
    }
}

#[test]
fn every_resource_is_in_the_table() {
    let resources = matrix::names("../src/resources");
    assert!(!resources.is_empty(), "the resources are not found any more");
    for resource in resources {
        assert!(TABLE.contains(&resource.as_str()), "{resource} is missing");
    }
}

macro_rules! table {
    ($($resource:ident: $entry:expr;)*) => {
        const TABLE: &[&str] = &[$(stringify!($resource)),*];
        $(
        mod $resource {
            use super::*;

            const ENTRY: Entry = $entry;

            table!(@ another_configuration forgotten twins twins_of_two_providers create_before_destroy a_new_name
                replaced re_created cut_off);
        }
        )*
    };
    (@ $($case:ident)*) => { $(
        #[test]
        fn $case() {
            super::$case(ENTRY);
        }
    )* };
}

table! {
    aurora_loader_role: Entry {
        scenario: matrix::aurora_loader_role::ROLE, known_by: KnownBy::Id, creates: "CreateRole", ..REFUSES
    };
    blue_green_encryption: Entry {
        scenario: matrix::blue_green_encryption::OF_AN_INSTANCE,
        known_by: KnownBy::Id,
        creates: "CreateBlueGreenDeployment",
        ..REFUSES
    };
    constraint_suspension: Entry {
        scenario: matrix::constraint_suspension::MADE,
        in_databases: true,
        known_by: KnownBy::Id,
        creates: "COMMIT",
        ..REFUSES
    };
    db_secret: Entry {
        scenario: matrix::db_secret::MADE,
        known_by: KnownBy::Id,
        at_once: "recovery_window_in_days = 0",
        creates: "CreateSecret",
        ..REFUSES
    };
    dms_migration: Entry {
        scenario: matrix::dms_migration::IDLE,
        known_by: KnownBy::Id,
        creates: "CreateReplicationTask",
        ..REFUSES
    };
    encrypted_cluster_restore: Entry {
        scenario: matrix::encrypted_cluster_restore::OF_AURORA,
        known_by: KnownBy::Id,
        creates: "RestoreDBClusterFromSnapshot",
        ..REFUSES
    };
    encrypted_restore: Entry {
        scenario: matrix::encrypted_restore::RESTORE,
        known_by: KnownBy::Id,
        creates: "RestoreDBInstanceFromDBSnapshot",
        ..REFUSES
    };
    encrypted_snapshot: Entry {
        scenario: matrix::encrypted_snapshot::OF_AN_INSTANCE,
        known_by: KnownBy::Id,
        creates: "CopyDBSnapshot",
        ..REFUSES
    };
    encrypted_snapshot_of_a_snapshot: Entry {
        scenario: matrix::encrypted_snapshot::OF_A_SNAPSHOT,
        known_by: KnownBy::Id,
        creates: "CopyDBSnapshot",
        ..REFUSES
    };
    endpoint_swap: Entry {
        scenario: matrix::endpoint_swap::OF_AN_INSTANCE,
        completed_by_all: true,
        creates: "ModifyDBInstance",
        ..REFUSES
    };
    iam_authentication: Entry {
        scenario: matrix::iam_authentication::OF_A_CLUSTER, refuses: false, creates: "ModifyDBCluster", ..REFUSES
    };
    iam_db_access_role: Entry {
        scenario: matrix::iam_db_access_role::ROLE, known_by: KnownBy::Id, creates: "CreateRole", ..REFUSES
    };
    iam_db_user_policy: REFUSES;
    kms_key: Entry { scenario: matrix::kms_key::KEY, known_by: KnownBy::Id, creates: "CreateAlias", ..REFUSES };
    kms_key_user: Entry { scenario: matrix::kms_key_user::IN_POLICY, creates: "PutKeyPolicy", ..REFUSES };
    kms_key_user_by_grant: Entry { scenario: matrix::kms_key_user::BY_GRANT, creates: "CreateGrant", ..REFUSES };
    mysql_iam_user: Entry {
        scenario: matrix::mysql_iam_user::MADE, in_databases: true, creates: "CREATE USER", ..REFUSES
    };
    parameter: Entry { scenario: matrix::parameter::DYNAMIC, creates: "ModifyDBParameterGroup", ..REFUSES };
    postgresql_iam_user: Entry {
        scenario: matrix::postgresql_iam_user::MADE,
        in_databases: true,
        known_by: KnownBy::Id,
        creates: "COMMIT",
        ..REFUSES
    };
    replication_iam_auth: Entry {
        scenario: matrix::replication_iam_auth::OF_AN_INSTANCE, creates: "ModifyDBParameterGroup", ..REFUSES
    };
    sequence_sync: Entry {
        scenario: matrix::sequence_sync::OF_POSTGRES,
        in_databases: true,
        refuses: false,
        creates: "SELECT setval",
        ..REFUSES
    };
    write_fence: Entry {
        scenario: matrix::write_fence::FENCE,
        in_databases: true,
        known_by: KnownBy::Id,
        creates: "COMMIT",
        ..REFUSES
    };
    write_fence_mariadb: Entry {
        scenario: matrix::write_fence::OF_MARIADB,
        in_databases: true,
        known_by: KnownBy::Id,
        creates: "ALTER USER",
        ..REFUSES
    };
}
