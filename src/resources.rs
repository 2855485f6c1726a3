//! Resources, one file each, named as its type.

pub mod iam_authentication;
pub mod iam_db_user_policy;
pub mod parameter;
pub mod replication_iam_auth;
