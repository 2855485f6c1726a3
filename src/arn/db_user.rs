//! The ARNs of database users, and the rules for their parts.

use std::fmt;

use crate::arn::{Arn, ArnError, Part, Partition, check_account, check_region};

/// The ARN of a database user, the resource of `rds-db:connect`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DbUserArn {
    /// The partition, which follows from the region.
    pub partition: Partition,
    /// The region of the database, or `*`.
    pub region: String,
    /// The account of the database, or `*`.
    pub account: String,
    /// `db-…`, `cluster-…`, `prx-…`, or `*`.
    pub resource_id: String,
    /// The user's name as the database spells it, or a pattern.
    pub user: String,
}

/// Whether `*`, `?` and policy variables are allowed in a [`DbUserArn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildcards {
    /// They are errors.
    Refused,
    /// The user has consented to them.
    Allowed,
}

/// The longest user name any engine takes: MariaDB's 80 characters. PostgreSQL stops at 63 bytes, MySQL at 32.
pub const MAX_DB_USER_LEN: usize = 80;

/// The longest resource id accepted; real ones have about 30 characters.
const MAX_RESOURCE_ID_LEN: usize = 255;

impl DbUserArn {
    /// Builds the ARN from parts that have been checked, the partition from the region.
    ///
    /// # Errors
    /// The first part that is malformed.
    pub fn new(
        region: &str,
        account: &str,
        resource_id: &str,
        user: &str,
        wildcards: Wildcards,
    ) -> Result<Self, ArnError> {
        Self::in_partition(Partition::of_region(region), region, account, resource_id, user, wildcards)
    }

    /// As [`DbUserArn::new`], for a region that may be `*` and then does not determine the partition.
    ///
    /// # Errors
    /// The first part that is malformed, or a region of another partition.
    pub fn in_partition(
        partition: Partition,
        region: &str,
        account: &str,
        resource_id: &str,
        user: &str,
        wildcards: Wildcards,
    ) -> Result<Self, ArnError> {
        if !(wildcards == Wildcards::Allowed && region == "*") {
            check_region(region)?;
            if Partition::of_region(region) != partition {
                return Err(ArnError::new(
                    Part::Partition,
                    format!(
                        "Region \"{region}\" is in partition \"{}\", not in \"{partition}\".",
                        Partition::of_region(region)
                    ),
                ));
            }
        }
        if !(wildcards == Wildcards::Allowed && account == "*") {
            check_account(account)?;
        }
        check_resource_id(resource_id, wildcards)?;
        check_db_user(user, wildcards)?;
        Ok(Self {
            partition,
            region: region.to_owned(),
            account: account.to_owned(),
            resource_id: resource_id.to_owned(),
            user: user.to_owned(),
        })
    }

    /// Whether its resource ID or its user is a pattern.
    pub fn is_pattern(&self) -> bool {
        check_resource_id(&self.resource_id, Wildcards::Refused).is_err()
            || check_db_user(&self.user, Wildcards::Refused).is_err()
    }

    /// Parses the text of an ARN.
    ///
    /// # Errors
    /// A sentence about the first part that is wrong.
    pub fn parse(text: &str, wildcards: Wildcards) -> Result<Self, ArnError> {
        let arn: Arn = text.parse()?;
        if arn.service != "rds-db" {
            let hint = match arn.service.as_str() {
                "rds" => " \"rds\" names the database itself; its users are under \"rds-db\".",
                service if service.eq_ignore_ascii_case("rds-db") => " Service names are in lower case.",
                _ => "",
            };
            return Err(ArnError::new(
                Part::Service,
                format!(
                    "The ARN \"{text}\" belongs to the service \"{}\"; a database user's ARN has the service \"rds-db\".{hint}",
                    arn.service
                ),
            ));
        }
        let Some(rest) = arn.resource.strip_prefix("dbuser:") else {
            let hint = if arn.resource.starts_with("dbuser/") {
                " After \"dbuser\" comes a colon, not a slash."
            } else if arn.resource.to_ascii_lowercase().starts_with("dbuser") {
                " \"dbuser\" is in lower case."
            } else {
                ""
            };
            return Err(ArnError::new(
                Part::Resource,
                format!(
                    "The resource \"{}\" is not a database user; it must have the form \"dbuser:RESOURCE_ID/USER\".{hint}",
                    arn.resource
                ),
            ));
        };
        let Some((resource_id, user)) = rest.split_once('/') else {
            return Err(ArnError::new(
                Part::User,
                format!(
                    "The ARN \"{text}\" does not contain a user: a slash and the user name must follow the \
                     resource ID."
                ),
            ));
        };
        Self::in_partition(arn.partition, &arn.region, &arn.account, resource_id, user, wildcards)
    }
}

