//! The `rdsauth` provider: database authentication and encryption on Amazon RDS and Aurora.

pub mod actions;
pub mod arn;
pub mod attributes;
pub mod aws;
pub mod data_sources;
pub mod ephemeral;
pub mod functions;
pub mod lists;
pub mod local;
pub mod ownership;
pub mod parts;
pub mod policy;
pub mod posture;
pub mod provider;
pub mod records;
pub mod resources;
pub mod sql;
pub mod world;
