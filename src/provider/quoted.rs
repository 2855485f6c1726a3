//! Keeps the names that messages quote to those of the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tf_provider::schema::docs;

use crate::provider::Rdsauth;

/// What is quoted in messages and no name or value of the schema, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("available", "status of a DB instance or cluster"),
    ("aws_iam_role", "resource type of hashicorp/aws"),
    ("create_before_destroy", "argument of Terraform's lifecycle block"),
    ("dbuser", "part of an ARN"),
    ("depends_on", "meta-argument of Terraform"),
    ("ignore_changes", "argument of Terraform's lifecycle block"),
    ("moved", "block of Terraform"),
    ("rds_ad", "role of PostgreSQL on RDS"),
    ("rds_iam", "role of PostgreSQL on RDS"),
    ("rds_replication", "role of PostgreSQL on RDS"),
    ("removed", "block of Terraform"),
];

/// What begins the types of resources and data sources, which messages may write without quotation marks.
const TYPE_PREFIX: &str = "rdsauth_";

#[test]
fn messages_quote_names_of_the_schema() {
    let names = docs::names::<Rdsauth>();
    let all: BTreeSet<&str> = names.values().flatten().map(String::as_str).collect();
    let provider = &names["provider/rdsauth"];
    let types: BTreeSet<_> =
        names.keys().filter_map(|key| Some(format!("{TYPE_PREFIX}{}", key.split_once('/')?.1))).collect();
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let own = entity(&path).map(|entity| names.get(&entity).unwrap_or_else(|| panic!("{path}: no {entity}")));
        for (line, word) in quoted_in(&source) {
            let is_name = match own {
                _ if word.starts_with(TYPE_PREFIX) => types.contains(&word),
                Some(own) => own.contains(&word) || provider.contains(&word),
                None => all.contains(word.as_str()),
            };
            match EXCEPTIONS.iter().find(|(exception, _)| *exception == word) {
                _ if is_name => {}
                Some((exception, _)) => drop(used.insert(*exception)),
                None => wrong.push(format!("src/{path}:{line}: there is no \"{word}\" in the schema")),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let idle = EXCEPTIONS.iter().filter(|(word, reason)| !used.contains(word) || reason.is_empty());
    assert_eq!(idle.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "exceptions without use or reason");
}

#[test]
fn quoted_names_are_found_in_literals_alone() {
    let source = "// \"\\\"no\\\"\"\nlet a = ('\"', \"set \\\"on_destroy\\\" or \\\n    auth = \\\"iam\\\"\", r#\"\\\"no\\\"\"#);\n\
                  let b = \"\\\"{name}\\\", \\\"no space\\\", \\\"Upper\\\", x == \\\"{y}\\\", rdsauth_{z} or rdsauth_x\";\n\
                  #[cfg(test)]\nmod tests {\n    \"\\\"no\\\"\"\n}";
    let want =
        [(2, "on_destroy"), (2, "iam"), (2, "auth"), (4, "rdsauth_x")].map(|(line, word)| (line, word.to_owned()));
    assert_eq!(quoted_in(source), want);
}

/// The entity whose messages a file has, if it is one's own.
fn entity(path: &str) -> Option<String> {
    let (folder, rest) = path.split_once('/')?;
    let kind = match folder {
        "resources" => "resource",
        "data_sources" => "data-source",
        "ephemeral" => "ephemeral-resource",
        "functions" => "function",
        _ => return None,
    };
    Some(format!("{kind}/{}", rest.split(['/', '.']).next()?))
}

/// The names in all messages with their lines: `\"name\"`, `name = \"` before a value, and types.
fn quoted_in(source: &str) -> Vec<(usize, String)> {
    const QUOTE: &str = "\\\"";
    let mut found = Vec::new();
    for (line, literal) in literals(source) {
        let parts: Vec<&str> = literal.split(QUOTE).collect();
        // The first part is before any quotation mark, the last behind all.
        let inner = parts.iter().skip(1).take(parts.len().saturating_sub(2));
        found.extend(inner.filter(|part| is_name(part)).map(|part| (line, (*part).to_owned())));
        let before = parts.iter().take(parts.len() - 1).filter_map(|part| part.strip_suffix(" = "));
        let names = before.filter_map(|part| part.rsplit(|c: char| !is_of_name(c)).next());
        let types = literal.split(|c: char| !is_of_name(c) && c != '{').filter(|word| word.starts_with(TYPE_PREFIX));
        let types = types.filter(|word| is_name(word) && *word != TYPE_PREFIX);
        found.extend(names.filter(|name| is_name(name)).chain(types).map(|name| (line, name.to_owned())));
    }
    found
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

/// The string literals before the tests of a file, as they are spelled, with the lines they begin in. Raw ones are data
/// and no messages.
fn literals(source: &str) -> Vec<(usize, &str)> {
    let end = source.find("#[cfg(test)]\nmod tests {").unwrap_or(source.len());
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..end).filter(|rest| !rest.is_empty()) {
        let raw = rest.strip_prefix('r').map(|rest| rest.trim_start_matches('#')).filter(|rest| rest.starts_with('"'));
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let (Some(text), false) = (raw, source[..at].ends_with(is_of_name)) {
            let begin = rest.len() - text.len() + 1;
            let mark = format!("\"{}", "#".repeat(begin - 2));
            rest[begin..].find(&mark).map_or(rest.len(), |length| begin + length + mark.len())
        } else if let Some(text) = rest.strip_prefix('"') {
            let length = string_length(text);
            found.push((source[..at].lines().count(), &text[..length]));
            length + 2
        } else if ["'\"'", "'\\''", "'\\\\'"].iter().any(|character| rest.starts_with(character)) {
            rest[1..].find('\'').map_or(1, |length| if rest.starts_with("'\\'") { 4 } else { length + 2 })
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    found
}

/// The length of a string up to its closing quotation mark.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    end.unwrap_or(text.len())
}

/// The sources below `src/` without those of tests, by their path from there.
fn sources() -> BTreeMap<String, String> {
    fn below(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let is_test = matches!(name.trim_end_matches(".rs"), "tests" | "testing" | "quoted");
            match entry.file_type().unwrap().is_dir() {
                _ if is_test => {}
                true => below(&entry.path(), &format!("{prefix}{name}/"), found),
                false => drop(found.insert(format!("{prefix}{name}"), fs::read_to_string(entry.path()).unwrap())),
            }
        }
    }
    let mut found = BTreeMap::new();
    below(Path::new("src"), "", &mut found);
    assert!(found.len() > 5, "the sources are not found any more");
    found
}
