//! Reads what the selected checks need, each thing once.

mod network;

use std::collections::BTreeSet;

use jiff::Timestamp;
use tf_provider::schema::Map;
use tokio::task::JoinSet;

use crate::aws::error::Error;
use crate::aws::kms::Key;
use crate::aws::rds::inventory::{Choice, Profile, SavedState};
use crate::aws::rds::parameters::Group;
use crate::aws::rds::{Kind, Rds};
use crate::aws::{self, Clients};
use crate::posture::check::{Check, Judge};
use crate::posture::checks::identity::SERVICE_ROLE;
use crate::posture::checks::snapshots;
use crate::posture::facts::{Each, Facts, Options, Seen, version_key};
use crate::posture::sources::Source;
use crate::posture::table;

/// What checks are about. Without any name, it is all of the region.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Identifiers of DB instances.
    pub instances: Vec<String>,
    /// Identifiers of DB clusters; their members are checked as well.
    pub clusters: Vec<String>,
    /// Names of RDS Proxies.
    pub proxies: Vec<String>,
    /// ARNs or names of secrets.
    pub secrets: Vec<String>,
    /// The identifier of the database to which there is a connection.
    pub connected: Option<String>,
    /// Tags that databases and snapshots must have to be checked.
    pub tags: Map<String>,
    /// About how many snapshots AWS may be asked with whom they are shared.
    pub snapshot_reads: usize,
}

/// How many calls are under way at a time.
const MOST_CALLS: usize = 8;

impl Targets {
    /// Whether no database and no proxy is named.
    pub fn is_region(&self) -> bool {
        !self.have_databases() && self.proxies.is_empty()
    }

    /// Whether there can be anything that a check is about.
    pub fn have(&self, check: &Check) -> bool {
        match check.judge {
            Judge::Secret(_) => !self.secrets.is_empty(),
            Judge::Postgres(_) | Judge::Mysql(_) => self.connected.is_some(),
            Judge::Proxy(_) => self.is_region() || !self.proxies.is_empty(),
            Judge::Database(..) | Judge::Snapshot(..) => self.is_region() || self.have_databases(),
            Judge::Region(_) | Judge::Global(_) | Judge::SubnetGroup(_) => true,
        }
    }

    fn have_databases(&self) -> bool {
        !self.instances.is_empty() || !self.clusters.is_empty()
    }
}

/// Reads what the checks need.
///
/// # Errors
/// The configuration of the provider. What AWS refuses is a reason in the facts.
pub async fn read(
    clients: &Clients,
    region: Option<&str>,
    targets: &Targets,
    options: Options,
    checks: &[&Check],
) -> Result<Facts, Error> {
    let rds = clients.rds(region).await?;
    let name = clients.region(region).await?;
    let mut facts = Facts::new(Timestamp::now(), &name, options);
    let needs: BTreeSet<Source> = checks.iter().flat_map(|check| check.sources).copied().collect();
    facts.connected = targets.connected.clone();
    read_lists(clients, &rds, targets, &needs, &mut facts).await;
    select(targets, &mut facts);
    read_each(clients, region, &rds, targets, checks, &needs, &mut facts).await;
    Ok(facts)
}

/// What a call of a list is worth if it is needed, or nothing.
macro_rules! if_needed {
    ($needs:expr, $source:expr, $default:expr, $call:expr) => {
        async {
            match $needs.contains(&$source) {
                true => $call.await.map_err(|error: Error| error.reason()),
                false => $default,
            }
        }
    };
}

