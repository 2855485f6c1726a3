//! Undisturbed commands of a resource with only the permissions that its page in the documentation lists.

use std::collections::BTreeSet;
use std::fs;

use regex_lite::Regex;
use serde_json::json;

use crate::support::matrix::reference::Scene;
use crate::support::matrix::step::Step;
use crate::support::matrix::{Medium, Scenario};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The role whose session runs the commands.
const ROLE: &str = "documented";

/// Creates, updates and destroys; fails if a command does, or if any call is refused for a missing permission.
pub(super) fn live(scenario: &Scenario, medium: Medium, base: &Terraform) {
    let actions = actions(scenario.resource);
    let mut scene = Scene::new(scenario, medium, base);
    scene.tf = within(scene.tf, &scene.account, &actions);
    for step in Step::ALL {
        scene.configure(step, "");
        scene.forget();
        scene.tf.ok(step.command());
        if step != Step::Destroy {
            scene.tf.assert_plan_empty();
        }
        let refused = refused(&scene.account);
        assert_eq!(refused, [""; 0], "{step} of {} lacks rights; documented are {actions:?}", scenario.name);
    }
    scene.end();
}

/// The folder with the session of a role that may do nothing but these actions.
pub fn within(tf: Terraform, account: &Account, actions: &BTreeSet<String>) -> Terraform {
    account.add(&format!("role/{ROLE}"));
    allow(account, actions);
    tf.envs(account.session(ROLE, 3600))
}

/// Allows that role these actions, and no others.
pub fn allow(account: &Account, actions: &BTreeSet<String>) {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    account.put_policy(&format!("role/{ROLE}"), ROLE, &policy);
}

/// The actions that the page of a resource lists.
pub fn actions(resource: &str) -> BTreeSet<String> {
    actions_on(&format!("resources/{}", resource.trim_start_matches("rdsauth_")))
}

/// The actions that a page lists, such as `data-sources/db_endpoint`.
pub fn actions_on(page: &str) -> BTreeSet<String> {
    listed(&self::page(page))
}

/// The actions that the page of a resource lists in the bullet of its permissions section that begins so.
pub fn bullet(resource: &str, begin: &str) -> BTreeSet<String> {
    let page = page(&format!("resources/{}", resource.trim_start_matches("rdsauth_")));
    let mut bullets = section(&page).split("\n- ").skip(1);
    in_text(bullets.find(|bullet| bullet.starts_with(begin)).unwrap_or_else(|| panic!("no bullet begins {begin}")))
}

fn page(name: &str) -> String {
    let file = format!("{}/../docs/{name}.md", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The actions in the permissions section of a page.
fn listed(page: &str) -> BTreeSet<String> {
    in_text(section(page))
}

fn section(page: &str) -> &str {
    let section = page.split("\n## ").find(|section| section.starts_with("Required Permissions\n"));
    section.expect("a section about permissions")
}

fn in_text(text: &str) -> BTreeSet<String> {
    let action = Regex::new(r"`([a-z0-9-]+:[A-Z]\w+)`").expect("a pattern");
    action.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// The operations that were refused since the record was last emptied.
pub fn refused(account: &Account) -> Vec<String> {
    let calls = account.query("calls", json!({}));
    let calls = calls["calls"].as_array().expect("calls").iter();
    let denied = calls.filter(|call| call["code"].as_str().is_some_and(|code| code.contains("AccessDenied")));
    denied.map(|call| format!("{}:{}", call["service"], call["operation"]).replace('"', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_those_of_their_section() {
        let page = "---\n  iam:A\n---\n## Schema\n\n`iam:B`\n\n## Required Permissions\n\n### IAM\n\n`iam:GetRole`, \
                    `rds-db:Connect`; for `tags` also\n`iam:TagRole`.\n\n### Database\n\n`CREATEROLE`\n\n## Import\n\n`iam:C`\n";
        assert_eq!(listed(page).into_iter().collect::<Vec<_>>(), ["iam:GetRole", "iam:TagRole", "rds-db:Connect"]);
    }
}
