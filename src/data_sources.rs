//! Data sources, one file each, named as its type.

pub mod db_endpoint;
pub mod encryption_plan;
pub mod iam_auth_readiness;
pub mod migration_status;
pub mod posture;
pub mod replication_iam_impact;
pub mod schema_drift;
