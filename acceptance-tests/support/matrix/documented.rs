//! Undisturbed commands of a resource with only the permissions that its page in the documentation lists.

use std::collections::BTreeSet;
use std::fs;

use regex_lite::Regex;
use serde_json::json;

use crate::support::matrix::reference::Scene;
use crate::support::matrix::step::Step;
use crate::support::matrix::{Medium, Scenario};
use crate::support::terraform::Terraform;

/// The role whose session runs the commands.
const ROLE: &str = "documented";

/// Creates, updates and destroys; fails if a command does, or if any call is refused for a missing permission.
pub(super) fn live(scenario: &Scenario, base: &Terraform) {
    let actions = actions(scenario.resource);
    let mut scene = Scene::new(scenario, Medium::Calls, base);
    scene.account.add(&format!("role/{ROLE}"));
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    scene.account.put_policy(&format!("role/{ROLE}"), ROLE, &policy);
    scene.tf = scene.tf.envs(scene.account.session(ROLE, 3600));
    for step in Step::ALL {
        scene.configure(step, "");
        scene.forget();
        scene.tf.ok(step.command());
        if step != Step::Destroy {
            scene.tf.assert_plan_empty();
        }
        assert_eq!(refused(&scene), [""; 0], "{step} of {} lacks rights; documented are {actions:?}", scenario.name);
    }
}

/// The actions that the page of a resource lists.
pub fn actions(resource: &str) -> BTreeSet<String> {
    actions_on(&format!("resources/{}", resource.trim_start_matches("rdsauth_")))
}

/// The actions that a page lists, such as `data-sources/db_endpoint`.
pub fn actions_on(page: &str) -> BTreeSet<String> {
    let page = format!("{}/../docs/{page}.md", env!("CARGO_MANIFEST_DIR"));
    listed(&fs::read_to_string(&page).unwrap_or_else(|error| panic!("{page}: {error}")))
}

/// The actions in the permissions section of a page.
fn listed(page: &str) -> BTreeSet<String> {
    let action = Regex::new(r"`([a-z0-9-]+:[A-Z]\w+)`").expect("a pattern");
    let section = page.split("\n## ").find(|section| section.starts_with("Required Permissions\n"));
    let section = section.expect("a section about permissions");
    action.captures_iter(section).map(|found| found[1].to_owned()).collect()
}

/// The operations that were refused since the record was last emptied.
fn refused(scene: &Scene) -> Vec<String> {
    let calls = scene.account.query("calls", json!({}));
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
