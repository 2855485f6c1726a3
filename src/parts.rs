//! What several entities share, by the service it talks to.

pub mod db;
pub mod iam;
pub mod kms;
pub mod rds;
