//! A world in which every check passes: one database of each kind, and all that is around them.

use jiff::Timestamp;
use tf_provider::schema::Map;

use crate::aws::ec2::{Gateways, Range, RouteTable, Rule, SecurityGroup, VpcEndpoint};
use crate::aws::iam::mentions::Mention;
use crate::aws::kms::Key;
use crate::aws::rds::Kind;
use crate::aws::rds::inventory::{
    Attached, EngineVersion, Export, Gateway, GlobalCluster, Group, ManagedSecret, Profile, SavedState, Stream,
    SubnetGroup, Subscription,
};
use crate::aws::secrets::Upkeep;
use crate::posture::checks::identity::SERVICE_ROLE;
use crate::posture::facts::{Contents, Facts, Options, version_key};
use crate::sql::mysql;
use crate::sql::postgres::security::{Login, Security};

pub(super) const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k";
pub(super) const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf";

/// Instances with their engine, version and the logs that they export.
const INSTANCES: [(&str, &str, &str, &[&str]); 5] = [
    ("orders", "postgres", "16.4", &["postgresql", "iam-db-auth-error"]),
    ("shop", "mysql", "8.0.40", &["audit", "error", "general", "slowquery", "iam-db-auth-error"]),
    ("wiki", "mariadb", "10.11.9", &["audit", "error", "general", "slowquery", "iam-db-auth-error"]),
    ("sales", "sqlserver-se", "16.00.4131.2.v1", &["agent", "error"]),
    ("copy", "postgres", "16.4", &["postgresql", "iam-db-auth-error"]),
];

/// Clusters in the same way.
const CLUSTERS: [(&str, &str, &str, &[&str]); 4] = [
    ("aurora-pg", "aurora-postgresql", "16.4", &["postgresql", "iam-db-auth-error"]),
    ("aurora-my", "aurora-mysql", "8.0.mysql_aurora.3.08.0", &["audit", "iam-db-auth-error"]),
    ("three-pg", "postgres", "16.4", &["postgresql", "iam-db-auth-error"]),
    ("three-my", "mysql", "8.0.40", &["audit", "iam-db-auth-error"]),
];

/// Parameters of every group.
const PARAMETERS: [(&str, &str); 11] = [
    ("rds.force_ssl", "1"),
    ("require_secure_transport", "ON"),
    ("ssl_min_protocol_version", "TLSv1.2"),
    ("tls_version", "TLSv1.2,TLSv1.3"),
    ("password_encryption", "scram-sha-256"),
    ("rds.accepted_password_auth_method", "scram"),
    ("default_authentication_plugin", "caching_sha2_password"),
    ("rds.iam_auth_for_replication", "1"),
    ("rds.logical_replication", "1"),
    ("server_audit_logging", "1"),
    ("log_statement", "ddl"),
];

pub(super) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn database(kind: Kind, (name, engine, version, logs): (&str, &str, &str, &[&str])) -> Profile {
    Profile {
        kind,
        identifier: name.to_owned(),
        arn: format!("arn:aws:rds:eu-west-1:123456789012:db:{name}"),
        resource_id: format!("db-{}", name.to_ascii_uppercase()),
        engine: engine.to_owned(),
        engine_version: version.to_owned(),
        engine_mode: "provisioned".to_owned(),
        port: Some(6000),
        master_username: "owner".to_owned(),
        master_secret: Some(ManagedSecret {
            arn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1".to_owned(),
            status: "active".to_owned(),
            key: Some(KEY.to_owned()),
        }),
        encryption: "sse-kms".to_owned(),
        key: Some(KEY.to_owned()),
        is_public: Some(false),
        vpc: Some("vpc-1".to_owned()),
        subnets: vec!["subnet-1".to_owned()],
        security_groups: vec!["sg-1".to_owned()],
        is_multi_az: true,
        iam_enabled: true,
        is_protected: true,
        backup_days: 7,
        has_remote_backups: true,
        restorable: Some(at("2026-11-29T11:55:00Z")),
        backtrack_window: 3600,
        upgrades_itself: Some(true),
        copies_tags: true,
        logs: logs.iter().map(|log| (*log).to_owned()).collect(),
        monitoring_interval: 60,
        monitoring_role: Some("arn:aws:iam::123456789012:role/monitoring".to_owned()),
        has_insights: true,
        insights_key: Some(KEY.to_owned()),
        stream: Some(Stream { status: "started".to_owned(), key: Some(KEY.to_owned()), policy_status: None }),
        authority: Some("rds-ca-rsa2048-g1".to_owned()),
        certificate_ends: Some(at("2061-05-01T00:00:00Z")),
        groups: vec![Group { name: "own".to_owned(), statuses: Vec::new() }],
        roles: vec![Attached { arn: "arn:aws:iam::123456789012:role/s3".to_owned(), status: "ACTIVE".to_owned() }],
        lifecycle_support: Some("open-source-rds-extended-support-disabled".to_owned()),
        tags: Map::from([("team".to_owned(), "data".to_owned())]),
        ..Profile::default()
    }
}

