//! Waits and retries as values, and the one loop that serves each.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::Ctx;
use crate::schema::ctx::stopped_while;

/// A state to wait for.
///
/// ```
/// use std::time::Duration;
/// use tf_provider::schema::{Pauses, Wait};
///
/// const AVAILABLE: Wait<String> = Wait {
///     what: "the snapshot to be available",
///     done: |status| status == "available",
///     failed: |status| status == "failed",
///     seen: |status| format!("it is {status}"),
///     pauses: Pauses { first: Duration::from_secs(1), most: Duration::from_secs(15) },
/// };
/// // In a resource: cx.wait(&AVAILABLE, || async { cloud.status(id).await }).await?
/// assert!((AVAILABLE.done)(&"available".to_owned()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wait<T> {
    /// Completes "waiting for": `IAM authentication to change`.
    pub what: &'static str,
    /// The state is reached.
    pub done: fn(&T) -> bool,
    /// The state can no longer be reached.
    pub failed: fn(&T) -> bool,
    /// The state in a few words, for the user.
    pub seen: fn(&T) -> String,
    /// How often to poll.
    pub pauses: Pauses,
}

/// The time between two polls.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// The first pause; each is twice as long as the one before, up to `most`.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
}

/// How a wait ended that can be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// The state is reached.
    Done(T),
    /// What was seen last, and why the wait ended.
    Late(T, Diagnostic),
}

/// Why a call failed, where more than the error's type decides whether another call may succeed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Whether to call again.
    pub passes: bool,
    /// What is reported if no later call succeeds.
    pub why: Diagnostic,
}

/// An answer that may change after a while.
///
/// ```
/// use std::time::Duration;
/// use tf_provider::diagnostic::Diagnostic;
/// use tf_provider::schema::{Failed, Retry};
///
/// const BUSY: Retry<Failed> = Retry {
///     what: "the database to accept changes",
///     when: Failed::passes,
///     within: Duration::from_secs(300),
///     first: Duration::from_millis(200),
/// };
/// // In a resource: cx.until(&BUSY, || async { cloud.change(id).await }).await?
/// assert!((BUSY.when)(&Failed::for_now(Diagnostic::error("Busy", "A backup is running."))));
/// assert!(!(BUSY.when)(&Failed::finally(Diagnostic::error("Refused", "It is read-only."))));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Retry<E> {
    /// Completes "waiting for": `the instance to accept changes`.
    pub what: &'static str,
    /// The error is worth another try.
    pub when: fn(&E) -> bool,
    /// How long to try; the operation's own limit applies as well.
    pub within: Duration,
    /// The first pause; each is twice as long as the one before, up to 15 seconds.
    pub first: Duration,
}

/// How many polls an eventually consistent service may need before it shows an object.
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    /// Completes "waiting for": `the role to appear`.
    pub what: &'static str,
    /// After this many polls without a result, the object does not exist.
    pub looks: u32,
    /// The first pause; each is twice as long as the one before, up to 15 seconds.
    pub first: Duration,
}

const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A wait logs what it sees when that changes, and again after this time.
const LOG_AGAIN: Duration = Duration::from_secs(30);

impl Failed {
    /// A failure that no later call resolves.
    pub fn finally(why: impl Into<Diagnostic>) -> Self {
        Self { passes: false, why: why.into() }
    }

    /// A failure that may be temporary.
    pub fn for_now(why: impl Into<Diagnostic>) -> Self {
        Self { passes: true, why: why.into() }
    }

    /// Whether to call again: the usual [`Retry::when`].
    pub fn passes(&self) -> bool {
        self.passes
    }
}

impl From<Diagnostic> for Failed {
    fn from(why: Diagnostic) -> Self {
        Self::finally(why)
    }
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        failed.why
    }
}

impl<W> Ctx<W> {
    /// Polls until a state is reached.
    ///
    /// # Errors
    /// The poll failed, the state can no longer be reached, the time is up, or the user wants to stop.
    pub async fn wait<T, E, F>(&self, wait: &Wait<T>, look: impl FnMut() -> F) -> Result<T>
    where
        E: Into<Diagnostic>,
        F: Future<Output = Result<T, E>>,
    {
        match self.wait_or_late(wait, look).await? {
            Ended::Done(seen) => Ok(seen),
            Ended::Late(_, why) => Err(why),
        }
    }

