//! `demo_faulty`: makes the mistakes of a bad provider on request, to see that each ends in one clear diagnostic.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, Ctx, Plan, Resource, Val, check, computed, optional, required};

use crate::cloud::Cloud;

tf_provider::model! {
    /// Makes a mistake.
    pub(crate) struct Faulty {
        /// Which mistake.
        mistake: String = required().check(check::one_of(MISTAKES)),
        /// Something that must not change.
        note: Option<String> = optional(),
        /// Something that must be known.
        result: Computed<String> = computed().keep(),
    }
}

const MISTAKES: &[&str] =
    &["none", "panic", "panic_in_plan", "panic_in_read", "unknown", "changed", "error", "error_after_save", "bad_plan"];

impl Resource<Cloud> for Faulty {
    const TYPE: &'static str = "faulty";

    #[expect(clippy::panic, reason = "this is the mistake asked for")]
    async fn create(cx: &Ctx<Cloud>, mut plan: Self) -> Result<Self> {
        if plan.mistake == "unknown" {
            return Ok(plan);
        }
        plan.result = "made".to_owned().into();
        match plan.mistake.as_str() {
            "panic" => panic!("a panic on request"),
            "changed" => plan.note = Some("another note".to_owned()),
            "error" => return Err(Diagnostic::error("An error on request", "Nothing was made.")),
            "error_after_save" => {
                cx.save(&plan);
                return Err(Diagnostic::error("An error on request", "It was made before."));
            }
            _ => {}
        }
        Ok(plan)
    }

    #[expect(clippy::panic, reason = "this is the mistake asked for")]
    async fn read(_: &Ctx<Cloud>, state: Self) -> Result<Option<Self>> {
        if state.mistake == "panic_in_read" {
            panic!("a panic on request");
        }
        Ok(Some(state))
    }

    async fn update(_: &Ctx<Cloud>, plan: Self, _: Self) -> Result<Self> {
        Ok(plan)
    }

    async fn delete(_: &Ctx<Cloud>, _: Self) -> Result<()> {
        Ok(())
    }

    #[expect(clippy::panic, reason = "this is the mistake asked for")]
    async fn plan(_: &Ctx<Cloud>, plan: &mut Plan<'_, Self>) -> Result<()> {
        match plan.get(Self::mistake) {
            Val::Known(mistake) if mistake == "panic_in_plan" => panic!("a panic on request"),
            Val::Known(mistake) if mistake == "bad_plan" => plan.set(Self::note, "another note"),
            _ => {}
        }
        Ok(())
    }
}
