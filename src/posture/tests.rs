//! Each check, tried on a world in which all pass, and on one in which it alone does not.

mod applicability;
mod failures;
mod network;
mod reading;
mod world;

use std::collections::BTreeSet;

use crate::posture::check::{Check, Judge, Status};
use crate::posture::facts::{Each, Facts, Options};
use crate::posture::findings::{Exclusion, Finding, findings};
use crate::posture::sources::Source;
use crate::posture::table;
use crate::posture::tests::world::{world, world_of_mysql};

/// All findings.
fn judged(facts: &Facts) -> Vec<Finding> {
    findings(facts, &table::all().collect::<Vec<_>>(), &[])
}

/// The checks that have a finding of a status.
fn checks(facts: &Facts, status: Status) -> BTreeSet<&'static str> {
    judged(facts).into_iter().filter(|one| one.status == status).map(|one| one.check.id).collect()
}

/// The status of a check for one thing.
#[track_caller]
fn status(facts: &Facts, check: &str, name: &str) -> Status {
    let all = judged(facts);
    let found = all.iter().find(|one| one.check.is_named(check) && one.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no finding of {check} for {name}")).status
}

fn ids() -> BTreeSet<&'static str> {
    table::all().map(|check| check.id).collect()
}

#[test]
fn names_are_unique_and_rows_are_complete() {
    assert_eq!(ids().len(), table::all().count());
    let controls: Vec<_> = table::all().flat_map(|check| check.controls).collect();
    assert_eq!(controls.iter().collect::<BTreeSet<_>>().len(), controls.len(), "a control is evaluated twice");
    for check in table::all() {
        let Check { id, title, remediation, sources, .. } = check;
        assert!(!title.is_empty() && !title.ends_with('.') && !remediation.is_empty() && !sources.is_empty(), "{id}");
        assert!(check.source().starts_with("https://"), "{id}");
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{id}");
    }
}

#[test]
fn all_pass_in_a_good_world() {
    let mut passed = BTreeSet::new();
    for facts in [world(), world_of_mysql()] {
        for finding in judged(&facts) {
            assert!(matches!(finding.status, Status::Passed | Status::NotApplicable), "{finding:?}");
            assert!(finding.evidence.ends_with('.'), "{finding:?}");
        }
        passed.extend(checks(&facts, Status::Passed));
    }
    assert_eq!(passed, ids());
}

