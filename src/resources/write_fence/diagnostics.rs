//! What is said about a fence that cannot be set or taken away.

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::write_fence::WriteFence;

pub(super) fn no_database(name: &str) -> Diagnostic {
    let detail = format!("There is no database \"{name}\" on the server. Nothing was changed. Check \"databases\".");
    Diagnostic::error("Database not found", detail).at(WriteFence::databases)
}

/// An error if the server cannot be fenced.
pub(super) fn obstacles(user: &str, is_replica: bool, is_blind: bool, prepared: &[String]) -> Result<()> {
    let connection = WriteFence::database_connection.path();
    if is_replica {
        let detail = "This is a read replica, and its source goes on to write. Set \"host\" to the writer endpoint.";
        let at = connection.attribute(DatabaseConnection::host.name());
        return Err(Diagnostic::error("Server is a read replica", detail).at(at));
    }
    if is_blind {
        let detail = format!(
            "\"{user}\" does not see the sessions of others, so it cannot end those that write.\n\nGrant it the roles \
             pg_read_all_stats and pg_signal_backend."
        );
        let at = connection.attribute(DatabaseConnection::username.name());
        return Err(Diagnostic::error("Missing privilege in the database", detail).at(at));
    }
    if !prepared.is_empty() {
        let detail = format!(
            "Transactions are prepared that can still be committed, whatever the settings say: {}.\n\nEnd each with COMMIT \
             PREPARED or ROLLBACK PREPARED, and apply again.",
            prepared.join(", ")
        );
        return Err(Diagnostic::error("Transactions are prepared", detail).at(WriteFence::databases));
    }
    Ok(())
}

pub(super) fn not_set(error: Diagnostic) -> Diagnostic {
    let detail = format!(
        "{}\n\nNo database was fenced. A user whose own setting cannot be changed can be added to \"accepted_writers\".",
        error.detail
    );
    Diagnostic { summary: "Cannot set the write fence".to_owned(), detail, ..error }
}

pub(super) fn not_removed(error: Diagnostic) -> Diagnostic {
    let detail = format!("{}\n\nThe fence is as it was, around all of its databases.", error.detail);
    Diagnostic { summary: "Cannot take the write fence away".to_owned(), detail, ..error }
}

pub(super) fn still_writable(writers: &[String], accepted: &[String]) -> Diagnostic {
    let others: Vec<_> = writers.iter().filter(|one| !accepted.contains(one)).map(|one| format!("\"{one}\"")).collect();
    let detail = format!(
        "The sessions of {} are not read-only by default, since somebody changed their setting meanwhile. Apply again, or \
         add them to \"accepted_writers\".",
        others.join(", ")
    );
    Diagnostic::error("Databases can still be written to", detail).at(WriteFence::accepted_writers)
}

pub(super) fn changed(settings: &[String]) -> Diagnostic {
    let detail = format!(
        "default_transaction_read_only was changed by somebody else while the fence was there, and stays as it is, for {}.",
        settings.join("; ")
    );
    Diagnostic::warning("Settings were changed meanwhile", detail)
}
