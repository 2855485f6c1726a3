//! The privileges of an account: as SHOW GRANTS prints them, as GRANT accepts them, and as a state keeps them.

use std::collections::{BTreeMap, BTreeSet};

use crate::sql::mysql::privileges;
use crate::sql::mysql::server::Server;
use crate::sql::mysql::tokens::{Token, tokens};
use crate::sql::quote::{NameError, my_given, my_name};

/// Grants of one account. Those that mean the same are equal, however a server spells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<String, Held>);

/// Privileges on all databases, on one, or on a table of one: `*` means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Their names, in any case.
    pub privileges: Vec<String>,
    /// Database or `*`.
    pub database: String,
    /// Table or `*`.
    pub table: String,
    /// Whether they may be granted to others.
    pub grant_option: bool,
}

/// What is granted on one object, in the form that follows `ON`; roles are on nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    privileges: BTreeSet<String>,
    /// Whether they may be granted to others.
    option: bool,
}

/// A statement that lacks its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The text before `TO`, and the text after the account.
    Grant(String, &'static str),
    /// The text before `FROM`.
    Revoke(String),
}

/// The answer of SHOW GRANTS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) grants: Grants,
    /// MariaDB: there are several ways to log in, of which one suffices.
    pub(crate) has_alternatives: bool,
}

const ALL: &str = "ALL PRIVILEGES";
const WITH_OPTION: &str = " WITH GRANT OPTION";

/// The longest name of a database or table, in characters.
const MAX: usize = 64;

impl Grants {
    /// These and the others.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let mut both = self.clone();
        for (on, held) in &others.0 {
            both.0.entry(on.clone()).or_default().extend(held.privileges.clone(), held.option);
        }
        both
    }

    /// The same with names as the server stores them: in lower case where it ignores case.
    #[must_use]
    pub(crate) fn folded(self, server: Server) -> Self {
        if !server.folds_names {
            return self;
        }
        let mut folded = Self::default();
        for (on, held) in self.0 {
            let on = if is_of_names(&on) { on.to_lowercase() } else { on };
            folded.0.entry(on).or_default().extend(held.privileges, held.option);
        }
        folded
    }

    /// The same with names that differ only in case spelled as in the others.
    #[must_use]
    pub(crate) fn spelt_as(self, others: &Self) -> Self {
        let spelt = |on: String| others.0.keys().find(|other| other.to_lowercase() == on).cloned().unwrap_or(on);
        Self(self.0.into_iter().map(|(on, held)| (spelt(on), held)).collect())
    }

    /// How many things there are on which something is granted.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds privileges.
    ///
    /// # Errors
    /// A name is impossible.
    pub fn add(&mut self, more: &Granted) -> Result<(), NameError> {
        let on = match (more.database.as_str(), more.table.as_str()) {
            ("*", _) => "*.*".to_owned(),
            // Without a table, the database is a pattern; each of its characters may need a backslash before it.
            (database, "*") => {
                my_name(database, MAX)?;
                format!("{}.*", my_name(&escape(database), MAX * 2)?)
            }
            (database, table) => format!("{}.{}", my_name(database, MAX)?, my_name(table, MAX)?),
        };
        let held = self.0.entry(on).or_default();
        held.extend(more.privileges.iter().map(|privilege| normal(privilege)).collect(), more.grant_option);
        Ok(())
    }

    /// Reads what [`Grants::lines`] wrote; anything else counts as nothing.
    pub fn of_lines<'a>(lines: impl IntoIterator<Item = &'a String>) -> Self {
        let mut shown = Shown::default();
        for line in lines {
            let (what, option) = match line.strip_suffix(WITH_OPTION) {
                Some(what) => (what, WITH_OPTION),
                None => (line.as_str(), ""),
            };
            let _ = shown.read(&format!("GRANT {what} TO ``{option}"));
        }
        shown.grants
    }

    /// One text for each thing, such as `` INSERT, SELECT ON `orders`.* ``.
    pub fn lines(&self) -> Vec<String> {
        let line = |(on, held): (&String, &Held)| {
            let option = if held.option { WITH_OPTION } else { "" };
            format!("{}{option}", held.what(on))
        };
        self.0.iter().map(line).collect()
    }

    /// Those that are on all databases, on one, or on a table as a whole.
    pub fn granted(&self) -> Vec<Granted> {
        let granted = |(on, held): (&String, &Held)| {
            let (database, table) = match tokens(on)?.as_slice() {
                [Token::Mark('*'), Token::Mark('.'), Token::Mark('*')] => ("*".to_owned(), "*".to_owned()),
                [Token::Name(database), Token::Mark('.'), Token::Mark('*')] => (unescape(database), "*".to_owned()),
                [Token::Name(database), Token::Mark('.'), Token::Name(table)] => (database.clone(), table.clone()),
                _ => return None,
            };
            let privileges: Vec<_> = held.privileges.iter().filter(|text| !text.contains('(')).cloned().collect();
            (!privileges.is_empty()).then_some(Granted { privileges, database, table, grant_option: held.option })
        };
        self.0.iter().filter_map(granted).collect()
    }

    /// Whether these include all of the others.
    pub fn include(&self, others: &Self) -> bool {
        others.without(self) == Self::default()
    }

    /// Removes roles that the condition wants, by their names, and returns whether there were some.
    pub(crate) fn remove_roles(&mut self, is_one: impl Fn(&str) -> bool) -> bool {
        let Some(held) = self.0.get_mut("") else { return false };
        let before = held.privileges.len();
        held.privileges.retain(|role| {
            let parts = tokens(role).unwrap_or_default();
            !parts.first().and_then(Token::text).is_some_and(&is_one)
        });
        let has_some = held.privileges.len() < before;
        if held.privileges.is_empty() {
            self.0.remove("");
        }
        has_some
    }

    /// Those of these that are not among the others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        self.compared(others, false)
    }

    /// Those of these that are among the others as well.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        self.compared(others, true)
    }

    /// Whether they are those of a master user, who creates users and grants that privilege.
    pub fn are_a_masters(&self) -> bool {
        self.0.get("*.*").is_some_and(|held| held.option && held.has("CREATE USER"))
    }

    /// The steps from the present grants to the wanted ones, with the surplus revoked.
    pub(crate) fn steps(there: &Self, wanted: &Self, surplus: &Self, server: Server) -> Vec<Step> {
        let none = Held::default();
        let things: BTreeSet<&String> = wanted.0.keys().chain(surplus.0.keys()).collect();
        let steps = things.into_iter().flat_map(|on| {
            let [there, wanted, surplus] = [there, wanted, surplus].map(|grants| grants.0.get(on).unwrap_or(&none));
            let surplus = surplus.without_kept(wanted, on, server);
            let missing = Held {
                privileges: wanted
                    .privileges
                    .iter()
                    .filter(|text| !there.has(text) || surplus.also_revokes(text))
                    .cloned()
                    .collect(),
                option: wanted.option && !there.option,
            };
            let option = if missing.option { WITH_OPTION } else { "" };
            let grant = (missing != none).then(|| Step::Grant(missing.what(on), option));
            let mut steps = surplus.revokes(on);
            let also_revokes = wanted.privileges.iter().any(|text| surplus.also_revokes(text));
            steps.splice(if also_revokes { steps.len()..steps.len() } else { 0..0 }, grant);
            steps
        });
        steps.collect()
    }

    /// Compares thing by thing; nothing is kept of a thing on which nothing is left.
    fn compared(&self, others: &Self, common: bool) -> Self {
        let none = Held::default();
        let kept = |(on, held): (&String, &Held)| {
            let other = others.0.get(on).unwrap_or(&none);
            let kept = Held {
                privileges: held.privileges.iter().filter(|text| other.has(text) == common).cloned().collect(),
                option: held.option && other.option == common,
            };
            (kept != none).then(|| (on.clone(), kept))
        };
        Self(self.0.iter().filter_map(kept).collect())
    }
}

