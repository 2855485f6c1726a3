//! Resources, one file each, named as its type.

pub mod aurora_loader_role;
pub mod blue_green_encryption;
pub mod constraint_suspension;
pub mod db_secret;
pub mod dms_migration;
pub mod encrypted_cluster_restore;
pub mod encrypted_restore;
pub mod encrypted_snapshot;
pub mod endpoint_swap;
pub mod iam_authentication;
pub mod iam_db_access_role;
pub mod iam_db_user_policy;
pub mod kms_key;
pub mod kms_key_user;
pub mod mysql_iam_user;
pub mod parameter;
pub mod postgresql_iam_user;
pub mod replication_iam_auth;
pub mod sequence_sync;
pub mod write_fence;
