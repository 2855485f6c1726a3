use super::*;
use crate::schema::sample::Sample;
use crate::schema::{
    Computed, Ctx, Dynamic, Field, Host, List, ListEntry, Listing, Map, Model as _, Relation, Resource, Rules, Secret,
    Set, Timeouts, Val, block, check, computed, list, optional, required, variadic,
};
use crate::value::Value;

crate::model! {
    /// A nested model without faults.
    struct Inner {
        /// Size.
        size: i64 = required(),
    }
}

crate::model! {
    /// A nested model that keeps a secret.
    struct Keeper {
        /// Secret.
        password: Option<Secret<String>> = optional().write_only(),
        /// Sends it again.
        password_wo_version: Option<i64> = optional(),
    }
}

crate::model! {
    /// A nested model with one that keeps a secret.
    struct Sleeve {
        /// At most one.
        keeper: Option<Keeper> = block(),
    }
}

crate::model! {
    /// A nested model of any content.
    struct Bag {
        /// Anything.
        anything: Dynamic = optional(),
    }
}

crate::model! {
    /// A nested model with one of any content.
    struct Trunk {
        /// At most one.
        bag: Option<Bag> = block(),
    }
}

crate::model! {
    /// A nested model with several of any content.
    struct Shelf {
        /// Some.
        bag: Vec<Bag> = block(),
    }
}

crate::model! {
    /// A nested model with an attribute of any content.
    struct Drawer {
        /// Some.
        bags: Option<Vec<Bag>> = optional(),
    }
}

crate::model! {
    /// A nested model with a default.
    struct Lively {
        /// Size.
        size: i64 = optional().or(1),
        /// Filled.
        id: Computed<String> = computed(),
    }
}

crate::model! {
    /// A nested model that only shows, and shows a secret.
    struct Shown {
        /// Shown.
        secret: Secret<String> = computed(),
    }
}

/// The complaints about a resource with one attribute.
fn one<T: Field>(rules: Rules<Sample, T>) -> Vec<String> {
    of_kind(Kind::Resource, rules)
}

fn of_kind<T: Field>(kind: Kind, rules: Rules<Sample, T>) -> Vec<String> {
    let mut table = Table::new("");
    table.push("it", "", rules);
    if table.attributes[0].flags.write_only {
        table.push::<Sample, Option<i64>>("it_wo_version", "", optional());
    }
    complaints(kind, &table)
}

#[track_caller]
fn check<T: Field>(rules: Rules<Sample, T>, complaint: &str) {
    assert_eq!(one(rules), [format!("it: {complaint}")]);
}

#[test]
fn the_sample_is_without_fault() {
    assert_eq!(complaints(Kind::Resource, Sample::table()), [""; 0]);
}

#[test]
fn names_are_free_and_each_is_used_once() {
    let named = |kind, names: &[&'static str]| {
        let mut table = Table::new("");
        names.iter().for_each(|name| table.push::<Sample, String>(name, "", required()));
        complaints(kind, &table)
    };
    assert_eq!(named(Kind::Resource, &["a", "b", "a"]), ["a: the name is taken"]);
    assert_eq!(
        named(Kind::Resource, &["_a", "A"]),
        ["_a", "A"].map(|name| format!("{name}: the name is not lower-case letters, digits and underscores"))
    );
    assert_eq!(named(Kind::Resource, &["count", "version"]), ["count: the name is reserved"]);
    assert_eq!(named(Kind::Provider, &["count", "version"]).len(), 2);
    assert_eq!(named(Kind::Function, &["count"]), [""; 0]);
}

#[test]
fn presence_and_type_agree() {
    check::<Computed<String>>(required(), "required, so never computed");
    check::<Option<String>>(required(), "required, so not an Option");
    check::<Option<i64>>(optional().or(1), "has a default, so not an Option");
    check::<bool>(optional(), "optional without a default, so an Option");
    check::<String>(computed(), "computed, so not known in a plan: the type is Computed");
    assert_eq!(of_kind::<String>(Kind::DataSource, computed()), [""; 0], "a data source is never planned");
    assert_eq!(of_kind::<Computed<String>>(Kind::Provider, computed()), ["it: nobody computes it here"]);
    assert_eq!(of_kind::<Option<String>>(Kind::Function, optional()), ["it: a parameter is required, or an Option"]);
    assert_eq!(of_kind::<Option<String>>(Kind::Function, required()), [""; 0], "null is an argument too");
}

