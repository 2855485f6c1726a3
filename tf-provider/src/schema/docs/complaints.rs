//! What must hold of every entity, and no compiler can see.

use std::collections::BTreeSet;
use std::path::Path;

use pulldown_cmark::{Event, Parser};

use crate::schema::docs::page::{Examples, IMPORT_BY_ID, IMPORT_BY_IDENTITY, IMPORT_COMMAND};
use crate::schema::docs::words::{generated, version_of};
use crate::schema::docs::{Entity, Kind, entities};
use crate::schema::{Attribute, Check, Nesting, Operation, Presence, Provider, TIMEOUTS, Table, parse_duration};
use crate::value::{Type, Value};

/// The greatest page the registry takes, in bytes.
const LARGEST_PAGE: usize = 500_000;

/// Names that mean something else to core, or to the framework, at the top of a block.
const RESERVED: [&str; 9] =
    ["count", "for_each", "provider", "depends_on", "lifecycle", "connection", "provisioner", "locals", TIMEOUTS];
const RESERVED_IN_PROVIDER: [&str; 9] =
    ["alias", "version", "count", "for_each", "depends_on", "source", "lifecycle", "locals", TIMEOUTS];

/// Words of the language that look like attributes.
const LANGUAGE: [&str; 9] = [
    "create_before_destroy",
    "depends_on",
    "for_each",
    "ignore_changes",
    "local_exec",
    "prevent_destroy",
    "replace_triggered_by",
    "required_providers",
    "required_version",
];

/// What is wrong with the provider's entities, their documentation and their examples; empty when nothing is.
///
/// `foreign` lists the words in backticks that look like attributes and are none, such as `max_connections`
/// or the types of other providers.
pub fn complaints<P: Provider>(examples: &Path, title: &str, foreign: &[&str]) -> Vec<String> {
    let entities = entities::<P>();
    let names = entities.iter().map(|entity| entity.name.clone());
    let common: BTreeSet<String> =
        names.chain(foreign.iter().chain(&LANGUAGE).map(|word| (*word).to_owned())).collect();
    let mut found = Vec::new();
    let mut pages = BTreeSet::new();
    for entity in &entities {
        let mut law = Law { at: entity.kind.stem().to_owned() + "/" + &entity.name, found: &mut found };
        law.demand(is_name(entity.short), "the name is not lower-case letters, digits and underscores");
        law.demand(pages.insert(entity.path()), "the name is taken");
        law.texts(entity);
        law.table(entity, entity.table, Place::Top);
        law.words(entity, &common);
        law.examples(entity, Examples(examples), title);
    }
    found
}

/// Collects what is wrong with one entity, attribute or block.
struct Law<'a> {
    at: String,
    found: &'a mut Vec<String>,
}

/// Where a table stands in its entity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Block,
    /// In a set block, at any depth: its elements have no identity of their own.
    Set,
    /// In an attribute, as the element of its type.
    Object,
}

