//! Whom the security groups of a database let in. Egress is nothing to a database, and of the rules for ingress only those
//! count that are about its port.

use std::collections::BTreeSet;

use crate::aws::ec2::{Range, Rule, SecurityGroup};
use crate::aws::rds::inventory::Profile;
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::facts::{self, Facts, Seen};
use crate::posture::sources::Source;

const PAGE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html";

const GROUPS: &[Source] = &[Source::Instances, Source::Clusters, Source::SecurityGroups];

const RANGES: &[Source] = &[Source::Instances, Source::Clusters, Source::SecurityGroups, Source::PrefixLists];

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "security_groups_not_open_to_world",
        title: "No security group opens the port of the database to all addresses",
        severity: Severity::Critical,
        topic: Topic::Vpc,
        sources: RANGES,
        judge: Judge::Database(Scope::Deciding, &[], |facts, database| {
            open(facts, database, Range::is_world, |_| false, "all addresses")
        }),
        remediation: "Remove 0.0.0.0/0 and ::/0 from the aws_vpc_security_group_ingress_rule of the port.",
        page: PAGE,
        ..BASE
    },
    Check {
        id: "security_groups_narrow",
        title: "No security group opens the port of the database to more than a /16 of IPv4 or a /48 of IPv6, or opens all ports",
        severity: Severity::High,
        topic: Topic::Vpc,
        sources: RANGES,
        judge: Judge::Database(Scope::Deciding, &[], |facts, database| {
            open(facts, database, Range::is_wide, Rule::is_about_all_ports, "so many addresses or to all ports")
        }),
        remediation: "Name the port, and the security groups or smaller CIDR blocks of the clients.",
        page: PAGE,
        ..BASE
    },
    Check {
        id: "security_groups_not_default",
        title: "The default security group of the VPC is not attached",
        severity: Severity::Medium,
        topic: Topic::Vpc,
        sources: GROUPS,
        judge: Judge::Database(Scope::Deciding, &[], not_default),
        remediation: "Set vpc_security_group_ids: a restore without them attaches the default one.",
        page: PAGE,
        ..BASE
    },
    Check {
        id: "security_groups_by_reference",
        title: "The security groups let in other security groups rather than CIDR blocks",
        severity: Severity::Informational,
        topic: Topic::Vpc,
        sources: GROUPS,
        judge: Judge::Database(Scope::Deciding, &[], by_reference),
        remediation: "Set referenced_security_group_id of aws_vpc_security_group_ingress_rule.",
        page: PAGE,
        ..BASE
    },
];

/// Fails with the rules about the port that have a range of a kind, or are of a kind. What is in a prefix list counts as
/// if it were in the rule.
fn open(
    facts: &Facts,
    database: &Profile,
    is_range: fn(&Range) -> bool,
    is_rule: fn(&Rule) -> bool,
    what: &str,
) -> Answer {
    if let Some(why) = outside(database) {
        return without_meaning(why);
    }
    let (mut found, mut unread) = (BTreeSet::new(), None);
    let (port, rules) = rules(facts, database)?;
    for (group, rule) in &rules {
        let id = &group.id;
        found.extend(is_rule(rule).then(|| format!("{id} on all ports")));
        let own = rule.ranges.iter().filter(|range| is_range(range));
        found.extend(own.map(|range| format!("{id} from {}", range.cidr)));
        for list in &rule.prefix_lists {
            match facts::of(&facts.prefix_lists, list) {
                Ok(ranges) => {
                    let own = ranges.iter().filter(|range| is_range(range));
                    found.extend(own.map(|range| format!("{id} from {} of {list}", range.cidr)));
                }
                Err(why) => unread = Some(why),
            }
        }
    }
    let found: Vec<_> = found.into_iter().collect();
    match (&found[..], unread) {
        ([], Some(why)) => Err(why),
        ([], None) => passed(format!("None of {} rules about port {port} is open to {what}.", rules.len())),
        _ => failed(format!("These rules about port {port} are: {}.", found.join(", "))),
    }
}

fn not_default(facts: &Facts, database: &Profile) -> Answer {
    if let Some(why) = outside(database) {
        return without_meaning(why);
    }
    let groups = groups(facts, database)?;
    let found: Vec<_> = groups.iter().filter(|group| group.name == "default").map(|group| group.id.as_str()).collect();
    match found[..] {
        [] => passed(format!("None of {} security groups is.", groups.len())),
        _ => failed(format!("This is attached: {}.", found.join(", "))),
    }
}

fn by_reference(facts: &Facts, database: &Profile) -> Answer {
    if let Some(why) = outside(database) {
        return without_meaning(why);
    }
    let (port, rules) = rules(facts, database)?;
    let ranges = |(group, rule): &(&SecurityGroup, &Rule)| {
        rule.ranges.iter().map(|range| format!("{} from {}", group.id, range.cidr)).collect::<Vec<_>>()
    };
    let found: BTreeSet<_> = rules.iter().flat_map(ranges).collect();
    let words: Vec<_> = found.into_iter().collect();
    holds(
        words.is_empty(),
        match words.is_empty() {
            true => format!("None of {} rules about port {port} names a CIDR block.", rules.len()),
            false => format!("These rules about port {port} do not: {}.", words.join(", ")),
        },
    )
}

/// Why it has no security groups.
fn outside(database: &Profile) -> Option<&'static str> {
    (database.has_vpc_networking == Some(false)).then_some("The DB cluster is in no VPC.")
}

/// Its security groups.
fn groups<'a>(facts: &'a Facts, database: &Profile) -> Seen<Vec<&'a SecurityGroup>> {
    let all = facts.security_groups.as_ref().map_err(Clone::clone)?;
    if database.security_groups.is_empty() {
        return Err("RDS does not tell the security groups.".to_owned());
    }
    let known = |id: &String| all.get(id).ok_or_else(|| format!("EC2 tells no security group {id}."));
    database.security_groups.iter().map(known).collect()
}

/// Its port, and the rules about it.
fn rules<'a>(facts: &'a Facts, database: &Profile) -> Seen<(i32, Vec<(&'a SecurityGroup, &'a Rule)>)> {
    let port = database.port.ok_or("RDS does not tell the port yet.")?;
    let groups = groups(facts, database)?;
    let about = |group: &'a SecurityGroup| {
        group.rules.iter().filter(move |rule| rule.is_about(port)).map(move |rule| (group, rule))
    };
    Ok((port, groups.into_iter().flat_map(about).collect()))
}
