//! What a restore from a snapshot does not carry over from the original, and how it is carried over.
//!
//! A snapshot holds data. Of the settings of a DB instance or DB cluster it knows some; the others are arguments of the
//! restore, of a modification afterwards, or of another call. Each setting is one row of a table.

mod cluster;
mod instance;
pub(super) mod instance_requests;
mod member;
mod requests;

pub(super) use self::cluster::CLUSTER;
pub(super) use self::instance::{INSTANCE, KEPT};
pub(super) use self::member::MEMBER;
pub(super) use self::requests::{member_argument, modify_argument, restore_argument};

/// A setting that a restore without arguments would lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The DB instance or DB cluster that has it.
    pub identifier: String,
    /// Its name in AWS's API, in snake case.
    pub name: &'static str,
    /// The value that it has.
    pub value: String,
    /// The API operation and its argument, `OPERATION.ARGUMENT`; only the operation if it is about nothing else; `none`
    /// if nothing carries it over.
    pub carried_by: &'static str,
    /// What happens without it, and what else to know.
    pub note: &'static str,
}

/// One setting of a table.
pub(super) struct Row<T> {
    /// See [`Setting`], as are the others.
    name: &'static str,
    carried_by: &'static str,
    note: &'static str,
    /// The value, if a restore without arguments would not give it to the copy.
    lost: fn(&T) -> Option<String>,
}

/// Nothing carries it over.
const NONE: &str = "none";

impl<T> Row<T> {
    const fn new(
        name: &'static str,
        carried_by: &'static str,
        note: &'static str,
        lost: fn(&T) -> Option<String>,
    ) -> Self {
        Self { name, carried_by, note, lost }
    }
}

/// The settings of an object that a restore would lose, in the order of the table.
pub(super) fn lost<T>(rows: &[Row<T>], identifier: &str, object: &T) -> Vec<Setting> {
    let setting = |row: &Row<T>| {
        let value = (row.lost)(object)?;
        let Row { name, carried_by, note, .. } = *row;
        Some(Setting { identifier: identifier.to_owned(), name, value, carried_by, note })
    };
    rows.iter().filter_map(setting).collect()
}

/// The names of the settings of a DB cluster that a modification after the restore carries over.
pub fn cluster_modifications() -> impl Iterator<Item = &'static str> {
    let rows = CLUSTER.iter().filter(|row| row.carried_by.starts_with("ModifyDBCluster."));
    rows.map(|row| row.name).filter(|name| !cluster::NOT_CARRIED.contains(name))
}

/// The names of all settings of the tables, with what carries them over, each once.
#[cfg(test)]
pub(crate) fn all() -> Vec<(&'static str, &'static str)> {
    let instance = INSTANCE.iter().map(|row| (row.name, row.carried_by));
    let cluster = CLUSTER.iter().map(|row| (row.name, row.carried_by));
    let member = MEMBER.iter().map(|row| (row.name, row.carried_by));
    instance.chain(cluster).chain(member).collect()
}

/// A switch that is off without the argument.
fn on(flag: Option<bool>) -> Option<String> {
    flag.filter(|flag| *flag).map(|flag| flag.to_string())
}

/// A value that is random, or not documented, without the argument.
fn any(value: Option<&(impl ToString + ?Sized)>) -> Option<String> {
    value.map(ToString::to_string).filter(|value| !value.is_empty())
}

/// A value, unless it is the one that there is without the argument.
fn except(value: Option<&str>, default: &str) -> Option<String> {
    any(value.filter(|value| *value != default))
}

/// A group that a user has created. AWS's own begin with `default`, which the engine's version follows.
fn own_group(name: Option<&str>) -> Option<String> {
    any(name.filter(|name| *name != "default" && !name.starts_with("default.") && !name.starts_with("default:")))
}

/// A number that is 0 without the argument.
fn positive<N: PartialOrd + Default + ToString>(number: Option<N>) -> Option<String> {
    number.filter(|number| *number > N::default()).map(|number| number.to_string())
}

/// Whether IOPS and throughput of the storage can be chosen. RDS shows them for smaller gp3 storage as well, and refuses
/// a request that has them.
fn is_provisioned(storage_type: Option<&str>, size: Option<i32>) -> bool {
    match storage_type {
        Some("io1" | "io2") => true,
        Some("gp3") => size.is_some_and(|size| size >= 400),
        _ => false,
    }
}

/// Several values; nothing if there are none.
fn list<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Option<String> {
    let mut text = String::new();
    for value in values {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(value.as_ref());
    }
    (!text.is_empty()).then_some(text)
}

/// Roles, each with its feature.
fn roles<'a>(roles: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Option<String> {
    let role = |(arn, feature): (Option<&'a str>, Option<&'a str>)| match feature.filter(|feature| !feature.is_empty())
    {
        Some(feature) => Some(format!("{} ({feature})", arn?)),
        None => arn.map(str::to_owned),
    };
    list(roles.filter_map(role))
}

/// The keys of tags, without those that AWS sets.
fn tag_keys(tags: &[aws_sdk_rds::types::Tag]) -> Option<String> {
    list(tags.iter().filter_map(|tag| tag.key()).filter(|key| !key.starts_with("aws:")))
}

/// A value of AWS that turns something on, unless it is off.
fn unless_off(value: Option<&str>) -> Option<String> {
    any(value.filter(|value| !["disabled", "disabling", "stopped", "stopping", "standard"].contains(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_of_a_table_is_there_once() {
        for names in [
            INSTANCE.iter().map(|row| row.name).collect::<Vec<_>>(),
            CLUSTER.iter().map(|row| row.name).collect(),
            MEMBER.iter().map(|row| row.name).collect(),
        ] {
            let mut once = names.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), names.len(), "{names:?}");
        }
        for (name, by) in all() {
            let is_operation = by.chars().next().is_some_and(char::is_uppercase);
            assert!(is_operation || by == NONE, "{name}: {by}");
        }
    }

    #[test]
    fn what_is_as_without_the_argument_is_not_lost() {
        assert_eq!((on(Some(true)), on(Some(false)), on(None)), (Some("true".to_owned()), None, None));
        assert_eq!((except(Some("IPV4"), "IPV4"), except(Some("DUAL"), "IPV4")), (None, Some("DUAL".to_owned())));
        assert_eq!(
            [Some("default.postgres16"), Some("default:mysql-8-0"), Some("default"), None].map(own_group),
            [const { None }; 4]
        );
        assert_eq!(own_group(Some("orders")), Some("orders".to_owned()));
        assert_eq!((positive(Some(0)), positive(Some(7))), (None, Some("7".to_owned())));
        assert_eq!((list(["a", "b"]), list([""; 0])), (Some("a, b".to_owned()), None));
        assert_eq!(
            [("io1", 20), ("gp3", 399), ("gp3", 400), ("gp2", 400)]
                .map(|(kind, size)| is_provisioned(Some(kind), Some(size))),
            [true, false, true, false]
        );
        assert_eq!((unless_off(Some("stopped")), unless_off(Some("started"))), (None, Some("started".to_owned())));
    }
}
