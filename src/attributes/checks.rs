//! AWS's rules for names, as checks for the attributes of entities.

use tf_provider::schema::{Check, check};

use crate::arn::{self, Wildcards};
use crate::policy::trust;

/// The URL of a service.
pub fn url() -> Check {
    Check::text("must be a URL that begins with `http://` or `https://`", is_url)
}

/// The URL of a proxy, or none.
pub fn url_or_empty() -> Check {
    Check::text("must be empty, or a URL that begins with `http://` or `https://`", |text| {
        text.is_empty() || is_url(text)
    })
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

/// The name of a role or user.
pub fn iam_name() -> Check {
    iam(64)
}

/// The name of a group or policy.
pub fn long_iam_name() -> Check {
    iam(128)
}

fn iam(most: usize) -> Check {
    Check::text(format!("must be 1 to {most} letters, digits or characters of `+=,.@_-`"), move |name| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
        (1..=most).contains(&name.chars().count()) && name.chars().all(fits)
    })
}

/// The path of a role or user.
pub fn iam_path() -> Check {
    Check::text(
        "must be `/`, or begin and end with `/`, with printable ASCII characters between them, 512 at most",
        |path| {
            let printable = |b: u8| (0x21..=0x7e).contains(&b);
            let whole = path.starts_with('/') && path.ends_with('/') && path.bytes().all(printable);
            whole && path.len() <= 512 && (path == "/" || path.len() > 2)
        },
    )
}

/// The description of a role.
pub fn iam_description() -> Check {
    Check::text("must be 1 to 1000 characters of Latin-1, without control characters but tab and line breaks", |text| {
        let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
        (1..=1000).contains(&text.chars().count()) && text.chars().all(fits)
    })
}

/// The ARN of a managed policy.
pub fn policy_arn() -> Check {
    Check::explained(
        "must be the ARN of a managed policy, such as `arn:aws:iam::123456789012:policy/boundary`",
        |text| {
            let arn: arn::Arn = text.parse().map_err(|error: arn::ArnError| error.to_string())?;
            let is_policy =
                arn.service == "iam" && arn.resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty());
            if is_policy { Ok(()) } else { Err(format!("\"{text}\" is not the ARN of a managed policy of IAM.")) }
        },
    )
}

/// A principal that a trust policy can name.
pub fn principal() -> Check {
    Check::explained("must be an account ID, or the ARN of a role or user", arn::check_principal)
}

/// The name of a service as a principal.
pub fn service_principal() -> Check {
    Check::text("must be the name of a service such as `dms.amazonaws.com`", |name| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        let suffixes = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"];
        name.chars().all(fits) && suffixes.iter().any(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
    })
}

/// An action that a trust policy can allow to its principals.
pub fn trust_action() -> Check {
    check::one_of(&trust::ACTIONS)
}

/// The ARN of a KMS key.
pub fn key_arn() -> Check {
    Check::explained("must be the ARN of a KMS key, not of an alias", |text| arn::key_arn(text).map(drop))
}

/// The name of a key's alias.
pub fn alias() -> Check {
    Check::text(
        "must be `alias/` and letters, digits, `/`, `_` or `-`, 256 characters at most, and not begin with \
         `alias/aws/`, which is for AWS managed keys",
        |alias| {
            let name = alias.strip_prefix("alias/").unwrap_or_default();
            let fits = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
            !name.is_empty() && alias.len() <= 256 && name.chars().all(fits) && !name.starts_with("aws/")
        },
    )
}

/// The ARN of a role that is assumed.
pub fn role_arn() -> Check {
    Check::explained("must be the ARN of an IAM role", |text| arn::role_arn(text).map(drop))
}

/// The same, or an empty text, which `hashicorp/aws` treats as null.
pub fn role_arn_or_empty() -> Check {
    Check::explained("must be the ARN of an IAM role, or empty", |text| match text {
        "" => Ok(()),
        text => arn::role_arn(text).map(drop),
    })
}

/// The ARN of a principal that can be allowed to use a key.
pub fn principal_arn() -> Check {
    Check::explained("must be the ARN of a role, a user, or an account's `root`", |text| {
        arn::principal_arn(text).map(drop)
    })
}

/// An action of KMS, or a pattern of them.
pub fn kms_action() -> Check {
    Check::text("must be an action of KMS such as `kms:Decrypt`", |action| {
        let name = action.strip_prefix("kms:").unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || "*?".contains(c))
    })
}

/// The name of a statement in the policy of a key, or of a grant.
pub fn sid() -> Check {
    Check::text("must be 1 to 64 letters, digits, spaces, `_` or `-`", |sid| {
        let fits = |c: char| c.is_ascii_alphanumeric() || " _-".contains(c);
        (1..=64).contains(&sid.len()) && sid.chars().all(fits)
    })
}

/// The ARN of a secret.
pub fn secret_arn() -> Check {
    Check::explained("must be the whole ARN of a secret", |text| arn::secret_arn(text).map(drop))
}

/// The id of a database in the ARNs of its users.
pub fn resource_id() -> Check {
    Check::explained("must be a resource ID: `db-…`, `cluster-…`, `prx-…`, or `*`", |id| {
        arn::check_resource_id(id, Wildcards::Allowed)
    })
}

