//! From the provider block to clients. Nothing is read, resolved or requested before the first call needs it.

mod load;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use tokio::sync::OnceCell;

use crate::arn::{Partition, check_known_region};
use crate::aws::credentials::{AssumeRole, AssumedRole};
use crate::aws::direct::Common;
use crate::aws::dms::Dms;
use crate::aws::ec2::Ec2;
use crate::aws::error::{Error, Kind};
use crate::aws::http::{FewerNetworkRetries, UNANSWERED_VALID, UserAgent};
use crate::aws::iam::Iam;
use crate::aws::kms::Kms;
use crate::aws::listed::Written;
use crate::aws::log::RequestLog;
use crate::aws::options::Options;
use crate::aws::rds::Rds;
use crate::aws::secrets::Secrets;
use crate::aws::sts::{Identity, Sts};

/// All clients of one configured provider; a cheap handle.
#[derive(Clone)]
pub struct Clients(Arc<Inner>);

struct Inner {
    options: Options,
    machine: Machine,
    retries: TokenBucket,
    retries_on_network: FewerNetworkRetries,
    written: Written,
    base: OnceCell<Base>,
    iam: OnceCell<Iam>,
    sts: OnceCell<Sts>,
    caller: OnceCell<Identity>,
    /// When and why it was last not to be had, because nobody answered.
    unanswered: Mutex<Option<(Instant, Error)>>,
    dms: Regional<Dms>,
    ec2: Regional<Ec2>,
    kms: Regional<Kms>,
    rds: Regional<Rds>,
    secrets: Regional<Secrets>,
}

/// The clients of one service, by region.
type Regional<C> = Mutex<HashMap<String, C>>;

/// The environment of the provider; replaceable in tests.
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

/// No AWS call used here takes longer until its answer begins.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The client of a regional service, created when first needed. Each SDK crate has its own builder types without a
/// common trait.
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
                .interceptor($self.0.retries_on_network.clone())
                .interceptor(RequestLog)
                .interceptor($self.user_agent())
                .interceptor($self.0.written.clone())
                .retry_partition($self.retry_partition());
            if let Some(url) = endpoint {
                config = config.endpoint_url(url);
            }
            $client::new($sdk::Client::from_conf(config.build()), $self.0.written.clone())
        });
        Ok(client.clone())
    }};
}

/// The same without an SDK crate.
macro_rules! regional_direct {
    ($self:ident, $field:ident, $service:literal, $client:ident, $region:ident) => {{
        let region = $self.region($region).await?;
        $self.check_account().await?;
        let base = $self.base().await?;
        let endpoint = $self.endpoint($service)?;
        let mut clients = $self.0.$field.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region.clone()).or_insert_with(|| {
            let interceptors = vec![
                SharedInterceptor::new($self.0.retries_on_network.clone()),
                SharedInterceptor::new(RequestLog),
                SharedInterceptor::new($self.user_agent()),
            ];
            let retries = $self.retry_partition();
            $client::new(Common { sdk: &base.sdk, region, endpoint, retries, interceptors })
        });
        Ok(client.clone())
    }};
}

impl Clients {
    /// Takes the options; no I/O, no access to the environment.
    pub fn new(options: Options) -> Self {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::on(Machine { env, first_backoff: FIRST_BACKOFF }, options)
    }

    /// Clients that ignore the environment and do not wait between attempts.
    #[cfg(test)]
    pub(crate) fn for_tests(options: Options) -> Self {
        Self::on(Machine { env: |_| None, first_backoff: Duration::from_millis(1) }, options)
    }

