//! ARNs of objects that belong to a database: keys, secrets, and its parameter group.

use crate::arn::{Arn, ArnError, Part, check_account, check_region};

/// The ARN of a KMS key.
///
/// # Errors
/// It is something else, such as the ARN of an alias, which IAM policies cannot name.
pub fn key_arn(text: &str) -> Result<Arn, ArnError> {
    let arn = regional(text, "kms", "a KMS key")?;
    let wrong = |why: &str| Err(ArnError::new(Part::Resource, format!("\"{text}\" {why}")));
    match arn.resource.split_once('/') {
        Some(("key", id)) if !id.is_empty() && !id.contains(['*', '?', '/']) => Ok(arn),
        Some(("alias", _)) => wrong(
            "is the ARN of an alias. An alias can be moved to another key, so policies use the ARN of the key: \
             \"…:key/KEY_ID\".",
        ),
        _ => wrong("is not the ARN of a KMS key, which ends in \"key/KEY_ID\"."),
    }
}

/// The whole ARN of a secret, with the six characters that Secrets Manager adds to the name.
///
/// # Errors
/// It is something else, or incomplete.
pub fn secret_arn(text: &str) -> Result<Arn, ArnError> {
    let arn = regional(text, "secretsmanager", "a secret")?;
    let wrong = |why: &str| Err(ArnError::new(Part::Resource, format!("\"{text}\" {why}")));
    let Some(name) = arn.resource.strip_prefix("secret:") else {
        return wrong("is not the ARN of a secret, which has \"secret:NAME-SUFFIX\" at its end.");
    };
    let is_suffix = |suffix: &str| suffix.len() == 6 && suffix.bytes().all(|b| b.is_ascii_alphanumeric());
    let whole = name.rsplit_once('-').is_some_and(|(name, suffix)| !name.is_empty() && is_suffix(suffix));
    if whole && !name.contains([':', '*', '?']) {
        return Ok(arn);
    }
    wrong(
        "is not the whole ARN of a secret: it must end in a hyphen and the six characters that Secrets Manager added.",
    )
}

/// The ARN of a parameter group, of clusters or of instances, in the region and account of a database that has it.
pub fn parameter_group_arn(database: &Arn, of_clusters: bool, name: &str) -> Arn {
    let kind = if of_clusters { "cluster-pg" } else { "pg" };
    Arn { resource: format!("{kind}:{name}"), ..database.clone() }
}

/// The ARN of a snapshot of a DB instance, and the identifier in it.
///
/// # Errors
/// It is something else.
pub fn snapshot_arn(text: &str) -> Result<(Arn, String), ArnError> {
    named(text, "snapshot", "a DB snapshot")
}

/// The ARN of a DB instance, and the identifier in it.
///
/// # Errors
/// It is something else.
pub fn instance_arn(text: &str) -> Result<(Arn, String), ArnError> {
    named(text, "db", "a DB instance")
}

/// The ARN of a DB cluster snapshot, and the identifier in it.
///
/// # Errors
/// It is something else.
pub fn cluster_snapshot_arn(text: &str) -> Result<(Arn, String), ArnError> {
    named(text, "cluster-snapshot", "a DB cluster snapshot")
}

/// The ARN of a DB cluster, and the identifier in it.
///
/// # Errors
/// It is something else.
pub fn cluster_arn(text: &str) -> Result<(Arn, String), ArnError> {
    named(text, "cluster", "a DB cluster")
}

/// The ARN of another snapshot in the same region and account.
pub fn snapshot_beside(snapshot: &Arn, identifier: &str) -> Arn {
    Arn { resource: format!("snapshot:{identifier}"), ..snapshot.clone() }
}

/// The ARN of an object of RDS, and the identifier in it.
fn named(text: &str, kind: &str, what: &str) -> Result<(Arn, String), ArnError> {
    let arn = regional(text, "rds", what)?;
    let name = arn.resource.strip_prefix(kind).and_then(|rest| rest.strip_prefix(':'));
    match name.filter(|name| !name.is_empty()).map(str::to_owned) {
        Some(name) => Ok((arn, name)),
        None => {
            let message = format!("\"{text}\" is not the ARN of {what}, which ends in \"{kind}:IDENTIFIER\".");
            Err(ArnError::new(Part::Resource, message))
        }
    }
}

/// The ARN of a blue/green deployment, by its resource ID, in the region and account of a database.
pub fn deployment_arn(database: &Arn, id: &str) -> Arn {
    Arn { resource: format!("deployment:{id}"), ..database.clone() }
}

/// The ARN of another DB instance in the same region and account.
pub fn instance_beside(database: &Arn, identifier: &str) -> Arn {
    Arn { resource: format!("db:{identifier}"), ..database.clone() }
}

/// The identifier of a DB instance, or with `true` of a DB cluster.
pub fn database_in(arn: &str) -> Option<(String, bool)> {
    let arn: Arn = arn.parse().ok().filter(|arn: &Arn| arn.service == "rds")?;
    match arn.resource.split_once(':')? {
        ("db", identifier) => Some((identifier.to_owned(), false)),
        ("cluster", identifier) => Some((identifier.to_owned(), true)),
        _ => None,
    }
}

