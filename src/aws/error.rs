//! Errors of AWS calls: answered with an error, or not sent or not answered at all.

mod absence;

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tf_provider::diagnostic::{Diagnostic, causes, chain};

use crate::aws::error::absence::absence;
use crate::aws::unreached::{Reach, Unreached};

/// A call to AWS that failed.
///
/// `Display` gives the whole finding in one sentence or two, operation, code, message and request id included; the
/// [`Diagnostic`] built from it adds what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The service's prefix in IAM actions, such as `iam`.
    pub service: &'static str,
    /// The name of the API operation, such as `PutRolePolicy`; empty when no call was about to be made.
    pub operation: &'static str,
    /// Where it failed.
    pub kind: Kind,
    /// The code on the wire, which is not always the name of the shape: `NoSuchEntity`.
    pub code: Option<Box<str>>,
    /// The service's own message, or what is known about the fault.
    pub message: String,
    /// The id AWS gave the request.
    pub request_id: Option<Box<str>>,
}

/// Where a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The service answered with an error.
    Service,
    /// No answer came from this host.
    Unreached(Reach, String),
    /// An answer came that is none of AWS's.
    Answer,
    /// No credentials were found anywhere.
    NoCredentials,
    /// Credentials were found, and cannot be used or renewed.
    Credentials,
    /// The role of this ARN could not be assumed.
    AssumeRole(String),
    /// The role of this ARN could not be assumed with the token of an identity provider.
    WebIdentity(String),
    /// An option of the provider or a file it names is wrong.
    Configuration,
    /// The credentials belong to an account that the provider block excludes.
    Account,
}

/// What comes before the details of a refusal that `sts:DecodeAuthorizationMessage` decodes.
const ENCODED: &str = "Encoded authorization failure message";

impl Error {
    /// Explains the SDK's error of one call.
    pub(crate) fn sdk<E>(service: &'static str, operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + 'static,
    {
        let request_id = error.request_id().map(Box::from);
        let new = |kind, code: Option<&str>, message: String| Self {
            service,
            operation,
            kind,
            code: code.map(Box::from),
            message,
            request_id: request_id.clone(),
        };
        if let Some(inner) = find::<Self>(error) {
            return inner.clone();
        }
        if let Some(unreached) = find::<Unreached>(error) {
            return new(Kind::Unreached(unreached.reach(), unreached.host.clone()), None, unreached.to_string());
        }
        if let Some(credentials) = find::<CredentialsError>(error) {
            return Self { service, operation, ..Self::credentials(credentials) };
        }
        match error {
            SdkError::ServiceError(answer) if answer.err().code().is_some() => {
                let answer = answer.err();
                let message = answer.message().unwrap_or_default().trim().to_owned();
                new(Kind::Service, answer.code(), message)
            }
            SdkError::ServiceError(answer) => {
                new(Kind::Answer, None, format!("HTTP status {} without an error code", answer.raw().status().as_u16()))
            }
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                new(Kind::Answer, None, format!("HTTP status {status} with a body that cannot be parsed"))
            }
            other => new(Kind::Configuration, None, chain(other)),
        }
    }

    /// Explains why there are no credentials.
    pub(crate) fn credentials(error: &CredentialsError) -> Self {
        if let Some(inner) = find::<Self>(error) {
            return inner.clone();
        }
        let kind = match error {
            CredentialsError::CredentialsNotLoaded(_) => Kind::NoCredentials,
            _ => Kind::Credentials,
        };
        Self::local(kind, error.source().map_or_else(|| error.to_string(), chain))
    }

    /// A fault found without asking AWS.
    pub(crate) fn local(kind: Kind, message: impl Into<String>) -> Self {
        Self { service: "", operation: "", kind, code: None, message: message.into(), request_id: None }
    }

    /// An answer that came without a part every such answer has.
    pub(crate) fn incomplete(service: &'static str, operation: &'static str, what: &str) -> Self {
        Self { service, operation, ..Self::local(Kind::Answer, format!("the response contains no {what}")) }
    }

