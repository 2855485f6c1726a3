//! DMS: replication tasks, on an instance or serverless, the tables that they migrate, and the endpoints that they connect.
//!
//! A sixth of its operations. The SDK's crate for it has all of them, and is too large for what is needed here, so these
//! requests are sent with the SDK's runtime alone.

mod endpoints;
mod replications;
mod request;
mod tables;
mod tasks;

pub use self::endpoints::{Connection, Endpoint, ReplicationInstance};
pub use self::replications::{Among, Capacity, RunsOn};
pub use self::tables::{LOADING, TABLE_ERROR, Table};
pub use self::tasks::{Changes, Definition, Stats, Task};

use self::request::Requests;
use crate::aws::direct::Common;
use crate::aws::error::Error;

/// The DMS client of one region.
#[derive(Clone, Debug)]
pub struct Dms(Requests);

impl Dms {
    pub(crate) fn new(common: Common<'_>) -> Self {
        Self(Requests::new(common))
    }
}

/// DMS answers with an error if nothing fits a filter.
fn unless_absent<T>(found: Result<Vec<T>, Error>) -> Result<Vec<T>, Error> {
    found.or_else(|error| if error.is_not_found() { Ok(Vec::new()) } else { Err(error) })
}

#[cfg(test)]
mod tests;
