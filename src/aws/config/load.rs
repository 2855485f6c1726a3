//! What all clients share, from the options, the environment and the shared files.

use std::path::{Path, PathBuf};

use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_types::os_shim_internal::{Env, Fs};
use tf_provider::diagnostic::chain;

use crate::aws::config::{Base, Clients, DEFAULT_MAX_ATTEMPTS, READ_TIMEOUT};
use crate::aws::credentials::{AssumedRole, Source};
use crate::aws::error::{Error, Kind};
use crate::aws::http::{self, CaBundle};
use crate::aws::options::{Options, RetryMode};
use crate::aws::proxy::{Given, Proxies};
use crate::aws::web_identity::WebIdentityRole;

impl Clients {
    /// Reads the environment and the shared files, and decides where region and credentials come from.
    ///
    /// # Errors
    /// The options or the files are wrong.
    pub(super) async fn load(&self) -> Result<Base, Error> {
        let options = &self.0.options;
        if let Some(region) = &options.region {
            self.check_region(region)?;
        }
        let static_keys = options.static_keys()?;
        let http = self.http_client()?;
        let named = options.profile.clone();
        let profile = named.clone().or_else(|| self.env("AWS_PROFILE")).or_else(|| self.env("AWS_DEFAULT_PROFILE"));
        let files = self.profile_files();
        let retry = self.retry_config(files.as_ref(), profile.as_deref()).await?;
        let timeouts = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build();
        let conf = ProviderConfig::without_region()
            .with_http_client(http.clone())
            .with_retry_config(retry.clone())
            .with_behavior_version(Some(BehaviorVersion::latest()));
        let metadata = self.metadata(&conf)?;
        let region = match &options.region {
            Some(region) => Some(Region::new(region.clone())),
            None => match self.env("AWS_REGION").or_else(|| self.env("AWS_DEFAULT_REGION")) {
                Some(region) => Some(Region::new(region)),
                None => region_provider(&conf, profile.as_deref(), files.clone(), metadata.clone()).region().await,
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
        if let Some(role) = &options.web_identity {
            let sts = self.sts_client(&base, None)?;
            credentials = WebIdentityRole::provider(sts, role.clone(), |name| self.env(name))?;
        }
        for role in &options.assume_role {
            credentials = AssumedRole::provider(self.sts_client(&base, Some(&credentials))?, role.clone());
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
        let Options { http_proxy, https_proxy, no_proxy, .. } = &self.0.options;
        let given = Given { http: http_proxy.as_deref(), https: https_proxy.as_deref(), no: no_proxy.as_deref() };
        http::client(bundle.as_ref(), Proxies::of(given, |name| self.env(name))?)
    }

    /// The client of the metadata service, unless the options keep away from it.
    fn metadata(&self, conf: &ProviderConfig) -> Result<Option<imds::Client>, Error> {
        let options = &self.0.options;
        if options.skip_metadata_api_check == Some(true) {
            return Ok(None);
        }
        let mut client = imds::Client::builder().configure(conf);
        if let Some(url) = options.ec2_metadata_service_endpoint.as_deref().filter(|url| !url.is_empty()) {
            client = client.endpoint(url).map_err(|e| {
                let message = format!("\"ec2_metadata_service_endpoint\" is \"{url}\", which is not a URL: {e}");
                Error::local(Kind::Configuration, message)
            })?;
        }
        if let Some(mode) = &options.ec2_metadata_service_endpoint_mode {
            client = client.endpoint_mode(mode.clone());
        }
        Ok(Some(client.build()))
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

    /// A path with a leading `~` replaced by the home directory.
    fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.env("HOME")) {
            (Some(rest), Some(home)) => Path::new(&home).join(rest),
            _ => PathBuf::from(path),
        }
    }
}

/// Where the region may come from when neither the provider block nor the environment has one.
fn region_provider(
    conf: &ProviderConfig,
    profile: Option<&str>,
    files: Option<EnvConfigFiles>,
    metadata: Option<imds::Client>,
) -> RegionProviderChain {
    let mut shared = ProfileFileRegionProvider::builder().configure(conf);
    if let Some(profile) = profile {
        shared = shared.profile_name(profile);
    }
    if let Some(files) = files {
        shared = shared.profile_files(files);
    }
    let chain = RegionProviderChain::first_try(shared.build());
    match metadata {
        Some(imds) => chain.or_else(ImdsRegionProvider::builder().configure(conf).imds_client(imds).build()),
        None => chain,
    }
}

#[cfg(test)]
mod tests;
