//! The settings of a DB instance: of the original, as they are wanted, and as they are.

use tf_provider::schema::Set;

use crate::aws::rds::Source;
use crate::parts::rds::carried::{
    Difference, Original, Settings, SourceSetting, differences, listed, of_rows, originals,
};
use crate::resources::encrypted_restore::{EncryptedRestore, InstanceOverrides};

/// The kind of object in [`SourceSetting`].
const INSTANCE: &str = "instance";

/// Which parameter group a DB instance has, whoever created the group.
pub(super) const GROUP: &str = "db_parameter_group_name";

/// What RDS chooses, and what is about the original alone.
const CHOSEN: [&str; 1] = ["secondary_availability_zone"];

/// Settings that the restore itself takes: all but those that a modification or another call carries over.
const LATER: [&str; 11] = [
    "max_allocated_storage",
    "preferred_maintenance_window",
    "monitoring_interval",
    "monitoring_role_arn",
    "database_insights_mode",
    "performance_insights_enabled",
    "performance_insights_kms_key_id",
    "performance_insights_retention_period",
    "master_user_secret",
    "master_user_secret_kms_key_id",
    "associated_roles",
];

/// The settings of an original, as the state keeps them.
pub(super) fn of_original(source: &Source) -> Vec<SourceSetting> {
    listed(INSTANCE, &source.database.identifier, &of(source), &source.tags)
}

/// The settings of a DB instance.
pub(super) fn of(source: &Source) -> Settings {
    let mut settings = of_rows(&source.settings);
    settings.extend(of_rows(&source.kept));
    settings.retain(|name, _| !CHOSEN.contains(&name.as_str()));
    settings.insert(GROUP.to_owned(), source.database.group.clone());
    // Without a type, IOPS would make it io1.
    if settings.contains_key("iops") {
        settings.entry("storage_type".to_owned()).or_insert_with(|| "gp3".to_owned());
    }
    settings
}

/// Whether a modification after the restore carries a setting over.
pub(super) fn is_modified(name: &str) -> bool {
    LATER.contains(&name) && name != "associated_roles"
}

/// The roles in the text of a setting, each with its feature.
pub(super) fn roles(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(", ").filter_map(|role| role.strip_suffix(')')?.split_once(" ("))
}

impl EncryptedRestore {
    /// The original, with the settings that the configuration wants.
    pub(super) fn wanted(&self) -> Original {
        let kept = self.source_settings.get().map(|all| originals(all, INSTANCE)).unwrap_or_default();
        let mut original = kept.into_iter().next().unwrap_or_default();
        self.overrides.iter().for_each(|overrides| overrides.apply(&mut original.settings));
        original
    }

    /// In what the DB instance differs from what is wanted. Nothing is known of an imported one.
    pub(super) fn differences_of(&self, found: &Source) -> Vec<Difference> {
        let wanted = self.wanted().settings;
        match wanted.is_empty() {
            true => Vec::new(),
            false => differences(&found.database.identifier, &wanted, &of(found)),
        }
    }
}

fn sorted(words: &Set<String>) -> String {
    let mut words: Vec<_> = words.iter().map(String::as_str).collect();
    words.sort_unstable();
    words.join(", ")
}

impl InstanceOverrides {
    fn apply(&self, settings: &mut Settings) {
        let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let groups = self.vpc_security_group_ids.as_ref();
        for (name, value) in [
            ("db_instance_class", self.instance_class.clone()),
            ("db_subnet_group_name", self.db_subnet_group_name.clone()),
            ("vpc_security_group_ids", groups.map(sorted)),
            (GROUP, self.parameter_group_name.clone()),
            ("port", number(self.port)),
            ("multi_az", flag(self.multi_az)),
            ("publicly_accessible", flag(self.publicly_accessible)),
            ("backup_retention_period", number(self.backup_retention_period)),
            ("deletion_protection", flag(self.deletion_protection)),
            ("iam_database_authentication_enabled", flag(self.iam_database_authentication_enabled)),
        ] {
            if let Some(value) = value {
                settings.insert(name.to_owned(), value);
            }
        }
        if self.db_subnet_group_name.is_some() || self.multi_az == Some(true) {
            settings.remove("availability_zone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn overrides_go_before_the_original() {
        let overrides = InstanceOverrides {
            instance_class: Some("db.r7g.large".to_owned()),
            db_subnet_group_name: None,
            vpc_security_group_ids: Some(["sg-2", "sg-1"].map(str::to_owned).into_iter().collect()),
            parameter_group_name: Some("orders".to_owned()),
            port: Some(5433),
            multi_az: Some(true),
            publicly_accessible: None,
            backup_retention_period: None,
            deletion_protection: Some(false),
            iam_database_authentication_enabled: None,
        };
        let mut is = settings(&[("availability_zone", "a"), ("deletion_protection", "true"), ("kept", "x")]);
        overrides.apply(&mut is);
        let want = [
            (GROUP, "orders"),
            ("db_instance_class", "db.r7g.large"),
            ("deletion_protection", "false"),
            ("kept", "x"),
            ("multi_az", "true"),
            ("port", "5433"),
            ("vpc_security_group_ids", "sg-1, sg-2"),
        ];
        assert_eq!(is, settings(&want));
    }
}
