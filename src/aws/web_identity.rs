//! A role that is assumed with the token of an identity provider, such as that of a CI system.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::types::PolicyDescriptorType;

use crate::aws::credentials::{self, DEFAULT_SESSION_NAME};
use crate::aws::error::{Error, Kind};

/// A role to assume, with the arguments of `sts:AssumeRoleWithWebIdentity` under hashicorp/aws's names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WebIdentity {
    /// The role; defaults to AWS_ROLE_ARN.
    pub role_arn: Option<String>,
    /// How long the session lasts, 15 minutes to 12 hours; AWS's default is one hour.
    pub duration: Option<Duration>,
    /// A policy document that restricts the session.
    pub policy: Option<String>,
    /// Managed policies that restrict the session.
    pub policy_arns: Vec<String>,
    /// The session's name in logs; defaults to AWS_ROLE_SESSION_NAME, then to `terraform-rdsauth`.
    pub session_name: Option<String>,
    /// The token itself.
    pub token: Option<String>,
    /// A file with the token, read again for each session; AWS_WEB_IDENTITY_TOKEN_FILE if neither is given.
    pub token_file: Option<PathBuf>,
}

/// A session of a role, requested without credentials.
pub(crate) struct WebIdentityRole {
    sts: aws_sdk_sts::Client,
    role_arn: String,
    session_name: String,
    token: Token,
    options: WebIdentity,
}

enum Token {
    Inline(String),
    File(PathBuf),
}

impl WebIdentityRole {
    /// The provider of the role's credentials.
    ///
    /// # Errors
    /// Neither the options nor the environment contain the role, or the token.
    pub(crate) fn provider(
        sts: aws_sdk_sts::Client,
        options: WebIdentity,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<SharedCredentialsProvider, Error> {
        let missing = |what: &str, option: &str, variable: &str| {
            let message = format!("\"assume_role_with_web_identity\" has no {what}; set {option}, or {variable}");
            Error::local(Kind::Configuration, message)
        };
        let role = options.role_arn.clone().or_else(|| env("AWS_ROLE_ARN"));
        let role_arn = role.ok_or_else(|| missing("role", "\"role_arn\"", "AWS_ROLE_ARN"))?;
        let session = options.session_name.clone().or_else(|| env("AWS_ROLE_SESSION_NAME"));
        let file = || options.token_file.clone().or_else(|| env("AWS_WEB_IDENTITY_TOKEN_FILE").map(PathBuf::from));
        let token = options.token.clone().map(Token::Inline).or_else(|| file().map(Token::File));
        let token = token.ok_or_else(|| {
            missing("token", "\"web_identity_token\" or \"web_identity_token_file\"", "AWS_WEB_IDENTITY_TOKEN_FILE")
        })?;
        let session_name = session.unwrap_or_else(|| DEFAULT_SESSION_NAME.to_owned());
        Ok(credentials::cached(Self { sts, role_arn, session_name, token, options }))
    }

    async fn assume(&self) -> Result<Credentials, Error> {
        const OPERATION: &str = "AssumeRoleWithWebIdentity";
        tracing::debug!(role_arn = self.role_arn, "assuming the role with a web identity");
        let token = match &self.token {
            Token::Inline(token) => token.clone(),
            Token::File(path) => {
                let text = tokio::fs::read_to_string(path).await.map_err(|e| {
                    let message = format!("the web identity token \"{}\" cannot be read: {e}", path.display());
                    Error::local(Kind::Configuration, message)
                })?;
                text.trim().to_owned()
            }
        };
        let seconds = self.options.duration.map(|d| i32::try_from(d.as_secs()).unwrap_or(i32::MAX));
        let policies = self.options.policy_arns.iter();
        let policies: Vec<_> = policies.map(|arn| PolicyDescriptorType::builder().arn(arn).build()).collect();
        let request = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.role_arn)
            .role_session_name(&self.session_name)
            .web_identity_token(token)
            .set_duration_seconds(seconds)
            .set_policy(self.options.policy.clone())
            .set_policy_arns((!policies.is_empty()).then_some(policies));
        let answer = request.send().await.map_err(|e| {
            let error = Error::sdk("sts", OPERATION, &e);
            // A token that is expired or not wanted is no fault of credentials, of which there are none.
            match error.kind == Kind::Service && !error.is_throttled() {
                true => Error { kind: Kind::WebIdentity(self.role_arn.clone()), ..error },
                false => error,
            }
        })?;
        credentials::of_session(OPERATION, answer.credentials())
    }
}

impl ProvideCredentials for WebIdentityRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.assume().await.map_err(CredentialsError::provider_error) })
    }
}

impl fmt::Debug for WebIdentityRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebIdentityRole").field(&self.role_arn).finish()
    }
}
