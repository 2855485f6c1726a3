//! The settings of a cluster, its members and its custom endpoints as texts: read from the original, kept in the state,
//! given to requests, and compared with what was restored.

use std::collections::BTreeSet;

use tf_provider::schema::Map;

use crate::aws::rds::custom_endpoints::CustomEndpoint;
use crate::aws::rds::{Relative, Source};
use crate::parts::rds::carried::{Original, Settings, SourceSetting, listed, of_rows, originals};
use crate::resources::encrypted_cluster_restore::{EncryptedClusterRestore, Overrides};

/// The kinds of objects in [`SourceSetting`].
pub(super) const CLUSTER: &str = "cluster";
pub(super) const MEMBER: &str = "member";
pub(super) const CUSTOM_ENDPOINT: &str = "custom_endpoint";

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
