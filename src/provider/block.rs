//! The provider block, and what it says about AWS and about tags.

use std::path::PathBuf;

use tf_provider::diagnostic::Diagnostic;
use tf_provider::schema::{Check, Host, Secret, Set, Val, View, block, check, optional, parse_duration};

use crate::arn;
use crate::attributes::checks;
use crate::attributes::tags::{self, Given, TagOptions};
use crate::aws::options::EndpointMode;
use crate::aws::{Options, RetryMode, credentials, web_identity};
use crate::parts::db::connection;
use crate::provider::endpoints::Endpoints;
use crate::sql::Defaults;

tf_provider::model! {
    /// Database authentication and encryption on Amazon RDS and Aurora: IAM policies, roles, keys, secrets and the
    /// database's own users, joined into resources that can be applied again after any interruption.
    ///
    /// The options that configure access to AWS have the names and the meaning they have in the provider
    /// `hashicorp/aws`, so its block can be copied. None of them is used before the first call that needs it, so
    /// they may depend on resources that do not exist yet.
    pub struct ProviderBlock {
        /// Region of AWS. Else `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile's region.
        region: Val<String> = optional(),
        /// Profile of the shared files. Else `AWS_PROFILE`.
        profile: Val<String> = optional(),
        /// Files with profiles, in place of `~/.aws/config`. Else `AWS_CONFIG_FILE`.
        shared_config_files: Val<Vec<String>> = optional(),
        /// Files with credentials, in place of `~/.aws/credentials`. Else `AWS_SHARED_CREDENTIALS_FILE`.
        shared_credentials_files: Val<Vec<String>> = optional(),
        /// Access key. Else `AWS_ACCESS_KEY_ID`, the shared files, or what the machine offers.
        access_key: Val<Secret<String>> = optional(),
        /// Secret key that belongs to `access_key`. Else `AWS_SECRET_ACCESS_KEY`.
        secret_key: Val<Secret<String>> = optional(),
        /// Session token that belongs to `access_key`, if that is temporary. Else `AWS_SESSION_TOKEN`.
        token: Val<Secret<String>> = optional(),
        /// Role to assume. Several blocks are a chain: each role is assumed with the credentials of the one before.
        assume_role: Val<Vec<AssumeRole>> = block(),
        /// Role to assume with the token of an identity provider, such as that of a CI system, in place of all other
        /// credentials. Roles of `assume_role` are assumed from there.
        assume_role_with_web_identity: Val<Vec<WebIdentity>> = block().max(1),
        /// Accounts that may be worked on. Any other is an error.
        allowed_account_ids: Val<Set<String>> = optional().each(checks::account_id()),
        /// Accounts that must not be worked on.
        forbidden_account_ids: Val<Set<String>> = optional().each(checks::account_id()),
        /// Tags of all objects that have tags. A resource's own `tags` go before them.
        default_tags: Val<Vec<DefaultTags>> = block().max(1),
        /// Tags that others manage, and this provider neither sees nor changes.
        ignore_tags: Val<Vec<IgnoreTags>> = block().max(1),
        /// What holds for connections to databases unless a `database_connection` block says otherwise, and the login of
        /// those with `auth = "provider"`.
        database: Val<Vec<DatabaseBlock>> = block().max(1),
        /// URLs of services, such as those of a simulator or a VPC endpoint.
        endpoints: Val<Set<Endpoints>> = block(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`. Credentials are never tried out before they are needed.
        skip_credentials_validation: Val<bool> = optional(),
        /// Never ask STS for the account. Resources then need their `account_id`.
        skip_requesting_account_id: Val<bool> = optional(),
        /// Whether to accept regions that this version of the provider does not know, such as a new one.
        skip_region_validation: Val<bool> = optional(),
        /// Keep away from the metadata service of EC2. With `AWS_EC2_METADATA_DISABLED=true` it is kept away from in any
        /// case.
        skip_metadata_api_check: Val<String> = optional().check(check::one_of(&["true", "false"])),
        /// URL of the metadata service of EC2. Else `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
        ec2_metadata_service_endpoint: Val<String> = optional().check(checks::url()),
        /// How the metadata service of EC2 is reached. Else `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.
        ec2_metadata_service_endpoint_mode: Val<String> = optional().check(check::one_of(&["IPv4", "IPv6"])),
        /// Region of STS alone.
        sts_region: Val<String> = optional(),
        /// How often a call is tried in all. Else `AWS_MAX_ATTEMPTS`, or 25. Network failures are tried five times at most.
        max_retries: Val<i64> = optional().check(check::between(0..=1000)),
        /// How retries are spaced. Else `AWS_RETRY_MODE`, or `standard`.
        retry_mode: Val<String> = optional().check(check::one_of(&["standard", "adaptive"])),
        /// How many tokens the retries of all calls may use up. A retry takes 5, after a timeout 10, and a call that
        /// succeeds gives some back; when none are left, nothing is retried. No limit if absent.
        token_bucket_rate_limiter_capacity: Val<i64> = optional().check(check::between(1..=1_000_000)),
        /// URL of a proxy for calls to `http://…`, and also to `https://…` if nothing else is said about those. Else
        /// `HTTP_PROXY` or `ALL_PROXY`. An empty text means no proxy.
        http_proxy: Val<String> = optional().check(checks::url_or_empty()),
        /// URL of a proxy for calls to `https://…`, which those to AWS are. Else `HTTPS_PROXY`. An empty text means no
        /// proxy.
        https_proxy: Val<String> = optional().check(checks::url_or_empty()),
        /// Hosts, domains and address ranges that are reached without a proxy, with commas between them. Else
        /// `NO_PROXY`. This machine and its metadata service are always reached without one.
        no_proxy: Val<String> = optional(),
        /// File with certificates in PEM form to trust besides the system's. Else `AWS_CA_BUNDLE`.
        custom_ca_bundle: Val<String> = optional(),
        /// Not supported: certificates are always verified. Use `custom_ca_bundle`.
        insecure: Val<bool> = optional(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`.
        s3_use_path_style: Val<bool> = optional(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`.
        s3_us_east_1_regional_endpoint: Val<String> = optional(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`.
        tag_policy_compliance: Val<String> = optional(),
        /// Use endpoints that satisfy FIPS. Else `AWS_USE_FIPS_ENDPOINT`.
        use_fips_endpoint: Val<bool> = optional(),
        /// Use endpoints that speak IPv6 as well. Else `AWS_USE_DUALSTACK_ENDPOINT`.
        use_dualstack_endpoint: Val<bool> = optional(),
        /// Products to name in the user agent, each as `name/version (comment)`. Modules cannot add to it: there is no
        /// provider_meta.
        user_agent: Val<Vec<String>> = optional(),
    }
    rules { required_together(access_key, secret_key), conflicts(allowed_account_ids, forbidden_account_ids) }
}

tf_provider::model! {
    /// A role to assume.
    pub struct AssumeRole {
        /// ARN of the role. A block without it, or with an empty one, is passed over.
        role_arn: Option<String> = optional().check(checks::role_arn_or_empty()),
        /// How long the session lasts, from 15 minutes to 12 hours, such as `1h30m`; one hour at most where the role is
        /// assumed from another role.
        duration: Option<String> = optional().check(role_duration()),
        /// Secret shared with the owner of the role.
        external_id: Option<String> = optional().check(external_id()),
        /// Policy that restricts the session.
        policy: Option<String> = optional(),
        /// ARNs of managed policies that restrict the session.
        policy_arns: Option<Set<String>> = optional(),
        /// Name of the session in the logs of AWS.
        session_name: Option<String> = optional().check(session_name()),
        /// Person behind the session.
        source_identity: Option<String> = optional().check(session_name()),
        /// Tags of the session.
        tags: Option<Given> = optional(),
        /// Keys of the tags that go on into roles assumed from the session.
        transitive_tag_keys: Option<Set<String>> = optional(),
    }
}

tf_provider::model! {
    /// A role to assume with the token of an identity provider.
    pub struct WebIdentity {
        /// ARN of the role. Else `AWS_ROLE_ARN`.
        role_arn: Option<String> = optional().check(checks::role_arn_or_empty()),
        /// How long the session lasts, from 15 minutes to 12 hours, such as `1h30m`.
        duration: Option<String> = optional().check(role_duration()),
        /// Policy that restricts the session.
        policy: Option<String> = optional(),
        /// ARNs of managed policies that restrict the session.
        policy_arns: Option<Set<String>> = optional(),
        /// Name of the session in the logs of AWS. Else `AWS_ROLE_SESSION_NAME`.
        session_name: Option<String> = optional().check(session_name()),
        /// The token. It may be ephemeral.
        web_identity_token: Option<Secret<String>> = optional().check(check::length(4..=20_000)),
        /// File with the token. Else `AWS_WEB_IDENTITY_TOKEN_FILE`.
        web_identity_token_file: Option<String> = optional().check(check::length(1..=usize::MAX)),
    }
    rules { conflicts(web_identity_token, web_identity_token_file) }
}

tf_provider::model! {
    /// What holds for connections to databases.
    pub struct DatabaseBlock {
        /// Who logs in, where `auth = "provider"`.
        username: Option<String> = optional().check(check::length(1..=80)),
        /// Password or token of that user. It may be ephemeral, and is stored nowhere.
        password: Option<Secret<String>> = optional().check(check::length(1..=usize::MAX)),
        /// How the certificates of servers are verified: `verify-full`, by authority and name, or `verify-ca`, by
        /// authority alone. `verify-full` if absent.
        tls: Option<String> = optional().check(connection::tls()),
        /// Certificates of authorities to trust, PEM, in place of those of RDS and Aurora and the public ones that ship
        /// with the provider.
        ca_certificate: Option<String> = optional(),
        /// How long a connection may take to come about, such as `15s`.
        connect_timeout: Option<String> = optional().check(connection::duration()),
        /// How long a statement may take, such as `1m`.
        statement_timeout: Option<String> = optional().check(connection::duration()),
        /// What servers show of the sessions.
        application_name: Option<String> = optional().check(check::length(1..=63)),
    }
}

tf_provider::model! {
    /// Tags of all objects.
    pub struct DefaultTags {
        /// The tags. Also `TF_AWS_DEFAULT_TAGS_` and the key, as a variable.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
    }
}

tf_provider::model! {
    /// Tags that others manage.
    pub struct IgnoreTags {
        /// Keys. Also `TF_AWS_IGNORE_TAGS_KEYS`, with commas between them.
        keys: Option<Set<String>> = optional(),
        /// What keys begin with. Also `TF_AWS_IGNORE_TAGS_KEY_PREFIXES`.
        key_prefixes: Option<Set<String>> = optional(),
    }
}

impl ProviderBlock {
    /// What the block says about tags; taken out of it.
    pub(super) fn tags(&mut self) -> TagOptions {
        let default = std::mem::replace(&mut self.default_tags, Val::Null).known().into_iter().flatten();
        let ignored = std::mem::replace(&mut self.ignore_tags, Val::Null).known().into_iter().flatten();
        let list = |set: Option<Set<String>>| set.map(|set| set.to_vec()).unwrap_or_default();
        let mut options = TagOptions {
            default: default.filter_map(|block| block.tags).flat_map(tags::given).collect(),
            ..TagOptions::default()
        };
        for IgnoreTags { keys, key_prefixes } in ignored {
            options.ignored_keys.extend(list(keys));
            options.ignored_prefixes.extend(list(key_prefixes));
        }
        options
    }

    /// What is said of databases; the name of the block if that is not known yet.
    pub(super) fn databases(&self) -> Result<Defaults, Vec<String>> {
        match &self.database {
            Val::Unknown => Err(vec![Self::database.name().to_owned()]),
            Val::Null => Ok(Defaults::default()),
            Val::Known(blocks) => Ok(blocks.first().map(DatabaseBlock::defaults).unwrap_or_default()),
        }
    }

    /// What the block says about AWS, once all of it is known.
    pub(super) fn options(self, host: Host) -> Options {
        let secret = |value: Val<Secret<String>>| value.known().map(|secret| secret.expose().clone());
        let set = |value: Val<Set<String>>| value.known().map(|set| set.to_vec()).unwrap_or_default();
        Options {
            region: self.region.known(),
            profile: self.profile.known(),
            shared_config_files: self.shared_config_files.known().unwrap_or_default(),
            shared_credentials_files: self.shared_credentials_files.known().unwrap_or_default(),
            access_key: secret(self.access_key),
            secret_key: secret(self.secret_key),
            token: secret(self.token),
            assume_role: self.assume_role.known().into_iter().flatten().filter_map(AssumeRole::options).collect(),
            web_identity: self
                .assume_role_with_web_identity
                .known()
                .into_iter()
                .flatten()
                .next()
                .map(WebIdentity::options),
            endpoints: self.endpoints.known().iter().flat_map(|all| all.iter()).flat_map(Endpoints::urls).collect(),
            allowed_account_ids: set(self.allowed_account_ids),
            forbidden_account_ids: set(self.forbidden_account_ids),
            skip_requesting_account_id: self.skip_requesting_account_id.known().unwrap_or_default(),
            skip_region_validation: self.skip_region_validation.known().unwrap_or_default(),
            skip_metadata_api_check: self.skip_metadata_api_check.known().map(|text| text == "true"),
            ec2_metadata_service_endpoint: self.ec2_metadata_service_endpoint.known(),
            ec2_metadata_service_endpoint_mode: self
                .ec2_metadata_service_endpoint_mode
                .known()
                .map(|mode| if mode == "IPv6" { EndpointMode::IpV6 } else { EndpointMode::IpV4 }),
            http_proxy: self.http_proxy.known(),
            https_proxy: self.https_proxy.known(),
            no_proxy: self.no_proxy.known(),
            token_bucket_rate_limiter_capacity: self
                .token_bucket_rate_limiter_capacity
                .known()
                .and_then(|tokens| usize::try_from(tokens).ok()),
            sts_region: self.sts_region.known(),
            max_retries: self.max_retries.known().and_then(|attempts| u32::try_from(attempts).ok()),
            retry_mode: self.retry_mode.known().as_deref().and_then(RetryMode::parse),
            custom_ca_bundle: self.custom_ca_bundle.known(),
            use_fips_endpoint: self.use_fips_endpoint.known(),
            use_dualstack_endpoint: self.use_dualstack_endpoint.known(),
            user_agent: self.user_agent.known().unwrap_or_default(),
            terraform_version: host.version,
        }
    }
}

impl DatabaseBlock {
    fn defaults(&self) -> Defaults {
        let duration = |text: &Option<String>| text.as_deref().and_then(|text| parse_duration(text).ok());
        Defaults {
            username: self.username.clone(),
            password: self.password.clone(),
            any_name: self.tls.as_deref() == Some("verify-ca"),
            ca_certificate: self.ca_certificate.clone(),
            connect_timeout: duration(&self.connect_timeout),
            statement_timeout: duration(&self.statement_timeout),
            application_name: self.application_name.clone(),
        }
    }
}

impl AssumeRole {
    fn options(self) -> Option<credentials::AssumeRole> {
        Some(credentials::AssumeRole {
            role_arn: self.role_arn.filter(|arn| !arn.is_empty())?,
            duration: self.duration.and_then(|text| parse_duration(&text).ok()),
            external_id: self.external_id,
            policy: self.policy,
            policy_arns: self.policy_arns.map(|arns| arns.to_vec()).unwrap_or_default(),
            session_name: self.session_name,
            source_identity: self.source_identity,
            tags: self.tags.into_iter().flat_map(tags::given).collect(),
            transitive_tag_keys: self.transitive_tag_keys.map(|keys| keys.to_vec()).unwrap_or_default(),
        })
    }
}

impl WebIdentity {
    fn options(self) -> web_identity::WebIdentity {
        web_identity::WebIdentity {
            role_arn: self.role_arn.filter(|arn| !arn.is_empty()),
            duration: self.duration.and_then(|text| parse_duration(&text).ok()),
            policy: self.policy,
            policy_arns: self.policy_arns.map(|arns| arns.to_vec()).unwrap_or_default(),
            session_name: self.session_name,
            token: self.web_identity_token.map(|token| token.expose().clone()),
            token_file: self.web_identity_token_file.map(PathBuf::from),
        }
    }
}

/// The name of a session, or a source identity.
fn session_name() -> Check {
    Check::text("must be 2 to 64 letters, digits or characters of `_+=,.@-`", |name| {
        (2..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    })
}

fn external_id() -> Check {
    Check::text("must be 2 to 1224 letters, digits or characters of `_+=,.@:/-`", |id| {
        (2..=1224).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c))
    })
}

fn role_duration() -> Check {
    Check::text("must be a duration from `15m` to `12h`", |text| {
        parse_duration(text).is_ok_and(|duration| (900..=43_200).contains(&duration.as_secs()))
    })
}

/// Judges what no single option's check can.
pub(super) fn judge(config: &View<'_, ProviderBlock>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if config.get(ProviderBlock::insecure) == Val::Known(true) {
        let detail = "Certificates are always verified. If AWS is reached through a proxy or a simulator with a \
                      certificate of its own, name that certificate in \"custom_ca_bundle\".";
        found.push(Diagnostic::error("Certificates must be verified", detail).at(ProviderBlock::insecure));
    }
    let endpoints = config.get(ProviderBlock::endpoints).known();
    if endpoints.iter().flat_map(|all| all.iter()).any(|endpoint| endpoint.sso.is_some()) {
        let detail = "The endpoint \"sso\" is ignored: the URL of IAM Identity Center can only be set with the environment \
                      variable \"AWS_ENDPOINT_URL_SSO\".";
        found.push(Diagnostic::warning("Endpoint is ignored", detail).at(ProviderBlock::endpoints));
    }
    found.extend(unknown_regions(config));
    found.extend(long_chained_session(config));
    found
}

/// A region that is mistyped is found by a plan, whatever that would have asked there.
fn unknown_regions(config: &View<'_, ProviderBlock>) -> Vec<Diagnostic> {
    if config.get(ProviderBlock::skip_region_validation) != Val::Known(false)
        && config.is_set(ProviderBlock::skip_region_validation)
    {
        return Vec::new();
    }
    let region = |at, region: Val<String>| {
        let error = arn::check_known_region(&region.known()?).err()?;
        Some(Diagnostic::error("Invalid AWS region", error.to_string()).at(at))
    };
    [ProviderBlock::region, ProviderBlock::sts_region]
        .into_iter()
        .filter_map(|attribute| region(attribute, config.get(attribute)))
        .collect()
}

/// AWS allows one hour to a role that is assumed with the credentials of a role.
fn long_chained_session(config: &View<'_, ProviderBlock>) -> Option<Diagnostic> {
    let is_long = |role: &AssumeRole| {
        role.duration
            .as_deref()
            .and_then(|text| parse_duration(text).ok())
            .is_some_and(|length| length.as_secs() > 3600)
    };
    let roles = config.get(ProviderBlock::assume_role).known()?;
    let identities = config.get(ProviderBlock::assume_role_with_web_identity).known().unwrap_or_default();
    let assumed =
        roles.iter().enumerate().filter(|(_, role)| role.role_arn.as_ref().is_some_and(|arn| !arn.is_empty()));
    let (index, _) = assumed.skip(usize::from(identities.is_empty())).find(|(_, role)| is_long(role))?;
    let detail = "The role is assumed with the credentials of another role, and AWS limits such a session to one hour. \
                  Set \"duration\" to \"1h\" or less, or remove it.";
    let at = ProviderBlock::assume_role.path().index(index).field(AssumeRole::duration);
    Some(Diagnostic::error("Session of a chained role is too long", detail).at(at))
}
