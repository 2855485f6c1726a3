//! What an operation of an entity may use.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::{Model, Private};
use crate::value::Object;

/// The world of the provider, and the limits and the memory of one operation.
pub struct Ctx<W> {
    world: Arc<W>,
    limit: Duration,
    deadline: Instant,
    stop: CancellationToken,
    private: Mutex<Private>,
    saved: Mutex<Option<Object>>,
    warnings: Mutex<Vec<Diagnostic>>,
    progress: Option<mpsc::UnboundedSender<String>>,
}

/// How long a request may still take after the user asked to stop. Core waits for the answer without a limit: only
/// after a second interrupt does it give up, five seconds later.
const STOP_GRACE: Duration = Duration::from_secs(30);

/// How long the answer waits for the work given to [`at_the_end`].
const END_GRACE: Duration = Duration::from_secs(2);

tokio::task_local! {
    static AT_THE_END: TaskTracker;
}

/// Does in the background what is left to do when an operation is abandoned, such as telling a server so: its answer
/// waits for that, but not long, since the process may end with it.
pub fn at_the_end(work: impl Future<Output = ()> + Send + 'static) {
    match AT_THE_END.try_with(Clone::clone) {
        Ok(tracker) => drop(tracker.spawn(work)),
        Err(_) => drop(tokio::spawn(work)),
    }
}

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
            private: Mutex::default(),
            saved: Mutex::default(),
            warnings: Mutex::default(),
            progress: None,
        }
    }

    /// The same with the private state of the object.
    #[must_use]
    pub fn with_private(self, private: Private) -> Self {
        Self { private: Mutex::new(private), ..self }
    }

    /// The same with a receiver for the operation's progress messages.
    #[must_use]
    pub fn with_progress(self, progress: mpsc::UnboundedSender<String>) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// The private state of the object, as Terraform keeps it or will keep it.
    pub fn private(&self) -> Private {
        self.private.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a read completes an object that an import or a move has only named.
    pub fn is_import(&self) -> bool {
        self.private().is_imported
    }

    /// Stores in the private state which create created the object.
    pub fn set_creation_id(&self, id: &str) {
        self.private.lock().unwrap_or_else(PoisonError::into_inner).creation_id = Some(id.to_owned());
    }

    /// Saves the remote object as described: whatever happens next, Terraform will store it.
    ///
    /// Terraform stores state only with the answer, so this protects against errors,
    /// timeouts and Ctrl-C, not against the death of the process.
    pub fn save<M: Model>(&self, object: &M) {
        self.save_object(object.encode());
    }

    pub(crate) fn save_object(&self, object: Object) {
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = Some(object);
    }

    /// Discards what was saved: the operation has itself deleted what it had created.
    pub fn discard(&self) {
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Adds a warning to the answer.
    pub fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// Reports the progress of the operation: in the log and, in an action, on the user's screen.
    pub fn progress(&self, message: impl Into<String>) {
        let message = message.into();
        tracing::info!("{message}");
        if let Some(progress) = &self.progress {
            let _ = progress.send(message);
        }
    }

    /// What was saved last.
    pub fn saved(&self) -> Option<Object> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the warnings so far and clears them.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the operation must be over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time limit of the whole operation.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The user's wish to stop.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Runs an operation within its limit. After the wish to stop, its waits end at once, and a request under way has
    /// half a minute left, so that its outcome gets into the state.
    pub async fn run<T>(&self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(STOP_GRACE).await;
        };
        let limited = async {
            tokio::select! {
                biased;
                result = operation => result,
                () = tokio::time::sleep_until(self.deadline) => Err(self.timed_out("the operation", None)),
                () = stopped => Err(stopped_while("a request was under way")),
            }
        };
        let tracker = TaskTracker::new();
        let result = AT_THE_END.scope(tracker.clone(), limited).await;
        tracker.close();
        let _ = timeout(END_GRACE, tracker.wait()).await;
        result
    }

    pub(crate) fn timed_out(&self, what: &str, seen: Option<String>) -> Diagnostic {
        let seen = seen.map(|seen| format!(" Last seen: {seen}.")).unwrap_or_default();
        Diagnostic::error(
            "Timed out",
            format!(
                "Waited {:#} for {what}.{seen}\n\nIt may still happen later. Set a longer limit in the \
                 \"timeouts\" block.",
                jiff::SignedDuration::try_from(self.limit).unwrap_or(jiff::SignedDuration::MAX)
            ),
        )
    }
}

pub(crate) fn stopped_while(what: &str) -> Diagnostic {
    Diagnostic::error(
        "Stopped",
        format!(
            "The operation was interrupted while {what}.\n\nNothing is lost: the state contains what was created or \
             changed, or the next run finds it. Run the same command again, such as \"terraform apply\", to finish."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::sample::{Sample, created, sample};

    fn cx(limit: u64) -> Ctx<&'static str> {
        Ctx::new(Arc::new("world"), Duration::from_secs(limit), CancellationToken::new())
    }

    /// Runs a slow function when it is dropped.
    struct Unfinished(tokio::sync::mpsc::UnboundedSender<()>);

    impl Drop for Unfinished {
        fn drop(&mut self) {
            let sender = self.0.clone();
            at_the_end(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let _ = sender.send(());
            });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_to_do_is_done_before_the_answer() {
        let (send, mut done) = tokio::sync::mpsc::unbounded_channel();
        let operation = async {
            let _unfinished = Unfinished(send);
            std::future::pending::<Result<()>>().await
        };
        assert!(cx(7).run(operation).await.is_err());
        assert_eq!(done.try_recv(), Ok(()));
    }

    #[tokio::test]
    async fn the_world_is_available() {
        assert_eq!(cx(7).len(), 5);
        assert_eq!(cx(7).limit(), Duration::from_secs(7));
    }

    #[tokio::test]
    async fn what_was_saved_last_counts() {
        let cx = cx(7);
        assert_eq!(cx.saved(), None);
        let mut object = Sample::decode(&created(&sample([]))).unwrap();
        cx.save(&object);
        object.note = Some("later".to_owned());
        cx.save(&object);
        assert_eq!(cx.saved(), Some(object.encode()));
    }

    #[tokio::test]
    async fn warnings_are_returned_once() {
        let cx = cx(7);
        cx.warn(Diagnostic::warning("one", ""));
        cx.warn(Diagnostic::warning("two", ""));
        assert_eq!(cx.take_warnings().iter().map(|found| found.summary.clone()).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(cx.take_warnings(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_ends_in_time_is_not_disturbed() {
        let work = async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            Ok(1)
        };
        assert_eq!(cx(7).run(work).await, Ok(1));
        let failing = async { Err::<(), _>(Diagnostic::error("mine", "")) };
        assert_eq!(cx(7).run(failing).await.unwrap_err().summary, "mine");
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_within_the_grace_after_a_stop_succeeds() {
        let (cx, begin) = (cx(600), Instant::now());
        cx.stop().cancel();
        let work = async {
            tokio::time::sleep(Duration::from_secs(29)).await;
            Ok(())
        };
        assert_eq!(cx.run(work).await, Ok(()));
        assert_eq!(begin.elapsed(), Duration::from_secs(29));
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_names_the_limit_and_the_way_out() {
        let error = cx(90).run(std::future::pending::<Result<()>>()).await.unwrap_err();
        assert!(error.detail.starts_with("Waited 1m 30s for the operation."), "{error}");
        assert!(error.detail.contains("\"timeouts\" block"), "{error}");
    }
}