impl fmt::Display for DbUserArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, resource_id, user } = self;
        write!(f, "arn:{partition}:rds-db:{region}:{account}:dbuser:{resource_id}/{user}")
    }
}

/// Checks the resource ID of a DB instance, DB cluster or proxy. `*` alone needs consent.
///
/// # Errors
/// A sentence that says what was given instead, if that can be recognised.
pub fn check_resource_id(id: &str, wildcards: Wildcards) -> Result<(), ArnError> {
    let error = |message: String| Err(ArnError::new(Part::ResourceId, message));
    if id == "*" {
        return match wildcards {
            Wildcards::Allowed => Ok(()),
            Wildcards::Refused => error(
                "The resource ID \"*\" matches every database of the account, which is not allowed here.".to_owned(),
            ),
        };
    }
    const FORMS: &str = "\"db-\" (instance), \"cluster-\" (cluster) or \"prx-\" (proxy)";
    if id.is_empty() {
        return error(format!("The resource ID is empty; it begins with {FORMS}."));
    }
    if id.len() > MAX_RESOURCE_ID_LEN {
        return error(format!("The resource ID is too long: {} characters.", id.len()));
    }
    if id.starts_with("arn:") {
        return error(format!("\"{id}\" is an ARN; write the resource ID, which begins with {FORMS}."));
    }
    if id.contains('.') {
        return error(format!("\"{id}\" looks like a host name; the resource ID begins with {FORMS}."));
    }
    if id.contains(['*', '?']) {
        return error(format!(
            "\"{id}\" contains a wildcard; write the whole resource ID, or \"*\" where wildcards \
             are allowed."
        ));
    }
    let prefix = ["db-", "cluster-", "prx-"].into_iter().find(|p| id.to_ascii_lowercase().starts_with(p));
    let Some(prefix) = prefix else {
        return error(format!(
            "\"{id}\" is not a resource ID, which begins with {FORMS}. The DB instance or cluster identifier cannot \
             be used, because IAM compares the resource ID."
        ));
    };
    let rest = &id[prefix.len()..];
    let upper = prefix != "prx-";
    let right = |b: u8| b.is_ascii_digit() || if upper { b.is_ascii_uppercase() } else { b.is_ascii_alphanumeric() };
    if rest.is_empty() {
        return error(format!("The resource ID \"{id}\" ends after its prefix."));
    }
    if !id.starts_with(prefix) || (upper && rest.bytes().all(|b| b.is_ascii_alphanumeric()) && !rest.bytes().all(right))
    {
        let spelled = format!("{prefix}{}", if upper { rest.to_ascii_uppercase() } else { rest.to_owned() });
        return error(format!(
            "The resource ID \"{id}\" is in the wrong case, and IAM compares it case-sensitively: did you mean \
             \"{spelled}\"?"
        ));
    }
    if let Some(wrong) = rest.chars().find(|c| !u8::try_from(*c).is_ok_and(right)) {
        return error(format!(
            "The resource ID \"{id}\" contains {wrong:?}: only letters and digits can follow \"{prefix}\". Is it the \
             DB instance or cluster identifier?"
        ));
    }
    Ok(())
}

