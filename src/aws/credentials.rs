//! Where credentials come from: the provider block, a profile, the machine, and roles on top of them.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::time::{Duration, Instant};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use aws_smithy_async::time::{SystemTimeSource, TimeSource};
use tf_provider::diagnostic::chain;
use tokio::sync::Mutex;

use crate::aws::error::{Error, Kind, find};
use crate::aws::unreached::Unreached;

/// A role to assume, with the arguments of `sts:AssumeRole` under hashicorp/aws's names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AssumeRole {
    /// The role.
    pub role_arn: String,
    /// How long the session lasts, 15 minutes to 12 hours; AWS's default is one hour.
    pub duration: Option<Duration>,
    /// The secret shared with the role's owner.
    pub external_id: Option<String>,
    /// A policy document that restricts the session.
    pub policy: Option<String>,
    /// Managed policies that restrict the session.
    pub policy_arns: Vec<String>,
    /// The session's name in logs; defaults to `terraform-rdsauth`.
    pub session_name: Option<String>,
    /// The person behind the session.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// The tags that go on into roles assumed from the session.
    pub transitive_tag_keys: Vec<String>,
}

/// What decides where credentials are looked for.
pub(crate) struct Source<'a> {
    /// Given in the provider block.
    pub(crate) static_keys: Option<Credentials>,
    /// The profile to use, and whether the provider block names it, in which case nothing else is tried.
    pub(crate) profile: Option<(&'a str, bool)>,
    /// The shared files.
    pub(crate) files: Option<EnvConfigFiles>,
    /// The instance's metadata service, tried last; none if it is disabled.
    pub(crate) metadata: Option<aws_config::imds::Client>,
}

/// A session is renewed this long before it ends.
const RENEW_BEFORE_END: Duration = Duration::from_secs(60);

/// How long a failure is cached: a run with many resources requests once, and a longer run soon sees that the user has
/// logged in again.
const REFUSAL_VALID: Duration = Duration::from_secs(30);

pub(crate) const DEFAULT_SESSION_NAME: &str = "terraform-rdsauth";

impl Source<'_> {
    /// The provider of credentials. Does nothing until credentials are requested.
    pub(crate) fn provider(self, conf: &ProviderConfig) -> SharedCredentialsProvider {
        if let Some(keys) = self.static_keys {
            return SharedCredentialsProvider::new(keys);
        }
        let mut profile = ProfileFileCredentialsProvider::builder().configure(conf);
        if let Some((name, _)) = self.profile {
            profile = profile.profile_name(name);
        }
        if let Some(files) = self.files {
            profile = profile.profile_files(files);
        }
        let profile = profile.build();
        if let Some((name, true)) = self.profile {
            let places = format!("the profile \"{name}\" of the shared files");
            return cached(Explained { inner: profile, last: None, places });
        }
        let chain = CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("Profile", profile)
            .or_else("WebIdentityToken", WebIdentityTokenCredentialsProvider::builder().configure(conf).build())
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(conf).build());
        let mut places = format!(
            "the environment (AWS_ACCESS_KEY_ID), the profile \"{}\" of the shared files, a web identity token \
             (AWS_WEB_IDENTITY_TOKEN_FILE), the container's credentials",
            self.profile.map_or("default", |(name, _)| name)
        );
        let last =
            self.metadata.map(|imds| ImdsCredentialsProvider::builder().configure(conf).imds_client(imds).build());
        if last.is_some() {
            places.push_str(", the metadata service of the EC2 instance");
        }
        cached(Explained { inner: chain, last: last.map(SharedCredentialsProvider::new), places })
    }
}

/// A session of a role, requested with the credentials below it.
pub(crate) struct AssumedRole {
    sts: aws_sdk_sts::Client,
    role: AssumeRole,
}

impl AssumedRole {
    /// The provider of the role's credentials, `sts` being signed with those below it.
    pub(crate) fn provider(sts: aws_sdk_sts::Client, role: AssumeRole) -> SharedCredentialsProvider {
        cached(Self { sts, role })
    }

    async fn assume(&self) -> Result<Credentials, Error> {
        let AssumeRole { role_arn, duration, external_id, policy, policy_arns, .. } = &self.role;
        tracing::debug!(role_arn, "assuming the role");
        let seconds = duration.map(|d| i32::try_from(d.as_secs()).unwrap_or(i32::MAX));
        let mut request = self
            .sts
            .assume_role()
            .role_arn(role_arn)
            .role_session_name(self.role.session_name.as_deref().unwrap_or(DEFAULT_SESSION_NAME))
            .set_duration_seconds(seconds)
            .set_external_id(external_id.clone())
            .set_policy(policy.clone())
            .set_source_identity(self.role.source_identity.clone());
        for arn in policy_arns {
            request = request.policy_arns(PolicyDescriptorType::builder().arn(arn).build());
        }
        for (key, value) in &self.role.tags {
            let tag = Tag::builder().key(key).value(value).build();
            request = request.tags(tag.map_err(|e| Error::local(Kind::Configuration, e.to_string()))?);
        }
        for key in &self.role.transitive_tag_keys {
            request = request.transitive_tag_keys(key);
        }
        let answer = request.send().await.map_err(|e| {
            let error = Error::sdk("sts", "AssumeRole", &e);
            if error.kind == Kind::Service && !error.is_configuration() && !error.is_throttled() {
                Error { kind: Kind::AssumeRole(role_arn.clone()), ..error }
            } else {
                error
            }
        })?;
        of_session("AssumeRole", answer.credentials())
    }
}