/// The lists, each a call for a page.
async fn read_lists(clients: &Clients, rds: &Rds, targets: &Targets, needs: &BTreeSet<Source>, facts: &mut Facts) {
    let is_region = targets.is_region();
    let instances_choice = if is_region { Choice::All } else { Choice::Named(&targets.instances) };
    let clusters_choice = if is_region { Choice::All } else { Choice::Named(&targets.clusters) };
    let Facts { instances, clusters, instance_snapshots, cluster_snapshots, .. } = &*facts;
    let (a, b, c, d) = tokio::join!(
        if_needed!(needs, Source::Instances, instances.clone(), async {
            let mut found = present(rds.instance_profiles(instances_choice).await)?;
            let members = present(rds.instance_profiles(Choice::MembersOf(&targets.clusters)).await)?;
            found.extend(members.into_iter().filter(|member| !targets.instances.contains(&member.identifier)));
            Ok(found)
        }),
        if_needed!(needs, Source::Clusters, clusters.clone(), async {
            present(rds.cluster_profiles(clusters_choice).await)
        }),
        if_needed!(needs, Source::Snapshots, instance_snapshots.clone(), async {
            present(rds.instance_snapshots(instances_choice).await)
        }),
        if_needed!(needs, Source::Snapshots, cluster_snapshots.clone(), async {
            present(rds.cluster_snapshots(clusters_choice).await)
        }),
    );
    (facts.instances, facts.clusters, facts.instance_snapshots, facts.cluster_snapshots) = (a, b, c, d);
    let Facts { proxies, subscriptions, global_clusters, subnet_groups, .. } = &*facts;
    let (a, b, c, d) = tokio::join!(
        if_needed!(needs, Source::Proxies, proxies.clone(), rds.gateways()),
        if_needed!(needs, Source::Subscriptions, subscriptions.clone(), rds.event_subscriptions()),
        if_needed!(needs, Source::GlobalClusters, global_clusters.clone(), rds.global_clusters()),
        if_needed!(needs, Source::SubnetGroups, subnet_groups.clone(), rds.subnet_groups()),
    );
    (facts.proxies, facts.subscriptions, facts.global_clusters, facts.subnet_groups) = (a, b, c, d);
    let Facts { major_versions, recommendations, exports, policies, .. } = &*facts;
    let (a, b, c, d) = tokio::join!(
        if_needed!(needs, Source::MajorVersions, major_versions.clone(), rds.major_versions()),
        if_needed!(needs, Source::Recommendations, recommendations.clone(), rds.recommendations()),
        if_needed!(needs, Source::Exports, exports.clone(), rds.exports()),
        if_needed!(needs, Source::Policies, policies.clone(), async {
            clients.iam().await?.documents(|text| text.contains("rds")).await
        }),
    );
    (facts.major_versions, facts.recommendations, facts.exports, facts.policies) = (a, b, c, d);
    let maintenance = if_needed!(needs, Source::Maintenance, facts.maintenance.clone(), rds.maintenance()).await;
    facts.maintenance = maintenance;
    facts.resource_ids = match is_region {
        true => resource_ids(facts),
        false => Err("It can be found out only if all databases of the Region are checked.".to_owned()),
    };
    if !is_region && let Ok(proxies) = &mut facts.proxies {
        proxies.retain(|proxy| targets.proxies.contains(&proxy.name));
    }
}

/// The resource IDs of everything to which one can log in.
fn resource_ids(facts: &Facts) -> Seen<BTreeSet<String>> {
    let instances = facts.instances.as_ref().map_err(Clone::clone)?;
    let clusters = facts.clusters.as_ref().map_err(Clone::clone)?;
    let proxies = facts.proxies.as_ref().map_err(Clone::clone)?;
    let of_databases = instances.iter().chain(clusters).map(|database| database.resource_id.clone());
    let of_proxies = proxies.iter().filter_map(|proxy| proxy.arn.rsplit(':').next()).map(str::to_owned);
    Ok(of_databases.chain(of_proxies).collect())
}

/// Nothing if AWS says that it does not exist.
fn present<T>(answer: Result<Vec<T>, Error>) -> Result<Vec<T>, Error> {
    match answer {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        answer => answer,
    }
}

/// Leaves what has the tags, or belongs to a database that has them.
fn select(targets: &Targets, facts: &mut Facts) {
    if targets.tags.is_empty() {
        return;
    }
    let fits = |own: &Map<String>| targets.tags.iter().all(|(key, value)| own.get(key) == Some(value));
    let clusters: BTreeSet<String> = facts.clusters.iter().flatten().filter(|it| fits(&it.tags)).map(name).collect();
    let is_in = |it: &Profile| it.cluster.as_ref().is_some_and(|cluster| clusters.contains(cluster));
    if let Ok(all) = &mut facts.clusters {
        all.retain(|it| fits(&it.tags));
    }
    if let Ok(all) = &mut facts.instances {
        all.retain(|it| fits(&it.tags) || is_in(it));
    }
    let instances: BTreeSet<String> = facts.instances.iter().flatten().map(name).collect();
    for (all, databases) in [(&mut facts.instance_snapshots, &instances), (&mut facts.cluster_snapshots, &clusters)] {
        if let Ok(all) = all {
            all.retain(|it| fits(&it.tags) || databases.contains(&it.database));
        }
    }
}

