//! Diagnostics of `rdsauth_mysql_iam_user`.

use tf_provider::diagnostic::Diagnostic;

use crate::parts::db::connection::Place;
use crate::sql::mysql::grants::Grants;
use crate::sql::mysql::users::{Account, PLUGIN, User};

/// A create adopts an existing user, with consent.
pub(super) fn adopting(account: Account<'_>, user: &User, given: &Grants) -> Diagnostic {
    let how = if user.plugin == PLUGIN {
        "It logs in with tokens already.".to_owned()
    } else {
        format!("It logged in by {}, and logs in with tokens alone from now on.", user.plugin)
    };
    let already = given.within(&user.grants).lines().join("; ");
    let already = match already.is_empty() {
        true => String::new(),
        false => format!(
            "\n\nOf what is given here it has {already} already. That counts as its own and stays when the resource is \
             destroyed, even if an apply that was broken off granted it."
        ),
    };
    let unlocked = if user.is_locked { " It was locked, and is unlocked." } else { "" };
    let detail = format!("User \"{account}\" was there. {how}{unlocked} Its privileges stay.{already}");
    Diagnostic::warning("Existing user will be adopted", detail)
}

/// Adds to the refusal of an existing user how it logs in, and that it can be adopted.
pub(super) fn can_be_adopted(refusal: Diagnostic, user: &User) -> Diagnostic {
    let tls = if user.requires_tls { "must use" } else { "need not use" };
    let more = format!(
        "It logs in by {} and {tls} TLS. To convert it, set \"adopt_existing\" to true: it keeps its privileges, and its \
         password, if any, is gone.",
        user.plugin
    );
    Diagnostic { detail: format!("{}\n\n{more}", refusal.detail), ..refusal }
}

/// The user is the one that would make the change.
pub(super) fn is_own_login(name: &str) -> Diagnostic {
    let detail = format!(
        "The session is that of user \"{name}\" itself. Whoever changes how it logs in may lock itself out, so nothing was \
         changed.\n\nChoose another user, or let \"database_connection\" log in as another.",
    );
    Diagnostic::error("Cannot manage the user of the connection", detail)
}

/// The user would be created in another database.
pub(super) fn moves(name: &str, old: &Place, new: &Place) -> Diagnostic {
    let detail = format!(
        "From now on user \"{name}\" at {new} is managed. The one at {old} is left as it is, and stays if that is another \
         database. If it is the same by another name, the user stays managed, but if it was taken over before, all that \
         it may do now counts as its own.",
    );
    Diagnostic::warning("Database endpoint changes", detail)
}

/// Two names are one.
pub(super) fn same_names() -> Diagnostic {
    let detail = "The server takes names of databases and tables that differ in upper and lower case alone for the same \
                  (lower_case_table_names is not 0), and two of those given here are such names.\n\nWrite all of \
                  them alike.";
    Diagnostic::error("Names differ only in case", detail)
}

/// The user is more than a user.
pub(super) fn is_a_master(account: Account<'_>) -> Diagnostic {
    let detail = format!(
        "User \"{account}\" may make users and let others make them, as the master of the database may. It would lose its \
         password, so nothing was changed.",
    );
    Diagnostic::error("User is the master user", detail)
}

/// A destroy leaves a user that it did not create.
pub(super) fn stays(account: Account<'_>) -> Diagnostic {
    let detail = format!(
        "User \"{account}\" was there before, so it was not dropped. What was granted to it here has been revoked. It still \
         logs in with tokens alone; ALTER USER gives it a password.",
    );
    Diagnostic::warning("User was not dropped", detail)
}
