//! Resources, one file each, named as its type.

pub mod aurora_loader_role;
pub mod iam_db_user_policy;
pub mod kms_key;
pub mod kms_key_user;