/// The credentials in the answer of an operation of STS.
pub(crate) fn of_session(
    operation: &'static str,
    session: Option<&aws_sdk_sts::types::Credentials>,
) -> Result<Credentials, Error> {
    let session = session.ok_or_else(|| Error::incomplete("sts", operation, "credentials"))?;
    let expiry = std::time::SystemTime::try_from(*session.expiration())
        .map_err(|_| Error::incomplete("sts", operation, "usable expiration"))?;
    Ok(Credentials::new(
        session.access_key_id(),
        session.secret_access_key(),
        Some(session.session_token().to_owned()),
        Some(expiry),
        operation,
    ))
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AssumedRole").field(&self.role.role_arn).finish()
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.assume().await.map_err(CredentialsError::provider_error) })
    }
}

/// Lists the sources that were tried when none had credentials.
#[derive(Debug)]
struct Explained<P> {
    inner: P,
    /// The last resort. Its failure is no better than its absence, since every machine seems to have it.
    last: Option<SharedCredentialsProvider>,
    places: String,
}

impl<P: ProvideCredentials> Explained<P> {
    async fn load(&self) -> provider::Result {
        let mut error = match self.inner.provide_credentials().await {
            Err(error @ CredentialsError::CredentialsNotLoaded(_)) => error,
            other => return other,
        };
        if let Some(last) = &self.last {
            match last.provide_credentials().await {
                Ok(credentials) => return Ok(credentials),
                Err(failure) => error = failure,
            }
        }
        let reason = error.source().map(|cause| format!(" ({})", chain(cause))).unwrap_or_default();
        let message = format!("no credentials were found in {}{reason}", self.places);
        Err(CredentialsError::not_loaded(Error::local(Kind::NoCredentials, message)))
    }
}

impl<P: ProvideCredentials> ProvideCredentials for Explained<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

/// Caches credentials until shortly before they expire, and failures for a while, for all clients together; the SDK
/// caches per client, and credentials only.
#[derive(Debug)]
struct Cached<P> {
    inner: P,
    held: Mutex<Option<Result<Credentials, Failure>>>,
}

/// Why there were no credentials.
#[derive(Debug)]
struct Failure {
    error: Error,
    at: Instant,
    /// Whether the failure may be temporary: AWS throttles, has an internal error, or is not reached. It is returned
    /// only to callers that were waiting for it, since later ones may succeed.
    passes: bool,
}

pub(crate) fn cached(inner: impl ProvideCredentials + 'static) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Cached { inner, held: Mutex::new(None) })
}

impl<P: ProvideCredentials> Cached<P> {
    async fn get(&self) -> provider::Result {
        let asked = Instant::now();
        let mut held = self.held.lock().await;
        let soon = SystemTimeSource::new().now() + RENEW_BEFORE_END;
        match held.as_ref() {
            Some(Ok(credentials)) if credentials.expiry().is_none_or(|end| end > soon) => Ok(credentials.clone()),
            Some(Err(failure)) if failure.is_valid_for(asked) => Err(failure.error()),
            _ => {
                let found = self.inner.provide_credentials().await.map_err(|error| Failure::of(&error));
                held.insert(found).as_ref().map(Clone::clone).map_err(Failure::error)
            }
        }
    }
}

impl Failure {
    fn of(error: &CredentialsError) -> Self {
        let cause = Error::credentials(error);
        let passes = cause.is_transient()
            || matches!(error, CredentialsError::ProviderTimedOut(_))
            || find::<Unreached>(error).is_some();
        Self { error: cause, at: Instant::now(), passes }
    }

    /// Whether it is a valid answer for a caller that asked at that time.
    fn is_valid_for(&self, asked: Instant) -> bool {
        asked < self.at || !self.passes && self.at.elapsed() < REFUSAL_VALID
    }

    fn error(&self) -> CredentialsError {
        CredentialsError::provider_error(self.error.clone())
    }
}

