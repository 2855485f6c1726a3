//! A blue/green deployment: what is under way on it, and its switchover.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Ended, Wait};

use crate::aws::rds::Rds;
use crate::aws::rds::blue_green::{
    AVAILABLE, COMPLETED, DELETING, Deployment, FAILED, INVALID, PROVISIONING, Part, SWITCHING,
};
use crate::aws::{self, lag};
use crate::ownership::{self, Asked, Seen};
use crate::world::Ctx;

/// What every error of a switchover is about.
pub const DOING: &str = "Cannot switch over";

/// A deployment that is looked at, waited for and switched over by its name, and how messages about it end.
#[derive(Clone, Copy)]
pub struct Switchover<'a> {
    /// RDS in its region.
    pub rds: &'a Rds,
    /// Its name.
    pub name: &'a str,
    /// What to do if it does not exist any more.
    pub if_gone: &'a str,
    /// What to do if RDS does not accept another switchover.
    pub if_refused: &'a str,
}

/// A deployment that nothing is under way on, or why it was not waited for any longer.
pub enum Waited {
    /// Nothing is under way.
    Over(Box<Deployment>),
    /// The last that was seen of it, and why the wait has ended.
    Late(Option<Box<Deployment>>, Diagnostic),
}

/// One look at a deployment that something is under way on, and whether that is over.
struct Look {
    seen: Seen<Deployment>,
    is_over: bool,
}

const PROVISIONED: Wait<Look> = Wait {
    what: "the blue/green deployment to be available",
    done: |look| look.is_over || matches!(look.seen, Seen::Unclear(_)),
    failed: |look| match &look.seen {
        Seen::Found(found) => found.status == DELETING,
        Seen::Gone => true,
        Seen::Unclear(_) => false,
    },
    seen: |look| match &look.seen {
        Seen::Found(found) => describe(found),
        Seen::Gone => "it does not exist any more".to_owned(),
        Seen::Unclear(_) => "its status is not known".to_owned(),
    },
    pauses: lag::DEPLOYMENT,
};

const SWITCHED: Wait<Look> = Wait { what: "the switchover to complete", ..PROVISIONED };

const ACCEPTED: Wait<Asked> = Asked::accepted("the blue/green deployment to accept a switchover", lag::DEPLOYMENT);

impl Switchover<'_> {
    /// One look at the deployment.
    ///
    /// # Errors
    /// AWS refused it.
    pub async fn look(&self, cx: &Ctx) -> Result<Seen<Deployment>> {
        ownership::look(cx, "the status of the blue/green deployment", || self.rds.deployment(self.name)).await
    }

    /// Waits until nothing is under way.
    ///
    /// # Errors
    /// The deployment does not exist any more, or AWS refused a look.
    pub async fn wait(&self, cx: &Ctx, is_provisioning: bool) -> Result<Waited> {
        let wait = if is_provisioning { &PROVISIONED } else { &SWITCHED };
        let look = || async {
            let seen = self.look(cx).await?;
            let is_over = matches!(&seen, Seen::Found(found) if !is_under_way(found) && found.status != DELETING);
            Ok::<_, Diagnostic>(Look { seen, is_over })
        };
        ended(cx.wait_or_late(wait, look).await?)
    }

    /// Switches over, and waits for the end. A deployment that is available again has undone the switchover, as RDS does
    /// after `timeout` seconds.
    ///
    /// # Errors
    /// The deployment does not exist any more, or RDS refused the switchover or a look.
    pub async fn switch(&self, cx: &Ctx, id: &str, timeout: i64) -> Result<Waited> {
        match cx.wait_or_late(&ACCEPTED, || self.ask(cx, id, timeout)).await.context(DOING, self.name)? {
            Ended::Done(Asked::Unclear(why)) | Ended::Late(_, why) => return Ok(Waited::Late(None, why)),
            Ended::Done(_) => {}
        }
        let (has_begun, idle) = (AtomicBool::new(false), AtomicU32::new(0));
        let look = || async {
            let seen = self.look(cx).await?;
            let is_over = match &seen {
                Seen::Found(found) => match found.status.as_str() {
                    COMPLETED | INVALID => true,
                    SWITCHING => {
                        has_begun.store(true, Relaxed);
                        false
                    }
                    // The status of before may still show.
                    AVAILABLE | FAILED => {
                        has_begun.load(Relaxed) || idle.fetch_add(1, Relaxed) >= lag::SWITCHOVER_SHOWN
                    }
                    _ => false,
                },
                Seen::Gone | Seen::Unclear(_) => false,
            };
            Ok::<_, Diagnostic>(Look { seen, is_over })
        };
        ended(cx.wait_or_late(&SWITCHED, look).await.context(DOING, self.name)?)
    }

    /// One request to switch over. If there is no answer, the status tells whether it has begun.
    async fn ask(&self, cx: &Ctx, id: &str, timeout: i64) -> Result<Asked> {
        let timeout = i32::try_from(timeout).unwrap_or(i32::MAX);
        let answer =
            cx.wait_for("the answer to SwitchoverBlueGreenDeployment", self.rds.switch_over(id, timeout)).await;
        let error = match answer {
            Ok(Ok(())) => return Ok(Asked::Begun),
            Ok(Err(error)) => error,
            Err(_) => return Ok(Asked::Busy("RDS has not answered".to_owned())),
        };
        if !error.leaves_open() && !error.is_invalid_state() {
            return Err(error.into());
        }
        let status = match self.look(cx).await? {
            Seen::Found(now) => now.status,
            Seen::Gone => return Err(gone(self.name, self.if_gone)),
            Seen::Unclear(why) => return Ok(Asked::Unclear(why)),
        };
        match status.as_str() {
            SWITCHING | COMPLETED => Ok(Asked::Begun),
            FAILED | INVALID if error.is_invalid_state() => Err(no_second(error, &status, self.if_refused)),
            _ => Ok(Asked::Busy(format!("its status is \"{status}\", and RDS answered: {error}"))),
        }
    }
}

