//! IAM: inline policies of roles, users and groups; roles.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::arn::IamKind;
use crate::aws::error::Error;
use crate::aws::iam::listed::Account;
use crate::aws::listed::{Lists, Written};

mod listed;
pub mod mentions;
pub mod roles;
mod users;

/// The owner of an inline policy, by the name IAM knows it under (without path).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A role.
    Role(String),
    /// A user.
    User(String),
    /// A group.
    Group(String),
}

/// The result of reading an inline policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The document, decoded, as IAM keeps it.
    Policy(String),
    /// The principal is there and has no policy of that name.
    NoPolicy,
    /// The principal itself is not there.
    NoPrincipal,
}

/// The IAM client, and what lists of the account have shown.
#[derive(Clone, Debug)]
pub struct Iam(aws_sdk_iam::Client, Lists<Account>);

impl Principal {
    /// Role, user or group.
    pub fn kind(&self) -> IamKind {
        match self {
            Self::Role(_) => IamKind::Role,
            Self::User(_) => IamKind::User,
            Self::Group(_) => IamKind::Group,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Role(name) | Self::User(name) | Self::Group(name) => name,
        }
    }

    /// The quota for the total size of its inline policies, in characters without white space.
    pub fn inline_quota(&self) -> usize {
        match self {
            Self::Role(_) => 10_240,
            Self::User(_) => 2_048,
            Self::Group(_) => 5_120,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind().name(), self.name())
    }
}

impl Found {
    /// The document, if there is one.
    pub fn policy(self) -> Option<String> {
        match self {
            Self::Policy(document) => Some(document),
            Self::NoPolicy | Self::NoPrincipal => None,
        }
    }
}

/// One call that IAM has for each kind of principal, with the same arguments and the same errors.
macro_rules! per_kind {
    ($client:expr, $principal:expr, $role:ident $role_op:literal, $user:ident $user_op:literal,
     $group:ident $group_op:literal, |$request:ident| $with:expr, |$answer:ident| $take:expr) => {
        match $principal {
            Principal::Role(name) => {
                let $request = $client.$role().role_name(name);
                let $answer = $with.send().await.map_err(|e| Error::sdk("iam", $role_op, &e));
                $take
            }
            Principal::User(name) => {
                let $request = $client.$user().user_name(name);
                let $answer = $with.send().await.map_err(|e| Error::sdk("iam", $user_op, &e));
                $take
            }
            Principal::Group(name) => {
                let $request = $client.$group().group_name(name);
                let $answer = $with.send().await.map_err(|e| Error::sdk("iam", $group_op, &e));
                $take
            }
        }
    };
}

impl Iam {
    pub(crate) fn new(client: aws_sdk_iam::Client, written: Written) -> Self {
        Self(client, Lists::new(written))
    }

    /// Reads an inline policy. Needs `iam:GetRolePolicy` (`GetUserPolicy`, `GetGroupPolicy`).
    ///
    /// # Errors
    /// Any but the absence of the policy or its principal.
    pub async fn policy(&self, principal: &Principal, name: &str) -> Result<Found, Error> {
        let encoded: Result<String, Error> = per_kind!(
            self.0,
            principal,
            get_role_policy "GetRolePolicy",
            get_user_policy "GetUserPolicy",
            get_group_policy "GetGroupPolicy",
            |request| request.policy_name(name),
            |answer| answer.map(|answer| answer.policy_document)
        );
        match encoded {
            Ok(encoded) => Ok(Found::Policy(decoded(&encoded))),
            Err(error) if error.is_not_found() => Ok(absent(principal, name, &error)),
            Err(error) => Err(error),
        }
    }

    /// Writes an inline policy, replacing one of the same name. Needs `iam:PutRolePolicy` and the like.
    ///
    /// # Errors
    /// Any; `is_not_found` means the principal, `is_limit_exceeded` its quota, `is_malformed_policy` the document.
    pub async fn put_policy(&self, principal: &Principal, name: &str, document: &str) -> Result<(), Error> {
        let written: Result<(), Error> = per_kind!(
            self.0,
            principal,
            put_role_policy "PutRolePolicy",
            put_user_policy "PutUserPolicy",
            put_group_policy "PutGroupPolicy",
            |request| request.policy_name(name).policy_document(document),
            |answer| answer.map(|_| ())
        );
        written.map_err(
            |error| if error.is_limit_exceeded() { too_long_together(principal, document, error) } else { error },
        )
    }

    /// Deletes an inline policy; succeeds if the policy or its principal does not exist. Needs `iam:DeleteRolePolicy`
    /// and the like.
    ///
    /// # Errors
    /// Any other.
    pub async fn delete_policy(&self, principal: &Principal, name: &str) -> Result<(), Error> {
        let deleted: Result<(), Error> = per_kind!(
            self.0,
            principal,
            delete_role_policy "DeleteRolePolicy",
            delete_user_policy "DeleteUserPolicy",
            delete_group_policy "DeleteGroupPolicy",
            |request| request.policy_name(name),
            |answer| answer.map(|_| ())
        );
        deleted.or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) })
    }
}

