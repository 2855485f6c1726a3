//! What is known of an account in a region, and why something is not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::aws::ec2::{Gateways, Range, SecurityGroup, VpcEndpoint};
use crate::aws::iam::mentions::Mention;
use crate::aws::kms::Key;
use crate::aws::rds::Kind;
use crate::aws::rds::inventory::{
    EngineVersion, Export, Gateway, GlobalCluster, Maintenance, Profile, Recommendation, SavedState, SubnetGroup,
    Subscription,
};
use crate::aws::secrets::Upkeep;
use crate::sql::{mysql, postgres};

/// An answer, or the reason why there is none.
pub type Seen<T> = Result<T, String>;

/// Answers of one call each, by what they are about.
pub(crate) type Each<T> = BTreeMap<String, Seen<T>>;

/// Parameters by their names, those of a group; a value is none if neither the group nor AWS tells one.
pub(crate) type Parameters = BTreeMap<String, Option<String>>;

/// What a user says beside the targets.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Keys of tags that everything must have.
    pub required_tags: Vec<String>,
    /// IDs of accounts with which snapshots may be shared.
    pub trusted_accounts: Vec<String>,
}

/// What a session has found in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// In PostgreSQL.
    Postgres(postgres::security::Security),
    /// In MySQL or MariaDB.
    Mysql(mysql::security::Security),
}

/// All that checks are made of. What no selected check needs is not read.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When it was read.
    pub now: Timestamp,
    /// The region.
    pub region: String,
    /// What the user says.
    pub options: Options,
    /// The DB instances.
    pub instances: Seen<Vec<Profile>>,
    /// The DB clusters.
    pub clusters: Seen<Vec<Profile>>,
    /// The resource IDs of all databases and proxies of the region.
    pub resource_ids: Seen<BTreeSet<String>>,
    /// The manual snapshots of DB instances.
    pub instance_snapshots: Seen<Vec<SavedState>>,
    /// The manual snapshots of DB clusters.
    pub cluster_snapshots: Seen<Vec<SavedState>>,
    /// The accounts that may restore a snapshot, by its ARN.
    pub(crate) sharing: Each<Vec<String>>,
    /// The parameters of DB parameter groups.
    pub(crate) instance_parameters: Each<Parameters>,
    /// The parameters of DB cluster parameter groups.
    pub(crate) cluster_parameters: Each<Parameters>,
    /// The keys, by what RDS calls them; none if a key does not exist.
    pub(crate) keys: Each<Option<Key>>,
    /// Whether a key rotates, by its ARN.
    pub(crate) rotation: Each<bool>,
    /// The policies of keys, by their ARNs.
    pub(crate) key_policies: Each<Option<String>>,
    /// The proxies.
    pub proxies: Seen<Vec<Gateway>>,
    /// The event subscriptions.
    pub subscriptions: Seen<Vec<Subscription>>,
    /// The global clusters.
    pub global_clusters: Seen<Vec<GlobalCluster>>,
    /// The DB subnet groups.
    pub subnet_groups: Seen<Vec<SubnetGroup>>,
    /// The keys of the tags of subnet groups, by their ARNs.
    pub(crate) subnet_group_tags: Each<Vec<String>>,
    /// The versions in use, by engine and version.
    pub(crate) versions: Each<Option<EngineVersion>>,
    /// The major versions.
    pub major_versions: Seen<Vec<EngineVersion>>,
    /// The recommendations.
    pub recommendations: Seen<Vec<Recommendation>>,
    /// The maintenance actions that are pending.
    pub maintenance: Seen<Vec<Maintenance>>,
    /// The exports.
    pub exports: Seen<Vec<Export>>,
    /// The policies that name actions of RDS, and whether all policies were looked at.
    pub policies: Seen<(Vec<(Mention, String)>, bool)>,
    /// The trust policies of roles, by their names; none if a role does not exist.
    pub(crate) roles: Each<Option<String>>,
    /// The secrets, by what the user calls them; none if a secret does not exist.
    pub(crate) secrets: Each<Option<Upkeep>>,
    /// The security groups of the databases, by their IDs.
    pub security_groups: Seen<BTreeMap<String, SecurityGroup>>,
    /// The CIDR blocks of prefix lists, by their IDs.
    pub(crate) prefix_lists: Each<Vec<Range>>,
    /// The route tables of the VPCs of the DB instances.
    pub routes: Seen<Gateways>,
    /// The interface endpoints of the API of RDS.
    pub endpoints: Seen<Vec<VpcEndpoint>>,
    /// The identifier of the database to which there is a connection.
    pub connected: Option<String>,
    /// What a session has found there.
    pub contents: Seen<Contents>,
    /// The resource policies of secrets, by what the user calls them.
    pub(crate) resource_policies: Each<Option<String>>,
}

impl Facts {
    /// Facts of which nothing has been read.
    pub(crate) fn new(now: Timestamp, region: &str, options: Options) -> Self {
        Self {
            now,
            region: region.to_owned(),
            options,
            instances: unread(),
            clusters: unread(),
            resource_ids: unread(),
            instance_snapshots: unread(),
            cluster_snapshots: unread(),
            sharing: Each::new(),
            instance_parameters: Each::new(),
            cluster_parameters: Each::new(),
            keys: Each::new(),
            rotation: Each::new(),
            key_policies: Each::new(),
            proxies: unread(),
            subscriptions: unread(),
            global_clusters: unread(),
            subnet_groups: unread(),
            subnet_group_tags: Each::new(),
            versions: Each::new(),
            major_versions: unread(),
            recommendations: unread(),
            maintenance: unread(),
            exports: unread(),
            policies: unread(),
            roles: Each::new(),
            secrets: Each::new(),
            security_groups: unread(),
            prefix_lists: Each::new(),
            routes: unread(),
            endpoints: unread(),
            connected: None,
            contents: unread(),
            resource_policies: Each::new(),
        }
    }

    /// All databases that could be read.
    pub fn databases(&self) -> impl Iterator<Item = &Profile> {
        self.instances.iter().chain(&self.clusters).flatten()
    }

    /// All snapshots that could be read.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = &SavedState> {
        self.instance_snapshots.iter().chain(&self.cluster_snapshots).flatten()
    }

    /// A parameter of a database; none if neither its group nor AWS tells a value.
    ///
    /// # Errors
    /// The reason why it is not known.
    pub(crate) fn parameter(&self, database: &Profile, name: &str) -> Seen<Option<&str>> {
        let Some(group) = database.groups.first() else {
            return Err("RDS does not tell the parameter group.".to_owned());
        };
        let groups = match database.kind {
            Kind::Instance => &self.instance_parameters,
            Kind::Cluster => &self.cluster_parameters,
        };
        Ok(of(groups, &group.name)?.get(name).and_then(|value| value.as_deref()))
    }

    /// A key; none if it does not exist.
    ///
    /// # Errors
    /// The reason why it is not known.
    pub(crate) fn key(&self, id: &str) -> Seen<Option<&Key>> {
        Ok(of(&self.keys, id)?.as_ref())
    }
}

/// An answer about something.
///
/// # Errors
/// The reason why there is none.
pub(crate) fn of<'a, T>(answers: &'a Each<T>, about: &str) -> Seen<&'a T> {
    match answers.get(about) {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(reason)) => Err(reason.clone()),
        None => unread(),
    }
}

/// The key of [`Facts::versions`].
pub(crate) fn version_key(engine: &str, version: &str) -> String {
    format!("{engine} {version}")
}

fn unread<T>() -> Seen<T> {
    Err("It was not read.".to_owned())
}