impl Held {
    /// With all privileges, a server names no other but those on columns.
    fn extend(&mut self, privileges: BTreeSet<String>, option: bool) {
        self.privileges.extend(privileges);
        if self.privileges.contains(ALL) {
            self.privileges.retain(|text| text == ALL || text.contains('('));
        }
        self.option |= option;
    }

    fn has(&self, privilege: &str) -> bool {
        self.privileges.contains(privilege) || self.privileges.contains(ALL)
    }

    /// The same with `ALL PRIVILEGES` replaced by those privileges that do not stay, so that none that stays is revoked
    /// for a while, or for good if it is interrupted there. Where the names are not known, it is not replaced.
    fn without_kept(&self, stays: &Self, on: &str, server: Server) -> Self {
        let mut result = self.clone();
        let names = if is_of_names(on) { privileges::all(!on.ends_with('*'), server) } else { Vec::new() };
        let is_narrow = stays.privileges.iter().any(|text| names.contains(&text.as_str()));
        if is_narrow && result.privileges.remove(ALL) {
            result.privileges.extend(names.into_iter().filter(|name| !stays.has(name)).map(str::to_owned));
        }
        result
    }

    /// Whether revoking these revokes a privilege too, among them or not: those on columns go with that on their table.
    fn also_revokes(&self, privilege: &str) -> bool {
        let name = privilege.split(" (").next().unwrap_or_default();
        self.has(name)
    }

    /// The text before `TO`.
    fn what(&self, on: &str) -> String {
        let privileges: Vec<&str> = match self.privileges.is_empty() {
            true => vec!["USAGE"],
            false => self.privileges.iter().map(String::as_str).collect(),
        };
        let privileges = privileges.join(", ");
        if on.is_empty() { privileges } else { format!("{privileges} ON {on}") }
    }

