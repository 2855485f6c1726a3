//! The `rdsauth` provider: database authentication and encryption on Amazon RDS and Aurora.

pub mod arn;
pub mod aws;
pub mod checks;
pub mod policy;
pub mod provider;
pub mod resources;
pub mod world;
