//! The AWS settings of the provider block, as plain data.

use std::collections::BTreeMap;
use std::fmt;

pub use aws_config::imds::client::EndpointMode;
use aws_credential_types::Credentials;

use crate::aws::credentials::AssumeRole;
use crate::aws::error::{Error, Kind};
use crate::aws::web_identity::WebIdentity;

/// The AWS settings of the provider block, under hashicorp/aws's names and meanings. All are optional.
#[derive(Clone, Default)]
pub struct Options {
    /// The region of regional services.
    pub region: Option<String>,
    /// The named profile; it comes before keys in the environment.
    pub profile: Option<String>,
    /// Instead of `~/.aws/config`; a leading `~` is the home directory.
    pub shared_config_files: Vec<String>,
    /// Instead of `~/.aws/credentials`; a leading `~` is the home directory.
    pub shared_credentials_files: Vec<String>,
    /// With `secret_key`, takes precedence over everything else.
    pub access_key: Option<String>,
    /// Belongs to `access_key`.
    pub secret_key: Option<String>,
    /// Belongs to `access_key` when that is temporary.
    pub token: Option<String>,
    /// Roles to assume, each with the credentials of the one before.
    pub assume_role: Vec<AssumeRole>,
    /// A role to assume with the token of an identity provider, below those of `assume_role`. It comes before all other
    /// credentials.
    pub web_identity: Option<WebIdentity>,
    /// URLs by service: `iam`, `kms`, `rds`, `secretsmanager`, `sts`.
    pub endpoints: BTreeMap<String, String>,
    /// If not empty, the only accounts worked on.
    pub allowed_account_ids: Vec<String>,
    /// Accounts that must not be used.
    pub forbidden_account_ids: Vec<String>,
    /// Never request the account id from STS.
    pub skip_requesting_account_id: bool,
    /// Accept any text as a region.
    pub skip_region_validation: bool,
    /// `true` disables the instance's metadata service; otherwise AWS_EC2_METADATA_DISABLED decides.
    pub skip_metadata_api_check: Option<bool>,
    /// The URL of the metadata service.
    pub ec2_metadata_service_endpoint: Option<String>,
    /// How the metadata service is reached, if its URL is not given.
    pub ec2_metadata_service_endpoint_mode: Option<EndpointMode>,
    /// The proxy for `http://`, and for `https://` too if nothing names one for that; empty for none.
    pub http_proxy: Option<String>,
    /// The proxy for `https://`; empty for none.
    pub https_proxy: Option<String>,
    /// Hosts, with commas between them, that are reached without a proxy.
    pub no_proxy: Option<String>,
    /// Attempts in total, 25 by default; at most 5 when the network fails.
    pub max_retries: Option<u32>,
    /// `standard` by default.
    pub retry_mode: Option<RetryMode>,
    /// How many tokens all retries together may take before successful calls give some back; a retry takes five, one
    /// after a timeout ten. Unlimited by default.
    pub token_bucket_rate_limiter_capacity: Option<usize>,
    /// A PEM file of certificates to trust besides the system's.
    pub custom_ca_bundle: Option<String>,
    /// FIPS endpoints.
    pub use_fips_endpoint: Option<bool>,
    /// Endpoints that speak IPv6 too.
    pub use_dualstack_endpoint: Option<bool>,
    /// The region of STS only.
    pub sts_region: Option<String>,
    /// Products appended to the user agent, each `name/version (comment)`.
    pub user_agent: Vec<String>,
    /// The version of core, from Configure.
    pub terraform_version: String,
}

/// How the SDK spaces its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryMode {
    /// Exponential back-off.
    Standard,
    /// Also limits its own rate after being throttled.
    Adaptive,
}

impl Options {
    /// The keys given here, if any.
    pub(crate) fn static_keys(&self) -> Result<Option<Credentials>, Error> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        match (given(&self.access_key), given(&self.secret_key)) {
            (Some(access), Some(secret)) => {
                Ok(Some(Credentials::new(access, secret, given(&self.token), None, "provider block")))
            }
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::local(
                Kind::Configuration,
                "the provider block has an \"access_key\" without a \"secret_key\"",
            )),
            (None, Some(_)) => Err(Error::local(
                Kind::Configuration,
                "the provider block has a \"secret_key\" without an \"access_key\"",
            )),
        }
    }
}

impl RetryMode {
    /// The mode of a name, in any case, as AWS's tools accept it.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "standard" => Some(Self::Standard),
            "adaptive" => Some(Self::Adaptive),
            _ => None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = |text: &Option<String>| text.as_ref().map(|_| "***");
        f.debug_struct("Options")
            .field("region", &self.region)
            .field("profile", &self.profile)
            .field("access_key", &secret(&self.access_key))
            .field("secret_key", &secret(&self.secret_key))
            .field("token", &secret(&self.token))
            .field("assume_role", &self.assume_role.iter().map(|role| &role.role_arn).collect::<Vec<_>>())
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
