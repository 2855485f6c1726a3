//! What a call of an entity may use.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::Model;
use crate::value::Object;

/// The world of the provider, and the limits and the memory of one operation.
#[derive(Debug)]
pub struct Ctx<W> {
    world: Arc<W>,
    limit: Duration,
    deadline: Instant,
    stop: CancellationToken,
    saved: Mutex<Option<Object>>,
    warnings: Mutex<Vec<Diagnostic>>,
}

/// How long a running request may still take after the user asked to stop; core gives up after as long.
const STOP_GRACE: Duration = Duration::from_secs(5);

impl<W> Deref for Ctx<W> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.world
    }
}

impl<W> Ctx<W> {
    /// A new operation with a limit.
    pub fn new(world: Arc<W>, limit: Duration, stop: CancellationToken) -> Self {
        Self {
            world,
            limit,
            deadline: Instant::now() + limit,
            stop,
            saved: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// Notes that the remote object exists as described: whatever happens next, Terraform will know it.
    ///
    /// Terraform stores state only with the answer, so this protects against errors,
    /// timeouts and Ctrl-C, not against the death of the process.
    pub fn save<M: Model>(&self, object: &M) {
        self.save_object(object.encode());
    }

    pub(crate) fn save_object(&self, object: Object) {
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = Some(object);
    }

    /// Adds a warning to the answer.
    pub fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// What was saved last.
    pub fn saved(&self) -> Option<Object> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The warnings so far; they are taken out.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the operation must be over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long the operation may take in all.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The user's wish to stop.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Runs an operation within its limit; after the wish to stop it has five seconds left.
    pub async fn run<T>(&self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(STOP_GRACE).await;
        };
        tokio::select! {
            biased;
            result = operation => result,
            () = tokio::time::sleep_until(self.deadline) => Err(self.timed_out("the operation", None)),
            () = stopped => Err(stopped_while("the operation")),
        }
    }

    pub(crate) fn timed_out(&self, what: &str, seen: Option<String>) -> Diagnostic {
        let seen = seen.map(|seen| format!(" Last seen: {seen}.")).unwrap_or_default();
        Diagnostic::error(
            "Timed out",
            format!(
                "Waited {:#} for {what}.{seen}\n\nIt may still come to an end by itself. \
                 A longer limit can be set in the \"timeouts\" block.",
                jiff::SignedDuration::try_from(self.limit).unwrap_or(jiff::SignedDuration::MAX)
            ),
        )
    }
}

pub(crate) fn stopped_while(what: &str) -> Diagnostic {
    Diagnostic::error("Stopped", format!("The user asked to stop while {what} was under way."))
}
