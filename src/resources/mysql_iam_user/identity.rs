//! What identifies a user: the server, and its account there.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Identity, Partial, View, optional, required};

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::mysql_iam_user::{MysqlIamUser, check_name, is_host};

tf_provider::model! {
    /// An account of a MySQL or MariaDB server, and how the server is reached.
    pub struct MysqlIamUserIdentity {
        /// Endpoint of the database: `HOST`, or `HOST:PORT` if the port is not the default. The one behind a tunnel.
        endpoint: String = required(),
        /// Who logs in: a database user for IAM database authentication, or the ARN of a secret. Defaults to the
        /// credentials of the provider block.
        login: Option<String> = optional(),
        /// Name of the database user.
        name: String = required(),
        /// Host that the database user can connect from. Defaults to `%`.
        host: Option<String> = optional(),
    }
}

impl Identity<MysqlIamUser> for MysqlIamUserIdentity {
    fn of(object: &View<'_, MysqlIamUser>) -> Option<Self> {
        let connection = object.block(MysqlIamUser::database_connection)?.decode()?;
        Some(Self {
            endpoint: connection.far_end(),
            login: connection.logs_in_as().map(str::to_owned),
            name: object.get(MysqlIamUser::name).known()?,
            host: Some(object.get(MysqlIamUser::host).known()?),
        })
    }

    fn known(self) -> Result<Partial<MysqlIamUser>> {
        let connection = DatabaseConnection::of_identity(&self.endpoint, self.login)?;
        let host = self.host.unwrap_or_else(|| "%".to_owned());
        if check_name(&self.name).is_err() || !is_host(&host) {
            let detail = format!(
                "\"{}@{host}\" is not an account: a user name and the host that the user connects from.",
                self.name
            );
            return Err(Diagnostic::error("Malformed import identity", detail));
        }
        Ok(Partial::default()
            .with(MysqlIamUser::name, self.name)
            .with(MysqlIamUser::host, host)
            .with(MysqlIamUser::database_connection, connection))
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::value::Path;

    use super::*;

    fn identity(name: &str, host: Option<&str>) -> MysqlIamUserIdentity {
        MysqlIamUserIdentity {
            endpoint: "orders.cabc123.us-east-1.rds.amazonaws.com".to_owned(),
            login: Some("admin".to_owned()),
            name: name.to_owned(),
            host: host.map(str::to_owned),
        }
    }

    #[test]
    fn an_import_by_identity_has_the_same_identity() {
        for (given, host) in [(None, "%"), (Some("10.0.0.0/255.0.0.0"), "10.0.0.0/255.0.0.0")] {
            let known = identity("app", given).known().unwrap().into_object();
            let view = View::new(&known, Path::root());
            assert_eq!(MysqlIamUserIdentity::of(&view), Some(identity("app", Some(host))));
        }
    }

    #[test]
    fn an_account_that_cannot_be_is_refused() {
        for (name, host) in [("root", None), ("", None), ("app", Some("a@b")), ("app", Some(""))] {
            let error = identity(name, host).known().err().unwrap();
            assert_eq!(error.summary, "Malformed import identity", "{name}@{host:?}");
        }
    }
}
