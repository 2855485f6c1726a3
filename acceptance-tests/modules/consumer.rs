//! A consumer of another account, such as ClickPipes: it assumes the access role and generates tokens.

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The role that it has in its own account.
const ROLE: &str = "ClickHouse";

/// An account with a role that may assume others.
pub(super) struct Consumer {
    account: Account,
}

/// The address of a database.
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u64,
}

impl Consumer {
    pub(super) fn new() -> Self {
        let account = Account::with_databases();
        let allowed = json!({ "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*" });
        account.add(&format!("role/{ROLE}"));
        let policy = json!({ "Version": "2012-10-17", "Statement": [allowed] });
        account.put_policy(&format!("role/{ROLE}"), "any", &policy);
        Self { account }
    }

    /// The ARN of its role.
    pub(super) fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/{ROLE}", self.account.id)
    }

    /// The keys of a session of its role, for [`Account::call_as`].
    pub(super) fn session(&self) -> Value {
        self.account.role_session(ROLE, 3600)
    }

    /// A token for a user, signed as another account's role.
    pub(super) fn token(&self, role_arn: &str, endpoint: &Endpoint, user: &str) -> String {
        let Endpoint { host, port } = endpoint;
        let tf = Terraform::of(&self.account).envs(self.account.session(ROLE, 3600));
        tf.init();
        tf.token(&format!(
            "  host     = {host:?}\n  port     = {port}\n  username = {user:?}\n  role_arn = {role_arn:?}"
        ))
    }
}

impl Endpoint {
    /// The attributes or outputs `host` and `port` of an object.
    pub(super) fn of(host: &Value, port: &Value) -> Self {
        Self { host: host.as_str().expect("a host").to_owned(), port: port.as_u64().expect("a port") }
    }
}
