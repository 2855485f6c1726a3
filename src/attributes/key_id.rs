//! The type of attributes that name a KMS key.

use tf_provider::schema::{Spelling, Text};

use crate::arn::Arn;

/// A KMS key by ARN, ID or alias; an ARN and its part after the account are the same.
pub type KeyId = Text<KeySpelling>;

/// The spelling of keys.
#[derive(Clone, Copy, Debug)]
pub enum KeySpelling {}

/// The key of AWS that Secrets Manager uses when none is named.
const SECRETS_MANAGER: &str = "alias/aws/secretsmanager";

impl Spelling for KeySpelling {
    fn same(a: &str, b: &str) -> bool {
        same(Some(a), Some(b))
    }
}

/// Whether two ways to name the key of a secret name the same one. Two ARNs do only if they are equal: keys of several
/// regions share their ID.
pub fn same(a: Option<&str>, b: Option<&str>) -> bool {
    let (a, b) = (a.unwrap_or(SECRETS_MANAGER), b.unwrap_or(SECRETS_MANAGER));
    match (a.parse::<Arn>(), b.parse::<Arn>()) {
        (Ok(a), Ok(b)) => a == b,
        (Ok(arn), Err(_)) => short(&arn.resource) == short(b),
        (Err(_), Ok(arn)) => short(a) == short(&arn.resource),
        (Err(_), Err(_)) => a == b,
    }
}

fn short(key: &str) -> &str {
    key.strip_prefix("key/").unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_several_names() {
        const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/mrk-1";
        const ALIAS: &str = "arn:aws:kms:us-east-1:123456789012:alias/a";
        for (a, b, want) in [
            (Some(ARN), Some("mrk-1"), true),
            (Some("alias/a"), Some(ALIAS), true),
            (Some(ARN), Some("arn:aws:kms:eu-west-1:123456789012:key/mrk-1"), false),
            (Some(ARN), Some(ALIAS), false),
            (Some("alias/mrk-1"), Some("mrk-1"), false),
            (None, Some("alias/aws/secretsmanager"), true),
            (None, Some("alias/a"), false),
            (None, None, true),
        ] {
            assert_eq!(same(a, b), want, "{a:?} {b:?}");
        }
    }
}
