//! The security posture of RDS and Aurora: a table of checks, each a pure function over facts that are read once.
//!
//! A check is a row of a table in `checks/`. What it needs is a [`Source`]; a source that cannot be read makes exactly
//! the checks that need it unknown.

mod check;
mod checks;
mod facts;
mod findings;
#[cfg(test)]
pub(crate) mod page;
mod reading;
mod sources;
mod table;
#[cfg(test)]
mod tests;

pub use check::{Answer, Check, Severity, Status, Topic, Verdict};
pub use facts::{Contents, Facts, Options, Seen};
pub use findings::{Exclusion, Finding, findings};
pub use reading::{Targets, read};
pub use sources::Source;
pub use table::{all, named};