fn snapshot(kind: Kind, name: &str) -> SavedState {
    SavedState {
        kind,
        identifier: name.to_owned(),
        arn: format!("arn:aws:rds:eu-west-1:123456789012:snapshot:{name}"),
        database: "orders".to_owned(),
        encryption: "sse-kms".to_owned(),
        key: Some(KEY.to_owned()),
        tags: Map::from([("team".to_owned(), "data".to_owned())]),
    }
}

pub(super) fn key() -> Key {
    Key {
        arn: KEY.to_owned(),
        id: "k".to_owned(),
        state: "Enabled".to_owned(),
        is_customer_managed: true,
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        origin: "AWS_KMS".to_owned(),
        description: None,
        created: at("2026-01-01T00:00:00Z"),
    }
}

/// A policy with one statement that allows an action on a resource.
pub(super) fn policy(action: &str, resource: &str) -> (Mention, String) {
    let mention = Mention {
        owner: Some("role/app".to_owned()),
        arn: Some("arn:aws:iam::123456789012:role/app".to_owned()),
        policy: "login".to_owned(),
    };
    let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#);
    (mention, format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#))
}

/// The policy of a resource for a principal, with a condition.
pub(super) fn resource_policy(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},
           "Action":"sts:AssumeRole","Resource":"*","Condition":{condition}}}]}}"#
    )
}

pub(super) const ROOT: &str = r#"{"AWS":"arn:aws:iam::123456789012:root"}"#;
pub(super) const MONITORING: &str = r#"{"Service":"monitoring.rds.amazonaws.com"}"#;

pub(super) fn world() -> Facts {
    let mut facts = Facts::new(at("2026-11-29T12:00:00Z"), "eu-west-1", Options::default());
    let mut instances: Vec<_> = INSTANCES.into_iter().map(|it| database(Kind::Instance, it)).collect();
    instances[4].replica_of = Some("orders".to_owned());
    let member = database(Kind::Instance, ("member", "aurora-postgresql", "16.4", &[]));
    instances.push(Profile { cluster: Some("aurora-pg".to_owned()), ..member });
    let clusters: Vec<_> = CLUSTERS.into_iter().map(|it| database(Kind::Cluster, it)).collect();
    let databases = || instances.iter().chain(&clusters);
    facts.resource_ids = Ok(databases().map(|it| it.resource_id.clone()).collect());
    facts.versions = databases()
        .map(|it| {
            let version = EngineVersion {
                engine: it.engine.clone(),
                version: it.engine_version.clone(),
                status: Some("available".to_owned()),
                standard_support_ends: None,
            };
            (version_key(&it.engine, &it.engine_version), Ok(Some(version)))
        })
        .collect();
    facts.major_versions = Ok(vec![EngineVersion {
        engine: "postgres".to_owned(),
        version: "16".to_owned(),
        status: None,
        standard_support_ends: Some(at("2029-02-28T00:00:00Z")),
    }]);
    (facts.instances, facts.clusters) = (Ok(instances), Ok(clusters));
    let (of_instance, of_cluster) = (snapshot(Kind::Instance, "orders-1"), snapshot(Kind::Cluster, "aurora-1"));
    facts.sharing = [&of_instance, &of_cluster].map(|it| (it.arn.clone(), Ok(Vec::new()))).into();
    (facts.instance_snapshots, facts.cluster_snapshots) = (Ok(vec![of_instance]), Ok(vec![of_cluster]));
    let mut parameters: Map<Option<String>> =
        PARAMETERS.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
    parameters.insert("shared_preload_libraries".to_owned(), Some("pg_stat_statements,pgaudit".to_owned()));
    parameters.insert("log_connections".to_owned(), Some("1".to_owned()));
    facts.instance_parameters.insert("own".to_owned(), Ok(parameters.clone()));
    facts.cluster_parameters.insert("own".to_owned(), Ok(parameters));
    facts.keys.insert(KEY.to_owned(), Ok(Some(key())));
    facts.rotation.insert(KEY.to_owned(), Ok(true));
    facts.key_policies.insert(KEY.to_owned(), Ok(Some(resource_policy(ROOT, "{}"))));
    facts.proxies = Ok(vec![Gateway {
        name: "front".to_owned(),
        arn: "arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-0abc".to_owned(),
        requires_tls: true,
        requires_iam: true,
    }]);
    facts.subscriptions =
        Ok(vec![Subscription { name: "all".to_owned(), is_enabled: true, ..Subscription::default() }]);
    facts.global_clusters = Ok(vec![GlobalCluster {
        identifier: "world".to_owned(),
        arn: "arn:aws:rds::123456789012:global-cluster:world".to_owned(),
        engine: "aurora-mysql".to_owned(),
        engine_version: "8.0.mysql_aurora.3.08.0".to_owned(),
        ..GlobalCluster::default()
    }]);
    let group = "arn:aws:rds:eu-west-1:123456789012:subgrp:private".to_owned();
    facts.subnet_group_tags.insert(group.clone(), Ok(vec!["team".to_owned()]));
    facts.subnet_groups = Ok(vec![SubnetGroup { name: "private".to_owned(), arn: group }]);
    (facts.recommendations, facts.maintenance) = (Ok(Vec::new()), Ok(Vec::new()));
    facts.exports =
        Ok(vec![Export { identifier: "export".to_owned(), source: String::new(), key: Some(KEY.to_owned()) }]);
    let login = policy("rds-db:connect", "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-ORDERS/app");
    facts.policies = Ok((vec![login], true));
    facts.roles.insert(SERVICE_ROLE.to_owned(), Ok(Some(resource_policy(ROOT, "{}"))));
    let limit = r#"{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#;
    facts.roles.insert("monitoring".to_owned(), Ok(Some(resource_policy(MONITORING, limit))));
    let secret = Upkeep {
        arn: SECRET.to_owned(),
        name: "app".to_owned(),
        is_rotated: true,
        last_rotated: Some(at("2026-11-01T00:00:00Z")),
        next_rotation: Some(at("2026-12-01T00:00:00Z")),
        last_accessed: Some(at("2026-11-28T00:00:00Z")),
        created: Some(at("2026-01-01T00:00:00Z")),
        is_deleted: false,
    };
    facts.secrets.insert(SECRET.to_owned(), Ok(Some(secret)));
    facts.resource_policies.insert(SECRET.to_owned(), Ok(Some(resource_policy(ROOT, "{}"))));
    let login = |name: &str, has_iam, is_superuser| Login { name: name.to_owned(), has_iam, is_superuser };
    around(&mut facts);
    facts.connected = Some("orders".to_owned());
    facts.contents = Ok(Contents::Postgres(Security {
        logins: vec![login("app", true, false), login("owner", false, true)],
        inactive_slots: Vec::new(),
        slot_limit: "-1".to_owned(),
    }));
    facts
}

