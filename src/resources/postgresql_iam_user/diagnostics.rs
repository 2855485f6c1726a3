//! Diagnostics of `rdsauth_postgresql_iam_user`.

use tf_provider::diagnostic::Diagnostic;

use crate::parts::db::connection::{Place, WAYS_OUT};
use crate::sql::postgres::roles::{self, Left, Unfit};
use crate::sql::{Error, Refusal};

/// Adds to the refusal of an existing role that it can be adopted.
pub(crate) fn can_be_adopted(refusal: Diagnostic) -> Diagnostic {
    let more = "Or set \"adopt_existing\" to true to adopt the role: it is changed to match the configuration, and \
                destroy does not drop it.";
    Diagnostic { detail: format!("{}\n\n{more}", refusal.detail), ..refusal }
}

/// A role was dropped, and another one has its name.
pub(crate) fn recreated(name: &str) -> Diagnostic {
    let detail = format!(
        "The role \"{name}\" was dropped and re-created outside of Terraform. It is managed as an adopted role: \
         destroy revokes only what this resource grants from now on and does not drop the role."
    );
    Diagnostic::warning("Role was re-created outside of Terraform", detail)
}

/// A destroy finds a role that another create has created.
pub(crate) fn left_unchanged(name: &str) -> Diagnostic {
    let detail = format!(
        "The role \"{name}\" was dropped and re-created outside of Terraform. The new role was left \
         unchanged and is no longer managed here."
    );
    Diagnostic::warning("Role was re-created outside of Terraform", detail)
}

/// The connection leads to another server than before.
pub(crate) fn not_moved(name: &str, place: &Place) -> Diagnostic {
    let detail = format!(
        "\"database_connection\" points to another server than before, where the user is created. The user \
         \"{name}\" at {place} still exists and is no longer managed; drop it manually if it is not needed."
    );
    Diagnostic::warning("User was left on the previous server", detail)
}

/// A user that is no longer one of IAM still is one.
pub(crate) fn still_in_rds_iam(name: &str, path: &str) -> Diagnostic {
    let detail = format!(
        "\"{name}\" is still a member of \"{}\" through roles that this resource did not grant: {path}. It still \
         needs an IAM authentication token to connect.",
        roles::IAM
    );
    Diagnostic::warning("User is still a member of rds_iam", detail)
}

/// An update finds nothing.
pub(crate) fn role_missing(name: &str) -> Diagnostic {
    let detail = format!(
        "The role \"{name}\" was dropped outside of Terraform after the plan was created.\n\nRun \"terraform apply\" \
         again to create it again."
    );
    Diagnostic::error("User not found", detail)
}

/// The user is who logs in here.
pub(crate) fn own_login(name: &str) -> Diagnostic {
    let detail = format!(
        "\"database_connection\" connects as \"{name}\". A user cannot rename or drop itself, and could lock itself \
         out by becoming a member of \"{}\".\n\nChoose another \"name\", or connect as another user.",
        roles::IAM
    );
    Diagnostic::error("Cannot manage the user of the connection", detail)
}

/// A user would be locked out.
pub(crate) fn locked_out(name: &str, path: &str) -> Diagnostic {
    let detail = format!(
        "If \"{name}\" becomes a member of \"{iam}\", so does the user of \"database_connection\" or the master \
         user, which could then no longer connect with a password: {path} → {iam}. Nothing was changed.\n\nRevoke \
         that membership, or choose another \"name\".",
        iam = roles::IAM
    );
    Diagnostic::error("Change would lock out the connecting or master user", detail)
}

/// Two ways to log in exclude each other.
pub(crate) fn kerberos(name: &str, path: &str) -> Diagnostic {
    let detail = format!(
        "A member of \"rds_ad\" uses Kerberos authentication and cannot use IAM database authentication: {path}. \
         Nothing was changed.\n\nRevoke that membership of \"{name}\", or choose another \"name\"."
    );
    Diagnostic::error("User is a member of rds_ad", detail)
}

/// It is no server of RDS.
pub(crate) fn no_rds() -> Diagnostic {
    let detail = format!(
        "The server has no role \"{}\", which exists in every RDS for PostgreSQL and Aurora PostgreSQL database. \
         Check \"host\" and \"port\" in \"database_connection\".",
        roles::IAM
    );
    Diagnostic::error("Server is not Amazon RDS or Aurora", detail)
}

/// Roles to be a member of do not exist.
pub(crate) fn missing(names: &[String]) -> Diagnostic {
    let names = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let detail = format!(
        "There is no role {names} in the database. Nothing was changed.\n\nCreate the missing roles \
         first, or remove them from \"roles\"."
    );
    Diagnostic::error("Role not found", detail)
}

