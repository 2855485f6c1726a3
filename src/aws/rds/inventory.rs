//! What an account has in a region, with the properties that matter for its security, in as few calls as there are pages.

mod account;
mod databases;
mod snapshots;

use aws_sdk_rds::types::{Filter, Tag};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use tf_provider::schema::Map;

pub use self::account::{
    EngineVersion, Export, Gateway, GlobalCluster, Maintenance, Recommendation, SubnetGroup, Subscription,
};
pub use self::databases::{Attached, Group, ManagedSecret, Profile, Stream};
pub use self::snapshots::SavedState;

/// Which DB instances and DB clusters to read.
#[derive(Clone, Copy, Debug)]
pub enum Choice<'a> {
    /// All of the region.
    All,
    /// Those with these identifiers.
    Named(&'a [String]),
    /// The members of the DB clusters with these identifiers.
    MembersOf(&'a [String]),
}

impl Choice<'_> {
    /// The filter of a list, by the name of the identifier there.
    fn filters(self, identifier: &str) -> Option<Vec<Filter>> {
        let filter = |name: &str, values: &[String]| {
            Some(vec![Filter::builder().name(name).set_values(Some(values.to_vec())).build()])
        };
        match self {
            Self::All => None,
            Self::Named(names) => filter(identifier, names),
            Self::MembersOf(clusters) => filter("db-cluster-id", clusters),
        }
    }

    /// Whether nothing is asked for, which a filter without values would not say.
    fn is_empty(self) -> bool {
        matches!(self, Self::Named([]) | Self::MembersOf([]))
    }
}

fn timestamp(time: Option<DateTime>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::from_second(time.secs()).ok())
}

fn tags(list: Option<Vec<Tag>>) -> Map<String> {
    list.unwrap_or_default().into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}