/// Checks a database user's name for use in a policy. `*`, `?` and `${…}` need consent.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_db_user(user: &str, wildcards: Wildcards) -> Result<(), ArnError> {
    let error = |message: String| Err(ArnError::new(Part::User, message));
    if user.is_empty() {
        return error("The name of a database user cannot be empty.".to_owned());
    }
    let literal = outside_variables(user);
    let len = literal.chars().count();
    if len > MAX_DB_USER_LEN {
        return error(format!(
            "The user name of {len} characters is too long: no engine takes more than {MAX_DB_USER_LEN} (PostgreSQL 63 bytes, MySQL 32 characters)."
        ));
    }
    if user.trim() != user {
        return error(format!("The user name \"{user}\" begins or ends with white space."));
    }
    if let Some(wrong) = user.chars().find(|c| c.is_control() || *c > '\u{ff}') {
        return error(format!("The user name \"{user}\" contains {wrong:?}, which an IAM policy cannot contain."));
    }
    if literal.contains('/') {
        return error(format!("The user name \"{user}\" contains a slash, which separates the parts of the ARN."));
    }
    if wildcards == Wildcards::Refused {
        if user == "*" {
            return error("The user \"*\" matches every user of the database, which is not allowed here.".to_owned());
        }
        if user.contains(['*', '?']) {
            return error(format!("The user name \"{user}\" contains a wildcard, which is not allowed here."));
        }
        if user.contains("${") {
            return error(format!("The user name \"{user}\" contains a policy variable, which is not allowed here."));
        }
    }
    Ok(())
}