#[test]
fn defaults_are_of_use_and_right() {
    check::<bool>(required().or(true), "only an optional attribute has a default");
    check::<Computed<bool>>(computed().or(true), "only an optional attribute has a default");
    let refused = "the default does not pass the attribute's own checks";
    check::<i64>(optional().or(9).check(check::between(1..=3)), refused);
    check::<Vec<String>>(optional().or(vec![String::new()]).each(check::length(1..=3)), refused);
    assert_eq!(one::<i64>(optional().or(2).check(check::between(1..=3))), [""; 0]);
}

#[test]
fn a_check_can_refuse_something() {
    let (wrong, in_it) = (
        "a check is of another type than the attribute",
        "a check of each element is of another type than the elements",
    );
    check::<Vec<String>>(required().check(check::length(1..=3)), wrong);
    check::<String>(required().check(check::size(1..=3)), wrong);
    check::<String>(required().check(check::between(1..=3)), wrong);
    check::<Vec<String>>(required().check(check::keys(check::length(1..=3))), wrong);
    check::<Vec<i64>>(required().each(check::length(1..=3)), in_it);
    check::<String>(required().each(check::length(1..=3)), in_it);
    assert_eq!(one::<Vec<String>>(required().check(check::size(1..=3)).each(check::length(1..=3))), [""; 0]);
    assert_eq!(one::<Map<String>>(required().check(check::keys(check::length(1..=3)))), [""; 0]);
}

#[test]
fn computed_attributes_follow_one_rule() {
    check::<Computed<String>>(optional().keep(), "keep is for what only the provider sets");
    let derived = |rules: Rules<Sample, Computed<String>>| rules.derived(|_| Val::Null);
    check(derived(optional()), "derived, so only the provider sets it");
    check(derived(computed().keep()), "derived anew with each plan, so never kept");
    check::<Computed<String>>(computed().replace(), "unknown in every update, so every update would replace");
    assert_eq!(one(derived(computed().replace())), [""; 0]);
    let checked = computed().check(check::length(1..=3));
    check::<Computed<String>>(checked, "checks judge the configuration, which never sets it");
}

#[test]
fn write_only_values_are_only_written() {
    let mut table = Table::new("");
    table.push::<Sample, Secret<String>>("it", "", required().write_only());
    let alone = "it: the write-only attribute has no partner `it_wo_version`";
    assert_eq!(complaints(Kind::Resource, &table), [alone]);
    table.push::<Sample, Secret<String>>("it_wo_version", "", required().write_only());
    assert_eq!(
        complaints(Kind::Resource, &table).first().map(String::as_str),
        Some(alone),
        "which is written only, too"
    );
    let never = "write-only values are never computed and have no default";
    check::<Computed<String>>(optional().write_only(), never);
    check::<bool>(optional().or(true).write_only(), never);
    let replace = "a write-only value cannot be compared; replace its version instead";
    check::<Secret<String>>(required().write_only().replace(), replace);
    let set = "it.keeper.password: a set of blocks cannot hold write-only values";
    assert_eq!(one::<Set<Sleeve>>(block()), [set]);
    assert_eq!(one::<Vec<Sleeve>>(block()), [""; 0]);
    assert_eq!(one::<Set<Keeper>>(block()), [set.replace(".keeper", "")]);
    let data = of_kind::<Secret<String>>(Kind::DataSource, required().write_only());
    assert_eq!(data, ["it: write_only is for resources"]);
}

#[test]
fn blocks_that_repeat_have_the_same_type_each_time() {
    let any = |within| format!("a {within} of blocks cannot hold values of any type");
    assert_eq!(one::<Set<Bag>>(block()), [format!("it.anything: {}", any("set"))]);
    assert_eq!(one::<Vec<Bag>>(block()), [format!("it.anything: {}", any("list"))]);
    assert_eq!(one::<Option<Bag>>(block()), [""; 0]);
    assert_eq!(one::<Vec<Trunk>>(block()), [format!("it.bag.anything: {}", any("list"))]);
    assert_eq!(one::<Option<Shelf>>(block()), [format!("it.bag.anything: {}", any("list"))]);
    let both = [format!("it.bag.anything: {}", any("list")), format!("it.bag.anything: {}", any("set"))];
    assert_eq!(one::<Set<Shelf>>(block()), both);
    let within = one::<Vec<Drawer>>(block());
    assert_eq!(within, [format!("it.bags: {}", any("list"))], "an attribute in which it is");
}

