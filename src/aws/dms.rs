//! DMS: replication tasks, the tables that they migrate, and the endpoints that they connect.
//!
//! A sixth of its operations. The SDK's crate for it has all of them, and is too large for what is needed here, so these
//! requests are sent with the SDK's runtime alone.

mod endpoints;
mod request;
mod tables;
mod tasks;

pub use self::endpoints::{Connection, Endpoint, ReplicationInstance};
pub use self::tables::{LOADING, TABLE_ERROR, Table};
pub use self::tasks::{Definition, Stats, Task};

use self::request::Requests;
use crate::aws::direct::Common;

/// The DMS client of one region.
#[derive(Clone, Debug)]
pub struct Dms(Requests);

impl Dms {
    pub(crate) fn new(common: Common<'_>) -> Self {
        Self(Requests::new(common))
    }
}

#[cfg(test)]
mod tests;
