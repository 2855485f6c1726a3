//! The list resources: what is found, and the import that follows, as core asks for them and, with a CLI that has it, by
//! `terraform query`.

use serde_json::{Value, json};

use crate::support::engine::Feature;
use crate::support::rpc::{Listed, Provider};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// An account, a provider that works there, and an initialised folder with its configuration.
struct Scene {
    tf: Terraform,
    account: Account,
    provider: Provider,
    /// Whether the CLI can query.
    queries: bool,
}

/// More than there are objects of anything.
const ALL: i64 = 100;

impl Scene {
    fn new(account: Account) -> Self {
        Self::with_provider(account, &json!({}))
    }

    fn with_provider(account: Account, block: &Value) -> Self {
        let tf = Terraform::of(&account);
        tf.write("main.tf.json", &json!({ "provider": { "rdsauth": block } }).to_string());
        tf.init();
        Self { provider: Provider::start(&tf, block), queries: tf.has(Feature::Query), tf, account }
    }

    /// A database server of this engine, on which `named` users log in with IAM, and the configuration that finds them.
    fn with_users(engine: &str, named: &[&str]) -> (Self, Value) {
        let account = Account::with_databases();
        let instance = account.add_database_of("instance", "shop", json!({ "engine": engine, "iam": true }));
        let prefix = format!("u{}", account.id);
        for name in named {
            account.add_token_user_at(engine, instance["host"].as_str().unwrap(), &format!("{prefix}{name}"));
        }
        let login = json!({
            "host": instance["host"], "port": instance["port"], "auth": "secret",
            "secret_arn": account.master_secret(engine),
        });
        let block = json!({ "database_connection": [{ "ca_certificate": account.database_authority() }] });
        (Self::with_provider(account, &block), json!({ "name_prefix": prefix, "database_connection": login }))
    }

    fn list(&self, kind: &str, config: &Value, limit: i64, include: bool) -> Vec<Listed> {
        self.provider.list(kind, config, limit, include).unwrap_or_else(|told| panic!("{kind} says {told}"))
    }

