//! Route tables: which subnets have a route to an internet gateway.

use std::collections::BTreeSet;

use aws_smithy_xml::decode::XmlDecodeError;

use crate::aws::ec2::Ec2;
use crate::aws::ec2::request::{Query, filtered};
use crate::aws::ec2::xml::{self, Tag};
use crate::aws::error::Error;

/// A route table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTable {
    /// The ID, such as `rtb-0123456789abcdef0`.
    pub id: String,
    /// The VPC.
    pub vpc: String,
    /// Whether it is that of all subnets of the VPC that have none.
    pub is_main: bool,
    /// The subnets that have it.
    pub subnets: Vec<String>,
    /// The internet gateways to which it has an active route.
    pub internet_gateways: BTreeSet<String>,
}

/// Route tables of some VPCs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateways(pub Vec<RouteTable>);

impl Gateways {
    /// The route table of a subnet of a VPC; none if the VPC is not among those that were read.
    pub fn table_of(&self, vpc: &str, subnet: &str) -> Option<&RouteTable> {
        let mut own = self.0.iter().filter(|table| table.vpc == vpc);
        let has_it = |table: &&RouteTable| table.subnets.iter().any(|own| own == subnet);
        own.clone().find(has_it).or_else(|| own.find(|table| table.is_main))
    }
}

impl Ec2 {
    /// The route tables of VPCs, some hundred a call. Needs `ec2:DescribeRouteTables`.
    ///
    /// # Errors
    /// Any.
    pub async fn route_tables(&self, vpcs: impl IntoIterator<Item = String>) -> Result<Gateways, Error> {
        let mut found = Vec::new();
        for parameters in filtered("vpc-id", vpcs) {
            let query = Query { operation: "DescribeRouteTables", page: 100, parameters: &parameters };
            found.extend(self.0.all(query, "routeTableSet", table).await?);
        }
        Ok(Gateways(found))
    }
}

fn table(tag: Tag<'_, '_>) -> Result<RouteTable, XmlDecodeError> {
    let mut table = RouteTable::default();
    xml::each_in(tag, |name, tag| {
        match name {
            "routeTableId" => table.id = xml::text(tag)?,
            "vpcId" => table.vpc = xml::text(tag)?,
            "associationSet" => xml::each_in(tag, |_, tag| {
                xml::each_in(tag, |name, tag| {
                    match name {
                        "main" => table.is_main |= xml::text(tag)? == "true",
                        "subnetId" => table.subnets.push(xml::text(tag)?),
                        _ => {}
                    }
                    Ok(())
                })
            })?,
            "routeSet" => xml::each_in(tag, |_, tag| {
                table.internet_gateways.extend(internet_gateway(tag)?);
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(table)
}

/// The internet gateway of a route. One for IPv6 that lets nobody in is an `egressOnlyInternetGatewayId`, and a route to
/// a gateway that has been detached is a black hole.
fn internet_gateway(route: Tag<'_, '_>) -> Result<Option<String>, XmlDecodeError> {
    let (mut gateway, mut state) = (None, String::new());
    xml::each_in(route, |name, tag| {
        match name {
            "gatewayId" => gateway = Some(xml::text(tag)?).filter(|id| id.starts_with("igw-")),
            "state" => state = xml::text(tag)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(gateway.filter(|_| state != "blackhole"))
}
