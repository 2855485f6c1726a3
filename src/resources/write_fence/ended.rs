//! The end of sessions that began before the fence.

use std::time::{Duration, Instant};

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Pauses, Wait, parse_duration};

use crate::resources::write_fence::WriteFence;
use crate::sql::postgres::Session;
use crate::world::Ctx;

/// They have the settings that were in force when they began.
const ENDED: Wait<i64> = Wait {
    what: "sessions that are older than the fence to end",
    done: |count| *count == 0,
    failed: |_| false,
    seen: |count| format!("{count} are open"),
    pauses: Pauses { first: Duration::from_millis(100), most: Duration::from_secs(2) },
};

/// Lets them end by themselves for the grace period, and then ends them.
pub(super) async fn end_older_sessions(cx: &Ctx, fence: &WriteFence, session: &Session) -> Result<()> {
    let fault = |error| fence.fault(error);
    let time = session.now().await.map_err(fault)?;
    let (grace, begun) = (parse_duration(&fence.grace_period).unwrap_or_default(), Instant::now());
    let (names, accepted, time) = (&*fence.databases, fence.accepted(), time.as_str());
    let look = || async move {
        let open = session.older_sessions(names, accepted, time).await.map_err(fault)?;
        if open > 0 && begun.elapsed() >= grace {
            session.end_older_sessions(names, accepted, time).await.map_err(fault)?;
        }
        Ok::<_, tf_provider::diagnostic::Diagnostic>(open)
    };
    cx.wait(&ENDED, look).await.map(drop)
}
