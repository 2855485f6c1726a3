//! Where an import finds the database: an import ID, or an identity, and what of a connection they express.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use tf_provider::diagnostic::{Diagnostic, Result};

use crate::arn;
use crate::parts::db::connection::{DatabaseConnection, check_address};

/// Characters that parts of an import ID cannot contain unescaped.
const RESERVED: AsciiSet = CONTROLS.add(b'%').add(b'/').add(b'@').add(b'\'');

impl DatabaseConnection {
    /// Parses `[LOGIN@]HOST[:PORT]/REST` into a connection and the parts of REST. With a login, authentication is by
    /// IAM, or by secret if the login is the ARN of one; without, by the provider block. `%2F` is a slash in a part.
    ///
    /// # Errors
    /// It has another form.
    pub fn of_import(id: &str) -> Result<(Self, Vec<String>)> {
        let malformed = |what: &str| {
            let detail = format!(
                "\"{id}\" {what}.\n\nThe form is [LOGIN@]HOST[:PORT]/…, where LOGIN is a database user for IAM \
                 database authentication or the ARN of a secret; without it, the credentials of the provider block \
                 are used. Write %2F for a slash in a name and %40 for an @ in LOGIN."
            );
            Diagnostic::error("Malformed import id", detail)
        };
        let decode = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
            decoded.map_err(|_| malformed("contains bytes that are not valid UTF-8"))
        };
        let login = id.split_once('@').filter(|(login, _)| arn::is_meant(login) || !login.contains('/'));
        let (login, rest) = login.map_or((None, id), |(login, rest)| (Some(login), rest));
        let mut parts = rest.split('/');
        let place = parts.next().unwrap_or_default();
        let connection = Self::leading_to(place).map_err(|error| malformed(&error))?;
        let parts = parts.map(decode).collect::<Result<Vec<_>>>()?;
        if parts.is_empty() || parts.iter().any(String::is_empty) {
            return Err(malformed("has an empty part, or no part, after the host"));
        }
        let login = login.map(decode).transpose()?;
        Ok((connection.logging_in_as(login).map_err(|error| malformed(&error))?, parts))
    }

    /// What [`of_import`](Self::of_import) parses, for an object in the database, as far as an import ID can express
    /// it.
    pub fn import_id(&self, parts: &[&str]) -> String {
        let login =
            self.logs_in_as().map(|login| format!("{}@", utf8_percent_encode(login, &RESERVED))).unwrap_or_default();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let parts: String = parts.iter().map(|part| format!("/{}", utf8_percent_encode(part, &RESERVED))).collect();
        format!("{login}{}{port}{parts}", self.host)
    }

    /// The connection that an identity names: `HOST` or `HOST:PORT`, and who logs in as in an import ID.
    ///
    /// # Errors
    /// There is no such endpoint or login.
    pub fn of_identity(endpoint: &str, login: Option<String>) -> Result<Self> {
        let malformed = |name: &str, value: &str| {
            let (name, value) = (name.to_owned(), value.to_owned());
            move |what: String| {
                Diagnostic::error("Malformed import identity", format!("\"{name}\" is \"{value}\", which {what}."))
            }
        };
        let connection = Self::leading_to(endpoint).map_err(malformed("endpoint", endpoint))?;
        let said = login.clone().unwrap_or_default();
        connection.logging_in_as(login).map_err(malformed("login", &said))
    }

    /// Who logs in, as an import ID names it: a database user for IAM, or the ARN of a secret; nobody if the provider
    /// block says who.
    pub fn logs_in_as(&self) -> Option<&str> {
        match self.auth.as_str() {
            "secret" => self.secret_arn.as_deref(),
            "provider" => None,
            _ => self.username.as_deref(),
        }
    }

    /// The endpoint of the database, `HOST` or `HOST:PORT`, at the far end of a tunnel.
    pub fn far_end(&self) -> String {
        let (host, port) = match &self.auth_host {
            Some(endpoint) => (endpoint, self.auth_port),
            None => (&self.host, self.port),
        };
        port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    /// A connection to `HOST` or `HOST:PORT` with the login of the provider block.
    fn leading_to(place: &str) -> Result<Self, String> {
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse::<u16>().ok().filter(|port| *port > 0);
                (host, Some(port.ok_or("has a port that is not a number from 1 to 65535")?))
            }
            None => (place, None),
        };
        check_address(host).map_err(|error| format!("does not contain a valid host: {error}"))?;
        Ok(Self {
            host: host.to_owned(),
            port: port.map(i64::from),
            database: None,
            username: None,
            auth: "provider".to_owned(),
            secret_arn: None,
            auth_host: None,
            auth_port: None,
            region: None,
            tls: None,
            ca_certificate: None,
            connect_timeout: None,
            statement_timeout: None,
            application_name: None,
        })
    }

    /// The same with a login by IAM, or by secret if it is the ARN of one.
    fn logging_in_as(self, login: Option<String>) -> Result<Self, String> {
        let (auth, username, secret_arn) = match login {
            None => return Ok(self),
            Some(arn) if arn::is_meant(&arn) => {
                arn::secret_arn(&arn)
                    .map_err(|error| format!("has a LOGIN that is not the ARN of a secret: {error}"))?;
                ("secret", None, Some(arn))
            }
            Some(user) if user.is_empty() => return Err("has an empty LOGIN".to_owned()),
            Some(user) => ("iam", Some(user), None),
        };
        Ok(Self { auth: auth.to_owned(), username, secret_arn, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "orders.cabc123.us-east-1.rds.amazonaws.com";

    /// The parts of an import ID.
    #[derive(Debug, PartialEq, Eq)]
    struct Imported {
        auth: String,
        login: Option<String>,
        host: String,
        port: Option<i64>,
        parts: Vec<String>,
    }

    fn imported(id: &str) -> Option<Imported> {
        let (connection, parts) = DatabaseConnection::of_import(id).ok()?;
        let DatabaseConnection { auth, username, secret_arn, host, port, .. } = connection;
        Some(Imported { auth, login: username.or(secret_arn), host, port, parts })
    }

    fn of_host(auth: &str, login: Option<&str>, port: Option<i64>, parts: &[&str]) -> Imported {
        let parts = parts.iter().map(|part| (*part).to_owned()).collect();
        Imported { auth: auth.to_owned(), login: login.map(str::to_owned), host: HOST.to_owned(), port, parts }
    }

    #[test]
    fn import_ids_say_who_logs_in_where() {
        let iam = of_host("iam", Some("admin"), Some(5433), &["app", "jane"]);
        assert_eq!(imported(&format!("admin@{HOST}:5433/app/jane")), Some(iam));
        let provider = of_host("provider", None, None, &["jane@%"]);
        assert_eq!(imported(&format!("{HOST}/jane@%25")), Some(provider));
        let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds/master-AbCdEf";
        let secret = of_host("secret", Some(arn), None, &["a/b"]);
        assert_eq!(imported(&format!("{arn}@{HOST}/a%2Fb")), Some(secret));
    }

    #[test]
    fn other_import_ids_are_refused() {
        for id in [
            "",
            HOST,
            "admin@",
            "@host/app",
            "host:0/app",
            "host:x/app",
            "host/",
            "host//a",
            "host/%ff",
            "arn:x@host/a",
        ] {
            assert_eq!(imported(id), None, "{id}");
        }
    }

    #[test]
    fn identities_say_it_too() {
        let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds/master-AbCdEf";
        for (endpoint, login) in
            [(HOST.to_owned(), None), (format!("{HOST}:5433"), Some("admin")), (HOST.to_owned(), Some(arn))]
        {
            let connection = DatabaseConnection::of_identity(&endpoint, login.map(str::to_owned)).unwrap();
            assert_eq!((connection.far_end(), connection.logs_in_as()), (endpoint, login));
        }
        let near = DatabaseConnection::of_identity("127.0.0.1:15432", Some("admin".to_owned())).unwrap();
        let tunnel = DatabaseConnection { auth_host: Some(HOST.to_owned()), ..near };
        assert_eq!(tunnel.far_end(), HOST);
        for (endpoint, login, named) in [
            ("a:0", None, "endpoint"),
            ("a/b", None, "endpoint"),
            (HOST, Some("arn:x"), "login"),
            (HOST, Some(""), "login"),
        ] {
            let error = DatabaseConnection::of_identity(endpoint, login.map(str::to_owned)).unwrap_err();
            assert!(error.detail.starts_with(&format!("\"{named}\" is ")), "{}", error.detail);
        }
    }
}
