//! The block `compute_config`: DMS Serverless in place of a replication instance.

use tf_provider::diagnostic::Diagnostic;
use tf_provider::schema::{Computed, Set, Val, View, check, optional, required};

use crate::attributes::checks;
use crate::aws::dms::{Among, Capacity, RunsOn, Task};
use crate::resources::dms_migration::{DmsMigration, diagnostics};

/// The numbers of capacity units that DMS has.
const UNITS: &[i64] = &[1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384];

tf_provider::model! {
    /// Capacity of DMS Serverless.
    pub struct ComputeConfig {
        /// Most [capacity units](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html), each
        /// with 2 GB of memory.
        max_capacity_units: i64 = required().check(check::one_of_numbers(UNITS)),
        /// Fewest capacity units. Defaults to 1.
        min_capacity_units: Computed<Option<i64>> = optional().check(check::one_of_numbers(UNITS)),
        /// Whether there is a standby in another Availability Zone.
        multi_az: Computed<Option<bool>> = optional(),
        /// Identifier of the replication subnet group. From its subnets, DMS connects to both endpoints.
        replication_subnet_group_id: Computed<Option<String>> = optional().replace().check(check::length(1..=255)),
        /// IDs of the VPC security groups.
        vpc_security_group_ids: Computed<Option<Set<String>>> =
            optional().check(check::size(1..=usize::MAX)).each(check::length(1..=255)),
        /// ARN of the KMS key that encrypts what DMS stores while it replicates. Defaults to the AWS managed key for DMS.
        kms_key_id: Computed<Option<String>> = optional().replace().check(checks::key_arn()),
        /// Availability Zone. Conflicts with `multi_az = true`.
        availability_zone: Computed<Option<String>> = optional().replace().check(check::length(1..=255)),
        /// Addresses of up to four name servers with commas between them. Defaults to those of the VPC.
        dns_name_servers: Computed<Option<String>> = optional().check(check::length(1..=255)),
        /// Weekly time in UTC for maintenance, such as `sun:23:45-mon:00:30`.
        preferred_maintenance_window: Computed<Option<String>> = optional().check(check::length(1..=255)),
    }
}

impl ComputeConfig {
    /// Contradictory arguments of the block.
    pub(super) fn check(block: &View<'_, Self>) -> Vec<Diagnostic> {
        let (most, least) = (block.get(Self::max_capacity_units).known(), block.get(Self::min_capacity_units).known());
        let has_two = block.get(Self::multi_az) == Val::Known(true) && block.is_set(Self::availability_zone);
        let less = most.zip(least).filter(|(most, least)| most < least);
        let less =
            less.map(|(most, least)| diagnostics::least_is_more(least, most, block.path(Self::min_capacity_units)));
        let two = has_two.then(|| diagnostics::zone_of_two(block.path(Self::availability_zone)));
        less.into_iter().chain(two).collect()
    }

    /// What DMS is asked for.
    fn capacity(&self) -> Capacity {
        let multi_az = known(&self.multi_az);
        Capacity {
            most: self.max_capacity_units,
            least: known(&self.min_capacity_units),
            // The one that DMS has chosen before it is to have two.
            zone: known(&self.availability_zone).filter(|_| multi_az != Some(true)),
            multi_az,
            subnet_group: known(&self.replication_subnet_group_id),
            security_groups: known(&self.vpc_security_group_ids).map(|groups| {
                let mut groups = groups.to_vec();
                groups.sort();
                groups
            }),
            key: known(&self.kms_key_id),
            name_servers: known(&self.dns_name_servers),
            window: known(&self.preferred_maintenance_window),
        }
    }

    /// Whether DMS has what is asked for, as far as it is.
    fn is(&self, found: &Capacity) -> bool {
        let wanted = self.capacity();
        wanted.most == found.most
            && is_met(&wanted.least, &found.least)
            && is_met(&wanted.multi_az, &found.multi_az)
            && is_met(&wanted.security_groups, &found.security_groups)
            && is_met(&wanted.name_servers, &found.name_servers)
            && is_met(&lower(wanted.window), &lower(found.window.clone()))
            && !self.is_elsewhere(found)
    }

    /// Whether it differs in what cannot be changed.
    fn is_elsewhere(&self, found: &Capacity) -> bool {
        let wanted = self.capacity();
        !is_met(&wanted.subnet_group, &found.subnet_group)
            || !is_met(&wanted.key, &found.key)
            || !is_met(&wanted.zone, &found.zone)
    }

    /// What DMS has.
    fn of(found: &Capacity) -> Self {
        Self {
            max_capacity_units: found.most,
            min_capacity_units: found.least.into(),
            multi_az: found.multi_az.into(),
            replication_subnet_group_id: found.subnet_group.clone().into(),
            vpc_security_group_ids: found.security_groups.clone().map(|groups| groups.into_iter().collect()).into(),
            kms_key_id: found.key.clone().into(),
            availability_zone: found.zone.clone().into(),
            dns_name_servers: found.name_servers.clone().into(),
            preferred_maintenance_window: found.window.clone().into(),
        }
    }

    /// Takes over what DMS has, but for another spelling.
    fn read(&mut self, found: &Capacity) {
        let before = std::mem::replace(self, Self::of(found));
        let (window, now) = (known(&before.preferred_maintenance_window), found.window.clone());
        if window.is_some() && lower(window) == lower(now) {
            self.preferred_maintenance_window = before.preferred_maintenance_window;
        }
    }

