//! What has to follow once another database has taken the place of the original.

use crate::aws::rds::{Database, Dependent, Kind};
use crate::data_sources::encryption_plan::dependents::Dependents;
use crate::parts::rds::encryption::facts::{Facts, Seen};

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What kind of object it is about.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its ARN, if it has one.
    pub arn: Option<String>,
    /// What to do.
    pub action: String,
}

pub(super) const POLICY: &str = "iam_policy";
pub(super) const PROXY: &str = "proxy";
pub(super) const SUBSCRIPTION: &str = "event_subscription";
pub(super) const ALARMS: &str = "alarms";
pub(super) const SECRET: &str = "secret";
pub(super) const REPLICA: &str = "read_replica";
pub(super) const INTEGRATION: &str = "integration";
pub(super) const BACKUPS: &str = "automated_backups";

/// All steps, by kind.
pub(super) fn all(dependents: &Dependents) -> Vec<Step> {
    let facts = &dependents.facts;
    let Database { kind, identifier, resource_id, .. } = &facts.source.database;
    let of = |kind, seen: &Seen<Vec<Dependent>>, action: String| {
        let found = seen.as_deref().unwrap_or_default().iter();
        let step =
            |one: &Dependent| Step { kind, name: one.name.clone(), arn: one.arn.clone(), action: action.clone() };
        found.map(step).collect::<Vec<_>>()
    };
    let proxies = format!(
        "Register the new DB {kind} as the target, also if it takes over the identifier \"{identifier}\": the proxy keeps \
         the original (RegisterDBProxyTargets)."
    );
    let subscriptions = format!(
        "Nothing if the new DB {kind} takes over the identifier \"{identifier}\"; otherwise add it to the sources \
         (AddSourceIdentifierToSubscription)."
    );
    let integrations = "Delete it before, and create it again with the new database as its source.".to_owned();
    [
        policies(dependents),
        of(PROXY, &facts.proxies, proxies),
        secrets(dependents),
        of(SUBSCRIPTION, &dependents.subscriptions, subscriptions),
        vec![alarms(*kind, identifier)],
        replicas(facts),
        of(INTEGRATION, &facts.integrations, integrations),
        vec![backups(resource_id)],
    ]
    .concat()
}

fn policies(dependents: &Dependents) -> Vec<Step> {
    let found = dependents.mentions.as_ref().map(|mentions| mentions.found.as_slice()).unwrap_or_default();
    let step = |one: &crate::aws::iam::mentions::Mention| {
        let action = format!(
            "It names the resource ID \"{}\". The new database has another, also if it takes over the identifier: allow \
             both before the cutover, and remove the old one afterwards.",
            dependents.facts.source.database.resource_id
        );
        Step { kind: POLICY, name: one.name(), arn: one.arn.clone(), action }
    };
    found.iter().map(step).collect()
}

/// The managed secret of the master user, and those that seem to hold credentials. No value was read.
fn secrets(dependents: &Dependents) -> Vec<Step> {
    let managed = dependents.facts.source.master_user_secret_arn.as_deref();
    let mut steps: Vec<_> = managed.into_iter().map(of_master).collect();
    for secret in dependents.secrets.as_deref().unwrap_or_default() {
        if Some(secret.arn.as_str()) == managed {
            continue;
        }
        let action = match secret.owning_service.as_deref() {
            Some(service) => format!("It is managed by {service}: check which database it belongs to."),
            None => {
                "Check whether it holds the host, identifier or resource ID of the database, which may change. Its \
                     value was not read."
                    .to_owned()
            }
        };
        steps.push(Step { kind: SECRET, name: secret.name.clone(), arn: Some(secret.arn.clone()), action });
    }
    steps
}

fn of_master(arn: &str) -> Step {
    let name = arn.rsplit(':').next().unwrap_or(arn).to_owned();
    let action = "It is deleted with the original. If RDS manages the password of the new database as well, that has \
                  another secret: change the ARN wherever it is used."
        .to_owned();
    Step { kind: SECRET, name, arn: Some(arn.to_owned()), action }
}

