//! ARNs of the principals of a resource-based policy.

use crate::arn::{Arn, ArnError, IamKind, Part, check_account};

/// The ARN of a role, a user, or of an account as a whole.
///
/// # Errors
/// It is something else, such as the ARN of a group, which is no principal, or of a role's session.
pub fn principal_arn(text: &str) -> Result<Arn, ArnError> {
    let arn: Arn = text.parse()?;
    let wrong = |why: &str| Err(ArnError::new(Part::Resource, format!("\"{text}\" {why}")));
    if arn.service == "sts" {
        return wrong("is the ARN of a session. Name its role: \"arn:PARTITION:iam::ACCOUNT:role/NAME\".");
    }
    if arn.service != "iam" || !arn.region.is_empty() {
        return wrong("is not the ARN of a role or user of IAM.");
    }
    check_account(&arn.account)?;
    if arn.resource.contains(['*', '?']) {
        return wrong("contains a wildcard. Write the whole ARN of the principal.");
    }
    match arn.iam_identity() {
        Some((IamKind::Role | IamKind::User, _)) => Ok(arn),
        Some((IamKind::Group, _)) => wrong("is the ARN of a group, which cannot be a principal."),
        None if arn.resource == "root" => Ok(arn),
        None => wrong("is not the ARN of a role, of a user, or of an account, which ends in \":root\"."),
    }
}

/// The ARN of a role.
///
/// # Errors
/// It is something else.
pub fn role_arn(text: &str) -> Result<Arn, ArnError> {
    let arn = principal_arn(text)?;
    match arn.iam_identity() {
        Some((IamKind::Role, _)) => Ok(arn),
        _ => Err(ArnError::new(Part::Resource, format!("\"{text}\" is not the ARN of a role."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_distinguished_from_other_arns() {
        for text in ["arn:aws:iam::123456789012:role/app", "arn:aws-us-gov:iam::123456789012:role/path/app"] {
            assert_eq!(role_arn(text).map(|arn| arn.to_string()), Ok(text.to_owned()));
        }
        for (text, says) in [
            ("arn:aws:iam::123456789012:user/jane", "not the ARN of a role"),
            ("arn:aws:iam::123456789012:root", "not the ARN of a role"),
            ("arn:aws:sts::123456789012:assumed-role/app/s", "Name its role"),
            ("app", "not an ARN"),
            ("", "cannot be empty"),
        ] {
            let error = role_arn(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn principals_are_roles_users_and_accounts() {
        for name in ["role/app", "role/service-role/app", "user/jane", "root"] {
            let text = format!("arn:aws-cn:iam::123456789012:{name}");
            assert_eq!(principal_arn(&text).map(|arn| arn.to_string()), Ok(text));
        }
        for (text, says) in [
            ("arn:aws:iam::123456789012:group/g", "a group"),
            ("arn:aws:iam::123456789012:role/*", "contains a wildcard"),
            ("arn:aws:iam::123456789012:policy/p", "ends in \":root\""),
            ("arn:aws:iam::1234:role/app", "twelve digits"),
            ("arn:aws:sts::123456789012:assumed-role/app/s", "Name its role"),
            ("arn:aws:s3:::bucket", "role or user of IAM"),
            ("AROAEXAMPLEEXAMPLE12", "not an ARN"),
        ] {
            let error = principal_arn(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