/// Whether RDS is working on a deployment, so that it can be waited for.
pub fn is_under_way(found: &Deployment) -> bool {
    [PROVISIONING, SWITCHING].contains(&found.status.as_str())
}

/// Refuses to switch over to databases that are not encrypted with the key.
///
/// # Errors
/// One of them is not.
pub fn check_key(found: &Deployment, parts: &[Part], key: &str) -> Result<()> {
    let targets = found.pairs.iter().filter_map(|pair| pair.target.as_deref()).chain(found.target.as_deref());
    let wrong = targets
        .filter_map(|arn| part(parts, Some(arn)))
        .find(|part| !part.is_member && part.key.as_deref() != Some(key));
    wrong.map_or(Ok(()), |part| Err(other_key(part, key)))
}

/// The database with an ARN.
pub fn part<'a>(parts: &'a [Part], arn: Option<&str>) -> Option<&'a Part> {
    parts.iter().find(|part| Some(part.arn.as_str()) == arn)
}

/// What a wait came to.
fn ended(ended: Ended<Look>) -> Result<Waited> {
    Ok(match ended {
        Ended::Done(Look { seen: Seen::Found(found), .. }) => Waited::Over(found),
        Ended::Done(Look { seen: Seen::Unclear(why), .. }) => Waited::Late(None, why),
        Ended::Late(Look { seen: Seen::Found(found), .. }, why) => Waited::Late(Some(found), why),
        Ended::Late(_, why) => Waited::Late(None, why),
        Ended::Done(Look { seen: Seen::Gone, .. }) => return Err(Diagnostic::bug("what is gone is waited for")),
    })
}

/// A deployment in a few words.
fn describe(found: &Deployment) -> String {
    let task = found.tasks.iter().find(|(_, status)| status == "IN_PROGRESS");
    let task = task.map(|(name, _)| format!(", {name} is in progress")).unwrap_or_default();
    let details = found.details.as_ref().map(|details| format!(" ({details})")).unwrap_or_default();
    format!("its status is \"{}\"{details}{task}", found.status)
}

// === What is said ===

/// The error that a deployment does not exist any more.
pub fn gone(name: &str, way_out: &str) -> Diagnostic {
    let detail = format!(
        "The blue/green deployment \"{name}\" does not exist any more. It was deleted outside of Terraform.\n\n{way_out}"
    );
    Diagnostic::error("Blue/green deployment not found", detail)
}