    /// The names of what a list finds with this configuration, in order.
    fn names(&self, kind: &str, config: Value) -> Vec<String> {
        let found = self.list(kind, &config, ALL, false);
        assert!(found.iter().all(|one| one.object.is_none()), "an object that nobody asked for");
        assert_eq!(self.list(kind, &config, 1, false), found[..found.len().min(1)], "no more than core wants");
        let mut names: Vec<_> = found.into_iter().map(|one| one.name).collect();
        names.sort();
        if self.queries {
            assert_eq!(self.queried(kind, &config).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
        }
        names
    }

    /// What the CLI finds: the name and the identity.
    fn queried(&self, kind: &str, config: &Value) -> Vec<(String, Value)> {
        self.write(kind, config, false);
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

    fn write(&self, kind: &str, config: &Value, include: bool) {
        let list = json!({ "provider": "rdsauth", "include_resource": include, "config": config });
        self.tf.write("all.tfquery.json", &json!({ "list": { kind: { "all": list } } }).to_string());
    }

    /// What is said of a configuration, or of what it leads to.
    fn refused(&self, kind: &str, config: Value, text: &str) {
        let told = self.provider.list(kind, &config, ALL, false).unwrap_err();
        assert!(told.contains(text), "{told}");
        if self.queries {
            self.write(kind, &config, false);
            self.tf.run(&["query"]).expect_code(1).expect_text(text);
        }
    }

    /// Checks that each object is listed as an import reads it, and generates the configuration of all with a CLI that
    /// can.
    fn generate(&self, kind: &str, config: &Value, count: usize) {
        self.account.forget_calls();
        let found = self.list(kind, config, ALL, true);
        assert_eq!(found.len(), count, "{found:?}");
        for one in found {
            assert!(one.object.is_some(), "{one:?}");
            assert_eq!(self.provider.import(kind, one.identity), one.object, "{}", one.name);
        }
        if self.queries {
            self.write(kind, config, true);
            self.tf.ok(&["query", "-generate-config-out=found.tf"]);
        }
        assert_eq!(self.account.changes(), [""; 0], "a query only reads");
    }

    /// Imports all that is found, with a CLI that can by the generated configuration, and checks that nothing is to be
    /// changed.
    fn import(&self, kind: &str, config: Value, count: usize) {
        self.generate(kind, &config, count);
        if self.queries {
            self.tf.apply().expect_text(&format!("{count} imported, 0 added, 0 changed, 0 destroyed"));
            assert_eq!(self.account.changes(), [""; 0], "an import changes nothing");
            self.tf.assert_plan_empty();
        }
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
    let scene = Scene::new(account);
    let kind = "rdsauth_iam_authentication";
    let all =
        ["ledger (aurora-postgresql, off)", "legacy (postgres, off)", "orders (postgres, on)", "shop (mariadb, off)"];
    assert_eq!(scene.names(kind, json!({})), all, "the member of the cluster is none of them");
    for include in [false, true] {
        scene.account.forget_calls();
        scene.list(kind, &json!({}), ALL, include);
        assert_eq!(scene.account.operations(), ["DescribeDBInstances", "DescribeDBClusters"], "objects cost no more");
    }
    assert_eq!(scene.names(kind, json!({ "enabled": true })), [all[2]]);
    assert_eq!(scene.names(kind, json!({ "enabled": false, "tags": { "team": "a" } })), [all[1]]);
    assert_eq!(scene.names(kind, json!({ "engines": ["mariadb"] })), [all[3]]);
    if scene.queries {
        let found = scene.queried(kind, &json!({ "engines": ["aurora-postgresql"] }));
        assert_eq!(found[0].1["db_cluster_identifier"], "ledger");
    }
    scene.import(kind, json!({}), 4);
}

#[test]
fn users_of_postgresql() {
    let (scene, config) = Scene::with_users("postgres", &["app", "etl"]);
    let id = &scene.account.id;
    let kind = "rdsauth_postgresql_iam_user";
    assert_eq!(scene.names(kind, config.clone()), [format!("u{id}app"), format!("u{id}etl")]);
    scene.import(kind, config, 2);
}

#[test]
fn users_of_mariadb() {
    let (scene, config) = Scene::with_users("mariadb", &["app", "etl"]);
    let id = &scene.account.id;
    let kind = "rdsauth_mysql_iam_user";
    assert_eq!(scene.names(kind, config.clone()), [format!("u{id}app@%"), format!("u{id}etl@%")]);
    scene.import(kind, config, 2);
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
    let scene = Scene::new(account);
    let kind = "rdsauth_iam_db_user_policy";
    assert_eq!(scene.names(kind, json!({})), ["role/app/orders", "user/jane/any"]);
    assert_eq!(scene.names(kind, json!({ "resource_ids": ["db-SHOP"] })), ["user/jane/any"]);
    assert_eq!(scene.names(kind, json!({ "principal_types": ["role", "group"] })), ["role/app/orders"]);
    assert_eq!(scene.names(kind, json!({ "principal_names": ["jane"] })), ["user/jane/any"]);
    assert_eq!(scene.names(kind, json!({ "path_prefix": "/" })).len(), 2);
    assert_eq!(scene.names(kind, json!({ "path_prefix": "/apps/" })), [""; 0]);
    scene.import(kind, json!({}), 2);
}

#[test]
fn parameters() {
    let account = Account::new();
    account.command("parameter-groups", json!({ "name": "orders-pg16", "family": "postgres16" }));
    let set = |name: &str, value: &str| json!({ "ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot" });
    let set = [set("rds.force_ssl", "0"), set("log_statement", "ddl")];
    account.call("rds", "ModifyDBParameterGroup", json!({ "DBParameterGroupName": "orders-pg16", "Parameters": set }));
    let scene = Scene::new(account);
    let (kind, group) = ("rdsauth_parameter", "orders-pg16");
    assert_eq!(
        scene.names(kind, json!({ "db_parameter_group_name": group })),
        ["log_statement = ddl", "rds.force_ssl = 0"]
    );
    assert_eq!(
        scene.names(kind, json!({ "db_parameter_group_name": group, "names": ["rds.force_ssl"] })),
        ["rds.force_ssl = 0"]
    );
    let dynamic = json!({ "db_parameter_group_name": group, "apply_type": "dynamic" });
    assert_eq!(scene.names(kind, dynamic), ["log_statement = ddl", "rds.force_ssl = 0"]);
    let is_static = json!({ "db_parameter_group_name": group, "apply_type": "static" });
    assert_eq!(scene.names(kind, is_static), [""; 0]);
    let arn = format!("arn:aws:rds:us-east-1:{}:pg:{group}", scene.account.id);
    let note = json!([{ "Key": "rdsauth:previous:log_statement", "Value": "engine-default:none:ddl:parameter/x" }]);
    scene.account.call("rds", "AddTagsToResource", json!({ "ResourceName": arn, "Tags": note }));
    let all = json!({ "db_parameter_group_name": group });
    scene.account.forget_calls();
    scene.list(kind, &all, ALL, true);
    let operations = ["DescribeDBParameters", "DescribeDBParameterGroups", "ListTagsForResource"];
    assert_eq!(scene.account.operations(), operations, "one read for all objects");
    scene.import(kind, all.clone(), 2);
    scene.account.fault(json!({
        "operation": "ListTagsForResource", "fault": "error", "code": "AccessDenied", "status": 403
    }));
    let told = scene.provider.list(kind, &all, ALL, true).unwrap_err();
    assert!(told.contains("rds:ListTagsForResource"), "{told}");
    assert_eq!(scene.list(kind, &all, ALL, false).len(), 2, "they are listed without it");
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
    let scene = Scene::new(account);
    let kind = "rdsauth_kms_key_user";
    let grants = json!({ "kms_key_arn": key, "mode": "grant" });
    assert_eq!(
        scene.names(kind, json!({ "kms_key_arn": key })),
        [app, etl.clone()],
        "the administration of the key is no use of it"
    );
    assert_eq!(scene.names(kind, grants.clone()), [etl]);
    scene.account.forget_calls();
    let both = scene.list(kind, &json!({ "kms_key_arn": key }), ALL, true);
    assert_eq!(scene.account.operations(), ["GetKeyPolicy", "ListGrants"], "objects cost no more");
    for one in both {
        assert_eq!(scene.provider.import(kind, one.identity), one.object, "{}", one.name);
    }
    scene.import(kind, grants, 1);
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
    let scene = Scene::new(account);
    let kind = "rdsauth_encrypted_snapshot";
    assert_eq!(scene.names(kind, json!({})), ["encrypted (orders, available)"], "the plain one is not encrypted");
    assert_eq!(scene.names(kind, json!({ "db_instance_identifier": "shop" })), [""; 0]);
    assert_eq!(scene.names(kind, json!({ "engines": ["postgres"] })).len(), 1);
    assert_eq!(scene.names(kind, json!({ "engines": ["mysql"] })), [""; 0]);
    scene.account.forget_calls();
    scene.list(kind, &json!({}), ALL, true);
    assert_eq!(scene.account.operations(), ["DescribeDBSnapshots"], "objects cost no more");
    scene.generate(kind, &json!({}), 1);
    if !scene.queries {
        return;
    }
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
    let scene = Scene::new(Account::new());
    scene.refused("rdsauth_iam_authentication", json!({ "engines": ["oracle-ee"] }), "must be one of");
    let absent = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    scene.refused("rdsauth_kms_key_user", json!({ "kms_key_arn": absent }), "kms_key_arn");
    scene.refused("rdsauth_parameter", json!({}), "db_cluster_parameter_group_name");
}
