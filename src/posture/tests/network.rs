//! The network around databases: what makes its checks fail, and what does not.

use super::failures::{Change, of};
use super::status;
use crate::aws::ec2::{Range, RouteTable, Rule, SecurityGroup};
use crate::posture::check::Status;
use crate::posture::facts::Facts;
use crate::posture::tests::world::{resource_policy, world};

fn group(facts: &mut Facts) -> &mut SecurityGroup {
    facts.security_groups.as_mut().unwrap().get_mut("sg-1").unwrap()
}

/// Adds a rule to the security group of all databases, whose port is 6000.
fn rule(facts: &mut Facts, protocol: &str, ports: Option<(i32, i32)>, cidr: &str) {
    let ranges = Range::parse(cidr).into_iter().collect();
    group(facts).rules.push(Rule { protocol: protocol.to_owned(), ports, ranges, ..Rule::default() });
}

fn table(facts: &mut Facts) -> &mut RouteTable {
    &mut facts.routes.as_mut().unwrap().0[0]
}

const WORLD: &[&str] = &["security_groups_not_open_to_world", "security_groups_narrow", "security_groups_by_reference"];

/// What makes checks fail, those alone.
pub(super) const FAILURES: &[(&[&str], Change)] = &[
    (WORLD, |facts| rule(facts, "tcp", Some((6000, 6000)), "0.0.0.0/0")),
    (WORLD, |facts| rule(facts, "tcp", Some((6000, 6000)), "::/0")),
    (WORLD, |facts| rule(facts, "tcp", Some((5000, 7000)), "0.0.0.0/0")),
    (WORLD, |facts| rule(facts, "-1", None, "0.0.0.0/0")),
    // A prefix list is as wide as what is in it.
    (&["security_groups_not_open_to_world", "security_groups_narrow"], |facts| {
        facts.prefix_lists.insert("pl-offices".to_owned(), Ok(vec![Range::parse("0.0.0.0/0").unwrap()]));
    }),
    (&["security_groups_narrow"], |facts| {
        facts.prefix_lists.insert("pl-offices".to_owned(), Ok(vec![Range::parse("10.0.0.0/8").unwrap()]));
    }),
    (&["security_groups_narrow", "security_groups_by_reference"], |facts| {
        rule(facts, "tcp", Some((6000, 6000)), "10.0.0.0/15");
    }),
    (&["security_groups_narrow", "security_groups_by_reference"], |facts| {
        rule(facts, "tcp", Some((6000, 6000)), "2001:db8::/47");
    }),
    (&["security_groups_by_reference"], |facts| rule(facts, "tcp", Some((6000, 6000)), "10.0.0.0/16")),
    (&["security_groups_by_reference"], |facts| rule(facts, "tcp", Some((6000, 6000)), "2001:db8::/48")),
    // All ports, from another security group.
    (&["security_groups_narrow"], |facts| rule(facts, "-1", None, "")),
    (&["security_groups_narrow"], |facts| rule(facts, "tcp", Some((0, 65_535)), "")),
    (&["security_groups_not_default"], |facts| group(facts).name = "default".to_owned()),
    (&["subnets_private"], |facts| table(facts).internet_gateways = ["igw-1".to_owned()].into()),
    (&["subnets_private"], |facts| {
        // One of the subnets is public, by a route table of its own.
        let own = RouteTable {
            id: "rtb-2".to_owned(),
            vpc: "vpc-1".to_owned(),
            subnets: vec!["subnet-2".to_owned()],
            internet_gateways: ["igw-1".to_owned()].into(),
            ..RouteTable::default()
        };
        facts.routes.as_mut().unwrap().0.push(own);
        of(facts, "orders").subnets.push("subnet-2".to_owned());
    }),
    (&["api_private_endpoint"], |facts| facts.endpoints = Ok(Vec::new())),
    (&["api_private_endpoint"], |facts| facts.endpoints.as_mut().unwrap()[0].has_private_dns = false),
    (&["api_private_endpoint"], |facts| facts.endpoints.as_mut().unwrap()[0].state = "pending".to_owned()),
    (&["api_private_endpoint"], |facts| facts.endpoints.as_mut().unwrap()[0].vpc = "vpc-2".to_owned()),
    (&["api_private_endpoint"], |facts| {
        let all = resource_policy(r#""*""#, "{}").replace("sts:AssumeRole", "*");
        facts.endpoints.as_mut().unwrap()[0].policy = Some(all);
    }),
];

/// What is not about the port, or narrow, changes nothing.
#[test]
fn rules_about_other_ports_do_not_count() {
    for (protocol, ports) in [
        ("tcp", Some((6001, 7000))),
        ("tcp", Some((0, 5999))),
        ("udp", Some((6000, 6000))),
        ("icmp", Some((-1, -1))),
        ("icmpv6", None),
    ] {
        let mut facts = world();
        rule(&mut facts, protocol, ports, "0.0.0.0/0");
        for check in WORLD {
            assert_eq!(status(&facts, check, "orders"), Status::Passed, "{check} with {protocol} {ports:?}");
        }
    }
}

/// What cannot be known is not passed; what is known to be bad has failed.
#[test]
fn what_is_not_known_of_the_network_is_unknown() {
    type Case = (&'static str, Change, Status);
    let cases: [Case; 9] = [
        ("security_groups_narrow", |facts| facts.prefix_lists.clear(), Status::Unknown),
        (
            "security_groups_narrow",
            |facts| {
                facts.prefix_lists.clear();
                rule(facts, "-1", None, "");
            },
            Status::Failed,
        ),
        ("security_groups_not_open_to_world", |facts| of(facts, "orders").port = None, Status::Unknown),
        ("security_groups_not_default", |facts| of(facts, "orders").port = None, Status::Passed),
        ("security_groups_not_default", |facts| of(facts, "orders").security_groups.clear(), Status::Unknown),
        (
            "security_groups_not_default",
            |facts| of(facts, "orders").security_groups.push("sg-gone".to_owned()),
            Status::Unknown,
        ),
        ("subnets_private", |facts| of(facts, "orders").subnets.clear(), Status::Unknown),
        ("subnets_private", |facts| table(facts).vpc = "vpc-2".to_owned(), Status::Unknown),
        ("subnets_private", |facts| of(facts, "orders").vpc = None, Status::NotApplicable),
    ];
    for (number, (check, change, expected)) in cases.into_iter().enumerate() {
        let mut facts = world();
        change(&mut facts);
        assert_eq!(status(&facts, check, "orders"), expected, "{check}, {number}");
    }
}

/// The policy of an endpoint that names actions, principals or conditions is limited.
#[test]
fn policies_of_endpoints_are_limited_in_several_ways() {
    for (policy, is_open) in [
        (r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#, true),
        (r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"rds:*","Resource":"*"}"#, true),
        (r#"{"Effect":"Allow","Principal":"*","Action":"rds:Describe*","Resource":"*"}"#, false),
        (r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#, false),
        (
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"*","Resource":"*"}"#,
            false,
        ),
        (
            r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}"#,
            false,
        ),
    ] {
        let mut facts = world();
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{policy}]}}"#);
        facts.endpoints.as_mut().unwrap()[0].policy = Some(policy.clone());
        let failed = super::checks(&facts, Status::Failed).contains("api_private_endpoint");
        assert_eq!(failed, is_open, "{policy}");
    }
}