/// What cannot be read makes exactly the checks unknown that need it.
#[test]
fn a_source_that_cannot_be_read_is_unknown_to_its_checks() {
    const WHY: &str = "AccessDenied";
    fn deny<T>(answers: &mut Each<T>) {
        answers.values_mut().for_each(|answer| *answer = Err(WHY.to_owned()));
    }
    for source in Source::ALL {
        let mut facts = world();
        let why = || Err(WHY.to_owned());
        match source {
            Source::Instances => (facts.instances, facts.resource_ids) = (Err(WHY.to_owned()), why()),
            Source::Clusters => (facts.clusters, facts.resource_ids) = (Err(WHY.to_owned()), why()),
            Source::Snapshots => {
                (facts.instance_snapshots, facts.cluster_snapshots) = (Err(WHY.to_owned()), Err(WHY.to_owned()))
            }
            Source::Sharing => deny(&mut facts.sharing),
            Source::Parameters => {
                deny(&mut facts.instance_parameters);
                deny(&mut facts.cluster_parameters);
            }
            Source::Keys => deny(&mut facts.keys),
            Source::Rotation => deny(&mut facts.rotation),
            Source::KeyPolicies => deny(&mut facts.key_policies),
            Source::Proxies => (facts.proxies, facts.resource_ids) = (Err(WHY.to_owned()), why()),
            Source::Subscriptions => facts.subscriptions = Err(WHY.to_owned()),
            Source::GlobalClusters => facts.global_clusters = Err(WHY.to_owned()),
            Source::SubnetGroups => deny(&mut facts.subnet_group_tags),
            Source::Versions => deny(&mut facts.versions),
            Source::MajorVersions => facts.major_versions = Err(WHY.to_owned()),
            Source::Recommendations => facts.recommendations = Err(WHY.to_owned()),
            Source::Maintenance => facts.maintenance = Err(WHY.to_owned()),
            Source::Exports => facts.exports = Err(WHY.to_owned()),
            Source::Policies => facts.policies = Err(WHY.to_owned()),
            Source::Roles => deny(&mut facts.roles),
            Source::Secrets => deny(&mut facts.secrets),
            Source::SecretPolicies => deny(&mut facts.resource_policies),
            Source::SecurityGroups => facts.security_groups = Err(WHY.to_owned()),
            Source::PrefixLists => deny(&mut facts.prefix_lists),
            Source::Routes => facts.routes = Err(WHY.to_owned()),
            Source::Endpoints => facts.endpoints = Err(WHY.to_owned()),
            Source::Users => facts.contents = Err(WHY.to_owned()),
        }
        let needing = table::all().filter(|check| check.sources.contains(&source)).map(|check| check.id);
        assert_eq!(checks(&facts, Status::Unknown), needing.collect::<BTreeSet<_>>(), "{source:?}");
        assert_eq!(checks(&facts, Status::Failed), BTreeSet::new(), "{source:?}");
        let unknown = judged(&facts).into_iter().filter(|one| one.status == Status::Unknown);
        assert!(unknown.into_iter().all(|one| one.evidence == WHY || one.evidence.contains("not among")), "{source:?}");
    }
}

#[test]
fn nothing_that_was_not_read_passes() {
    let facts = Facts::new(world().now, "eu-west-1", Options::default());
    assert_eq!(checks(&facts, Status::Passed), BTreeSet::new());
    let of_secrets = table::all().filter(|check| matches!(check.judge, Judge::Secret(_))).map(|check| check.id);
    let unknown: BTreeSet<_> = checks(&facts, Status::Unknown).into_iter().chain(of_secrets).collect();
    assert_eq!(unknown, ids());
}

#[test]
fn exclusions_end() {
    let mut facts = world();
    for database in facts.instances.iter_mut().flatten() {
        database.is_public = Some(true);
    }
    let made: Vec<_> = table::named("RDS.2").collect();
    let exclusion = |check: Option<&str>, resource: Option<&str>, until: &str| Exclusion {
        check: check.map(str::to_owned),
        resource: resource.map(str::to_owned),
        reason: "It is a demo.".to_owned(),
        until: until.to_owned(),
    };
    let accepted = |exclusion: Exclusion| {
        let found = findings(&facts, &made, &[exclusion]);
        found.iter().filter(|one| one.status == Status::Acknowledged).count()
    };
    let all = facts.instances.as_ref().map_or(0, Vec::len);
    assert_eq!(accepted(exclusion(None, None, "2026-11-29")), all, "the last day counts");
    assert_eq!(accepted(exclusion(None, None, "2026-11-28")), 0);
    assert_eq!(accepted(exclusion(Some("RDS.2"), Some("orders"), "2027-01-31")), 1);
    assert_eq!(accepted(exclusion(Some("not_publicly_accessible"), None, "2027-01-31")), all);
    assert_eq!(accepted(exclusion(Some("RDS.3"), None, "2027-01-31")), 0);
    assert_eq!(accepted(exclusion(None, Some("order"), "2027-01-31")), 0);
    let arn = facts.instances.as_ref().unwrap()[0].arn.clone();
    assert_eq!(accepted(exclusion(None, Some(&arn), "2027-01-31")), 1);
    let found = findings(&facts, &made, &[exclusion(None, None, "2026-11-28")]);
    assert!(found[0].evidence.contains("2026-11-28 has ended: It is a demo."), "{}", found[0].evidence);
}
