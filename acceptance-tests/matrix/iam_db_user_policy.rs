//! `rdsauth_iam_db_user_policy`, beside a policy of others.

use serde_json::json;

use crate::support::matrix::{Scenario, Variables};

pub(crate) const POLICY: Scenario = Scenario {
    name: "iam_db_user_policy",
    seed: |account| {
        account.add("role/app");
        account.put_policy("role/app", "foreign", &json!({ "Version": "2012-10-17", "Statement": [] }));
        Variables::new()
    },
    resource: "rdsauth_iam_db_user_policy",
    always: r#"role = "app""#,
    create: r#"
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["app", "reports"]
  }
"#,
    update: r#"
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["app", "batch"]
  }
"#,
    remote: |account| json!({ "app": account.policies("role/app") }),
};

#[test]
fn iam_db_user_policy() {
    POLICY.run();
}
