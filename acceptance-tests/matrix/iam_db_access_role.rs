//! `rdsauth_iam_db_access_role`, with every kind of change in its update.

use crate::matrix::aurora_loader_role::roles;
use crate::support::matrix::{Scenario, Variables};

pub(crate) const ROLE: Scenario = Scenario {
    name: "iam_db_access_role",
    seed: |account| {
        account.add("role/clickhouse");
        Variables::from([("account", account.id.clone())])
    },
    resource: "rdsauth_iam_db_access_role",
    always: r#"
  name               = "access"
  trusted_principals = ["arn:aws:iam::${var.account}:role/clickhouse"]
"#,
    create: r#"
  description = "Reads"
  preset      = "clickpipes"
  tags        = { team = "data", stage = "dev" }
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["clickpipes_iam_user"]
  }
"#,
    update: r#"
  external_id          = "orders"
  policy_name          = "login"
  max_session_duration = 7200
  permissions_boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  tags                 = { team = "load" }
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["clickpipes_iam_user", "reports"]
  }
"#,
    remote: |account| roles(account),
};

#[test]
fn iam_db_access_role() {
    ROLE.run();
}
