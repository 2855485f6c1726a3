//! Resources, one file each, named as its type.

pub mod db_secret;
pub mod iam_db_user_policy;
