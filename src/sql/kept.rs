//! Sessions that are kept after reading a database, for the next operation.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tf_provider::value::Object;

use crate::sql::{mysql, postgres};

/// The unused sessions of this process.
///
/// A refresh reads once for each user, and an apply plans a user right before it writes it: one login is enough. An
/// operation that writes does not return its session, so that none stays open in a database that is dropped next.
#[derive(Default)]
pub struct Kept {
    /// With PostgreSQL.
    pub postgres: Pile<postgres::Session>,
    /// With MySQL and MariaDB.
    pub mysql: Pile<mysql::Session>,
}

/// What makes sessions interchangeable: the connection that they were opened for, and the limit for locks.
pub type Key = (Object, Duration);

/// Sessions with servers of one kind.
pub struct Pile<S>(Mutex<Vec<(Key, S)>>);

/// As many as core has at work at a time.
const MOST: usize = 10;

impl Kept {
    /// Closes all.
    pub fn close(&self) {
        self.postgres.take_all();
        self.mysql.take_all();
    }
}

impl<S> Pile<S> {
    fn take_all(&self) -> Vec<(Key, S)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a session out.
    pub fn take(&self, key: &Key) -> Option<S> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().position(|(of, _)| of == key)?;
        Some(all.swap_remove(found).1)
    }

    /// Leaves a session to the next; the oldest is closed where there are too many.
    pub fn leave(&self, key: Key, session: S) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == MOST {
            all.remove(0);
        }
        all.push((key, session));
    }
}

impl<S> Default for Pile<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_left_to_one_of_the_same_connection() {
        let (pile, key) = (Pile::default(), |seconds| (Object::new(), Duration::from_secs(seconds)));
        assert_eq!(pile.take(&key(1)), None);
        pile.leave(key(1), "one");
        assert_eq!((pile.take(&key(2)), pile.take(&key(1)), pile.take(&key(1))), (None, Some("one"), None));
        (0..20).for_each(|_| pile.leave(key(1), "many"));
        assert_eq!(std::iter::from_fn(|| pile.take(&key(1))).count(), MOST);
    }
}
