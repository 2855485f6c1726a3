//! `rdsauth_mysql_iam_user`, disturbed at its statements.

use serde_json::json;

use crate::support::matrix::{Scenario, Variables};

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

#[test]
fn mysql_iam_user() {
    Scenario {
        name: "mysql_iam_user",
        seed: |account| {
            let instance = json!({ "identifier": "shop", "engine": "mariadb", "iam": true });
            let instance = account.tell("instances", instance);
            Variables::from([
                ("name", format!("u{}", account.id)),
                ("host", instance["host"].as_str().expect("a host").to_owned()),
                ("port", instance["port"].to_string()),
                ("secret", account.master_secret("mariadb")),
                ("ca", account.database_authority()),
            ])
        },
        create: CREATE,
        update: UPDATE,
        remote: |account| {
            let user = format!("u{}", account.id);
            let login = "concat_ws(' ', plugin, authentication_string, ssl_type)";
            let login = account.sql("mariadb", &format!("SELECT {login} FROM mysql.user WHERE user = '{user}'"));
            let grants = match login.is_empty() {
                true => String::new(),
                false => account.sql("mariadb", &format!("SHOW GRANTS FOR {user}")).replace(&user, "USER"),
            };
            json!({ "login": login, "grants": grants.lines().collect::<Vec<_>>() })
        },
    }
    .run_in_databases();
}
