//! Security groups, by what they let in. What they let out is nothing to a database.

use std::net::IpAddr;

use aws_smithy_xml::decode::XmlDecodeError;

use crate::aws::ec2::Ec2;
use crate::aws::ec2::request::{Query, filtered};
use crate::aws::ec2::xml::{self, Tag};
use crate::aws::error::Error;

/// A security group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityGroup {
    /// The ID, such as `sg-0123456789abcdef0`.
    pub id: String,
    /// The name, `default` for that of the VPC.
    pub name: String,
    /// What it lets in.
    pub rules: Vec<Rule>,
}

/// What a security group lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub protocol: String,
    /// The first and the last port, if the protocol has ports.
    pub ports: Option<(i32, i32)>,
    /// The CIDR blocks of IPv4 and IPv6.
    pub ranges: Vec<Range>,
    /// The security groups.
    pub groups: Vec<String>,
    /// The prefix lists.
    pub prefix_lists: Vec<String>,
}

/// A CIDR block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// As EC2 writes it.
    pub cidr: String,
    /// Whether its addresses are of IPv6.
    pub is_ipv6: bool,
    /// How many bits are the same in all addresses.
    pub bits: u8,
}

impl Rule {
    /// Whether it is about a port of TCP.
    pub fn is_about(&self, port: i32) -> bool {
        match self.protocol.as_str() {
            "-1" => true,
            "tcp" | "6" => self.ports.is_none_or(|(first, last)| first <= port && port <= last),
            _ => false,
        }
    }

    /// Whether it is about all ports.
    pub fn is_about_all_ports(&self) -> bool {
        self.is_about(0) && self.is_about(65_535)
    }
}

impl Range {
    /// A CIDR block; nothing if it is none.
    pub fn parse(cidr: &str) -> Option<Self> {
        let (address, bits) = cidr.split_once('/')?;
        let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
        let most = if address.is_ipv6() { 128 } else { 32 };
        (bits <= most).then(|| Self { cidr: cidr.to_owned(), is_ipv6: address.is_ipv6(), bits })
    }

    /// Whether it has all addresses.
    pub fn is_world(&self) -> bool {
        self.bits == 0
    }

    /// Whether it has more addresses than a large network: than a block of /16, or of /48 with IPv6.
    pub fn is_wide(&self) -> bool {
        self.bits < if self.is_ipv6 { 48 } else { 16 }
    }
}

impl Ec2 {
    /// Those of the security groups that exist, some hundred a call. Needs `ec2:DescribeSecurityGroups`.
    ///
    /// # Errors
    /// Any.
    pub async fn security_groups(&self, ids: impl IntoIterator<Item = String>) -> Result<Vec<SecurityGroup>, Error> {
        let mut found = Vec::new();
        for parameters in filtered("group-id", ids) {
            let query = Query { operation: "DescribeSecurityGroups", page: 1000, parameters: &parameters };
            found.extend(self.0.all(query, "securityGroupInfo", group).await?);
        }
        Ok(found)
    }

    /// The CIDR blocks of a prefix list. Needs `ec2:GetManagedPrefixListEntries`.
    ///
    /// # Errors
    /// Any.
    pub async fn prefix_list(&self, id: &str) -> Result<Vec<Range>, Error> {
        let parameters = [("PrefixListId".to_owned(), id.to_owned())];
        let query = Query { operation: "GetManagedPrefixListEntries", page: 100, parameters: &parameters };
        let entry = |tag: Tag<'_, '_>| {
            let mut cidr = String::new();
            xml::each_in(tag, |name, tag| {
                if name == "cidr" {
                    cidr = xml::text(tag)?;
                }
                Ok(())
            })?;
            range(&cidr)
        };
        self.0.all(query, "entrySet", entry).await
    }
}

fn group(tag: Tag<'_, '_>) -> Result<SecurityGroup, XmlDecodeError> {
    let mut group = SecurityGroup::default();
    xml::each_in(tag, |name, tag| {
        match name {
            "groupId" => group.id = xml::text(tag)?,
            "groupName" => group.name = xml::text(tag)?,
            "ipPermissions" => group.rules = xml::items(tag, rule)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(group)
}

fn rule(tag: Tag<'_, '_>) -> Result<Rule, XmlDecodeError> {
    let mut rule = Rule::default();
    let (mut first, mut last) = (None, None);
    xml::each_in(tag, |name, tag| {
        match name {
            "ipProtocol" => rule.protocol = xml::text(tag)?,
            "fromPort" => first = xml::text(tag)?.parse().ok(),
            "toPort" => last = xml::text(tag)?.parse().ok(),
            "groups" => rule.groups = xml::texts(tag, "groupId")?,
            "prefixListIds" => rule.prefix_lists = xml::texts(tag, "prefixListId")?,
            "ipRanges" => rule.ranges.extend(ranges(&xml::texts(tag, "cidrIp")?)?),
            "ipv6Ranges" => rule.ranges.extend(ranges(&xml::texts(tag, "cidrIpv6")?)?),
            _ => {}
        }
        Ok(())
    })?;
    rule.ports = first.zip(last);
    Ok(rule)
}

fn ranges(cidrs: &[String]) -> Result<Vec<Range>, XmlDecodeError> {
    cidrs.iter().map(|cidr| range(cidr)).collect()
}

fn range(cidr: &str) -> Result<Range, XmlDecodeError> {
    Range::parse(cidr).ok_or_else(|| XmlDecodeError::custom(format!("\"{cidr}\" is not a CIDR block")))
}