/// The error that the green environment is not fit for a switchover.
pub fn invalid(found: &Deployment, way_out: &str) -> Diagnostic {
    let detail = format!(
        "The green environment of \"{}\" is not fit for a switchover{}. The events of its databases in the RDS console may \
         show more.\n\n{way_out}",
        found.name,
        said(found)
    );
    Diagnostic::error("Green environment is invalid", detail)
}

/// The error that a switchover has failed; `next` says when it is tried again.
pub fn undone(found: &Deployment, next: &str) -> Diagnostic {
    let detail = format!(
        "The switchover of \"{}\" has ended with the status \"{}\"{}. RDS has undone it: the database in production is the \
         same as before, and the green environment still follows it.\n\nUsual causes are long transactions, a replica lag, or \
         a \"switchover_timeout\" that is too short. {next}",
        found.name,
        found.status,
        said(found)
    );
    Diagnostic::error("Switchover failed", detail)
}

fn no_second(error: aws::Error, status: &str, way_out: &str) -> Diagnostic {
    let mut told = Diagnostic::from(error);
    told.detail.push_str(&format!(
        "\n\nThe status of the blue/green deployment is \"{status}\", and RDS does not accept another switchover. Production \
         is unchanged. {way_out}"
    ));
    told
}

fn other_key(part: &Part, key: &str) -> Diagnostic {
    let detail = format!(
        "The green database \"{}\" has the storage encryption type \"{}\" and the key \"{}\", not \"{key}\". It was not \
         switched over, and production is unchanged.\n\nRDS may ignore the key of a blue/green deployment in this region or \
         for this version. Delete the deployment, as destroying its resource does, and take another way: see the data source \
         rdsauth_encryption_plan.",
        part.identifier,
        part.encryption,
        part.key.as_deref().unwrap_or("none")
    );
    Diagnostic::error("Green environment has another key", detail)
}

fn said(found: &Deployment) -> String {
    found.details.as_ref().map(|details| format!(", and RDS says: {details}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::rds::Kind;
    use crate::aws::rds::blue_green::Pair;

    #[test]
    fn a_wait_tells_what_is_in_progress() {
        let found = Deployment {
            status: PROVISIONING.to_owned(),
            details: Some("being created".to_owned()),
            tasks: vec![("FIRST".to_owned(), "COMPLETED".to_owned()), ("SECOND".to_owned(), "IN_PROGRESS".to_owned())],
            ..Deployment::default()
        };
        assert_eq!(describe(&found), "its status is \"PROVISIONING\" (being created), SECOND is in progress");
        let look = |seen, is_over| Look { seen, is_over };
        let ends = |look: &Look| ((PROVISIONED.done)(look), (PROVISIONED.failed)(look));
        assert_eq!(ends(&look(Seen::Found(Box::new(found.clone())), false)), (false, false));
        let going = Deployment { status: DELETING.to_owned(), ..found };
        assert_eq!(ends(&look(Seen::Found(Box::new(going)), false)), (false, true));
        assert_eq!(ends(&look(Seen::Gone, false)), (false, true));
        assert_eq!(ends(&look(Seen::Unclear(Diagnostic::error("No answer", "")), false)), (true, false));
    }

    #[test]
    fn only_a_green_environment_with_the_key_is_switched_to() {
        let part = |arn: &str, key: Option<&str>, is_member| Part {
            kind: Kind::Instance,
            identifier: arn.to_owned(),
            arn: arn.to_owned(),
            resource_id: String::new(),
            status: "available".to_owned(),
            encryption: "sse-kms".to_owned(),
            key: key.map(str::to_owned),
            has_protection: false,
            is_member,
        };
        let pair = |target: &str| Pair { target: Some(target.to_owned()), ..Pair::default() };
        let found = Deployment {
            target: Some("green".to_owned()),
            pairs: vec![pair("green"), pair("replica"), pair("member")],
            ..Deployment::default()
        };
        let mut parts = vec![part("blue", None, false), part("green", Some("key"), false), part("member", None, true)];
        assert_eq!(check_key(&found, &parts, "key"), Ok(()), "members have the key of their cluster");
        assert!(check_key(&found, &parts, "other").is_err());
        parts.push(part("replica", None, false));
        assert_eq!(check_key(&found, &parts, "key").unwrap_err().summary, "Green environment has another key");
    }
}
