//! `rdsauth_db_auth_token`: the IAM authentication token that replaces a database password.
//!
//! It is generated locally, without a call to the database or to RDS, and is not stored. It is not renewed: generating
//! a new one is as cheap.

use std::time::Duration;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Check, Computed, Ephemeral, Opened, Secret, Val, View, check, computed, optional, required};
use tf_provider::value::Path;

use crate::attributes::checks;
use crate::aws::credentials::AssumeRole;
use crate::aws::host::{RdsHost, check_host};
use crate::aws::token::{Argument, Login, TokenError};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Generates an IAM authentication token, which replaces the password when any provider connects to a DB instance, a
    /// DB cluster or an RDS Proxy. The token is written to neither the state nor the plan.
    ///
    /// The token is signed locally, without a request to RDS or to the database, and is valid for [15
    /// minutes](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html) at most.
    /// Sessions that are open when it expires stay open. It is not renewed.
    ///
    /// ~> **Note:** A token can be generated whether or not the database accepts it. The connection succeeds if IAM
    /// database authentication is enabled, the database user is set up for it, and the signing credentials are allowed
    /// `rds-db:connect`.
    ///
    /// ~> **Note:** Sign the token for the endpoint that RDS assigned. The database rejects a token that was signed for a
    /// DNS alias or for the local end of a tunnel.
    ///
    /// ~> **Note:** The certificate authorities of RDS are not among those that operating systems trust, so a provider that
    /// verifies the server certificate needs the [certificate
    /// bundle](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html) of RDS, which the examples
    /// expect in `global-bundle.pem`. An RDS Proxy has a certificate of a public authority and needs none.
    ///
    /// -> cyrilgdn/postgresql and petoju/mysql can generate tokens themselves (`aws_rds_iam_auth`), with AWS credentials that
    /// are configured for them. Use this ephemeral resource to sign with the credentials of this provider or with `role_arn`.
    ///
    /// -> The resources and data sources of this provider generate their own token for each connection with `auth = "iam"`
    /// in `database_connection`. They do not need this ephemeral resource.
    ///
    /// ## Required Permissions
    ///
    /// None to generate the token; `rds-db:connect` to log in with it. With `role_arn`, `sts:AssumeRole` on that role.
    pub struct DbAuthToken {
        /// DNS name of the endpoint, as RDS assigned it.
        host: String = required().check(host()),
        /// Port that the database listens on.
        port: i64 = required().check(check::between(1..=65535)),
        /// Name of the database user, exactly as it is stored in the database.
        username: String = required().check(check::length(1..=80)),
        /// Region of the database. Defaults to the region in `host`, otherwise to the provider's region.
        region: Computed<String> = optional().check(checks::region()),
        /// ARN of an IAM role to assume for signing the token. Defaults to the provider's credentials.
        role_arn: Option<String> = optional().check(checks::role_arn()),
        /// Lifetime of the token in seconds. New connections are accepted during this time.
        expires_in: i64 = optional().or(900).check(check::between(1..=900)),
        /// IAM authentication token, to use as the password.
        token: Computed<Secret<String>> = computed(),
        /// Time at which the token expires, in RFC 3339 format.
        expires_at: Computed<String> = computed(),
    }
}

impl Ephemeral<World> for DbAuthToken {
    const TYPE: &'static str = "db_auth_token";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn open(cx: &Ctx, mut config: Self) -> Result<Opened<Self>> {
        let region = config.signing_region(cx).await?;
        let role = config.role_arn.clone().map(|role_arn| AssumeRole { role_arn, ..AssumeRole::default() });
        let credentials = cx.aws()?.credentials(role).await;
        let credentials = credentials.context("Cannot sign the token", &config.username)?;
        let token = config.login(&region).and_then(|login| login.token(&credentials)).map_err(wrong)?;
        if RdsHost::parse(&config.host).is_none() {
            cx.warn(alias(&config.host));
        }
        if token.is_cut_short() {
            cx.warn(cut_short(&config.username));
        }
        config.region = region.into();
        config.expires_at = token.expires_at.to_string().into();
        config.token = Secret::new(token.expose().to_owned()).into();
        Ok(Opened { result: config, private: Vec::new(), renew_at: None })
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let (Val::Known(host), Val::Known(region)) = (config.get(Self::host), config.get(Self::region)) else {
            return Vec::new();
        };
        let probe = Login { host: &host, port: 1, region: &region, user: "any", lifetime: Duration::from_secs(1) };
        let contradiction = probe.check().err().filter(|error| error.argument == Argument::Region);
        contradiction.map(wrong).into_iter().collect()
    }
}

impl DbAuthToken {
    async fn signing_region(&self, cx: &Ctx) -> Result<String> {
        let own = match &self.region {
            Computed::Known(own) => Some(own.clone()),
            Computed::Unknown => RdsHost::parse(&self.host).map(|host| host.region),
        };
        cx.aws()?.region(own.as_deref()).await.map_err(|error| Diagnostic::from(error).at(Self::region))
    }

    fn login<'a>(&'a self, region: &'a str) -> Result<Login<'a>, TokenError> {
        let login = Login {
            host: &self.host,
            port: u16::try_from(self.port).unwrap_or_default(),
            region,
            user: &self.username,
            lifetime: Duration::from_secs(self.expires_in.unsigned_abs()),
        };
        login.check().map(|()| login)
    }
}

fn host() -> Check {
    Check::explained("must be a host name", check_host)
}

fn wrong(error: TokenError) -> Diagnostic {
    let at = match error.argument {
        Argument::Host => DbAuthToken::host.path(),
        Argument::Port => DbAuthToken::port.path(),
        Argument::Region => DbAuthToken::region.path(),
        Argument::User => DbAuthToken::username.path(),
        Argument::Lifetime => DbAuthToken::expires_in.path(),
        Argument::Credentials => Path::root(),
    };
    Diagnostic::error("Cannot sign the token", error.to_string()).at(at)
}

fn alias(host: &str) -> Diagnostic {
    Diagnostic::warning(
        "Host name is not an RDS endpoint",
        format!(
            "\"{host}\" does not have the form of an RDS endpoint. The database accepts only tokens that are signed \
             for the DNS name of its endpoint, not for a CNAME record or a tunnel."
        ),
    )
    .at(DbAuthToken::host)
}

fn cut_short(username: &str) -> Diagnostic {
    Diagnostic::warning(
        "Credentials expire before the token",
        format!(
            "The AWS credentials that signed the token for \"{username}\" expire before \"expires_in\" has passed, \
             and the token expires with them."
        ),
    )
}
