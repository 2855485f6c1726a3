//! Sessions that operations with the same connection hand on.
//!
//! A refresh reads once for each user, and an apply plans a user right before it writes it: a few logins are enough for
//! all of them. Operations with the same connection take turns. One that takes longer does not keep the others waiting for
//! more than a moment, so that none can wait for what another one holds.
//!
//! A session in which something was read stays until the process ends. Once something was written, a database can be
//! dropped next, for which PostgreSQL waits five seconds: from then on sessions with that connection are closed as soon as
//! no operation has used them for two seconds. A session that failed is not handed on.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tf_provider::value::Object;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// What makes sessions interchangeable: the connection that they were opened for, and the limit for locks.
pub type Key = (Object, Duration);

/// What a pool keeps.
pub trait Reusable: Send + Sized + 'static {
    /// The same session if it can still be used. One that is old was not used for so long that it may have been lost.
    fn revived(self, is_old: bool) -> impl Future<Output = Option<Self>> + Send;
}

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
struct Idle<S> {
    session: S,
    since: Instant,
}

/// A session that an operation works with, and whose turn ends with it. One that is not left to the pool is closed.
pub struct Lent<S> {
    session: S,
    /// None of one that was not waited for.
    turn: Option<OwnedSemaphorePermit>,
}

/// How many unused sessions there are at most with one connection.
const MOST: usize = 10;

/// After so long without use, a session may have been lost, and one with a connection that was written with is closed.
const LINGER: Duration = Duration::from_secs(2);

/// How long an operation waits for the others.
const PATIENCE: Duration = Duration::from_secs(2);

impl<S: Reusable> Pool<S> {
    /// For so many operations at a time with the same connection.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, lanes: Arc::default() }
    }

    /// Closes all.
    pub(super) fn close(&self) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Waits for a turn, and lends the session that was used last, or else the one that `open` opens.
    ///
    /// # Errors
    /// Those of `open`.
    pub async fn lend<E>(
        &self,
        key: &Key,
        writes: bool,
        open: impl Future<Output = Result<S, E>>,
    ) -> Result<Lent<S>, E> {
        let turns = self.at(key, |lane| {
            lane.is_written |= writes;
            Arc::clone(&lane.turns)
        });
        let turn = timeout(PATIENCE, turns.acquire_owned()).await.ok().and_then(Result::ok);
        let session = match self.revived(key).await {
            Some(session) => session,
            None => open.await?,
        };
        Ok(Lent { session, turn })
    }

    /// Leaves a session to the next operation, whose turn it is then; the oldest is closed where there are too many.
    pub fn leave(&self, key: &Key, lent: Lent<S>) {
        let Lent { session, turn } = lent;
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

    async fn revived(&self, key: &Key) -> Option<S> {
        let idle = self.at(key, |lane| lane.idle.pop())?;
        let is_old = idle.is_old();
        idle.session.revived(is_old).await
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
    fn is_old(&self) -> bool {
        self.since.elapsed() >= LINGER
    }
}

impl<S> Deref for Lent<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.session
    }
}

impl<S> DerefMut for Lent<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.session
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Reusable for &'static str {
        async fn revived(self, _: bool) -> Option<Self> {
            (self != "broken").then_some(self)
        }
    }

    fn key(seconds: u64) -> Key {
        (Object::new(), Duration::from_secs(seconds))
    }

    /// What is lent where there would be a new one otherwise.
    async fn lend(pool: &Pool<&'static str>, seconds: u64, writes: bool) -> Lent<&'static str> {
        pool.lend(&key(seconds), writes, async { Ok::<_, ()>("new") }).await.unwrap()
    }

    fn free(session: &'static str) -> Lent<&'static str> {
        Lent { session, turn: None }
    }

    #[tokio::test]
    async fn a_session_is_left_to_one_of_the_same_connection() {
        let pool = Pool::new(20);
        assert_eq!(*lend(&pool, 1, false).await, "new");
        pool.leave(&key(1), free("one"));
        assert_eq!(*lend(&pool, 2, false).await, "new");
        assert_eq!((*lend(&pool, 1, false).await, *lend(&pool, 1, false).await), ("one", "new"));
        pool.leave(&key(1), free("broken"));
        assert_eq!(*lend(&pool, 1, false).await, "new");
        (0..20).for_each(|_| pool.leave(&key(1), free("many")));
        let mut count = 0;
        while *lend(&pool, 1, false).await == "many" {
            count += 1;
        }
        assert_eq!(count, MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn operations_take_turns_for_a_while() {
        let pool = Pool::new(1);
        let first = lend(&pool, 1, false).await;
        let (second, ()) = tokio::join!(lend(&pool, 1, false), async {
            sleep(PATIENCE / 2).await;
            pool.leave(&key(1), first);
        });
        assert!(second.turn.is_some(), "one that ends is waited for");
        assert!(lend(&pool, 1, false).await.turn.is_none(), "one that takes long is not waited for");
        assert!(lend(&pool, 2, false).await.turn.is_some(), "nor are those with other connections");
        let begun = Instant::now();
        drop(second);
        assert!(lend(&pool, 1, false).await.turn.is_some() && begun.elapsed() < PATIENCE, "it ended half-way");
        assert!(pool.lend(&key(1), false, async { Err(()) }).await.is_err());
        assert!(lend(&pool, 1, false).await.turn.is_some(), "it never began");
    }

    #[tokio::test]
    async fn a_session_that_may_be_in_the_way_is_closed() {
        let pool = Pool::new(1);
        pool.leave(&key(1), Lent { session: "reads", ..lend(&pool, 1, false).await });
        pool.leave(&key(2), Lent { session: "writes", ..lend(&pool, 2, true).await });
        sleep(LINGER * 3 / 2).await;
        assert_eq!((*lend(&pool, 1, false).await, *lend(&pool, 2, false).await), ("reads", "new"));
    }
}