fn alarms(kind: Kind, identifier: &str) -> Step {
    let dimension = match kind {
        Kind::Instance => "DBInstanceIdentifier",
        Kind::Cluster => "DBClusterIdentifier",
    };
    let action = format!(
        "Not read: look for CloudWatch alarms with this dimension. They apply to the new DB {kind} if it takes over the \
         identifier \"{identifier}\"."
    );
    Step { kind: ALARMS, name: format!("{dimension}={identifier}"), arn: None, action }
}

fn replicas(facts: &Facts) -> Vec<Step> {
    let step = |replica: &String| {
        let arn = replica.contains(':').then(|| replica.clone());
        let name = replica.rsplit(':').next().unwrap_or(replica).to_owned();
        let action = match facts.source.database.kind {
            Kind::Instance => {
                "It stays a replica of the original. Create it again from the new database; a blue/green deployment \
                 does so itself."
            }
            Kind::Cluster => "It stays a replica of the original. Create it again from the new DB cluster.",
        };
        Step { kind: REPLICA, name, arn, action: action.to_owned() }
    };
    facts.source.replicas.iter().map(step).collect()
}

fn backups(resource_id: &str) -> Step {
    let action = "Automated backups, point-in-time recovery and recovery points of AWS Backup stay with the original: \
                  retain them, or take a final snapshot, when it is deleted."
        .to_owned();
    Step { kind: BACKUPS, name: resource_id.to_owned(), arn: None, action }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::iam::mentions::{Mention, Mentions};
    use crate::aws::secrets::Listed;
    use crate::parts::rds::encryption::facts::tests::facts;

    /// A DB instance that nothing depends on.
    fn dependents() -> Dependents {
        Dependents {
            facts: facts("postgres"),
            subscriptions: Ok(Vec::new()),
            mentions: Ok(Mentions { found: Vec::new(), is_complete: true }),
            secrets: Ok(Vec::new()),
        }
    }

    #[test]
    fn what_there_always_is() {
        let steps = all(&dependents());
        let told: Vec<_> = steps.iter().map(|step| (step.kind, step.name.as_str())).collect();
        assert_eq!(told, [(ALARMS, "DBInstanceIdentifier=orders"), (BACKUPS, "db-ABC")]);
        assert!(steps[0].action.starts_with("Not read"));
    }

    #[test]
    fn each_dependent_is_a_step() {
        let mut of = dependents();
        let one = |name: &str| Ok(vec![Dependent { name: name.to_owned(), arn: None, status: String::new() }]);
        (of.facts.proxies, of.subscriptions, of.facts.integrations) = (one("front"), one("events"), one("etl"));
        let mention = |owner: Option<&str>, policy: &str| Mention {
            owner: owner.map(str::to_owned),
            arn: Some("arn".to_owned()),
            policy: policy.to_owned(),
        };
        let found = vec![mention(Some("role/app"), "login"), mention(None, "shared")];
        of.mentions = Ok(Mentions { found, is_complete: true });
        let managed = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1-AbCdEf";
        of.facts.source.master_user_secret_arn = Some(managed.to_owned());
        let secret = |arn: &str, owning_service: Option<&str>| Listed {
            arn: arn.to_owned(),
            name: "orders".to_owned(),
            owning_service: owning_service.map(str::to_owned),
        };
        of.secrets = Ok(vec![secret(managed, Some("rds")), secret("arn-2", None)]);
        of.facts.source.replicas = vec!["near".to_owned(), "arn:aws:rds:us-east-1:123456789012:db:far".to_owned()];
        let steps = all(&of);
        let told: Vec<_> = steps.iter().map(|step| (step.kind, step.name.as_str())).collect();
        let want = [
            (POLICY, "role/app/login"),
            (POLICY, "shared"),
            (PROXY, "front"),
            (SECRET, "rds!db-1-AbCdEf"),
            (SECRET, "orders"),
            (SUBSCRIPTION, "events"),
            (ALARMS, "DBInstanceIdentifier=orders"),
            (REPLICA, "near"),
            (REPLICA, "far"),
            (INTEGRATION, "etl"),
            (BACKUPS, "db-ABC"),
        ];
        assert_eq!(told, want);
        assert_eq!(steps[8].arn.as_deref(), Some("arn:aws:rds:us-east-1:123456789012:db:far"));
        assert!(steps[3].action.contains("another secret") && steps[4].action.contains("not read"));
    }
}
