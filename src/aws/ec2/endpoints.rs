//! Interface endpoints, which reach the API of a service without the internet.

use aws_smithy_xml::decode::XmlDecodeError;

use crate::aws::ec2::Ec2;
use crate::aws::ec2::request::{Query, filtered};
use crate::aws::ec2::xml::{self, Tag};
use crate::aws::error::Error;

/// An interface endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VpcEndpoint {
    /// The ID, such as `vpce-0123456789abcdef0`.
    pub id: String,
    /// The VPC.
    pub vpc: String,
    /// `available`, `pending` and so on.
    pub state: String,
    /// Whether the service's own host name leads to it.
    pub has_private_dns: bool,
    /// The policy, if AWS tells it.
    pub policy: Option<String>,
}

impl Ec2 {
    /// The interface endpoints of a service, such as `com.amazonaws.eu-west-1.rds`. Needs `ec2:DescribeVpcEndpoints`.
    ///
    /// # Errors
    /// Any.
    pub async fn endpoints(&self, service: &str) -> Result<Vec<VpcEndpoint>, Error> {
        let mut found = Vec::new();
        for parameters in filtered("service-name", [service.to_owned()]) {
            let query = Query { operation: "DescribeVpcEndpoints", page: 1000, parameters: &parameters };
            found.extend(self.0.all(query, "vpcEndpointSet", endpoint).await?);
        }
        Ok(found)
    }
}

fn endpoint(tag: Tag<'_, '_>) -> Result<VpcEndpoint, XmlDecodeError> {
    let mut endpoint = VpcEndpoint::default();
    xml::each_in(tag, |name, tag| {
        match name {
            "vpcEndpointId" => endpoint.id = xml::text(tag)?,
            "vpcId" => endpoint.vpc = xml::text(tag)?,
            "state" => endpoint.state = xml::text(tag)?.to_ascii_lowercase(),
            "privateDnsEnabled" => endpoint.has_private_dns = xml::text(tag)? == "true",
            "policyDocument" => endpoint.policy = Some(xml::text(tag)?).filter(|policy| !policy.is_empty()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(endpoint)
}
