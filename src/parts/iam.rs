//! Of IAM.

pub mod logins;
pub mod role;
