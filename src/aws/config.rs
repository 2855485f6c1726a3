//! From the provider block to clients. Nothing is read, resolved or asked before the first call needs it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_types::os_shim_internal::{Env, Fs};
use tokio::sync::OnceCell;

use crate::arn::{Partition, check_region};
use crate::aws::credentials::{AssumeRole, AssumedRole, Source};
use crate::aws::error::{Error, Kind, chain};
use crate::aws::http::{self, CaBundle, FewerNetworkRetries, UserAgent};
use crate::aws::iam::Iam;
use crate::aws::kms::Kms;
use crate::aws::options::{Options, RetryMode};
use crate::aws::rds::Rds;
use crate::aws::secrets::Secrets;
use crate::aws::sts::{Identity, Sts};

/// All clients of one configured provider; a cheap handle.
#[derive(Clone)]
pub struct Clients(Arc<Inner>);

struct Inner {
    options: Options,
    machine: Machine,
    base: OnceCell<Base>,
    iam: OnceCell<Iam>,
    sts: OnceCell<Sts>,
    caller: OnceCell<Identity>,
    kms: Regional<Kms>,
    rds: Regional<Rds>,
    secrets: Regional<Secrets>,
}

/// The clients of one service, by region.
type Regional<C> = Mutex<HashMap<String, C>>;

/// What surrounds the provider; tests put their own in its place.
struct Machine {
    env: fn(&str) -> Option<String>,
    first_backoff: Duration,
}

/// What all clients share.
struct Base {
    sdk: SdkConfig,
    credentials: SharedCredentialsProvider,
    region: Option<String>,
}

const DEFAULT_MAX_ATTEMPTS: u32 = 25;

/// The second attempt comes within this time, the third within twice as much, and so on up to 20 seconds.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// No AWS call used here takes longer to begin its answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The client of a regional service, made when first asked for. Each SDK crate has builders of its own that no trait
/// joins.
macro_rules! regional {
    ($self:ident, $field:ident, $service:literal, $sdk:ident, $client:ident, $region:ident) => {{
        let region = $self.region($region).await?;
        $self.check_account().await?;
        let base = $self.base().await?;
        let endpoint = $self.endpoint($service)?;
        let mut clients = $self.0.$field.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region.clone()).or_insert_with(|| {
            let mut config = $sdk::config::Builder::from(&base.sdk)
                .region(Region::new(region))
                .interceptor(FewerNetworkRetries)
                .interceptor($self.user_agent())
                .retry_partition(retry_partition());
            if let Some(url) = endpoint {
                config = config.endpoint_url(url);
            }
            $client::new($sdk::Client::from_conf(config.build()))
        });
        Ok(client.clone())
    }};
}

impl Clients {
    /// Takes the options; no I/O, no look at the environment.
    pub fn new(options: Options) -> Self {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::on(Machine { env, first_backoff: FIRST_BACKOFF }, options)
    }

    /// Clients that see no environment and do not wait between attempts.
    #[cfg(test)]
    pub(crate) fn for_tests(options: Options) -> Self {
        Self::on(Machine { env: |_| None, first_backoff: Duration::from_millis(1) }, options)
    }

    fn on(machine: Machine, options: Options) -> Self {
        Self(Arc::new(Inner {
            options,
            machine,
            base: OnceCell::new(),
            iam: OnceCell::new(),
            sts: OnceCell::new(),
            caller: OnceCell::new(),
            kms: Regional::default(),
            rds: Regional::default(),
            secrets: Regional::default(),
        }))
    }

    /// The region of an entity: its own if it has one, else the configured one.
    ///
    /// # Errors
    /// There is none, or it is malformed.
    pub async fn region(&self, own: Option<&str>) -> Result<String, Error> {
        let region = match own {
            Some(region) => region.to_owned(),
            None => self.base().await?.region.clone().ok_or_else(|| {
                Error::local(
                    Kind::Configuration,
                    "no region is configured; set \"region\" in the provider block, or AWS_REGION, or a profile's region",
                )
            })?,
        };
        self.check_region(&region)?;
        Ok(region)
    }

    /// The partition of the configured region, `aws` without one.
    ///
    /// # Errors
    /// The options are wrong.
    pub async fn partition(&self) -> Result<Partition, Error> {
        Ok(self.base().await?.partition())
    }

