//! The stage, shared by all test processes of this checkout, and an account of its own for each test.
//!
//! The first process that needs the stage starts it. Each process holds a lock while it runs, however it ends; the
//! stage ends some seconds after no process holds the lock any more.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::support::eventually;

/// An AWS account of the stage that no other test uses, with nothing in it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its twelve digits.
    pub id: String,
    partition: String,
    stage: fn() -> &'static Stage,
    _lease: Option<Arc<Lease>>,
}

/// Removes the databases of an account at the end, each of which may have a server and a copy of the data. Those of a
/// test that failed stay, to be looked at.
#[derive(Debug)]
struct Lease {
    account: String,
    stage: fn() -> &'static Stage,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !thread::panicking() {
            (self.stage)().control("DELETE", "databases", &json!({ "account": self.account }));
        }
    }
}

/// The variable with the file of the endpoints' names.
const NAMES: &str = "STAGE_NAMES";

/// A call that arrived at the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation, such as `PutRolePolicy`.
    pub operation: String,
    /// Whether it changes something.
    pub is_write: bool,
    /// Whether it took effect, though the answer may have been lost.
    pub took_effect: bool,
    /// Whether it took effect or was refused, though the answer may be held back.
    pub is_done: bool,
}

impl Account {
    /// A fresh account in the partition `aws`.
    pub fn new() -> Self {
        Self::in_partition("aws")
    }

    /// A fresh account in another partition, such as `aws-cn`.
    pub fn in_partition(partition: &str) -> Self {
        let number = RandomState::new().build_hasher().finish() % 1_000_000_000_000;
        let id = format!("{number:012}");
        Self { id, partition: partition.to_owned(), stage: Stage::of_aws, _lease: None }
    }

    /// A fresh account of a stage whose instances and clusters have a real PostgreSQL or MariaDB behind their endpoints.
    pub fn with_databases() -> Self {
        Self::at(Stage::of_databases)
    }

    /// The same on servers that no other test uses, for the one test of each engine that reads all users of a server.
    pub fn with_databases_alone() -> Self {
        Self::at(Stage::of_one_test)
    }

    fn at(stage: fn() -> &'static Stage) -> Self {
        let account = Self::new();
        let lease = Lease { account: account.id.clone(), stage };
        Self { stage, _lease: Some(Arc::new(lease)), ..account }
    }

