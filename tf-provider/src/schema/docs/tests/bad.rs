//! One bad sample for each law.

use super::*;

crate::model! {
    /// A sound provider.
    pub(crate) struct Empty {}
}

/// A provider whose only resource is `M`, named `thing`.
struct Only<M>(std::marker::PhantomData<fn() -> M>);

impl<M: Resource<()>> Provider for Only<M> {
    type World = ();
    type Config = Empty;

    const NAME: &'static str = "bad";

    fn configure(_: Empty, _: Host) -> Result<()> {
        Ok(())
    }

    fn resources() -> &'static [ResourceEntry<()>] {
        const { &[resource::<(), M>()] }
    }
}

/// Declares a resource and expects exactly these complaints about it.
macro_rules! bad {
    ($test:ident, $model:ident { $($body:tt)* } $(timeouts { $($timeouts:tt)* })?, [$($complaint:literal),* $(,)?]) => {
        crate::model! {
            /// A thing.
            pub(crate) struct $model { $($body)* }
            $(timeouts { $($timeouts)* })?
        }

        impl Resource<()> for $model {
            const TYPE: &'static str = "thing";

            async fn create(_: &Ctx<()>, plan: Self) -> Result<Self> {
                Ok(plan)
            }

            async fn read(_: &Ctx<()>, state: Self) -> Result<Option<Self>> {
                Ok(Some(state))
            }

            async fn update(_: &Ctx<()>, plan: Self, _: Self) -> Result<Self> {
                Ok(plan)
            }

            async fn delete(_: &Ctx<()>, _: Self) -> Result<()> {
                Ok(())
            }
        }

        #[test]
        fn $test() {
            let examples = tempfile::tempdir().unwrap();
            for (directory, file) in [("provider", "provider.tf"), ("resources/bad_thing", "resource.tf")] {
                fs::create_dir_all(examples.path().join(directory)).unwrap();
                fs::write(examples.path().join(directory).join(file), "resource \"bad_thing\" \"x\" {}").unwrap();
            }
            let expected: Vec<String> = vec![$(concat!("resource/bad_thing", $complaint).to_owned()),*];
            assert_eq!(complaints::<Only<$model>>(examples.path(), "bad", &["max_connections"]), expected);
        }
    };
}

bad!(names, Names {
    /// Counts.
    count: i64 = required(),
    /// Whispers.
    _loud: i64 = required(),
    /// Connects.
    connection: Option<Moat> = block(),
}, [
    ".count: the name is reserved",
    "._loud: the name is not lower-case letters, digits and underscores",
    ".connection: the name is reserved",
]);

bad!(texts, Texts {
    /// Lower case.
    a: i64 = required(),
    /// No full stop
    b: i64 = required(),
    c: i64 = required(),
    /// One.
    ///
    /// Two.
    d: i64 = required(),
    /// Once. Defaults to `1`.
    e: i64 = optional().or(1),
    /// Old.
    f: Option<i64> = optional().deprecated("use e"),
    /// Checked.
    g: String = required().check(check::Check::text("is short", |text| text.len() < 9)),
}, [
    ".b: the description is not a sentence",
    ".c: the description is not a sentence",
    ".d: the description is more than one paragraph",
    ".e: the description repeats what its rules say",
    ".f: what to use instead of the deprecated is not a sentence",
    ".g: a check does not begin with `must`",
]);

bad!(words, Spelling {
    /// See `other_name`, `max_connections`, `bad_thing` and `moat.dept`, not `moat.depth`.
    name: String = required().check(check::one_of(&["a_b"])),
    /// Like `a_b`; goes with `for_each`, `role` and `nmae_x`.
    moat: Option<Moat> = block(),
}, [
    ".name: there is no attribute `other_name`",
    ".name: there is no attribute `moat.dept`",
    ".moat: there is no attribute `nmae_x`",
]);

bad!(write_only, WriteOnly {
    /// Without a partner.
    a_wo: Option<String> = optional().write_only(),
    /// With a default.
    b_wo: String = optional().write_only().or("x"),
    /// Its partner.
    b_wo_version: Option<i64> = optional(),
    /// Holds them.
    set: Set<Animal> = block(),
}, [
    ".a_wo: the write-only attribute has no partner `a_wo_version`",
    ".b_wo: a write-only attribute is computed or a block",
    ".set.secret_wo: a write-only attribute is in a set or an object",
]);

crate::model! {
    /// Hides something.
    pub(crate) struct Hidden {
        /// Hidden.
        secret: Secret<String> = computed(),
    }
}