#[test]
fn blocks_hold_models_and_nothing_else() {
    check::<Vec<String>>(block(), "a block needs a model inside");
    check::<crate::schema::Map<Inner>>(block(), "blocks are a list, a set or a single one, never a map");
    check::<Computed<Vec<Inner>>>(block(), "a block cannot be computed");
    check::<Inner>(block(), "a block that may be absent is an Option");
    assert_eq!(one::<Inner>(block().min(1)), [""; 0]);
    check::<Option<Vec<Inner>>>(block(), "absent blocks are an empty collection, not an Option");
    assert_eq!(of_kind::<Val<Vec<Inner>>>(Kind::Provider, block()), [""; 0], "it may be unknown");
    check::<Option<Inner>>(block().max(2), "a single block occurs at most once");
    check::<Vec<Inner>>(block().min(3).max(2), "fewer blocks are allowed than needed");
    let shown = "a block holds nothing to set; make it a computed attribute";
    assert!(one::<Vec<Shown>>(block()).contains(&format!("it: {shown}")));
    check::<Vec<Inner>>(block().sensitive(), "a block has no use for sensitive");
    check::<Vec<Inner>>(block().identity(), "a block has no use for an identity");
    let checked = "the checks of a block are never called; check its attributes, or use min and max";
    check::<Vec<Inner>>(block().check(check::size(1..=2)), checked);
    check::<Option<String>>(optional().max(2), "min and max are for blocks");
}

#[test]
fn what_holds_a_secret_is_sensitive() {
    let hides = |kind, rules: Rules<Sample, Vec<Shown>>| of_kind(kind, rules);
    let open = "it: it holds something sensitive and is not sensitive itself";
    assert!(hides(Kind::DataSource, computed()).contains(&open.to_owned()));
    assert!(!hides(Kind::DataSource, computed().sensitive()).contains(&open.to_owned()));
}

#[test]
fn elements_of_an_attribute_have_no_state_of_their_own() {
    let inside = one::<Option<Vec<Lively>>>(optional());
    assert_eq!(
        inside,
        [
            "it.size: an attribute's elements have no defaults; use blocks",
            "it.id: the elements of an attribute are not computed one by one",
        ]
    );
    assert_eq!(one::<Option<Vec<Inner>>>(optional()), [""; 0]);
}

#[test]
fn an_identity_is_plain_and_stays() {
    check::<String>(required().identity(), "an object cannot change its identity: replace it");
    check::<Computed<String>>(computed().identity(), "an identity survives updates: keep it");
    check::<bool>(required().replace().identity(), "an identity is text or a number");
    let always = "an identity is always there, unless the configuration chooses between several";
    check::<Computed<Option<String>>>(computed().keep().identity(), always);
    assert_eq!(one::<Option<String>>(optional().replace().identity()), [""; 0]);
    check::<Secret<String>>(required().replace().identity(), "an identity is no secret");
}

#[test]
fn variadic_parameters_come_last_and_only_in_functions() {
    let complaint = "it: only the last parameter of a function is variadic, and it is a Vec";
    assert_eq!(of_kind::<Vec<String>>(Kind::Function, variadic()), [""; 0]);
    assert_eq!(of_kind::<String>(Kind::Function, variadic()), [complaint]);
    assert_eq!(of_kind::<Vec<String>>(Kind::Resource, variadic()), [complaint]);
    let mut table = Table::new("");
    table.push::<Sample, Vec<String>>("it", "", variadic());
    table.push::<Sample, String>("last", "", required());
    assert_eq!(complaints(Kind::Function, &table), [complaint]);
}

#[test]
fn lists_and_actions_have_nothing_to_compute() {
    for kind in [Kind::List, Kind::Action] {
        assert_eq!(of_kind::<Option<String>>(kind, optional()), [""; 0]);
        assert_eq!(of_kind::<String>(kind, computed()), ["it: nobody computes it here"]);
        assert_eq!(of_kind::<String>(kind, required().replace()), ["it: replace is for resources"]);
    }
}

/// Lists a resource that has no identity, and that it does not have.
struct Homeless;

impl crate::schema::Provider for Homeless {
    type World = ();
    type Config = Inner;
    const NAME: &'static str = "homeless";

    fn configure(_: Inner, _: Host) -> crate::diagnostic::Result<()> {
        Ok(())
    }

