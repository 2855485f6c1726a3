//! `ephemeral.rdsauth_db_auth_token` under the real CLI, against the stage.
//!
//! That a token opens a session in a real database is shown by the demo; here only the token is checked.

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const HOST: &str = "orders.abcdefghijkl.us-east-1.rds.amazonaws.com";

/// A configuration that opens a token and passes it to a command, which writes it to the file `token`.
fn scene(body: &str) -> (Terraform, Account) {
    let account = Account::new();
    account.add("role/reader");
    let tf = Terraform::of(&account).initialised(
        &format!(
            r#"
ephemeral "rdsauth_db_auth_token" "it" {{
  {body}
}}
resource "terraform_data" "use" {{
  provisioner "local-exec" {{
    command     = "printf '%s %s' \"$TOKEN\" \"$UNTIL\" > token"
    environment = {{
      TOKEN = ephemeral.rdsauth_db_auth_token.it.token
      UNTIL = ephemeral.rdsauth_db_auth_token.it.expires_at
    }}
  }}
}}
"#
        )
        .replace("ACCOUNT", &account.id),
    );
    (tf, account)
}

fn body(more: &str) -> String {
    format!("host = \"{HOST}\"\n  port = 5432\n  username = \"app\"\n  {more}")
}

#[test]
fn a_token_is_generated_and_stored_nowhere() {
    let (tf, account) = scene(&body(""));
    let tf = tf.env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log");
    account.forget_calls();
    tf.apply();
    assert_eq!(account.operations(), [""; 0], "a token is made without a call");
    let written = tf.read("token");
    let (token, until) = written.split_once(' ').expect("a token and its end");
    assert!(token.starts_with(&format!("{HOST}:5432/?Action=connect&DBUser=app&X-Amz-")), "{token}");
    assert!(
        token.contains(&format!("AKIA{}TEST%2F", account.id)) && token.contains("%2Fus-east-1%2Frds-db%2F"),
        "{token}"
    );
    assert!(token.contains("X-Amz-Expires=900"), "{token}");
    assert!(until.ends_with('Z'), "{until}");
    let signature = token.split_once("X-Amz-Signature=").expect("a signature").1.to_owned();
    tf.remove("token");
    tf.assert_nowhere(&signature);
}

#[test]
fn a_token_can_be_signed_as_another_role_and_for_a_shorter_time() {
    let (tf, account) = scene(&body("role_arn = \"arn:aws:iam::ACCOUNT:role/reader\"\n  expires_in = 60"));
    account.forget_calls();
    tf.apply();
    assert!(account.operations().iter().all(|operation| operation == "AssumeRole"), "{:?}", account.operations());
    let token = tf.read("token");
    assert!(!token.contains(&format!("AKIA{}TEST", account.id)), "{token}");
    assert!(token.contains("X-Amz-Security-Token=") && token.contains("X-Amz-Expires=60"), "{token}");
}

#[test]
fn odd_user_names_are_encoded() {
    let (tf, _) = scene(&body("").replace("\"app\"", "\"a b+c&d@é\""));
    tf.apply();
    assert!(tf.read("token").contains("&DBUser=a%20b%2Bc%26d%40%C3%A9&"), "{}", tf.read("token"));
}

#[test]
fn an_alias_and_credentials_that_end_soon_are_warned_of() {
    let (tf, _) = scene(&body("region = \"us-east-1\"").replace(HOST, "db.example.com"));
    tf.apply().expect_text("does not have the form of an RDS endpoint");
    let (tf, account) = scene(&body(""));
    // The shortest session that AWS gives lasts as long as a token: it ends first, having begun first.
    let role = format!("role_arn = \"arn:aws:iam::{}:role/reader\"\n    duration = \"15m\"", account.id);
    tf.write("provider.tf", &format!("provider \"rdsauth\" {{\n  assume_role {{\n    {role}\n  }}\n}}\n"));
    tf.apply().expect_text("Credentials expire before the token");
}

#[track_caller]
fn check_refused(body: &str, sentence: &str, line: &str) {
    let (tf, _) = scene(body);
    tf.plan_fails().assert_refused(sentence, line);
}

#[test]
fn errors_point_at_their_line() {
    check_refused(&body("region = \"eu-west-1\""), "rejects a token for another region", "eu-west-1");
    check_refused(&body("").replace(HOST, &format!("https://{HOST}")), "is a URL", "https");
    check_refused(&body("").replace("5432", "0"), "1 to 65535", "port");
    check_refused(&body("").replace("\"app\"", "\"\""), "1 to 80 characters", "username");
    check_refused(&body("expires_in = 901"), "1 to 900", "expires_in");
}
