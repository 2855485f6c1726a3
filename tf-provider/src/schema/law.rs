//! Mistakes in a `model!` that the compiler does not detect.

use std::collections::BTreeSet;

use crate::schema::{Attribute, Nesting, Operation, Presence, Provider, TIMEOUTS, Table, parse_duration};
use crate::value::Type;

/// Names that have another meaning for core or the framework at the top of a block.
const RESERVED: [&str; 9] =
    ["count", "for_each", "provider", "depends_on", "lifecycle", "connection", "provisioner", "locals", TIMEOUTS];
const RESERVED_IN_PROVIDER: [&str; 9] =
    ["alias", "version", "count", "for_each", "depends_on", "source", "lifecycle", "locals", TIMEOUTS];

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
    /// A list resource.
    List,
    /// An action.
    Action,
}

/// Where a table is in its entity.
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
    P::lists().iter().for_each(|entry| add(Kind::List, entry.name(), entry.table()));
    P::actions().iter().for_each(|entry| add(Kind::Action, entry.name(), entry.table()));
    for list in P::lists() {
        let name = list.name();
        if !P::resources().iter().any(|resource| resource.name() == name) {
            found.push(format!("{name}: a list is of a resource that the provider has"));
        }
        if list.resource().table().identity().next().is_none() {
            found.push(format!("{name}: only objects that have an identity can be listed"));
        }
    }
    found
}

/// The rules that contradict each other, or their use, in one model.
pub fn complaints(kind: Kind, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    judge(kind, Place::Top, table, "", &mut found);
    if let Some(identified) = &table.identified {
        identity_model(kind, table, identified.attributes(), &mut found);
    }
    found
}

/// The rules of an identity that is a model of its own.
fn identity_model(kind: Kind, table: &Table, attributes: &[Attribute], found: &mut Vec<String>) {
    if kind != Kind::Resource || table.attributes.iter().any(|attribute| attribute.flags.identity) {
        found.push("only resources have an identity, and one of them".to_owned());
    }
    for attribute in attributes {
        let mut complain = |sentence: &str| found.push(format!("identity.{}: {sentence}", attribute.name));
        let flags = &attribute.flags;
        let part = if let Type::List(ty) = &attribute.ty { ty } else { &attribute.ty };
        if !matches!(part, Type::String | Type::Number) {
            complain("an identity is text or a number, or a list of such");
        }
        if flags.write_only || attribute.is_sensitive() {
            complain("an identity is no secret");
        }
        if attribute.is_computed() || !flags.checks.is_empty() || flags.replace || flags.identity {
            complain("an identity says what it is made of, and no more");
        }
    }
}

fn judge(kind: Kind, place: Place, table: &Table, at: &str, found: &mut Vec<String>) {
    let mut names = BTreeSet::new();
    for (index, attribute) in table.attributes.iter().enumerate() {
        let mut complain = |sentence: &str| found.push(format!("{at}{}: {sentence}", attribute.name));
        let last = index + 1 == table.attributes.len();
        if !names.insert(attribute.name) {
            complain("the name is taken");
        }
        name(kind, place, attribute, &mut complain);
        partner(table, attribute, &mut complain);
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
    for relation in &table.relations {
        let mut complain = |sentence: &str| found.push(format!("{at}{}: {sentence}", relation.members().join(", ")));
        if relation.members().len() < 2 {
            complain("a rule is about several attributes");
        }
        let can_be_left_out = |name: &&str| {
            table.attribute(name).is_some_and(|it| it.is_optional() || it.flags.block && it.flags.min == 0)
        };
        if !relation.members().iter().all(can_be_left_out) {
            complain("a rule is about what can be left out");
        }
        if kind == Kind::Function || place == Place::Element {
            complain("a rule is never looked at here");
        }
    }
    let mut operations = BTreeSet::new();
    for (name, limit) in table.timeouts.iter().flat_map(|timeouts| &timeouts.0) {
        let mut complain = |sentence: &str| found.push(format!("{at}timeouts.{name}: {sentence}"));
        if !operations.insert(*name) {
            complain("the name is taken");
        }
        if !Operation::ALL.iter().any(|operation| operation.name() == *name) {
            complain("there is no such operation");
        }
        if parse_duration(limit).is_err() {
            complain("the default is no duration");
        }
        if place != Place::Top || matches!(kind, Kind::Provider | Kind::Function) {
            complain("neither a provider nor a function has timeouts, and no part of an entity has");
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

fn name(kind: Kind, place: Place, attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    if !is_name(attribute.name) {
        complain("the name is not lower-case letters, digits and underscores");
    }
    let reserved: &[&str] = match kind {
        // The configuration of a list or an action is in a block of its own.
        Kind::Function | Kind::List | Kind::Action => &[],
        Kind::Provider => &RESERVED_IN_PROVIDER,
        Kind::Resource | Kind::DataSource | Kind::Ephemeral => &RESERVED,
    };
    if place == Place::Top && reserved.contains(&attribute.name) {
        complain("the name is reserved");
    }
}

/// Whether Terraform accepts it as the name of an attribute or block.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A write-only value is sent again when its version changes.
fn partner(table: &Table, attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let version = attribute.version();
    if attribute.flags.write_only && table.attribute(&version).is_none_or(|partner| partner.flags.write_only) {
        complain(&format!("the write-only attribute has no partner `{version}`"));
    }
}

fn block(kind: Kind, place: Place, attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let flags = &attribute.flags;
    let Some((nesting, nested)) = attribute.block() else {
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
    if !nested.attributes.is_empty() && nested.attributes.iter().all(|it| it.flags.presence == Presence::Computed) {
        complain("a block holds nothing to set; make it a computed attribute");
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
    if !attribute.is_sensitive()
        && attribute.traits.table.is_some_and(|nested| nested.attributes.iter().any(Attribute::is_sensitive))
    {
        complain("it holds something sensitive and is not sensitive itself");
    }
    presence(kind, place, attribute, complain);
    checks(attribute, complain);
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
        // Core itself accepts a list of such blocks as a value of any type, and rejects a set of them.
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
        Presence::Computed if !matches!(kind, Kind::Resource | Kind::DataSource | Kind::Ephemeral) => {
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

/// A check of texts holds for every list, so that nobody notices.
fn checks(attribute: &Attribute, complain: &mut impl FnMut(&str)) {
    let flags = &attribute.flags;
    if !flags.checks.iter().all(|check| check.judges(&attribute.ty)) {
        complain("a check is of another type than the attribute");
    }
    let elements = match &attribute.ty {
        Type::List(ty) | Type::Set(ty) | Type::Map(ty) => Some(&**ty),
        _ => None,
    };
    if !flags.each.iter().all(|check| elements.is_some_and(|ty| check.judges(ty))) {
        complain("a check of each element is of another type than the elements");
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
mod tests;