/// The ARN of an object of DMS: `kind` is `rep` for a replication instance and `endpoint` for an endpoint.
///
/// # Errors
/// It is something else.
pub fn dms_arn(text: &str, kind: &str, what: &str) -> Result<Arn, ArnError> {
    let arn = regional(text, "dms", what)?;
    match arn.resource.split_once(':') {
        Some((found, id)) if found == kind && !id.is_empty() && !id.contains(['*', '?', ':', '/']) => Ok(arn),
        _ => {
            let message = format!("\"{text}\" is not the ARN of {what}, which ends in \"{kind}:ID\".");
            Err(ArnError::new(Part::Resource, message))
        }
    }
}

/// The ARN of a replication task of DMS, on a replication instance or serverless.
///
/// # Errors
/// It is something else.
pub fn replication_task_arn(text: &str) -> Result<Arn, ArnError> {
    dms_arn(text, "replication-config", "a replication configuration")
        .or_else(|_| dms_arn(text, "task", "a replication task"))
}

fn regional(text: &str, service: &str, what: &str) -> Result<Arn, ArnError> {
    let arn: Arn = text.parse()?;
    if arn.service != service {
        let message = format!("\"{text}\" is an ARN of the service \"{}\", not of {what}.", arn.service);
        return Err(ArnError::new(Part::Service, message));
    }
    check_region(&arn.region)?;
    check_account(&arn.account)?;
    Ok(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinguished_from_aliases_and_patterns() {
        let key = "arn:aws:kms:us-east-1:123456789012:key/mrk-0123";
        assert_eq!(key_arn(key).map(|arn| arn.to_string()).as_deref(), Ok(key));
        for (text, says) in [
            ("arn:aws:kms:us-east-1:123456789012:alias/limitless", "alias"),
            ("arn:aws:kms:us-east-1:123456789012:key/", "ends in"),
            ("arn:aws:kms:us-east-1:123456789012:key/*", "ends in"),
            ("arn:aws:s3:::bucket", "service \"s3\""),
            ("arn:aws:kms::123456789012:key/k", "region"),
            ("arn:aws:kms:us-east-1:1234:key/k", "twelve digits"),
            ("alias/limitless", "not an ARN"),
        ] {
            let error = key_arn(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn snapshots_of_instances_are_distinguished_from_others() {
        let (arn, name) = snapshot_arn("arn:aws:rds:us-east-1:123456789012:snapshot:rds:orders-1").unwrap();
        assert_eq!(name, "rds:orders-1");
        assert_eq!(snapshot_beside(&arn, "copy").to_string(), "arn:aws:rds:us-east-1:123456789012:snapshot:copy");
        for (text, says) in [
            ("arn:aws:rds:us-east-1:123456789012:cluster-snapshot:a", "ends in"),
            ("arn:aws:rds:us-east-1:123456789012:snapshot:", "ends in"),
            ("arn:aws:s3:::bucket", "service \"s3\""),
        ] {
            let error = snapshot_arn(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn clusters_and_their_snapshots_are_distinguished() {
        let (cluster, snapshot) =
            ("arn:aws:rds:us-east-1:123456789012:cluster:a", "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:a");
        assert_eq!(cluster_arn(cluster).map(|(_, name)| name).as_deref(), Ok("a"));
        assert_eq!(cluster_snapshot_arn(snapshot).map(|(_, name)| name).as_deref(), Ok("a"));
        assert!(cluster_arn(snapshot).unwrap_err().to_string().contains("cluster:IDENTIFIER"));
        assert!(cluster_snapshot_arn(cluster).unwrap_err().to_string().contains("cluster-snapshot:IDENTIFIER"));
    }

    #[test]
    fn a_parameter_group_is_beside_its_database() {
        let database: Arn = "arn:aws-cn:rds:cn-north-1:123456789012:db:orders".parse().unwrap();
        for (of_clusters, end) in [(false, "pg:orders-pg16"), (true, "cluster-pg:orders-pg16")] {
            let arn = parameter_group_arn(&database, of_clusters, "orders-pg16");
            assert_eq!(arn.to_string(), format!("arn:aws-cn:rds:cn-north-1:123456789012:{end}"));
        }
    }

    #[test]
    fn secrets_need_their_suffix() {
        for name in ["db-a1B2c3", "path/to/db-a1B2c3", "with-hyphen-a1B2c3"] {
            let text = format!("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:{name}");
            assert_eq!(secret_arn(&text).map(|arn| arn.to_string()), Ok(text));
        }
        for (name, says) in [
            ("secret:db", "six characters"),
            ("secret:db-??????", "six characters"),
            ("secret:-a1B2c3", "six characters"),
            ("secret:db-a1B2c3:password", "six characters"),
            ("db-a1B2c3", "secret:NAME-SUFFIX"),
        ] {
            let error = secret_arn(&format!("arn:aws:secretsmanager:us-east-1:123456789012:{name}")).unwrap_err();
            assert!(error.to_string().contains(says), "{name}: {error}");
        }
    }
}
