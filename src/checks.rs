//! What AWS accepts as a name, as checks for the attributes of entities.

use tf_provider::schema::Check;

use crate::arn::{self, Wildcards};

/// The name of a role or user.
pub fn iam_name() -> Check {
    iam(64)
}

/// The name of a group or policy.
pub fn long_iam_name() -> Check {
    iam(128)
}

fn iam(most: usize) -> Check {
    Check::text(format!("must be 1 to {most} letters, digits or characters of `+=,.@_-`"), move |name| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
        (1..=most).contains(&name.chars().count()) && name.chars().all(fits)
    })
}

/// The id of a database in the ARNs of its users.
pub fn resource_id() -> Check {
    Check::explained("must be a resource ID: `db-…`, `cluster-…`, `prx-…`, or `*`", |id| {
        arn::check_resource_id(id, Wildcards::Allowed)
    })
}

/// The name of a database user, or a pattern of names.
pub fn db_user() -> Check {
    Check::explained("must be the name of a database user, or a pattern of names", |user| {
        arn::check_db_user(user, Wildcards::Allowed)
    })
}

/// A region.
pub fn region() -> Check {
    Check::explained("must be a region such as `us-east-1`", arn::check_region)
}

/// An account.
pub fn account_id() -> Check {
    Check::explained("must be an account ID of 12 digits", arn::check_account)
}