/// The network around the databases.
fn around(facts: &mut Facts) {
    let rule = |protocol: &str, ports, ranges: &[&str]| Rule {
        protocol: protocol.to_owned(),
        ports,
        ranges: ranges.iter().map(|cidr| Range::parse(cidr).unwrap()).collect(),
        ..Rule::default()
    };
    let clients = Rule {
        groups: vec!["sg-clients".to_owned()],
        prefix_lists: vec!["pl-offices".to_owned()],
        ..rule("tcp", Some((6000, 6000)), &[])
    };
    // What is not about the port is nothing to the database.
    let others = [
        rule("tcp", Some((22, 22)), &["0.0.0.0/0", "::/0"]),
        rule("udp", Some((0, 65_535)), &["0.0.0.0/0"]),
        rule("icmp", Some((-1, -1)), &["0.0.0.0/0"]),
    ];
    let rules = std::iter::once(clients).chain(others).collect();
    let group = SecurityGroup { id: "sg-1".to_owned(), name: "databases".to_owned(), rules };
    facts.security_groups = Ok([(group.id.clone(), group)].into());
    let office = ["10.1.0.0/16", "2001:db8::/48"].map(|cidr| Range::parse(cidr).unwrap());
    facts.prefix_lists.insert("pl-offices".to_owned(), Ok(office.into()));
    facts.routes = Ok(Gateways(vec![RouteTable {
        id: "rtb-1".to_owned(),
        vpc: "vpc-1".to_owned(),
        is_main: true,
        ..RouteTable::default()
    }]));
    facts.endpoints = Ok(vec![VpcEndpoint {
        id: "vpce-1".to_owned(),
        vpc: "vpc-1".to_owned(),
        state: "available".to_owned(),
        has_private_dns: true,
        policy: Some(resource_policy(ROOT, "{}")),
    }]);
}

/// The same, with a connection to a MySQL.
pub(super) fn world_of_mysql() -> Facts {
    let mut facts = world();
    let login = |name: &str, host: &str, plugin: &str| mysql::security::Login {
        name: name.to_owned(),
        host: host.to_owned(),
        plugin: plugin.to_owned(),
        has_iam: plugin == "AWSAuthenticationPlugin",
        ..mysql::security::Login::default()
    };
    let owner = login("owner", "%", "caching_sha2_password");
    let logins =
        vec![login("app", "%", "AWSAuthenticationPlugin"), mysql::security::Login { is_administrator: true, ..owner }];
    facts.connected = Some("shop".to_owned());
    facts.contents = Ok(Contents::Mysql(mysql::security::Security { logins, is_mariadb: false }));
    facts
}
