//! Tags: an entity's own, the provider's default tags, and ignored ones.

use std::collections::BTreeSet;
use std::ffi::OsString;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Check, Map, check};

/// The tag settings of the provider block.
#[derive(Clone, Debug, Default)]
pub struct TagOptions {
    /// Tags of every object, unless the object's own tags override them.
    pub default: Map<String>,
    /// Keys of tags that others manage.
    pub ignored_keys: BTreeSet<String>,
    /// Prefixes of the keys of tags that others manage.
    pub ignored_prefixes: Vec<String>,
}

/// Tags as a configuration gives them. A null one is ignored, so that an expression can decide whether a tag is set.
pub type Given = Map<Option<String>>;

/// The key of the tag that identifies the create that created an object. Its value is the type of the resource, a slash
/// and the creation id. It is never shown in `tags` and `tags_all`.
pub const CREATION: &str = "rdsauth:creation-id";

/// The prefix of the keys of this provider's own tags.
const OURS: &str = "rdsauth:";

/// AWS allows this many tags on an object.
const MOST: usize = 50;

impl TagOptions {
    /// Adds the values of hashicorp/aws's variables `TF_AWS_DEFAULT_TAGS_<key>`, `TF_AWS_IGNORE_TAGS_KEYS` and
    /// `TF_AWS_IGNORE_TAGS_KEY_PREFIXES`; the provider block takes precedence over them.
    ///
    /// # Errors
    /// One of these variables is not UTF-8. Other variables need not be.
    pub fn or_environment(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self> {
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("TF_AWS_")) else { continue };
            let value = value.to_str().ok_or_else(|| {
                let detail = format!("The value of the environment variable \"{name}\" is not valid UTF-8.");
                Diagnostic::error("Invalid environment variable", detail)
            });
            if let Some(key) = name.strip_prefix("TF_AWS_DEFAULT_TAGS_").filter(|key| !key.is_empty()) {
                self.default.entry(key.to_owned()).or_insert(value?.to_owned());
            } else if name == "TF_AWS_IGNORE_TAGS_KEYS" {
                self.ignored_keys.extend(words(value?));
            } else if name == "TF_AWS_IGNORE_TAGS_KEY_PREFIXES" {
                self.ignored_prefixes.extend(words(value?));
            }
        }
        Ok(self)
    }

    /// All wanted tags of an object, except this provider's internal ones: the default tags, overridden by its own,
    /// overridden by the `forced` ones of its kind.
    ///
    /// # Errors
    /// They are too many.
    pub fn all(&self, own: Option<&Given>, forced: &[(&str, &str)]) -> Result<Map<String>> {
        let mut all = self.default.clone();
        all.extend(own.cloned().into_iter().flat_map(given));
        all.extend(forced.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        if all.len() >= MOST {
            let detail = format!(
                "With the provider's \"default_tags\" there would be {} tags. AWS allows {MOST}, and the provider \
                 needs one of them.",
                all.len()
            );
            return Err(Diagnostic::error("Too many tags", detail));
        }
        Ok(all)
    }

    /// The tags of an object that `tags_all` shows. `own` and `forced` ones are shown even if they match the ignored
    /// keys.
    pub fn seen(&self, found: &Map<String>, own: Option<&Given>, forced: &[(&str, &str)]) -> Map<String> {
        let hidden = |key: &str| {
            is_reserved(key)
                || (self.is_ignored(key)
                    && !own.and_then(|own| own.get(key)).is_some_and(Option::is_some)
                    && !forced.iter().any(|(forced, _)| *forced == key))
        };
        found.iter().filter(|(key, _)| !hidden(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The part of the `seen` tags that `tags` shows: those that come neither from the provider's default tags nor from
    /// the kind of the object, and those it held before. A null stays null unless somebody else has added that tag.
    pub fn own(&self, seen: &Map<String>, before: Option<&Given>, forced: &[(&str, &str)]) -> Option<Given> {
        let explained = |key: &str, value: &str| {
            self.default.get(key).is_some_and(|default| default == value) || forced.iter().any(|(own, _)| *own == key)
        };
        let held = |key: &str| before.and_then(|before| before.get(key)).is_some_and(Option::is_some);
        let nulls = before.into_iter().flatten().filter(|(_, value)| value.is_none());
        let mut own: Given = nulls.map(|(key, _)| (key.clone(), None)).collect();
        let answered_for = seen.iter().filter(|(key, value)| held(key) || !explained(key, value));
        own.extend(answered_for.map(|(key, value)| (key.clone(), Some(value.clone()))));
        (before.is_some() || !own.is_empty()).then_some(own)
    }

    /// What a read shows of the tags of an object that also has those of another. Copied tags that the provider ignores
    /// by now belong to others.
    pub fn shown(&self, found: &Map<String>, before: Option<&Given>, copied: &Map<String>) -> Shown {
        let copied = self.seen(copied, None, &[]);
        let forced = not_overridden(&copied, &[]);
        let all = self.seen(found, before, &forced);
        let own = self.own(&all, before, &forced);
        Shown { own, all, copied }
    }

    fn is_ignored(&self, key: &str) -> bool {
        self.ignored_keys.contains(key) || self.ignored_prefixes.iter().any(|prefix| key.starts_with(prefix))
    }
}

/// The tags among those of a configuration that are there.
pub fn given(tags: Given) -> impl Iterator<Item = (String, String)> {
    tags.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

/// The tags of an object that also has those of another, as its attributes show them.
pub struct Shown {
    /// `tags`.
    pub own: Option<Given>,
    /// `tags_all`.
    pub all: Map<String>,
    /// `copied_tags`.
    pub copied: Map<String>,
}

/// The changes that turn tags into others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New tags, and tags with another value.
    pub set: Map<String>,
    /// Keys of tags to remove.
    pub removed: Vec<String>,
}

impl Changes {
    /// The steps from the present tags to the wanted ones.
    pub fn between(are: &Map<String>, wanted: &Map<String>) -> Self {
        let set = wanted.iter().filter(|(key, value)| are.get(*key) != Some(value));
        let removed = are.keys().filter(|key| !wanted.contains_key(*key));
        Self {
            set: set.map(|(key, value)| (key.clone(), value.clone())).collect(),
            removed: removed.cloned().collect(),
        }
    }
}

/// The tags of a new object: all wanted ones, and the one that identifies its create.
pub fn marked(all: &Map<String>, mark: String) -> Map<String> {
    let mut marked = all.clone();
    marked.insert(CREATION.to_owned(), mark);
    marked
}

/// The tags of an object with which a copy of it is created: all but those of AWS and of this provider.
pub fn to_copy(found: &Map<String>) -> Map<String> {
    found.iter().filter(|(key, _)| !is_reserved(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The tags that are copied from another object and that none of the others override.
pub fn not_overridden<'a>(copied: &'a Map<String>, over: &[&Map<String>]) -> Vec<(&'a str, &'a str)> {
    let is_free = |key: &str| !over.iter().any(|tags| tags.contains_key(key));
    copied.iter().filter(|(key, _)| is_free(key)).map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// All wanted tags of an object that also has those of another, which its own tags and the default ones override.
///
/// # Errors
/// They are too many.
pub fn with_copied(options: &TagOptions, own: Option<&Given>, copied: &Map<String>) -> Result<Map<String>> {
    let mine: Map<String> = own.cloned().into_iter().flat_map(given).collect();
    options.all(own, &not_overridden(copied, &[&mine, &options.default]))
}

/// The mark of its create in the tags of an object.
pub fn mark(found: &Map<String>) -> Option<&String> {
    found.get(CREATION)
}

/// The keys that AWS accepts for tags, except this provider's own.
pub fn keys() -> Check {
    check::keys(Check::text(
        "must be 1 to 128 letters, digits, spaces or characters of `_.:/=+-@`, and begin with neither `aws:` nor `rdsauth:`",
        |key| {
            let reserved = key.to_ascii_lowercase().starts_with("aws:") || key.starts_with(OURS);
            (1..=128).contains(&key.chars().count()) && !reserved && key.chars().all(is_allowed)
        },
    ))
}

/// The values that AWS accepts for tags.
pub fn value() -> Check {
    Check::text("must be at most 256 letters, digits, spaces or characters of `_.:/=+-@`", |value| {
        value.chars().count() <= 256 && value.chars().all(is_allowed)
    })
}

fn is_reserved(key: &str) -> bool {
    key.starts_with(OURS) || key.starts_with("aws:")
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
}

/// AWS's `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, in which line breaks and tabs are no white space.
fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Map<String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn options() -> TagOptions {
        TagOptions {
            default: map(&[("team", "data"), ("stage", "dev")]),
            ignored_keys: BTreeSet::from(["seen-by".to_owned()]),
            ignored_prefixes: vec!["cost/".to_owned()],
        }
    }

    fn own(pairs: &[(&str, Option<&str>)]) -> Given {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect()
    }

    #[test]
    fn copied_tags_give_way_to_others() {
        let copied = map(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(not_overridden(&copied, &[&map(&[("b", "x")]), &map(&[("c", "y")])]), [("a", "1")]);
        let all =
            with_copied(&options(), Some(&own(&[("b", Some("x"))])), &map(&[("b", "2"), ("stage", "old"), ("z", "1")]));
        assert_eq!(all.unwrap(), map(&[("b", "x"), ("stage", "dev"), ("team", "data"), ("z", "1")]));
    }

    const FORCED: &[(&str, &str)] = &[("assumer", "loader")];

    #[test]
    fn the_nearer_tag_wins() {
        let all = options().all(Some(&own(&[("stage", Some("prod")), ("assumer", Some("me"))])), FORCED).unwrap();
        assert_eq!(all, map(&[("assumer", "loader"), ("stage", "prod"), ("team", "data")]));
        assert_eq!(options().all(None, &[]).unwrap(), options().default);
    }

    #[test]
    fn tags_of_others_are_not_seen() {
        let found = map(&[
            ("assumer", "loader"),
            ("aws:cloudformation", "x"),
            ("cost/center", "7"),
            ("new", "1"),
            (CREATION, "role/1f"),
            ("seen-by", "scanner"),
        ]);
        assert_eq!(options().seen(&found, None, FORCED), map(&[("assumer", "loader"), ("new", "1")]));
        let mine = own(&[("seen-by", Some("scanner"))]);
        assert!(options().seen(&found, Some(&mine), FORCED).contains_key("seen-by"));
        let blind = TagOptions { ignored_keys: BTreeSet::from(["assumer".to_owned()]), ..TagOptions::default() };
        assert!(blind.seen(&found, None, FORCED).contains_key("assumer"), "what is forced is watched");
    }

    #[test]
    fn drift_shows_in_the_own_tags() {
        let options = options();
        let before = own(&[("a", Some("1"))]);
        let all = options.all(Some(&before), FORCED).unwrap();
        assert_eq!(options.own(&all, Some(&before), FORCED), Some(before.clone()));
        assert_eq!(options.own(&all, None, FORCED), Some(before.clone()), "an import");
        assert_eq!(options.own(&options.default, None, &[]), None);
        assert_eq!(options.own(&options.default, Some(&Given::new()), &[]), Some(Given::new()), "an empty map stays");
        let changed = map(&[("a", "1"), ("foreign", "x"), ("stage", "prod")]);
        let shown = own(&[("a", Some("1")), ("foreign", Some("x")), ("stage", Some("prod"))]);
        assert_eq!(options.own(&changed, Some(&before), &[]), Some(shown));
        let same_as_default = own(&[("team", Some("data"))]);
        assert_eq!(options.own(&options.default, Some(&same_as_default), &[]), Some(same_as_default));
    }

    #[test]
    fn a_null_tag_is_left_out_and_stays_null() {
        let options = options();
        let before = own(&[("a", Some("1")), ("none", None), ("stage", None), ("seen-by", None)]);
        let all = options.all(Some(&before), &[]).unwrap();
        assert_eq!(all, map(&[("a", "1"), ("stage", "dev"), ("team", "data")]), "the default one is not overridden");
        assert_eq!(options.own(&all, Some(&before), &[]), Some(before.clone()));
        let ignored = map(&[("seen-by", "scanner")]);
        assert_eq!(options.seen(&ignored, Some(&before), &[]), Map::new());
        let changed = map(&[("a", "1"), ("none", "x")]);
        let shown = own(&[("a", Some("1")), ("none", Some("x")), ("stage", None), ("seen-by", None)]);
        assert_eq!(options.own(&changed, Some(&before), &[]), Some(shown));
    }

    #[test]
    fn the_block_goes_before_the_environment() {
        let variables = [
            ("TF_AWS_DEFAULT_TAGS_stage", "env"),
            ("TF_AWS_DEFAULT_TAGS_owner", "me"),
            ("TF_AWS_DEFAULT_TAGS_", "nothing"),
            ("TF_AWS_IGNORE_TAGS_KEYS", "a, b,"),
            ("TF_AWS_IGNORE_TAGS_KEY_PREFIXES", "x/"),
        ];
        let both = options().or_environment(variables.map(|(name, value)| (name.into(), value.into()))).unwrap();
        assert_eq!(both.default, map(&[("owner", "me"), ("stage", "dev"), ("team", "data")]));
        assert_eq!(both.ignored_keys, ["a", "b", "seen-by"].map(str::to_owned).into());
        assert_eq!(both.ignored_prefixes, ["cost/", "x/"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_our_own_variables_have_to_be_utf_8() {
        use std::os::unix::ffi::OsStringExt as _;
        let bytes = || OsString::from_vec(b"\xff\xfe".to_vec());
        let foreign = [("OTHER".into(), bytes()), (bytes(), "x".into()), ("TF_AWS_OTHER".into(), bytes())];
        assert_eq!(options().or_environment(foreign).unwrap().default, options().default);
        for name in ["TF_AWS_DEFAULT_TAGS_owner", "TF_AWS_IGNORE_TAGS_KEYS", "TF_AWS_IGNORE_TAGS_KEY_PREFIXES"] {
            let error = options().or_environment([(name.into(), bytes())]).unwrap_err();
            assert!(error.detail.contains(name), "{error}");
        }
    }

    #[test]
    fn changes_are_the_least() {
        let changes = Changes::between(&map(&[("a", "1"), ("b", "1"), ("c", "1")]), &map(&[("a", "1"), ("b", "2")]));
        assert_eq!(changes, Changes { set: map(&[("b", "2")]), removed: vec!["c".to_owned()] });
        assert_eq!(Changes::between(&Map::new(), &Map::new()), Changes::default());
    }

    #[test]
    fn a_creation_is_known_by_its_mark() {
        let marked = marked(&map(&[("a", "1")]), "role/1f".to_owned());
        assert_eq!((mark(&marked).map(String::as_str), mark(&Map::new())), (Some("role/1f"), None));
    }

    #[test]
    fn there_is_room_for_the_mark() {
        let many = |count: usize| (0..count).map(|n| (n.to_string(), Some(String::new()))).collect::<Given>();
        let options = TagOptions::default();
        assert_eq!(marked(&options.all(Some(&many(49)), &[]).unwrap(), "x/1".to_owned()).len(), 50);
        assert_eq!(options.all(Some(&many(50)), &[]).unwrap_err().summary, "Too many tags");
    }

    #[test]
    fn keys_and_values_are_those_of_aws() {
        use tf_provider::value::Value;
        let long = "k".repeat(129);
        for (text, is_key) in
            [("a b:/=+-@ü", true), ("", false), ("aws:x", false), ("AWS:x", false), (CREATION, false), (&long, false)]
        {
            let tags = Value::Map([(text.to_owned(), Value::from(""))].into());
            assert_eq!(keys().complaint("tags", &tags).is_none(), is_key, "{text}");
        }
        assert!(value().complaint("tags", &Value::from("")).is_none());
        for (text, is_allowed) in [
            ("a;b", false),
            ("a\nb", false),
            ("a\tb", false),
            ("a\r", false),
            ("a\u{85}", false),
            ("a\u{a0}\u{2009}\u{3000}b", true),
            ("Ⅷ½東京", true),
        ] {
            assert_eq!(value().complaint("tags", &Value::from(text)).is_none(), is_allowed, "{text:?}");
        }
    }
}
