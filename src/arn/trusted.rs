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
        return wrong("would trust everybody. Name accounts or roles.");
    }
    if ["AROA", "AIDA"].iter().any(|prefix| text.starts_with(prefix)) {
        return wrong("is the ID of a role or user, which is what remains of a deleted one. Name it by its ARN.");
    }
    if text.ends_with(".amazonaws.com") {
        return wrong("is a service. Services are trusted by their own attribute.");
    }
    let arn: Arn = text.parse()?;
    if text.contains(['*', '?']) {
        return wrong("is a pattern, and a trust policy names each principal whole. Name the account instead.");
    }
    check_account(&arn.account)?;
    match (arn.service.as_str(), arn.iam_identity()) {
        ("iam", Some((IamKind::Group, _))) => wrong("is a group, which nobody can be. Name a role or a user."),
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
            ("*", "everybody"),
            ("AROAIOSFODNN7EXAMPLE1", "deleted"),
            ("rds.amazonaws.com", "service"),
            ("arn:aws:iam::123456789012:role/*", "pattern"),
            ("arn:aws:iam::*:root", "pattern"),
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