bad!(presence, PresenceOf {
    /// Never null in Rust.
    a: String = optional(),
    /// Never unknown in Rust.
    b: String = computed(),
    /// May be anything.
    set: Set<Dynamic> = optional().or(Set::from_iter([])),
    /// Shows what is hidden.
    hidden: Computed<Vec<Hidden>> = computed(),
    /// No parameter.
    more: Vec<String> = variadic(),
}, [
    ".a: an optional attribute without a default is not `Option<…>`",
    ".b: a computed attribute is not `Computed<…>`",
    ".hidden: it holds something sensitive and is not sensitive itself",
    ".more: only the last parameter of a function is variadic, and it is a list",
]);

crate::model! {
    /// Only shows.
    pub(crate) struct Shown {
        /// Shown.
        it: Computed<String> = computed(),
        /// Of any type.
        any: Option<Dynamic> = computed(),
    }
}

bad!(blocks, Blocks {
    /// Too few.
    few: Vec<Meal> = block().min(3).max(2),
    /// Twice.
    twice: Option<Meal> = block().max(2),
    /// Never absent in Rust.
    bare: Meal = block(),
    /// Nothing to set.
    shown: Vec<Shown> = block(),
    /// No model.
    text: Option<String> = block(),
}, [
    ".few: at least so many blocks are more than at most so many",
    ".twice: a single block occurs more than once",
    ".bare: a single block that may be absent is not `Option<…>`",
    ".shown: a block holds nothing to set; make it a computed attribute",
    ".shown.any: a computed attribute is not `Computed<…>`",
    ".text: a block holds a model",
]);

bad!(defaults, Defaults {
    /// Too long.
    a: String = optional().or("abc").check(check::length(1..=2)),
    /// With a bad element.
    b: Vec<String> = optional().or(vec!["abc".to_owned()]).each(check::length(1..=2)),
    /// Needs none.
    c: String = required().or("a"),
} timeouts { create: "soon", destroy: "1h", create: "1h" }, [
    ".a: the default fails the check `must be 1 to 2 characters long`",
    ".b: the default fails the check `must be 1 to 2 characters long`",
    ".c: only an optional attribute has a default",
    ".timeouts.create: the default is \"soon\", which is not a positive duration such as \"90s\" or \"1h30m\"",
    ".timeouts.destroy: there is no such operation",
    ".timeouts.create: the name is taken",
]);

bad!(identities, Identities {
    /// Ever new.
    a: Computed<String> = computed().identity(),
    /// Secret.
    b: Secret<String> = required().identity(),
    /// A map.
    c: Map<String> = required().identity(),
}, [
    ".a: the identity changes with every update",
    ".b: the identity is secret",
    ".c: the identity is no string, number, bool or list of them",
    ": there is no example import-by-identity.tf",
    ": there is no example import-by-string-id.tf",
    ": there is no example import.sh",
]);

#[test]
fn examples_are_missing_empty_or_of_something_else() {
    let examples = tempfile::tempdir().unwrap();
    let resource = examples.path().join("resources/zoo_enclosure");
    fs::create_dir_all(&resource).unwrap();
    fs::write(resource.join("resource.tf"), "resource \"other\" \"x\" {}").unwrap();
    for file in ["import-by-identity.tf", "import.sh"] {
        fs::write(resource.join(file), "zoo_enclosure").unwrap();
    }
    fs::write(resource.join("import-by-string-id.tf"), " \n").unwrap();
    assert_eq!(
        complaints::<Zoo>(examples.path(), "zoo", &[]),
        [
            "provider/zoo: there is no example",
            "resource/zoo_enclosure: an example does not show it",
            "resource/zoo_enclosure: resources/zoo_enclosure/import-by-string-id.tf: the example is empty",
            "data-source/zoo_animal: there is no example",
            "ephemeral-resource/zoo_ticket: there is no example",
            "list-resource/zoo_enclosure: there is no example",
            "action/zoo_feed: there is no example",
            "function/count_animals: there is no example",
            "function/now: there is no example",
        ]
    );
}

#[test]
fn a_resource_without_identity_is_not_imported_by_it() {
    let examples = tempfile::tempdir().unwrap();
    let resource = examples.path().join("resources/bad_thing");
    fs::create_dir_all(&resource).unwrap();
    fs::write(resource.join("import-by-identity.tf"), "bad_thing").unwrap();
    let error = pages::<Only<Names>>(examples.path(), "bad").unwrap_err();
    assert_eq!(error.to_string(), "bad_thing has import-by-identity.tf and no identity");
}

#[test]
fn a_page_has_a_greatest_size() {
    let examples = tempfile::tempdir().unwrap();
    for (directory, file, size) in [("provider", "provider.tf", 0), ("resources/bad_thing", "resource.tf", 500_000)] {
        fs::create_dir_all(examples.path().join(directory)).unwrap();
        fs::write(examples.path().join(directory).join(file), format!("bad_thing{}", "#".repeat(size))).unwrap();
    }
    let complaints = complaints::<Only<Texts>>(examples.path(), "bad", &[]);
    assert_eq!(
        complaints.last().map(String::as_str),
        Some("resource/bad_thing: the page is too large for the registry")
    );
}
