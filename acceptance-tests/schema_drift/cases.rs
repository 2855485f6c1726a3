//! Pairs of schemas that differ in one kind alone. `~` is the schema.

pub(super) mod mariadb;
pub(super) mod postgres_code;
pub(super) mod postgres_relations;

/// A schema of both databases, and what is done in one of them alone.
pub(super) struct Case {
    pub(super) both: &'static str,
    pub(super) source: &'static str,
    pub(super) target: &'static str,
    /// Kind, table, name, difference and statement.
    pub(super) expected: &'static [[&'static str; 5]],
}

const fn case(
    both: &'static str,
    source: &'static str,
    target: &'static str,
    expected: &'static [[&'static str; 5]],
) -> Case {
    Case { both, source, target, expected }
}

const AT_TARGET: &str = "missing_at_target";
const AT_SOURCE: &str = "missing_at_source";
const OTHER: &str = "different";