fn name(database: &Profile) -> String {
    database.identifier.clone()
}

/// What takes a call for each thing.
async fn read_each(
    clients: &Clients,
    region: Option<&str>,
    rds: &Rds,
    targets: &Targets,
    checks: &[&Check],
    needs: &BTreeSet<Source>,
    facts: &mut Facts,
) {
    if needs.contains(&Source::Parameters) {
        facts.instance_parameters = parameters(rds, Kind::Instance, checks, facts).await;
        facts.cluster_parameters = parameters(rds, Kind::Cluster, checks, facts).await;
    }
    if needs.contains(&Source::SubnetGroups) {
        let all: Vec<String> = facts.subnet_groups.iter().flatten().map(|group| group.arn.clone()).collect();
        facts.subnet_group_tags = each(all, String::clone, |arn| {
            let rds = rds.clone();
            async move { Ok(rds.tags(&arn).await?.into_iter().map(|(key, _)| key).collect()) }
        })
        .await;
    }
    if needs.contains(&Source::Versions) {
        let of_databases = facts.databases().map(|it| (it.engine.clone(), it.engine_version.clone()));
        let globals = facts.global_clusters.iter().flatten();
        let of_globals = globals.map(|it| (it.engine.clone(), it.engine_version.clone()));
        let all: BTreeSet<(String, String)> = of_databases.chain(of_globals).collect();
        facts.versions = each(
            all,
            |(engine, version)| version_key(engine, version),
            |(engine, version)| {
                let rds = rds.clone();
                async move { rds.engine_version(&engine, &version).await }
            },
        )
        .await;
    }
    if needs.contains(&Source::Roles) {
        facts.roles = roles(clients, checks, facts).await;
    }
    if needs.contains(&Source::Keys) {
        read_keys(clients, region, needs, facts).await;
    }
    if needs.contains(&Source::Sharing) {
        facts.sharing = sharing(rds, targets, checks, facts).await;
    }
    if needs.contains(&Source::Secrets) {
        read_secrets(clients, region, targets, needs, facts).await;
    }
    network::read(clients, region, needs, facts).await;
}

/// With whom snapshots are shared, first those that can be public. AWS is not asked about those that cannot be shared, by
/// what is known of their keys, nor about more than the user allows.
async fn sharing(rds: &Rds, targets: &Targets, checks: &[&Check], facts: &Facts) -> Each<Vec<String>> {
    let is_about_all = checks.iter().any(|check| check.id == snapshots::NOT_SHARED);
    let (public, rest): (Vec<_>, Vec<_>) = facts.snapshots().partition(|one| snapshots::can_be_public(one));
    let rest = rest.into_iter().filter(|one| is_about_all && snapshots::can_be_shared(facts, one));
    let asked: Vec<SavedState> = public.into_iter().chain(rest).take(targets.snapshot_reads).cloned().collect();
    each(
        asked,
        |one| one.arn.clone(),
        |one| {
            let rds = rds.clone();
            async move { rds.shared_with(one.kind, &one.identifier).await }
        },
    )
    .await
}

/// The parameters of the groups that checks need, by the names of the groups.
async fn parameters(rds: &Rds, kind: Kind, checks: &[&Check], facts: &Facts) -> Each<Map<Option<String>>> {
    let is_needed = |database: &&Profile| {
        let mut checks = checks.iter().filter(|check| check.sources.contains(&Source::Parameters));
        database.kind == kind && checks.any(|check| check.judge.applies(database) == Some(Ok(())))
    };
    let groups = facts.databases().filter(is_needed).filter_map(|it| it.groups.first()).map(|group| group.name.clone());
    let groups: BTreeSet<String> = groups.collect();
    each(groups, String::clone, |group| {
        let (rds, group) = (rds.clone(), Group { kind, name: group });
        async move {
            let found = rds.parameters_named(&group, &table::parameters()).await?;
            Ok(found.into_iter().map(|one| (one.name, one.value.filter(|value| !value.is_empty()))).collect())
        }
    })
    .await
}

