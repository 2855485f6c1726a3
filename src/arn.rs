//! Amazon Resource Names and partitions. ARNs are built and parsed here only.

use std::fmt;
use std::str::FromStr;

mod db_user;
mod principal;
mod regions;
mod service;
mod trusted;

pub use db_user::{DbUserArn, MAX_DB_USER_LEN, Wildcards, check_db_user, check_resource_id};
pub use principal::{principal_arn, role_arn};
pub use regions::check_known_region;
pub use service::{
    cluster_arn, cluster_snapshot_arn, database_in, deployment_arn, dms_arn, instance_arn, instance_beside, key_arn,
    parameter_group_arn, replication_task_arn, secret_arn, snapshot_arn, snapshot_beside,
};
pub use trusted::check_principal;

/// A group of regions with its own accounts, endpoints and ARN prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Partition {
    /// Commercial regions.
    Aws,
    /// China.
    AwsCn,
    /// GovCloud (US).
    AwsUsGov,
    /// ISO (US).
    AwsIso,
    /// ISOB (US).
    AwsIsoB,
    /// ISOE (Europe).
    AwsIsoE,
    /// ISOF.
    AwsIsoF,
    /// European Sovereign Cloud.
    AwsEusc,
}

/// An ARN in its six parts; region and account may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    /// The partition.
    pub partition: Partition,
    /// The service's name in ARNs, `iam` or `rds-db`.
    pub service: String,
    /// The region, empty for global services.
    pub region: String,
    /// The twelve digits of the account, `*`, `aws`, or empty.
    pub account: String,
    /// Everything after the fifth colon, never empty.
    pub resource: String,
}

/// Whether a text looks like an ARN, valid or not.
pub fn is_meant(text: &str) -> bool {
    text.starts_with("arn:")
}

/// Which IAM identity an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IamKind {
    /// A role.
    Role,
    /// A user.
    User,
    /// A group.
    Group,
}

/// Why a text is no ARN, or a part of one is invalid: one whole sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ArnError {
    /// The part at fault.
    pub part: Part,
    message: String,
}

/// The part of an ARN an [`ArnError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The text as a whole.
    Whole,
    /// The partition.
    Partition,
    /// The service.
    Service,
    /// The region.
    Region,
    /// The account id.
    Account,
    /// The resource in general.
    Resource,
    /// The resource id of a database.
    ResourceId,
    /// The name of a database user.
    User,
}

impl Partition {
    /// Every partition.
    pub const ALL: [Self; 8] = [
        Self::Aws,
        Self::AwsCn,
        Self::AwsUsGov,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
        Self::AwsEusc,
    ];

    /// The partition of a region, by the region's prefix.
    pub fn of_region(region: &str) -> Self {
        const PREFIXES: [(&str, Partition); 8] = [
            ("cn-", Partition::AwsCn),
            ("us-gov-", Partition::AwsUsGov),
            ("us-iso-", Partition::AwsIso),
            ("us-isob-", Partition::AwsIsoB),
            ("eu-isoe-", Partition::AwsIsoE),
            ("us-isof-", Partition::AwsIsoF),
            ("eu-isof-", Partition::AwsIsoF),
            ("eusc-", Partition::AwsEusc),
        ];
        PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or(Self::Aws, |(_, partition)| *partition)
    }

    /// The name as ARNs spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsEusc => "aws-eusc",
        }
    }

    /// The region that signs for the partition's global services, IAM among them.
    pub fn global_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-north-1",
            Self::AwsUsGov => "us-gov-west-1",
            Self::AwsIso => "us-iso-east-1",
            Self::AwsIsoB => "us-isob-east-1",
            Self::AwsIsoE => "eu-isoe-west-1",
            Self::AwsIsoF => "us-isof-south-1",
            Self::AwsEusc => "eusc-de-east-1",
        }
    }

    /// The domain of the partition's endpoints.
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
            Self::AwsEusc => "amazonaws.eu",
        }
    }

    /// The domain of the partition's endpoints that have IPv6 addresses, too.
    pub fn dual_stack_dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "api.aws",
            Self::AwsCn => "api.amazonwebservices.com.cn",
            Self::AwsIso => "api.aws.ic.gov",
            Self::AwsIsoB => "api.aws.scloud",
            Self::AwsIsoE => "api.cloud-aws.adc-e.uk",
            Self::AwsIsoF => "api.aws.hci.ic.gov",
            Self::AwsEusc => "api.amazonwebservices.eu",
        }
    }
}

impl Arn {
    /// The ARN of an IAM role, user or group; `path` begins and ends with a slash.
    pub fn iam(partition: Partition, account: &str, kind: IamKind, path: &str, name: &str) -> Self {
        Self {
            partition,
            service: "iam".to_owned(),
            region: String::new(),
            account: account.to_owned(),
            resource: format!("{}{path}{name}", kind.name()),
        }
    }

    /// The ARN of an account's root, which as a principal means the whole account.
    pub fn account_root(partition: Partition, account: &str) -> Self {
        Self {
            partition,
            service: "iam".to_owned(),
            region: String::new(),
            account: account.to_owned(),
            resource: "root".to_owned(),
        }
    }

    /// Where the object is, in words.
    pub fn place(&self) -> String {
        format!("region \"{}\" of account {}", self.region, self.account)
    }

    /// The kind and the name without its path, if this is an IAM role, user or group.
    pub fn iam_identity(&self) -> Option<(IamKind, &str)> {
        if self.service != "iam" {
            return None;
        }
        let (kind, rest) = self.resource.split_once('/')?;
        let kind = [IamKind::Role, IamKind::User, IamKind::Group].into_iter().find(|k| k.name() == kind)?;
        let name = rest.rsplit('/').next().filter(|name| !name.is_empty())?;
        Some((kind, name))
    }
}

