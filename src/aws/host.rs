//! The host names of database endpoints, which contain region, kind and identifier.

use std::net::IpAddr;

use crate::arn::{Partition, check_region};

/// A host name in the form RDS gives its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdsHost {
    /// The kind of endpoint.
    pub kind: HostKind,
    /// The identifier of the instance, cluster, custom endpoint, shard group or proxy.
    pub identifier: String,
    /// The region.
    pub region: String,
    /// The whole name in lower case.
    pub name: String,
}

/// The kind of endpoint of an [`RdsHost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// One DB instance.
    Instance,
    /// A cluster's writer.
    Writer,
    /// A cluster's readers.
    Readers,
    /// A custom endpoint of a cluster.
    Custom,
    /// A shard group of Aurora Limitless.
    ShardGroup,
    /// A proxy.
    Proxy,
    /// An additional endpoint of a proxy.
    ProxyEndpoint,
}

impl RdsHost {
    /// Reads `orders.cluster-abc.us-east-1.rds.amazonaws.com`, or `….rds.cn-north-1.amazonaws.com.cn` in China.
    /// Other names, such as a CNAME, are `None`.
    pub fn parse(host: &str) -> Option<Self> {
        let name = host.to_ascii_lowercase();
        // ENDPOINT.endpoint.proxy-….REGION.rds…
        let endpoint =
            name.split_once(".endpoint.proxy-").map(|(identifier, rest)| format!("{identifier}.proxy-{rest}"));
        let mut labels = endpoint.as_deref().unwrap_or(&name).splitn(5, '.');
        let (identifier, unique, third, fourth, suffix) =
            (labels.next()?, labels.next()?, labels.next()?, labels.next()?, labels.next()?);
        let region = match (third, fourth) {
            ("rds", region) | (region, "rds") => region,
            _ => return None,
        };
        check_region(region).ok()?;
        if identifier.is_empty() || suffix != Partition::of_region(region).dns_suffix() {
            return None;
        }
        const PREFIXES: [(&str, HostKind); 6] = [
            ("cluster-ro-", HostKind::Readers),
            ("cluster-custom-", HostKind::Custom),
            ("cluster-", HostKind::Writer),
            ("shardgrp-", HostKind::ShardGroup),
            ("limitless-", HostKind::ShardGroup),
            ("proxy-", HostKind::Proxy),
        ];
        let kind = PREFIXES.iter().find(|(prefix, _)| unique.starts_with(prefix)).map(|(_, kind)| *kind);
        Some(Self {
            kind: if endpoint.is_some() { HostKind::ProxyEndpoint } else { kind.unwrap_or(HostKind::Instance) },
            identifier: identifier.to_owned(),
            region: region.to_owned(),
            name,
        })
    }
}

/// Checks that a text is a bare host name.
///
/// # Errors
/// A sentence that says what it is instead.
pub fn check_host(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("The host name is empty.".to_owned());
    }
    if host.contains("://") {
        return Err(format!("\"{host}\" is a URL; write only the host name."));
    }
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(format!(
            "\"{host}\" is an IP address; a token is valid only for the DNS name of the database \
             endpoint."
        ));
    }
    if let Some((name, port)) = host.rsplit_once(':')
        && port.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(format!("\"{host}\" contains a port; write \"{name}\", and the port in its own argument."));
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return Err(format!("\"{host}\" is not a host name."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_contain_kind_identifier_and_region() {
        for (host, kind, identifier, region) in [
            ("orders.cabc.us-east-1.rds.amazonaws.com", HostKind::Instance, "orders", "us-east-1"),
            ("Orders.cluster-cabc.eu-west-1.rds.amazonaws.com", HostKind::Writer, "orders", "eu-west-1"),
            ("orders.cluster-ro-cabc.eu-west-1.rds.amazonaws.com", HostKind::Readers, "orders", "eu-west-1"),
            ("night.cluster-custom-cabc.eu-west-1.rds.amazonaws.com", HostKind::Custom, "night", "eu-west-1"),
            ("sg.shardgrp-cabc.us-east-1.rds.amazonaws.com", HostKind::ShardGroup, "sg", "us-east-1"),
            ("front.proxy-cabc.us-east-1.rds.amazonaws.com", HostKind::Proxy, "front", "us-east-1"),
            ("ro.endpoint.proxy-cabc.us-east-1.rds.amazonaws.com", HostKind::ProxyEndpoint, "ro", "us-east-1"),
            ("orders.cabc.rds.cn-north-1.amazonaws.com.cn", HostKind::Instance, "orders", "cn-north-1"),
            ("orders.cabc.eusc-de-east-1.rds.amazonaws.eu", HostKind::Instance, "orders", "eusc-de-east-1"),
        ] {
            let found = RdsHost::parse(host).expect(host);
            assert_eq!((found.kind, found.identifier.as_str(), found.region.as_str()), (kind, identifier, region));
        }
    }

    #[test]
    fn other_names_are_not_endpoints() {
        for host in [
            "",
            "db.example.com",
            "localhost",
            "orders.cabc.us-east-1.rds.amazonaws.com.evil.example",
            "orders.cabc.rds.amazonaws.com",
            "orders.cabc.cn-north-1.rds.amazonaws.com",
        ] {
            assert_eq!(RdsHost::parse(host), None, "{host}");
        }
    }

    #[test]
    fn invalid_host_names_are_recognised() {
        for (host, want) in [
            ("", "is empty"),
            ("https://db.example.com/", "is a URL"),
            ("10.0.0.1", "is an IP address"),
            ("::1", "is an IP address"),
            ("db.example.com:5432", "contains a port"),
            ("a b", "is not a host name"),
            ("db..example", "is not a host name"),
            ("é.example", "is not a host name"),
            ("db.example.com/x", "is not a host name"),
        ] {
            let error = check_host(host).expect_err(host);
            assert!(error.contains(want), "{host}: {error}");
        }
        assert_eq!(check_host("orders.cabc.us-east-1.rds.amazonaws.com"), Ok(()));
    }
}
