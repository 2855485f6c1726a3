//! `rdsauth_postgresql_iam_user`, created, and adopted.

use serde_json::Value;

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The update changes the name, attributes and memberships.
pub(crate) const MADE: Scenario = Scenario {
    name: "postgresql_iam_user",
    seed: |account| seed(account, false),
    resource: "rdsauth_postgresql_iam_user",
    always: r#"
  adopt_existing = var.adopt_existing
  database_connection {
    host           = var.host
    port           = var.port
    database       = "app"
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
    create: r#"
  name             = var.user
  roles            = [var.reader]
  connection_limit = 4
  replication      = true
"#,
    update: r#"
  name            = "${var.user}_new"
  roles           = [var.writer]
  valid_until     = "2031-01-01T00:00:00Z"
  forbid_password = false
"#,
    remote,
};

fn seed(account: &Account, adopt_existing: bool) -> Variables {
    let database = account.add_database("instance", "orders");
    let (reader, writer) = (format!("reader_{}", account.id), format!("writer_{}", account.id));
    account.sql("postgres", &format!("CREATE ROLE {reader}; CREATE ROLE {writer}"));
    vec![
        ("user", format!("user_{}", account.id)),
        ("reader", reader),
        ("writer", writer),
        ("host", database["host"].as_str().expect("a host").to_owned()),
        ("port", database["port"].to_string()),
        ("secret", account.master_secret("postgres")),
        ("authority", account.database_authority()),
        ("adopt_existing", adopt_existing.to_string()),
    ]
}

/// The roles of the account, whether they were created here, and their memberships.
fn remote(account: &Account) -> Value {
    let roles = account.sql(
        "postgres",
        &format!(
            "SELECT coalesce(json_object_agg(rolname, json_build_array(rolcanlogin, rolreplication, rolconnlimit, \
             rolvaliduntil, shobj_description(r.oid, 'pg_authid') LIKE 'Made by %', ARRAY(SELECT g.rolname \
             FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1))), '{{}}') \
             FROM pg_roles r WHERE rolname LIKE '%{}%'",
            account.id
        ),
    );
    serde_json::from_str(&roles).expect("JSON")
}

#[test]
fn postgresql_iam_user() {
    MADE.run_in_databases();
}

#[test]
fn postgresql_iam_user_adopted() {
    Scenario {
        name: "postgresql_iam_user_adopted",
        seed: |account| {
            let variables = seed(account, true);
            account.sql("postgres", &format!("CREATE ROLE user_{0} IN ROLE writer_{0} CONNECTION LIMIT 7", account.id));
            variables
        },
        ..MADE
    }
    .run_in_databases();
}
