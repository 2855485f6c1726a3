//! Acceptance tests: configurations run through the real CLI, one file per type and per use case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the whole crate is a test")]

pub mod support;

mod aurora_loader_role;
mod blue_green_encryption;
mod constraint_suspension;
mod database_connection;
mod db_auth_token;
mod db_endpoint;
mod db_secret;
mod demo;
mod dms_migration;
mod encrypted_cluster_restore;
mod encrypted_restore;
mod encrypted_snapshot;
mod encryption_plan;
mod endpoint_swap;
mod examples;
mod functions;
mod guides;
mod harness;
mod iam_auth_readiness;
mod iam_authentication;
mod iam_db_access_role;
mod iam_db_user_policy;
mod kms_key;
mod kms_key_user;
mod matrix;
mod modules;
mod mysql_iam_user;
mod ownership;
mod parameter;
mod policies;
mod postgresql_iam_user;
mod posture;
mod provider_block;
mod query;
mod quiet;
mod refresh;
mod replication_iam_auth;
mod replication_iam_impact;
mod schema_drift;
mod sequence_sync;
mod spellings;
mod tags;
mod write_fence;
