//! EC2: from where databases can be reached, by security groups, prefix lists, routes and interface endpoints.
//!
//! Four of its 700 operations, which only read. The SDK's crate for EC2 has all of them: without optimization, it takes 190
//! seconds of processor time and 7 GB of memory to compile, more than all other crates here together. So these requests are
//! sent with the SDK's runtime alone.

mod endpoints;
mod request;
mod routes;
mod security_groups;
mod xml;

pub use self::endpoints::VpcEndpoint;
pub use self::routes::{Gateways, RouteTable};
pub use self::security_groups::{Range, Rule, SecurityGroup};

use self::request::Requests;
use crate::aws::direct::Common;

/// The EC2 client of one region.
#[derive(Clone, Debug)]
pub struct Ec2(Requests);

impl Ec2 {
    pub(crate) fn new(common: Common<'_>) -> Self {
        Self(Requests::new(common))
    }
}

#[cfg(test)]
mod tests;
