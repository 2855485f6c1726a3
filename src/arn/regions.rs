//! The regions that AWS has announced, to detect typing errors.

use crate::arn::{ArnError, Part, check_region};

/// The regions of all partitions, as botocore's `partitions.json` has them.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
    "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1", "ca-west-1",
    "cn-north-1", "cn-northwest-1",
    "eu-central-1", "eu-central-2", "eu-isoe-west-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1",
    "eu-west-2", "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1", "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-iso-east-1", "us-iso-west-1", "us-isob-east-1",
    "us-isob-west-1", "us-isof-east-1", "us-isof-south-1", "us-west-1", "us-west-2",
];

/// Two names that differ by at most this distance are taken for a typing error.
const NEAR: usize = 2;

/// Checks that a region is one of those known when this version was built.
///
/// # Errors
/// A sentence with the region that may be meant, or with the way to use a new one.
pub fn check_known_region(region: &str) -> Result<(), ArnError> {
    check_region(region)?;
    if KNOWN.contains(&region) {
        return Ok(());
    }
    let nearest = KNOWN.iter().min_by_key(|known| strsim::osa_distance(region, known));
    let meant = nearest.filter(|known| strsim::osa_distance(region, known) <= NEAR);
    let hint = meant.map(|known| format!(" Did you mean \"{known}\"?")).unwrap_or_default();
    let message = format!(
        "\"{region}\" is not a region that this version of the provider knows.{hint} To use a newer region, set \
         \"skip_region_validation\" to true in the provider block."
    );
    Err(ArnError::new(Part::Region, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::Partition;

    #[test]
    fn known_regions_are_taken_and_mistyped_ones_are_not() {
        for region in KNOWN {
            assert_eq!(check_known_region(region), Ok(()), "{region}");
        }
        for partition in Partition::ALL {
            assert_eq!(check_known_region(partition.global_region()), Ok(()));
        }
        for (region, hint) in [
            ("us-esat-1", "Did you mean \"us-east-1\"?"),
            ("eu-west-11", "Did you mean \"eu-west-1\"?"),
            ("cn-northwest-2", "Did you mean \"cn-northwest-1\"?"),
            ("mars-north-1", "skip_region_validation"),
            ("us-east-1a", "Availability Zone"),
        ] {
            let error = check_known_region(region).expect_err(region).to_string();
            assert!(error.contains(hint), "{error}");
        }
    }
}