/// The resource ID of an instance (`db-`) or cluster (`cluster-`).
pub fn resource_id_of(prefix: &'static str) -> Check {
    Check::text(format!("must be a resource ID that begins with `{prefix}`"), move |id| {
        id.starts_with(prefix) && arn::check_resource_id(id, Wildcards::Refused).is_ok()
    })
}

/// The identifier of an instance or cluster.
pub fn db_identifier() -> Check {
    const FORM: &str = "must be the identifier of a database: 1 to 63 lower-case letters, digits and single hyphens, a letter first and \
                        no hyphen last";
    rds_identifier(FORM, 63)
}

/// The identifier of a snapshot to make.
pub fn snapshot() -> Check {
    const FORM: &str = "must be the identifier of a DB snapshot: 1 to 255 lower-case letters, digits and single hyphens, a letter first \
                        and no hyphen last";
    rds_identifier(FORM, 255)
}

/// The identifier of a replication task of DMS.
pub fn replication_task() -> Check {
    let fits = is_rds_name(255);
    Check::text(
        "must be 1 to 255 lower-case letters, digits and single hyphens, a letter first and no hyphen last",
        move |name| fits(name) && !name.contains(|c: char| c.is_ascii_uppercase()),
    )
}

/// The ARN of a replication task of DMS, or of a replication configuration of DMS Serverless.
pub fn replication_task_arn() -> Check {
    Check::explained("must be the ARN of a replication task or replication configuration", |text| {
        arn::replication_task_arn(text).map(drop)
    })
}

/// The ARN of a replication instance of DMS.
pub fn replication_instance_arn() -> Check {
    Check::explained("must be the ARN of a replication instance", |text| {
        arn::dms_arn(text, "rep", "a replication instance").map(drop)
    })
}

/// The ARN of an endpoint of DMS.
pub fn dms_endpoint_arn() -> Check {
    Check::explained("must be the ARN of an endpoint of DMS", |text| {
        arn::dms_arn(text, "endpoint", "an endpoint of DMS").map(drop)
    })
}

/// The name of a blue/green deployment.
pub fn deployment_name() -> Check {
    let fits = is_rds_name(60);
    Check::text("must be 1 to 60 letters, digits and single hyphens, a letter first and no hyphen last", move |name| {
        fits(name)
    })
}

/// A snapshot that exists: its identifier, which begins with `rds:` if RDS made it, or its ARN.
pub fn source_snapshot() -> Check {
    existing_snapshot("must be the identifier or the ARN of a DB snapshot", arn::snapshot_arn)
}

/// The same of a DB cluster.
pub fn source_cluster_snapshot() -> Check {
    existing_snapshot("must be the identifier or the ARN of a DB cluster snapshot", arn::cluster_snapshot_arn)
}

fn existing_snapshot(form: &'static str, parse: fn(&str) -> Result<(arn::Arn, String), arn::ArnError>) -> Check {
    let fits = is_rds_name(255);
    Check::explained(form, move |text| match arn::is_meant(text) {
        true => parse(text).map(drop).map_err(|error| error.to_string()),
        false if text != text.to_lowercase() => Err(format!(
            "RDS stores identifiers in lower case. Write \"{}\" in place of \"{text}\".",
            text.to_lowercase()
        )),
        false if fits(text.trim_start_matches("rds:").trim_start_matches("awsbackup:")) => Ok(()),
        false => Err(format!("\"{text}\" {form}.")),
    })
}

/// The name of a parameter group that can be changed.
pub fn parameter_group() -> Check {
    const FORM: &str = "1 to 255 lower-case letters, digits and single hyphens, a letter first and no hyphen last";
    let fits = is_rds_name(255);
    Check::explained(format!("must be the name of a parameter group: {FORM}"), move |name| {
        if name.starts_with("default.") {
            return Err(format!(
                "\"{name}\" is a default parameter group of AWS, which cannot be changed. Create a parameter group \
                 of the same family, associate it with the database, and use its name here; the database uses the \
                 new group after a reboot."
            ));
        }
        match fits(name) && name == name.to_lowercase() {
            true => Ok(()),
            false => Err(format!("\"{name}\" is not the name of a parameter group: {FORM}.")),
        }
    })
}

fn rds_identifier(form: &'static str, most: usize) -> Check {
    let fits = is_rds_name(most);
    Check::explained(form, move |name| match (fits(name), name.to_lowercase()) {
        (false, _) => Err(format!("\"{name}\" {form}.")),
        (true, lower) if lower != name => {
            Err(format!("RDS stores identifiers in lower case. Write \"{lower}\" in place of \"{name}\"."))
        }
        (true, _) => Ok(()),
    })
}

/// Whether a text is one of RDS's names of at most so many characters.
fn is_rds_name(most: usize) -> impl Fn(&str) -> bool + Send + Sync {
    move |name| {
        (1..=most).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !name.contains("--")
            && !name.ends_with('-')
    }
}

/// The name of a database user, or a pattern of names.
pub fn db_user() -> Check {
    Check::explained("must be the name of a database user, or a pattern of names", |user| {
        arn::check_db_user(user, Wildcards::Allowed)
    })
}

/// A region.
pub fn region() -> Check {
    Check::explained("must be a region such as `us-east-1`", arn::check_region)
}

/// An account.
pub fn account_id() -> Check {
    Check::explained("must be an account ID of 12 digits", arn::check_account)
}