    /// The variables with which a provider works as the administrator of the account.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.stage().front.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", format!("AKIA{}TEST", self.id)),
            ("AWS_SECRET_ACCESS_KEY", format!("stage-secret-access-key-for-{}", self.id)),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// The variables with which `psql` finds the databases, if there are any, and trusts their certificates.
    pub fn database_environment(&self) -> BTreeMap<String, String> {
        let of_clients = |name: &str| ["LD_PRELOAD", NAMES].contains(&name) || name.starts_with("PGSSL");
        let all = self.stage().environment.iter();
        all.filter(|(name, _)| of_clients(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The address behind the name of an endpoint, which a tunnel would hide.
    pub fn address_of(&self, host: &str) -> String {
        let names = fs::read_to_string(&self.stage().environment[NAMES]).expect("the names of endpoints");
        let mut lines = names.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(_, name)| *name == host).expect("the name").0.to_owned()
    }

    /// Creates a database user that logs in with tokens. All accounts share the users.
    pub fn add_database_user(&self, name: &str) {
        self.add_database_user_of("postgres", name);
    }

    /// The same with the engine `postgres` or `mysql`.
    pub fn add_database_user_of(&self, engine: &str, name: &str) {
        self.stage().control("POST", "database-users", &json!({ "name": name, "engine": engine }));
    }

    /// Creates a database user with a password on the server of PostgreSQL behind an endpoint.
    pub fn add_login_at(&self, host: &str, name: &str, password: &str, roles: &[&str]) {
        let fields = json!({ "endpoint": host, "name": name, "iam": false, "password": password, "roles": roles });
        self.stage().control("POST", "database-users", &fields);
    }

    /// Creates a database user who logs in with tokens on the server behind an endpoint.
    pub fn add_token_user_at(&self, engine: &str, host: &str, name: &str) {
        let engine = if engine.contains("postgres") { "postgres" } else { "mysql" };
        let fields = json!({ "endpoint": host, "engine": engine, "name": name });
        self.stage().control("POST", "database-users", &fields);
    }

    /// Creates a role, user or group, such as `role/app`, outside of Terraform.
    pub fn add(&self, owner: &str) {
        let (kind, name) = owner.split_once('/').expect("KIND/NAME");
        self.ask("POST", &format!("{kind}s"), json!({ "name": name, "partition": self.partition }));
    }

    /// Creates a KMS key outside of Terraform and returns its ARN; the stage's README has the fields.
    pub fn add_key(&self, fields: Value) -> String {
        self.ask("POST", "keys", fields)["arn"].as_str().expect("an ARN").to_owned()
    }

    /// The policy of a key by id, ARN or alias.
    pub fn key_policy(&self, key: &str) -> Value {
        self.ask("GET", "key-policies", json!({ "key": key }))["policy"].take()
    }

    /// Writes the policy of a key outside of Terraform, unchecked.
    pub fn put_key_policy(&self, key: &str, policy: &Value) {
        self.ask("POST", "key-policies", json!({ "key": key, "policy": policy.to_string() }));
    }

    /// Makes roles and users that calls create from now on unknown to a service for so many reads.
    pub fn hide_new_principals(&self, service: &str, looks: u32) {
        self.ask("POST", "youths", json!({ "service": service, "looks": looks }));
    }

    /// Creates a database, an `instance` or a `cluster`; the answer has its `host`, `resource_id` and so on.
    pub fn add_database(&self, kind: &str, identifier: &str) -> Value {
        self.ask("POST", &format!("{kind}s"), json!({ "identifier": identifier }))
    }

    /// Sends a command to the stage's control for this account; the stage's README has the paths and the fields.
    pub fn command(&self, path: &str, fields: Value) -> Value {
        self.ask("POST", path, fields)
    }

    /// Queries the stage's control about this account; every field is a string.
    pub fn query(&self, path: &str, fields: Value) -> Value {
        self.ask("GET", path, fields)
    }

    /// Creates a database of a certain `engine`, `version`, `instance_class`, `status` and so on.
    pub fn add_database_of(&self, kind: &str, identifier: &str, mut fields: Value) -> Value {
        fields["identifier"] = json!(identifier);
        self.ask("POST", &format!("{kind}s"), fields)
    }

    /// Creates an RDS Proxy before the instance `target`, with further endpoints, name to role.
    pub fn add_proxy(&self, name: &str, target: &str, endpoints: &Value) -> Value {
        self.ask("POST", "proxies", json!({ "name": name, "target": target, "endpoints": endpoints }))
    }

    /// Deletes a role with everything attached to it.
    pub fn delete_role(&self, name: &str) {
        self.ask("DELETE", "roles", json!({ "name": name, "partition": self.partition }));
    }

    /// The inline policies of a role, user or group, such as `role/app`, by name.
    pub fn policies(&self, owner: &str) -> BTreeMap<String, Value> {
        let answer = self.ask("GET", "policies", json!({ "owner": owner, "partition": self.partition }));
        let texts = answer["policies"].as_object().expect("policies").iter();
        texts.map(|(name, text)| (name.clone(), parsed(text.as_str().expect("a text")))).collect()
    }

    /// Writes an inline policy outside of Terraform.
    pub fn put_policy(&self, owner: &str, name: &str, document: &Value) {
        let document = document.to_string();
        let fields = json!({ "owner": owner, "name": name, "document": document, "partition": self.partition });
        self.ask("POST", "policies", fields);
    }

    /// Deletes an inline policy outside of Terraform.
    pub fn delete_policy(&self, owner: &str, name: &str) {
        self.ask("DELETE", "policies", json!({ "owner": owner, "name": name, "partition": self.partition }));
    }

    /// One call to AWS as the administrator, outside of Terraform, and its answer. It is in the record.
    #[track_caller]
    pub fn call(&self, service: &str, operation: &str, parameters: Value) -> Value {
        let [_, _, (_, key), (_, secret), _] = self.environment();
        let credentials = json!({ "access_key_id": key, "secret_access_key": secret });
        let fields = json!({
            "credentials": credentials, "service": service, "operation": operation, "parameters": parameters
        });
        let mut answer = self.stage().control("POST", "calls", &fields);
        assert!(answer.get("error").is_none(), "{operation} {parameters}: {answer}");
        answer["answer"].take()
    }

    /// The secrets by name; the stage's README has what each shows.
    pub fn secrets(&self) -> BTreeMap<String, Value> {
        let answer = self.ask("GET", "secrets", json!({}));
        answer["secrets"].as_object().expect("secrets").clone().into_iter().collect()
    }

    /// Creates a secret, or changes its value, key or tags, outside of Terraform; returns its `arn`.
    pub fn put_secret(&self, name: &str, mut fields: Value) -> Value {
        fields["name"] = json!(name);
        self.ask("POST", "secrets", fields)
    }

    /// Deletes a secret outside of Terraform, or with `days` schedules its deletion.
    pub fn delete_secret(&self, name: &str, days: Option<u32>) {
        self.ask("DELETE", "secrets", json!({ "name": name, "days": days }));
    }

    /// The findings of parliament on a policy, an `identity`, `trust` or `resource` one: issues and their details.
    pub fn lint(&self, policy: &Value, kind: &str) -> Vec<String> {
        let answer = self.stage().control("POST", "lint", &json!({ "policy": policy.to_string(), "type": kind }));
        let findings = answer["findings"].as_array().expect("findings").iter();
        findings.map(|finding| format!("{}: {}", finding["issue"], finding["detail"])).collect()
    }

    /// The key, secret and token of a session of a role; with negative `seconds` it has expired already.
    pub fn session(&self, role: &str, seconds: i64) -> [(&'static str, String); 3] {
        let keys = self.role_session(role, seconds);
        let text = |name: &str| keys[name].as_str().expect("a key").to_owned();
        [
            ("AWS_ACCESS_KEY_ID", text("access_key_id")),
            ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
            ("AWS_SESSION_TOKEN", text("session_token")),
        ]
    }

    /// The same, for [`Account::call_as`].
    pub fn role_session(&self, role: &str, seconds: i64) -> Value {
        let arn = format!("arn:{}:iam::{}:role/{role}", self.partition, self.id);
        self.stage().control("POST", "sessions", &json!({ "role_arn": arn, "seconds": seconds }))
    }

    /// A session of a role as an AWS service would get it, for [`Account::call_as`]; the refusal if the role does not
    /// trust the service or does not have the tag.
    pub fn service_session(&self, role: &str, service: &str, tag: (&str, &str)) -> Result<Value, String> {
        let arn = format!("arn:{}:iam::{}:role/{role}", self.partition, self.id);
        let fields = json!({ "role_arn": arn, "service": service, "required_tag": { tag.0: tag.1 } });
        self.stage().try_control("POST", "sessions", &fields)
    }

    /// One call to AWS with the keys of a session; the code of the error if it is refused. It is in the record.
    pub fn call_as(&self, session: &Value, service: &str, operation: &str, parameters: Value) -> Result<Value, String> {
        let fields = json!({
            "credentials": session, "service": service, "operation": operation, "parameters": parameters
        });
        let mut answer = self.stage().control("POST", "calls", &fields);
        match answer["error"]["code"].as_str() {
            Some(code) => Err(code.to_owned()),
            None => Ok(answer["answer"].take()),
        }
    }

    /// Encrypts with a key and decrypts again with the keys of a session; the code of the error if it is refused.
    pub fn round_trip(&self, session: &Value, key: &Value) -> Result<(), String> {
        let answer = self.stage().control("POST", "round-trips", &json!({ "credentials": session, "key": key }));
        match answer["error"]["code"].as_str() {
            Some(code) => Err(code.to_owned()),
            None => {
                assert_eq!(answer["same"], true);
                Ok(())
            }
        }
    }

    /// Sets a fault rule for calls of this account; the stage's README has the fields.
    pub fn fault(&self, mut rule: Value) {
        rule["account"] = json!(self.id);
        self.stage().control("POST", "rules", &json!({ "rules": [rule] }));
    }

    /// Removes all fault rules of this account.
    pub fn end_faults(&self) {
        self.ask("DELETE", "rules", json!({}));
    }

    /// How often the present rules were applied.
    pub fn strikes(&self) -> u64 {
        let answer = self.stage().control("GET", "rules", &json!({}));
        let rules = answer["rules"].as_array().expect("rules").iter();
        rules.filter(|rule| rule["account"] == *self.id).filter_map(|rule| rule["struck"].as_u64()).sum()
    }

    /// The calls since the last [`Account::forget_calls`], oldest first.
    pub fn calls(&self) -> Vec<Call> {
        let answer = self.ask("GET", "calls", json!({}));
        let call = |call: &Value| Call {
            operation: call["operation"].as_str().unwrap_or_default().to_owned(),
            is_write: call["write"] == true,
            took_effect: call["took_effect"] == true,
            is_done: call["took_effect"] == true || call["code"].is_string(),
        };
        answer["calls"].as_array().expect("calls").iter().map(call).collect()
    }

    /// The operations called since the last [`Account::forget_calls`], oldest first.
    pub fn operations(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.operation).collect()
    }

    /// The operations among them that change something.
    pub fn writes(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.is_write).map(|call| call.operation).collect()
    }

    /// Those of them that took effect.
    pub fn changes(&self) -> Vec<String> {
        let calls = self.calls().into_iter().filter(|call| call.is_write && call.took_effect);
        calls.map(|call| call.operation).collect()
    }

    /// Waits until a call is in the record, and, with `took_effect`, until it has taken effect.
    pub fn wait_for_call(&self, operation: &str, took_effect: bool) {
        let is_it = |call: &Call| call.operation == operation && call.took_effect >= took_effect;
        eventually(operation, Duration::from_secs(60), || self.calls().iter().any(is_it).then_some(()));
    }

    /// Empties the record.
    pub fn forget_calls(&self) {
        self.ask("DELETE", "calls", json!({}));
    }

    /// User and password of the master user of all databases of an engine that this control created.
    pub fn master(&self, engine: &str) -> (String, String) {
        let of = if engine.contains("postgres") { "database" } else { "mysql" };
        let text = |name: &str| self.stage().facts[of][name].as_str().expect("a master").to_owned();
        (text("master_user"), text("master_password"))
    }

    /// The major version of the second PostgreSQL, which instances of that version use, if there is one.
    pub fn newer_postgres(&self) -> Option<u64> {
        self.stage().facts["newer_postgres"]["major"].as_u64()
    }

    /// The certificate of the authority that signs the databases' certificates, PEM.
    pub fn database_authority(&self) -> String {
        fs::read_to_string(&self.stage().environment["PGSSLROOTCERT"]).expect("the authority")
    }

    /// The ARN of a secret with the master's user and password.
    pub fn master_secret(&self, engine: &str) -> String {
        let (username, password) = self.master(engine);
        let value = json!({ "username": username, "password": password });
        self.put_secret("master", json!({ "value": value }))["arn"].as_str().expect("an ARN").to_owned()
    }

    /// The result of SQL that the owner of a server runs.
    pub fn sql(&self, engine: &str, sql: &str) -> String {
        let engine = if engine.contains("postgres") { "postgres" } else { "mysql" };
        let fields = json!({ "engine": engine, "database": "app", "sql": sql });
        let answer = self.stage().control("POST", "sql", &fields);
        answer["output"].as_str().expect("an output").to_owned()
    }

    /// The same in a database of a server, by the control's name for it.
    pub fn sql_in(&self, server: &str, database: &str, sql: &str) -> String {
        let answer =
            self.stage().control("POST", "sql", &json!({ "engine": server, "database": database, "sql": sql }));
        answer["output"].as_str().expect("an output").to_owned()
    }

    /// The host name of an instance.
    pub fn host_of(&self, identifier: &str) -> String {
        let found = self.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": identifier }));
        found["DBInstances"][0]["Endpoint"]["Address"].as_str().expect("a host").to_owned()
    }

    /// The same in a database of the server behind an endpoint.
    pub fn sql_behind(&self, endpoint: &str, database: &str, sql: &str) -> String {
        let fields = json!({ "endpoint": endpoint, "database": database, "sql": sql });
        let answer = self.stage().control("POST", "sql", &fields);
        answer["output"].as_str().expect("an output").to_owned()
    }

    /// Sets a rule for statements to the databases of this account.
    pub fn statement_fault(&self, mut rule: Value) {
        rule["account"] = json!(self.id);
        self.stage().control("POST", "statement-rules", &json!({ "rules": [rule] }));
    }

    /// Removes the rules for statements.
    pub fn end_statement_faults(&self) {
        self.ask("DELETE", "statement-rules", json!({}));
    }

    /// How often the present rules for statements were applied.
    pub fn statement_strikes(&self) -> u64 {
        let answer = self.stage().control("GET", "statement-rules", &json!({}));
        let rules = answer["rules"].as_array().expect("rules").iter();
        rules.filter(|rule| rule["account"] == *self.id).filter_map(|rule| rule["struck"].as_u64()).sum()
    }

    /// The statements since the last [`Account::forget_statements`], oldest first, each with whether it was carried out or
    /// refused.
    pub fn statements(&self) -> Vec<(String, bool)> {
        let answer = self.ask("GET", "statements", json!({}));
        let statements = answer["statements"].as_array().expect("statements").iter();
        let text = |statement: &Value| statement["sql"].as_str().unwrap_or_default().to_owned();
        statements.map(|statement| (text(statement), statement["answered"] == true)).collect()
    }

    /// Waits until a statement that begins so has been carried out.
    pub fn wait_for_statement(&self, begin: &str) {
        let is_it = |(sql, is_done): &(String, bool)| *is_done && sql.starts_with(begin);
        eventually(begin, Duration::from_secs(60), || self.statements().iter().any(is_it).then_some(()));
    }

    /// The sessions that statements of the record were sent in, oldest first, each with its client's application name.
    pub fn sessions(&self) -> Vec<String> {
        let answer = self.ask("GET", "statements", json!({}));
        let statements = answer["statements"].as_array().expect("statements").iter();
        let sessions = statements.map(|statement| {
            (statement["session"].as_u64().expect("a number"), statement["application"].as_str().expect("a text"))
        });
        sessions.collect::<BTreeMap<_, _>>().into_values().map(str::to_owned).collect()
    }

    /// Empties the record of statements.
    pub fn forget_statements(&self) {
        self.ask("DELETE", "statements", json!({}));
    }

    /// The operations and statements of the record that a rule has struck and that have been carried out or refused.
    pub fn struck(&self) -> Vec<String> {
        let of = |list: &str, name: &str, is_done: fn(&Value) -> bool| {
            let answer = self.ask("GET", list, json!({}));
            let entries = answer[list].as_array().expect("a record").iter();
            let struck = entries.filter(|entry| entry["fault"].is_string() && is_done(entry));
            struck.map(|entry| entry[name].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        let calls = of("calls", "operation", |call| call["took_effect"] == true || call["code"].is_string());
        [calls, of("statements", "sql", |statement| statement["answered"] == true)].concat()
    }

    fn stage(&self) -> &'static Stage {
        (self.stage)()
    }

    fn ask(&self, method: &str, path: &str, mut fields: Value) -> Value {
        fields["account"] = json!(self.id);
        self.stage().control(method, path, &fields)
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}

/// The tags of an object as RDS shows it, without the mark.
pub fn tags_of(found: &Value) -> Value {
    let tags = found["TagList"].as_array().expect("tags").iter();
    let tags = tags.map(|tag| (tag["Key"].as_str().expect("a key").to_owned(), tag["Value"].clone()));
    Value::Object(tags.filter(|(key, _)| key != "rdsauth:creation-id").collect())
}

/// A running stage, and this process's claim to it.
#[derive(Debug)]
struct Stage {
    front: String,
    facts: Value,
    environment: BTreeMap<String, String>,
    agent: Agent,
    _lock: File,
}

/// Longer than the first start, which creates the Python environment.
const START: Duration = Duration::from_secs(180);

impl Stage {
    fn of_aws() -> &'static Self {
        static STAGE: OnceLock<Stage> = OnceLock::new();
        STAGE.get_or_init(|| Self::find_or_start("stage", &["--without-databases"]))
    }

    fn of_databases() -> &'static Self {
        static STAGE: OnceLock<Stage> = OnceLock::new();
        STAGE.get_or_init(|| Self::find_or_start("database-stage", &[]))
    }

    fn of_one_test() -> &'static Self {
        static STAGE: OnceLock<Stage> = OnceLock::new();
        STAGE.get_or_init(|| Self::find_or_start("lone-stage", &[]))
    }

