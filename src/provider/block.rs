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
    /// Manages IAM database authentication and encryption for Amazon RDS and Aurora: the setting of a DB instance or DB cluster,
    /// the database user, the `rds-db:connect` permission, KMS keys and secrets, the encryption of databases that exist, and
    /// checks of their security. Use it beside `hashicorp/aws` or any other tool: the DB instances, DB clusters and IAM roles
    /// stay where they are managed today.
    ///
    /// - **The whole chain in one apply.** Turn on IAM database authentication, create the database user in PostgreSQL, MySQL or
    ///   MariaDB, allow an IAM role to connect as that user, and prove it with a login in the same apply: see
    ///   [Getting started](guides/getting-started.md).
    /// - **A token for any database provider.** The ephemeral resource
    ///   [`rdsauth_db_auth_token`](ephemeral-resources/db_auth_token.md) is an authentication token that any provider takes as its
    ///   password. It is stored in neither plan nor state.
    /// - **Encryption of a database that exists.** See which ways are open, then take one of them in a configuration that can be
    ///   interrupted and applied again: a blue/green deployment, or an encrypted snapshot that is restored with all settings of
    ///   the original: see [Encrypting an existing database](guides/encrypting-an-existing-database.md).
    /// - **Security posture in `check` blocks.** One data source evaluates the controls of AWS Security Hub and others, with
    ///   evidence and remediation for each finding: see [Security posture](guides/security-posture.md).
    /// - **Beside `hashicorp/aws`.** On an object that is managed elsewhere, a resource changes one setting, one policy statement or one
    ///   user, and leaves everything else alone: see
    ///   [Migrating from hashicorp/aws](guides/migrating-from-hashicorp-aws.md).
    ///
    /// | I want to … | Use |
    /// | --- | --- |
    /// | turn on IAM database authentication for an existing DB instance or DB cluster | [`rdsauth_iam_authentication`](resources/iam_authentication.md) |
    /// | create a PostgreSQL user that logs in with IAM | [`rdsauth_postgresql_iam_user`](resources/postgresql_iam_user.md) |
    /// | create a MySQL or MariaDB user that logs in with IAM | [`rdsauth_mysql_iam_user`](resources/mysql_iam_user.md) |
    /// | allow an existing IAM role, user or group to connect | [`rdsauth_iam_db_user_policy`](resources/iam_db_user_policy.md) |
    /// | create an IAM role with which ClickPipes, AWS DMS, RDS Proxy or another account connects | [`rdsauth_iam_db_access_role`](resources/iam_db_access_role.md) |
    /// | pass a token to another provider as its password | [`rdsauth_db_auth_token`](ephemeral-resources/db_auth_token.md) (ephemeral resource) |
    /// | look up host, port and resource ID of a database that is managed elsewhere | [`rdsauth_db_endpoint`](data-sources/db_endpoint.md) (data source) |
    /// | find out why a database does not accept IAM logins | [`rdsauth_iam_auth_readiness`](data-sources/iam_auth_readiness.md) (data source) |
    /// | require IAM database authentication for logical replication | [`rdsauth_replication_iam_auth`](resources/replication_iam_auth.md) |
    /// | see which users that would affect | [`rdsauth_replication_iam_impact`](data-sources/replication_iam_impact.md) (data source) |
    /// | see how the schemas of two databases differ before a cutover | [`rdsauth_schema_drift`](data-sources/schema_drift.md) (data source) |
    /// | set one parameter of a parameter group that is managed elsewhere | [`rdsauth_parameter`](resources/parameter.md) |
    /// | find out how a database is encrypted, and how to encrypt it | [`rdsauth_encryption_plan`](data-sources/encryption_plan.md) (data source) |
    /// | encrypt an existing database, or give it another key, with little downtime | [`rdsauth_blue_green_encryption`](resources/blue_green_encryption.md) |
    /// | check the security of databases, and stop an apply if it is not enough | [`rdsauth_posture`](data-sources/posture.md) (data source) |
    /// | encrypt a snapshot of an unencrypted database | [`rdsauth_encrypted_snapshot`](resources/encrypted_snapshot.md) |
    /// | stop the writes to a database before a cutover | [`rdsauth_write_fence`](resources/write_fence.md) |
    /// | migrate the rows of a database with DMS, and fail if they differ | [`rdsauth_dms_migration`](resources/dms_migration.md) |
    /// | see how far a DMS migration is, and whether its target is complete | [`rdsauth_migration_status`](data-sources/migration_status.md) (data source) |
    /// | continue the sequences of a copied database above those of its source | [`rdsauth_sequence_sync`](resources/sequence_sync.md) |
    /// | copy data into a database with foreign keys and triggers off, and exactly on again | [`rdsauth_constraint_suspension`](resources/constraint_suspension.md) |
    /// | restore a DB instance, encrypted and with everything the original has | [`rdsauth_encrypted_restore`](resources/encrypted_restore.md) |
    /// | restore a DB cluster, encrypted and with everything the original has | [`rdsauth_encrypted_cluster_restore`](resources/encrypted_cluster_restore.md) |
    /// | give the endpoint of a database to its encrypted replacement | [`rdsauth_endpoint_swap`](resources/endpoint_swap.md) |
    /// | create a KMS key, or allow a principal to use an existing one | [`rdsauth_kms_key`](resources/kms_key.md), [`rdsauth_kms_key_user`](resources/kms_key_user.md) |
    /// | store database credentials in Secrets Manager, but not in the state | [`rdsauth_db_secret`](resources/db_secret.md) |
    /// | create the IAM role of the Aurora Limitless data loader | [`rdsauth_aurora_loader_role`](resources/aurora_loader_role.md) |
    /// | use such a policy in another resource, such as `resource "aws_iam_policy"` | [`connect_policy_json`](functions/connect_policy_json.md) and the other functions |
    ///
    /// ## Authentication and Configuration
    ///
    /// The arguments that configure access to AWS have the names and the meaning that they have in `hashicorp/aws`, so you can
    /// copy its provider block. Nothing is read or called before the first resource needs it, so the arguments may depend on
    /// resources that do not exist yet.
    ///
    /// The provider looks for credentials in this order and uses the first that it finds:
    ///
    /// 1. `access_key` and `secret_key` in the provider block, with `token` if they are temporary.
    /// 2. `profile` in the provider block. If it is set, nothing below is tried.
    /// 3. The environment variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    /// 4. The profile that `AWS_PROFILE` names, or else `default`, in the shared config and credentials files: access keys, a role
    ///    to assume, IAM Identity Center, `aws login` or a credential process.
    /// 5. The role in `AWS_ROLE_ARN` with the web identity token in `AWS_WEB_IDENTITY_TOKEN_FILE`.
    /// 6. Container credentials of Amazon ECS or EKS Pod Identity.
    /// 7. The instance profile of the EC2 instance.
    ///
    /// `assume_role_with_web_identity` replaces all of these. Each `assume_role` block is then assumed in turn, with the
    /// credentials of the one before.
    ///
    /// | Setting | Argument | Environment variable | Shared config |
    /// | --- | --- | --- | --- |
    /// | Region | `region` | `AWS_REGION`, `AWS_DEFAULT_REGION` | `region` |
    /// | Profile | `profile` | `AWS_PROFILE`, `AWS_DEFAULT_PROFILE` | |
    /// | Config files | `shared_config_files` | `AWS_CONFIG_FILE` | |
    /// | Credentials files | `shared_credentials_files` | `AWS_SHARED_CREDENTIALS_FILE` | |
    /// | Access key ID | `access_key` | `AWS_ACCESS_KEY_ID` | `aws_access_key_id` |
    /// | Secret access key | `secret_key` | `AWS_SECRET_ACCESS_KEY` | `aws_secret_access_key` |
    /// | Session token | `token` | `AWS_SESSION_TOKEN` | `aws_session_token` |
    /// | Web identity role | `assume_role_with_web_identity` | `AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME`, `AWS_WEB_IDENTITY_TOKEN_FILE` | `role_arn`, `web_identity_token_file` |
    /// | Endpoints | `endpoints` | `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_RDS` and so on | `endpoint_url` |
    /// | FIPS endpoints | `use_fips_endpoint` | `AWS_USE_FIPS_ENDPOINT` | `use_fips_endpoint` |
    /// | Dual-stack endpoints | `use_dualstack_endpoint` | `AWS_USE_DUALSTACK_ENDPOINT` | `use_dualstack_endpoint` |
    /// | Attempts per request | `max_retries` | `AWS_MAX_ATTEMPTS` | `max_attempts` |
    /// | Retry mode | `retry_mode` | `AWS_RETRY_MODE` | `retry_mode` |
    /// | CA certificates | `custom_ca_bundle` | `AWS_CA_BUNDLE` | |
    /// | Proxy | `http_proxy`, `https_proxy`, `no_proxy` | `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` | |
    /// | Instance metadata | `skip_metadata_api_check` | `AWS_EC2_METADATA_DISABLED` | |
    /// | Default tags | `default_tags` | `TF_AWS_DEFAULT_TAGS_` and the tag key | |
    /// | Ignored tags | `ignore_tags` | `TF_AWS_IGNORE_TAGS_KEYS`, `TF_AWS_IGNORE_TAGS_KEY_PREFIXES` | |
    /// | User agent | `user_agent` | `TF_APPEND_USER_AGENT` | |
    ///
    /// An argument takes precedence over its environment variable, and that over the shared config file.
    ///
    /// ## Minimum Versions
    ///
    /// | Feature | Terraform | OpenTofu |
    /// | --- | --- | --- |
    /// | Resources, data sources, `import` blocks | 1.5 | 1.6 |
    /// | `removed` blocks | 1.7 | 1.7 |
    /// | Provider functions | 1.8 | 1.7 |
    /// | `moved` blocks from `hashicorp/aws` | 1.8 | 1.10 |
    /// | Ephemeral resources | 1.10 | 1.11 |
    /// | Write-only arguments, and with them `rdsauth_db_secret` | 1.11 | 1.11 |
    /// | Import by identity | 1.12 | 1.12 |
    /// | List resources, for `terraform query` | 1.14 | – |
    /// | Actions | 1.14 | – |
    /// | Actions before and after a destroy | 1.16 | – |
    ///
    /// From Terraform 1.16 on, as seen with its second release candidate, `terraform plan -generate-config-out` needs
    /// `provider = rdsauth` in the `import` block. Remove it once the configuration is there.
    ///
    /// ## Network Access
    ///
    /// - **AWS APIs.** The provider calls DMS, EC2, IAM, KMS, RDS, Secrets Manager and STS over HTTPS, each only if a resource needs it,
    ///   and the sources of credentials that are listed above. Proxies are supported.
    /// - **Databases.** Resources with a `database_connection` block connect to the database port from the machine that runs
    ///   Terraform. They always use TLS and never a proxy. A plan of these resources does not need the connection: if the database
    ///   cannot be reached, the refresh warns and keeps the last known values. An apply needs it. See
    ///   [Private networks](guides/private-networks.md).
    ///
    /// The certificate authorities of RDS in commercial regions and public ones are built in. AWS GovCloud (US) and China need
    /// `database_connection.ca_certificate`.
    ///
    /// ## Verification
    ///
    /// No release has been tested in an AWS account yet. The acceptance tests run Terraform 1.11, and have all been run with
    /// OpenTofu 1.12.6 and a development version of Terraform 1.17 as well, against an emulation of AWS and against PostgreSQL 15
    /// and 17 and MariaDB 10.11 that are configured like RDS. MySQL itself has not been tested.
    /// The [README](https://github.com/rdsauth/terraform-provider-rdsauth#what-has-been-tested) lists what the tests cover.
    pub struct ProviderBlock {
        /// AWS region. Can also be set with `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile or the instance metadata.
        region: Val<String> = optional(),
        /// Name of a profile in the shared config and credentials files. If set, credentials come from this profile
        /// only. Can also be set with `AWS_PROFILE`, but then credentials in the environment take precedence.
        profile: Val<String> = optional(),
        /// Paths of shared config files. Can also be set with `AWS_CONFIG_FILE`. Defaults to `~/.aws/config`.
        shared_config_files: Val<Vec<String>> = optional(),
        /// Paths of shared credentials files. Can also be set with `AWS_SHARED_CREDENTIALS_FILE`. Defaults to
        /// `~/.aws/credentials`.
        shared_credentials_files: Val<Vec<String>> = optional(),
        /// AWS access key ID. Can also be set with `AWS_ACCESS_KEY_ID`, a shared credentials file or instance
        /// credentials.
        access_key: Val<Secret<String>> = optional(),
        /// AWS secret access key of `access_key`. Can also be set with `AWS_SECRET_ACCESS_KEY`.
        secret_key: Val<Secret<String>> = optional(),
        /// Session token of `access_key`, required for temporary credentials. Can also be set with `AWS_SESSION_TOKEN`.
        token: Val<Secret<String>> = optional(),
        /// IAM role to assume. With several blocks, each role is assumed with the credentials of the one before ([role
        /// chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining)).
        assume_role: Val<Vec<AssumeRole>> = block(),
        /// IAM role to assume with the token of an OIDC identity provider, such as that of a CI system. It replaces all
        /// other credentials; roles of `assume_role` are assumed from it.
        assume_role_with_web_identity: Val<Vec<WebIdentity>> = block().max(1),
        /// AWS account IDs that this configuration may be applied to; guards against changing the wrong account.
        allowed_account_ids: Val<Set<String>> = optional().each(checks::account_id()),
        /// AWS account IDs that this configuration must not be applied to.
        forbidden_account_ids: Val<Set<String>> = optional().each(checks::account_id()),
        /// Tags for all resources that have `tags`. Tags of a resource with the same key take precedence.
        default_tags: Val<Vec<DefaultTags>> = block().max(1),
        /// Tags that are managed elsewhere. The provider neither shows nor changes them.
        ignore_tags: Val<Vec<IgnoreTags>> = block().max(1),
        /// Defaults for `database_connection` blocks, and the credentials of those with `auth = "provider"`.
        database_connection: Val<Vec<DatabaseConnectionBlock>> = block().max(1),
        /// Endpoint URLs by service, such as those of a VPC endpoint or an emulator.
        endpoints: Val<Set<Endpoints>> = block(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`. Credentials are not checked before they are used.
        skip_credentials_validation: Val<bool> = optional(),
        /// Whether to never request the account ID from STS. Resources then need their `account_id` argument.
        skip_requesting_account_id: Val<bool> = optional(),
        /// Whether to accept regions that this version of the provider does not know, such as a new one.
        skip_region_validation: Val<bool> = optional(),
        /// Whether to skip the EC2 instance metadata service as a source of credentials and region. It is also skipped
        /// if `AWS_EC2_METADATA_DISABLED` is `true`.
        skip_metadata_api_check: Val<String> = optional().check(check::one_of(&["true", "false"])),
        /// URL of the EC2 instance metadata service. Can also be set with `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
        ec2_metadata_service_endpoint: Val<String> = optional().check(checks::url()),
        /// IP version for the EC2 instance metadata service. Can also be set with
        /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.
        ec2_metadata_service_endpoint_mode: Val<String> = optional().check(check::one_of(&["IPv4", "IPv6"])),
        /// Region of STS, if it differs from `region`.
        sts_region: Val<String> = optional(),
        /// Maximum number of attempts for an AWS API request, including the first. After network failures at most five
        /// attempts are made, and only one while another request has just got no answer. Can also be set with
        /// `AWS_MAX_ATTEMPTS`. Defaults to 25.
        max_retries: Val<i64> = optional().check(check::between(0..=1000)),
        /// Retry mode: `standard` backs off exponentially, `adaptive` also limits the rate of requests after
        /// throttling. Can also be set with `AWS_RETRY_MODE`. Defaults to `standard`.
        retry_mode: Val<String> = optional().check(check::one_of(&["standard", "adaptive"])),
        /// Capacity of the token bucket that all retries share. A retry takes 5 tokens and one after a timeout 10;
        /// successful requests give some back. While the bucket is empty, requests are not retried. If null, retries
        /// are not limited.
        token_bucket_rate_limiter_capacity: Val<i64> = optional().check(check::between(1..=1_000_000)),
        /// Proxy URL for `http://` endpoints, and for `https://` endpoints if no other proxy is set for those. An empty
        /// string disables the proxy. Can also be set with `HTTP_PROXY` or `ALL_PROXY`.
        http_proxy: Val<String> = optional().check(checks::url_or_empty()),
        /// Proxy URL for `https://` endpoints, such as those of AWS. An empty string disables the proxy. Can also be set
        /// with `HTTPS_PROXY`.
        https_proxy: Val<String> = optional().check(checks::url_or_empty()),
        /// Comma-separated hosts, domains and CIDR ranges that are reached without a proxy. The local host and the EC2
        /// instance metadata service never use a proxy. Can also be set with `NO_PROXY`.
        no_proxy: Val<String> = optional(),
        /// Path of a PEM file with CA certificates to trust in addition to those of the operating system. Can also be
        /// set with `AWS_CA_BUNDLE`.
        custom_ca_bundle: Val<String> = optional(),
        /// Not supported: certificates are always verified. Use `custom_ca_bundle` instead.
        insecure: Val<bool> = optional(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`.
        s3_use_path_style: Val<bool> = optional(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`.
        s3_us_east_1_regional_endpoint: Val<String> = optional(),
        /// Ignored; accepted for compatibility with `hashicorp/aws`.
        tag_policy_compliance: Val<String> = optional(),
        /// Whether to use endpoints with FIPS capability. Can also be set with `AWS_USE_FIPS_ENDPOINT`.
        use_fips_endpoint: Val<bool> = optional(),
        /// Whether to use endpoints that support IPv6 as well as IPv4. Can also be set with
        /// `AWS_USE_DUALSTACK_ENDPOINT`.
        use_dualstack_endpoint: Val<bool> = optional(),
        /// Products to append to the user agent of AWS API requests, each as `name/version (comment)`. Can also be set
        /// with `TF_APPEND_USER_AGENT`. `provider_meta` is not supported.
        user_agent: Val<Vec<String>> = optional(),
    }
    rules { required_together(access_key, secret_key), conflicts(allowed_account_ids, forbidden_account_ids) }
}

tf_provider::model! {
    /// An IAM role to assume.
    pub struct AssumeRole {
        /// ARN of the IAM role. A block in which it is null or empty is ignored.
        role_arn: Option<String> = optional().check(checks::role_arn_or_empty()),
        /// Duration of the session, from 15 minutes to 12 hours, such as `1h30m`. A role that is assumed from another
        /// role is limited to one hour. If null, AWS uses one hour.
        duration: Option<String> = optional().check(role_duration()),
        /// External identifier to use when assuming the role.
        external_id: Option<String> = optional().check(external_id()),
        /// JSON session policy that further restricts the permissions of the session.
        policy: Option<String> = optional(),
        /// ARNs of managed policies that further restrict the permissions of the session.
        policy_arns: Option<Set<String>> = optional(),
        /// Session name, which CloudTrail records. If null, `terraform-rdsauth` is used.
        session_name: Option<String> = optional().check(session_name()),
        /// Source identity recorded in CloudTrail.
        source_identity: Option<String> = optional().check(session_name()),
        /// Session tags.
        tags: Option<Given> = optional(),
        /// Keys of the session tags that are transitive: role chaining passes them on to the next role.
        transitive_tag_keys: Option<Set<String>> = optional(),
    }
}

tf_provider::model! {
    /// An IAM role to assume with the token of an identity provider.
    pub struct WebIdentity {
        /// ARN of the IAM role. Can also be set with `AWS_ROLE_ARN`.
        role_arn: Option<String> = optional().check(checks::role_arn_or_empty()),
        /// Duration of the session, from 15 minutes to 12 hours, such as `1h30m`. If null, AWS uses one hour.
        duration: Option<String> = optional().check(role_duration()),
        /// JSON session policy that further restricts the permissions of the session.
        policy: Option<String> = optional(),
        /// ARNs of managed policies that further restrict the permissions of the session.
        policy_arns: Option<Set<String>> = optional(),
        /// Session name, which CloudTrail records. Can also be set with `AWS_ROLE_SESSION_NAME`. If null,
        /// `terraform-rdsauth` is used.
        session_name: Option<String> = optional().check(session_name()),
        /// Token of the identity provider. Can be an ephemeral value.
        web_identity_token: Option<Secret<String>> = optional().check(check::length(4..=20_000)),
        /// Path of a file with the token, which is read for each new session. Can also be set with
        /// `AWS_WEB_IDENTITY_TOKEN_FILE`.
        web_identity_token_file: Option<String> = optional().check(check::length(1..=usize::MAX)),
    }
    rules { conflicts(web_identity_token, web_identity_token_file) }
}

tf_provider::model! {
    /// Defaults for connections to databases.
    pub struct DatabaseConnectionBlock {
        /// Database user for connections with `auth = "provider"`.
        username: Option<String> = optional().check(check::length(1..=80)),
        /// Password or authentication token of `username`. Can be an ephemeral value; it is not stored.
        password: Option<Secret<String>> = optional().check(check::length(1..=usize::MAX)),
        /// Verification of the server certificate: `verify-full` checks authority and host name, `verify-ca` only the
        /// authority. If null, `verify-full` is used.
        tls: Option<String> = optional().check(connection::tls()),
        /// PEM certificates of the authorities to trust instead of the built-in ones, which are those of RDS and Aurora
        /// in commercial regions and public ones. Required in AWS GovCloud (US) and China.
        ca_certificate: Option<String> = optional(),
        /// How long to wait for a connection, such as `30s`. If null, 15 seconds.
        connect_timeout: Option<String> = optional().check(connection::duration()),
        /// How long a statement may run, such as `5m`. If null, one minute.
        statement_timeout: Option<String> = optional().check(connection::duration()),
        /// Application name that the database shows for sessions of the provider. If null, `terraform-provider-rdsauth`
        /// is used.
        application_name: Option<String> = optional().check(check::length(1..=63)),
        /// Whether refreshes and plans of resources do without connections to databases, and without warnings that these
        /// cannot be reached. For plans on a machine outside the VPC, such as a CI runner: database users are kept as
        /// they are in the state, and changes made outside of Terraform are not detected. Create, update, destroy,
        /// import and data sources connect as always. If null, `false` is used.
        skip_plan_connections: Option<bool> = optional(),
    }
}

tf_provider::model! {
    /// Tags for all resources.
    pub struct DefaultTags {
        /// Tags by key. A single tag can also be set with the environment variable `TF_AWS_DEFAULT_TAGS_` followed by
        /// its key.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
    }
}

tf_provider::model! {
    /// Tags that are managed elsewhere.
    pub struct IgnoreTags {
        /// Tag keys. Can also be set with `TF_AWS_IGNORE_TAGS_KEYS`, separated by commas.
        keys: Option<Set<String>> = optional(),
        /// Tag key prefixes. Can also be set with `TF_AWS_IGNORE_TAGS_KEY_PREFIXES`, separated by commas.
        key_prefixes: Option<Set<String>> = optional(),
    }
}

impl ProviderBlock {
    /// The tag settings of the block, moved out of it.
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

    /// The database settings; the name of the block if one is not known yet.
    pub(super) fn databases(&self) -> Result<Defaults, Vec<String>> {
        match &self.database_connection {
            Val::Unknown => Err(vec![Self::database_connection.name().to_owned()]),
            Val::Null => Ok(Defaults::default()),
            Val::Known(blocks) => Ok(blocks.first().map(DatabaseConnectionBlock::defaults).unwrap_or_default()),
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

impl DatabaseConnectionBlock {
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
            skip_plan_connections: self.skip_plan_connections == Some(true),
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

/// A mistyped region is reported by a plan, even if the plan makes no request there.
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
    Some(Diagnostic::error("Session of a chained role exceeds one hour", detail).at(at))
}
