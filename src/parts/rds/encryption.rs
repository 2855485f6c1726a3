//! A database that is to be encrypted: what is known about it, and the ways to a database with another encryption.

pub mod facts;
pub mod paths;

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::aws::rds::Database;

/// Refuses a member of a DB cluster, which is encrypted as the cluster is.
///
/// # Errors
/// It is one.
pub fn refuse_member(database: &Database) -> Result<()> {
    let Some(cluster) = &database.cluster_identifier else { return Ok(()) };
    let detail = format!(
        "The DB instance \"{}\" is a member of the DB cluster \"{cluster}\", whose storage and encryption it shares. Write \
         db_cluster_identifier = \"{cluster}\" instead.",
        database.identifier
    );
    Err(Diagnostic::error("DB instance is a member of a DB cluster", detail))
}
