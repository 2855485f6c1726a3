//! Reads that many callers need at about the same time, and that are done once for all of them.
//!
//! Core plans and applies many resources at once, and each may need the same list of a region. The first caller reads
//! it; all others that ask meanwhile, or within some seconds, get the same answer. An answer has the time of its
//! request: a caller that waits for a change, or has made one, does not use an answer that may be older.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::aws::error::Error;

/// The answer of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<T> {
    /// The answer.
    pub value: T,
    /// When it was requested.
    pub begun: Instant,
}

/// A read that is shared by all callers.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    life: Duration,
    last: Mutex<Option<Answer<T>>>,
}

/// An answer, for callers that asked up to a certain time.
#[derive(Debug)]
struct Answer<T> {
    read: Result<Read<T>, Error>,
    until: Instant,
}

impl<T: Clone> Shared<T> {
    /// A read whose answers are reused for so long.
    pub(crate) fn new(life: Duration) -> Self {
        Self { life, last: Mutex::default() }
    }

    /// The cached answer, or else that of `read`. A failure is shared only with those that were waiting for it.
    ///
    /// # Errors
    /// Those of the read.
    pub(crate) async fn get<F>(&self, read: impl FnOnce() -> F) -> Result<Read<T>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(last) = last.as_ref().filter(|last| asked <= last.until) {
            return last.read.clone();
        }
        let begun = Instant::now();
        let read = read().await.map(|value| Read { value, begun });
        let ended = Instant::now();
        let until = if read.is_ok() { ended.max(begun + self.life) } else { ended };
        *last = Some(Answer { read: read.clone(), until });
        read
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::aws::error::Kind;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Reads for two callers at the same time and for a later one: what they get, and the number of reads.
    async fn three(shared: &Shared<u32>, answer: impl Fn(u32) -> Result<u32, Error>) -> ([Option<u32>; 3], u32) {
        let reads = AtomicU32::new(0);
        let read = || async {
            tokio::task::yield_now().await;
            answer(reads.fetch_add(1, Ordering::Relaxed) + 1)
        };
        let ask = || async { shared.get(read).await.ok().map(|read| read.value) };
        let (one, two) = tokio::join!(ask(), ask());
        ([one, two, ask().await], reads.into_inner())
    }

    #[tokio::test]
    async fn who_asks_at_the_same_time_gets_the_same_answer() {
        assert_eq!(three(&Shared::new(HOUR), Ok).await, ([Some(1); 3], 1));
        let first = Shared::new(HOUR).get(|| async { Ok(1) }).await.unwrap();
        assert!(first.begun <= Instant::now() && first.value == 1);
    }

    #[tokio::test]
    async fn an_answer_is_cached_for_a_short_time() {
        assert_eq!(three(&Shared::new(Duration::ZERO), Ok).await, ([Some(1), Some(1), Some(2)], 2));
    }

    #[tokio::test]
    async fn a_failure_is_for_those_who_waited_for_it() {
        let fails_first = |read| if read == 1 { Err(Error::local(Kind::Configuration, "no")) } else { Ok(read) };
        assert_eq!(three(&Shared::new(HOUR), fails_first).await, ([None, None, Some(2)], 2));
    }
}
