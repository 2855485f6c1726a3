//! Of RDS.

pub mod database;
pub mod parameter_group;
pub mod quiet;
pub mod storage_key;