    /// An answer that cannot be parsed.
    pub(crate) fn unreadable(service: &'static str, operation: &'static str, why: &(dyn StdError + 'static)) -> Self {
        let message = format!("the response cannot be parsed: {}", chain(why));
        Self { service, operation, ..Self::local(Kind::Answer, message) }
    }

    /// A request that cannot even be written.
    pub(crate) fn unsendable(service: &'static str, operation: &'static str, why: String) -> Self {
        Self { service, operation, ..Self::local(Kind::Configuration, why) }
    }

    /// Why there is no result, and what would give one, in sentences. The same refusal has the same reason: it is without
    /// the ID of the request, and without what EC2 encodes anew in each answer.
    pub fn reason(&self) -> String {
        let message = self.message.split(ENCODED).next().unwrap_or_default().trim_end_matches(['.', ' ']);
        let same = Self { message: message.to_owned(), request_id: None, ..self.clone() };
        match self.is_access_denied() {
            true => format!("{same}. Allow the action \"{}:{}\".", self.service, self.operation),
            false => format!("{same}."),
        }
    }

    /// Whether the object of the operation does not exist. A missing object that the request merely names, such as a
    /// subnet group, is another error.
    pub fn is_not_found(&self) -> bool {
        self.has(absence(self.service, self.operation))
    }

    /// Whether the object is a secret that is being deleted, and can be restored for some days.
    pub fn is_deleted_secret(&self) -> bool {
        self.has(&["InvalidRequestException"]) && self.message.contains("for deletion")
    }

    /// Whether AWS throttles the calls.
    pub fn is_throttled(&self) -> bool {
        self.has(&[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestLimitExceeded",
            "RequestThrottled",
        ]) || self.has(&[
            "TooManyRequestsException",
            "SlowDown",
            "RequestThrottledException",
            "PriorRequestNotComplete",
        ])
    }

    /// Whether the identity in use lacks a permission.
    pub fn is_access_denied(&self) -> bool {
        self.has(&["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"])
    }

    /// Whether an object of that name is there already.
    pub fn is_already_exists(&self) -> bool {
        self.has(&["EntityAlreadyExists", "AlreadyExistsException", "ResourceExistsException"])
            || self.has(&["DBSnapshotAlreadyExists", "DBSnapshotAlreadyExistsFault", "DBClusterAlreadyExistsFault"])
            || self.has(&["DBInstanceAlreadyExists", "DBInstanceAlreadyExistsFault"])
            || self.has(&["DBInstanceRoleAlreadyExists", "DBInstanceRoleAlreadyExistsFault"])
            || self.has(&["DBClusterEndpointAlreadyExistsFault", "DBClusterSnapshotAlreadyExistsFault"])
            || self.has(&["BlueGreenDeploymentAlreadyExistsFault", "ResourceAlreadyExistsFault"])
    }

    /// Whether a KMS key could not be used, since it is disabled, about to be deleted, of the wrong kind or out of reach.
    pub fn is_key_unusable(&self) -> bool {
        self.has(&["EncryptionFailure", "DecryptionFailure", "KMSKeyNotAccessible", "KMSKeyNotAccessibleFault"])
    }

    /// Whether other objects are still attached to what was to be deleted.
    pub fn is_delete_conflict(&self) -> bool {
        self.has(&["DeleteConflict"])
    }

    /// Whether a quota is used up.
    pub fn is_limit_exceeded(&self) -> bool {
        self.has(&["LimitExceeded", "LimitExceededException", "TagQuotaPerResourceExceeded"])
            || self.has(&["SnapshotQuotaExceeded", "SnapshotQuotaExceededFault"])
            || self.has(&["DBClusterQuotaExceededFault", "InstanceQuotaExceeded", "InstanceQuotaExceededFault"])
            || self.has(&["StorageQuotaExceeded", "DBClusterEndpointQuotaExceededFault", "ResourceQuotaExceededFault"])
    }

    /// Whether the session of the credentials has ended.
    pub fn is_expired_credentials(&self) -> bool {
        self.has(&["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"])
    }

    /// Whether AWS does not know the key, or the signature does not match it.
    pub fn is_invalid_credentials(&self) -> bool {
        self.has(&["InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"])
            || self.has(&["SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"])
    }

    /// Whether a policy document was refused.
    pub fn is_malformed_policy(&self) -> bool {
        self.has(&["MalformedPolicyDocument", "MalformedPolicyDocumentException", "MalformedPolicy"])
    }

    /// Whether the object is being changed by another caller at the moment.
    pub fn is_concurrent_modification(&self) -> bool {
        self.has(&["ConcurrentModification", "EntityTemporarilyUnmodifiable", "ConcurrentModificationException"])
    }

    /// Whether the object cannot be modified at all, since it belongs to an AWS service.
    pub fn is_unmodifiable(&self) -> bool {
        self.has(&["UnmodifiableEntity"])
    }

    /// Whether the object is busy or in a state that forbids the change, such as a key that is scheduled for deletion.
    pub fn is_invalid_state(&self) -> bool {
        self.has(&["InvalidDBInstanceState", "InvalidDBInstanceStateFault", "InvalidDBParameterGroupState"])
            || self.has(&["InvalidDBClusterState", "InvalidDBClusterStateFault", "InvalidDBParameterGroupStateFault"])
            || self.has(&["InvalidDBSnapshotState", "InvalidDBSnapshotStateFault", "KMSInvalidStateException"])
            || self.has(&["InvalidDBClusterSnapshotStateFault", "InvalidDBClusterEndpointStateFault"])
            || self.has(&["InvalidBlueGreenDeploymentStateFault", "InvalidResourceStateFault"])
    }

    /// Whether AWS does not support the operation for this object.
    pub fn is_unsupported(&self) -> bool {
        self.has(&["InvalidParameterCombination", "InvalidParameterValue"])
            || self.has(&["InvalidParameterCombinationException", "InvalidParameterValueException"])
            || self.has(&["SourceDatabaseNotSupportedFault", "SourceClusterNotSupportedFault"])
    }

    /// Whether the call would have succeeded, had it not been a dry run.
    pub fn is_dry_run(&self) -> bool {
        self.has(&["DryRunOperation", "DryRunOperationException"])
    }

    /// Whether the object is disabled.
    pub fn is_disabled(&self) -> bool {
        self.has(&["DisabledException"])
    }

    /// Whether an ARN was refused, in KMS that of a principal that does not exist.
    pub fn is_invalid_arn(&self) -> bool {
        self.has(&["InvalidArnException"])
    }

    /// Whether the same call can succeed in a while: AWS throttles, failed internally, or was not reached.
    pub fn is_transient(&self) -> bool {
        self.is_throttled()
            || matches!(self.kind, Kind::Unreached(..) | Kind::Answer)
            || self.has(&["KMSInternalException", "DependencyTimeoutException", "InternalFailure", "ServiceFailure"])
            || self.has(&["InternalError", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException"])
            || self.has(&["IDPCommunicationError"])
    }

    /// Whether it says nothing about what goes on in AWS, so that the next run can go on as if nothing had happened.
    pub fn leaves_open(&self) -> bool {
        self.is_transient() || self.is_expired_credentials()
    }

    /// Whether AWS refused the call, and will still refuse it in a while.
    pub fn is_refused(&self) -> bool {
        self.kind == Kind::Service && !self.is_transient() && !self.is_invalid_state()
    }

    /// Whether no answer came, so that the request may or may not have taken effect.
    pub fn is_unreached(&self) -> bool {
        matches!(self.kind, Kind::Unreached(..))
    }

    /// Whether it is the credentials' or the configuration's fault, and the same call would fail for any object.
    pub fn is_configuration(&self) -> bool {
        !matches!(self.kind, Kind::Service | Kind::Unreached(..) | Kind::Answer)
            || self.is_expired_credentials()
            || self.is_invalid_credentials()
    }

    fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    fn has(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }

    /// Advice where the code says why a role was not assumed. AWS answers `AccessDenied` in all other cases, including
    /// a role that does not exist.
    fn session_advice(&self) -> Option<&'static str> {
        Some(match self.code()? {
            "ValidationError" => {
                "An argument of the block is not valid, such as \"role_arn\", or a \"duration\" longer than the \
                 role's maximum session duration (or longer than one hour if the role is assumed with the \
                 credentials of another role)."
            }
            "MalformedPolicyDocument" => "The session policy in \"policy\" or one of \"policy_arns\" is not valid.",
            "PackedPolicyTooLarge" => {
                "The session policies and session tags together exceed the size limit. Shorten \"policy\", or use \
                 fewer \"policy_arns\" or \"tags\"."
            }
            "RegionDisabledException" => {
                "STS is not activated in this region for the account. Activate it in the account settings of IAM, or set \
                 \"sts_region\"."
            }
            "ExpiredTokenException" => {
                "The token of the identity provider has expired. Get a new token and run the command again."
            }
            "IDPRejectedClaim" => "The identity provider has rejected the token, which may be expired or revoked.",
            "IDPCommunicationError" => "AWS could not reach the identity provider. Run the command again in a minute.",
            "InvalidIdentityToken" => {
                "The token is not valid for any identity provider that IAM knows: check its issuer and audience, and the \
                 OIDC provider in the role's account."
            }
            _ => return None,
        })
    }

    fn summary(&self) -> &'static str {
        match &self.kind {
            Kind::Service if self.is_expired_credentials() => "AWS credentials have expired",
            Kind::Service if self.is_invalid_credentials() => "AWS does not accept the credentials",
            Kind::Service if self.is_access_denied() => "AWS denies access",
            Kind::Service => "AWS refused the request",
            Kind::Unreached(..) => "Cannot reach AWS",
            Kind::Answer => "Cannot parse the response of AWS",
            Kind::NoCredentials => "Cannot find AWS credentials",
            Kind::Credentials => "Cannot use the AWS credentials",
            Kind::AssumeRole(_) | Kind::WebIdentity(_) => "Cannot assume the IAM role",
            Kind::Configuration => "Cannot configure access to AWS",
            Kind::Account => "AWS account not allowed",
        }
    }

    fn puts_an_inline_policy(&self) -> bool {
        self.service == "iam" && ["PutRolePolicy", "PutUserPolicy", "PutGroupPolicy"].contains(&self.operation)
    }

    /// Advice for the user; empty where the message contains it.
    fn advice(&self) -> String {
        match &self.kind {
            Kind::Service if self.is_expired_credentials() => {
                "The session of these credentials has ended. Sign in again (IAM Identity Center: \"aws sso login\"), \
                 or renew the keys in the environment, the shared files or the provider block."
                    .to_owned()
            }
            Kind::Service if self.is_invalid_credentials() => {
                "Usual causes: the access key is mistyped, deleted or inactive, the session token is missing, the \
                 clock of this machine is wrong, or the access key belongs to another partition than the region."
                    .to_owned()
            }
            Kind::Service if self.is_access_denied() => format!(
                "Allow the action \"{}:{}\" for the credentials in use, or use other credentials. A permissions \
                 boundary, a session policy or a service control policy can also deny it.",
                self.service, self.operation
            ),
            Kind::Service if self.is_throttled() => {
                "AWS still throttled the requests after the last retry. Run the command again later, lower \
                 \"-parallelism\", or raise \"max_retries\"."
                    .to_owned()
            }
            Kind::Service if self.is_concurrent_modification() => {
                "Another process is changing the same object. Run the command again in a minute.".to_owned()
            }
            Kind::Service if self.is_limit_exceeded() && self.puts_an_inline_policy() => {
                "Shorten or remove other inline policies, or split this policy between several principals.".to_owned()
            }
            Kind::Service if self.is_unmodifiable() => {
                "The object belongs to an AWS service, and only that service can change it.".to_owned()
            }
            Kind::Service | Kind::Configuration | Kind::Account => String::new(),
            Kind::Unreached(reach, _) => match reach {
                Reach::Name => {
                    "Check the region, the endpoint in the provider block or environment, and the DNS settings of \
                     this machine."
                        .to_owned()
                }
                Reach::Connection => {
                    "Check the endpoint in the provider block or environment, the proxy settings and the network."
                        .to_owned()
                }
                Reach::Tls => "If a proxy or a test server uses a certificate authority of its own, name its file in \
                               \"custom_ca_bundle\" or AWS_CA_BUNDLE."
                    .to_owned(),
                Reach::Timeout => {
                    "Check the network, the proxy settings and the VPC endpoint's security group.".to_owned()
                }
                Reach::Broken => "The request may have taken effect or not. Run the command again: the next plan \
                                  reads the actual state first."
                    .to_owned(),
            },
            Kind::Answer => "The response may not come from AWS: check the endpoint and the proxy settings.".to_owned(),
            Kind::NoCredentials => "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \"profile\" \
                                    in the provider block; for IAM Identity Center, run \"aws sso login\" first."
                .to_owned(),
            Kind::Credentials => {
                "Renew them (IAM Identity Center: \"aws sso login\"), or correct the profile.".to_owned()
            }
            Kind::AssumeRole(_) | Kind::WebIdentity(_) if self.session_advice().is_some() => {
                self.session_advice().unwrap_or_default().to_owned()
            }
            Kind::WebIdentity(_) => {
                "Usual causes: the token has expired or is for another audience, IAM has no identity provider for \
                 its issuer, or the trust policy of the role does not allow the action \
                 \"sts:AssumeRoleWithWebIdentity\" for its subject."
                    .to_owned()
            }
            Kind::AssumeRole(_) => {
                "Usual causes: the role does not exist, its trust policy does not allow the credentials in use or \
                 requires an \"external_id\", or the credentials are not allowed the action \"sts:AssumeRole\" on \
                 the role."
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, code, message, request_id, .. } = self;
        let message = message.trim_end_matches('.');
        match (&self.kind, code) {
            (Kind::AssumeRole(role) | Kind::WebIdentity(role), Some(code)) => {
                write!(f, "the role \"{role}\" could not be assumed: {operation} answered {code}: {message}")?;
            }
            (Kind::AssumeRole(role) | Kind::WebIdentity(role), None) => {
                write!(f, "the role \"{role}\" could not be assumed: {message}")?
            }
            (Kind::Service, Some(code)) if message.is_empty() => write!(f, "{operation} answered {code}")?,
            (Kind::Service, Some(code)) => write!(f, "{operation} answered {code}: {message}")?,
            (Kind::Answer, _) => write!(f, "{operation} got an invalid response: {message}")?,
            (Kind::Unreached(..), _) => write!(f, "{operation} got no response: {message}")?,
            (Kind::Configuration, _) if !operation.is_empty() => write!(f, "{operation} could not be sent: {message}")?,
            _ => f.write_str(message)?,
        }
        match request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let mut detail = error.to_string();
        if let Some(first) = detail.get(..1).map(str::to_uppercase) {
            detail.replace_range(..1, &first);
        }
        detail.push('.');
        let advice = error.advice();
        if !advice.is_empty() {
            detail.push_str("\n\n");
            detail.push_str(&advice);
        }
        Diagnostic::error(error.summary(), detail)
    }
}

/// The first error of a type in a chain of causes.
pub(crate) fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: &str) -> Error {
        Error {
            service: "iam",
            operation: "PutRolePolicy",
            kind: Kind::Service,
            code: Some(code.into()),
            message: "The role with name app cannot be found.".to_owned(),
            request_id: Some("1b2c".into()),
        }
    }

