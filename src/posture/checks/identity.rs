//! IAM: who may log in, who may change databases, and the roles of the service.

use crate::aws::iam::mentions::Mention;
use crate::aws::rds::inventory::Profile;
use crate::policy::{Document, Effect, Element, Principals, Statement, Values};
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::facts::{self, Facts};
use crate::posture::sources::Source;

/// The service-linked role of RDS.
pub(crate) const SERVICE_ROLE: &str = "AWSServiceRoleForRDS";

const LOGIN_PAGE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html";

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "login_policies_name_users",
        title: "No policy allows rds-db:connect to all databases or as all users",
        severity: Severity::High,
        topic: Topic::Identity,
        sources: &[Source::Policies],
        judge: Judge::Region(|facts| no_policy(facts, "allows rds-db:connect to all databases or as all users", wide)),
        remediation: "Name the resource IDs and the users, for example with rdsauth_iam_db_user_policy.",
        page: LOGIN_PAGE,
        ..BASE
    },
    Check {
        id: "administration_policies_limited",
        title: "No policy of the account allows all of rds:* on everything without a condition",
        severity: Severity::Medium,
        topic: Topic::Identity,
        sources: &[Source::Policies],
        judge: Judge::Region(|facts| no_policy(facts, "allows rds:* on everything", administration)),
        remediation: "Allow the actions that are needed, or add conditions such as rds:StorageEncrypted.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples.html",
        ..BASE
    },
    Check {
        id: "login_policies_current",
        title: "Policies for rds-db:connect name only databases that exist",
        severity: Severity::Medium,
        topic: Topic::Identity,
        sources: &[Source::Policies, Source::Instances, Source::Clusters, Source::Proxies],
        judge: Judge::Region(current),
        remediation: "Write the resource ID of today: a restore or a blue/green deployment has a new one.",
        page: LOGIN_PAGE,
        ..BASE
    },
    Check {
        id: "associated_roles_active",
        title: "The IAM roles of the database are active",
        severity: Severity::Medium,
        topic: Topic::Identity,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(Scope::Deciding, &[], roles_active),
        remediation: "Correct the trust policy or the policy of the role, or remove it from the database.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceRole.html",
        ..BASE
    },
    Check {
        id: "service_linked_role",
        title: "The service-linked role of RDS exists",
        severity: Severity::Informational,
        topic: Topic::ServiceRoles,
        sources: &[Source::Roles],
        judge: Judge::Region(|facts| match facts::of(&facts.roles, SERVICE_ROLE)? {
            Some(_) => passed(format!("{SERVICE_ROLE} does.")),
            None => failed(format!("There is no {SERVICE_ROLE}: RDS cannot write logs and metrics.")),
        }),
        remediation: "aws iam create-service-linked-role --aws-service-name rds.amazonaws.com",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html",
        ..BASE
    },
    Check {
        id: "monitoring_role_trust",
        title: "The role of Enhanced Monitoring trusts the service only for this account",
        topic: Topic::ServiceRoles,
        sources: &[Source::Instances, Source::Roles],
        judge: Judge::Database(Scope::Instance, &[], monitoring_role),
        remediation: "Add a condition on aws:SourceArn or aws:SourceAccount to the trust policy.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/cross-service-confused-deputy-prevention.html",
        ..BASE
    },
];

/// Fails with all policies that have a statement of a kind.
fn no_policy(facts: &Facts, what: &str, is_it: fn(&Statement) -> bool) -> Answer {
    let has_it = |document: &Document| document.statements.iter().any(is_it);
    let mut found = Vec::new();
    let is_complete = each_policy(facts, |policy, document| {
        if has_it(document) {
            found.push(name_of(policy));
        }
    })?;
    match (&found[..], is_complete) {
        ([], true) => passed(format!("No policy {what}.")),
        ([], false) => Err(INCOMPLETE.to_owned()),
        _ => failed(format!("Each of these {what}: {}.", found.join(", "))),
    }
}

const INCOMPLETE: &str = "The account has so many roles, users and policies that not all of them were read.";

/// Looks at each policy, and tells whether these are all.
fn each_policy(facts: &Facts, mut look: impl FnMut(&Mention, &Document)) -> Result<bool, String> {
    let (policies, is_complete) = facts.policies.as_ref().map_err(Clone::clone)?;
    for (policy, text) in policies {
        let document = text.parse::<Document>().map_err(|error| format!("{}: {error}", name_of(policy)))?;
        look(policy, &document);
    }
    Ok(*is_complete)
}

/// The owner and the name of a policy.
fn name_of(policy: &Mention) -> String {
    match &policy.owner {
        Some(owner) => format!("{owner}/{}", policy.policy),
        None => policy.arn.clone().unwrap_or_else(|| policy.policy.clone()),
    }
}