/// A role that cannot be listed.
pub(crate) fn unfit_role(role: &str, name: Option<&str>) -> Option<Diagnostic> {
    let why = match role {
        roles::IAM => "The resource always grants \"rds_iam\". Remove it from \"roles\".",
        roles::REPLICATION => {
            "To grant \"rds_replication\", set \"replication\" to true in place of listing it in \
             \"roles\"."
        }
        "rds_ad" => {
            "A member of \"rds_ad\" uses Kerberos authentication and cannot use IAM database authentication. \
             Remove it from \"roles\"."
        }
        role if Some(role) == name => "A user cannot be a member of itself. Remove it from \"roles\".",
        _ => return None,
    };
    Some(Diagnostic::error("Role cannot be listed", why))
}

/// A password that is forbidden has an end.
pub(crate) fn no_effect() -> Diagnostic {
    let detail = "PostgreSQL checks \"valid_until\" for passwords only, and with \"forbid_password\" the user has no \
                  password. It does not limit IAM authentication tokens: to revoke access, change the IAM policy.";
    Diagnostic::warning("valid_until has no effect", detail)
}

/// The attribute was refused.
pub(crate) fn by_role(name: &str, error: &Error) -> Diagnostic {
    let detail = format!(
        "\"{name}\" was granted membership in \"{}\", because the user of \"database_connection\" is not allowed to \
         set the attribute REPLICATION. {error}",
        roles::REPLICATION
    );
    Diagnostic::warning("Granted rds_replication instead of REPLICATION", detail)
}

/// An attribute cannot be removed.
pub(crate) fn attribute_kept(name: &str, attribute: &str, error: &Error) -> Diagnostic {
    let detail = format!(
        "\"{name}\" has the attribute {attribute}, which the user of \"database_connection\" is not allowed to \
         remove. {error}\n\nRun ALTER ROLE \"{name}\" NO{attribute} as a user that is allowed to, or add {attribute} \
         to \"attributes\"."
    );
    Diagnostic::warning("Role attribute was not removed", detail)
}

/// Objects or privileges of a user cannot be removed from it.
pub(crate) fn not_cleared(error: Error) -> Diagnostic {
    let more = match error.refusal() {
        Some(Refusal::Dependency) => {
            "The user was not dropped.\n\nA privilege can be revoked only by the role that granted it or by a member of that \
             role. Grant the user of \"database_connection\" membership in that role, or revoke the privilege manually."
        }
        Some(Refusal::Permission) => {
            "The user of \"database_connection\" needs more privileges. With \"reassign_owned_to\", that role needs \
             CREATE on the schemas of the objects, and the user of \"database_connection\" must be able to become a \
             member of it."
        }
        _ => return error.into(),
    };
    error.into_diagnostic(more)
}

/// Databases that do not allow connections contain something of the user.
pub(crate) fn closed(databases: &[&str]) -> Diagnostic {
    let names = databases.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let detail = format!(
        "The user owns objects or has privileges in {names}, where the user of \"database_connection\" cannot \
         connect, or which does not allow connections. Nothing was changed.\n\nAllow it to connect (GRANT CONNECT ON \
         DATABASE, ALTER DATABASE … ALLOW_CONNECTIONS), or remove the objects and privileges of the user there \
         manually. {WAYS_OUT}"
    );
    Diagnostic::error("Cannot connect to every database", detail)
}

/// A destroy was tried in a database, and is not possible.
pub(crate) fn nothing_changed(database: &str, error: Diagnostic) -> Diagnostic {
    let detail = format!("In the database \"{database}\": {}\n\nNothing was changed. {WAYS_OUT}", error.detail);
    Diagnostic { detail, ..error }
}

/// Privileges granted by others would prevent the drop of the user.
pub(crate) fn cannot_drop(left: &[(&str, Vec<Left>)]) -> Diagnostic {
    let in_one = |(database, left): &(&str, Vec<Left>)| {
        let lines: String = left.iter().map(|left| format!("\n  {left}")).collect();
        format!("In the database \"{database}\", these objects still refer to the user:{lines}")
    };
    let all = left.iter().map(in_one).collect::<Vec<_>>().join("\n");
    let detail = format!(
        "{all}\nThe user of \"database_connection\" cannot revoke these privileges, so the user cannot be dropped. \
         Nothing was changed.\n\nA privilege can be revoked by the role that granted it, by a member of that role, \
         or by a superuser. Revoke it manually, or grant the user of \"database_connection\" membership in that \
         role. {WAYS_OUT}"
    );
    Diagnostic::error("Cannot revoke privileges granted by other roles", detail)
}

/// A role that cannot become the owner of the user's objects.
pub(crate) fn unfit_heir(heir: &str, unfit: Unfit) -> Diagnostic {
    let detail = match unfit {
        Unfit::Missing => format!(
            "There is no role \"{heir}\" to reassign objects to when the user is dropped.\n\nCreate it first; if the \
             same configuration creates it, add that resource to \"depends_on\"."
        ),
        Unfit::OutOfReach => format!(
            "The user of \"database_connection\" is not a member of the role \"{heir}\" and cannot become one, so it \
             could not reassign objects to the role when the user is dropped.\n\nRun GRANT \"{heir}\" TO the user of \
             \"database_connection\". From PostgreSQL 16 on, the admin option is enough."
        ),
    };
    Diagnostic::error("Invalid reassign_owned_to", detail)
}
