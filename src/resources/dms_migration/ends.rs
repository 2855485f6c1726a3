//! What a task connects: the replication instance and the endpoints, and whether the one reaches the others.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Wait;

use crate::aws::Error;
use crate::aws::dms::{Connection, Dms, Task};
use crate::aws::lag;
use crate::resources::dms_migration::diagnostics::{self, End};
use crate::resources::dms_migration::{DmsMigration, settings};
use crate::world::Ctx;

/// What is wrong with an end.
pub(super) struct Complaint {
    /// It does not exist, so that an apply may create it before.
    pub(super) is_missing: bool,
    pub(super) why: Diagnostic,
}

/// The statuses of a replication instance that DMS does not end by itself.
const STUCK: [&str; 7] = [
    "failed",
    "storage-full",
    "incompatible-credentials",
    "incompatible-network",
    "inaccessible-encryption-credentials",
    "deleting",
    "deleted",
];

const AVAILABLE: Wait<String> = Wait {
    what: "the replication instance to be available",
    done: |status| status == "available" || STUCK.contains(&status.as_str()) || status.is_empty(),
    failed: |_| false,
    seen: |status| format!("its status is \"{status}\""),
    pauses: lag::TASK,
};

const TESTED: Wait<Vec<Connection>> = Wait {
    what: "the connections to be tested",
    done: |found| found.iter().all(|connection| connection.status != TESTING),
    failed: |_| false,
    seen: |found| format!("{} are being tested", found.iter().filter(|one| one.status == TESTING).count()),
    pauses: lag::CONNECTION,
};

const TESTING: &str = "testing";

const SUCCESSFUL: &str = "successful";

impl DmsMigration {
    /// What is wrong with the ends of a task, without waiting for anything.
    ///
    /// # Errors
    /// Any of AWS.
    pub(super) async fn complaints_about_ends(&self, dms: &Dms) -> Result<Vec<Complaint>, Error> {
        let of_instance = match &self.replication_instance_arn {
            Some(arn) => complaint_about_instance(arn, &instance_status(dms, arn).await?),
            None => None,
        };
        Ok(of_instance.into_iter().chain(self.complaints_about_endpoints(dms).await?).collect())
    }

    /// The same of the endpoints alone.
    ///
    /// # Errors
    /// Any of AWS.
    pub(super) async fn complaints_about_endpoints(&self, dms: &Dms) -> Result<Vec<Complaint>, Error> {
        let mut found = Vec::new();
        let endpoints = dms.endpoints(&[&self.source_endpoint_arn, &self.target_endpoint_arn]).await?;
        for (arn, end) in self.ends() {
            match endpoints.iter().find(|endpoint| endpoint.arn == *arn) {
                None => found.push(Complaint { is_missing: true, why: diagnostics::no_endpoint(arn, end) }),
                Some(endpoint) if endpoint.kind != end.0 => {
                    found.push(Complaint { is_missing: false, why: diagnostics::wrong_end(endpoint, end) });
                }
                Some(endpoint) if end.0 == SOURCE && self.cuts_off_lobs() && !endpoint.fails_on_truncation => {
                    found.push(Complaint { is_missing: false, why: diagnostics::lobs_are_truncated(endpoint) });
                }
                Some(endpoint) => {
                    let why = self.complaint_about_login(endpoint);
                    found.extend(why.map(|why| Complaint { is_missing: false, why }));
                }
            }
        }
        Ok(found)
    }

    /// Refuses ends that cannot be used.
    pub(super) async fn check_ends(&self, cx: &Ctx, dms: &Dms, doing: &'static str) -> Result<()> {
        let name = &self.replication_task_id;
        if let Some(arn) = &self.replication_instance_arn {
            let status = cx.wait(&AVAILABLE, || instance_status(dms, arn)).await.context(doing, name)?;
            if let Some(complaint) = complaint_about_instance(arn, &status) {
                return Err(complaint.why);
            }
        }
        let complaints = self.complaints_about_endpoints(dms).await.context(doing, name)?;
        complaints.into_iter().next().map_or(Ok(()), |complaint| Err(complaint.why))
    }

