//! The snapshot that a configuration gives by identifier or ARN.

use tf_provider::diagnostic::Result;

use crate::arn::{Arn, ArnError};
use crate::world::Ctx;

/// The name by which RDS finds a given snapshot: one of this account has no need of its ARN. `parse` reads the ARN of its
/// kind.
///
/// # Errors
/// The credentials are no good.
pub async fn name(cx: &Ctx, given: &str, parse: fn(&str) -> Result<(Arn, String), ArnError>) -> Result<String> {
    let Ok((Arn { account, .. }, name)) = parse(given) else { return Ok(given.to_owned()) };
    let own = cx.aws()?.account_id().await?;
    Ok(if own.is_some_and(|own| own == account) { name } else { given.to_owned() })
}
