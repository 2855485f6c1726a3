//! List resources, one file each, named as the resource whose objects they find.

pub mod encrypted_snapshot;
pub mod iam_authentication;
pub mod iam_db_user_policy;
pub mod kms_key_user;
pub mod mysql_iam_user;
pub mod parameter;
pub mod postgresql_iam_user;