    fn lists() -> &'static [ListEntry<()>] {
        const { &[list::<(), Bag>()] }
    }
}

impl Resource<()> for Inner {
    const TYPE: &'static str = "inner";

    async fn create(_: &Ctx<()>, plan: Self) -> crate::diagnostic::Result<Self> {
        Ok(plan)
    }

    async fn read(_: &Ctx<()>, state: Self) -> crate::diagnostic::Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn update(_: &Ctx<()>, plan: Self, _: Self) -> crate::diagnostic::Result<Self> {
        Ok(plan)
    }

    async fn delete(_: &Ctx<()>, _: Self) -> crate::diagnostic::Result<()> {
        Ok(())
    }
}

impl List<()> for Bag {
    type Resource = Inner;

    async fn list(_: &Ctx<()>, _: Self, _: &Listing<Inner>) -> crate::diagnostic::Result<()> {
        Ok(())
    }
}

#[test]
fn a_list_is_of_a_resource_with_an_identity() {
    let expected = [
        "inner: a list is of a resource that the provider has",
        "inner: only objects that have an identity can be listed",
    ];
    assert_eq!(of::<Homeless>(), expected);
}

#[test]
fn rules_are_about_several_attributes_that_can_be_left_out() {
    let related = |members: &[&'static str], kind| {
        let mut table = Table::new("");
        table.push::<Sample, Option<String>>("a", "", optional());
        table.push::<Sample, Vec<Inner>>("b", "", block());
        table.push::<Sample, String>("c", "", required());
        table.relate(Relation::conflicts(members));
        complaints(kind, &table)
    };
    assert_eq!(related(&["a", "b"], Kind::Resource), [""; 0]);
    assert_eq!(related(&["a"], Kind::Resource), ["a: a rule is about several attributes"]);
    assert_eq!(related(&["a", "c"], Kind::Resource), ["a, c: a rule is about what can be left out"]);
    assert_eq!(related(&["a", "d"], Kind::Resource), ["a, d: a rule is about what can be left out"]);
    let of_function = related(&["a", "b"], Kind::Function);
    assert_eq!(of_function.last().map(String::as_str), Some("a, b: a rule is never looked at here"));
}

#[test]
fn timeouts_are_of_operations() {
    let mut table = Table::new("");
    table.timeouts = Some(Timeouts(vec![("create", "5m"), ("delete", "soon"), ("restart", "5m")]));
    assert_eq!(
        complaints(Kind::Resource, &table),
        ["timeouts.delete: the default is no duration", "timeouts.restart: there is no such operation"]
    );
    table.timeouts = Some(Timeouts(vec![("create", "5m"), ("create", "6m")]));
    assert_eq!(complaints(Kind::Resource, &table), ["timeouts.create: the name is taken"]);
    table.timeouts = Some(Timeouts(vec![("create", "5m")]));
    assert_eq!(complaints(Kind::Function, &table).len(), 1);
}

#[test]
fn a_default_that_is_no_value_is_found() {
    let mut table = Table::new("");
    table.push::<Sample, i64>("it", "", optional().or(1));
    table.attributes[0].flags.default = Some(Value::from("one"));
    assert_eq!(complaints(Kind::Resource, &table), ["it: the default is no value of the type"]);
}

#[test]
fn an_identity_of_its_own_is_plain() {
    crate::model! {
        /// Identified by all that it must not be.
        struct Wrong {
            /// Identifies, too.
            name: String = required().replace().identity(),
        }
        identity { WrongIdentity }
    }
    crate::model! {
        /// Not plain.
        struct WrongIdentity {
            /// No text.
            flag: bool = required(),
            /// Secret.
            secret: Secret<String> = required(),
            /// With a default.
            name: String = optional().or("a"),
        }
    }
    impl crate::schema::Identity<Wrong> for WrongIdentity {
        fn of(_: &crate::schema::View<'_, Wrong>) -> Option<Self> {
            None
        }
        fn known(self) -> crate::diagnostic::Result<crate::schema::Partial<Wrong>> {
            Ok(crate::schema::Partial::default())
        }
    }
    let expected = [
        "only resources have an identity, and one of them",
        "identity.flag: an identity is text or a number, or a list of such",
        "identity.secret: an identity is no secret",
        "identity.name: an identity says what it is made of, and no more",
    ];
    assert_eq!(complaints(Kind::Resource, Wrong::table()), expected);
}
