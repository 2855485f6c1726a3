//! All checks, in one list.

use crate::posture::check::Check;
use crate::posture::checks::{
    authentication, encryption, identity, logging, network, operations, resilience, secrets, security_groups,
    snapshots, transport, users,
};

/// The tables, in the order of the topics.
const TABLES: [&[Check]; 12] = [
    authentication::CHECKS,
    users::CHECKS,
    secrets::CHECKS,
    encryption::CHECKS,
    transport::CHECKS,
    snapshots::CHECKS,
    identity::CHECKS,
    logging::CHECKS,
    resilience::CHECKS,
    network::CHECKS,
    security_groups::CHECKS,
    operations::CHECKS,
];

/// All checks.
pub fn all() -> impl Iterator<Item = &'static Check> {
    TABLES.into_iter().flatten()
}

/// The checks that a name means: its own, or that of a control.
pub fn named(name: &str) -> impl Iterator<Item = &'static Check> {
    all().filter(move |check| check.is_named(name))
}

/// The names of all parameters that checks read.
pub(crate) fn parameters() -> Vec<&'static str> {
    [authentication::PARAMETERS, logging::PARAMETERS, transport::PARAMETERS].concat()
}
