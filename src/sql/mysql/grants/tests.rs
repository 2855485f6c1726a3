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
    assert_eq!(lines(&["GRANT `a`@`%`,`b`@`%` TO `u`@`%` WITH ADMIN OPTION"]), ["`a`@`%`, `b`@`%` WITH GRANT OPTION"]);
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
        ["- ALTER, ALTER ROUTINE, CREATE, CREATE ROUTINE, CREATE TEMPORARY TABLES, CREATE VIEW, DELETE, DROP, EVENT, \
             EXECUTE, INDEX, INSERT, LOCK TABLES, REFERENCES, SHOW VIEW, TRIGGER, UPDATE ON `a`.*"]
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

/// In a pattern a backslash removes the special meaning of the next character, including that of a backslash.
#[test]
fn a_backslash_in_a_name_stands_for_itself() {
    let one = granted(&["SELECT"], r"a\b_c", "*", false);
    let all = grants(std::slice::from_ref(&one));
    assert_eq!(all.lines(), [r"SELECT ON `a\\b\_c`.*"]);
    assert_eq!(all.granted(), [one]);
    assert_eq!(grants(&[granted(&["SELECT"], r"a\b", "t", false)]).lines(), [r"SELECT ON `a\b`.`t`"], "no pattern");
    let shown = shown(&[r"GRANT SELECT ON `a\b`.* TO `u`@`%`"]).grants;
    assert_eq!(shown.granted(), [granted(&["SELECT"], "ab", "*", false)], "what it opens");
}

#[test]
fn roles_are_removed_by_name() {
    let mut grants = shown(&["GRANT `r`@`%`,`x``y`@`%` TO `u`@`%`", "GRANT SELECT ON *.* TO `u`@`%`"]).grants;
    assert!(!grants.remove_roles(|name| name == "SELECT"));
    assert!(grants.remove_roles(|name| name == "x`y"));
    assert_eq!(grants.lines(), ["`r`@`%`", "SELECT ON *.*"]);
    assert!(grants.remove_roles(|name| name == "r"));
    assert_eq!(grants.lines(), ["SELECT ON *.*"]);
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
    let one = (prop::sample::subsequence(vec!["SELECT", "INSERT", "ALL"], 1..3), prop::sample::select(vec!["a", "b"]));
    prop::collection::vec((one, any::<bool>()), 0..4).prop_map(|all| {
        let all: Vec<_> = all.iter().map(|((names, on), option)| granted(names, on, "*", *option)).collect();
        grants(&all)
    })
}