    /// The same for what continues by itself and can be waited for again, such as a copy that takes hours: it is no
    /// error that the time is up or that the user wants to stop. A create that returns the object then is not tainted,
    /// and the next apply continues the wait.
    ///
    /// # Errors
    /// The poll failed, or the state can no longer be reached.
    pub async fn wait_or_late<T, E, F>(&self, wait: &Wait<T>, mut look: impl FnMut() -> F) -> Result<Ended<T>>
    where
        E: Into<Diagnostic>,
        F: Future<Output = Result<T, E>>,
    {
        let (mut pause, mut logged, mut last) = (wait.pauses.first, None::<(Instant, String)>, None);
        loop {
            let looked = timeout_at(self.deadline(), look()).await;
            let seen = match (looked, last) {
                (Ok(answer), _) => answer.map_err(Into::into)?,
                (Err(_), Some(seen)) => {
                    let why = self.timed_out(wait.what, Some((wait.seen)(&seen)));
                    return Ok(Ended::Late(seen, why));
                }
                (Err(_), None) => return Err(self.timed_out(wait.what, None)),
            };
            if (wait.done)(&seen) {
                return Ok(Ended::Done(seen));
            }
            if (wait.failed)(&seen) {
                let detail = format!(
                    "The provider was waiting for {}, which cannot happen any more: {}.",
                    wait.what,
                    (wait.seen)(&seen)
                );
                return Err(Diagnostic::error("Unexpected state", detail));
            }
            let now = (wait.seen)(&seen);
            if logged.as_ref().is_none_or(|(when, before)| *before != now || when.elapsed() >= LOG_AGAIN) {
                self.progress(format!("Waiting for {}: {now}", wait.what));
                logged = Some((Instant::now(), now));
            }
            if let Err(why) = self.pause(pause, wait.what, || Some((wait.seen)(&seen))).await {
                return Ok(Ended::Late(seen, why));
            }
            last = Some(seen);
            pause = (pause * 2).min(wait.pauses.most);
        }
    }