/// The trust policies of the service-linked role and the roles of Enhanced Monitoring.
async fn roles(clients: &Clients, checks: &[&Check], facts: &Facts) -> Each<Option<String>> {
    let is_asked_for = checks.iter().any(|check| check.is_of_region() && check.sources.contains(&Source::Roles));
    let of_monitoring = facts.databases().filter_map(|it| it.monitoring_role.as_deref()?.rsplit('/').next());
    let names: BTreeSet<String> =
        of_monitoring.chain(is_asked_for.then_some(SERVICE_ROLE)).map(str::to_owned).collect();
    let iam = clients.iam().await.cloned();
    each(names, String::clone, |name| {
        let iam = iam.clone();
        async move { Ok(iam?.role(&name).await?.map(|role| role.trust)) }
    })
    .await
}

/// The keys of everything, and of those that the customer manages rotation and policies.
async fn read_keys(clients: &Clients, region: Option<&str>, needs: &BTreeSet<Source>, facts: &mut Facts) {
    let kms = clients.kms(region).await;
    let of_databases = facts.databases().flat_map(|it| {
        let of_secret = it.master_secret.as_ref().and_then(|secret| secret.key.clone());
        [it.key.clone(), it.insights_key.clone(), of_secret]
    });
    let of_snapshots = facts.snapshots().map(|it| it.key.clone());
    let of_exports = facts.exports.iter().flatten().map(|it| it.key.clone());
    let ids: BTreeSet<String> = of_databases.chain(of_snapshots).chain(of_exports).flatten().collect();
    facts.keys = each(ids, String::clone, |id| {
        let kms = kms.clone();
        async move { kms?.key(&id).await }
    })
    .await;
    let own: BTreeSet<String> =
        facts.keys.values().flatten().flatten().filter(|key| key.is_customer_managed).map(arn).collect();
    if needs.contains(&Source::Rotation) {
        facts.rotation = each(own.clone(), String::clone, |arn| {
            let kms = kms.clone();
            async move { Ok(kms?.rotation(&arn).await?.is_some()) }
        })
        .await;
    }
    if needs.contains(&Source::KeyPolicies) {
        facts.key_policies = each(own, String::clone, |arn| {
            let kms = kms.clone();
            async move { kms?.policy(&arn).await }
        })
        .await;
    }
}

fn arn(key: &Key) -> String {
    key.arn.clone()
}

/// The secrets that the user names, and their policies.
async fn read_secrets(
    clients: &Clients,
    region: Option<&str>,
    targets: &Targets,
    needs: &BTreeSet<Source>,
    facts: &mut Facts,
) {
    let secrets = clients.secrets(region).await;
    facts.secrets = each(targets.secrets.clone(), String::clone, |id| {
        let secrets = secrets.clone();
        async move { secrets?.upkeep(&id).await }
    })
    .await;
    if needs.contains(&Source::SecretPolicies) {
        let arns: Vec<String> = facts.secrets.values().flatten().flatten().map(|secret| secret.arn.clone()).collect();
        facts.resource_policies = each(arns, String::clone, |arn| {
            let secrets = secrets.clone();
            async move { secrets?.resource_policy(&arn).await }
        })
        .await;
    }
}

/// The answers about each thing, some calls at a time.
async fn each<A, T, F>(about: impl IntoIterator<Item = A>, key: impl Fn(&A) -> String, read: impl Fn(A) -> F) -> Each<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, aws::Error>> + Send + 'static,
{
    let mut answers = Each::new();
    let mut running = JoinSet::new();
    for one in about {
        if running.len() >= MOST_CALLS {
            answers.extend(running.join_next().await.into_iter().flatten());
        }
        let (name, answer) = (key(&one), read(one));
        running.spawn(async move { (name, answer.await.map_err(|error| error.reason())) });
    }
    while let Some(done) = running.join_next().await {
        answers.extend(done);
    }
    answers
}
