//! What is said about sequences that cannot be synchronized.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::Handle;
use tf_provider::value::Path;

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::sequence_sync::SequenceSync;
use crate::sql::sequences::{Sequence, Unfit};
use crate::sql::writers::Writers;

/// As many names as a reader looks at.
const MOST: usize = 20;

fn names(all: &[String]) -> String {
    let shown: Vec<_> = all.iter().take(MOST).map(|name| format!("\"{name}\"")).collect();
    match all.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Where a block names its server.
pub(super) fn host_of(block: Handle<SequenceSync, DatabaseConnection>) -> Path {
    block.path().attribute(DatabaseConnection::host.name())
}

pub(super) fn same_place(place: &str) -> Diagnostic {
    let detail = format!(
        "\"source_connection\" and \"target_connection\" both lead to {place}. Set \"host\" of each to its own database."
    );
    Diagnostic::error("Source and target are the same database", detail)
}

/// An error if the source can still be written to.
pub(super) fn still_writable(writers: &Writers, place: &str) -> Result<()> {
    let (why, way_out) = match () {
        () if writers.is_replica => (
            format!("{place} is a read replica, and goes on with what its source writes"),
            "Set \"host\" to the writer endpoint of the source",
        ),
        () if !writers.names.is_empty() => (
            format!("{place} can still be written to by {}", names(&writers.names)),
            "Stop the writes first: in PostgreSQL with ALTER DATABASE … SET default_transaction_read_only = on, and for \
             users who have a setting of their own with ALTER ROLE … IN DATABASE; in MySQL and MariaDB with the \
             parameter read_only, or by locking the accounts",
        ),
        () => return Ok(()),
    };
    let detail = format!(
        "{why}: the next insert there would use values that the target hands out, too. Nothing was changed.\n\n\
         {way_out}. To synchronize nevertheless, set allow_writable_source = true."
    );
    Err(Diagnostic::error("Source can still be written to", detail).at(host_of(SequenceSync::source_connection)))
}

pub(super) fn unknown_writers(error: Diagnostic) -> Diagnostic {
    let detail = format!(
        "Whether the source can still be written to was not found out, and nothing was changed: {}\n\nTo synchronize \
         without knowing it, set allow_writable_source = true.",
        error.detail
    );
    Diagnostic { detail, ..error }
}

pub(super) fn all_schemas(missing: &[String], side: &str) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let detail =
        format!("There is no schema {} at the {side}. Nothing was changed. Check \"schemas\".", names(missing));
    Err(Diagnostic::error("Schema not found", detail).at(SequenceSync::schemas))
}

pub(super) fn all_there(missing: &[String]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "The target has no sequence {}. Nothing was changed.\n\nCreate them at the target as they are at the source, with \
         their columns, or set \"schemas\" to those that both databases have.",
        names(missing)
    );
    Err(Diagnostic::error("Sequences are missing at the target", detail).at(host_of(SequenceSync::target_connection)))
}

pub(super) fn all_readable(names_of: &[String], privilege: &str, at: Path) -> Result<()> {
    if names_of.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "The user of the connection may not use {}: it needs USAGE on the schema and {privilege} on the sequence. \
         Nothing was changed.\n\nGrant the privileges, or leave the schema out of \"schemas\".",
        names(names_of)
    );
    Err(Diagnostic::error("Missing privilege on sequences", detail).at(at))
}

pub(super) fn all_fit(unfit: &[(&Sequence, Unfit)], margin: i64) -> Result<()> {
    if unfit.is_empty() {
        return Ok(());
    }
    let line = |(one, why): &(&Sequence, Unfit)| match why {
        Unfit::Direction => format!("\"{}\" ascends in one database and descends in the other", one.title()),
        Unfit::Bound(bound) => format!(
            "\"{}\" is at {} at the source, and with {margin} steps of {} it would be beyond its bound {bound} at the target",
            one.title(),
            one.used,
            one.increment
        ),
    };
    let lines: Vec<_> = unfit.iter().take(MOST).map(line).collect();
    let detail = format!(
        "{}. Nothing was changed.\n\nGive the sequence the same direction, a further bound or a wider column at the target, \
         or set a smaller \"margin\".",
        lines.join(";\n")
    );
    Err(Diagnostic::error("Sequence cannot be raised", detail).at(SequenceSync::margin))
}

pub(super) fn not_raised(short: &[String]) -> Diagnostic {
    let detail = format!(
        "The database accepted the statements, but {} did not follow. Something else sets the sequence at the same time: \
         stop it, and apply again.",
        names(short)
    );
    Diagnostic::error("Sequence was not raised", detail).at(host_of(SequenceSync::target_connection))
}

pub(super) fn cached(sequences: &[String]) -> Diagnostic {
    let detail = format!(
        "The sequences {} of the target have a cache and were used there. A session that has used one of them has values \
         in its memory, and hands those out first. End the open sessions of the target before the first insert.",
        names(sequences)
    );
    Diagnostic::warning("Sessions may hold older values", detail).at(host_of(SequenceSync::target_connection))
}

pub(super) fn left(target: &str) -> Diagnostic {
    let detail =
        format!("The sequences of {target} stay as they are. Lowered, they would hand out values that are in use.");
    Diagnostic::warning("Sequences were left as they are", detail)
}
