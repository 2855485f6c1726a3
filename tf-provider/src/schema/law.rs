//! Mistakes that one can make in a `model!` and the compiler does not see.

use crate::schema::{Attribute, Nesting, Operation, Presence, Provider, Table, parse_duration};
use crate::value::Type;

/// What a model is used for; each use has rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The provider block.
    Provider,
    /// A resource.
    Resource,
    /// A data source.
    DataSource,
    /// An ephemeral resource.
    Ephemeral,
    /// The parameters of a function.
    Function,
}

/// Where a table stands in its entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Top,
    /// A block, and whether a list or a set of blocks is it or is above it.
    Block {
        list: bool,
        set: bool,
    },
    /// The elements of an attribute, which come and go with it as a whole.
    Element,
}

/// The rules that contradict each other, or their use, in all models of a provider: one line each, with the place.
///
/// A provider calls it in a test and expects nothing.
pub fn of<P: Provider>() -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |kind, name: &str, table| {
        found.extend(complaints(kind, table).into_iter().map(|complaint| format!("{name}.{complaint}")));
    };
    add(Kind::Provider, "provider", <P::Config as crate::schema::Model>::table());
    P::resources().iter().for_each(|entry| add(Kind::Resource, entry.name(), entry.table()));
    P::data_sources().iter().for_each(|entry| add(Kind::DataSource, entry.name(), entry.table()));
    P::ephemerals().iter().for_each(|entry| add(Kind::Ephemeral, entry.name(), entry.table()));
    P::functions().iter().for_each(|entry| add(Kind::Function, entry.name(), entry.table()));
    found
}

/// The rules that contradict each other, or their use, in one model.
pub fn complaints(kind: Kind, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    judge(kind, Place::Top, table, "", &mut found);
    found
}

fn judge(kind: Kind, place: Place, table: &Table, at: &str, found: &mut Vec<String>) {
    for (index, attribute) in table.attributes.iter().enumerate() {
        let mut complain = |sentence: &str| found.push(format!("{at}{}: {sentence}", attribute.name));
        let last = index + 1 == table.attributes.len();
        if attribute.flags.block {
            block(kind, place, attribute, &mut complain);
        } else {
            leaf(kind, place, attribute, last, &mut complain);
        }
        if let Some(nested) = attribute.traits.table {
            let place = attribute.block().map_or(Place::Element, |(nesting, _)| place.within(nesting));
            judge(kind, place, nested, &format!("{at}{}.", attribute.name), found);
        }
    }
    for (name, limit) in table.timeouts.iter().flat_map(|timeouts| &timeouts.0) {
        let mut complain = |sentence: &str| found.push(format!("{at}timeouts.{name}: {sentence}"));
        let operations = [Operation::Create, Operation::Read, Operation::Update, Operation::Delete];
        if !operations.iter().any(|operation| operation.name() == *name) {
            complain("there is no such operation");
        }
        if parse_duration(limit).is_err() {
            complain("the default is no duration");
        }
        if place != Place::Top || matches!(kind, Kind::Provider | Kind::Function) {
            complain("only a resource, a data source or an ephemeral resource has timeouts");
        }
    }
}

impl Place {
    /// A block in this place.
    fn within(self, nesting: Nesting) -> Self {
        let (list, set) = match self {
            Self::Block { list, set } => (list, set),
            Self::Top | Self::Element => (false, false),
        };
        Self::Block { list: list || nesting == Nesting::List, set: set || nesting == Nesting::Set }
    }
}

fn block(kind: Kind, place: Place, attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let flags = &attribute.flags;
    let Some((nesting, _)) = attribute.block() else {
        return complain("a block needs a model inside");
    };
    if matches!(attribute.ty, Type::Map(_)) {
        return complain("blocks are a list, a set or a single one, never a map");
    }
    if kind == Kind::Function {
        complain("a function has parameters, not blocks");
    }
    if place == Place::Element {
        complain("an attribute has no blocks inside");
    }
    if attribute.traits.computed {
        complain("a block cannot be computed");
    }
    if nesting == Nesting::Single {
        if flags.min > 1 || flags.max > 1 {
            complain("a single block occurs at most once");
        }
        if flags.min == 0 && !attribute.traits.nullable {
            complain("a block that may be absent is an Option");
        }
    } else if attribute.traits.nullable && kind != Kind::Provider {
        complain("absent blocks are an empty collection, not an Option");
    }
    if flags.max > 0 && flags.min > flags.max {
        complain("fewer blocks are allowed than needed");
    }
    if !flags.checks.is_empty() || !flags.each.is_empty() {
        complain("the checks of a block are never called; check its attributes, or use min and max");
    }
    let useless = [
        (flags.default.is_some(), "a default"),
        (flags.derived.is_some(), "a derivation"),
        (flags.identity, "an identity"),
        (flags.keep, "keep"),
        (flags.sensitive, "sensitive"),
        (flags.write_only, "write_only"),
    ];
    for (_, what) in useless.iter().filter(|(there, _)| *there) {
        complain(&format!("a block has no use for {what}"));
    }
}

