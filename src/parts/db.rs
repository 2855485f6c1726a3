//! Of the databases themselves.

pub mod connection;
pub mod replication_impact;
