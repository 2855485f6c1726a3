//! `rdsauth_db_secret`, made anew, and taken back from its recovery window.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

const CREATE: &str = r#"
resource "rdsauth_db_secret" "it" {
  name                = "loader/source"
  description         = "for the loader"
  kms_key_id          = var.key
  username            = "reader"
  password_wo         = "first-password"
  password_wo_version = 1
  # restore
  tags                = { team = "data" }
  # timeouts
}
"#;

/// Everything that is changed by a call of its own.
const UPDATE: &str = r#"
resource "rdsauth_db_secret" "it" {
  name                = "loader/source"
  description         = "for the new loader"
  kms_key_id          = var.key
  username            = "new_reader"
  password_wo         = "second-password"
  password_wo_version = 2
  # restore
  tags                = { owner = "me" }
  # timeouts
}
"#;

fn key(account: &Account) -> Variables {
    vec![("key", account.add_key(json!({ "alias": "alias/loader" })))]
}

/// The secrets, with the value in force; of older versions it does not matter how many there are.
fn remote(account: &Account) -> Value {
    let secrets = account.secrets().into_iter().map(|(name, secret)| {
        let is_deleted = secret["deleted"].is_number();
        let kept =
            ["description", "key", "policy", "tags", "value"].map(|field| (field.to_owned(), secret[field].clone()));
        (name, json!([kept.into_iter().collect::<serde_json::Map<_, _>>(), is_deleted]))
    });
    Value::Object(secrets.collect())
}

#[test]
fn db_secret() {
    Scenario { name: "db_secret", seed: key, create: CREATE, update: UPDATE, remote }.run();
}

#[test]
fn db_secret_restored() {
    Scenario {
        name: "db_secret_restored",
        seed: |account| {
            account.put_secret("loader/source", json!({ "value": "old", "tags": { "old": "1" } }));
            account.delete_secret("loader/source", Some(7));
            key(account)
        },
        create: with_consent(CREATE),
        update: with_consent(UPDATE),
        remote,
    }
    .run();
}

/// The configuration that agrees to restoring what somebody else has deleted.
fn with_consent(configuration: &str) -> &'static str {
    configuration.replace("# restore", "restore_deleted     = true").leak()
}
