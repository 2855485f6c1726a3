//! Where a database can be reached from.

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed};
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
