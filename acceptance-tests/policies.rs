//! Every policy that the provider writes is accepted by AWS, and a linter finds nothing wrong with it.

use serde_json::Value;

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// Resources that together write policies of every form.
const ALL: &str = r#"
resource "rdsauth_aurora_loader_role" "one_key" {
  name                   = "one-key"
  source_secret_arn      = "arn:aws:secretsmanager:us-east-1:ACCOUNT:secret:source-a1B2c3"
  destination_secret_arn = "arn:aws:secretsmanager:us-east-1:ACCOUNT:secret:destination-d4E5f6"
  kms_key_arn            = "arn:aws:kms:us-east-1:ACCOUNT:key/11111111-2222-3333-4444-555555555555"
}

resource "rdsauth_aurora_loader_role" "two_keys" {
  name                    = "two-keys"
  source_secret_arn       = "arn:aws:secretsmanager:us-east-1:ACCOUNT:secret:source-a1B2c3"
  destination_secret_arn  = "arn:aws:secretsmanager:us-east-1:ACCOUNT:secret:destination-d4E5f6"
  kms_key_arn             = "arn:aws:kms:us-east-1:ACCOUNT:key/11111111-2222-3333-4444-555555555555"
  additional_kms_key_arns = ["arn:aws:kms:us-east-1:ACCOUNT:key/66666666-7777-8888-9999-000000000000"]
}

resource "rdsauth_iam_db_access_role" "clickpipes" {
  name               = "clickpipes"
  preset             = "clickpipes"
  trusted_principals = ["ACCOUNT"]
  external_id        = "x-1"
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["app", "reports"]
  }
}

resource "rdsauth_iam_db_access_role" "dms" {
  name                     = "dms"
  preset                   = "dms"
  source_account_condition = true
  connect {
    resource_id = "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["app"]
  }
}

resource "rdsauth_iam_db_access_role" "rds_proxy" {
  name   = "proxy"
  preset = "rds_proxy"
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["app"]
  }
}

resource "rdsauth_iam_db_user_policy" "it" {
  role = rdsauth_iam_db_access_role.rds_proxy.name
  policy_name = "more"
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["more"]
  }
  condition {
    test     = "StringEquals"
    variable = "aws:ResourceTag/environment"
    values   = ["production"]
  }
}
"#;

/// The attributes that hold policies, and their kind for the linter.
const ATTRIBUTES: [(&str, &str); 2] = [("policy_json", "identity"), ("assume_role_policy", "trust")];

/// With an administrator and each kind of user.
const KEY: &str = r#"
resource "rdsauth_kms_key" "it" {
  alias          = "alias/it"
  administrators = [rdsauth_iam_db_access_role.dms.arn]
}

resource "rdsauth_kms_key_user" "loader" {
  kms_key_arn   = rdsauth_kms_key.it.arn
  principal_arn = rdsauth_aurora_loader_role.one_key.arn
}

resource "rdsauth_kms_key_user" "console" {
  kms_key_arn    = rdsauth_kms_key.it.arn
  principal_arn  = rdsauth_iam_db_access_role.rds_proxy.arn
  permission_set = "console_key_user"
}
"#;

#[test]
fn every_emitted_policy_passes_parliament() {
    let account = Account::new();
    let tf = Terraform::of(&account).initialised(&[ALL, KEY].concat().replace("ACCOUNT", &account.id));
    tf.apply();
    let state = tf.state();
    let mut linted = 0;
    for address in state.addresses() {
        for (attribute, kind) in ATTRIBUTES {
            let Value::String(text) = state.value(&address, attribute) else { continue };
            let policy: Value = serde_json::from_str(&text).unwrap();
            let kind = if address.starts_with("rdsauth_kms_") { "resource" } else { kind };
            let mut findings = account.lint(&policy, kind);
            if address.starts_with("rdsauth_aurora_loader_role.") {
                // AWS prescribes this policy word for word, and its resource for EC2 and RDS actions is "*".
                findings.retain(|finding| !finding.contains("RESOURCE_STAR"));
            }
            assert_eq!(findings, [""; 0], "{address}: {attribute}");
            linted += 1;
        }
    }
    assert_eq!(linted, 13, "the attributes are not found any more");
    let policy = account.key_policy("alias/it");
    let mut findings = account.lint(&policy, "resource");
    // The names that the console gives its statements have spaces, which KMS allows.
    findings.retain(|finding| !finding.contains("INVALID_SID"));
    assert_eq!(findings, [""; 0], "{policy}");
}
