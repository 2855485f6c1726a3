//! The end of sessions that began before the fence, and of the changes that replicas have yet to receive.

use std::time::{Duration, Instant};

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Ended, Pauses, Wait, parse_duration};

use crate::resources::write_fence::side::Side;
use crate::resources::write_fence::{WriteFence, diagnostics};
use crate::world::Ctx;

const PAUSES: Pauses = Pauses { first: Duration::from_millis(100), most: Duration::from_secs(2) };

/// They have the settings that were in force when they began.
const ENDED: Wait<i64> = Wait {
    what: "sessions that are older than the fence to end",
    done: |count| *count == 0,
    failed: |_| false,
    seen: |count| format!("{count} are open"),
    pauses: PAUSES,
};

const DRAINED: Wait<Vec<String>> = Wait {
    what: "replication slots to confirm the last write",
    done: Vec::is_empty,
    failed: |_| false,
    seen: |behind| format!("{} behind", behind.join(", ")),
    pauses: PAUSES,
};

/// Lets them end by themselves for the grace period, and then ends them.
pub(super) async fn end_older_sessions(cx: &Ctx, fence: &WriteFence, side: &Side) -> Result<()> {
    let fault = |error| fence.fault(error);
    let time = side.now().await.map_err(fault)?;
    let (grace, begun) = (parse_duration(&fence.grace_period).unwrap_or_default(), Instant::now());
    let (names, accepted, time) = (&*fence.databases, fence.accepted(), time.as_str());
    let look = || async move {
        let is_over = begun.elapsed() >= grace;
        side.older_sessions(names, accepted, time, is_over).await.map_err(fault)
    };
    cx.wait(&ENDED, look).await.map(drop)
}

/// Waits until the replication slots have confirmed the position of the last write. It is no error that it takes long.
///
/// # Errors
/// A slot does not exist.
pub(super) async fn drain(cx: &Ctx, fence: &WriteFence, side: &Side, lsn: &str) -> Result<bool> {
    let look = || async move {
        let found = side.slots(fence.slots(), Some(lsn)).await.map_err(|error| fence.fault(error))?;
        diagnostics::all_slots(fence.slots(), &found)?;
        Ok::<_, Diagnostic>(found.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| name).collect())
    };
    match cx.wait_or_late(&DRAINED, look).await? {
        Ended::Done(_) => Ok(true),
        Ended::Late(behind, _) => {
            cx.warn(diagnostics::not_drained(&behind, lsn));
            Ok(false)
        }
    }
}