    #[test]
    fn an_error_has_operation_code_message_and_request_id() {
        let diagnostic = Diagnostic::from(answered("NoSuchEntity"));
        assert_eq!(diagnostic.summary, "AWS refused the request");
        assert_eq!(
            diagnostic.detail,
            "PutRolePolicy answered NoSuchEntity: The role with name app cannot be found (request id 1b2c)."
        );
    }

    #[test]
    fn the_same_refusal_has_the_same_reason() {
        let reason = |code: &str, message: &str, id: &str| {
            let request_id = Some(Box::from(id));
            Error { message: message.to_owned(), request_id, ..answered(code) }.reason()
        };
        let denied = "You are not authorized to perform this operation. Encoded authorization failure message: ";
        assert_eq!(
            reason("UnauthorizedOperation", &format!("{denied}abc"), "1"),
            reason("UnauthorizedOperation", &format!("{denied}xyz"), "2")
        );
        assert_eq!(
            reason("UnauthorizedOperation", &format!("{denied}abc"), "1"),
            "PutRolePolicy answered UnauthorizedOperation: You are not authorized to perform this operation. Allow the \
             action \"iam:PutRolePolicy\"."
        );
        assert_eq!(reason("ServiceFailure", "Later.", "1"), "PutRolePolicy answered ServiceFailure: Later.");
    }