    /// Calls again while the answer is an error that passes.
    ///
    /// # Errors
    /// The last error, or the user wants to stop.
    pub async fn until<T, E, F>(&self, retry: &Retry<E>, mut call: impl FnMut() -> F) -> Result<T>
    where
        E: Into<Diagnostic>,
        F: Future<Output = Result<T, E>>,
    {
        let end = (Instant::now() + retry.within).min(self.deadline());
        let mut pause = retry.first;
        loop {
            match call().await {
                Err(error) if (retry.when)(&error) && Instant::now() + pause < end => {
                    self.progress(format!("Waiting for {}", retry.what));
                    self.pause(pause, retry.what, || None).await?;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                answer => return answer.map_err(Into::into),
            }
        }
    }

    /// Polls for an object that may not be visible yet; nothing if it does not exist.
    ///
    /// # Errors
    /// The poll failed, the operation's time is up, or the user wants to stop.
    pub async fn find<T, E, F>(&self, lag: &Lag, mut look: impl FnMut() -> F) -> Result<Option<T>>
    where
        E: Into<Diagnostic>,
        F: Future<Output = Result<Option<T>, E>>,
    {
        let mut pause = lag.first;
        for _ in 1..lag.looks {
            if let Some(found) = look().await.map_err(Into::into)? {
                return Ok(Some(found));
            }
            self.progress(format!("Waiting for {}", lag.what));
            self.pause(pause, lag.what, || None).await?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        look().await.map_err(Into::into)
    }

    /// Waits for an event, such as a turn. `what` completes "waiting for".
    ///
    /// # Errors
    /// The time is up, or the user wants to stop.
    pub async fn wait_for<T>(&self, what: &str, coming: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            come = coming => Ok(come),
            () = self.stop().cancelled() => Err(stopped_while(&format!("waiting for {what}"))),
            () = tokio::time::sleep_until(self.deadline()) => Err(self.timed_out(what, None)),
        }
    }

    async fn pause(&self, pause: Duration, what: &str, seen: impl FnOnce() -> Option<String>) -> Result<()> {
        if Instant::now() + pause >= self.deadline() {
            return Err(self.timed_out(what, seen()));
        }
        self.wait_for(what, tokio::time::sleep(pause)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio_util::sync::CancellationToken;

    use super::*;

    const THREE: Wait<u32> = Wait {
        what: "the count to be three",
        done: |n| *n == 3,
        failed: |n| *n > 3,
        seen: |n| format!("the count is {n}"),
        pauses: Pauses { first: Duration::from_secs(1), most: Duration::from_secs(2) },
    };

    fn cx(limit: u64) -> Ctx<()> {
        Ctx::new(Arc::new(()), Duration::from_secs(limit), CancellationToken::new())
    }

    async fn count(cx: &Ctx<()>, wait: &Wait<u32>, from: u32) -> Result<u32> {
        let counter = AtomicU32::new(from);
        cx.wait(wait, || async { Ok::<_, Diagnostic>(counter.fetch_add(1, Ordering::Relaxed)) }).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_state_is_there() {
        let begin = Instant::now();
        assert_eq!(count(&cx(60), &THREE, 0).await, Ok(3));
        assert_eq!(begin.elapsed(), Duration::from_secs(1 + 2 + 2), "the pauses grow up to the longest");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_logs_changes_and_otherwise_every_half_minute() {
        let (sender, mut logged) = tokio::sync::mpsc::unbounded_channel();
        let (cx, looks, begin) = (cx(600).with_progress(sender), AtomicU32::new(0), Instant::now());
        let look = || async {
            looks.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Diagnostic>(u32::try_from(begin.elapsed().as_secs() / 64).unwrap() + 1)
        };
        assert_eq!(cx.wait(&THREE, look).await, Ok(3));
        let mut messages = Vec::new();
        while let Ok(message) = logged.try_recv() {
            messages.push(message);
        }
        let of = |count| format!("Waiting for the count to be three: the count is {count}");
        assert_eq!(messages, [of(1), of(1), of(1), of(2), of(2), of(2)]);
        assert!(looks.into_inner() > 60, "it looks more often than it tells");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_state_is_out_of_reach() {
        let error = count(&cx(60), &THREE, 4).await.unwrap_err();
        assert!(error.detail.contains("the count is 4"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_says_what_was_seen_last() {
        let error = count(&cx(2), &THREE, 0).await.unwrap_err();
        assert!(error.detail.contains("Waited 2s for the count to be three. Last seen: the count is 1."), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_be_waited_for_again_may_be_late() {
        let late = |cx: Ctx<()>, from: u32| async move {
            let counter = AtomicU32::new(from);
            cx.wait_or_late(&THREE, || async { Ok::<_, Diagnostic>(counter.fetch_add(1, Ordering::Relaxed)) }).await
        };
        assert_eq!(late(cx(60), 2).await, Ok(Ended::Done(3)));
        let Ok(Ended::Late(seen, why)) = late(cx(2), 0).await else { panic!("it is late") };
        assert_eq!((seen, why.summary.as_str()), (1, "Timed out"));
        let stopping = cx(60);
        stopping.stop().cancel();
        let Ok(Ended::Late(seen, why)) = late(stopping, 0).await else { panic!("it is late") };
        assert_eq!((seen, why.summary.as_str()), (0, "Stopped"));
        assert!(late(cx(60), 4).await.is_err(), "out of reach");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_takes_until_the_time_is_up_is_late_too() {
        let (cx, looks) = (cx(10), AtomicU32::new(0));
        let look = || async {
            if looks.fetch_add(1, Ordering::Relaxed) == 1 {
                std::future::pending::<()>().await;
            }
            Ok::<_, Diagnostic>(0)
        };
        let Ok(Ended::Late(seen, why)) = cx.run(cx.wait_or_late(&THREE, look)).await else { panic!("it is late") };
        assert_eq!(seen, 0);
        assert!(why.detail.contains("Last seen: the count is 0."), "{why}");
        let never = || std::future::pending::<Result<u32>>();
        assert_eq!(cx.run(cx.wait_or_late(&THREE, never)).await.unwrap_err().summary, "Timed out");
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_ends_a_wait_at_once() {
        let (cx, begin) = (cx(60), Instant::now());
        cx.stop().cancel();
        let error = count(&cx, &THREE, 0).await.unwrap_err();
        assert_eq!(error.summary, "Stopped");
        assert!(error.detail.contains("interrupted while waiting for the count to be three."), "{error}");
        let retry = Retry::<Diagnostic> {
            what: "luck",
            when: |_| true,
            within: Duration::from_secs(10),
            first: Duration::from_secs(1),
        };
        let failing = || async { Err::<(), _>(Diagnostic::error("later", "")) };
        assert_eq!(cx.until(&retry, failing).await.unwrap_err().summary, "Stopped");
        assert_eq!(cx.wait_for("a turn", std::future::pending::<()>()).await.unwrap_err().summary, "Stopped");
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!(cx.wait_for("a turn", async { 1 }).await, Ok(1), "what is there already is taken");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_is_waited_for_until_the_limit() {
        let error = cx(7).wait_for("a turn", std::future::pending::<()>()).await.unwrap_err();
        assert!(error.detail.contains("Waited 7s for a turn."), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_is_bounded_and_returns_the_last_error() {
        let retry = Retry::<Diagnostic> {
            what: "luck",
            when: |error| error.summary == "later",
            within: Duration::from_secs(10),
            first: Duration::from_secs(1),
        };
        let (tries, cx) = (AtomicU32::new(0), cx(600));
        let call = || async {
            tries.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(Diagnostic::error("later", ""))
        };
        assert_eq!(cx.until(&retry, call).await.unwrap_err().summary, "later");
        assert_eq!(tries.load(Ordering::Relaxed), 4, "after 0, 1, 3 and 7 seconds");
        let retry = Retry { what: "luck", when: Failed::passes, within: retry.within, first: retry.first };
        let twice = || async {
            let passes = tries.fetch_add(1, Ordering::Relaxed) < 6;
            Err::<(), _>(Failed { passes, why: Diagnostic::error("failed", "") })
        };
        assert_eq!(cx.until(&retry, twice).await.unwrap_err().summary, "failed");
        assert_eq!(tries.load(Ordering::Relaxed), 7, "the third failure was final");
        let never = || async { Err::<(), _>(Failed::finally(Diagnostic::error("final", ""))) };
        assert_eq!(cx.until(&retry, never).await.unwrap_err().summary, "final");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_found_after_so_many_polls_does_not_exist() {
        const LAG: Lag = Lag { what: "it to appear", looks: 4, first: Duration::from_secs(1) };
        let (looks, cx, begin) = (AtomicU32::new(0), cx(600), Instant::now());
        let find = |from: u32| {
            let looks = &looks;
            looks.store(0, Ordering::Relaxed);
            cx.find(&LAG, move || async move {
                let look = looks.fetch_add(1, Ordering::Relaxed) + 1;
                Ok::<_, Diagnostic>((look >= from).then_some(look))
            })
        };
        assert_eq!(find(1).await, Ok(Some(1)));
        assert_eq!(begin.elapsed(), Duration::ZERO, "what is seen at once needs no pause");
        assert_eq!(find(4).await, Ok(Some(4)));
        assert_eq!(begin.elapsed(), Duration::from_secs(1 + 2 + 4));
        assert_eq!(find(5).await, Ok(None));
        assert_eq!(looks.load(Ordering::Relaxed), 4);
        cx.stop().cancel();
        assert_eq!(find(2).await.unwrap_err().summary, "Stopped");
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_ends_with_its_limit_and_half_a_minute_after_a_stop() {
        let error = cx(7).run(std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.summary, "Timed out");
        let (stopping, begin) = (cx(600), Instant::now());
        stopping.stop().cancel();
        let error = stopping.run(std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.summary, "Stopped");
        assert!(error.detail.contains("Nothing is lost") && error.detail.contains("terraform apply"), "{error}");
        assert_eq!(begin.elapsed(), Duration::from_secs(30));
    }
}
