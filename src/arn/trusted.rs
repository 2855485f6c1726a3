//! Principals that a trust policy can name.

use crate::arn::{Arn, ArnError, IamKind, Part, check_account};

/// Checks that a text names a principal of a trust policy: an account, a role, a user or a session.
///
/// # Errors
/// It names no principal, any principal, or several.
pub fn check_principal(text: &str) -> Result<(), ArnError> {
    if check_account(text).is_ok() {
        return Ok(());
    }
    let wrong = |why: &str| Err(ArnError::new(Part::Whole, format!("\"{text}\" {why}")));
    if text == "*" {
        return wrong("would trust every AWS account. Write account IDs, or ARNs of roles or users.");
    }
    if ["AROA", "AIDA"].iter().any(|prefix| text.starts_with(prefix)) {
        return wrong(
            "is the unique ID of a role or user, which AWS shows in place of the ARN of a deleted one. \
             Write an ARN.",
        );
    }
    if text.ends_with(".amazonaws.com") {
        return wrong("is an AWS service, not an account, role or user. Services have their own argument.");
    }
    let arn: Arn = text.parse()?;
    if text.contains(['*', '?']) {
        return wrong(
            "contains a wildcard, which a trust policy does not allow in a principal. Write the account ID \
             instead.",
        );
    }
    check_account(&arn.account)?;
    match (arn.service.as_str(), arn.iam_identity()) {
        ("iam", Some((IamKind::Group, _))) => wrong(
            "is an IAM group, which cannot be a principal. Write the ARN of \
             a role or user.",
        ),
        ("iam", Some(_)) => Ok(()),
        ("iam", None) if arn.resource == "root" => Ok(()),
        ("sts", _) if arn.resource.starts_with("assumed-role/") || arn.resource.starts_with("federated-user/") => {
            Ok(())
        }
        _ => wrong("is not the ARN of a role, a user or an account."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_distinguished_from_everything_else() {
        for text in [
            "123456789012",
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:role/path/CH-S3-orders",
            "arn:aws-cn:iam::123456789012:user/ann",
            "arn:aws:sts::123456789012:assumed-role/app/session",
        ] {
            assert_eq!(check_principal(text), Ok(()), "{text}");
        }
        for (text, says) in [
            ("*", "every AWS account"),
            ("AROAIOSFODNN7EXAMPLE1", "deleted"),
            ("rds.amazonaws.com", "service"),
            ("arn:aws:iam::123456789012:role/*", "contains a wildcard"),
            ("arn:aws:iam::*:root", "contains a wildcard"),
            ("arn:aws:iam::123456789012:group/g", "group"),
            ("arn:aws:iam::123456789012:policy/p", "not the ARN of a role"),
            ("arn:aws:iam::aws:role/r", "twelve digits"),
            ("arn:aws:s3:::bucket", "twelve digits"),
            ("12345", "not an ARN"),
        ] {
            let error = check_principal(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