    /// IAM, signed for the partition's global region behind any endpoint.
    ///
    /// # Errors
    /// The options are wrong, or the account is not allowed.
    pub async fn iam(&self) -> Result<&Iam, Error> {
        let iam = self.0.iam.get_or_try_init(|| async {
            let base = self.base().await?;
            let config = aws_sdk_iam::config::Builder::from(&base.sdk)
                .region(Region::new(base.partition().global_region()))
                .interceptor(FewerNetworkRetries)
                .interceptor(self.user_agent())
                .retry_partition(retry_partition());
            let config = match self.endpoint("iam")? {
                Some(url) => config.endpoint_url(url),
                None => config,
            };
            Ok(Iam::new(aws_sdk_iam::Client::from_conf(config.build())))
        });
        let iam = iam.await?;
        self.check_account().await?;
        Ok(iam)
    }

    /// KMS in a region, the configured one if absent.
    ///
    /// # Errors
    /// There is no region, the options are wrong, or the account is not allowed.
    pub async fn kms(&self, region: Option<&str>) -> Result<Kms, Error> {
        regional!(self, kms, "kms", aws_sdk_kms, Kms, region)
    }

    /// RDS in a region, the configured one if absent.
    ///
    /// # Errors
    /// There is no region, the options are wrong, or the account is not allowed.
    pub async fn rds(&self, region: Option<&str>) -> Result<Rds, Error> {
        regional!(self, rds, "rds", aws_sdk_rds, Rds, region)
    }

    /// Secrets Manager in a region, the configured one if absent.
    ///
    /// # Errors
    /// There is no region, the options are wrong, or the account is not allowed.
    pub async fn secrets(&self, region: Option<&str>) -> Result<Secrets, Error> {
        regional!(self, secrets, "secretsmanager", aws_sdk_secretsmanager, Secrets, region)
    }

    /// STS.
    ///
    /// # Errors
    /// The options are wrong.
    pub async fn sts(&self) -> Result<&Sts, Error> {
        let sts = self.0.sts.get_or_try_init(|| async {
            let base = self.base().await?;
            Ok(Sts::new(self.sts_client(base, &base.credentials)?))
        });
        sts.await
    }

    /// Who the credentials belong to, asked once.
    ///
    /// # Errors
    /// The options are wrong, or STS did not answer.
    pub async fn caller(&self) -> Result<&Identity, Error> {
        self.0.caller.get_or_try_init(|| async { self.sts().await?.caller_identity().await }).await
    }

    /// The account id of the credentials, or nothing if `skip_requesting_account_id` forbids to ask.
    ///
    /// # Errors
    /// STS did not answer, or the account is not allowed.
    pub async fn account_id(&self) -> Result<Option<String>, Error> {
        if self.0.options.skip_requesting_account_id {
            return Ok(None);
        }
        self.check_account().await?;
        Ok(Some(self.caller().await?.account_id.clone()))
    }

    /// Whether the account of the credentials may be worked on. Asks nobody unless the options restrict accounts.
    ///
    /// # Errors
    /// STS did not answer, or the account is not allowed.
    pub async fn check_account(&self) -> Result<(), Error> {
        let Options { allowed_account_ids: allowed, forbidden_account_ids: forbidden, .. } = &self.0.options;
        if allowed.is_empty() && forbidden.is_empty() {
            return Ok(());
        }
        if self.0.options.skip_requesting_account_id {
            return Err(Error::local(
                Kind::Configuration,
                "\"allowed_account_ids\" and \"forbidden_account_ids\" cannot be checked, since \
                 \"skip_requesting_account_id\" forbids to ask for the account id",
            ));
        }
        let account = &self.caller().await?.account_id;
        if forbidden.contains(account) {
            let message = format!("AWS account ID not allowed: {account}; \"forbidden_account_ids\" holds it");
            return Err(Error::local(Kind::Account, message));
        }
        if !allowed.is_empty() && !allowed.contains(account) {
            let message = format!(
                "AWS account ID not allowed: {account}; \"allowed_account_ids\" holds only {}",
                allowed.join(", ")
            );
            return Err(Error::local(Kind::Account, message));
        }
        Ok(())
    }

    /// Credentials to sign with, those of `role` if given, else the provider's.
    ///
    /// # Errors
    /// There are none, or the role cannot be assumed.
    pub async fn credentials(&self, role: Option<AssumeRole>) -> Result<Credentials, Error> {
        let base = self.base().await?;
        let provider = match role {
            Some(role) => AssumedRole::provider(self.sts_client(base, &base.credentials)?, role),
            None => base.credentials.clone(),
        };
        provider.provide_credentials().await.map_err(|e| Error::credentials(&e))
    }