impl Law<'_> {
    fn demand(&mut self, holds: bool, complaint: &str) {
        if !holds {
            self.found.push(format!("{}: {complaint}", self.at));
        }
    }

    fn texts(&mut self, entity: &Entity) {
        let first = entity.table.doc.split("\n\n").next().unwrap_or_default();
        self.demand(is_sentence(first), "the description does not begin with a sentence");
        if let Kind::Function { summary, .. } = &entity.kind {
            self.demand(summary.starts_with(char::is_uppercase), "the summary does not begin with a capital");
        }
        self.demand(!entity.subcategory.contains(['"', '\n']), "the subcategory has a quotation mark or a line break");
    }

    fn table(&mut self, entity: &Entity, table: &Table, place: Place) {
        let mut seen = BTreeSet::new();
        for attribute in &table.attributes {
            let mut law = Law { at: format!("{}.{}", self.at, attribute.name), found: self.found };
            law.demand(seen.insert(attribute.name), "the name is taken");
            law.name(entity, attribute, place);
            law.text(attribute);
            law.rules(entity, table, attribute, place);
            law.default(attribute);
            law.identity(attribute, place);
            match (attribute.block(), attribute.traits.table) {
                (Some((nesting, nested)), _) => {
                    let inner = if nesting == Nesting::Set || place == Place::Set { Place::Set } else { Place::Block };
                    law.block(attribute, nesting, nested);
                    law.table(entity, nested, inner);
                }
                (None, Some(nested)) => {
                    let hidden = attribute.is_sensitive() || !nested.attributes.iter().any(Attribute::is_sensitive);
                    law.demand(hidden, "it holds something sensitive and is not sensitive itself");
                    law.table(entity, nested, Place::Object);
                }
                (None, None) => law.demand(!attribute.flags.block, "a block holds a model"),
            }
        }
        self.timeouts(entity, table, place);
    }

    fn name(&mut self, entity: &Entity, attribute: &Attribute, place: Place) {
        self.demand(is_name(attribute.name), "the name is not lower-case letters, digits and underscores");
        let reserved: &[&str] = match entity.kind {
            // What a list or an action takes is in a block of its own.
            Kind::Function { .. } | Kind::List | Kind::Action => &[],
            Kind::Provider => &RESERVED_IN_PROVIDER,
            _ => &RESERVED,
        };
        self.demand(place != Place::Top || !reserved.contains(&attribute.name), "the name is reserved");
    }

    fn text(&mut self, attribute: &Attribute) {
        let doc = &attribute.doc;
        self.demand(is_sentence(doc), "the description is not a sentence");
        let list = |line: &str| ["- ", "* ", "```"].iter().any(|mark| line.trim_start().starts_with(mark));
        self.demand(!doc.contains("\n\n") && !doc.lines().any(list), "the description is more than one paragraph");
        let twice = generated(attribute).iter().any(|sentence| doc.contains(sentence.as_str()));
        self.demand(!twice, "the description repeats what its rules say");
        let instead = attribute.flags.deprecated.is_none_or(is_sentence);
        self.demand(instead, "what to use instead of the deprecated is not a sentence");
        let must = |checks: &[_]| checks.iter().all(|check: &Check| check.sentence.starts_with("must "));
        self.demand(must(&attribute.flags.checks) && must(&attribute.flags.each), "a check does not begin with `must`");
    }

    fn rules(&mut self, entity: &Entity, table: &Table, attribute: &Attribute, place: Place) {
        let flags = &attribute.flags;
        let managed = entity.kind == Kind::Resource;
        if flags.write_only {
            self.demand(managed, "only resources have write-only attributes");
            self.demand(matches!(place, Place::Top | Place::Block), "a write-only attribute is in a set or an object");
            self.demand(!attribute.is_computed() && !flags.block, "a write-only attribute is computed or a block");
            let partner = version_of(attribute.name);
            let versioned = table.attribute(&partner).is_some_and(|partner| !partner.flags.write_only);
            self.demand(versioned, &format!("the write-only attribute has no partner `{partner}`"));
        }
        self.demand(managed || !flags.replace, "only resources are replaced");
        self.demand(place != Place::Set || !has_dynamic(&attribute.ty), "a set holds a value of any type");
        self.demand(!has_tuple(&attribute.ty), "a tuple cannot be documented");
        let plan_of_resource = managed && flags.presence == Presence::Computed && place != Place::Object;
        self.demand(!plan_of_resource || attribute.traits.computed, "a computed attribute is not `Computed<…>`");
        let says = attribute.traits.nullable || attribute.is_computed() || !attribute.is_optional();
        self.demand(says || place == Place::Object, "an optional attribute without a default is not `Option<…>`");
        let function = matches!(entity.kind, Kind::Function { .. });
        let last = table.attributes.last().is_some_and(|last| last.name == attribute.name);
        let variadic = !flags.variadic || (function && last && matches!(attribute.ty, Type::List(_)));
        self.demand(variadic, "only the last parameter of a function is variadic, and it is a list");
        let parameter = !function || place != Place::Top || (flags.presence == Presence::Required && !flags.block);
        self.demand(parameter, "a parameter is not required");
    }

    fn block(&mut self, attribute: &Attribute, nesting: Nesting, nested: &Table) {
        let flags = &attribute.flags;
        self.demand(flags.max == 0 || flags.min <= flags.max, "at least so many blocks are more than at most so many");
        let single = nesting != Nesting::Single || (flags.min <= 1 && flags.max <= 1);
        self.demand(single, "a single block occurs more than once");
        let absent = nesting != Nesting::Single || attribute.traits.nullable || flags.min == 1;
        self.demand(absent, "a single block that may be absent is not `Option<…>`");
        let settable = |inner: &Attribute| inner.flags.presence != Presence::Computed;
        let any = nested.attributes.is_empty() || nested.attributes.iter().any(settable);
        self.demand(any, "a block holds nothing to set; make it a computed attribute");
        self.demand(nested.timeouts.is_none(), "a nested block has timeouts");
    }

    fn default(&mut self, attribute: &Attribute) {
        let flags = &attribute.flags;
        let Some(default) = &flags.default else { return };
        self.demand(attribute.is_optional(), "only an optional attribute has a default");
        self.demand((attribute.fits)(default).is_ok(), "the default is of another type");
        let elements: Vec<&Value> = match default {
            Value::Map(elements) => elements.values().collect(),
            other => other.as_elements().into_iter().flatten().collect(),
        };
        let fails = |check: &Check, value: &Value| check.complaint("default", value).is_some();
        let whole = flags.checks.iter().filter(|check| fails(check, default));
        let each = flags.each.iter().filter(|check| elements.iter().any(|element| fails(check, element)));
        for check in whole.chain(each) {
            self.demand(false, &format!("the default fails the check `{}`", check.sentence));
        }
    }

    fn identity(&mut self, attribute: &Attribute, place: Place) {
        let flags = &attribute.flags;
        if !flags.identity {
            return;
        }
        self.demand(place == Place::Top, "only an attribute at the top identifies an object");
        self.demand(flags.presence != Presence::Computed || flags.keep, "the identity changes with every update");
        self.demand(!attribute.is_sensitive() && !flags.write_only, "the identity is secret");
        let plain = match &attribute.ty {
            Type::List(element) => is_primitive(element),
            ty => is_primitive(ty),
        };
        self.demand(plain, "the identity is no string, number, bool or list of them");
    }

    fn timeouts(&mut self, entity: &Entity, table: &Table, place: Place) {
        let Some(timeouts) = &table.timeouts else { return };
        let allowed = !matches!(entity.kind, Kind::Provider | Kind::Function { .. }) && place != Place::Object;
        self.demand(allowed, "nothing here has timeouts");
        let mut seen = BTreeSet::new();
        for (name, default) in &timeouts.0 {
            let mut law = Law { at: format!("{}.{TIMEOUTS}.{name}", self.at), found: self.found };
            law.demand(Operation::ALL.iter().any(|operation| operation.name() == *name), "there is no such operation");
            law.demand(seen.insert(*name), "the name is taken");
            if let Err(complaint) = parse_duration(default) {
                law.demand(false, &format!("the default {complaint}"));
            }
        }
    }

    /// Every word in backticks that looks like an attribute must be one of this page, or known otherwise.
    fn words(&mut self, entity: &Entity, common: &BTreeSet<String>) {
        let mut words = Words { paths: BTreeSet::from([TIMEOUTS.to_owned()]), texts: Vec::new() };
        words.texts.push((self.at.clone(), &entity.table.doc));
        words.gather(entity.table, &self.at, "");
        let checks: BTreeSet<String> = words.of_checks(entity.table);
        for (at, text) in &words.texts {
            for word in in_backticks(text) {
                let known = match word.split_once('.') {
                    Some((first, _)) => !words.paths.contains(first) || !is_path(&word) || words.paths.contains(&word),
                    None => {
                        !word.contains('_')
                            || !is_name(&word)
                            || words.paths.contains(&word)
                            || common.contains(&word)
                            || checks.contains(&word)
                    }
                };
                if !known {
                    self.found.push(format!("{at}: there is no attribute `{word}`"));
                }
            }
        }
    }

    fn examples(&mut self, entity: &Entity, examples: Examples<'_>, title: &str) {
        let directory = entity.examples();
        let usage = examples.all(&directory, &entity.kind);
        self.demand(!matches!(&usage, Ok(files) if files.is_empty()), "there is no example");
        let shown = usage.iter().flatten().all(|code| code.contains(&entity.name));
        self.demand(shown, "an example does not show it");
        for file in [IMPORT_BY_IDENTITY, IMPORT_BY_ID, IMPORT_COMMAND] {
            let missing = matches!(examples.one(&format!("{directory}/{file}")), Ok(None));
            self.demand(!entity.has_identity() || !missing, &format!("there is no example {file}"));
        }
        match entity.page(examples, title) {
            Ok(page) => self.demand(page.len() <= LARGEST_PAGE, "the page is too large for the registry"),
            Err(error) => self.demand(false, &error.to_string()),
        }
    }
}

