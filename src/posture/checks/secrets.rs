//! Secrets of applications.

use jiff::SignedDuration;

use crate::aws::secrets::Upkeep;
use crate::policy::Document;
use crate::posture::check::{Answer, BASE, Check, Judge, Severity, Topic, failed, holds, passed, without_meaning};
use crate::posture::facts::{self, Facts};
use crate::posture::sources::Source;

const SECRETS: &[Source] = &[Source::Secrets];

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "secret_rotation_enabled",
        controls: &["SecretsManager.1"],
        title: "Rotation of the secret is enabled",
        severity: Severity::Medium,
        topic: Topic::Passwords,
        sources: SECRETS,
        judge: Judge::Secret(|_, secret| {
            holds(secret.is_rotated, format!("RotationEnabled is {}.", secret.is_rotated))
        }),
        remediation: "Add an aws_secretsmanager_secret_rotation.",
        ..BASE
    },
    Check {
        id: "secret_rotation_succeeds",
        controls: &["SecretsManager.2"],
        title: "The last rotation of the secret was on time",
        severity: Severity::Medium,
        topic: Topic::Passwords,
        sources: SECRETS,
        judge: Judge::Secret(on_time),
        remediation: "See the logs of the rotation function.",
        ..BASE
    },
    Check {
        id: "secret_used",
        controls: &["SecretsManager.3"],
        title: "The secret is in use: it was read in the last 90 days",
        severity: Severity::Medium,
        topic: Topic::Passwords,
        sources: SECRETS,
        judge: Judge::Secret(is_used),
        remediation: "Delete the secret if nothing needs it.",
        ..BASE
    },
    Check {
        id: "secret_rotated_recently",
        controls: &["SecretsManager.4"],
        title: "The secret was rotated in the last 90 days",
        severity: Severity::Medium,
        topic: Topic::Passwords,
        sources: SECRETS,
        judge: Judge::Secret(|facts, secret| match secret.last_rotated.or(secret.created) {
            Some(time) => is_recent(facts, "It was last rotated or created at", time),
            None => Err("Secrets Manager does not tell when it was rotated.".to_owned()),
        }),
        remediation: "Shorten the schedule of aws_secretsmanager_secret_rotation.",
        ..BASE
    },
    Check {
        id: "secret_policy_private",
        title: "The policy of the secret is not public",
        severity: Severity::High,
        topic: Topic::Passwords,
        sources: &[Source::Secrets, Source::SecretPolicies],
        judge: Judge::Secret(is_private),
        remediation: "Name the principals, or set block_public_policy of aws_secretsmanager_secret_policy.",
        page: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html",
        ..BASE
    },
];

fn on_time(facts: &Facts, secret: &Upkeep) -> Answer {
    match (secret.is_rotated, secret.next_rotation) {
        (false, _) => without_meaning("It does not rotate."),
        (true, Some(due)) => {
            // A rotation may begin at any time of its window.
            let is_late = facts.now.duration_since(due) > SignedDuration::from_hours(24);
            holds(!is_late, format!("The next rotation is due at {due}."))
        }
        (true, None) => Err("Secrets Manager does not tell when the next rotation is due.".to_owned()),
    }
}

fn is_used(facts: &Facts, secret: &Upkeep) -> Answer {
    if secret.is_deleted {
        return failed("It is scheduled for deletion.");
    }
    match secret.last_accessed.or(secret.created) {
        Some(time) => is_recent(facts, "It was last read or created at", time),
        None => Err("Secrets Manager does not tell when it was last read.".to_owned()),
    }
}

/// Whether a time is in the last 90 days.
fn is_recent(facts: &Facts, what: &str, time: jiff::Timestamp) -> Answer {
    holds(facts.now.duration_since(time) <= SignedDuration::from_hours(90 * 24), format!("{what} {time}."))
}

fn is_private(facts: &Facts, secret: &Upkeep) -> Answer {
    let Some(text) = facts::of(&facts.resource_policies, &secret.arn)? else { return passed("It has no policy.") };
    let policy: Document = text.parse().map_err(|error| format!("{error}"))?;
    match &policy.public_statements()[..] {
        [] => passed("Its policy names principals."),
        public => failed(format!("Open to anybody: {}.", public.join(", "))),
    }
}
