//! The page of all checks, made from the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::posture::check::{Check, Topic};
use crate::posture::sources::Source;
use crate::posture::table;

/// Where the page is in `docs/`.
pub(crate) const PATH: &str = "guides/security-posture-checks.md";

const HEAD: &str = "---
page_title: \"Checks of the security posture\"
subcategory: \"\"
description: |-
  All checks of the data source rdsauth_posture: what each is about, how severe it is, and what to do if it fails.
---

# Checks of the security posture

The data source [`rdsauth_posture`](../data-sources/posture.md) makes these checks. A check is named by its own name or by
that of an AWS Security Hub control, in `checks` and in the `exclusion` block. Where AWS documents how a control is
evaluated, the check does the same.

A DB instance that is a member of a DB cluster is not judged by what the cluster decides: those checks are
`not_applicable` to it. A check is `unknown` if one of its permissions is missing.

These controls are not covered, since they need another service than RDS, EC2, IAM, KMS and Secrets Manager, or no longer
have an object: RDS.26 (AWS Backup), RDS.31 (DB security groups, which existed only in EC2-Classic), and those of AWS DMS.
";

/// The page.
pub(crate) fn page() -> String {
    let mut topics: BTreeMap<Topic, Vec<&Check>> = BTreeMap::new();
    for check in table::all() {
        topics.entry(check.topic).or_default().push(check);
    }
    let mut page = HEAD.to_owned();
    for (topic, checks) in topics {
        let _ = write!(page, "\n## {}\n", topic.name());
        for check in checks {
            let _ = write!(page, "\n### {}\n\n{}.\n\n", check.id, check.title);
            let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            if !check.controls.is_empty() {
                let _ = writeln!(page, "* Control: {}", quoted(check.controls));
            }
            if !check.also.is_empty() {
                let _ = writeln!(page, "* Also known as: {}", check.also.join(", "));
            }
            let actions: Vec<_> = check.sources.iter().flat_map(|source| source.actions()).copied().collect();
            let _ = writeln!(page, "* Severity: {}", check.severity.name());
            let _ = writeln!(page, "* Applies to: {}", check.judge);
            let more = if check.sources.contains(&Source::Users) { ", and those of `database_connection`" } else { "" };
            let _ = writeln!(page, "* Permissions: {}{more}", quoted(&actions));
            let _ = writeln!(page, "* Remediation: {}", check.remediation.trim_end_matches('.'));
            let _ = writeln!(page, "* Source: <{}>", check.source());
        }
    }
    page
}