/// The names of a page and the texts that use them.
struct Words<'a> {
    /// Every attribute by its name and by its path.
    paths: BTreeSet<String>,
    texts: Vec<(String, &'a str)>,
}

impl<'a> Words<'a> {
    fn gather(&mut self, table: &'a Table, at: &str, prefix: &str) {
        for attribute in &table.attributes {
            let (at, path) = (format!("{at}.{}", attribute.name), format!("{prefix}{}", attribute.name));
            self.paths.extend([attribute.name.to_owned(), path.clone()]);
            self.texts.push((at.clone(), &attribute.doc));
            self.texts.extend(attribute.flags.deprecated.map(|instead| (at.clone(), instead)));
            if let Some(nested) = attribute.traits.table {
                self.gather(nested, &at, &format!("{path}."));
            }
        }
        for (operation, _) in table.timeouts.iter().flat_map(|timeouts| &timeouts.0) {
            self.paths.insert(format!("{TIMEOUTS}.{operation}"));
        }
    }

    /// The words that checks allow as values.
    fn of_checks(&self, table: &Table) -> BTreeSet<String> {
        let own = |attribute: &Attribute| {
            let flags = &attribute.flags;
            let sentences = flags.checks.iter().chain(&flags.each).flat_map(|check| in_backticks(&check.sentence));
            let default = flags.default.as_ref().and_then(Value::as_str).map(str::to_owned);
            let nested = attribute.traits.table.map(|nested| self.of_checks(nested));
            sentences.chain(default).chain(nested.into_iter().flatten()).collect::<Vec<_>>()
        };
        table.attributes.iter().flat_map(own).collect()
    }
}