fn leaf(kind: Kind, place: Place, attribute: &Attribute, last: bool, complain: &mut impl FnMut(&str)) {
    let (flags, traits) = (&attribute.flags, &attribute.traits);
    if flags.min > 0 || flags.max > 0 {
        complain("min and max are for blocks");
    }
    if flags.variadic && (kind != Kind::Function || !last || !matches!(attribute.ty, Type::List(_))) {
        complain("only the last parameter of a function is variadic, and it is a Vec");
    }
    presence(kind, place, attribute, complain);
    default(attribute, complain);
    computed(attribute, complain);
    let resource_only = [
        (flags.replace, "replace"),
        (flags.keep, "keep"),
        (flags.write_only, "write_only"),
        (flags.identity, "identity"),
        (flags.derived.is_some(), "derived"),
    ];
    for (_, what) in resource_only.iter().filter(|(there, _)| *there && kind != Kind::Resource) {
        complain(&format!("{what} is for resources"));
    }
    if flags.write_only {
        if attribute.is_computed() {
            complain("write-only values are never computed and have no default");
        }
        if matches!(place, Place::Block { set: true, .. }) {
            complain("a set of blocks cannot hold write-only values");
        }
        if flags.replace {
            complain("a write-only value cannot be compared; replace its version instead");
        }
    }
    if let Place::Block { list, set } = place
        && is_dynamic(&attribute.ty)
    {
        // Core takes a list of such blocks itself for a value of any type, and refuses a set of them.
        for (_, within) in [(list, "list"), (set, "set")].iter().filter(|(there, _)| *there) {
            complain(&format!("a {within} of blocks cannot hold values of any type"));
        }
    }
    if place != Place::Top && flags.derived.is_some() {
        complain("only attributes at the top are derived");
    }
    if flags.identity {
        identity(place, attribute, complain);
    }
    if place == Place::Element && (flags.replace || flags.sensitive || traits.secret || flags.write_only || flags.keep)
        || place == Place::Element && (!flags.checks.is_empty() || !flags.each.is_empty())
    {
        complain("the rules of an attribute's elements are never looked at; use the attribute's own, or blocks");
    }
    if place == Place::Element && flags.default.is_some() {
        complain("an attribute's elements have no defaults; use blocks");
    }
}

fn presence(kind: Kind, place: Place, attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let (flags, traits) = (&attribute.flags, &attribute.traits);
    let collection = matches!(attribute.ty, Type::List(_) | Type::Set(_) | Type::Map(_));
    match flags.presence {
        Presence::Required if traits.computed => complain("required, so never computed"),
        Presence::Required
            if traits.nullable && attribute.ty != Type::Dynamic && !matches!(kind, Kind::Function | Kind::Provider) =>
        {
            complain("required, so not an Option");
        }
        Presence::Optional if kind == Kind::Function => complain("a parameter is required, or an Option"),
        Presence::Optional if flags.default.is_some() && traits.nullable && attribute.ty != Type::Dynamic => {
            complain("has a default, so not an Option");
        }
        Presence::Optional if flags.default.is_none() && !traits.nullable && !traits.computed && !collection => {
            complain("optional without a default, so an Option");
        }
        Presence::Computed if matches!(kind, Kind::Provider | Kind::Function) => {
            complain("nobody computes it here");
        }
        Presence::Computed if kind == Kind::Resource && place != Place::Element && !traits.computed => {
            complain("computed, so not known in a plan: the type is Computed");
        }
        _ => {}
    }
    if place == Place::Element && traits.computed {
        complain("the elements of an attribute are not computed one by one");
    }
}

