//! The crash and fault matrix: each command of a resource, disturbed at each of its AWS calls in each way, or at each of
//! its statements in a database.
//!
//! To add a resource, write `acceptance-tests/matrix/NAME.rs` and its `mod` line in `matrix.rs`:
//!
//! ```text
//! #[test]
//! fn iam_db_user_policy() {
//!     Scenario {
//!         name: "iam_db_user_policy",
//!         seed: |account| { account.add("role/app"); Variables::new() },
//!         resource: "rdsauth_iam_db_user_policy",
//!         always: r#"role = "app""#,
//!         create: A_DATABASE,
//!         update: ANOTHER_DATABASE,
//!         remote: |account| json!({ "app": account.policies("role/app") }),
//!     }
//!     .run();
//! }
//! ```
//!
//! A resource that speaks SQL ends with `.run_in_databases()` instead. It has an account with databases, and what is
//! disturbed are its statements. Users of the servers are common to all accounts: name them by the account's id.
//!
//! * `seed` prepares a new account through the stage's control. What it found out, such as the id of a key, it returns
//!   as input variables; the arguments use them as `var.NAME` and need not declare them.
//! * `remote` reads all that the resource can touch, as JSON. Lists have to have an order that is not one of ids, and
//!   objects are named by what the configuration names them. Ids made by AWS may stay in the values: they are replaced
//!   by numbers in the order in which state and remote show them, so `UUID-1` in both is the same key.
//!
//! A case is `NAME/STEP/CALL/FAULT`. In an account of its own it runs what comes before the step, the step with the
//! fault at that call, counted from 1 with those of refreshing and planning, and the step again without it. State and
//! remote must then be those of an undisturbed run, the next plan must be empty, and destroying must leave what
//! destroying leaves in an undisturbed run. What the first of the two commands says is free, and so is replacement.
//!
//! Before the cases, the commands are run undisturbed with the rights that the pages of the resources list, and no others.
//!
//! `make matrix` runs all cases. Anything else runs `MATRIX_SIZE` of each scenario (3), drawn by `MATRIX_SEED`, which is
//! printed. `MATRIX_CASE` runs one, and `MATRIX_JOBS` (4) at a time run in parallel.

mod case;
pub mod documented;
pub mod normal;
mod reference;
mod step;

use std::any::Any;
use std::env;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::support::matrix::case::{Case, End};
use crate::support::matrix::reference::Reference;
use crate::support::matrix::step::Step;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A resource, and what is done with it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Name of the resource without the provider's, and with its mode if it has several.
    pub name: &'static str,
    /// Makes what must be there before the resource.
    pub seed: fn(&Account) -> Variables,
    /// Type of the resource.
    pub resource: &'static str,
    /// Its arguments and blocks that do not change.
    pub always: &'static str,
    /// The others that are applied first.
    pub create: &'static str,
    /// The others afterwards, with which it is changed in place.
    pub update: &'static str,
    /// What there is in the account.
    pub remote: fn(&Account) -> Value,
}

/// What a scenario sends, and the stage disturbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Medium {
    /// Calls to AWS.
    Calls,
    /// Statements to a database.
    Statements,
}

