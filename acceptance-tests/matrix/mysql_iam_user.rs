//! `rdsauth_mysql_iam_user`, made anew, and taken over.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

const CREATE: &str = r#"
provider "rdsauth" {
  database {
    ca_certificate = var.ca
  }
}
resource "rdsauth_mysql_iam_user" "it" {
  name   = var.name
  preset = "cdc"
  grant {
    privileges = ["INSERT", "UPDATE"]
    database   = "app"
  }
  database_connection {
    host       = var.host
    port       = var.port
    auth       = "secret"
    secret_arn = var.secret
  }
  # timeouts
}
"#;

const UPDATE: &str = r#"
provider "rdsauth" {
  database {
    ca_certificate = var.ca
  }
}
resource "rdsauth_mysql_iam_user" "it" {
  name        = var.name
  require_ssl = false
  grant {
    privileges   = ["INSERT", "DELETE"]
    database     = "app"
    grant_option = true
  }
  database_connection {
    host       = var.host
    port       = var.port
    auth       = "secret"
    secret_arn = var.secret
  }
  # timeouts
}
"#;

/// A create gives nothing new: what it had granted when it is killed and its state is lost could not be told from what
/// was there before. What happens then is in `mysql_iam_user/takeover.rs`.
const TAKE: &str = r#"
provider "rdsauth" {
  database {
    ca_certificate = var.ca
  }
}
resource "rdsauth_mysql_iam_user" "it" {
  name      = var.name
  take_over = true
  grant {
    privileges = ["INSERT", "SELECT"]
    database   = "app"
  }
  database_connection {
    host       = var.host
    port       = var.port
    auth       = "secret"
    secret_arn = var.secret
  }
  # timeouts
}
"#;

/// Without something that was there, with something that is already there, and with something new.
const GIVE_OTHERS: &str = r#"
provider "rdsauth" {
  database {
    ca_certificate = var.ca
  }
}
resource "rdsauth_mysql_iam_user" "it" {
  name        = var.name
  take_over   = true
  require_ssl = false
  preset      = "cdc"
  grant {
    privileges   = ["DELETE", "INSERT"]
    database     = "app"
    grant_option = true
  }
  database_connection {
    host       = var.host
    port       = var.port
    auth       = "secret"
    secret_arn = var.secret
  }
  # timeouts
}
"#;

fn server(account: &Account) -> Variables {
    let instance = json!({ "identifier": "shop", "engine": "mariadb", "iam": true });
    let instance = account.tell("instances", instance);
    Variables::from([
        ("name", format!("u{}", account.id)),
        ("host", instance["host"].as_str().expect("a host").to_owned()),
        ("port", instance["port"].to_string()),
        ("secret", account.master_secret("mariadb")),
        ("ca", account.database_authority()),
    ])
}

/// How the user logs in, and what it may do.
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
    Scenario { name: "mysql_iam_user", seed: server, create: CREATE, update: UPDATE, remote }.run_in_databases();
}

#[test]
fn mysql_iam_user_taken_over() {
    Scenario {
        name: "mysql_iam_user_taken_over",
        seed: |account| {
            let user = format!("u{}", account.id);
            let grants = format!("GRANT SELECT, INSERT, SHOW VIEW ON app.* TO {user}; GRANT PROCESS ON *.* TO {user}");
            account.sql("mariadb", &format!("CREATE USER {user} IDENTIFIED BY 'pass'; {grants}"));
            server(account)
        },
        create: TAKE,
        update: GIVE_OTHERS,
        remote,
    }
    .run_in_databases();
}