    #[test]
    fn denied_access_names_the_action() {
        let diagnostic = Diagnostic::from(answered("AccessDenied"));
        assert!(diagnostic.detail.contains("\n\nAllow the action \"iam:PutRolePolicy\""));
    }

    #[test]
    fn a_role_that_is_not_assumed_is_explained_by_the_code() {
        let role = "arn:aws:iam::123456789012:role/x".to_owned();
        for (code, advice, is_general) in [
            ("AccessDenied", "its trust policy", true),
            ("ValidationError", "maximum session duration", false),
            ("PackedPolicyTooLarge", "session tags", false),
            ("MalformedPolicyDocument", "session policy", false),
            ("RegionDisabledException", "\"sts_region\"", false),
            ("InvalidIdentityToken", "issuer and audience", false),
        ] {
            for kind in [Kind::AssumeRole(role.clone()), Kind::WebIdentity(role.clone())] {
                let diagnostic = Diagnostic::from(Error { kind: kind.clone(), ..answered(code) });
                assert_eq!(diagnostic.detail.contains("Usual causes"), is_general, "{diagnostic}");
                let web = matches!(kind, Kind::WebIdentity(_)) && is_general;
                assert!(web || diagnostic.detail.contains(advice), "{diagnostic}");
            }
        }
    }

