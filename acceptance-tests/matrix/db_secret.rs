//! `rdsauth_db_secret`, created, and restored from its recovery window.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// Everything that is changed by a call of its own is changed.
pub(crate) const MADE: Scenario = Scenario {
    name: "db_secret",
    seed: |account| seed(account, false),
    resource: "rdsauth_db_secret",
    always: r#"
  name            = "loader/source"
  kms_key_id      = var.key
  restore_deleted = var.restore_deleted
"#,
    create: r#"
  description         = "for the loader"
  username            = "reader"
  password_wo         = "first-password"
  password_wo_version = 1
  tags                = { team = "data" }
"#,
    update: r#"
  description         = "for the new loader"
  username            = "new_reader"
  password_wo         = "second-password"
  password_wo_version = 2
  tags                = { owner = "me" }
"#,
    remote,
};

fn seed(account: &Account, restore_deleted: bool) -> Variables {
    vec![("key", account.add_key(json!({ "alias": "alias/loader" }))), ("restore_deleted", restore_deleted.to_string())]
}

/// The secrets, with their current values; the number of older versions does not matter.
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
    MADE.run();
}

#[test]
fn db_secret_restored() {
    Scenario {
        name: "db_secret_restored",
        seed: |account| {
            account.put_secret("loader/source", json!({ "value": "old", "tags": { "old": "1" } }));
            account.delete_secret("loader/source", Some(7));
            seed(account, true)
        },
        ..MADE
    }
    .run();
}
