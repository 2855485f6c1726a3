//! `rdsauth_db_auth_token`: the token that stands in for a database password.
//!
//! It is made here, without a call to the database or to RDS, and is stored
//! nowhere. It cannot be renewed: a new one is as cheap.

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
    /// A token that logs in to a database in place of a password, for 15 minutes at most.
    ///
    /// It suits every provider that takes a password: being ephemeral, it reaches neither state nor plan. The token is
    /// made locally. Whether it lets anybody in is for the database to say: IAM authentication must be on, the user
    /// must be set up for it, and the credentials must be allowed `rds-db:connect`. Sessions that are open when the
    /// token expires live on.
    ///
    /// ## Required Permissions
    ///
    /// None to make the token; `rds-db:connect` to use it. With `role_arn`, `sts:AssumeRole` on that role.
    pub struct DbAuthToken {
        /// Host name of the endpoint as RDS gives it. A token for an alias or a tunnel is refused by the database.
        hostname: String = required().check(host()),
        /// Port of the database.
        port: i64 = required().check(check::between(1..=65535)),
        /// Name of the database user, as the database spells it.
        username: String = required().check(check::length(1..=80)),
        /// Region of the database. The region in the host name if absent, else the provider's.
        region: Computed<String> = optional().check(checks::region()),
        /// ARN of a role to sign as, in place of the provider's credentials.
        role_arn: Option<String> = optional().check(checks::role_arn()),
        /// Seconds for which the token opens sessions.
        expires_in: i64 = optional().or(900).check(check::between(1..=900)),
        /// Token to log in with.
        token: Computed<Secret<String>> = computed(),
        /// When the token stops opening sessions, in RFC 3339 form.
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
        if RdsHost::parse(&config.hostname).is_none() {
            cx.warn(alias(&config.hostname));
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
        let (Val::Known(hostname), Val::Known(region)) = (config.get(Self::hostname), config.get(Self::region)) else {
            return Vec::new();
        };
        let probe = Login { host: &hostname, port: 1, region: &region, user: "any", lifetime: Duration::from_secs(1) };
        let contradiction = probe.check().err().filter(|error| error.argument == Argument::Region);
        contradiction.map(wrong).into_iter().collect()
    }
}

impl DbAuthToken {
    async fn signing_region(&self, cx: &Ctx) -> Result<String> {
        let own = match &self.region {
            Computed::Known(own) => Some(own.clone()),
            Computed::Unknown => RdsHost::parse(&self.hostname).map(|host| host.region),
        };
        cx.aws()?.region(own.as_deref()).await.map_err(|error| Diagnostic::from(error).at(Self::region))
    }

    fn login<'a>(&'a self, region: &'a str) -> Result<Login<'a>, TokenError> {
        let login = Login {
            host: &self.hostname,
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
        Argument::Host => DbAuthToken::hostname.path(),
        Argument::Port => DbAuthToken::port.path(),
        Argument::Region => DbAuthToken::region.path(),
        Argument::User => DbAuthToken::username.path(),
        Argument::Lifetime => DbAuthToken::expires_in.path(),
        Argument::Credentials => Path::root(),
    };
    Diagnostic::error("Cannot sign the token", error.to_string()).at(at)
}

fn alias(hostname: &str) -> Diagnostic {
    Diagnostic::warning(
        "Host name is not one of RDS",
        format!(
            "\"{hostname}\" does not have the form of an RDS endpoint. The database accepts a token only if it was \
             signed for the endpoint's own name."
        ),
    )
    .at(DbAuthToken::hostname)
}

fn cut_short(username: &str) -> Diagnostic {
    Diagnostic::warning(
        "Credentials expire before the token",
        format!(
            "The credentials that signed the token for \"{username}\" expire sooner than the token would, and the token \
             ends with them."
        ),
    )
}
