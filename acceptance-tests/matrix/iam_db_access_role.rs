//! `rdsauth_iam_db_access_role`, with every kind of change in its update.

use crate::matrix::aurora_loader_role::roles;
use crate::support::matrix::{Scenario, Variables};

const CREATE: &str = r#"
resource "rdsauth_iam_db_access_role" "it" {
  name               = "access"
  description        = "Reads"
  preset             = "clickpipes"
  trusted_principals = ["arn:aws:iam::${var.account}:role/clickhouse"]
  tags               = { team = "data", stage = "dev" }
  database {
    resource_id = "db-ORDERS"
    db_users    = ["clickpipes_iam_user"]
  }
  # timeouts
}
"#;

const UPDATE: &str = r#"
resource "rdsauth_iam_db_access_role" "it" {
  name                 = "access"
  trusted_principals   = ["arn:aws:iam::${var.account}:role/clickhouse"]
  external_id          = "orders"
  policy_name          = "login"
  max_session_duration = 7200
  permissions_boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  tags                 = { team = "load" }
  database {
    resource_id = "db-ORDERS"
    db_users    = ["clickpipes_iam_user", "reports"]
  }
  # timeouts
}
"#;

#[test]
fn iam_db_access_role() {
    Scenario {
        name: "iam_db_access_role",
        seed: |account| {
            account.add("role/clickhouse");
            Variables::from([("account", account.id.clone())])
        },
        create: CREATE,
        update: UPDATE,
        remote: |account| roles(account),
    }
    .run();
}