    /// The stage of a name, started with these options if none is running.
    fn find_or_start(name: &str, options: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = |extension: &str| folder.join(name).with_extension(extension);
        let one_at_a_time = File::create(file("start.lock")).expect("the lock of starters");
        one_at_a_time.lock().expect("the lock of starters");
        // A stage that is about to end holds this lock, so that no process relies on it.
        let users = file("lock");
        let lock = File::create(&users).expect("the lock of users");
        lock.lock_shared().expect("the lock of users");
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        let facts = file("json");
        let answers = |facts: &Value| agent.get(format!("{}/stage/health", front(facts))).call().is_ok();
        let running = read(&facts).filter(answers);
        let facts = running.unwrap_or_else(|| start(options, &facts, &users, &file("log")));
        let environment = facts["environment"].as_object().expect("variables").iter();
        let environment = environment.map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()));
        Self { front: front(&facts).to_owned(), environment: environment.collect(), facts, agent, _lock: lock }
    }

    fn control(&self, method: &str, path: &str, fields: &Value) -> Value {
        let answer = self.try_control(method, path, fields);
        answer.unwrap_or_else(|refusal| panic!("{method} {path} {fields}: {refusal}"))
    }

    /// The answer of the control, or why it failed.
    fn try_control(&self, method: &str, path: &str, fields: &Value) -> Result<Value, String> {
        let url = format!("{}/stage/{path}", self.front);
        let sent = match method {
            "GET" => {
                let fields = fields.as_object().expect("fields").iter();
                let fields = fields.map(|(name, value)| (name, value.as_str().expect("a text")));
                self.agent.get(url).query_pairs(fields).call()
            }
            "DELETE" => self.agent.delete(url).force_send_body().send_json(fields),
            _ => self.agent.post(url).send_json(fields),
        };
        let mut answer = sent.unwrap_or_else(|error| panic!("the stage does not answer {method} {path}: {error}"));
        let json: Value = answer.body_mut().read_json().expect("JSON from the stage");
        if answer.status().is_success() { Ok(json) } else { Err(json.to_string()) }
    }
}

/// Starts a stage that outlives this process, waits until it is up, and returns its own description.
fn start(options: &[&str], facts: &Path, users: &Path, said: &Path) -> Value {
    let _ = fs::remove_file(facts);
    let log = File::create(said).expect("the log of the stage");
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/stage/run"));
    command.arg("up").args(options).arg("--json").arg(facts).arg("--while-locked").arg(users);
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder"));
    command.stdin(Stdio::null()).stdout(log.try_clone().expect("the log")).stderr(log).process_group(0);
    let mut child = command.spawn().expect("the stage starts");
    eventually("the stage", START, || {
        let ended = child.try_wait().expect("the stage's status");
        assert!(ended.is_none(), "the stage ended:\n{}", fs::read_to_string(said).unwrap_or_default());
        read(facts)
    })
}

fn read(facts: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(facts).ok()?).ok()
}

fn front(facts: &Value) -> &str {
    facts["front"].as_str().expect("the address of the stage")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in the policy {text}"))
}
