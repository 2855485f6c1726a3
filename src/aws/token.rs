//! The IAM authentication token that replaces a database password: a presigned request, generated without a call to
//! AWS.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::time::{SystemTimeSource, TimeSource};
use aws_smithy_runtime_api::client::identity::Identity;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::arn::{MAX_DB_USER_LEN, check_region};
use crate::aws::host::{RdsHost, check_host};

/// The arguments of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login<'a> {
    /// The real name of the endpoint, not of a tunnel or a CNAME.
    pub host: &'a str,
    /// The database's port.
    pub port: u16,
    /// The database's region.
    pub region: &'a str,
    /// The user's name as the database spells it.
    pub user: &'a str,
    /// How long the token opens sessions, [`MAX_LIFETIME`] at most.
    pub lifetime: Duration,
}

/// A token, not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    /// When it stops opening new sessions; open sessions continue.
    pub expires_at: Timestamp,
    /// When the credentials that signed it end, if they do; the token ends with them.
    pub credentials_expire_at: Option<Timestamp>,
}

/// Why a token cannot be generated: one whole sentence, about one argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// The argument at fault.
    pub argument: Argument,
    message: String,
}

/// An argument of [`Login`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The host name.
    Host,
    /// The port.
    Port,
    /// The region.
    Region,
    /// The user.
    User,
    /// The lifetime.
    Lifetime,
    /// The credentials.
    Credentials,
}

/// RDS accepts no older token.
pub const MAX_LIFETIME: Duration = Duration::from_secs(900);

/// The characters that are not encoded in a query; SigV4 requires all others to be.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Login<'_> {
    /// Checks every argument, so that a plan can reject what an apply could not do.
    ///
    /// # Errors
    /// The first argument that is wrong.
    pub fn check(&self) -> Result<(), TokenError> {
        let error = |argument, message: String| Err(TokenError { argument, message });
        check_host(self.host).map_err(|message| TokenError { argument: Argument::Host, message })?;
        if self.port == 0 {
            return error(Argument::Port, "The port cannot be 0.".to_owned());
        }
        check_region(self.region).map_err(|e| TokenError { argument: Argument::Region, message: e.to_string() })?;
        if let Some(host) = RdsHost::parse(self.host).filter(|host| host.region != self.region) {
            return error(
                Argument::Region,
                format!(
                    "The region is \"{}\", but the host \"{}\" is in \"{}\". The database rejects a token for \
                     another region.",
                    self.region, self.host, host.region
                ),
            );
        }
        let len = self.user.chars().count();
        if len == 0 {
            return error(Argument::User, "The user name is empty.".to_owned());
        }
        if len > MAX_DB_USER_LEN {
            return error(
                Argument::User,
                format!("The user name of {len} characters is too long: no engine takes more than {MAX_DB_USER_LEN}."),
            );
        }
        if self.user.chars().any(char::is_control) {
            return error(Argument::User, "The user name contains a control character.".to_owned());
        }
        if self.lifetime < Duration::from_secs(1) || self.lifetime > MAX_LIFETIME {
            return error(
                Argument::Lifetime,
                format!(
                    "A token is valid for 1 to {} seconds, not {}.",
                    MAX_LIFETIME.as_secs(),
                    self.lifetime.as_secs()
                ),
            );
        }
        Ok(())
    }

    /// Generates the token, locally. Only the database decides whether it accepts it.
    ///
    /// # Errors
    /// An argument is wrong.
    pub fn token(&self, credentials: &Credentials) -> Result<Token, TokenError> {
        self.token_at(credentials, SystemTimeSource::new().now())
    }

    fn token_at(&self, credentials: &Credentials, now: SystemTime) -> Result<Token, TokenError> {
        self.check()?;
        let impossible =
            |what: String| TokenError { argument: Argument::Credentials, message: format!("Signing failed: {what}.") };
        let user = utf8_percent_encode(self.user, QUERY);
        let query = format!("{}:{}/?Action=connect&DBUser={user}", self.host.to_ascii_lowercase(), self.port);
        let mut settings = SigningSettings::default();
        settings.expires_in = Some(self.lifetime);
        settings.signature_location = SignatureLocation::QueryParams;
        let identity: Identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name("rds-db")
            .time(now)
            .settings(settings)
            .build()
            .map_err(|e| impossible(e.to_string()))?;
        let request =
            SignableRequest::new("GET", format!("https://{query}"), std::iter::empty(), SignableBody::Bytes(&[]))
                .map_err(|e| impossible(e.to_string()))?;
        let (instructions, _) = sign(request, &params.into()).map_err(|e| impossible(e.to_string()))?.into_parts();
        let mut text = query;
        for (name, value) in instructions.params() {
            text.push_str(&format!("&{name}={}", utf8_percent_encode(value, QUERY)));
        }
        let stamp = |time: SystemTime| Timestamp::try_from(time).map_err(|e| impossible(e.to_string()));
        Ok(Token {
            text,
            expires_at: stamp(now + self.lifetime)?,
            credentials_expire_at: credentials.expiry().map(stamp).transpose()?,
        })
    }
}

