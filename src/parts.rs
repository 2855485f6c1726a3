//! Shared parts of several entities, by the service that they use.

pub mod db;
pub mod dms;
pub mod iam;
pub mod kms;
pub mod rds;
