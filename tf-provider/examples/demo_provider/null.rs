//! `demo_null`: nothing, with a life. For benchmarks.

use std::sync::atomic::{AtomicU64, Ordering};

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Computed, Ctx, Map, Resource, computed, optional};

use crate::cloud::Cloud;

tf_provider::model! {
    /// Does nothing, and leaves no trace in the folder.
    pub(crate) struct Null {
        /// Any values.
        triggers: Option<Map<String>> = optional().replace(),
        /// Different for each resource.
        id: Computed<String> = computed().keep(),
    }
}

static MADE: AtomicU64 = AtomicU64::new(0);

impl Resource<Cloud> for Null {
    const TYPE: &'static str = "null";

    async fn create(_: &Ctx<Cloud>, mut plan: Self) -> Result<Self> {
        let now = jiff::Timestamp::now().as_nanosecond();
        plan.id = format!("{now:x}-{}", MADE.fetch_add(1, Ordering::Relaxed)).into();
        Ok(plan)
    }

    async fn read(_: &Ctx<Cloud>, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn update(_: &Ctx<Cloud>, plan: Self, _: Self) -> Result<Self> {
        Ok(plan)
    }

    async fn delete(_: &Ctx<Cloud>, _: Self) -> Result<()> {
        Ok(())
    }
}