impl Token {
    /// The secret itself, to be used as the password.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether the credentials end before the token would.
    pub fn is_cut_short(&self) -> bool {
        self.credentials_expire_at.is_some_and(|end| end < self.expires_at)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    const LOGIN: Login<'_> = Login {
        host: "orders.cabc123.us-east-1.rds.amazonaws.com",
        port: 5432,
        region: "us-east-1",
        user: "jane",
        lifetime: MAX_LIFETIME,
    };

    fn credentials(session_token: Option<&str>, expiry: Option<SystemTime>) -> Credentials {
        Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            session_token.map(str::to_owned),
            expiry,
            "test",
        )
    }

    fn parts(token: &str) -> (&str, BTreeSet<&str>) {
        let (host, query) = token.split_once("/?").expect(token);
        (host, query.split('&').collect())
    }

    #[test]
    fn tokens_are_botocores() {
        let data: Value = serde_json::from_str(include_str!("../../test-data/db_auth_token.json")).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(data["unix_time"].as_u64().unwrap());
        let vectors = data["vectors"].as_array().unwrap();
        assert!(vectors.len() > 30);
        for vector in vectors {
            let text = |key: &str| vector[key].as_str().unwrap();
            let login = Login {
                host: text("host"),
                port: vector["port"].as_u64().unwrap().try_into().unwrap(),
                region: text("region"),
                user: text("user"),
                lifetime: MAX_LIFETIME,
            };
            let ours = login.token_at(&credentials(vector["session_token"].as_str(), None), now).unwrap();
            assert_eq!(parts(ours.expose()), parts(text("token")), "{}", text("user"));
        }
    }

    #[test]
    fn each_wrong_argument_is_named() {
        let long = "u".repeat(81);
        for (login, argument, want) in [
            (Login { host: "", ..LOGIN }, Argument::Host, "empty"),
            (Login { host: "127.0.0.1", ..LOGIN }, Argument::Host, "address"),
            (Login { host: "db.example.com:5432", ..LOGIN }, Argument::Host, "port"),
            (Login { port: 0, ..LOGIN }, Argument::Port, "0"),
            (Login { region: "", ..LOGIN }, Argument::Region, "empty"),
            (Login { region: "us-east-2", ..LOGIN }, Argument::Region, "is in \"us-east-1\""),
            (Login { user: "", ..LOGIN }, Argument::User, "empty"),
            (Login { user: &long, ..LOGIN }, Argument::User, "too long"),
            (Login { user: "a\0b", ..LOGIN }, Argument::User, "control"),
            (Login { lifetime: Duration::ZERO, ..LOGIN }, Argument::Lifetime, "1 to 900"),
            (Login { lifetime: Duration::from_secs(901), ..LOGIN }, Argument::Lifetime, "901"),
        ] {
            let error = login.token(&credentials(None, None)).expect_err("wrong argument");
            assert_eq!(error.argument, argument, "{error}");
            assert!(error.to_string().contains(want), "{error}");
        }
    }

    #[test]
    fn expiry_is_the_tokens_or_the_credentials() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let soon = credentials(Some("t"), Some(now + Duration::from_secs(60)));
        let token = LOGIN.token_at(&soon, now).unwrap();
        assert_eq!(token.expires_at.as_second(), 1_000_900);
        assert_eq!(token.credentials_expire_at.map(Timestamp::as_second), Some(1_000_060));
        assert!(token.is_cut_short());
        let late = credentials(Some("t"), Some(now + Duration::from_secs(901)));
        assert!(!LOGIN.token_at(&late, now).unwrap().is_cut_short());
    }

    #[test]
    fn debug_shows_no_secret() {
        let token = LOGIN.token(&credentials(Some("very-secret"), None)).unwrap();
        let shown = format!("{token:?}");
        assert!(!shown.contains("Signature") && !shown.contains("very-secret"), "{shown}");
        assert!(token.expose().contains("very-secret"));
    }

    proptest! {
        #[test]
        fn any_user_name_comes_back_whole(user in "\\PC{1,80}") {
            let token = Login { user: &user, ..LOGIN }.token(&credentials(None, None)).unwrap();
            let (_, pairs) = parts(token.expose());
            let encoded = pairs.iter().find_map(|pair| pair.strip_prefix("DBUser=")).unwrap();
            let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().unwrap();
            prop_assert_eq!(decoded, user);
        }
    }
}
