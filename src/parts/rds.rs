//! Of RDS.

pub mod database;
pub mod encryption;
pub mod parameter_group;
pub mod quiet;
