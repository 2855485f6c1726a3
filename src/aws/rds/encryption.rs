//! How a storage is encrypted.

use aws_sdk_rds::types::StorageEncryptionType;

/// The encryption of a storage that is not encrypted.
pub const UNENCRYPTED: &str = "none";

/// The type of encryption. Where RDS does not report it, storage is encrypted with a KMS key or not at all.
pub(super) fn encryption(reported: Option<&StorageEncryptionType>, is_encrypted: Option<bool>) -> String {
    let derived = match is_encrypted {
        Some(true) => StorageEncryptionType::Cmk,
        _ => StorageEncryptionType::Unencrypted,
    };
    reported.unwrap_or(&derived).as_str().to_owned()
}
