//! Diagnostics of `rdsauth_postgresql_iam_user`.

use tf_provider::diagnostic::Diagnostic;

use crate::parts::db::connection::{Place, WAYS_OUT};
use crate::sql::postgres::roles::{self, Left, Unfit};
use crate::sql::{Error, Refusal};

/// Adds to the refusal of an existing role that it can be adopted.
pub(crate) fn can_be_adopted(refusal: Diagnostic) -> Diagnostic {
    let more = "Or set \"adopt_existing\" to true, to change it into this user; destroy then leaves it in place.";
    Diagnostic { detail: format!("{}\n\n{more}", refusal.detail), ..refusal }
}

/// A role was dropped, and another one has its name.
pub(crate) fn recreated(name: &str) -> Diagnostic {
    let detail = format!(
        "Somebody dropped the role \"{name}\" and made another of that name. It is managed here as one that was taken \
         over: destroying it takes away only what it is given from now on."
    );
    Diagnostic::warning("Role was re-created outside of Terraform", detail)
}

/// A destroy finds a role that another create has created.
pub(crate) fn somebody_elses(name: &str) -> Diagnostic {
    let detail = format!("Somebody dropped the role \"{name}\" and made another of that name, which is not touched.");
    Diagnostic::warning("Role was re-created outside of Terraform", detail)
}

/// The connection leads to another server than before.
pub(crate) fn not_moved(name: &str, place: &Place) -> Diagnostic {
    let detail = format!(
        "The connection leads to another server than before, where the user is made. The user \"{name}\" that was managed \
         at {place} is left there; drop it if it is not needed any more."
    );
    Diagnostic::warning("User was left on the previous server", detail)
}

/// A user that is no longer one of IAM still is one.
pub(crate) fn still_in_rds_iam(name: &str, path: &str) -> Diagnostic {
    let detail = format!(
        "\"{name}\" is a member of \"{}\" by way of other roles, which were not given to it here: {path}. It still logs in \
         with tokens alone.",
        roles::IAM
    );
    Diagnostic::warning("User is still a member of rds_iam", detail)
}

/// An update finds nothing.
pub(crate) fn role_missing(name: &str) -> Diagnostic {
    let detail = format!(
        "Since the plan was made, somebody dropped the role \"{name}\".\n\nRun \"terraform plan\" again to see what there \
         is."
    );
    Diagnostic::error("User not found", detail)
}

/// The user is who logs in here.
pub(crate) fn own_login(name: &str) -> Diagnostic {
    let detail = format!(
        "\"{name}\" is the login of this connection. It can neither make itself a member of \"{}\" without the risk to be \
         locked out, nor rename or drop itself.",
        roles::IAM
    );
    Diagnostic::error("Cannot manage the user of the connection", detail)
}

/// A user would be locked out.
pub(crate) fn locked_out(name: &str, path: &str) -> Diagnostic {
    let detail = format!(
        "If \"{name}\" becomes a member of \"{iam}\", so does the login of this connection or the master of the database, \
         which could not log in with a password any more: {path} → {iam}. Nothing was changed.\n\nEnd that membership, or \
         choose another user.",
        iam = roles::IAM
    );
    Diagnostic::error("Change would lock out the connecting or master user", detail)
}

/// Two ways to log in exclude each other.
pub(crate) fn kerberos(name: &str, path: &str) -> Diagnostic {
    let detail = format!(
        "A member of \"rds_ad\" logs in with Kerberos and cannot be a user of IAM: {path}. Nothing was changed.\n\nEnd \
         that membership of \"{name}\", or choose another user."
    );
    Diagnostic::error("User is a member of rds_ad", detail)
}

/// It is no server of RDS.
pub(crate) fn no_rds() -> Diagnostic {
    let detail = format!(
        "The server has no role \"{}\", which every PostgreSQL of RDS and Aurora has. Is it one of them?",
        roles::IAM
    );
    Diagnostic::error("Server is not Amazon RDS or Aurora", detail)
}

/// Roles to be a member of do not exist.
pub(crate) fn missing(names: &[String]) -> Diagnostic {
    let names = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let detail = format!("The database has no role {names}. Nothing was changed.\n\nMake what is missing first.");
    Diagnostic::error("Role not found", detail)
}

