//! What an account may do: as SHOW GRANTS prints it, as GRANT takes it, and as a state keeps it.

use std::collections::{BTreeMap, BTreeSet};

use crate::sql::mysql::privileges;
use crate::sql::mysql::server::Server;
use crate::sql::mysql::tokens::{Token, tokens};
use crate::sql::quote::{NameError, my_given, my_name};

/// Grants of one account. Those that mean the same are equal, however a server spells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<String, Held>);

/// Privileges on all databases, on one, or on a table of one: `*` stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Their names, in any case.
    pub privileges: Vec<String>,
    /// Database or `*`.
    pub database: String,
    /// Table or `*`.
    pub table: String,
    /// Whether they may be granted on.
    pub grant_option: bool,
}

/// What is granted on one thing, which is written as behind `ON`; roles are on nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    privileges: BTreeSet<String>,
    /// Whether they may be granted on.
    option: bool,
}

/// A statement that lacks its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// What is before `TO`, and what is behind the account.
    Grant(String, &'static str),
    /// What is before `FROM`.
    Revoke(String),
}

/// What SHOW GRANTS answered.
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

    /// The same in which names are as the server has them: in lower case where upper case makes no difference.
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

    /// The same in which names that differ in case alone are as in the others.
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
            // Without a table, the database is a pattern; each of its characters may need another before it.
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
                [Token::Name(database), Token::Mark('.'), Token::Mark('*')] => {
                    (database.replace("\\_", "_").replace("\\%", "%"), "*".to_owned())
                }
                [Token::Name(database), Token::Mark('.'), Token::Name(table)] => (database.clone(), table.clone()),
                _ => return None,
            };
            let privileges: Vec<_> = held.privileges.iter().filter(|text| !text.contains('(')).cloned().collect();
            (!privileges.is_empty()).then_some(Granted { privileges, database, table, grant_option: held.option })
        };
        self.0.iter().filter_map(granted).collect()
    }

    /// Whether somebody who has these has all of the others as well.
    pub fn include(&self, others: &Self) -> bool {
        others.without(self) == Self::default()
    }

    /// Of these, what is not among the others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        self.compared(others, false)
    }

    /// Of these, what is among the others as well.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        self.compared(others, true)
    }

    /// Whether they are those of a master, who makes users and lets others make them.
    pub fn are_a_masters(&self) -> bool {
        self.0.get("*.*").is_some_and(|held| held.option && held.has("CREATE USER"))
    }

    /// From what there is to what is wanted, where the surplus goes.
    pub(crate) fn steps(there: &Self, wanted: &Self, surplus: &Self, server: Server) -> Vec<Step> {
        let none = Held::default();
        let things: BTreeSet<&String> = wanted.0.keys().chain(surplus.0.keys()).collect();
        let steps = things.into_iter().flat_map(|on| {
            let [there, wanted, surplus] = [there, wanted, surplus].map(|grants| grants.0.get(on).unwrap_or(&none));
            let surplus = surplus.sparing(wanted, on, server);
            let missing = Held {
                privileges: wanted
                    .privileges
                    .iter()
                    .filter(|text| !there.has(text) || surplus.takes_along(text))
                    .cloned()
                    .collect(),
                option: wanted.option && !there.option,
            };
            let option = if missing.option { WITH_OPTION } else { "" };
            let grant = (missing != none).then(|| Step::Grant(missing.what(on), option));
            let mut steps = surplus.revokes(on);
            let takes_along = wanted.privileges.iter().any(|text| surplus.takes_along(text));
            steps.splice(if takes_along { steps.len()..steps.len() } else { 0..0 }, grant);
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

    /// The same in which all privileges are those by name that do not stay, so that nothing that stays is gone for a
    /// while, or for good if it ends there. Where the names are not known, all stand for themselves.
    fn sparing(&self, stays: &Self, on: &str, server: Server) -> Self {
        let mut spared = self.clone();
        let names = if is_of_names(on) { privileges::all(!on.ends_with('*'), server) } else { Vec::new() };
        let is_narrow = stays.privileges.iter().any(|text| names.contains(&text.as_str()));
        if is_narrow && spared.privileges.remove(ALL) {
            spared.privileges.extend(names.into_iter().filter(|name| !stays.has(name)).map(str::to_owned));
        }
        spared
    }

    /// Whether a privilege goes when these are revoked, be it among them or not: those on columns go with that on their
    /// table.
    fn takes_along(&self, privilege: &str) -> bool {
        let name = privilege.split(" (").next().unwrap_or_default();
        self.has(name)
    }

    /// What is before `TO`.
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
        // With a role or the right to be somebody else goes that of giving it on.
        let is_level = !on.is_empty() && !self.privileges.contains("PROXY");
        let option = (self.option && is_level).then(|| Step::Revoke(format!("GRANT OPTION ON {on}")));
        privileges.into_iter().chain(option).collect()
    }
}

impl Shown {
    /// Adds what a line says; nothing if it has a form that is not known.
    pub(crate) fn read(&mut self, line: &str) -> Option<()> {
        let tokens = tokens(line)?;
        let (first, rest) = tokens.split_first()?;
        if !first.is("GRANT") {
            return Some(()); // What is revoked again in part, or which role is in force at login.
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

/// In a pattern, characters that stand for others are escaped to stand for themselves.
fn escape(database: &str) -> String {
    database.replace('_', "\\_").replace('%', "\\%")
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

/// What is behind `ON`: a level, a routine behind its kind, or an account.
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(lines: &[&str]) -> Shown {
        let mut shown = Shown::default();
        lines.iter().for_each(|line| shown.read(line).unwrap_or_else(|| panic!("{line}")));
        shown
    }

    fn lines(shown_lines: &[&str]) -> Vec<String> {
        shown(shown_lines).grants.lines()
    }

    fn granted(privileges: &[&str], database: &str, table: &str, grant_option: bool) -> Granted {
        let privileges = privileges.iter().map(|&name| name.to_owned()).collect();
        Granted { privileges, database: database.to_owned(), table: table.to_owned(), grant_option }
    }

    fn grants(all: &[Granted]) -> Grants {
        let mut grants = Grants::default();
        all.iter().for_each(|one| grants.add(one).unwrap());
        grants
    }

    #[test]
    fn both_servers_say_the_same() {
        let mariadb = [
            "GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `u`@`%` IDENTIFIED VIA AWSAuthenticationPlugin \
             USING 'RDS' REQUIRE SSL",
            "GRANT ALL PRIVILEGES ON `my\\_db`.* TO `u`@`%` WITH GRANT OPTION",
        ];
        let mysql = [
            "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `u`@`%`",
            "GRANT ALL PRIVILEGES ON `my\\_db`.* TO `u`@`%` WITH GRANT OPTION",
        ];
        let wanted = grants(&[
            granted(&["replication client", "SELECT"], "*", "*", false),
            granted(&["Replication Slave"], "*", "*", false),
            granted(&["ALL"], "my_db", "*", true),
        ]);
        assert_eq!(shown(&mariadb).grants, wanted);
        assert_eq!(shown(&mysql).grants, wanted);
        assert_eq!(
            wanted.lines(),
            ["REPLICATION CLIENT, REPLICATION SLAVE, SELECT ON *.*", "ALL PRIVILEGES ON `my\\_db`.* WITH GRANT OPTION"]
        );
    }

    #[test]
    fn odd_lines_are_read() {
        assert_eq!(lines(&["GRANT USAGE ON *.* TO 'u'@'%' IDENTIFIED BY PASSWORD '*B6'"]), [""; 0]);
        assert_eq!(
            lines(&["GRANT SELECT (b, `a`), INSERT ON `app`.`t` TO `u`@`%`"]),
            ["INSERT, SELECT (`a`, `b`) ON `app`.`t`"]
        );
        assert_eq!(lines(&["GRANT EXECUTE ON PROCEDURE `app`.`p` TO `u`@`%`"]), ["EXECUTE ON PROCEDURE `app`.`p`"]);
        assert_eq!(
            lines(&["GRANT `a`@`%`,`b`@`%` TO `u`@`%` WITH ADMIN OPTION"]),
            ["`a`@`%`, `b`@`%` WITH GRANT OPTION"]
        );
        assert_eq!(lines(&["GRANT PROXY ON ''@'%' TO 'u'@'%'"]), ["PROXY ON ``@`%`"]);
        assert_eq!(lines(&["GRANT USAGE ON `d`.* TO `u`@`%` WITH GRANT OPTION"]), ["USAGE ON `d`.* WITH GRANT OPTION"]);
        assert_eq!(lines(&["SET DEFAULT ROLE `r` FOR `u`@`%`", "REVOKE INSERT ON `mysql`.* FROM `u`@`%`"]), [""; 0]);
        assert_eq!(Shown::default().read("GRANT SELECT ON `d"), None);
        assert_eq!(Shown::default().read("GRANT SELECT ON `d`.*"), None);
    }

    #[test]
    fn a_second_way_to_log_in_is_seen() {
        let line = "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED VIA mysql_native_password USING '*B6' OR \
                    AWSAuthenticationPlugin USING 'RDS'";
        assert!(shown(&[line]).has_alternatives);
        assert!(!shown(&["GRANT USAGE ON *.* TO `OR`@`%` IDENTIFIED VIA a USING ' OR '"]).has_alternatives);
    }

    fn steps(there: &Grants, wanted: &Grants) -> Vec<String> {
        let steps = Grants::steps(there, wanted, &there.without(wanted), Server::default()).into_iter();
        let text = |step| match step {
            Step::Grant(what, option) => format!("+ {what}{option}"),
            Step::Revoke(what) => format!("- {what}"),
        };
        steps.map(text).collect()
    }

    #[test]
    fn only_what_differs_is_changed() {
        let some = grants(&[granted(&["SELECT", "INSERT"], "a", "*", false), granted(&["SELECT"], "b", "t", true)]);
        let other = grants(&[granted(&["SELECT", "UPDATE"], "a", "*", true), granted(&["SELECT"], "*", "*", false)]);
        assert_eq!(steps(&some, &some), [""; 0]);
        assert_eq!(
            steps(&some, &other),
            [
                "+ SELECT ON *.*",
                "+ UPDATE ON `a`.* WITH GRANT OPTION",
                "- INSERT ON `a`.*",
                "- SELECT ON `b`.`t`",
                "- GRANT OPTION ON `b`.`t`"
            ]
        );
    }

    #[test]
    fn all_privileges_are_the_others_as_well() {
        let all = grants(&[granted(&["all"], "a", "*", false)]);
        let one = grants(&[granted(&["SELECT"], "a", "*", false)]);
        assert_eq!(
            steps(&all, &one),
            [
                "- ALTER, ALTER ROUTINE, CREATE, CREATE ROUTINE, CREATE TEMPORARY TABLES, CREATE VIEW, DELETE, DROP, EVENT, \
                 EXECUTE, INDEX, INSERT, LOCK TABLES, REFERENCES, SHOW VIEW, TRIGGER, UPDATE ON `a`.*"
            ]
        );
        assert_eq!(steps(&all, &Grants::default()), ["- ALL PRIVILEGES ON `a`.*"]);
        assert_eq!(steps(&one, &all), ["+ ALL PRIVILEGES ON `a`.*"]);
        assert!(all.include(&one) && !one.include(&all));
        assert_eq!(one.within(&all), one);
    }

    #[test]
    fn what_goes_with_others_is_given_again() {
        let of_table = |lines: &[&str]| {
            lines
                .iter()
                .map(|line| shown(&[&format!("GRANT {line} ON `a`.`t` TO `u`@`%`")]).grants)
                .fold(Grants::default(), |all, one| all.with(&one))
        };
        let columns = of_table(&["INSERT (`c`), UPDATE (`c`)"]);
        assert_eq!(
            steps(&of_table(&["INSERT", "INSERT (`c`), UPDATE (`c`)"]), &columns),
            ["- INSERT ON `a`.`t`", "+ INSERT (`c`) ON `a`.`t`"]
        );
        assert_eq!(
            steps(&of_table(&["ALL", "INSERT (`c`), UPDATE (`c`)"]), &columns),
            ["- ALL PRIVILEGES ON `a`.`t`", "+ INSERT (`c`), UPDATE (`c`) ON `a`.`t`"]
        );
        assert_eq!(columns.with(&columns), columns);
    }

    #[test]
    fn upper_case_makes_no_difference_where_the_server_says_so() {
        let wanted = grants(&[granted(&["SELECT"], "App", "*", false), granted(&["INSERT"], "App", "Order", true)]);
        let told = ["GRANT SELECT ON `app`.* TO `U`@`%`", "GRANT INSERT ON `app`.`order` TO `U`@`%` WITH GRANT OPTION"];
        let there = shown(&told).grants;
        let (folding, exact) = (Server::new("8.0.40", 1), Server::new("8.0.40", 0));
        assert_eq!(wanted.clone().folded(folding), there);
        assert_eq!(there.clone().spelt_as(&wanted), wanted);
        assert_eq!(wanted.clone().folded(exact), wanted);
        let others =
            shown(&["GRANT EXECUTE ON PROCEDURE `A`.`P` TO u@h", "GRANT PROXY ON `A`@`%` TO u@h", "GRANT `R` TO u@h"]);
        assert_eq!(others.grants.clone().folded(folding), others.grants);
        let both = grants(&[granted(&["SELECT"], "App", "*", false), granted(&["INSERT"], "app", "*", false)]);
        assert_eq!((both.count(), both.folded(folding).lines()), (2, vec!["INSERT, SELECT ON `app`.*".to_owned()]));
    }

    #[test]
    fn a_master_is_known_by_what_it_may() {
        let master = |option| grants(&[granted(&["CREATE USER", "SELECT"], "*", "*", option)]);
        assert!(master(true).are_a_masters() && !master(false).are_a_masters());
        assert!(!grants(&[granted(&["SELECT"], "*", "*", true)]).are_a_masters());
    }

    proptest! {
        #[test]
        fn every_name_comes_back(database in "\\PC{1,40}", table in "\\PC{1,40}", option in any::<bool>()) {
            for table in ["*", &table] {
                let one = granted(&["SELECT"], &database, table, option);
                let mut grants = Grants::default();
                if database != "*" && table != "*" && grants.add(&one).is_ok() {
                    prop_assert_eq!(Grants::of_lines(&grants.lines()), grants.clone());
                    prop_assert_eq!(grants.granted(), vec![one]);
                }
            }
        }

        #[test]
        fn nothing_makes_the_reader_fail(line in any::<String>()) {
            let _ = Shown::default().read(&line);
            let _ = Shown::default().read(&format!("GRANT {line}"));
        }

        #[test]
        fn the_steps_lead_from_anything_to_anything(there in any_grants(), wanted in any_grants()) {
            let mut now = there.clone();
            for step in Grants::steps(&there, &wanted, &there.without(&wanted), Server::default()) {
                now.follow(step);
            }
            prop_assert!(now.include(&wanted) && wanted.include(&now), "{now:?}");
            prop_assert!(there.include(&there.within(&wanted)) && wanted.include(&there.within(&wanted)));
        }
    }

    impl Grants {
        /// Does what a server does.
        fn follow(&mut self, step: Step) {
            let (Step::Grant(what, _) | Step::Revoke(what)) = &step;
            let (privileges, on) = what.split_once(" ON ").unwrap();
            let held = self.0.entry(on.to_owned()).or_default();
            let all = || privileges::all(false, Server::default()).into_iter().map(str::to_owned);
            let privileges = privileges.split(", ").filter(|name| *name != "USAGE").map(str::to_owned);
            match step {
                Step::Grant(_, option) => {
                    held.extend(privileges.collect(), !option.is_empty());
                }
                Step::Revoke(_) if what.starts_with("GRANT OPTION") => held.option = false,
                Step::Revoke(_) => privileges.for_each(|privilege| match privilege == ALL {
                    true => held.privileges.clear(),
                    false => {
                        if held.privileges.remove(ALL) {
                            held.privileges.extend(all());
                        }
                        assert!(held.privileges.remove(&privilege), "{privilege} is not there");
                    }
                }),
            }
        }
    }

    fn any_grants() -> impl Strategy<Value = Grants> {
        let one =
            (prop::sample::subsequence(vec!["SELECT", "INSERT", "ALL"], 1..3), prop::sample::select(vec!["a", "b"]));
        prop::collection::vec((one, any::<bool>()), 0..4).prop_map(|all| {
            let all: Vec<_> = all.iter().map(|((names, on), option)| granted(names, on, "*", *option)).collect();
            grants(&all)
        })
    }
}
