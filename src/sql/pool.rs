//! Sessions that operations with the same connection hand on.
//!
//! A refresh reads once for each user, and an apply plans a user right before it writes it: a few logins are enough for
//! all of them. Operations with the same connection take turns. One that takes longer does not keep the others waiting for
//! more than a moment, so that none can wait for what another one holds.
//!
//! A session in which something was read stays until the process ends. Once something was written, a database can be
//! dropped next, for which PostgreSQL waits five seconds: from then on sessions with that connection are closed as soon as
//! no operation has used them for two seconds. A session that failed is not handed on.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tf_provider::value::Object;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// What makes sessions interchangeable: the connection that they were opened for, and the limit for locks.
pub type Key = (Object, Duration);

/// Sessions with servers of one kind.
pub struct Pool<S> {
    /// How many operations with the same connection are at work at a time.
    at_once: usize,
    lanes: Arc<Mutex<Lanes<S>>>,
}

type Lanes<S> = Vec<(Key, Lane<S>)>;

/// The sessions with one connection.
struct Lane<S> {
    turns: Arc<Semaphore>,
    /// The last one was used last.
    idle: Vec<Idle<S>>,
    /// Whether something is or was written with the connection.
    is_written: bool,
}

/// A session that is not in use.
pub struct Idle<S> {
    /// It.
    pub session: S,
    since: Instant,
}

/// The right of an operation to work with a connection, which its session holds.
#[derive(Debug, Default)]
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// How many unused sessions there are at most with one connection.
const MOST: usize = 10;

/// After so long without use, a session may have been lost, and one with a connection that was written with is closed.
const LINGER: Duration = Duration::from_secs(2);

/// How long an operation waits for the others.
const PATIENCE: Duration = Duration::from_secs(2);

impl<S: Send + 'static> Pool<S> {
    /// For so many operations at a time with the same connection.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, lanes: Arc::default() }
    }

    /// Closes all.
    pub(super) fn close(&self) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Waits for a turn, and takes out the session that was used last.
    pub async fn take(&self, key: &Key, writes: bool) -> (Turn, Option<Idle<S>>) {
        let turns = self.at(key, |lane| {
            lane.is_written |= writes;
            Arc::clone(&lane.turns)
        });
        let permit = timeout(PATIENCE, turns.acquire_owned()).await.ok().and_then(Result::ok);
        (Turn { _permit: permit }, self.at(key, |lane| lane.idle.pop()))
    }

    /// Leaves a session to the next operation, whose turn it is then; the oldest is closed where there are too many.
    pub fn leave(&self, key: &Key, session: S, turn: Turn) {
        let closes = self.at(key, |lane| {
            if lane.idle.len() == MOST {
                lane.idle.remove(0);
            }
            lane.idle.push(Idle { session, since: Instant::now() });
            lane.is_written
        });
        drop(turn);
        if closes {
            tokio::spawn(close_unused(Arc::downgrade(&self.lanes), key.clone()));
        }
    }

    fn at<T>(&self, key: &Key, work: impl FnOnce(&mut Lane<S>) -> T) -> T {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let at = lanes.iter().position(|(of, _)| of == key).unwrap_or_else(|| {
            let turns = Arc::new(Semaphore::new(self.at_once));
            lanes.push((key.clone(), Lane { turns, idle: Vec::new(), is_written: false }));
            lanes.len() - 1
        });
        work(&mut lanes[at].1)
    }
}

/// Closes the sessions with a connection that nobody has used for a while.
async fn close_unused<S>(lanes: Weak<Mutex<Lanes<S>>>, key: Key) {
    sleep(LINGER).await;
    let Some(lanes) = lanes.upgrade() else { return };
    for (of, lane) in lanes.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
        if *of == key {
            lane.idle.retain(|idle| !idle.is_old());
        }
    }
}

impl<S> Idle<S> {
    /// Whether it was not used for so long that it may have been lost.
    pub fn is_old(&self) -> bool {
        self.since.elapsed() >= LINGER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seconds: u64) -> Key {
        (Object::new(), Duration::from_secs(seconds))
    }

    async fn take(pool: &Pool<&'static str>, seconds: u64, writes: bool) -> (Turn, Option<&'static str>) {
        let (turn, idle) = pool.take(&key(seconds), writes).await;
        (turn, idle.map(|idle| idle.session))
    }

    #[tokio::test]
    async fn a_session_is_left_to_one_of_the_same_connection() {
        let pool = Pool::new(20);
        assert_eq!(take(&pool, 1, false).await.1, None);
        pool.leave(&key(1), "one", Turn::default());
        assert_eq!(take(&pool, 2, false).await.1, None);
        assert_eq!((take(&pool, 1, false).await.1, take(&pool, 1, false).await.1), (Some("one"), None));
        (0..20).for_each(|_| pool.leave(&key(1), "many", Turn::default()));
        let mut count = 0;
        while take(&pool, 1, false).await.1.is_some() {
            count += 1;
        }
        assert_eq!(count, MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn operations_take_turns_for_a_while() {
        let pool = Pool::new(1);
        let (first, _) = take(&pool, 1, false).await;
        let (second, _) = tokio::join!(take(&pool, 1, false), async {
            sleep(PATIENCE / 2).await;
            pool.leave(&key(1), "one", first);
        });
        assert_eq!(second.1, Some("one"));
        assert_eq!(take(&pool, 1, false).await.1, None, "one that takes long is not waited for");
        assert!(take(&pool, 2, false).await.0._permit.is_some(), "nor are those with other connections");
    }

    #[tokio::test]
    async fn a_session_that_may_be_in_the_way_is_closed() {
        let pool = Pool::new(1);
        pool.leave(&key(1), "reads", take(&pool, 1, false).await.0);
        pool.leave(&key(2), "writes", take(&pool, 2, true).await.0);
        sleep(LINGER * 3 / 2).await;
        assert_eq!((take(&pool, 1, false).await.1, take(&pool, 2, false).await.1), (Some("reads"), None));
    }
}
