//! `rdsauth_mysql_iam_user`, created, and adopted.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const MADE: Scenario = Scenario {
    name: "mysql_iam_user",
    seed: |account| seed(account, false),
    resource: "rdsauth_mysql_iam_user",
    always: r#"
  name      = var.name
  adopt_existing = var.adopt_existing
  database_connection {
    host           = var.host
    port           = var.port
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
    create: r#"
  preset = "cdc"
  grant {
    privileges = ["INSERT", "UPDATE"]
    database   = "app"
  }
"#,
    update: r#"
  require_ssl = false
  grant {
    privileges   = ["INSERT", "DELETE"]
    database     = "app"
    grant_option = true
  }
"#,
    remote,
};

fn seed(account: &Account, adopt_existing: bool) -> Variables {
    let instance = json!({ "identifier": "shop", "engine": "mariadb", "iam": true });
    let instance = account.command("instances", instance);
    Variables::from([
        ("name", format!("u{}", account.id)),
        ("host", instance["host"].as_str().expect("a host").to_owned()),
        ("port", instance["port"].to_string()),
        ("secret", account.master_secret("mariadb")),
        ("authority", account.database_authority()),
        ("adopt_existing", adopt_existing.to_string()),
    ])
}

/// How the user logs in, and its privileges.
fn remote(account: &Account) -> Value {
    let user = format!("u{}", account.id);
    let login = "concat_ws(' ', plugin, authentication_string, ssl_type)";
    let login = account.sql("mariadb", &format!("SELECT {login} FROM mysql.user WHERE user = '{user}'"));
    let grants = match login.is_empty() {
        true => String::new(),
        false => account.sql("mariadb", &format!("SHOW GRANTS FOR {user}")).replace(&user, "USER"),
    };
    json!({ "login": login, "grants": grants.lines().collect::<Vec<_>>() })
}

#[test]
fn mysql_iam_user() {
    MADE.run_in_databases();
}

#[test]
fn mysql_iam_user_adopted() {
    Scenario {
        name: "mysql_iam_user_adopted",
        seed: |account| {
            let user = format!("u{}", account.id);
            let grants = format!("GRANT SELECT, INSERT, SHOW VIEW ON app.* TO {user}; GRANT PROCESS ON *.* TO {user}");
            account.sql("mariadb", &format!("CREATE USER {user} IDENTIFIED BY 'pass'; {grants}"));
            seed(account, true)
        },
        // It grants nothing new: what a killed run whose state is lost had granted could not be distinguished from what
        // was there before. That case is in `mysql_iam_user/adoption.rs`.
        create: r#"
  grant {
    privileges = ["INSERT", "SELECT"]
    database   = "app"
  }
"#,
        // Without something that was there, with something that is already there, and with something new.
        update: r#"
  require_ssl = false
  preset      = "cdc"
  grant {
    privileges   = ["DELETE", "INSERT"]
    database     = "app"
    grant_option = true
  }
"#,
        ..MADE
    }
    .run_in_databases();
}
