//! Reads that many ask for at about the same time, and that are made once for all of them.
//!
//! Core plans and applies many resources at once, and each may want the same list of a region. It is read by the first
//! who asks; all others who ask meanwhile, or within some seconds, get the same answer. An answer says when it was asked
//! for: whoever waits for a change, or has made one, takes nothing from it that may have changed since.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::aws::error::Error;

/// What a read has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<T> {
    /// The answer.
    pub value: T,
    /// When it was asked for.
    pub begun: Instant,
}

/// A read that is shared by all who ask.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    life: Duration,
    last: Mutex<Option<Answer<T>>>,
}

/// An answer, for those who asked up to a moment.
#[derive(Debug)]
struct Answer<T> {
    read: Result<Read<T>, Error>,
    until: Instant,
}

impl<T: Clone> Shared<T> {
    /// A read whose answers are good for so long.
    pub(crate) fn new(life: Duration) -> Self {
        Self { life, last: Mutex::default() }
    }

    /// The answer of a moment ago, or else that of `read`. A failure is shared with those alone who were waiting for it.
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

    /// Reads for two who ask at the same time and for one who asks later: what they get, and the number of reads.
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
    async fn an_answer_has_a_short_life() {
        assert_eq!(three(&Shared::new(Duration::ZERO), Ok).await, ([Some(1), Some(1), Some(2)], 2));
    }

    #[tokio::test]
    async fn a_failure_is_for_those_who_waited_for_it() {
        let fails_first = |read| if read == 1 { Err(Error::local(Kind::Configuration, "no")) } else { Ok(read) };
        assert_eq!(three(&Shared::new(HOUR), fails_first).await, ([None, None, Some(2)], 2));
    }
}