    fn on(machine: Machine, options: Options) -> Self {
        let retries = options.token_bucket_rate_limiter_capacity.map_or_else(TokenBucket::unlimited, TokenBucket::new);
        Self(Arc::new(Inner {
            options,
            machine,
            retries,
            retries_on_network: FewerNetworkRetries::default(),
            written: Written::default(),
            base: OnceCell::new(),
            iam: OnceCell::new(),
            sts: OnceCell::new(),
            caller: OnceCell::new(),
            unanswered: Mutex::default(),
            dms: Regional::default(),
            ec2: Regional::default(),
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
                .interceptor(self.0.retries_on_network.clone())
                .interceptor(RequestLog)
                .interceptor(self.user_agent())
                .interceptor(self.0.written.clone())
                .retry_partition(self.retry_partition());
            let config = match self.endpoint("iam")? {
                Some(url) => config.endpoint_url(url),
                None => config,
            };
            Ok(Iam::new(aws_sdk_iam::Client::from_conf(config.build()), self.0.written.clone()))
        });
        let iam = iam.await?;
        self.check_account().await?;
        Ok(iam)
    }

    /// DMS in a region; defaults to the configured one.
    ///
    /// # Errors
    /// There is no region, the options are wrong, or the account is not allowed.
    pub async fn dms(&self, region: Option<&str>) -> Result<Dms, Error> {
        regional_direct!(self, dms, "dms", Dms, region)
    }

    /// EC2 in a region; defaults to the configured one.
    ///
    /// # Errors
    /// There is no region, the options are wrong, or the account is not allowed.
    pub async fn ec2(&self, region: Option<&str>) -> Result<Ec2, Error> {
        regional_direct!(self, ec2, "ec2", Ec2, region)
    }

    /// KMS in a region; defaults to the configured one.
    ///
    /// # Errors
    /// There is no region, the options are wrong, or the account is not allowed.
    pub async fn kms(&self, region: Option<&str>) -> Result<Kms, Error> {
        regional!(self, kms, "kms", aws_sdk_kms, Kms, region)
    }

    /// RDS in a region; defaults to the configured one.
    ///
    /// # Errors
    /// There is no region, the options are wrong, or the account is not allowed.
    pub async fn rds(&self, region: Option<&str>) -> Result<Rds, Error> {
        regional!(self, rds, "rds", aws_sdk_rds, Rds, region)
    }

    /// Secrets Manager in a region; defaults to the configured one.
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
            Ok(Sts::new(self.sts_client(base, Some(&base.credentials))?))
        });
        sts.await
    }

    /// The identity of the credentials, requested once. If nobody answers, that is the answer for a few seconds: a plan
    /// without a network would otherwise wait for it once for each resource.
    ///
    /// # Errors
    /// The options are wrong, or STS did not answer.
    pub async fn caller(&self) -> Result<&Identity, Error> {
        let unanswered = || self.0.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = || async {
            if let Some((_, error)) = unanswered().clone().filter(|(at, _)| at.elapsed() < UNANSWERED_VALID) {
                return Err(error);
            }
            let answer = self.sts().await?.caller_identity().await;
            if let Some(error) = answer.as_ref().err().filter(|error| error.is_unreached()) {
                *unanswered() = Some((Instant::now(), error.clone()));
            }
            answer
        };
        self.0.caller.get_or_try_init(ask).await
    }

    /// The account id of the credentials, or nothing if `skip_requesting_account_id` is set.
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

    /// Checks that the account of the credentials is allowed. Makes no request unless the options restrict accounts.
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
                "\"allowed_account_ids\" and \"forbidden_account_ids\" cannot be checked, because \
                 \"skip_requesting_account_id\" is true. Set it to false, or remove the account lists",
            ));
        }
        let account = &self.caller().await?.account_id;
        if forbidden.contains(account) {
            let message = format!(
                "AWS account ID not allowed: {account}, the account of the credentials, is in \
                 \"forbidden_account_ids\""
            );
            return Err(Error::local(Kind::Account, message));
        }
        if !allowed.is_empty() && !allowed.contains(account) {
            let message = format!(
                "AWS account ID not allowed: {account}, the account of the credentials; \"allowed_account_ids\" \
                 contains only {}",
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
            Some(role) => AssumedRole::provider(self.sts_client(base, Some(&base.credentials))?, role),
            None => base.credentials.clone(),
        };
        provider.provide_credentials().await.map_err(|e| Error::credentials(&e))
    }

    async fn base(&self) -> Result<&Base, Error> {
        self.0.base.get_or_try_init(|| self.load()).await
    }

    /// STS, signed with these credentials; without them only for operations that need no signature.
    fn sts_client(
        &self,
        base: &Base,
        credentials: Option<&SharedCredentialsProvider>,
    ) -> Result<aws_sdk_sts::Client, Error> {
        let region = match &self.0.options.sts_region {
            Some(region) => {
                self.check_region(region)?;
                region.clone()
            }
            None => base.region.clone().unwrap_or_else(|| base.partition().global_region().to_owned()),
        };
        let mut sdk = base.sdk.to_builder();
        sdk.set_credentials_provider(credentials.cloned());
        let config = aws_sdk_sts::config::Builder::from(&sdk.build())
            .region(Region::new(region))
            .interceptor(self.0.retries_on_network.clone())
            .interceptor(RequestLog)
            .interceptor(self.user_agent())
            .retry_partition(self.retry_partition());
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
        check_known_region(region).map_err(|e| Error::local(Kind::Configuration, e.to_string()))
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

    /// No budget besides `max_retries` unless the options have one: the SDK's default budget runs out when many
    /// resources are throttled at once.
    fn retry_partition(&self) -> RetryPartition {
        RetryPartition::custom("rdsauth").token_bucket(self.0.retries.clone()).build()
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

#[cfg(test)]
mod tests;
