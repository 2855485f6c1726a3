//! `rdsauth_iam_db_user_policy`, beside a policy of somebody else.

use serde_json::json;

use crate::support::matrix::{Scenario, Variables};

const CREATE: &str = r#"
resource "rdsauth_iam_db_user_policy" "it" {
  role = "app"
  database {
    resource_id = "db-ORDERS"
    db_users    = ["app", "reports"]
  }
  # timeouts
}
"#;

const UPDATE: &str = r#"
resource "rdsauth_iam_db_user_policy" "it" {
  role = "app"
  database {
    resource_id = "db-ORDERS"
    db_users    = ["app", "batch"]
  }
  # timeouts
}
"#;

#[test]
fn iam_db_user_policy() {
    Scenario {
        name: "iam_db_user_policy",
        seed: |account| {
            account.add("role/app");
            account.put_policy("role/app", "foreign", &json!({ "Version": "2012-10-17", "Statement": [] }));
            Variables::new()
        },
        create: CREATE,
        update: UPDATE,
        remote: |account| json!({ "app": account.policies("role/app") }),
    }
    .run();
}
