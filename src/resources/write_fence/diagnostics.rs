//! What is said about a fence that cannot be set or taken away.

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::resources::write_fence::WriteFence;
use crate::sql::fence::Obstacles;

pub(super) fn no_database(name: &str) -> Diagnostic {
    let detail = format!("There is no database \"{name}\" on the server. Nothing was changed. Check \"databases\".");
    Diagnostic::error("Database not found", detail).at(WriteFence::databases)
}

pub(super) fn no_engine(id: &str, engine: &str) -> Diagnostic {
    let detail = format!(
        "\"{id}\" begins with the engine \"{engine}\". Known are postgres, aurora-postgresql, mysql, mariadb and aurora-mysql."
    );
    Diagnostic::error("Malformed import id", detail)
}

pub(super) fn no_slots() -> Diagnostic {
    let detail = "\"replication_slots\" are those of PostgreSQL. Remove it: MySQL and MariaDB do not know how far replicas have \
                  come.";
    Diagnostic::error("Conflicting arguments", detail).at(WriteFence::replication_slots)
}

/// An error if a name is neither an account nor an event.
pub(super) fn of_mysql(name: &str) -> Option<Diagnostic> {
    let is_one = name.strip_prefix("event ").map_or_else(|| name.contains('@'), |event| event.contains('.'));
    let detail = format!(
        "\"{name}\" in \"accepted_writers\" is no writer of MySQL or MariaDB. Write an account as user@host, such as app@%, and an \
         event as event DATABASE.NAME."
    );
    (!is_one).then(|| Diagnostic::error("Invalid accepted_writers", detail).at(WriteFence::accepted_writers))
}

/// An error if one of the slots does not exist.
pub(super) fn all_slots(wanted: &[String], found: &[(String, bool)]) -> Result<()> {
    let missing = wanted.iter().find(|name| !found.iter().any(|(slot, _)| slot == *name));
    missing.map_or(Ok(()), |name| {
        let detail = format!(
            "The server has no replication slot \"{name}\" that can still be used. Check \"replication_slots\", and \
             pg_replication_slots on the server."
        );
        Err(Diagnostic::error("Replication slot not found", detail).at(WriteFence::replication_slots))
    })
}

pub(super) fn not_drained(behind: &[String], lsn: &str) -> Diagnostic {
    let detail = format!(
        "The fence is there, but the copy does not have all writes yet: position {lsn} is not confirmed by {}.\n\nLook whether \
         its subscriber is connected and applies changes, and apply again.",
        behind.join(", ")
    );
    Diagnostic::warning("Replication slots are behind", detail).at(WriteFence::replication_slots)
}

/// An error if the server cannot be fenced.
pub(super) fn obstacles(engine: Engine, user: &str, found: &Obstacles) -> Result<()> {
    let connection = WriteFence::database_connection.path();
    let host = connection.attribute(DatabaseConnection::host.name());
    if let Some(version) = found.needs {
        let detail =
            format!("Accounts of this server cannot be marked or locked. {version} or a later version is required.");
        return Err(Diagnostic::error("Server version is not supported", detail).at(host));
    }
    if found.is_replica {
        let detail = "This is a read replica, and its source goes on to write. Set \"host\" to the writer endpoint.";
        return Err(Diagnostic::error("Server is a read replica", detail).at(host));
    }
    if found.is_read_only {
        let detail = "read_only is on, so nobody writes to the databases, and no account can be locked. It is a replica, or its \
                      DB parameter read_only is set, and there is nothing to fence.";
        return Err(Diagnostic::error("Server is read-only", detail).at(host));
    }
    if let Some(lacks) = found.lacks {
        let at = connection.attribute(DatabaseConnection::username.name());
        let (sees, way_out) = match engine {
            Engine::Postgres => (
                "the sessions of others, so it cannot end those that write",
                "Grant it the roles pg_read_all_stats and pg_signal_backend.".to_owned(),
            ),
            Engine::Mysql => (
                "the sessions or prepared transactions of others, so it cannot end those that write",
                format!("Grant it the privilege {lacks}."),
            ),
        };
        let detail = format!("\"{user}\" does not see {sees}.\n\n{way_out}");
        return Err(Diagnostic::error("Missing privilege in the database", detail).at(at));
    }
    if !found.prepared.is_empty() {
        let way_out = match engine {
            Engine::Postgres => "COMMIT PREPARED or ROLLBACK PREPARED",
            Engine::Mysql => "XA COMMIT or XA ROLLBACK",
        };
        let detail = format!(
            "Transactions are prepared that can still be committed, whatever the fence: {}.\n\nEnd each with {way_out}, and \
             apply again.",
            found.prepared.join(", ")
        );
        return Err(Diagnostic::error("Transactions are prepared", detail).at(WriteFence::databases));
    }
    Ok(())
}

pub(super) fn not_set(engine: Engine, is_left: bool, error: Diagnostic) -> Diagnostic {
    let outcome = match engine {
        _ if is_left => "Accounts may be locked already, and the state has the fence: apply again, or destroy it.",
        Engine::Postgres => {
            "No database was fenced. A user whose own setting cannot be changed can be added to \"accepted_writers\"."
        }
        Engine::Mysql => "No account was locked. One that cannot be locked can be added to \"accepted_writers\".",
    };
    let detail = format!("{}\n\n{outcome}", error.detail);
    Diagnostic { summary: "Cannot set the write fence".to_owned(), detail, ..error }
}

pub(super) fn not_removed(error: Diagnostic) -> Diagnostic {
    let detail = format!("{}\n\nThe fence is as it was, around all of its databases.", error.detail);
    Diagnostic { summary: "Cannot take the write fence away".to_owned(), detail, ..error }
}

pub(super) fn still_writable(engine: Engine, writers: &[String], accepted: &[String]) -> Diagnostic {
    let others: Vec<_> = writers.iter().filter(|one| !accepted.contains(one)).map(|one| format!("\"{one}\"")).collect();
    let others = others.join(", ");
    let detail = match engine {
        Engine::Postgres => format!(
            "The sessions of {others} are not read-only by default, since somebody changed their setting meanwhile. Apply \
             again, or add them to \"accepted_writers\"."
        ),
        Engine::Mysql => format!(
            "These can still write: {others}. Disable events with ALTER EVENT … DISABLE, drop accounts without a name, or add \
             them to \"accepted_writers\". Accounts that somebody has created or unlocked meanwhile are locked by the next \
             apply."
        ),
    };
    Diagnostic::error("Databases can still be written to", detail).at(WriteFence::accepted_writers)
}

pub(super) fn own_sessions(user: &str, count: usize) -> Diagnostic {
    let detail = format!(
        "The connecting user \"{user}\" has {count} other sessions in the databases. They are not ended, and can write. If they are \
         those of an application, stop it, and let it connect as another user."
    );
    let at = WriteFence::database_connection.path().attribute(DatabaseConnection::username.name());
    Diagnostic::warning("Sessions of the connecting user are open", detail).at(at)
}

pub(super) fn changed(engine: Engine, what: &[String]) -> Diagnostic {
    let what = what.join("; ");
    match engine {
        Engine::Postgres => Diagnostic::warning(
            "Settings were changed meanwhile",
            format!(
                "default_transaction_read_only was changed by somebody else while the fence was there, and stays as it is, for \
                 {what}."
            ),
        ),
        Engine::Mysql => Diagnostic::warning(
            "Accounts were unlocked meanwhile",
            format!("Somebody else unlocked accounts while the fence was there, and they stay as they are: {what}."),
        ),
    }
}