/// Input variables of a configuration.
pub type Variables = Vec<(&'static str, String)>;

impl Scenario {
    /// Disturbs AWS calls: runs what the environment asks for, and fails with a recipe for each case that failed. Before
    /// that, shows that the rights in the documentation are enough.
    pub fn run(&self) {
        self.run_in(Medium::Calls);
    }

    /// The same with statements in databases.
    pub fn run_in_databases(&self) {
        self.run_in(Medium::Statements);
    }

    fn run_in(&self, medium: Medium) {
        let Some(choice) = Choice::of_environment(self.name) else { return };
        let (base, started) = (self.base(), Instant::now());
        if medium == Medium::Calls && !matches!(choice, Choice::One(_)) {
            documented::live(self, &base);
        }
        let reference = Reference::of(self, medium, &base);
        let cases = choice.cases(self, &reference);
        let outcomes = in_parallel(&cases, |case| self.outcome(&base, &reference, *case));
        let failures: Vec<_> =
            cases.iter().zip(&outcomes).filter_map(|(case, end)| Some((case, end.as_ref().err()?))).collect();
        let at_once = outcomes.iter().filter(|outcome| matches!(outcome, Ok(End::AtOnce))).count();
        eprintln!(
            "matrix: {}: {} cases tried, {} survived, {at_once} of them without running anything again; {}; {:.0?}; {choice}",
            self.name,
            cases.len(),
            cases.len() - failures.len(),
            reference.events(),
            started.elapsed(),
        );
        let recipe =
            |(case, reason): &(&Case, &String)| format!("MATRIX_CASE={}/{case} make matrix   # {reason}\n", self.name);
        let recipes: String = failures.iter().map(recipe).collect();
        assert!(failures.is_empty(), "{} of {} cases failed:\n{recipes}", failures.len(), cases.len());
    }

    /// How one case ended, or in one line why it failed.
    fn outcome(&self, base: &Terraform, reference: &Reference, case: Case) -> Result<End, String> {
        catch_unwind(AssertUnwindSafe(|| case.run(self, base, reference))).map_err(|panic| in_one_line(&*panic))
    }

    /// Its arguments and blocks as they are applied first.
    pub fn arguments(&self) -> String {
        format!("{}\n{}\n", self.always, self.create)
    }

    /// The configuration of a step, with a `timeouts` block or none.
    fn configuration(&self, step: Step, timeouts: &str) -> String {
        let Self { resource, always, .. } = self;
        let others = if step == Step::Update { self.update } else { self.create };
        format!("resource \"{resource}\" \"it\" {{\n{always}\n{others}\n{timeouts}\n}}\n")
    }

    /// An initialised folder that the others are copied from.
    fn base(&self) -> Terraform {
        Terraform::rdsauth().initialised(&self.configuration(Step::Apply, ""))
    }
}

/// Which cases are run.
enum Choice {
    One(String),
    All,
    Sample { size: usize, seed: u64 },
}

impl Choice {
    /// None if another scenario's case is asked for.
    fn of_environment(scenario: &str) -> Option<Self> {
        let number =
            |name: &str| env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")));
        if let Ok(case) = env::var("MATRIX_CASE") {
            let of_scenario = case.strip_prefix(scenario)?.strip_prefix('/')?;
            return Some(Self::One(of_scenario.to_owned()));
        }
        if env::var("MATRIX_SIZE").is_ok_and(|size| size == "all") {
            return Some(Self::All);
        }
        let seed = number("MATRIX_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
        let size = number("MATRIX_SIZE").unwrap_or(3);
        Some(Self::Sample { size: size.try_into().expect("a size"), seed })
    }

    fn cases(&self, scenario: &Scenario, reference: &Reference) -> Vec<Case> {
        let mut cases = Case::all(reference);
        match self {
            Self::One(wanted) => {
                cases.retain(|case| case.to_string() == *wanted);
                assert!(!cases.is_empty(), "{} has no case {wanted}; it sends {}", scenario.name, reference.events());
            }
            Self::All => {}
            Self::Sample { size, seed } => {
                cases.sort_by_cached_key(|case| {
                    let mut hasher = DefaultHasher::new();
                    (seed, scenario.name, case.to_string()).hash(&mut hasher);
                    hasher.finish()
                });
                cases.truncate(*size);
            }
        }
        cases
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(case) => write!(f, "only {case}"),
            Self::All => write!(f, "all cases"),
            Self::Sample { size, seed } => write!(f, "MATRIX_SIZE={size} MATRIX_SEED={seed}"),
        }
    }
}

/// The results in the order of the items, whoever is done first.
fn in_parallel<I: Sync, R: Send>(items: &[I], work: impl Fn(&I) -> R + Sync) -> Vec<R> {
    let jobs = env::var("MATRIX_JOBS").map_or(4, |jobs| jobs.parse().expect("MATRIX_JOBS is a number"));
    let queue = Mutex::new(items.iter().enumerate());
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("the queue").next();
                    let Some((index, item)) = next else { break };
                    let result = work(item);
                    results.lock().expect("the results").push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("the results");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// What was expected, and the first error that the CLI told.
fn in_one_line(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    let mut lines = text.unwrap_or("a panic without a text").lines();
    let complaint = lines.next().unwrap_or_default();
    match lines.find_map(|line| line.split_once("Error: ")) {
        Some((_, error)) => format!("{complaint}: {error}"),
        None => complaint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..50).collect();
        assert_eq!(in_parallel(&items, |item| item * 2), (0..50).map(|item| item * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_fits_a_line() {
        let said = |text: &str| in_one_line(&text.to_owned());
        assert_eq!(
            said("exit code 0 was expected\n--- stderr\n│ Error: Cannot write\n│"),
            "exit code 0 was expected: Cannot write"
        );
        assert_eq!(said("/state/0: is 1, was to be 2\nmore"), "/state/0: is 1, was to be 2");
    }
}
