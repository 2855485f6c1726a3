//! `terraform query` with the list resources: what is found, and the import that follows. It needs a CLI that has it.

use serde_json::{Value, json};

use crate::mysql_iam_user::{CONNECTION, PROVIDER};
use crate::support::engine::Feature;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// An account, and an initialised folder to query it from.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    /// Nothing if the CLI cannot query.
    fn new(account: Account) -> Option<Self> {
        let tf = Terraform::of(&account);
        tf.has(Feature::Query).then(|| Self { tf: tf.initialised("provider \"rdsauth\" {}\n"), account })
    }

    /// The same with a database server of this engine, on which `named` users log in with IAM.
    fn with_users(engine: &str, named: &[&str]) -> Option<Self> {
        let account = Account::with_databases();
        let tf = Terraform::of(&account);
        if !tf.has(Feature::Query) {
            return None;
        }
        let instance = account.add_database_of("instance", "shop", json!({ "engine": engine, "iam": true }));
        let host = instance["host"].as_str().unwrap().to_owned();
        for name in named {
            account.add_token_user_at(engine, &host, &format!("u{}{name}", account.id));
        }
        let tf = tf.variables([
            ("host", host),
            ("port", instance["port"].to_string()),
            ("secret", account.master_secret(engine)),
            ("ca", account.database_authority()),
        ]);
        Some(Self { tf: tf.initialised(PROVIDER), account })
    }

    /// What a list of this type with this configuration finds, in order: the name and the identity.
    fn found(&self, kind: &str, config: &str) -> Vec<(String, Value)> {
        self.list(kind, config, "false");
        let run = self.tf.ok(&["query", "-json"]);
        let lines = run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found = lines.filter(|line| line["type"] == "list_resource_found");
        let mut found: Vec<_> = found
            .map(|line| {
                let found = &line["list_resource_found"];
                (found["display_name"].as_str().unwrap().to_owned(), found["identity"].clone())
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    /// The configuration of a list of the account's users.
    fn users(&self) -> String {
        format!("name_prefix = \"u{}\"\n{CONNECTION}", self.account.id)
    }

    fn names(&self, kind: &str, config: &str) -> Vec<String> {
        self.found(kind, config).into_iter().map(|(name, _)| name).collect()
    }

    fn list(&self, kind: &str, config: &str, include: &str) {
        let list = format!(
            "list \"{kind}\" \"all\" {{\n  provider         = rdsauth\n  include_resource = {include}\n  config {{\n{config}\n  \
             }}\n}}\n"
        );
        self.tf.write("all.tfquery.hcl", &list);
    }

    /// Generates the configuration of all that is found.
    fn generate(&self, kind: &str, config: &str) {
        self.list(kind, config, "true");
        self.account.forget_calls();
        self.tf.ok(&["query", "-generate-config-out=found.tf"]);
        assert_eq!(self.account.changes(), [""; 0], "a query only reads");
    }

    /// Imports all that is found by the generated configuration, and checks that nothing is to be changed.
    fn import(&self, kind: &str, config: &str, count: usize) {
        self.generate(kind, config);
        self.tf.apply().expect_text(&format!("{count} imported, 0 added, 0 changed, 0 destroyed"));
        assert_eq!(self.account.changes(), [""; 0], "an import changes nothing");
        self.tf.assert_plan_empty();
    }
}

#[test]
fn databases_with_and_without_iam_authentication() {
    let account = Account::new();
    for (identifier, engine, iam, team) in
        [("legacy", "postgres", false, "a"), ("orders", "postgres", true, "a"), ("shop", "mariadb", false, "b")]
    {
        account.command("instances", json!({ "identifier": identifier, "engine": engine, "iam": iam }));
        let arn = format!("arn:aws:rds:us-east-1:{}:db:{identifier}", account.id);
        let tags = json!([{ "Key": "team", "Value": team }]);
        account.call("rds", "AddTagsToResource", json!({ "ResourceName": arn, "Tags": tags }));
    }
    account.command("clusters", json!({ "identifier": "ledger", "iam": false, "members": 1 }));
    let Some(scene) = Scene::new(account) else { return };
    let kind = "rdsauth_iam_authentication";
    let all =
        ["ledger (aurora-postgresql, off)", "legacy (postgres, off)", "orders (postgres, on)", "shop (mariadb, off)"];
    scene.account.forget_calls();
    assert_eq!(scene.names(kind, ""), all, "the member of the cluster is none of them");
    assert_eq!(scene.account.operations(), ["DescribeDBInstances", "DescribeDBClusters"]);
    assert_eq!(scene.names(kind, "enabled = true"), [all[2]]);
    assert_eq!(scene.names(kind, "enabled = false\ntags = { team = \"a\" }"), [all[1]]);
    assert_eq!(scene.names(kind, "engines = [\"mariadb\"]"), [all[3]]);
    let found = scene.found(kind, "engines = [\"aurora-postgresql\"]");
    assert_eq!(found[0].1["db_cluster_identifier"], "ledger");
    scene.import(kind, "", 4);
}

#[test]
fn users_of_postgresql() {
    let Some(scene) = Scene::with_users("postgres", &["app", "etl"]) else { return };
    let id = &scene.account.id;
    let kind = "rdsauth_postgresql_iam_user";
    assert_eq!(scene.names(kind, &scene.users()), [format!("u{id}app"), format!("u{id}etl")]);
    scene.import(kind, &scene.users(), 2);
}

#[test]
fn users_of_mariadb() {
    let Some(scene) = Scene::with_users("mariadb", &["app", "etl"]) else { return };
    let id = &scene.account.id;
    let kind = "rdsauth_mysql_iam_user";
    assert_eq!(scene.names(kind, &scene.users()), [format!("u{id}app@%"), format!("u{id}etl@%")]);
    scene.import(kind, &scene.users(), 2);
}

#[test]
fn policies() {
    let account = Account::new();
    let document = |action: &str, id: &str| {
        let resource = format!("arn:aws:rds-db:us-east-1:{}:dbuser:{id}/app", account.id);
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    for owner in ["role/app", "user/jane"] {
        account.add(owner);
    }
    account.put_policy("role/app", "orders", &document("rds-db:connect", "db-ORDERS"));
    account.put_policy("role/app", "other", &document("s3:GetObject", "db-ORDERS"));
    account.put_policy("user/jane", "any", &document("rds-db:Connect", "db-SHOP"));
    let Some(scene) = Scene::new(account) else { return };
    let kind = "rdsauth_iam_db_user_policy";
    assert_eq!(scene.names(kind, ""), ["role/app/orders", "user/jane/any"]);
    assert_eq!(scene.names(kind, "resource_ids = [\"db-SHOP\"]"), ["user/jane/any"]);
    assert_eq!(scene.names(kind, "principal_types = [\"role\", \"group\"]"), ["role/app/orders"]);
    scene.import(kind, "", 2);
}

#[test]
fn parameters() {
    let account = Account::new();
    account.command("parameter-groups", json!({ "name": "orders-pg16", "family": "postgres16" }));
    let set = |name: &str, value: &str| json!({ "ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot" });
    let set = [set("rds.force_ssl", "0"), set("log_statement", "ddl")];
    account.call("rds", "ModifyDBParameterGroup", json!({ "DBParameterGroupName": "orders-pg16", "Parameters": set }));
    let Some(scene) = Scene::new(account) else { return };
    let (kind, group) = ("rdsauth_parameter", "db_parameter_group_name = \"orders-pg16\"");
    assert_eq!(scene.names(kind, group), ["log_statement = ddl", "rds.force_ssl = 0"]);
    assert_eq!(scene.names(kind, &format!("{group}\nnames = [\"rds.force_ssl\"]")), ["rds.force_ssl = 0"]);
    scene.import(kind, group, 2);
}

#[test]
fn users_of_a_key() {
    let account = Account::new();
    account.add("role/app");
    account.add("role/etl");
    let key = account.add_key(json!({}));
    let principal = |name: &str| format!("arn:aws:iam::{}:role/{name}", account.id);
    let mut policy = account.key_policy(&key);
    let statement = json!({
        "Sid": "App", "Effect": "Allow", "Principal": { "AWS": principal("app") },
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], "Resource": "*",
    });
    policy["Statement"].as_array_mut().unwrap().push(statement);
    account.put_key_policy(&key, &policy);
    let grant = json!({ "KeyId": key, "GranteePrincipal": principal("etl"), "Name": "Etl", "Operations": ["Decrypt"] });
    account.call("kms", "CreateGrant", grant);
    let (app, etl) = (format!("App: {}", principal("app")), format!("Etl: {}", principal("etl")));
    let Some(scene) = Scene::new(account) else { return };
    let (kind, of_key) = ("rdsauth_kms_key_user", format!("kms_key_arn = \"{key}\""));
    assert_eq!(scene.names(kind, &of_key), [app, etl.clone()], "the administration of the key is no use of it");
    assert_eq!(scene.names(kind, &format!("{of_key}\nmode = \"grant\"")), [etl]);
    scene.import(kind, &format!("{of_key}\nmode = \"grant\""), 1);
}

#[test]
fn encrypted_snapshots() {
    let account = Account::new();
    account.add_database("instance", "orders");
    account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    let key = account.add_key(json!({}));
    let plain = json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "plain" });
    account.call("rds", "CreateDBSnapshot", plain);
    let copy = json!({
        "SourceDBSnapshotIdentifier": "plain", "TargetDBSnapshotIdentifier": "encrypted", "KmsKeyId": key,
    });
    while account.call("rds", "DescribeDBSnapshots", json!({}))["DBSnapshots"][0]["Status"] != "available" {}
    account.call("rds", "CopyDBSnapshot", copy);
    while account.call("rds", "DescribeDBSnapshots", json!({ "DBSnapshotIdentifier": "encrypted" }))["DBSnapshots"][0]["Status"]
        != "available"
    {}
    let Some(scene) = Scene::new(account) else { return };
    let kind = "rdsauth_encrypted_snapshot";
    assert_eq!(scene.names(kind, ""), ["encrypted (orders, available)"], "the plain one is not encrypted");
    assert_eq!(scene.names(kind, "db_instance_identifier = \"shop\""), [""; 0]);
    scene.generate(kind, "");
    let generated = scene.tf.read("found.tf");
    let lines = generated.lines().filter(|line| !line.contains("db_instance_identifier"));
    let named = lines.map(|line| match line.starts_with("resource") {
        true => format!("{line}\n  db_instance_identifier = \"orders\"\n"),
        false => format!("{line}\n"),
    });
    scene.tf.write("found.tf", &named.collect::<String>());
    scene.tf.apply().expect_text("1 imported, 0 added, 1 changed, 0 destroyed");
    scene.tf.assert_plan_empty();
}

#[test]
fn mistakes() {
    let Some(scene) = Scene::new(Account::new()) else { return };
    scene.list("rdsauth_iam_authentication", "engines = [\"oracle-ee\"]", "false");
    scene.tf.run(&["query"]).expect_code(1).expect_text("must be one of");
    let absent = "kms_key_arn = \"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\"";
    scene.list("rdsauth_kms_key_user", absent, "false");
    scene.tf.run(&["query"]).expect_code(1).expect_text("kms_key_arn");
}
