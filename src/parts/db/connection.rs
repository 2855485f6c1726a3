//! The `database_connection` block of entities that speak SQL: from the configuration to a session.

mod destroy;
mod import;
mod opening;
mod place;

use std::net::IpAddr;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Check, Val, View, check, optional, parse_duration, required};
use tf_provider::value::Path;

use crate::attributes::checks;
use crate::aws::host::check_host;

pub use self::destroy::WAYS_OUT;
pub use self::opening::{AS_KNOWN, for_plan, for_refresh, if_reachable, is_skipped, unless_lost};
pub use self::place::Place;
pub use crate::sql::Engine;

tf_provider::model! {
    /// Connection to the database, and how to authenticate.
    pub struct DatabaseConnection {
        /// Host name or IP address to connect to: the endpoint of the database, or the local end of a tunnel to it.
        host: String = required().check(Check::explained("must be a host name or address", check_address)),
        /// Port to connect to. Defaults to 5432 for PostgreSQL and to 3306 for MySQL and MariaDB.
        port: Option<i64> = optional().check(check::between(1..=65535)),
        /// Name of the database to connect to. Defaults to `postgres` for PostgreSQL.
        database: Option<String> = optional().check(check::length(1..=64)),
        /// Database user that connects. Required with `iam`. Otherwise it defaults to the user in the secret or in the
        /// provider block.
        username: Option<String> = optional().check(check::length(1..=80)),
        /// Authentication method: `iam` (a new IAM authentication token for each connection), `secret` (password read
        /// from `secret_arn`) or `provider` (credentials of the provider block, which can come from an ephemeral
        /// resource).
        auth: String = optional().or("iam").check(check::one_of(&["iam", "secret", "provider"])),
        /// ARN of a secret that contains `username` and `password` in JSON. It is read once in each phase of a run, again if
        /// the database no longer accepts it, and never stored. Reading it requires `secretsmanager:GetSecretValue`, and
        /// `kms:Decrypt` if the secret is encrypted with a customer managed key.
        secret_arn: Option<String> = optional().check(checks::secret_arn()),
        /// DNS name of the endpoint behind a tunnel. Tokens are signed for this name and the server certificate is
        /// verified against it, while the connection goes to `host` and `port`.
        auth_host: Option<String> = optional().check(Check::explained("must be a host name", check_host)),
        /// Port of the endpoint behind a tunnel. Defaults to the default port of the engine.
        auth_port: Option<i64> = optional().check(check::between(1..=65535)),
        /// Region that tokens are signed for. Defaults to the region in the endpoint's name, otherwise to the
        /// provider's region.
        region: Option<String> = optional().check(checks::region()),
        /// How to verify the server certificate: `verify-full` checks the certificate authority and the name,
        /// `verify-ca` only the authority, and then does not trust public ones. Defaults to the value in the provider
        /// block, otherwise to `verify-full`.
        tls: Option<String> = optional().check(tls()),
        /// Certificates of the trusted certificate authorities in PEM format. Defaults to the value in the provider
        /// block, otherwise to those of RDS and Aurora in commercial regions and the public ones, which are included
        /// in the provider.
        ca_certificate: Option<String> = optional(),
        /// How long to wait for a connection, such as `15s`. Defaults to the value in the provider block, otherwise to
        /// 15 seconds.
        connect_timeout: Option<String> = optional().check(duration()),
        /// How long to wait for a statement, such as `1m`. Defaults to the value in the provider block, otherwise to
        /// one minute.
        statement_timeout: Option<String> = optional().check(duration()),
        /// Name that the server shows for the session: PostgreSQL in the view pg_stat_activity, MySQL and MariaDB as
        /// the connection attribute program_name. Defaults to the value in the provider block, otherwise to
        /// `terraform-provider-rdsauth`.
        application_name: Option<String> = optional().check(check::length(1..=63)),
    }
}

