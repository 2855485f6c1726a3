//! The rules for the text and the examples of every entity. The rules of attributes are checked by `law`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pulldown_cmark::{Event, Parser};

use crate::schema::docs::page::{Examples, IMPORT_BY_ID, IMPORT_BY_IDENTITY, IMPORT_COMMAND};
use crate::schema::docs::words::generated;
use crate::schema::docs::{Entity, Kind, entities};
use crate::schema::law::is_name;
use crate::schema::{Attribute, Check, Provider, TIMEOUTS, Table};
use crate::value::Value;

/// The largest page that the registry accepts, in bytes.
const LARGEST_PAGE: usize = 500_000;

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

/// What is wrong with the names, the documentation and the examples of the provider's entities; empty when nothing is.
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
        law.table(entity.table);
        law.words(entity, &common);
        law.examples(entity, Examples(examples), title);
    }
    found
}

/// The words that messages about each entity may quote, by its kind and name such as `resource/thing`: the names of its
/// attributes and blocks at any depth, and the values that their checks allow.
pub fn names<P: Provider>() -> BTreeMap<String, BTreeSet<String>> {
    let of = |entity: &Entity| {
        let mut words = Words { paths: BTreeSet::from([TIMEOUTS.to_owned()]), texts: Vec::new() };
        words.gather(entity.table, "", "");
        let values = words.of_checks(entity.table);
        (format!("{}/{}", entity.kind.stem(), entity.short), words.paths.into_iter().chain(values).collect())
    };
    entities::<P>().iter().map(of).collect()
}

/// Collects what is wrong with one entity, attribute or block.
struct Law<'a> {
    at: String,
    found: &'a mut Vec<String>,
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

    fn table(&mut self, table: &Table) {
        for attribute in &table.attributes {
            let mut law = Law { at: format!("{}.{}", self.at, attribute.name), found: self.found };
            law.text(attribute);
            if let Some(nested) = attribute.traits.table {
                law.table(nested);
            }
        }
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

    /// Every word in backticks that looks like an attribute must be one of this page, or in the list of others.
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

fn is_path(text: &str) -> bool {
    text.split('.').all(is_name)
}

fn is_sentence(text: &str) -> bool {
    text.starts_with(char::is_uppercase) && text.ends_with('.')
}