fn in_backticks(markdown: &str) -> Vec<String> {
    let code = |event| if let Event::Code(word) = event { Some(word.into_string()) } else { None };
    Parser::new(markdown).filter_map(code).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_path(text: &str) -> bool {
    text.split('.').all(is_name)
}

fn is_sentence(text: &str) -> bool {
    text.starts_with(char::is_uppercase) && text.ends_with('.')
}

fn is_primitive(ty: &Type) -> bool {
    matches!(ty, Type::Bool | Type::Number | Type::String)
}

fn has_dynamic(ty: &Type) -> bool {
    anywhere(ty, &|ty| matches!(ty, Type::Dynamic))
}

fn has_tuple(ty: &Type) -> bool {
    anywhere(ty, &|ty| matches!(ty, Type::Tuple(_)))
}

fn anywhere(ty: &Type, holds: &dyn Fn(&Type) -> bool) -> bool {
    holds(ty)
        || match ty {
            Type::List(element) | Type::Set(element) | Type::Map(element) => anywhere(element, holds),
            Type::Tuple(elements) => elements.iter().any(|element| anywhere(element, holds)),
            Type::Object(object) => object.attributes.values().any(|attribute| anywhere(attribute, holds)),
            Type::Bool | Type::Number | Type::String | Type::Dynamic => false,
        }
}
