//! One read of all objects of a server, in place of one read for each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;

use crate::sql::pool::Key;

/// What was read of the servers, by connection.
///
/// The first read with a connection is for one object, and only if it succeeds and there is another one, all are read.
/// Everybody who asks meanwhile waits for that. If it is not permitted, or does not show the object, each is read by itself.
/// Once this process has written, what was read before is not used any more.
pub struct Listings<T> {
    by_connection: std::sync::Mutex<Vec<(Key, Shared<T>)>>,
    is_over: AtomicBool,
}

type Shared<T> = Arc<Mutex<Listing<T>>>;

enum Listing<T> {
    /// Nobody has asked.
    Unread,
    /// One object was read.
    Begun,
    All(T),
    /// It is not to be had.
    Refused,
}

impl<T> Listings<T> {
    /// Ends the sharing, before this process writes.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// What `all` shows of an object, or else what `one` does, which is nothing if the server cannot be reached.
    ///
    /// # Errors
    /// Those of `one`.
    pub async fn find<U, E, One, All>(
        &self,
        key: &Key,
        pick: impl FnOnce(&T) -> Option<U>,
        one: impl FnOnce() -> One,
        all: impl FnOnce() -> All,
    ) -> Result<Option<U>, E>
    where
        One: Future<Output = Result<Option<U>, E>>,
        All: Future<Output = Option<T>>,
    {
        if self.is_over.load(Ordering::Relaxed) {
            return one().await;
        }
        let shared = self.of(key);
        let mut listing = shared.lock().await;
        match &*listing {
            Listing::Unread => {
                let answer = one().await;
                *listing = if matches!(answer, Ok(Some(_))) { Listing::Begun } else { Listing::Refused };
                return answer;
            }
            Listing::Begun => *listing = all().await.map_or(Listing::Refused, Listing::All),
            Listing::All(_) | Listing::Refused => {}
        }
        let picked = if let Listing::All(all) = &*listing { pick(all) } else { None };
        drop(listing);
        match picked {
            Some(picked) => Ok(Some(picked)),
            None => one().await,
        }
    }

    fn of(&self, key: &Key) -> Shared<T> {
        let mut all = self.by_connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shared)) = all.iter().find(|(of, _)| of == key) {
            return Arc::clone(shared);
        }
        let shared = Arc::new(Mutex::new(Listing::Unread));
        all.push((key.clone(), Arc::clone(&shared)));
        shared
    }
}

impl<T> Default for Listings<T> {
    fn default() -> Self {
        Self { by_connection: std::sync::Mutex::default(), is_over: AtomicBool::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tf_provider::value::Object;

    use super::*;

    /// Who has answered.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum By {
        All,
        One,
    }

    /// Looks for a number among those that a read of all shows, if it shows any.
    async fn ask(listings: &Listings<Vec<u32>>, number: u32, all: Option<&[u32]>) -> Result<Option<By>, &'static str> {
        let pick = |all: &Vec<u32>| all.contains(&number).then_some(By::All);
        let one = || async {
            tokio::task::yield_now().await;
            if number == 0 { Err("no") } else { Ok(Some(By::One)) }
        };
        listings.find(&(Object::new(), Duration::ZERO), pick, one, || async { all.map(<[u32]>::to_vec) }).await
    }

    #[tokio::test]
    async fn all_are_read_for_the_second_and_later_ones() {
        let (listings, all) = (Listings::default(), Some(&[1, 2][..]));
        let (first, second) = tokio::join!(ask(&listings, 1, all), ask(&listings, 2, all));
        assert_eq!((first, second), (Ok(Some(By::One)), Ok(Some(By::All))));
        assert_eq!(ask(&listings, 1, None).await, Ok(Some(By::All)), "read once");
        assert_eq!(ask(&listings, 3, None).await, Ok(Some(By::One)), "not among them");
        listings.end();
        assert_eq!(ask(&listings, 1, all).await, Ok(Some(By::One)));
    }

    #[tokio::test]
    async fn where_all_cannot_be_read_each_is() {
        let (listings, all) = (Listings::default(), Some(&[1, 2][..]));
        assert_eq!(ask(&listings, 1, None).await, Ok(Some(By::One)));
        assert_eq!(ask(&listings, 2, None).await, Ok(Some(By::One)));
        assert_eq!(ask(&listings, 2, all).await, Ok(Some(By::One)), "not tried again");
        let listings = Listings::default();
        assert_eq!(ask(&listings, 0, all).await, Err("no"));
        assert_eq!(ask(&listings, 1, all).await, Ok(Some(By::One)));
    }
}
