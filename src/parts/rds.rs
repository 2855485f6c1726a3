//! Of RDS.

pub mod carried;
pub mod database;
pub mod encryption;
pub mod given_snapshot;
pub mod parameter_group;
pub mod quiet;