impl<P: ProvideCredentials> ProvideCredentials for Cached<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.get())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Returns credentials with this lifetime, if any, and counts the requests.
    #[derive(Debug, Default)]
    struct Stub {
        lifetime: Option<Duration>,
        asked: AtomicU64,
    }

    impl ProvideCredentials for Stub {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let key = format!("KEY{}", self.asked.fetch_add(1, Ordering::Relaxed));
            let expiry = self.lifetime.map(|lifetime| SystemTimeSource::new().now() + lifetime);
            future::ProvideCredentials::ready(Ok(Credentials::new(key, "s", None, expiry, "stub")))
        }
    }

    #[derive(Debug)]
    struct Failing(fn() -> CredentialsError);

    impl ProvideCredentials for Failing {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err((self.0)()))
        }
    }

    const NOTHING: Failing = Failing(|| CredentialsError::not_loaded("nothing here"));

    fn explained(inner: Failing, last: impl ProvideCredentials + 'static) -> Explained<Failing> {
        Explained { inner, last: Some(SharedCredentialsProvider::new(last)), places: "here, there".to_owned() }
    }

    #[tokio::test]
    async fn missing_credentials_are_reported_with_sources_and_the_last_reason() {
        let forbidden = Failing(|| CredentialsError::provider_error("forbidden"));
        let error = Error::credentials(&explained(NOTHING, forbidden).load().await.unwrap_err());
        assert_eq!(error.kind, Kind::NoCredentials);
        assert_eq!(error.to_string(), "no credentials were found in here, there (forbidden)");
    }

    #[tokio::test]
    async fn a_broken_source_is_not_passed_over() {
        let broken = Failing(|| CredentialsError::invalid_configuration("bad profile"));
        let error = Error::credentials(&explained(broken, Stub::default()).load().await.unwrap_err());
        assert_eq!((error.kind, error.message.as_str()), (Kind::Credentials, "bad profile"));
        assert!(explained(NOTHING, Stub::default()).load().await.is_ok());
    }

    /// Fails once all callers are waiting, and counts the requests.
    #[derive(Debug)]
    struct Counting {
        failure: fn() -> CredentialsError,
        awaited: AtomicU64,
        asked: AtomicU64,
    }

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                self.asked.fetch_add(1, Ordering::Relaxed);
                while self.awaited.load(Ordering::Relaxed) > 0 {
                    tokio::task::yield_now().await;
                }
                Err((self.failure)())
            })
        }
    }

    /// The number of requests to the source for 20 callers at once, 20 more right after, and one half a minute later.
    async fn asked(failure: fn() -> CredentialsError) -> [u64; 3] {
        let inner = Counting { failure, awaited: AtomicU64::new(0), asked: AtomicU64::new(0) };
        let cached = Arc::new(Cached { inner, held: Mutex::new(None) });
        let mut counts = [0; 3];
        for (count, those) in counts.iter_mut().zip([20, 20, 1]) {
            if let (1, Some(Err(last))) = (those, cached.held.lock().await.as_mut()) {
                last.at -= REFUSAL_VALID;
            }
            cached.inner.awaited.store(those, Ordering::Relaxed);
            let all = (0..those).map(|_| {
                let cached = Arc::clone(&cached);
                tokio::spawn(async move {
                    cached.inner.awaited.fetch_sub(1, Ordering::Relaxed);
                    cached.get().await
                })
            });
            for one in all.collect::<Vec<_>>() {
                let failed = Error::credentials(&one.await.unwrap().unwrap_err());
                assert_eq!(failed, Error::credentials(&failure()), "all are told the same");
            }
            *count = cached.inner.asked.load(Ordering::Relaxed);
        }
        counts
    }

    #[tokio::test]
    async fn a_refusal_is_asked_for_once_in_half_a_minute() {
        let expired = || {
            let code = Some("ExpiredTokenException".into());
            CredentialsError::provider_error(Error { code, ..Error::local(Kind::AssumeRole("r".to_owned()), "ended") })
        };
        assert_eq!(asked(expired).await, [1, 1, 2]);
        assert_eq!(asked(|| CredentialsError::not_loaded("nothing here")).await, [1, 1, 2]);
        assert_eq!(asked(|| CredentialsError::invalid_configuration("bad profile")).await, [1, 1, 2]);
    }

    #[tokio::test]
    async fn a_failure_that_passes_counts_for_those_who_have_waited_for_it() {
        let throttled = || {
            let code = Some("Throttling".into());
            CredentialsError::provider_error(Error { code, ..Error::local(Kind::Service, "slower") })
        };
        let unreached = || {
            let kind = Kind::Unreached(crate::aws::unreached::Reach::Timeout, "sts".to_owned());
            CredentialsError::provider_error(Error::local(kind, "nothing came"))
        };
        assert_eq!(asked(throttled).await, [1, 2, 3]);
        assert_eq!(asked(unreached).await, [1, 2, 3]);
        assert_eq!(asked(|| CredentialsError::provider_timed_out(Duration::from_secs(1))).await, [1, 2, 3]);
    }

    #[tokio::test]
    async fn credentials_are_kept_until_shortly_before_their_end() {
        for (lifetime, second) in [(None, "KEY0"), (Some(3600), "KEY0"), (Some(30), "KEY1")] {
            let provider = cached(Stub { lifetime: lifetime.map(Duration::from_secs), ..Stub::default() });
            assert_eq!(provider.provide_credentials().await.unwrap().access_key_id(), "KEY0");
            assert_eq!(provider.provide_credentials().await.unwrap().access_key_id(), second, "{lifetime:?}");
        }
    }
}
