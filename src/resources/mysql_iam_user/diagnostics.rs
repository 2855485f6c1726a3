//! Diagnostics of `rdsauth_mysql_iam_user`.

use tf_provider::diagnostic::Diagnostic;

use crate::parts::db::connection::Place;
use crate::sql::mysql::grants::Grants;
use crate::sql::mysql::users::{Account, PLUGIN, User};

/// A create adopts an existing user, with consent.
pub(super) fn adopting(account: Account<'_>, user: &User, given: &Grants) -> Diagnostic {
    let how = if user.plugin == PLUGIN {
        "It already uses IAM database authentication.".to_owned()
    } else {
        format!(
            "Its authentication plugin was {}; it now uses IAM database authentication and can no longer use a \
             password.",
            user.plugin
        )
    };
    let already = given.within(&user.grants).lines().join("; ");
    let already = match already.is_empty() {
        true => String::new(),
        false => format!(
            "\n\nIt already has {already}. These privileges are kept when the resource is destroyed, even if an \
             interrupted apply granted them."
        ),
    };
    let unlocked = if user.is_locked { " The account was locked and is now unlocked." } else { "" };
    let detail = format!(
        "The user \"{account}\" already exists. {how}{unlocked} It keeps its other \
         privileges.{already}"
    );
    Diagnostic::warning("Existing user is adopted", detail)
}

/// Adds to the refusal of an existing user how it logs in, and that it can be adopted.
pub(super) fn can_be_adopted(refusal: Diagnostic, user: &User) -> Diagnostic {
    let tls = if user.requires_tls { "must use" } else { "need not use" };
    let more = format!(
        "Its authentication plugin is {}, and it {tls} TLS. To convert it to IAM database authentication, set \
         \"adopt_existing\" to true: it keeps its privileges and loses its password, if it has one.",
        user.plugin
    );
    Diagnostic { detail: format!("{}\n\n{more}", refusal.detail), ..refusal }
}

/// The user is the one that would make the change.
pub(super) fn is_own_login(name: &str) -> Diagnostic {
    let detail = format!(
        "\"database_connection\" connects as the user \"{name}\" itself. Changing the authentication of this user \
         could lock out the connection, so nothing was changed.\n\nChoose another \"name\", or connect as another \
         user.",
    );
    Diagnostic::error("Cannot manage the user of the connection", detail)
}

/// The user would be created in another database.
pub(super) fn moves(name: &str, old: &Place, new: &Place) -> Diagnostic {
    let detail = format!(
        "The user \"{name}\" at {new} is managed from now on. If {old} is another database server, its user is left \
         unchanged and is no longer managed. If both endpoints belong to the same server, the user remains managed; \
         if it was adopted, its current privileges are kept when the resource is destroyed.",
    );
    Diagnostic::warning("Database endpoint changes", detail)
}

/// Two names are one.
pub(super) fn same_names() -> Diagnostic {
    let detail = "Two names of databases or tables differ only in case, and the server compares these names \
                  case-insensitively (lower_case_table_names is not 0).\n\nUse the same spelling for both.";
    Diagnostic::error("Names differ only in case", detail)
}

/// The user is more than a user.
pub(super) fn is_a_master(account: Account<'_>) -> Diagnostic {
    let detail = format!(
        "The user \"{account}\" has CREATE USER with the grant option, like the master user. It would lose its \
         password, so nothing was changed.\n\nChoose another \"name\".",
    );
    Diagnostic::error("User is the master user", detail)
}

/// A destroy leaves a user that it did not create.
pub(super) fn stays(account: Account<'_>) -> Diagnostic {
    let detail = format!(
        "The user \"{account}\" existed before this resource was created, so it was not dropped. The privileges that \
         this resource granted were revoked. The user still uses IAM database authentication; ALTER USER sets a \
         password.",
    );
    Diagnostic::warning("User was not dropped", detail)
}
