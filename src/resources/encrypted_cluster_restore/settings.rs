//! The settings of a cluster, its members and its custom endpoints as texts: read from the original, kept in the state,
//! given to requests, and compared with what was restored.

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::schema::Map;

use crate::aws::rds::custom_endpoints::CustomEndpoint;
use crate::aws::rds::{Relative, Setting, Source};
use crate::resources::encrypted_cluster_restore::{Difference, EncryptedClusterRestore, Overrides, SourceSetting};

/// The kinds of objects in [`SourceSetting`].
pub(super) const CLUSTER: &str = "cluster";
pub(super) const MEMBER: &str = "member";
pub(super) const CUSTOM_ENDPOINT: &str = "custom_endpoint";

/// Settings that are carried over and compared in another way.
const APART: [&str; 2] = ["tags", "custom_endpoints"];

/// What the name of a tag has in front.
const TAG: &str = "tags.";

/// Settings of which only the presence can be carried over: their values are new.
const PRESENT: &str = "master_user_secret";

/// The settings of one object, by name.
pub(super) type Settings = BTreeMap<String, String>;

/// The settings of an original with its members, the writer first, and its custom endpoints.
pub(super) fn of_original(source: &Source, members: &[Relative], endpoints: &[CustomEndpoint]) -> Vec<SourceSetting> {
    let mut all = listed(CLUSTER, &source.database.identifier, &of_cluster(source), &source.tags);
    for (name, _) in &source.database.members {
        let member = members.iter().find(|member| member.identifier == *name);
        let member = member.filter(|member| !member.settings.is_empty());
        all.extend(member.into_iter().flat_map(|member| listed(MEMBER, name, &of_member(member), &member.tags)));
    }
    for endpoint in endpoints {
        all.extend(listed(CUSTOM_ENDPOINT, &endpoint.identifier, &of_endpoint(endpoint), &Map::new()));
    }
    all
}

/// The settings of a cluster that a restore would lose, and those that it would take from the snapshot.
pub(super) fn of_cluster(source: &Source) -> Settings {
    let mut settings = of_rows(&source.settings);
    if source.backup_retention_period > 0 {
        settings.insert("backup_retention_period".to_owned(), source.backup_retention_period.to_string());
    }
    if let Some(port) = source.database.port {
        settings.insert("port".to_owned(), port.to_string());
    }
    settings
}

/// The settings of a member.
pub(super) fn of_member(member: &Relative) -> Settings {
    of_rows(&member.settings)
}

/// The settings of a custom endpoint.
pub(super) fn of_endpoint(endpoint: &CustomEndpoint) -> Settings {
    let mut settings = Settings::from([("endpoint_type".to_owned(), endpoint.endpoint_type.clone())]);
    for (name, members) in
        [("static_members", &endpoint.static_members), ("excluded_members", &endpoint.excluded_members)]
    {
        if !members.is_empty() {
            settings.insert(name.to_owned(), members.join(", "));
        }
    }
    settings
}

fn of_rows(rows: &[Setting]) -> Settings {
    let rows = rows.iter().filter(|row| !APART.contains(&row.name));
    rows.map(|row| (row.name.to_owned(), row.value.clone())).collect()
}

fn listed(kind: &str, identifier: &str, settings: &Settings, tags: &Map<String>) -> Vec<SourceSetting> {
    let tags =
        tags.iter().filter(|(key, _)| !is_reserved(key)).map(|(key, value)| (format!("{TAG}{key}"), value.clone()));
    let settings = settings.iter().map(|(name, value)| (name.clone(), value.clone()));
    let setting =
        |(name, value)| SourceSetting { kind: kind.to_owned(), identifier: identifier.to_owned(), name, value };
    settings.chain(tags).map(setting).collect()
}

/// A tag of AWS or of the create of the original.
fn is_reserved(key: &str) -> bool {
    key.starts_with("aws:") || key.starts_with("rdsauth:")
}

/// An object of the original.
#[derive(Clone, Debug, Default)]
pub(super) struct Original {
    pub(super) identifier: String,
    pub(super) settings: Settings,
    pub(super) tags: Map<String>,
}

/// The objects of a kind in the settings of a state, in their order.
pub(super) fn originals(all: &[SourceSetting], kind: &str) -> Vec<Original> {
    let mut found: Vec<Original> = Vec::new();
    for SourceSetting { identifier, name, value, .. } in all.iter().filter(|setting| setting.kind == kind) {
        if found.last().is_none_or(|last| last.identifier != *identifier) {
            found.push(Original { identifier: identifier.clone(), ..Original::default() });
        }
        let Some(last) = found.last_mut() else { continue };
        match name.strip_prefix(TAG) {
            Some(key) => last.tags.insert(key.to_owned(), value.clone()),
            None => last.settings.insert(name.clone(), value.clone()),
        };
    }
    found
}

