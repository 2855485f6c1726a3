//! A role logs in with tokens instead of a password: the module's own tests.

use serde_json::json;

use crate::modules::copied;
use crate::support::stage::Account;

#[test]
fn its_own_tests_pass() {
    let account = Account::with_databases();
    account.add_database_of("instance", "orders", json!({ "engine": "postgres", "iam": true }));
    account.add("role/orders-app");
    let role = format!("arn:aws:iam::{}:role/orders-app", account.id);
    let variables = [("role_arn", role.as_str()), ("db_instance_identifier", "orders"), ("db_user", "orders_app")];
    let tf = copied("iam-database-login", &account, &variables);
    tf.ok(&["test"]).expect_text("Success! 3 passed, 0 failed.");
}