    async fn base(&self) -> Result<&Base, Error> {
        self.0.base.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<Base, Error> {
        let options = &self.0.options;
        if let Some(region) = &options.region {
            self.check_region(region)?;
        }
        let static_keys = options.static_keys()?;
        let http = self.http_client()?;
        let named = options.profile.clone();
        let profile = named.clone().or_else(|| self.env("AWS_PROFILE")).or_else(|| self.env("AWS_DEFAULT_PROFILE"));
        let files = self.profile_files();
        let metadata = options.skip_metadata_api_check != Some(true);
        let retry = self.retry_config(files.as_ref(), profile.as_deref()).await?;
        let timeouts = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build();
        let conf = ProviderConfig::without_region()
            .with_http_client(http.clone())
            .with_retry_config(retry.clone())
            .with_behavior_version(Some(BehaviorVersion::latest()));
        let region = match &options.region {
            Some(region) => Some(Region::new(region.clone())),
            None => match self.env("AWS_REGION").or_else(|| self.env("AWS_DEFAULT_REGION")) {
                Some(region) => Some(Region::new(region)),
                None => region_provider(&conf, profile.as_deref(), files.clone(), metadata).region().await,
            },
        };
        let conf = conf.with_region(region.clone());
        let source = Source {
            static_keys,
            profile: profile.as_deref().map(|name| (name, named.is_some())),
            files: files.clone(),
            metadata,
        };
        let mut credentials = source.provider(&conf);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(http)
            .retry_config(retry)
            .timeout_config(timeouts)
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(credentials.clone());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(files) = files {
            loader = loader.profile_files(files);
        }
        if let Some(fips) = options.use_fips_endpoint {
            loader = loader.use_fips(fips);
        }
        if let Some(dual_stack) = options.use_dualstack_endpoint {
            loader = loader.use_dual_stack(dual_stack);
        }
        let sdk = loader.load().await;
        let region = region.map(|region| region.to_string());
        let mut base = Base { sdk, credentials: credentials.clone(), region };
        for role in &options.assume_role {
            credentials = AssumedRole::provider(self.sts_client(&base, &credentials)?, role.clone());
        }
        base.sdk = base.sdk.into_builder().credentials_provider(credentials.clone()).build();
        base.credentials = credentials;
        Ok(base)
    }

    fn http_client(&self) -> Result<SharedHttpClient, Error> {
        let named = self.0.options.custom_ca_bundle.as_deref().map(|path| ("custom_ca_bundle", self.expand(path)));
        let from_env = || self.env("AWS_CA_BUNDLE").map(|path| ("AWS_CA_BUNDLE", PathBuf::from(path)));
        let bundle = named.or_else(from_env);
        let bundle = bundle.as_ref().map(|(origin, path)| CaBundle { origin, path });
        http::client(bundle.as_ref(), http::PROXY_VARIABLES.iter().any(|name| self.env(name).is_some()))
    }

    fn sts_client(&self, base: &Base, credentials: &SharedCredentialsProvider) -> Result<aws_sdk_sts::Client, Error> {
        let region = match &self.0.options.sts_region {
            Some(region) => {
                self.check_region(region)?;
                region.clone()
            }
            None => base.region.clone().unwrap_or_else(|| base.partition().global_region().to_owned()),
        };
        let config = aws_sdk_sts::config::Builder::from(&base.sdk)
            .region(Region::new(region))
            .credentials_provider(credentials.clone())
            .interceptor(FewerNetworkRetries)
            .interceptor(self.user_agent())
            .retry_partition(retry_partition());
        let config = match self.endpoint("sts")? {
            Some(url) => config.endpoint_url(url),
            None => config,
        };
        Ok(aws_sdk_sts::Client::from_conf(config.build()))
    }

    fn check_region(&self, region: &str) -> Result<(), Error> {
        if self.0.options.skip_region_validation {
            return Ok(());
        }
        check_region(region).map_err(|e| Error::local(Kind::Configuration, e.to_string()))
    }

    /// The URL given for a service. Those in the environment and the shared files are the SDK's business.
    fn endpoint(&self, service: &str) -> Result<Option<String>, Error> {
        let Some(url) = self.0.options.endpoints.get(service).filter(|url| !url.is_empty()) else { return Ok(None) };
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !host.contains(char::is_whitespace)) {
            return Ok(Some(url.clone()));
        }
        Err(Error::local(
            Kind::Configuration,
            format!("the endpoint \"{url}\" of {service} is not a URL; it must begin with \"https://\" or \"http://\""),
        ))
    }

