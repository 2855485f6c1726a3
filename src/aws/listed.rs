//! Reads of a refresh that a list answers.
//!
//! Core refreshes the objects of a state one by one, and says neither how many there are nor which come next. The first
//! read of a kind is made for itself; those that follow also look for their object in a list, which is fetched page by
//! page, and never more pages than reads were made for themselves: a list that holds nothing of use at most doubles the
//! requests, and a useful one answers a page of objects at once. Only what is found in a list counts. What is missing
//! there is read for itself, so that nothing is taken for deleted because a list lags behind.
//!
//! A list lives as long as the provider process, which is one command's walk over its resources.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::sync::Mutex;

use crate::aws::error::Error;

/// Objects that a list has shown so far.
#[derive(Debug)]
pub(crate) struct Listed<K, V>(Mutex<State<K, V>>);

#[derive(Debug)]
struct State<K, V> {
    shown: HashMap<K, V>,
    /// The marker of the next page, none for the first; nothing after the last page or an error.
    next: Option<Option<String>>,
    pages: usize,
    /// The reads that the list has not answered.
    others: usize,
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page<K, V> {
    /// What it shows.
    pub shown: Vec<(K, V)>,
    /// The marker of the page after it.
    pub next: Option<String>,
}

/// One of something for each key.
#[derive(Debug)]
pub(crate) struct Each<K, V>(std::sync::Mutex<HashMap<K, Arc<V>>>);

/// The lists of a client.
#[derive(Debug)]
pub(crate) struct Lists<L> {
    lists: Arc<L>,
    written: Written,
}

/// Whether this process has written anything to AWS. From then on each read is made for itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<AtomicBool>);

impl<K: Eq + Hash, V> Listed<K, V> {
    /// A list whose first page is worth the first read: another list has shown that the object exists.
    pub(crate) fn at_once() -> Self {
        Self(Mutex::new(State { others: 1, ..State::default() }))
    }

    /// What is picked of the objects shown, after another page if need be; nothing if the caller has to read for itself.
    pub(crate) async fn find<T, F>(
        &self,
        pick: impl Fn(&HashMap<K, V>) -> Option<T>,
        page: impl Fn(Option<String>) -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<Page<K, V>, Error>>,
    {
        // Those that ask meanwhile wait for the page: it may answer them too.
        let mut state = self.0.lock().await;
        loop {
            if let Some(found) = pick(&state.shown) {
                return Some(found);
            }
            let marker = if state.pages < state.others { state.next.take() } else { None };
            let Some(marker) = marker else { break };
            state.pages += 1;
            match page(marker).await {
                Ok(Page { shown, next }) => {
                    state.shown.extend(shown);
                    state.next = next.map(Some);
                }
                Err(error) => tracing::debug!(%error, "Each object is read for itself, as they cannot be listed"),
            }
        }
        state.others += 1;
        None
    }
}

impl<K: Eq + Hash, V> Each<K, V> {
    /// That of a key, created if there is none yet.
    pub(crate) fn of(&self, key: K, create: impl FnOnce() -> V) -> Arc<V> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(key).or_insert_with(|| Arc::new(create())))
    }

    /// Removes that of a key: the next one is created anew.
    pub(crate) fn forget<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl<K, V> Default for Each<K, V> {
    fn default() -> Self {
        Self(std::sync::Mutex::default())
    }
}

impl<L: Default> Lists<L> {
    /// Lists that have shown nothing yet.
    pub(crate) fn new(written: Written) -> Self {
        Self { lists: Arc::default(), written }
    }

    /// The lists, while they may answer a read.
    pub(crate) fn get(&self) -> Option<&L> {
        (!self.written.0.load(Ordering::Relaxed)).then_some(&*self.lists)
    }
}

impl<L> Clone for Lists<L> {
    fn clone(&self) -> Self {
        Self { lists: Arc::clone(&self.lists), written: self.written.clone() }
    }
}

impl Intercept for Written {
    fn name(&self) -> &'static str {
        "Written"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let reads = |name: &str| ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb));
        if !cfg.load::<Metadata>().is_some_and(|call| reads(call.name())) {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl<K, V> Default for Listed<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, V> Default for State<K, V> {
    fn default() -> Self {
        Self { shown: HashMap::new(), next: Some(None), pages: 0, others: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::aws::error::Kind;

    /// How the reads of numbers are answered by a list of these pages: `L` by the list, `-` not; and the pages fetched.
    async fn read(pages: &[&[u32]], wanted: &[u32]) -> (String, Vec<usize>) {
        let (list, fetched) = (Listed::<u32, ()>::default(), RefCell::new(Vec::new()));
        let page = |marker: Option<String>| {
            let index = marker.map_or(0, |marker| marker.parse().unwrap());
            fetched.borrow_mut().push(index);
            async move {
                let shown = pages.get(index).ok_or_else(|| Error::local(Kind::Configuration, "no"))?;
                let next = (index + 1 < pages.len()).then(|| (index + 1).to_string());
                Ok(Page { shown: shown.iter().map(|number| (*number, ())).collect(), next })
            }
        };
        let mut answers = String::new();
        for number in wanted {
            let found = list.find(|shown| shown.get(number).copied(), page).await;
            answers.push(if found.is_some() { 'L' } else { '-' });
        }
        (answers, fetched.into_inner())
    }

    #[tokio::test]
    async fn the_first_read_is_made_for_itself_and_a_page_answers_the_rest() {
        assert_eq!(read(&[&[1, 2, 3]], &[1]).await, ("-".to_owned(), vec![]));
        assert_eq!(read(&[&[1, 2, 3]], &[1, 2, 3, 1]).await, ("-LLL".to_owned(), vec![0]));
    }

    #[tokio::test]
    async fn there_are_never_more_pages_than_other_reads() {
        let pages: &[&[u32]] = &[&[1], &[2], &[3], &[4], &[5]];
        assert_eq!(read(pages, &[5, 4, 3, 2, 1]).await, ("---LL".to_owned(), vec![0, 1]));
        assert_eq!(read(pages, &[5; 9]).await, ("-----LLLL".to_owned(), vec![0, 1, 2, 3, 4]));
    }

    #[tokio::test]
    async fn what_is_not_listed_is_read_for_itself() {
        assert_eq!(read(&[&[1]], &[7, 7, 1, 7]).await, ("--L-".to_owned(), vec![0]));
    }

    #[tokio::test]
    async fn a_list_that_is_refused_is_asked_for_once() {
        assert_eq!(read(&[], &[1, 2, 3]).await, ("---".to_owned(), vec![0]));
    }
}