    #[test]
    fn predicates_go_by_the_code_on_the_wire() {
        for (code, predicate) in [
            ("NoSuchEntity", Error::is_not_found as fn(&Error) -> bool),
            ("Throttling", Error::is_throttled),
            ("AccessDenied", Error::is_access_denied),
            ("EntityAlreadyExists", Error::is_already_exists),
            ("LimitExceeded", Error::is_limit_exceeded),
            ("ExpiredToken", Error::is_expired_credentials),
            ("InvalidClientTokenId", Error::is_invalid_credentials),
            ("MalformedPolicyDocument", Error::is_malformed_policy),
            ("ConcurrentModification", Error::is_concurrent_modification),
            ("UnmodifiableEntity", Error::is_unmodifiable),
            ("KMSInvalidStateException", Error::is_invalid_state),
            ("DisabledException", Error::is_disabled),
            ("InvalidArnException", Error::is_invalid_arn),
            ("KMSInternalException", Error::is_transient),
            ("ThrottlingException", Error::is_transient),
        ] {
            assert!(predicate(&answered(code)), "{code}");
            assert!(!predicate(&answered("ValidationError")), "{code}");
            assert!(!predicate(&Error::local(Kind::Configuration, code)), "{code} only as text");
        }
    }

    #[test]
    fn summaries_are_short_and_details_are_sentences() {
        let kinds = [
            Kind::Service,
            Kind::Unreached(Reach::Name, "iam.amazonaws.com".to_owned()),
            Kind::Unreached(Reach::Broken, "iam.amazonaws.com".to_owned()),
            Kind::Answer,
            Kind::NoCredentials,
            Kind::Credentials,
            Kind::AssumeRole("arn:aws:iam::123456789012:role/x".to_owned()),
            Kind::Configuration,
            Kind::Account,
        ];
        for kind in kinds {
            let diagnostic = Diagnostic::from(Error { kind, ..answered("ServiceFailure") });
            assert!(diagnostic.summary.len() <= 60 && !diagnostic.summary.ends_with('.'), "{diagnostic}");
            assert!(diagnostic.detail.ends_with('.') && !diagnostic.detail.contains(".."), "{diagnostic}");
            assert!(!diagnostic.detail.contains("  "), "{diagnostic}");
        }
    }
}