impl DatabaseConnection {
    /// Contradictory or missing arguments of a block.
    pub fn check(block: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut complaints = Vec::new();
        let mut complain = |summary: &str, detail: &str, at: Path| {
            complaints.push(Diagnostic::error(summary, detail).at(at));
        };
        let (missing, conflicting) = ("Missing required argument", "Conflicting arguments");
        let auth = block.get(Self::auth);
        let absent = |value: Val<String>| value == Val::Null;
        match auth.clone().known().as_deref() {
            Some("iam") if absent(block.get(Self::username)) => {
                let detail = "auth = \"iam\" needs \"username\", the database user to connect as.";
                complain(missing, detail, block.path(Self::username));
            }
            Some("secret") if absent(block.get(Self::secret_arn)) => {
                let detail = "auth = \"secret\" needs \"secret_arn\", the secret that holds the password.";
                complain(missing, detail, block.path(Self::secret_arn));
            }
            Some("iam" | "provider") if block.is_set(Self::secret_arn) => {
                let detail = "\"secret_arn\" is used with auth = \"secret\" only. Remove it, or change \"auth\".";
                complain(conflicting, detail, block.path(Self::secret_arn));
            }
            _ => {}
        }
        let address = block.get(Self::host).known().is_some_and(|host| host.parse::<IpAddr>().is_ok());
        if address && auth == Val::Known("iam".to_owned()) && !block.is_set(Self::auth_host) {
            let detail = "An IAM authentication token is valid for the DNS name of an endpoint, not for an IP address. \
                          Write the DNS name of the endpoint; with a tunnel, write it as \"auth_host\".";
            complain("IAM database authentication needs a DNS name", detail, block.path(Self::host));
        }
        if block.is_set(Self::auth_port) && !block.is_set(Self::auth_host) {
            let detail = "\"auth_port\" needs \"auth_host\": together they are the endpoint behind a tunnel.";
            complain(missing, detail, block.path(Self::auth_port));
        }
        complaints
    }

    /// The same login at the endpoint of a copy of the database, without a tunnel unless that leads there.
    #[must_use]
    pub fn of_copy(&self, host: &str, port: Option<u16>) -> Self {
        match &self.auth_host {
            Some(endpoint) if endpoint.trim_end_matches('.').eq_ignore_ascii_case(host) => self.clone(),
            _ => Self {
                host: host.to_owned(),
                port: port.map(i64::from),
                auth_host: None,
                auth_port: None,
                ..self.clone()
            },
        }
    }

    /// Host and port of the database itself, not of the near end of a tunnel.
    fn endpoint(&self, engine: Engine) -> (&str, u16) {
        match &self.auth_host {
            Some(endpoint) => (endpoint, port(self.auth_port, engine)),
            None => (&self.host, port(self.port, engine)),
        }
    }
}

fn port(own: Option<i64>, engine: Engine) -> u16 {
    own.and_then(|port| u16::try_from(port).ok()).unwrap_or_else(|| engine.port())
}

/// Checks the kind of host.
fn check_address(host: &str) -> Result<(), String> {
    if host.parse::<IpAddr>().is_ok() { Ok(()) } else { check_host(host) }
}

/// How certificates can be verified.
pub fn tls() -> Check {
    check::one_of(&["verify-full", "verify-ca"])
}

/// A span of time such as `15s`.
pub fn duration() -> Check {
    Check::explained("must be a duration such as `15s`", |text| parse_duration(text).map(drop))
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::Model as _;
    use tf_provider::value::{Object, Value};

    use super::*;

    const HOST: &str = "orders.cabc123.us-east-1.rds.amazonaws.com";

    /// What is wrong with a block that has these values, and where.
    fn complaints(values: &[(&str, Value)]) -> Vec<String> {
        let mut object: Object = DatabaseConnection::table()
            .attributes
            .iter()
            .map(|attribute| (attribute.name.to_owned(), Value::Null))
            .collect();
        object.insert("host".to_owned(), HOST.into());
        object.extend(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let found = DatabaseConnection::check(&View::new(&object, Path::root()));
        found.into_iter().map(|complaint| complaint.path.to_string()).collect()
    }

    #[test]
    fn a_login_needs_a_password_or_a_token() {
        let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:master-AbCdEf";
        assert_eq!(complaints(&[]), ["username"]);
        assert_eq!(complaints(&[("username", "admin".into())]), [""; 0]);
        assert_eq!(complaints(&[("username", Value::unknown())]), [""; 0]);
        assert_eq!(complaints(&[("auth", "secret".into())]), ["secret_arn"]);
        assert_eq!(complaints(&[("auth", "secret".into()), ("secret_arn", arn.into())]), [""; 0]);
        assert_eq!(complaints(&[("auth", "provider".into()), ("secret_arn", arn.into())]), ["secret_arn"]);
        assert_eq!(complaints(&[("auth", Value::unknown())]), [""; 0]);
    }

    #[test]
    fn a_token_is_for_a_name() {
        let local = [("username", "admin".into()), ("host", "127.0.0.1".into())];
        assert_eq!(complaints(&local), ["host"]);
        assert_eq!(complaints(&[&local[..], &[("auth_host", HOST.into())]].concat()), [""; 0]);
        assert_eq!(complaints(&[("username", "admin".into()), ("auth_port", 5432.into())]), ["auth_port"]);
    }
}