/// The size of a document as IAM counts it against its quotas: characters without white space.
pub fn size_of(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// AWS names the quota, but not what uses it up.
fn too_long_together(principal: &Principal, document: &str, error: Error) -> Error {
    let (size, quota) = (size_of(document), principal.inline_quota());
    let message = format!(
        "{}. All inline policies of \"{principal}\" together may have {quota} characters without white space. This one has \
         {size}, and the others have more than {}",
        error.message.trim_end_matches('.'),
        quota.saturating_sub(size)
    );
    Error { message, ..error }
}

/// A document as it was before IAM encoded it for its answer.
fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

/// Which of the two is missing. IAM uses one code for both and names the missing one in the message: "The role policy
/// with name p cannot be found.", "The role with name r cannot be found.".
fn absent(principal: &Principal, policy: &str, error: &Error) -> Found {
    let says = |what: String| error.message.to_ascii_lowercase().contains(&what.to_ascii_lowercase());
    let kind = principal.kind().name();
    let principal_absent = says(format!("the {kind} with name {}", principal.name()))
        || says(format!("{kind} {} not found", principal.name()));
    if principal_absent && !says(format!("policy with name {policy}")) { Found::NoPrincipal } else { Found::NoPolicy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, fault, result};

    fn principals() -> [(Principal, &'static str, &'static str); 3] {
        [
            (Principal::Role("app".to_owned()), "Role", "RoleName"),
            (Principal::User("app".to_owned()), "User", "UserName"),
            (Principal::Group("app".to_owned()), "Group", "GroupName"),
        ]
    }

    #[tokio::test]
    async fn documents_are_decoded() {
        for (principal, kind, parameter) in principals() {
            let operation = format!("Get{kind}Policy");
            let body =
                "<PolicyName>p</PolicyName><PolicyDocument>%7B%22a%22%3A%20%22b%2Bc%25%C3%A9%22%7D</PolicyDocument>";
            let server = Server::start([result(&operation, &format!("<{kind}Name>app</{kind}Name>{body}"))]).await;
            let clients = server.clients();
            let found = clients.iam().await.unwrap().policy(&principal, "p").await.unwrap();
            assert_eq!(found, Found::Policy(r#"{"a": "b+c%é"}"#.to_owned()));
            let seen = &server.seen()[0];
            assert_eq!(seen.operation(), operation);
            assert_eq!((seen.parameter(parameter), seen.parameter("PolicyName")), (Some("app"), Some("p")));
        }
    }

    #[tokio::test]
    async fn a_missing_policy_differs_from_a_missing_principal() {
        let role = Principal::Role("app".to_owned());
        for (message, want) in [
            ("The role policy with name p cannot be found.", Found::NoPolicy),
            ("The role with name app cannot be found.", Found::NoPrincipal),
            ("Role app not found", Found::NoPrincipal),
            ("Policy p not found for role app", Found::NoPolicy),
        ] {
            let server = Server::start([fault(404, "NoSuchEntity", message)]).await;
            let found = server.clients().iam().await.unwrap().policy(&role, "p").await.unwrap();
            assert_eq!(found, want, "{message}");
        }
    }

    #[tokio::test]
    async fn other_errors_of_a_read_are_no_absence() {
        let server = Server::start([fault(403, "AccessDenied", "no")]).await;
        let error = server.clients().iam().await.unwrap().policy(&principals()[0].0, "p").await.unwrap_err();
        assert!(error.is_access_denied());
        assert_eq!((error.operation, error.request_id.as_deref()), ("GetRolePolicy", Some("req-1")));
    }

    #[tokio::test]
    async fn writing_sends_the_document_as_it_is() {
        for (principal, kind, _) in principals() {
            let server = Server::start([result(&format!("Put{kind}Policy"), "")]).await;
            server.clients().iam().await.unwrap().put_policy(&principal, "p", r#"{"a":"+"}"#).await.unwrap();
            let seen = &server.seen()[0];
            assert_eq!(seen.operation(), format!("Put{kind}Policy"));
            assert_eq!(seen.parameter("PolicyDocument"), Some("%7B%22a%22%3A%22%2B%22%7D"));
        }
    }

    #[tokio::test]
    async fn a_full_role_and_a_bad_document_have_predicates() {
        let role = &principals()[0].0;
        let server = Server::start([
            fault(409, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role app"),
            fault(400, "MalformedPolicyDocument", "bad"),
            fault(404, "NoSuchEntity", "The role with name app cannot be found."),
        ]);
        let server = server.await;
        let clients = server.clients();
        let iam = clients.iam().await.unwrap();
        let error = iam.put_policy(role, "p", "{ }").await.unwrap_err();
        assert!(error.is_limit_exceeded());
        let says = "\"role/app\" together may have 10240 characters without white space. This one has 2, and the others have \
                    more than 10238";
        assert!(error.message.ends_with(says), "{error}");
        assert!(iam.put_policy(role, "p", "{}").await.unwrap_err().is_malformed_policy());
        assert!(iam.put_policy(role, "p", "{}").await.unwrap_err().is_not_found());
        assert_eq!(server.operations().len(), 3);
    }

    #[tokio::test]
    async fn deleting_a_missing_policy_succeeds() {
        for (principal, kind, _) in principals() {
            let server = Server::start([fault(404, "NoSuchEntity", "gone"), fault(403, "AccessDenied", "no")]).await;
            let clients = server.clients();
            let iam = clients.iam().await.unwrap();
            assert_eq!(iam.delete_policy(&principal, "p").await, Ok(()));
            assert!(iam.delete_policy(&principal, "p").await.unwrap_err().is_access_denied());
            assert_eq!(server.operations(), [format!("Delete{kind}Policy"), format!("Delete{kind}Policy")]);
        }
    }

    #[test]
    fn size_counts_no_white_space() {
        assert_eq!(size_of("{ \"a\" :\n\t\"é\" }"), 9);
    }

    #[test]
    fn principals_read_as_in_arns() {
        let texts = principals().map(|(principal, ..)| (principal.to_string(), principal.inline_quota()));
        assert_eq!(
            texts,
            [("role/app".to_owned(), 10_240), ("user/app".to_owned(), 2_048), ("group/app".to_owned(), 5_120)]
        );
    }
}