    /// Fills in what is the choice of DMS.
    fn complete(&mut self, found: Option<&Capacity>) {
        let found = Self::of(found.unwrap_or(&Capacity::default()));
        fill(&mut self.min_capacity_units, found.min_capacity_units);
        fill(&mut self.multi_az, found.multi_az);
        fill(&mut self.replication_subnet_group_id, found.replication_subnet_group_id);
        fill(&mut self.vpc_security_group_ids, found.vpc_security_group_ids);
        fill(&mut self.kms_key_id, found.kms_key_id);
        fill(&mut self.availability_zone, found.availability_zone);
        fill(&mut self.dns_name_servers, found.dns_name_servers);
        fill(&mut self.preferred_maintenance_window, found.preferred_maintenance_window);
    }
}

impl DmsMigration {
    /// Among which tasks this one is. An import knows nothing of it.
    pub(super) fn among(&self) -> Among {
        match (&self.arn, &self.replication_instance_arn, &self.compute_config) {
            (Computed::Known(arn), _, _) => Among::of(arn),
            (_, Some(_), _) => Among::Instances,
            (_, None, Some(_)) => Among::Serverless,
            (_, None, None) => Among::Both,
        }
    }

    /// What is to run the task.
    pub(super) fn wanted_runs_on(&self) -> RunsOn {
        match &self.compute_config {
            Some(config) => RunsOn::Serverless(Some(config.capacity())),
            None => RunsOn::Instance(self.replication_instance_arn.clone().unwrap_or_default()),
        }
    }

    /// Whether a task has the capacity that the configuration asks for.
    pub(super) fn has_capacity(&self, found: &Task) -> bool {
        match (&self.compute_config, &found.runs_on) {
            (Some(config), RunsOn::Serverless(Some(capacity))) => config.is(capacity),
            _ => true,
        }
    }

    /// Whether a task runs on something else, which cannot be changed.
    pub(super) fn runs_elsewhere(&self, found: &Task) -> bool {
        match (&self.compute_config, &found.runs_on) {
            (Some(config), RunsOn::Serverless(capacity)) => {
                capacity.as_ref().is_some_and(|capacity| config.is_elsewhere(capacity))
            }
            (None, RunsOn::Instance(arn)) => self.replication_instance_arn.as_ref() != Some(arn),
            _ => true,
        }
    }

    /// Takes over what runs a task.
    pub(super) fn read_runs_on(&mut self, found: &Task) {
        match &found.runs_on {
            RunsOn::Instance(arn) => self.replication_instance_arn = Some(arn.clone()),
            RunsOn::Serverless(None) => {}
            RunsOn::Serverless(Some(capacity)) => match &mut self.compute_config {
                Some(config) => config.read(capacity),
                none => *none = Some(ComputeConfig::of(capacity)),
            },
        }
    }

    /// Fills in what is the choice of DMS.
    pub(super) fn complete_capacity(&mut self, found: &Task) {
        if let Some(config) = &mut self.compute_config {
            config.complete(match &found.runs_on {
                RunsOn::Serverless(capacity) => capacity.as_ref(),
                RunsOn::Instance(_) => None,
            });
        }
    }
}

fn known<T: Clone>(value: &Computed<Option<T>>) -> Option<T> {
    value.get().ok().cloned().flatten()
}

fn fill<T>(own: &mut Computed<T>, found: Computed<T>) {
    if matches!(own, Computed::Unknown) {
        *own = found;
    }
}

fn is_met<T: PartialEq>(wanted: &Option<T>, found: &Option<T>) -> bool {
    wanted.is_none() || wanted == found
}

fn lower(text: Option<String>) -> Option<String> {
    text.map(|text| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::Field as _;

    use super::*;

    fn found() -> Capacity {
        Capacity {
            most: 4,
            multi_az: Some(false),
            zone: Some("us-east-1a".to_owned()),
            security_groups: Some(vec!["sg-1".to_owned(), "sg-2".to_owned()]),
            window: Some("sun:06:00-sun:06:30".to_owned()),
            ..Capacity::default()
        }
    }

    fn wanted() -> ComputeConfig {
        ComputeConfig {
            max_capacity_units: 4,
            vpc_security_group_ids: Some(["sg-2", "sg-1"].map(str::to_owned).into_iter().collect()).into(),
            preferred_maintenance_window: Some("Sun:06:00-Sun:06:30".to_owned()).into(),
            ..ComputeConfig::blank()
        }
    }

    #[test]
    fn only_what_is_asked_for_is_compared() {
        assert!(wanted().is(&found()));
        for other in [
            ComputeConfig { max_capacity_units: 8, ..wanted() },
            ComputeConfig { min_capacity_units: Some(2).into(), ..wanted() },
            ComputeConfig { multi_az: Some(true).into(), ..wanted() },
        ] {
            assert!(!other.is(&found()) && !other.is_elsewhere(&found()), "{other:?}");
        }
        for other in [
            ComputeConfig { availability_zone: Some("us-east-1b".to_owned()).into(), ..wanted() },
            ComputeConfig { kms_key_id: Some("arn".to_owned()).into(), ..wanted() },
        ] {
            assert!(!other.is(&found()) && other.is_elsewhere(&found()), "{other:?}");
        }
    }

    #[test]
    fn the_choice_of_dms_is_filled_in() {
        let mut config = wanted();
        config.complete(Some(&found()));
        assert_eq!(config.availability_zone, Some("us-east-1a".to_owned()).into());
        assert_eq!(config.preferred_maintenance_window, wanted().preferred_maintenance_window);
        let before = config.clone();
        config.read(&found());
        assert_eq!(config, before, "another spelling");
        config.read(&Capacity { most: 16, window: None, ..found() });
        assert_eq!((config.max_capacity_units, config.preferred_maintenance_window), (16, None.into()));
        // A zone that DMS has chosen does not stand in the way of two.
        let two = ComputeConfig { multi_az: Some(true).into(), ..before };
        assert_eq!((two.capacity().zone, two.is_elsewhere(&found())), (None, false));
    }
}