impl EncryptedClusterRestore {
    /// The settings of the original as the configuration wants them.
    pub(super) fn wanted_cluster(&self) -> Original {
        let mut original = self.originals(CLUSTER).into_iter().next().unwrap_or_default();
        self.overrides.iter().for_each(|overrides| overrides.apply_to_cluster(&mut original.settings));
        original
    }

    /// The members of an Aurora cluster, each with its new identifier.
    pub(super) fn wanted_members(&self) -> Vec<(String, Original)> {
        let mut members = self.originals(MEMBER);
        if let Some(overrides) = &self.overrides {
            members.iter_mut().for_each(|member| overrides.apply_to_member(&mut member.settings));
        }
        members.into_iter().map(|member| (self.name_of(&member.identifier), member)).collect()
    }

    /// The custom endpoints, each with its new identifier, and with the new members.
    pub(super) fn wanted_endpoints(&self) -> Vec<(String, Original)> {
        let mut endpoints = self.originals(CUSTOM_ENDPOINT);
        for endpoint in &mut endpoints {
            for members in ["static_members", "excluded_members"] {
                if let Some(members) = endpoint.settings.get_mut(members) {
                    let renamed = members.split(", ").map(|member| self.name_of(member));
                    let sorted: BTreeSet<_> = renamed.collect();
                    *members = sorted.into_iter().collect::<Vec<_>>().join(", ");
                }
            }
        }
        let name = |endpoint: &Original| {
            follow(&self.cluster_identifier, &self.source_cluster_identifier, &endpoint.identifier)
        };
        endpoints.into_iter().map(|endpoint| (name(&endpoint), endpoint)).collect()
    }

    /// The identifier of the member that takes the place of another.
    pub(super) fn name_of(&self, member: &str) -> String {
        let given = self.member_identifiers.as_ref().and_then(|given| given.get(member));
        given.cloned().unwrap_or_else(|| follow(&self.cluster_identifier, &self.source_cluster_identifier, member))
    }

    fn originals(&self, kind: &str) -> Vec<Original> {
        self.source_settings.get().map(|all| originals(all, kind)).unwrap_or_default()
    }
}

impl Overrides {
    fn apply_to_cluster(&self, settings: &mut Settings) {
        let is_multi_az = settings.contains_key("db_cluster_instance_class");
        let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
        let groups = self.vpc_security_group_ids.as_ref();
        for (name, value) in [
            ("engine_version", self.engine_version.clone()),
            ("db_subnet_group_name", self.db_subnet_group_name.clone()),
            (
                "vpc_security_group_ids",
                groups
                    .map(|ids| ids.iter().map(String::as_str).collect::<BTreeSet<_>>())
                    .map(|ids| ids.into_iter().collect::<Vec<_>>().join(", ")),
            ),
            ("db_cluster_parameter_group_name", self.db_cluster_parameter_group_name.clone()),
            ("port", self.port.map(|port| port.to_string())),
            ("backup_retention_period", self.backup_retention_period.map(|days| days.to_string())),
            ("deletion_protection", flag(self.deletion_protection)),
            ("iam_database_authentication_enabled", flag(self.iam_database_authentication_enabled)),
            ("storage_type", self.storage_type.clone()),
            ("db_cluster_instance_class", self.instance_class.clone().filter(|_| is_multi_az)),
            ("publicly_accessible", flag(self.publicly_accessible.filter(|_| is_multi_az))),
        ] {
            if let Some(value) = value {
                settings.insert(name.to_owned(), value);
            }
        }
        if self.db_subnet_group_name.is_some() {
            settings.remove("availability_zones");
        }
    }

    fn apply_to_member(&self, settings: &mut Settings) {
        for (name, value) in [
            ("db_instance_class", self.instance_class.clone()),
            ("db_parameter_group_name", self.db_parameter_group_name.clone()),
            ("publicly_accessible", self.publicly_accessible.map(|flag| flag.to_string())),
        ] {
            if let Some(value) = value {
                settings.insert(name.to_owned(), value);
            }
        }
        if self.db_subnet_group_name.is_some() {
            settings.remove("availability_zone");
        }
    }
}

/// The name of what belongs to a new cluster, after what belonged to the original.
pub(super) fn follow(new: &str, source: &str, name: &str) -> String {
    match name.strip_prefix(source).filter(|rest| rest.starts_with('-')) {
        Some(rest) => format!("{new}{rest}"),
        None => format!("{new}-{name}"),
    }
}

/// In what an object differs from the settings that are wanted for it.
pub(super) fn differences(identifier: &str, wanted: &Settings, is: &Settings) -> Vec<Difference> {
    let names: BTreeSet<_> = wanted.keys().chain(is.keys()).collect();
    let difference = |name: &String| {
        let (wanted, is) = (wanted.get(name), is.get(name));
        (!same(name, wanted.map(String::as_str), is.map(String::as_str))).then(|| Difference {
            identifier: identifier.to_owned(),
            name: name.clone(),
            source: wanted.cloned(),
            restored: is.cloned(),
        })
    };
    names.into_iter().filter_map(difference).collect()
}