/// A user name without its policy variables, such as `aws:PrincipalTag/team`, whose text is not part of the name.
fn outside_variables(user: &str) -> String {
    let mut literal = String::new();
    let mut rest = user;
    while let Some((before, (_, after))) =
        rest.split_once("${").and_then(|(before, variable)| Some((before, variable.split_once('}')?)))
    {
        literal.push_str(before);
        rest = after;
    }
    literal + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DB: &str = "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABCDEFGHIJKL01234/jane";

    fn check(text: &str, want: &str) {
        let error = DbUserArn::parse(text, Wildcards::Refused).expect_err(text);
        assert!(error.to_string().contains(want), "{text}: {error}");
    }

    #[test]
    fn a_user_arn_is_taken_apart() {
        let arn = DbUserArn::parse(DB, Wildcards::Refused).unwrap();
        assert_eq!(arn.resource_id, "db-ABCDEFGHIJKL01234");
        assert_eq!(arn.user, "jane");
        assert_eq!(arn.to_string(), DB);
    }

    #[test]
    fn each_fault_has_its_own_sentence() {
        check("", "cannot be empty");
        check("ARN:aws:rds-db:us-east-1:123456789012:dbuser:db-A/u", "begins with \"arn:\"");
        check("arn:aws:rds-db:us-east-1", "not a whole ARN");
        check("arn:awss:rds-db:us-east-1:123456789012:dbuser:db-A/u", "\"awss\" is not a partition");
        check("arn:aws:rds:us-east-1:123456789012:db:orders", "its users are under \"rds-db\"");
        check("arn:aws:RDS-DB:us-east-1:123456789012:dbuser:db-A/u", "Service names are in lower case");
        check("arn:aws:s3:::bucket", "belongs to the service \"s3\"");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser/db-A/u", "a colon, not a slash");
        check("arn:aws:rds-db:us-east-1:123456789012:DBUser:db-A/u", "\"dbuser\" is in lower case");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A", "does not contain a user");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/", "cannot be empty");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-abc1/u", "did you mean \"db-ABC1\"");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:DB-ABC1/u", "did you mean \"db-ABC1\"");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:orders/u", "DB instance or cluster identifier");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-my-base/u", "DB instance or cluster identifier");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:cluster-/u", "ends after its prefix");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:*/u", "not allowed here");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/*", "every user");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/a?", "wildcard");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/${aws:username}", "policy variable");
        check("arn:aws:rds-db:us-east-1:1234-5678-9012:dbuser:db-A/u", "without hyphens");
        check("arn:aws:rds-db:us-east-1:12345678901:dbuser:db-A/u", "Leading zeros count");
        check("arn:aws:rds-db:us-east-1a:123456789012:dbuser:db-A/u", "Availability Zone");
        check("arn:aws:rds-db:US-EAST-1:123456789012:dbuser:db-A/u", "in lower case, \"us-east-1\"");
        check("arn:aws:rds-db:cn-north-1:123456789012:dbuser:db-A/u", "in partition \"aws-cn\"");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/Ж", "cannot contain");
        check("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/a/b", "a slash");
        check(&format!("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/{}", "u".repeat(81)), "too long");
        check(" arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/u", "white space");
    }

    #[test]
    fn resource_ids_given_in_place_of_the_right_thing_are_recognised() {
        for (id, want) in [
            ("orders.abc.us-east-1.rds.amazonaws.com", "host name"),
            ("arn:aws:rds:us-east-1:123456789012:db:orders", "is an ARN"),
            ("db-*", "wildcard"),
            ("db-AÄ", "'Ä'"),
            ("", "is empty"),
        ] {
            let error = check_resource_id(id, Wildcards::Refused).expect_err(id).to_string();
            assert!(error.contains(want), "{id}: {error}");
        }
        for id in ["db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "cluster-ABC123", "prx-0123456789abcdef0", "prx-ABC"] {
            assert_eq!(check_resource_id(id, Wildcards::Refused), Ok(()));
        }
    }

    #[test]
    fn wildcards_are_for_those_who_consent() {
        for text in [
            "arn:aws:rds-db:*:123456789012:dbuser:db-A/u",
            "arn:aws:rds-db:us-east-1:*:dbuser:db-A/u",
            "arn:aws:rds-db:us-east-1:123456789012:dbuser:*/app_*",
            "arn:aws-cn:rds-db:*:*:dbuser:*/*",
        ] {
            assert!(DbUserArn::parse(text, Wildcards::Refused).is_err(), "{text}");
            assert_eq!(DbUserArn::parse(text, Wildcards::Allowed).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_policy_variable_may_hold_a_slash_and_be_long() {
        let long = "${aws:PrincipalTag/the-name-of-the-user-in-databases}".repeat(2);
        for user in ["${aws:PrincipalTag/dbuser}", "app_${aws:PrincipalTag/team}_${aws:username, 'a/b'}", &long] {
            let text = format!("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-A/{user}");
            let arn = DbUserArn::parse(&text, Wildcards::Allowed).unwrap();
            assert_eq!((arn.user.as_str(), arn.to_string()), (user, text.clone()));
            check(&text, "policy variable");
        }
        for user in ["a/${aws:username}", "${aws:username}/b", "${aws:PrincipalTag/dbuser", "${a}/${b}", "}/${"] {
            let error = check_db_user(user, Wildcards::Allowed).expect_err(user).to_string();
            assert!(error.contains("a slash"), "{user}: {error}");
        }
        assert!(check_db_user(&format!("{}${{a/b}}", "u".repeat(81)), Wildcards::Allowed).is_err());
    }

    proptest! {
        #[test]
        fn user_arns_survive_a_round_trip(
            region in proptest::sample::select(vec!["us-east-1", "cn-north-1", "eusc-de-east-1"]),
            account in "[0-9]{12}",
            id in "(db|cluster)-[A-Z0-9]{1,30}",
            user in "[!-.0-~¡-ÿ]{1,40}",
        ) {
            let arn = DbUserArn::new(region, &account, &id, &user, Wildcards::Allowed).unwrap();
            prop_assert_eq!(DbUserArn::parse(&arn.to_string(), Wildcards::Allowed), Ok(arn));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "(arn:(aws|\\PC{0,4}):(rds-db)?:\\PC{0,9}:\\PC{0,13}:(dbuser:)?)?\\PC{0,40}") {
            for wildcards in [Wildcards::Refused, Wildcards::Allowed] {
                if let Ok(arn) = DbUserArn::parse(&text, wildcards) {
                    prop_assert_eq!(arn.to_string(), text.clone());
                }
            }
            prop_assert!(check_resource_id(&text, Wildcards::Allowed).is_err() || !text.contains(['/', '.', ':']));
        }
    }
}
