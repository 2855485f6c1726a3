//! What the user is told.

use tf_provider::diagnostic::Diagnostic;

use crate::sql::mysql::users::{Account, PLUGIN, User};

/// A create finds what an earlier one has left.
pub(super) fn finished(account: Account<'_>) -> Diagnostic {
    let detail = format!(
        "User \"{account}\" was there, logs in with tokens, and has no privilege that it is not to have, as an interrupted \
         apply leaves it. It is managed here from now on, and dropped with the resource.",
    );
    Diagnostic::warning("User was already there", detail)
}

/// A create finds a user of somebody else, and may have it.
pub(super) fn taken(account: Account<'_>, user: &User) -> Diagnostic {
    let how = if user.plugin == PLUGIN {
        "It logs in with tokens already.".to_owned()
    } else {
        format!("It logged in by {}, and logs in with tokens alone from now on.", user.plugin)
    };
    let detail = format!("User \"{account}\" was there. {how} Its privileges stay.");
    Diagnostic::warning("User is taken over", detail)
}

/// A create finds a user of somebody else.
pub(super) fn already_there(account: Account<'_>, user: &User, import_id: &str) -> Diagnostic {
    let detail = format!(
        "User \"{account}\" is there already, logs in by {}, and {} TLS. Nothing was changed.\n\nTo convert it, set \
         \"take_over\" to true: it keeps its privileges, and its password, if any, is gone. To manage all that it may \
         do, import it and review the plan:\n  terraform import ADDRESS '{import_id}'",
        user.plugin,
        if user.requires_tls { "must use" } else { "need not use" },
    );
    Diagnostic::error("User exists and differs", detail)
}

/// The user is the one that would make it.
pub(super) fn is_own_login(name: &str) -> Diagnostic {
    let detail = format!(
        "The session is that of user \"{name}\" itself. Whoever changes how it logs in may lock itself out, so nothing was \
         changed.\n\nChoose another user, or let \"database_connection\" log in as another.",
    );
    Diagnostic::error("User is the session's own login", detail)
}

/// The user is more than a user.
pub(super) fn is_a_master(account: Account<'_>) -> Diagnostic {
    let detail = format!(
        "User \"{account}\" may make users and let others make them, as the master of the database may. It would lose its \
         password, so nothing was changed.",
    );
    Diagnostic::error("User is a master", detail)
}

/// A destroy leaves a user that it did not make.
pub(super) fn stays(account: Account<'_>) -> Diagnostic {
    let detail = format!(
        "User \"{account}\" was there before, so it was not dropped. What was granted to it here has been revoked. It still \
         logs in with tokens alone; ALTER USER gives it a password.",
    );
    Diagnostic::warning("User stays", detail)
}