    async fn retry_config(&self, files: Option<&EnvConfigFiles>, profile: Option<&str>) -> Result<RetryConfig, Error> {
        let options = &self.0.options;
        let (mut attempts, mut mode) = (options.max_retries, options.retry_mode);
        if attempts.is_none() || mode.is_none() {
            let files = files.cloned().unwrap_or_default();
            let (fs, env) = (Fs::real(), Env::real());
            let shared = aws_config::profile::load(&fs, &env, &files, profile.map(|name| name.to_owned().into()));
            let shared = shared.await.map_err(|e| {
                Error::local(
                    Kind::Configuration,
                    format!("the shared configuration files cannot be read: {}", chain(&e)),
                )
            })?;
            let setting = |variable: &'static str, key: &'static str| {
                self.env(variable)
                    .map(|value| (variable, value))
                    .or_else(|| shared.get(key).map(|value| (key, value.to_owned())))
            };
            if attempts.is_none()
                && let Some((origin, value)) = setting("AWS_MAX_ATTEMPTS", "max_attempts")
            {
                attempts = Some(value.parse().map_err(|_| {
                    Error::local(
                        Kind::Configuration,
                        format!("{origin} is \"{value}\", which is not a number of attempts"),
                    )
                })?);
            }
            if mode.is_none()
                && let Some((origin, value)) = setting("AWS_RETRY_MODE", "retry_mode")
            {
                mode = Some(RetryMode::parse(&value).ok_or_else(|| {
                    Error::local(
                        Kind::Configuration,
                        format!("{origin} is \"{value}\"; it must be \"standard\" or \"adaptive\""),
                    )
                })?);
            }
        }
        let config = match mode.unwrap_or(RetryMode::Standard) {
            RetryMode::Standard => RetryConfig::standard(),
            RetryMode::Adaptive => RetryConfig::adaptive(),
        };
        Ok(config
            .with_initial_backoff(self.0.machine.first_backoff)
            .with_max_attempts(attempts.unwrap_or(DEFAULT_MAX_ATTEMPTS).max(1)))
    }

    fn profile_files(&self) -> Option<EnvConfigFiles> {
        let Options { shared_config_files: config, shared_credentials_files: credentials, .. } = &self.0.options;
        if config.is_empty() && credentials.is_empty() {
            return None;
        }
        let mut files = EnvConfigFiles::builder()
            .include_default_config_file(config.is_empty())
            .include_default_credentials_file(credentials.is_empty());
        for path in config {
            files = files.with_file(EnvConfigFileKind::Config, self.expand(path));
        }
        for path in credentials {
            files = files.with_file(EnvConfigFileKind::Credentials, self.expand(path));
        }
        Some(files.build())
    }

    fn user_agent(&self) -> UserAgent {
        let options = &self.0.options;
        let core = match options.terraform_version.as_str() {
            "" => String::new(),
            version => format!("Terraform/{version} (+https://www.terraform.io) "),
        };
        let mut after = options.user_agent.clone();
        after.extend(self.env("TF_APPEND_USER_AGENT"));
        UserAgent { before: format!("{core}rdsauth/{}", env!("CARGO_PKG_VERSION")), after: after.join(" ") }
    }

    /// A path with a leading `~` replaced by the home directory.
    fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.env("HOME")) {
            (Some(rest), Some(home)) => Path::new(&home).join(rest),
            _ => PathBuf::from(path),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        (self.0.machine.env)(name)
    }
}

impl Base {
    fn partition(&self) -> Partition {
        self.region.as_deref().map_or(Partition::Aws, Partition::of_region)
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clients").field(&self.0.options).finish()
    }
}

/// No budget besides `max_retries`: the SDK's own runs dry when many resources are throttled at once.
fn retry_partition() -> RetryPartition {
    RetryPartition::custom("rdsauth").token_bucket(TokenBucket::unlimited()).build()
}

/// Where the region may come from when neither the provider block nor the environment has one.
fn region_provider(
    conf: &ProviderConfig,
    profile: Option<&str>,
    files: Option<EnvConfigFiles>,
    metadata: bool,
) -> RegionProviderChain {
    let mut shared = ProfileFileRegionProvider::builder().configure(conf);
    if let Some(profile) = profile {
        shared = shared.profile_name(profile);
    }
    if let Some(files) = files {
        shared = shared.profile_files(files);
    }
    let chain = RegionProviderChain::first_try(shared.build());
    if metadata { chain.or_else(ImdsRegionProvider::builder().configure(conf).build()) } else { chain }
}

#[cfg(test)]
mod tests;