fn values(element: &Element<Values>) -> Vec<&str> {
    match element {
        Element::Is(values) => values.iter().map(String::as_str).collect(),
        Element::Not(_) => Vec::new(),
    }
}

/// Actions of a service that a statement allows in its name; `*` alone is the administrator's.
fn allows(statement: &Statement, actions: &[&str]) -> bool {
    let own = values(&statement.action);
    statement.effect == Effect::Allow && own.iter().any(|own| actions.iter().any(|one| own.eq_ignore_ascii_case(one)))
}

/// Logins everywhere, or as anybody.
fn wide(statement: &Statement) -> bool {
    let is_wide = |resource: &str| {
        let parts = resource.split_once(":dbuser:").and_then(|(_, rest)| rest.split_once('/'));
        resource == "*" || parts.is_some_and(|(id, user)| id.trim_matches('*').is_empty() || user == "*")
    };
    let resources = statement.resource.as_ref().map(values).unwrap_or_default();
    allows(statement, &["rds-db:connect", "rds-db:*"]) && resources.into_iter().any(is_wide)
}

/// All of RDS.
fn administration(statement: &Statement) -> bool {
    allows_everywhere(statement, &["rds:*"])
}

/// Whether a statement allows actions on everything without a condition.
pub(crate) fn allows_everywhere(statement: &Statement, actions: &[&str]) -> bool {
    let resources = statement.resource.as_ref().map(values).unwrap_or_default();
    allows(statement, actions) && resources.contains(&"*") && statement.condition.is_empty()
}

fn current(facts: &Facts) -> Answer {
    let known = facts.resource_ids.as_ref().map_err(Clone::clone)?;
    let mut stale = Vec::new();
    let is_complete = each_policy(facts, |policy, document| {
        let statements = document.statements.iter().filter(|one| allows(one, &["rds-db:connect", "rds-db:*"]));
        let resources = statements.flat_map(|one| one.resource.as_ref().map(values).unwrap_or_default());
        // arn:aws:rds-db:REGION:ACCOUNT:dbuser:ID/USER
        for resource in resources {
            let mut parts = resource.splitn(7, ':').skip(3);
            let (region, id) = (parts.next(), parts.nth(2).and_then(|rest| rest.split('/').next()));
            let Some(id) = id.filter(|id| region == Some(facts.region.as_str()) && !id.contains(['*', '?', '$']))
            else {
                continue;
            };
            if !known.contains(id) {
                stale.push(format!("{} ({id})", name_of(policy)));
            }
        }
    })?;
    match (&stale[..], is_complete) {
        ([], true) => passed("All databases that they name exist."),
        ([], false) => Err(INCOMPLETE.to_owned()),
        _ => failed(format!("These name databases that do not exist: {}.", stale.join(", "))),
    }
}

fn roles_active(_: &Facts, database: &Profile) -> Answer {
    if database.roles.is_empty() {
        return without_meaning("It has none.");
    }
    let bad: Vec<_> = database.roles.iter().filter(|role| role.status != "ACTIVE").collect();
    let words: Vec<_> = bad.iter().map(|role| format!("{} is {}", role.arn, role.status)).collect();
    holds(bad.is_empty(), if bad.is_empty() { "All are ACTIVE.".to_owned() } else { format!("{}.", words.join(", ")) })
}

fn monitoring_role(facts: &Facts, database: &Profile) -> Answer {
    let Some(arn) = database.monitoring_role.as_ref().filter(|_| database.monitoring_interval > 0) else {
        return without_meaning("Enhanced Monitoring is off.");
    };
    let name = arn.rsplit('/').next().unwrap_or_default();
    let Some(trust) = facts::of(&facts.roles, name)? else { return failed(format!("{arn} does not exist.")) };
    let document: Document = trust.parse().map_err(|error| format!("The trust policy of {arn}: {error}"))?;
    let is_service = |statement: &&Statement| match &statement.principal {
        Some(Element::Is(Principals::Of(kinds))) => {
            let mut names = kinds.get("Service").into_iter().flatten();
            names.any(|name| name.starts_with("monitoring.rds.amazonaws.com"))
        }
        _ => false,
    };
    let is_limited = |statement: &Statement| {
        let keys = statement.condition.values().flat_map(|keys| keys.keys());
        keys.map(|key| key.to_ascii_lowercase()).any(|key| key == "aws:sourcearn" || key == "aws:sourceaccount")
    };
    let trusts: Vec<_> = document.statements.iter().filter(is_service).collect();
    match trusts[..] {
        [] => failed(format!("{arn} does not trust monitoring.rds.amazonaws.com.")),
        _ => holds(
            trusts.iter().all(|statement| is_limited(statement)),
            format!("{} statements of the trust policy of {arn} are about the service.", trusts.len()),
        ),
    }
}
