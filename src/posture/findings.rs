//! From facts to findings.

use crate::aws::rds::Kind;
use crate::aws::rds::inventory::Profile;
use crate::posture::check::{Answer, Check, Judge, Status, Verdict};
use crate::posture::facts::{Contents, Facts, Seen};

/// What a check found about one thing.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// What it found.
    pub status: Status,
    /// The identifier or name of the thing; none for the account in a region, or if nothing could be listed.
    pub name: Option<String>,
    /// Its ARN.
    pub arn: Option<String>,
    /// What was seen, or why nothing was.
    pub evidence: String,
}

/// A finding that the user accepts for a while.
#[derive(Clone, Debug)]
pub struct Exclusion {
    /// A check or control; all if none is given.
    pub check: Option<String>,
    /// An identifier, name or ARN; all if none is given.
    pub resource: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day, such as `2027-01-31`.
    pub until: String,
}

impl Exclusion {
    fn is_about(&self, finding: &Finding) -> bool {
        let is_it = |wanted: &String| [&finding.name, &finding.arn].into_iter().flatten().any(|own| own == wanted);
        self.check.as_ref().is_none_or(|name| finding.check.is_named(name)) && self.resource.as_ref().is_none_or(is_it)
    }
}

/// The findings of some checks, in their order.
pub fn findings(facts: &Facts, checks: &[&'static Check], exclusions: &[Exclusion]) -> Vec<Finding> {
    let mut found = Vec::new();
    for check in checks {
        judge(facts, check, &mut found);
    }
    let today: String = facts.now.to_string().chars().take(10).collect();
    for finding in found.iter_mut().filter(|one| matches!(one.status, Status::Failed | Status::Unknown)) {
        let Some(exclusion) = exclusions.iter().find(|exclusion| exclusion.is_about(finding)) else { continue };
        if today <= exclusion.until {
            finding.status = Status::Acknowledged;
            finding.evidence += &format!(" Acknowledged until {}: {}", exclusion.until, exclusion.reason);
        } else {
            finding.evidence += &format!(" The exclusion of {} has ended: {}", exclusion.until, exclusion.reason);
        }
    }
    found
}

fn judge(facts: &Facts, check: &'static Check, found: &mut Vec<Finding>) {
    let mut add = |name: Option<&str>, arn: Option<&str>, answer: Answer| {
        let (status, evidence) = match answer {
            Ok(Verdict::Passed(evidence)) => (Status::Passed, evidence),
            Ok(Verdict::Failed(evidence)) => (Status::Failed, evidence),
            Ok(Verdict::NotApplicable(why)) => (Status::NotApplicable, why),
            Err(why) => (Status::Unknown, why),
        };
        found.push(Finding { check, status, name: name.map(str::to_owned), arn: arn.map(str::to_owned), evidence });
    };
    match check.judge {
        Judge::Database(scope, _, decide) => {
            let lists = [(scope.has_instances(), &facts.instances), (scope.has_clusters(), &facts.clusters)];
            for (_, list) in lists.into_iter().filter(|(is_about, _)| *is_about) {
                for database in listed(list, &mut add) {
                    let answer = match check.judge.applies(database) {
                        None => continue,
                        Some(Ok(())) => decide(facts, database),
                        Some(Err(why)) => Ok(Verdict::NotApplicable(why)),
                    };
                    add(Some(&database.identifier), Some(&database.arn), answer);
                }
            }
        }
        Judge::Snapshot(kind, decide) => {
            let lists = [&facts.instance_snapshots, &facts.cluster_snapshots];
            for (list, own) in lists.into_iter().zip([Kind::Instance, Kind::Cluster]) {
                if kind.is_some_and(|kind| kind != own) {
                    continue;
                }
                for snapshot in listed(list, &mut add) {
                    add(Some(&snapshot.identifier), Some(&snapshot.arn), decide(facts, snapshot));
                }
            }
        }
        Judge::Proxy(decide) => {
            for proxy in listed(&facts.proxies, &mut add) {
                add(Some(&proxy.name), Some(&proxy.arn), decide(facts, proxy));
            }
        }
        Judge::Global(decide) => {
            for cluster in listed(&facts.global_clusters, &mut add) {
                add(Some(&cluster.identifier), Some(&cluster.arn), decide(facts, cluster));
            }
        }
        Judge::SubnetGroup(decide) => {
            for group in listed(&facts.subnet_groups, &mut add) {
                add(Some(&group.name), Some(&group.arn), decide(facts, group));
            }
        }
        Judge::Secret(decide) => {
            for (id, secret) in &facts.secrets {
                match secret {
                    Ok(Some(secret)) => add(Some(&secret.name), Some(&secret.arn), decide(facts, secret)),
                    Ok(None) => add(Some(id), None, Err("There is no such secret.".to_owned())),
                    Err(why) => add(Some(id), None, Err(why.clone())),
                }
            }
        }
        Judge::Postgres(decide) => judge_contents(facts, &mut add, |it, contents| match contents {
            Contents::Postgres(contents) => Some(decide(it, contents)),
            Contents::Mysql(_) => None,
        }),
        Judge::Mysql(decide) => judge_contents(facts, &mut add, |it, contents| match contents {
            Contents::Mysql(contents) => Some(decide(it, contents)),
            Contents::Postgres(_) => None,
        }),
        Judge::Region(decide) => add(None, None, decide(facts)),
    }
}

/// Adds what a check decides of the database to which there is a connection; nothing if it is about other engines.
fn judge_contents(
    facts: &Facts,
    add: &mut impl FnMut(Option<&str>, Option<&str>, Answer),
    decide: impl Fn(&Profile, &Contents) -> Option<Answer>,
) {
    match (connected(facts), &facts.contents) {
        (Ok(it), Ok(contents)) => {
            let other = || Ok(Verdict::NotApplicable(format!("The engine is {}.", it.engine)));
            add(Some(&it.identifier), Some(&it.arn), decide(it, contents).unwrap_or_else(other));
        }
        (Ok(it), Err(why)) => add(Some(&it.identifier), Some(&it.arn), Err(why.clone())),
        (Err(why), _) => add(None, None, Err(why)),
    }
}

/// The database to which there is a connection.
fn connected(facts: &Facts) -> Seen<&Profile> {
    let instances = facts.instances.as_ref().map_err(Clone::clone)?;
    let clusters = facts.clusters.as_ref().map_err(Clone::clone)?;
    let found = instances.iter().chain(clusters).find(|it| facts.connected.as_ref() == Some(&it.identifier));
    found.ok_or_else(|| "There is no connection to a database.".to_owned())
}

/// What a list has; if it could not be read, that is a finding, too.
fn listed<'a, T>(list: &'a Seen<Vec<T>>, add: &mut impl FnMut(Option<&str>, Option<&str>, Answer)) -> &'a [T] {
    match list {
        Ok(list) => list,
        Err(why) => {
            add(None, None, Err(why.clone()));
            &[]
        }
    }
}
