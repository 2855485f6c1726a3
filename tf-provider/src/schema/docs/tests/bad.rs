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
    ($test:ident, $model:ident { $($body:tt)* }, [$($complaint:literal),* $(,)?]) => {
        crate::model! {
            /// A thing.
            pub(crate) struct $model { $($body)* }
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

bad!(
    identities,
    Identities {
        /// The name.
        name: String = required().replace().identity(),
    },
    [
        ": there is no example import-by-identity.tf",
        ": there is no example import-by-string-id.tf",
        ": there is no example import.sh",
    ]
);

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
    let error = pages::<Only<Texts>>(examples.path(), "bad").unwrap_err();
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
