//! Recent writes of this user to a key's policy from this machine.
//!
//! KMS shows a write only after a while, usually a few seconds and at times "several minutes". Merging onto a document
//! that is already replaced would drop what was written last. KMS has no versions of a policy, so the documents that
//! were replaced are recorded by their hashes, in the lock file of the key's writers.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::local::lock::Held;
use crate::policy::Document;

/// How long KMS may show a document after it was replaced.
pub const LAG: SignedDuration = SignedDuration::from_mins(5);

/// The writes of the last minutes into the policy of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyWrites {
    /// The document written last.
    last: Option<Document>,
    /// Documents that a write has replaced, and when.
    replaced: HashMap<String, Timestamp>,
}

/// Records in another format are ignored.
const VERSION: u32 = 1;

impl KeyWrites {
    /// What is recorded about a key. Use it only while the key's lock is held.
    pub fn of(key: &str, held: &Held) -> Self {
        let text = held.note().unwrap_or_else(|error| {
            tracing::debug!(%error, "the lock file cannot be read");
            unwritten().get(key).cloned()
        });
        text.and_then(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// Notes that `documents` were replaced by `new` just now.
    pub fn replace(&mut self, documents: impl IntoIterator<Item = Document>, new: Document) {
        let now = Timestamp::now();
        self.replaced.retain(|_, at| is_young(*at, now));
        let replaced = documents.into_iter().chain(self.last.take()).map(|document| (hash(&document), now));
        self.replaced.extend(replaced);
        self.replaced.remove(&hash(&new));
        self.last = Some(new);
    }

    /// Stores the record; only in this process if it cannot be stored for others.
    pub fn keep(&self, key: &str, held: &Held) {
        let replaced: HashMap<_, _> = self.replaced.iter().map(|(hash, at)| (hash, at.as_millisecond())).collect();
        let last = self.last.as_ref().map(Document::to_string);
        let text = json!({ "version": VERSION, "last": last, "replaced": replaced }).to_string();
        if let Err(error) = held.write_note(&text) {
            tracing::debug!(%error, "the lock file cannot be written");
            unwritten().insert(key.to_owned(), text);
        }
    }

    /// Whether a document that KMS shows may be out of date, since it was replaced a short while ago; if so, the
    /// document that was written last.
    pub fn outdated(&self, shown: &Document) -> Option<&Document> {
        let at = self.replaced.get(&hash(shown))?;
        self.last.as_ref().filter(|_| is_young(*at, Timestamp::now()))
    }

    fn parse(text: &str) -> Option<Self> {
        let read: Value = serde_json::from_str(text).ok()?;
        let replaced = read["replaced"].as_object().filter(|_| read["version"] == VERSION)?.iter();
        let time = |at: &Value| Timestamp::from_millisecond(at.as_i64()?).ok();
        Some(Self {
            last: read["last"].as_str().and_then(|last| last.parse().ok()),
            replaced: replaced.filter_map(|(hash, at)| Some((hash.clone(), time(at)?))).collect(),
        })
    }
}

/// A clock that was set back must not keep a document outdated for longer.
fn is_young(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < LAG
}

fn hash(document: &Document) -> String {
    let hash = digest(&SHA256, document.normal().to_string().as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What could not be written to the lock file.
fn unwritten() -> std::sync::MutexGuard<'static, HashMap<String, String>> {
    static UNWRITTEN: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
    UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(sids: &[&str]) -> Document {
        let statement = |sid: &&str| json!({ "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "kms:*" });
        let statements: Vec<_> = sids.iter().map(statement).collect();
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
    }

    #[test]
    fn a_document_is_outdated_once_it_was_replaced() {
        let (a, b, c) = (document(&["A"]), document(&["A", "B"]), document(&["A", "B", "C"]));
        let mut memory = KeyWrites::default();
        assert_eq!(memory.outdated(&a), None);
        memory.replace([a.clone()], b.clone());
        memory.replace([b.clone()], c.clone());
        assert_eq!(memory.outdated(&a), Some(&c));
        assert_eq!(memory.outdated(&document(&["B", "A"])), Some(&c), "the order of statements means nothing");
        assert_eq!(memory.outdated(&c), None);
        assert_eq!(memory.outdated(&document(&["X"])), None, "somebody else's");
        // A document that is written again is up to date.
        memory.replace([c.clone()], a.clone());
        assert_eq!((memory.outdated(&a), memory.outdated(&c)), (None, Some(&a)));
    }

    #[test]
    fn nothing_is_outdated_after_five_minutes() {
        let (a, b) = (document(&["A"]), document(&["B"]));
        let mut memory = KeyWrites::default();
        memory.replace([a.clone()], b.clone());
        let age = |memory: &mut KeyWrites, by| memory.replaced.values_mut().for_each(|at| *at -= by);
        age(&mut memory, LAG - SignedDuration::from_secs(5));
        assert!(memory.outdated(&a).is_some());
        age(&mut memory, SignedDuration::from_secs(6));
        assert_eq!(memory.outdated(&a), None);
        memory.replace([], document(&["C"]));
        assert_eq!(memory.replaced.len(), 1, "it is forgotten with the next write");
    }

    #[tokio::test]
    async fn it_is_kept_with_the_lock() {
        let key = &format!("memory {}", std::process::id());
        let cx = tf_provider::schema::Ctx::new(
            std::sync::Arc::new(()),
            std::time::Duration::from_secs(60),
            tokio_util::sync::CancellationToken::new(),
        );
        for sids in [&["A", "B", "C"][..], &["A"]] {
            let held = crate::local::lock::hold(&cx, key).await.unwrap();
            let mut memory = KeyWrites::of(key, &held);
            memory.replace([document(&["Z"])], document(sids));
            memory.keep(key, &held);
            let truncated = KeyWrites::of(key, &held);
            assert_eq!((truncated.last, truncated.replaced.len()), (memory.last.clone(), memory.replaced.len()));
        }
        let held = crate::local::lock::hold(&cx, key).await.unwrap();
        assert!(KeyWrites::of(key, &held).outdated(&document(&["A", "B", "C"])).is_some());
        for foreign in ["{ torn", r#"{"version":2,"last":null,"replaced":{"a":1}}"#] {
            held.write_note(foreign).unwrap();
            assert_eq!(KeyWrites::of(key, &held), KeyWrites::default());
        }
    }
}