impl IamKind {
    /// `role`, `user` or `group`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

impl ArnError {
    fn new(part: Part, message: String) -> Self {
        Self { part, message }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Partition {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        Self::ALL.into_iter().find(|partition| partition.name() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|partition| partition.name()).collect();
            ArnError::new(Part::Partition, format!("\"{text}\" is not a partition; there are {}.", known.join(", ")))
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let whole = |message: String| ArnError::new(Part::Whole, message);
        if text.is_empty() {
            return Err(whole("An ARN cannot be empty.".to_owned()));
        }
        if text.trim() != text {
            return Err(whole(format!("The ARN \"{text}\" begins or ends with white space.")));
        }
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (prefix, partition, service, region, account, resource) = (next(), next(), next(), next(), next(), next());
        if prefix != "arn" {
            return Err(whole(format!("\"{text}\" is not an ARN: an ARN begins with \"arn:\", in lower case.")));
        }
        if resource.is_empty() {
            return Err(whole(format!(
                "\"{text}\" is not a whole ARN: it must have the form \"arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE\"."
            )));
        }
        if service.is_empty() {
            return Err(ArnError::new(Part::Service, format!("The ARN \"{text}\" does not contain a service.")));
        }
        Ok(Self {
            partition: partition.parse()?,
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.to_owned(),
        })
    }
}

/// The parts of `ID@REGION`, as `terraform import` takes the ID of an object in another region than the provider's.
pub fn split_region(id: &str) -> (&str, Option<&str>) {
    match id.rsplit_once('@') {
        Some((id, region)) if check_region(region).is_ok() => (id, Some(region)),
        _ => (id, None),
    }
}

/// Checks the shape of a region name.
///
/// # Errors
/// A sentence that shows the right form.
pub fn check_region(region: &str) -> Result<(), ArnError> {
    let mut parts = region.split('-').rev();
    let number = parts.next().unwrap_or_default();
    let words: Vec<_> = parts.collect();
    let digits = |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    let word = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase());
    if digits(number) && words.len() >= 2 && words.iter().all(word) {
        return Ok(());
    }
    let hint = match region {
        "" => "The region is empty; it must have the form \"us-east-1\".".to_owned(),
        _ if region.to_ascii_lowercase() != region && check_region(&region.to_ascii_lowercase()).is_ok() => {
            format!(
                "\"{region}\" is not a region: region names are in lower case, \"{}\".",
                region.to_ascii_lowercase()
            )
        }
        _ if region.ends_with(|c: char| c.is_ascii_lowercase())
            && check_region(region.trim_end_matches(|c: char| c.is_ascii_lowercase())).is_ok() =>
        {
            format!("\"{region}\" is an Availability Zone; a region has the form \"us-east-1\".")
        }
        _ => format!("\"{region}\" is not a region; a region has the form \"us-east-1\"."),
    };
    Err(ArnError::new(Part::Region, hint))
}

/// Checks that an account id has twelve digits.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_account(account: &str) -> Result<(), ArnError> {
    if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    let hint = if account.replace('-', "").len() == 12 && account.contains('-') {
        " It is written without hyphens."
    } else if account.bytes().all(|b| b.is_ascii_digit()) && !account.is_empty() && account.len() < 12 {
        " Leading zeros count, so write it as a string."
    } else {
        ""
    };
    Err(ArnError::new(Part::Account, format!("\"{account}\" is not an account id: it must have twelve digits.{hint}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_partition_comes_from_its_region() {
        for (region, name) in [
            ("us-east-1", "aws"),
            ("ap-southeast-7", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-east-1", "aws-us-gov"),
            ("us-iso-west-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Partition::of_region(region).name(), name);
        }
        for partition in Partition::ALL {
            assert_eq!(Partition::of_region(partition.global_region()), partition);
            assert_eq!(partition.name().parse(), Ok(partition));
        }
    }

    #[test]
    fn iam_identities_lose_their_path() {
        let arn: Arn = "arn:aws:iam::123456789012:role/service-role/app".parse().unwrap();
        assert!(matches!(arn.iam_identity(), Some((IamKind::Role, "app"))));
        let built = Arn::iam(Partition::Aws, "123456789012", IamKind::Role, "/service-role/", "app");
        assert_eq!(built, arn);
        let root = Arn::account_root(Partition::AwsCn, "123456789012");
        assert_eq!(root.to_string(), "arn:aws-cn:iam::123456789012:root");
        assert!(root.iam_identity().is_none());
    }

    proptest! {
        #[test]
        fn parsing_undoes_formatting(
            partition in proptest::sample::select(Partition::ALL.to_vec()),
            service in "[a-z0-9-]{1,12}",
            region in "[a-z0-9-]{0,16}",
            account in "[0-9]{0,12}",
            resource in "[^\\s]{1,40}",
        ) {
            let arn = Arn { partition, service, region, account, resource };
            prop_assert_eq!(arn.to_string().parse::<Arn>(), Ok(arn));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "(arn:(aws|\\PC{0,4}):)?\\PC{0,40}") {
            if let Ok(arn) = text.parse::<Arn>() {
                prop_assert_eq!(arn.to_string(), text.clone());
                let _ = arn.iam_identity();
            }
            let in_a_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            prop_assert!(check_region(&text).is_err() || text.bytes().all(in_a_region));
            prop_assert_eq!(check_account(&text).is_ok(), text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()));
        }
    }
}