fn default(attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let flags = &attribute.flags;
    let Some(value) = &flags.default else { return };
    if flags.presence != Presence::Optional {
        complain("only an optional attribute has a default");
    }
    if !value.is_wholly_known() || value.is_null() || (attribute.fits)(value).is_err() {
        complain("the default is no value of the type");
    }
    let elements = value.as_elements().into_iter().flatten().chain(value.as_map().into_iter().flat_map(|m| m.values()));
    let refused = flags.checks.iter().any(|check| check.complaint("", value).is_some())
        || elements.into_iter().any(|element| flags.each.iter().any(|check| check.complaint("", element).is_some()));
    if refused {
        complain("the default does not pass the attribute's own checks");
    }
}

fn computed(attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let flags = &attribute.flags;
    let only = flags.presence == Presence::Computed;
    if flags.keep && !only {
        complain("keep is for what only the provider sets");
    }
    if flags.derived.is_some() && !only {
        complain("derived, so only the provider sets it");
    }
    if flags.derived.is_some() && flags.keep {
        complain("derived anew with each plan, so never kept");
    }
    if only && flags.replace && !flags.keep && flags.derived.is_none() {
        complain("unknown in every update, so every update would replace");
    }
    if only && (!flags.checks.is_empty() || !flags.each.is_empty()) {
        complain("checks judge the configuration, which never sets it");
    }
}

fn identity(place: Place, attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let flags = &attribute.flags;
    if place != Place::Top {
        complain("only attributes at the top identify");
    }
    if !matches!(attribute.ty, Type::String | Type::Number) {
        complain("an identity is text or a number");
    }
    if flags.write_only || attribute.is_sensitive() {
        complain("an identity is no secret");
    }
    if attribute.traits.nullable && flags.presence == Presence::Computed {
        complain("an identity is always there, unless the configuration chooses between several");
    }
    match flags.presence {
        Presence::Computed if !flags.keep => complain("an identity survives updates: keep it"),
        Presence::Required | Presence::Optional if !flags.replace => {
            complain("an object cannot change its identity: replace it");
        }
        _ => {}
    }
}

fn is_dynamic(ty: &Type) -> bool {
    match ty {
        Type::Dynamic => true,
        Type::List(ty) | Type::Set(ty) | Type::Map(ty) => is_dynamic(ty),
        Type::Tuple(types) => types.iter().any(is_dynamic),
        Type::Object(object) => object.attributes.values().any(is_dynamic),
        Type::Bool | Type::Number | Type::String => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::sample::Sample;
    use crate::schema::{
        Computed, Dynamic, Field, Model as _, Rules, Secret, Set, Timeouts, Val, block, check, computed, optional,
        required, variadic,
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

    /// The complaints about a resource with one attribute.
    fn one<T: Field>(rules: Rules<Sample, T>) -> Vec<String> {
        of_kind(Kind::Resource, rules)
    }

    fn of_kind<T: Field>(kind: Kind, rules: Rules<Sample, T>) -> Vec<String> {
        let mut table = Table::new("");
        table.push("it", "", rules);
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
    fn presence_and_type_agree() {
        check::<Computed<String>>(required(), "required, so never computed");
        check::<Option<String>>(required(), "required, so not an Option");
        check::<Option<i64>>(optional().or(1), "has a default, so not an Option");
        check::<bool>(optional(), "optional without a default, so an Option");
        check::<String>(computed(), "computed, so not known in a plan: the type is Computed");
        assert_eq!(of_kind::<String>(Kind::DataSource, computed()), [""; 0], "a data source is never planned");
        assert_eq!(of_kind::<Computed<String>>(Kind::Provider, computed()), ["it: nobody computes it here"]);
        assert_eq!(
            of_kind::<Option<String>>(Kind::Function, optional()),
            ["it: a parameter is required, or an Option"]
        );
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
        check::<Vec<Inner>>(block().sensitive(), "a block has no use for sensitive");
        check::<Vec<Inner>>(block().identity(), "a block has no use for an identity");
        let checked = "the checks of a block are never called; check its attributes, or use min and max";
        check::<Vec<Inner>>(block().check(check::size(1..=2)), checked);
        check::<Option<String>>(optional().max(2), "min and max are for blocks");
    }

    #[test]
    fn elements_of_an_attribute_have_no_life_of_their_own() {
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
    fn timeouts_are_of_operations() {
        let mut table = Table::new("");
        table.timeouts = Some(Timeouts(vec![("create", "5m"), ("delete", "soon"), ("restart", "5m")]));
        assert_eq!(
            complaints(Kind::Resource, &table),
            ["timeouts.delete: the default is no duration", "timeouts.restart: there is no such operation"]
        );
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
}
