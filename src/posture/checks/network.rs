//! Where a database can be reached from.

use std::collections::BTreeSet;

use crate::aws::ec2::VpcEndpoint;
use crate::aws::rds::inventory::Profile;
use crate::policy::Document;
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::checks::identity::allows_everywhere;
use crate::posture::facts::Facts;
use crate::posture::sources::Source;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "not_publicly_accessible",
        controls: &["RDS.2"],
        also: &["CIS 2.2.3", "CKV_AWS_17", "AWS-0180"],
        title: "The DB instance has no public IP address",
        severity: Severity::Critical,
        topic: Topic::Infrastructure,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], |_, database| {
            let is_public = database.is_public.unwrap_or_default();
            holds(!is_public, format!("PubliclyAccessible is {is_public}."))
        }),
        remediation: "Set publicly_accessible to false.",
        ..BASE
    },
    Check {
        id: "instance_in_vpc",
        controls: &["RDS.18"],
        title: "The DB instance is in a VPC",
        severity: Severity::High,
        topic: Topic::Vpc,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], |_, database| match &database.vpc {
            Some(vpc) => passed(format!("The VPC is {vpc}.")),
            None => failed("The DB subnet group has no VPC."),
        }),
        remediation: "Set db_subnet_group_name.",
        ..BASE
    },
    Check {
        id: "subnets_private",
        controls: &["RDS.46"],
        title: "No subnet of the DB subnet group has a route to an internet gateway",
        severity: Severity::High,
        topic: Topic::Vpc,
        sources: &[Source::Instances, Source::Routes],
        judge: Judge::Database(Scope::Instance, &[], subnets),
        remediation: "Set db_subnet_group_name to a DB subnet group of private subnets.",
        ..BASE
    },
    Check {
        id: "api_private_endpoint",
        title: "Each VPC with DB instances has an interface endpoint of the RDS API with private DNS and a limited policy",
        topic: Topic::Api,
        sources: &[Source::Instances, Source::Endpoints],
        judge: Judge::Region(endpoints),
        remediation: "Create an aws_vpc_endpoint with private_dns_enabled and a policy that names actions or resources.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/vpc-interface-endpoints.html",
        ..BASE
    },
    Check {
        id: "no_internet_access_gateway",
        title: "The DB cluster is not reached through the internet access gateway",
        severity: Severity::High,
        topic: Topic::Infrastructure,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["aurora-postgresql"], gateway),
        remediation: "Restore the cluster with VPC networking and without the internet access gateway, or acknowledge \
                      the finding.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html",
        ..BASE
    },
    Check {
        id: "port_not_default",
        controls: &["RDS.23"],
        title: "The port is not the default port of the engine",
        severity: Severity::Low,
        topic: Topic::Infrastructure,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(Scope::Deciding, &[], port),
        remediation: "Set port.",
        ..BASE
    },
    Check {
        id: "data_api_off",
        title: "The RDS Data API, which needs no network path to the database, is off",
        severity: Severity::Informational,
        topic: Topic::Api,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["aurora-postgresql", "aurora-mysql"], |_, database| {
            holds(!database.has_data_api, format!("HttpEndpointEnabled is {}.", database.has_data_api))
        }),
        remediation: "Set enable_http_endpoint to false if nothing uses the Data API.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html",
        ..BASE
    },
];

/// An instance may be moved to any subnet of its group.
fn subnets(facts: &Facts, database: &Profile) -> Answer {
    let Some(vpc) = &database.vpc else { return without_meaning("The DB subnet group has no VPC.") };
    let routes = facts.routes.as_ref().map_err(Clone::clone)?;
    let (mut public, mut untold) = (Vec::new(), Vec::new());
    for subnet in &database.subnets {
        match routes.table_of(vpc, subnet) {
            Some(table) => {
                public.extend(table.internet_gateways.iter().map(|it| format!("{subnet} by {} to {it}", table.id)));
            }
            None => untold.push(subnet.as_str()),
        }
    }
    match (&public[..], &untold[..], &database.subnets[..]) {
        ([], [], []) => Err("RDS does not tell the subnets.".to_owned()),
        ([], [], all) => passed(format!("None of {} subnets has such a route.", all.len())),
        ([], untold, _) => Err(format!("EC2 tells no route table of {}.", untold.join(", "))),
        _ => failed(format!("These have one: {}.", public.join(", "))),
    }
}

fn endpoints(facts: &Facts) -> Answer {
    let instances = facts.instances.as_ref().map_err(Clone::clone)?;
    let all = facts.endpoints.as_ref().map_err(Clone::clone)?;
    let vpcs: BTreeSet<&String> = instances.iter().filter_map(|it| it.vpc.as_ref()).collect();
    if vpcs.is_empty() {
        return without_meaning("No DB instance is in a VPC.");
    }
    let mut bad = Vec::new();
    for vpc in &vpcs {
        let own: Vec<_> = all.iter().filter(|it| it.vpc == **vpc && it.state == "available").collect();
        let faults = own.iter().map(|it| fault(it)).collect::<Result<Vec<_>, _>>()?;
        if faults.iter().all(Option::is_some) {
            let first = faults.into_iter().flatten().next();
            bad.push(format!("{vpc} has {}", first.unwrap_or_else(|| "none".to_owned())));
        }
    }
    holds(bad.is_empty(), if bad.is_empty() { "All have one.".to_owned() } else { format!("{}.", bad.join(", ")) })
}

/// What an endpoint lacks.
fn fault(endpoint: &VpcEndpoint) -> Result<Option<String>, String> {
    let id = &endpoint.id;
    if !endpoint.has_private_dns {
        return Ok(Some(format!("{id} without private DNS")));
    }
    let Some(text) = &endpoint.policy else { return Err(format!("EC2 does not tell the policy of {id}.")) };
    let policy: Document = text.parse().map_err(|error| format!("The policy of {id}: {error}"))?;
    let mut open =
        policy.statements.iter().filter(|one| one.is_for_anybody() && allows_everywhere(one, &["*", "rds:*"]));
    Ok(open.next().map(|_| format!("{id}, whose policy allows everything to anybody")))
}

fn gateway(_: &Facts, database: &Profile) -> Answer {
    match (database.has_internet_gateway, database.has_vpc_networking) {
        (true, _) => failed("InternetAccessGatewayEnabled is true."),
        (false, Some(false)) => failed("VPCNetworkingEnabled is false."),
        (false, _) => passed("InternetAccessGatewayEnabled is false."),
    }
}

fn port(_: &Facts, database: &Profile) -> Answer {
    let Some(port) = database.port else { return Err("RDS does not tell the port yet.".to_owned()) };
    let default = match database.engine.as_str() {
        "mysql" | "mariadb" | "aurora-mysql" => 3306,
        "postgres" | "aurora-postgresql" => 5432,
        engine if engine.contains("sqlserver") => 1433,
        engine if engine.contains("oracle") => 1521,
        engine if engine.starts_with("db2") => 50000,
        engine => return Err(format!("The default port of \"{engine}\" is not known.")),
    };
    holds(port != default, format!("The port is {port}, the default port is {default}."))
}