/// A role that cannot be listed.
pub(crate) fn unfit_role(role: &str, name: Option<&str>) -> Option<Diagnostic> {
    let why = match role {
        roles::IAM => "The user is a member of \"rds_iam\" anyway.",
        roles::REPLICATION => "Membership in \"rds_replication\" is what \"replication\" is for.",
        "rds_ad" => "A member of \"rds_ad\" logs in with Kerberos and cannot be a user of IAM.",
        role if Some(role) == name => "The user cannot be a member of itself.",
        _ => return None,
    };
    Some(Diagnostic::error("Role cannot be listed", why))
}

/// A password that is forbidden has an end.
pub(crate) fn no_effect() -> Diagnostic {
    let detail = "PostgreSQL asks \"valid_until\" for passwords alone, and \"forbid_password\" leaves none. Tokens are good \
                  until IAM says otherwise.";
    Diagnostic::warning("valid_until has no effect", detail)
}

/// The attribute was refused.
pub(crate) fn by_role(name: &str, error: &Error) -> Diagnostic {
    let detail = format!(
        "\"{name}\" was made a member of \"{}\", since the login may not give it the attribute REPLICATION. {error}",
        roles::REPLICATION
    );
    Diagnostic::warning("Granted rds_replication instead of REPLICATION", detail)
}

/// An attribute cannot be removed.
pub(crate) fn attribute_kept(name: &str, attribute: &str, error: &Error) -> Diagnostic {
    let detail = format!(
        "\"{name}\" has the attribute {attribute}, which the login of this connection may not take away. {error}\n\nLet one \
         who may run ALTER ROLE … NO{attribute}, or allow it with \"attributes\"."
    );
    Diagnostic::warning("Role attribute was not removed", detail)
}

/// Objects or privileges of a user cannot be removed from it.
pub(crate) fn not_cleared(error: Error) -> Diagnostic {
    let more = match error.refusal() {
        Some(Refusal::Dependency) => {
            "Privileges that somebody else gave can only be taken away by who gave them or by a member of that role: let \
             the login be one, or revoke them."
        }
        Some(Refusal::Permission) => {
            "Who gets what the user owns needs CREATE in its schemas, and the login must be able to become a member of that \
             role."
        }
        _ => return error.into(),
    };
    let refusal = Diagnostic::from(error);
    Diagnostic { detail: format!("{} {more}", refusal.detail), ..refusal }
}

/// Databases that do not allow connections contain something of the user.
pub(crate) fn closed(databases: &[&str]) -> Diagnostic {
    let names = databases.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let detail = format!(
        "The user owns or may do something in {names}, where the login of this connection may not connect, or nobody may. \
         Nothing was changed.\n\nLet the login connect (GRANT CONNECT ON DATABASE, ALTER DATABASE … ALLOW_CONNECTIONS), \
         or clear the user there by hand. {WAYS_OUT}"
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
        format!("In the database \"{database}\" the user is still named in:{lines}")
    };
    let all = left.iter().map(in_one).collect::<Vec<_>>().join("\n");
    let detail = format!(
        "{all}\nThe login of this connection cannot take that away, so the user cannot be dropped. Nothing was \
         changed.\n\nA privilege can be revoked by who granted it, by a member of that role, or by a superuser: have it \
         revoked, or make the login a member. {WAYS_OUT}"
    );
    Diagnostic::error("Cannot revoke privileges granted by other roles", detail)
}

/// A role that cannot become the owner of the user's objects.
pub(crate) fn unfit_heir(heir: &str, unfit: Unfit) -> Diagnostic {
    let detail = match unfit {
        Unfit::Missing => format!(
            "There is no role \"{heir}\" to reassign objects to when the user is dropped.\n\nCreate it first; if the same \
             configuration does, name that in \"depends_on\"."
        ),
        Unfit::OutOfReach => format!(
            "The login of this connection is no member of the role \"{heir}\" and cannot become one, so it could not \
             reassign objects to it when the user is dropped.\n\nGrant it the membership: GRANT \"{heir}\" TO the login. \
             From PostgreSQL 16 on, the admin option is enough."
        ),
    };
    Diagnostic::error("Invalid reassign_owned_to", detail)
}
