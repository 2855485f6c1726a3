//! The `rdsauth` provider: database authentication and encryption on Amazon RDS and Aurora.

pub mod arn;
pub mod aws;
pub mod checks;
pub mod claims;
pub mod connection;
pub mod data_sources;
pub mod database;
pub mod ephemeral;
pub mod functions;
pub mod key_id;
pub mod key_policy;
pub mod local;
pub mod lock;
pub mod logins;
pub mod ownership;
pub mod parameter_group;
pub mod policy;
pub mod policy_json;
pub mod provider;
pub mod replication_impact;
pub mod resources;
pub mod role;
pub mod sql;
pub mod tags;
pub mod world;