    /// Tests the connections that were not tested successfully yet. DMS starts no task without. DMS Serverless tests them
    /// itself.
    pub(super) async fn test_connections(&self, cx: &Ctx, dms: &Dms, doing: &'static str) -> Result<()> {
        let (name, Some(instance)) = (&self.replication_task_id, &self.replication_instance_arn) else { return Ok(()) };
        let arns = [self.source_endpoint_arn.as_str(), self.target_endpoint_arn.as_str()];
        let found = dms.connections(instance, &arns).await.context(doing, name)?;
        let has = |arn: &str, statuses: &[&str]| {
            found.iter().any(|one| one.endpoint == arn && statuses.contains(&one.status.as_str()))
        };
        if arns.iter().all(|arn| has(arn, &[SUCCESSFUL])) {
            return Ok(());
        }
        for (arn, end) in self.ends() {
            if !has(arn, &[SUCCESSFUL, TESTING]) {
                match dms.test_connection(instance, arn).await {
                    // Another test of it goes on.
                    Err(error) if !error.is_invalid_state() => {
                        return Err(error).context(doing, name).map_err(|error| error.at(end.1));
                    }
                    _ => {}
                }
            }
        }
        let tested = cx.wait(&TESTED, || dms.connections(instance, &arns)).await.context(doing, name)?;
        for (arn, end) in self.ends() {
            let own = tested.iter().find(|connection| connection.endpoint == *arn);
            let own = own.cloned().unwrap_or_else(|| Connection { endpoint: arn.clone(), ..Connection::default() });
            if own.status != SUCCESSFUL {
                return Err(diagnostics::unreachable(&own, instance, end));
            }
        }
        Ok(())
    }

    /// The test of a connection by DMS Serverless that has made a replication fail, if its failure is one.
    pub(super) async fn test_that_failed(&self, dms: &Dms, task: &Task) -> Option<Diagnostic> {
        let failure = task.last_failure.as_ref().filter(|_| task.is_serverless() && !task.is_active())?;
        if !failure.starts_with(TEST_FAILED) {
            return None;
        }
        let found = dms.endpoints(&[&self.source_endpoint_arn, &self.target_endpoint_arn]).await.ok()?;
        self.ends().into_iter().find_map(|(arn, end)| {
            let id = found.iter().find(|endpoint| endpoint.arn == *arn).map(|endpoint| endpoint.id.as_str());
            let names = |name: &str| failure.contains(&format!("'{name}'"));
            (names(arn) || id.is_some_and(names)).then(|| diagnostics::not_connected(failure, end))
        })
    }

    fn ends(&self) -> [(&String, End); 2] {
        [
            (&self.source_endpoint_arn, (SOURCE, Self::source_endpoint_arn)),
            (&self.target_endpoint_arn, (TARGET, Self::target_endpoint_arn)),
        ]
    }

    fn cuts_off_lobs(&self) -> bool {
        self.lob_mode == settings::LIMITED && !self.allow_lob_truncation
    }
}

/// Empty if there is no such instance.
async fn instance_status(dms: &Dms, arn: &str) -> Result<String, Error> {
    let found = dms.replication_instance(arn).await?;
    Ok(found.map(|found| found.status).unwrap_or_default())
}

fn complaint_about_instance(arn: &str, status: &str) -> Option<Complaint> {
    match status {
        "" => Some(Complaint { is_missing: true, why: diagnostics::no_instance(arn) }),
        status if STUCK.contains(&status) => {
            Some(Complaint { is_missing: false, why: diagnostics::instance_is_stuck(arn, status) })
        }
        _ => None,
    }
}

/// What DMS Serverless begins with when a test of a connection has failed. The endpoint follows in single quotes.
const TEST_FAILED: &str = "Test connection failed for endpoint";

pub(super) const SOURCE: &str = "source";

pub(super) const TARGET: &str = "target";
