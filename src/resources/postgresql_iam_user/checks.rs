//! What the arguments of a user must look like.

use jiff::Timestamp;
use tf_provider::schema::Check;

use crate::resources::postgresql_iam_user::FOREVER;
use crate::sql::quote::check_pg_name;

/// A name that a role can be created with.
pub(super) fn name() -> Check {
    Check::explained(
        "must be 1 to 63 bytes without NUL, neither `public` nor `none`, and begin with neither `pg_` nor `rds`",
        |name| {
            check_pg_name(name).map_err(|error| error.to_string())?;
            let is_reserved = ["pg_", "rds"].iter().any(|prefix| name.starts_with(prefix)) || is_word(name);
            if is_reserved {
                Err(format!("The name \"{name}\" is reserved by PostgreSQL or Amazon RDS."))
            } else {
                Ok(())
            }
        },
    )
}

/// The name of a role that is there.
pub(super) fn role() -> Check {
    Check::explained("must be 1 to 63 bytes without NUL, and neither `public` nor `none`", |name| {
        check_pg_name(name).map_err(|error| error.to_string())?;
        if is_word(name) {
            Err(format!("\"{name}\" is a keyword of PostgreSQL, not a role, even in quotes."))
        } else {
            Ok(())
        }
    })
}

fn is_word(name: &str) -> bool {
    ["public", "none"].contains(&name)
}

pub(super) fn instant() -> Check {
    Check::text("must be an instant of RFC 3339, such as `2030-01-01T00:00:00Z`, or `infinity`", |text| {
        text == FOREVER || text.parse::<Timestamp>().is_ok()
    })
}
