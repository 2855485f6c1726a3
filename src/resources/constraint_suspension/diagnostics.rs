//! Diagnostics of `rdsauth_constraint_suspension`.

use tf_provider::diagnostic::{Diagnostic, Severity};

use crate::sql::Error;
use crate::sql::suspension::{Item, Offenders, Suspension, Unfit};

/// Ends the warning of a refresh that cannot connect.
pub(super) const AS_KNOWN: &str = "The state keeps the last known list of suspended objects, and drift is not detected. If plans \
                                   run where databases cannot be reached, set \"skip_plan_connections\" in the \
                                   \"database_connection\" block of the provider: they then neither try nor warn.";

/// Both kinds of objects are left out.
pub(super) fn nothing_to_suspend() -> Diagnostic {
    let detail =
        "With foreign_keys = false and user_triggers = false there is nothing to suspend. Set one of them to true.";
    Diagnostic::error("Conflicting arguments", detail)
}

/// The refusal of a suspension that exists, with who made it.
pub(super) fn with_maker(refusal: Diagnostic, it: &Suspension) -> Diagnostic {
    let detail = format!("{}\n\nIt was made by {}, at {}.", refusal.detail, it.maker, it.since);
    Diagnostic { detail, ..refusal }
}

/// Another suspension covers some of the objects.
pub(super) fn overlaps(it: &Suspension, severity: Severity) -> Diagnostic {
    let tables = match &it.scope.tables {
        Some(tables) => format!("the tables {} of ", list(tables)),
        None => String::new(),
    };
    let detail = format!(
        "Another resource suspends {tables}the schemas {}: creation ID {}, made by {}, at {}. Two suspensions cannot \
         have objects in common, since neither could put them back. Nothing was changed.\n\nEnd the other one first, or \
         choose other schemas or tables.",
        list(&it.scope.schemas),
        it.mark,
        it.maker,
        it.since
    );
    Diagnostic { severity, ..Diagnostic::error("Tables are already suspended", detail) }
}

/// The login cannot suspend some objects, or could not put them back.
pub(super) fn unfit(all: &[Unfit]) -> Diagnostic {
    let lines: String = all.iter().take(20).map(|it| format!("\n  - The {}: {}", it.item.what(), it.why)).collect();
    let more = if all.len() > 20 { format!("\n  and {} more", all.len() - 20) } else { String::new() };
    let detail = format!(
        "Some objects cannot be suspended, so nothing is changed:{lines}{more}\n\nCorrect this, or leave the tables out with \
         \"tables\"."
    );
    Diagnostic::error("Cannot suspend all objects", detail)
}

/// An object that stays in effect.
pub(super) fn stays(it: &Unfit) -> Diagnostic {
    let detail = format!("The {} stays as it is. {}", it.item.what(), it.why);
    Diagnostic::warning("Foreign key is not suspended", detail)
}

/// The state stands in for the inventory.
pub(super) fn inventory_lost(count: usize) -> Diagnostic {
    let detail = format!(
        "The inventory in the schema \"rdsauth\" no longer has this suspension, but {count} of its objects are not back. They \
         will be put back as the state has them."
    );
    Diagnostic::warning("Inventory of the suspension is lost", detail)
}

/// An object that others have changed.
pub(super) fn left(told: &str, item: &Item) -> Diagnostic {
    let detail = format!("{told}\n\nThis would put it back as it was:\n  {}", item.restore_sql);
    Diagnostic::warning("Suspended object was changed by others", detail)
}

/// A foreign key that keeps its place while older ones are created again.
pub(super) fn order_changes(item: &Item, error: &Error) -> Diagnostic {
    let detail = format!(
        "An interrupted apply has suspended foreign keys that are older than the {}, which was still in effect and could not be \
         dropped now: {error}\n\nOnce they are back, what they do on an update or delete comes after what it does. If that \
         matters, drop and create it again.",
        item.what()
    );
    Diagnostic::warning("Order of foreign keys has changed", detail)
}

/// Foreign keys that check new rows only.
pub(super) fn unvalidated(all: &[String]) -> Diagnostic {
    let lines: String = all.iter().map(|what| format!("\n  - the {what}")).collect();
    let detail = format!(
        "With validate = false, these objects are back as NOT VALID. They check new rows only; rows that were copied may \
         violate them:{lines}\n\nTo validate one, run ALTER TABLE … VALIDATE CONSTRAINT."
    );
    Diagnostic::warning("Foreign keys were not validated", detail)
}

/// Foreign keys whose rows nobody has looked at.
pub(super) fn unchecked(all: &[String]) -> Diagnostic {
    let lines: String = all.iter().map(|what| format!("\n  - the {what}")).collect();
    let detail = format!(
        "With validate = false, the rows that were copied were not checked, and the server does not check them later. They may \
         violate these foreign keys:{lines}"
    );
    Diagnostic::warning("Foreign keys were not validated", detail)
}

/// A foreign key whose rows cannot be looked at.
pub(super) fn not_checked(item: &Item, error: &Error) -> String {
    format!("The rows of the {} could not be checked. {error}", item.what())
}

/// The error after all triggers were put back.
pub(super) fn orphans(failures: &[String]) -> Diagnostic {
    let lines: String = failures.iter().map(|failure| format!("\n  - {failure}")).collect();
    let detail = format!(
        "All triggers are back. The server did not check rows that were written with foreign_key_checks = 0, and never \
         will:{lines}\n\nCorrect this and apply again. To leave the rows unchecked, set validate = false and apply that first."
    );
    Diagnostic::error("Rows violate foreign keys", detail)
}

/// A name that the engine does not allow for a schema, or that belongs to the server.
pub(super) fn impossible_schema(why: String) -> Diagnostic {
    Diagnostic::error("Invalid schemas", why)
}

/// Rows that violate a foreign key.
pub(super) fn violated(offenders: &Offenders) -> String {
    let rows: String = offenders.rows.iter().map(|row| format!("\n      {row}")).collect();
    format!("Rows violate the {}, such as:{rows}", offenders.item.what())
}

/// An object that the server does not let us put back.
pub(super) fn failed(item: &Item, error: &Error) -> String {
    format!("The {} could not be put back. {error}\n      {}", item.what(), item.restore_sql)
}

/// The error after everything was tried.
pub(super) fn not_put_back(failures: &[String]) -> Diagnostic {
    let lines: String = failures.iter().map(|failure| format!("\n  - {failure}")).collect();
    let detail = format!(
        "Everything else was put back, and the inventory keeps what was not:{lines}\n\nCorrect this and apply again. To leave \
         foreign keys unvalidated, set validate = false and apply that first."
    );
    Diagnostic::error("Some objects were not put back", detail)
}

/// Adds to an error who held the locks.
pub(super) fn locked(error: Error, holders: &[String]) -> Error {
    if holders.is_empty() {
        return error;
    }
    let message = format!("{}; sessions with locks on its tables: {}", error.message, holders.join("; "));
    Error { message, ..error }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
