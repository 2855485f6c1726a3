//! Of the databases themselves.

pub mod connection;
pub mod quiet;
pub mod replication_impact;