    fn revokes(&self, on: &str) -> Vec<Step> {
        let privileges = (!self.privileges.is_empty()).then(|| Step::Revoke(self.what(on)));
        // With a role or `PROXY`, the right to grant it is revoked too.
        let is_level = !on.is_empty() && !self.privileges.contains("PROXY");
        let option = (self.option && is_level).then(|| Step::Revoke(format!("GRANT OPTION ON {on}")));
        privileges.into_iter().chain(option).collect()
    }
}

impl Shown {
    /// Adds the content of a line; nothing if its form is unknown.
    pub(crate) fn read(&mut self, line: &str) -> Option<()> {
        let tokens = tokens(line)?;
        let (first, rest) = tokens.split_first()?;
        if !first.is("GRANT") {
            return Some(()); // What is revoked again in part, or which role is active at login.
        }
        let (what, behind) = rest.split_at(rest.iter().position(|token| token.is("TO"))?);
        let (what, on) = match what.iter().position(|token| token.is("ON")) {
            Some(at) => (what.get(..at)?, thing(what.get(at + 1..)?)),
            None => (what, String::new()),
        };
        let mut privileges: BTreeSet<String> = what.split_commas().map(privilege).collect();
        privileges.remove("USAGE");
        let option =
            behind.windows(2).any(|pair| matches!(pair, [a, b] if (a.is("GRANT") || a.is("ADMIN")) && b.is("OPTION")));
        if !privileges.is_empty() || option {
            let held = self.grants.0.entry(on).or_default();
            held.extend(privileges, option);
        }
        self.has_alternatives |= behind.iter().any(|token| token.is("OR"));
        Some(())
    }
}

/// Whether two names are of the same privilege.
pub fn same_privilege(a: &str, b: &str) -> bool {
    normal(a) == normal(b)
}

/// A privilege by the name that MySQL and MariaDB share, if they share one.
fn normal(privilege: &str) -> String {
    let upper = privilege.trim().to_ascii_uppercase();
    let shared = match upper.as_str() {
        "ALL" => ALL,
        "BINLOG MONITOR" => "REPLICATION CLIENT",
        "REPLICATION REPLICA" => "REPLICATION SLAVE",
        "REPLICATION REPLICA ADMIN" => "REPLICATION SLAVE ADMIN",
        "REPLICA MONITOR" => "SLAVE MONITOR",
        "DELETE VERSIONING ROWS" => "DELETE HISTORY",
        _ => return upper,
    };
    shared.to_owned()
}

/// Whether it is a database or a table, rather than a routine or an account.
fn is_of_names(on: &str) -> bool {
    let tokens = tokens(on);
    matches!(tokens.as_deref(), Some([Token::Name(_), Token::Mark('.'), Token::Mark('*') | Token::Name(_)]))
}

/// In a pattern, wildcards are escaped to match only themselves, and so is the escape character.
fn escape(database: &str) -> String {
    database.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%")
}

/// The database that a pattern matches, if it is a single one.
fn unescape(pattern: &str) -> String {
    let mut database = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => database.push(chars.next().unwrap_or(c)),
            c => database.push(c),
        }
    }
    database
}

/// A privilege, maybe with columns, or a role.
fn privilege(tokens: &[Token]) -> String {
    let split = tokens.iter().position(|token| *token == Token::Mark('(')).unwrap_or(tokens.len());
    let (name, columns) = tokens.split_at(split);
    let words: Option<Vec<&str>> = name.iter().map(Token::word).collect();
    let name = match words {
        Some(words) => normal(&words.join(" ")),
        None => name.iter().map(as_name).collect(),
    };
    let mut columns: Vec<String> = columns.iter().filter(|token| token.text().is_some()).map(as_name).collect();
    columns.sort();
    if columns.is_empty() { name } else { format!("{name} ({})", columns.join(", ")) }
}

/// The text after `ON`: a level, a routine after its kind, or an account.
fn thing(tokens: &[Token]) -> String {
    let is_kind = |at: usize| {
        let beside = |other: usize| matches!(tokens.get(other), Some(Token::Mark(_)));
        !(beside(at + 1) || (at > 0 && beside(at - 1)))
    };
    let text = |(at, token): (usize, &Token)| match token.word() {
        Some(word) if is_kind(at) => format!("{} ", word.to_ascii_uppercase()),
        _ => as_name(token),
    };
    tokens.iter().enumerate().map(text).collect()
}

fn as_name(token: &Token) -> String {
    match token {
        Token::Mark(mark) => mark.to_string(),
        Token::Word(name) | Token::Name(name) => my_given(name),
    }
}

trait SplitCommas {
    /// The parts between commas that are not in parentheses.
    fn split_commas(&self) -> impl Iterator<Item = &[Token]>;
}

impl SplitCommas for [Token] {
    fn split_commas(&self) -> impl Iterator<Item = &[Token]> {
        let mut depth = 0_u32;
        self.split(move |token| {
            match token {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && *token == Token::Mark(',')
        })
    }
}

#[cfg(test)]
mod tests;
