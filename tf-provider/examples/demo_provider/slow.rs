//! `demo_slow`: something that takes its time.

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{
    Computed, Ctx, Ended, Model as _, Partial, Pauses, Plan, Resource, Wait, check, computed, optional, required,
};

use crate::cloud::Cloud;

tf_provider::model! {
    /// Takes its time.
    pub(crate) struct Slow {
        /// What it is called.
        name: String = required().replace().identity().check(check::length(1..=32)),
        /// How many seconds it takes until it is ready.
        seconds: i64 = optional().or(0).check(check::between(0..=600)),
        /// Whether it breaks instead of being ready.
        breaks: bool = optional().or(false),
        /// Whether an apply that takes too long leaves it as it is, so that the next one goes on with it.
        later: bool = optional().or(false),
        /// Either `ready` or `pending`.
        status: Computed<String> = computed(),
        /// When it is ready.
        ready_at: Computed<String> = computed().keep(),
    }
    timeouts { create: "1m", update: "1m" }
}

const KIND: &str = "slow";

const READY: &str = "ready";
const PENDING: &str = "pending";

/// The time itself is looked at, as a status in a real cloud would be.
const SETTLED: Wait<Slow> = Wait {
    what: "the thing to be ready",
    done: |slow| slow.is_ready() && !slow.breaks,
    failed: |slow| slow.is_ready() && slow.breaks,
    seen: |slow| (if slow.is_ready() { "broken" } else { "not ready" }).to_owned(),
    pauses: Pauses { first: Duration::from_millis(50), most: Duration::from_millis(200) },
};

impl Resource<Cloud> for Slow {
    const TYPE: &'static str = "slow";

    async fn create(cx: &Ctx<Cloud>, mut plan: Self) -> Result<Self> {
        let begun = cx.claim::<Self>(KIND, &plan.name, &plan.encode())?;
        if let Some(begun) = begun {
            plan = Self::decode(&begun)?;
            let detail = format!("\"{}\" was there already, as an interrupted run had left it.", plan.name);
            cx.warn(Diagnostic::warning("Went on with an interrupted creation", detail));
        } else {
            plan.start();
            cx.log(&format!("begin {KIND} {}", plan.name))?;
            if cx.is_sluggish()? {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            cx.put::<Self>("create", KIND, &plan.name, plan.encode())?;
        }
        cx.save(&plan); // From here on it exists, whatever happens to the wait.
        plan.ready(cx).await
    }

    async fn read(cx: &Ctx<Cloud>, state: Self) -> Result<Option<Self>> {
        match cx.get::<Self>(KIND, &state.name)? {
            Some(found) => {
                let found = Self::decode(&found)?;
                let status = if found.is_ready() { READY } else { PENDING }.to_owned().into();
                Ok(Some(Self { status, ..found }))
            }
            None => Ok(None),
        }
    }

    /// What is pending is waited for by an update.
    async fn plan(_: &Ctx<Cloud>, plan: &mut Plan<'_, Self>) -> Result<()> {
        let status = plan.prior().and_then(|prior| prior.get(Self::status).known());
        match status.as_deref() {
            Some(PENDING) => plan.forget(Self::status),
            Some(_) => plan.retain(Self::status),
            None => {}
        }
        Ok(())
    }

    async fn update(cx: &Ctx<Cloud>, mut plan: Self, _: Self) -> Result<Self> {
        plan.status = PENDING.to_owned().into();
        cx.put::<Self>("update", KIND, &plan.name, plan.encode())?;
        plan.ready(cx).await
    }

    async fn delete(cx: &Ctx<Cloud>, state: Self) -> Result<()> {
        cx.remove(KIND, &state.name)
    }

    /// The name, or the file in the folder.
    fn import(id: &str) -> Result<Partial<Self>> {
        let name = match id.strip_prefix("slow/") {
            Some(file) => file.strip_suffix(".json").ok_or_else(|| {
                Diagnostic::error("Not the file of something slow", format!("\"{id}\" does not end with \".json\"."))
            })?,
            None => id,
        };
        Ok(Partial::default().with(Self::name, name))
    }
}

impl Slow {
    fn start(&mut self) {
        let end = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(self.seconds));
        self.ready_at = end.unwrap_or(jiff::Timestamp::MAX).to_string().into();
        self.status = PENDING.to_owned().into();
    }

    fn is_ready(&self) -> bool {
        let end = self.ready_at.get().ok().and_then(|end| end.parse().ok());
        end.is_none_or(|end: jiff::Timestamp| jiff::Timestamp::now() >= end)
    }

    async fn ready(mut self, cx: &Ctx<Cloud>) -> Result<Self> {
        match cx.wait_or_late(&SETTLED, || async { Ok::<_, Diagnostic>(self.clone()) }).await? {
            Ended::Done(_) => {
                cx.log(&format!("ready {KIND} {}", self.name))?;
                self.status = READY.to_owned().into();
            }
            Ended::Late(_, why) if self.later => {
                let detail = format!("{}\n\nThe next apply waits for it again.", why.detail);
                cx.warn(Diagnostic::warning("Not ready yet", detail));
                self.status = PENDING.to_owned().into();
            }
            Ended::Late(_, why) => return Err(why),
        }
        Ok(self)
    }
}
