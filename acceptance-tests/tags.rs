//! Tags of all kinds of objects: null ones, and those from the provider block.

use serde_json::json;

use crate::matrix::dms_migration::IDLE;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// An object of each kind with tags, one of which is null.
const ALL: &str = r#"
variable "team" {
  default = null
}
locals {
  tags = { app = "orders", team = var.team, stage = null }
}
provider "rdsauth" {
  default_tags {
    tags = { owner = "data", stage = "dev", team = null }
  }
}
resource "rdsauth_kms_key" "it" {
  alias = "alias/orders"
  tags  = local.tags
}
resource "rdsauth_db_secret" "it" {
  name                = "orders"
  username            = "app"
  password_wo         = "to-be-changed"
  password_wo_version = 1
  tags                = local.tags
}
resource "rdsauth_encrypted_cluster_restore" "it" {
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "before"
  kms_key_arn               = rdsauth_kms_key.it.arn
  allow_delete              = true
  skip_final_snapshot       = true
  quiet                     = false
  tags                      = local.tags
}
resource "rdsauth_encrypted_snapshot" "it" {
  db_snapshot_identifier = "orders-encrypted"
  db_instance_identifier = "orders"
  kms_key_arn            = rdsauth_kms_key.it.arn
  tags                   = local.tags
}
resource "rdsauth_blue_green_encryption" "it" {
  blue_green_deployment_name = "orders-encrypted"
  db_instance_identifier     = "orders"
  kms_key_arn                = rdsauth_kms_key.it.arn
  tags                       = local.tags
}
resource "rdsauth_dms_migration" "it" {
  replication_task_id      = "orders"
  replication_instance_arn = var.instance
  source_endpoint_arn      = var.origin
  target_endpoint_arn      = var.copy
  start                    = false
  tags                     = local.tags
  include {
    schema = "public"
  }
}
resource "rdsauth_iam_db_access_role" "it" {
  name             = "access"
  trusted_services = ["rds.amazonaws.com"]
  tags             = local.tags
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["app"]
  }
}
resource "rdsauth_aurora_loader_role" "it" {
  name                   = "loader"
  source_secret_arn      = "arn:aws:secretsmanager:us-east-1:000000000000:secret:source-a1B2c3"
  destination_secret_arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:destination-d4E5f6"
  kms_key_arn            = "arn:aws:kms:us-east-1:000000000000:key/limitless"
  tags                   = local.tags
}
"#;

const ADDRESSES: [&str; 8] = [
    "rdsauth_aurora_loader_role.it",
    "rdsauth_blue_green_encryption.it",
    "rdsauth_db_secret.it",
    "rdsauth_dms_migration.it",
    "rdsauth_encrypted_cluster_restore.it",
    "rdsauth_encrypted_snapshot.it",
    "rdsauth_iam_db_access_role.it",
    "rdsauth_kms_key.it",
];

/// A folder with [`ALL`] and additional configuration, initialised.
fn scene(configuration: &str) -> Terraform {
    let account = Account::new();
    account.add_database("instance", "orders");
    account.add_database("cluster", "shop");
    account.command("cluster-snapshots", json!({ "identifier": "before", "cluster": "shop" }));
    account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
    let ends = (IDLE.seed)(&account);
    Terraform::of(&account).variables(ends).initialised(&configuration.replace("000000000000", &account.id))
}

#[track_caller]
fn assert_tags_all(tf: &Terraform, expected: &serde_json::Value) {
    for address in ADDRESSES {
        let mut all = tf.state_value(address, "tags_all");
        // The tag that Aurora itself looks for.
        all.as_object_mut().expect("tags").remove("assumer");
        assert_eq!(&all, expected, "{address}");
    }
}

#[test]
fn null_tags_are_left_out() {
    let tf = scene(ALL);
    let plan = tf.plan();
    assert_eq!(
        plan.value("rdsauth_kms_key.it", "tags_all"),
        json!({ "app": "orders", "owner": "data", "stage": "dev" })
    );
    tf.apply().expect_text("8 added");
    assert_tags_all(&tf, &json!({ "app": "orders", "owner": "data", "stage": "dev" }));
    tf.assert_plan_empty();

    let tf = tf.env("TF_VAR_team", "payments");
    tf.apply().expect_text("8 changed");
    assert_tags_all(&tf, &json!({ "app": "orders", "owner": "data", "stage": "dev", "team": "payments" }));
    let tf = tf.without_env("TF_VAR_team");
    tf.apply().expect_text("8 changed");
    assert_tags_all(&tf, &json!({ "app": "orders", "owner": "data", "stage": "dev" }));
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn null_tags_may_stand_beside_tags_known_only_after_apply() {
    let later = "resource \"terraform_data\" \"app\" {\n  input = \"orders\"\n}\n";
    // One tag exists only after apply, and one turns out to be null then.
    let tags = ALL
        .replace("app = \"orders\"", "app = terraform_data.app.output")
        .replace("team = var.team", "team = terraform_data.app.output == \"now\" ? \"now\" : null");
    let tf = scene(&[later, &tags].concat());
    assert!(tf.plan().is_unknown("rdsauth_kms_key.it", "tags_all"));
    tf.apply().expect_text("9 added");
    assert_tags_all(&tf, &json!({ "app": "orders", "owner": "data", "stage": "dev" }));
    tf.assert_plan_empty();
}

#[test]
fn tags_that_aws_refuses_are_refused_by_a_plan() {
    let alone = ALL.replace("rdsauth_kms_key.it.arn", "\"arn:aws:kms:us-east-1:000000000000:key/orders\"");
    let tf = scene(&alone.replace("app = \"orders\"", "app = \"two\\nlines\""));
    let run = tf.run(&["validate", "-json"]).expect_code(1);
    let errors = run.diagnostics();
    assert_eq!(errors.len(), ADDRESSES.len(), "{errors:?}");
    assert!(errors.iter().all(|error| error.detail.contains("must be at most 256 letters")), "{errors:?}");
}