/// Whether two values mean the same. Lists have no order, and what is off is not listed.
pub(super) fn same(name: &str, wanted: Option<&str>, is: Option<&str>) -> bool {
    match (wanted, is) {
        (Some(_), Some(_)) if name == PRESENT => true,
        (Some(wanted), Some(is)) => words(wanted) == words(is),
        (Some(value), None) | (None, Some(value)) => is_default(name, value),
        (None, None) => true,
    }
}

/// Whether a value is what there is without the setting, so that the tables do not list it.
fn is_default(name: &str, value: &str) -> bool {
    let is_group = name.ends_with("_group_name");
    value == "false"
        || (name == "storage_type" && value == "aurora")
        || (is_group && (value == "default" || value.starts_with("default.") || value.starts_with("default:")))
}

fn words(list: &str) -> BTreeSet<&str> {
    list.split(", ").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_follow_those_of_the_original() {
        for (name, follows) in
            [("shop-1", "new-1"), ("shop", "new-shop"), ("shopper-1", "new-shopper-1"), ("a", "new-a")]
        {
            assert_eq!(follow("new", "shop", name), follows);
        }
    }

    #[test]
    fn objects_of_a_state_keep_their_order_and_tags() {
        let tags = Map::from([("team".to_owned(), "a=b".to_owned()), ("aws:x".to_owned(), "y".to_owned())]);
        let mut all = listed(CLUSTER, "shop", &settings(&[("port", "5432")]), &tags);
        all.extend(listed(MEMBER, "shop", &settings(&[("db_instance_class", "db.r6g.large")]), &Map::new()));
        all.extend(listed(MEMBER, "a", &settings(&[("db_instance_class", "db.r6g.large")]), &tags));
        let members = originals(&all, MEMBER);
        assert_eq!(members.iter().map(|member| member.identifier.as_str()).collect::<Vec<_>>(), ["shop", "a"]);
        assert_eq!(members[1].tags, Map::from([("team".to_owned(), "a=b".to_owned())]));
        let cluster = &originals(&all, CLUSTER)[0];
        assert_eq!((&cluster.settings, cluster.tags.len()), (&settings(&[("port", "5432")]), 1));
    }

    #[test]
    fn what_is_the_same_is_no_difference() {
        let wanted = settings(&[
            ("groups", "a, b"),
            ("deletion_protection", "false"),
            (PRESENT, "arn:old"),
            ("window", "sun:01:00-sun:01:30"),
            ("lost", "x"),
        ]);
        let is = settings(&[("groups", "b, a"), (PRESENT, "arn:new"), ("window", "mon:01:00-mon:01:30"), ("new", "y")]);
        let told = differences("shop", &wanted, &is);
        let told: Vec<_> =
            told.iter().map(|one| (one.name.as_str(), one.source.as_deref(), one.restored.as_deref())).collect();
        let windows = ("window", Some("sun:01:00-sun:01:30"), Some("mon:01:00-mon:01:30"));
        assert_eq!(told, [("lost", Some("x"), None), ("new", None, Some("y")), windows]);
        assert!(!same(PRESENT, Some("arn"), None));
        for (name, value, is) in [
            ("storage_type", "aurora", true),
            ("storage_type", "aurora-iopt1", false),
            ("db_cluster_parameter_group_name", "default.aurora-postgresql15", true),
            ("db_cluster_parameter_group_name", "strict", false),
        ] {
            assert_eq!(same(name, Some(value), None), is, "{name} {value}");
        }
    }

    #[test]
    fn overrides_go_before_the_original() {
        let overrides = Overrides {
            engine_version: None,
            db_subnet_group_name: Some("private".to_owned()),
            vpc_security_group_ids: Some(["sg-2", "sg-1"].map(str::to_owned).into_iter().collect()),
            db_cluster_parameter_group_name: None,
            port: Some(5433),
            backup_retention_period: None,
            deletion_protection: Some(false),
            iam_database_authentication_enabled: None,
            storage_type: None,
            instance_class: Some("db.r7g.large".to_owned()),
            db_parameter_group_name: None,
            publicly_accessible: None,
        };
        let mut cluster = settings(&[("availability_zones", "a, b"), ("deletion_protection", "true"), ("port", "1")]);
        overrides.apply_to_cluster(&mut cluster);
        let want = [
            ("db_subnet_group_name", "private"),
            ("deletion_protection", "false"),
            ("port", "5433"),
            ("vpc_security_group_ids", "sg-1, sg-2"),
        ];
        assert_eq!(cluster, settings(&want));
        let mut member = settings(&[("db_instance_class", "db.r6g.large"), ("availability_zone", "a")]);
        overrides.apply_to_member(&mut member);
        assert_eq!(member, settings(&[("db_instance_class", "db.r7g.large")]));
        let mut multi_az = settings(&[("db_cluster_instance_class", "db.m6gd.large")]);
        overrides.apply_to_cluster(&mut multi_az);
        assert_eq!(multi_az["db_cluster_instance_class"], "db.r7g.large");
    }
}
