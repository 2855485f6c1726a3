//! Of RDS.

pub mod carried;
pub mod database;
pub mod encryption;
pub mod given_snapshot;
pub mod parameter_group;
pub mod quiet;
pub mod switchover;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, Handle, Model};

use crate::aws::rds::Rds;
use crate::world::Ctx;

/// RDS in the region of an object, which the argument `at` sets.
///
/// # Errors
/// There are no credentials, or the region is unknown.
pub async fn in_region<M: Model>(cx: &Ctx, region: &Computed<String>, at: Handle<M, Computed<String>>) -> Result<Rds> {
    let own = region.get().ok().map(String::as_str);
    cx.aws()?.rds(own).await.map_err(|error| Diagnostic::from(error).at(at))
}

/// RDS in the region that the argument `at` may set, or in the provider's, and which region that is.
///
/// # Errors
/// There are no credentials, or the region is unknown.
pub async fn in_region_of<M: Model>(
    cx: &Ctx,
    region: Option<&str>,
    at: Handle<M, Option<String>>,
) -> Result<(Rds, String)> {
    let aws = cx.aws()?;
    let region = aws.region(region).await.map_err(|error| Diagnostic::from(error).at(at))?;
    Ok((aws.rds(Some(&region)).await?, region))
}
