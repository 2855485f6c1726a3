//! Action `demo_groom`: something that is done to a pet and leaves no trace in the state.

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Action, Ctx, Model as _, Pauses, Val, View, Wait, check, optional, required};
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::pet::Pet;

tf_provider::model! {
    /// Grooms a pet.
    pub(crate) struct Groom {
        /// What the pet is called.
        name: String = required(),
        /// How many seconds it takes.
        seconds: i64 = optional().or(0).check(check::between(0..=600)),
    }
    timeouts { invoke: "1m" }
}

/// How many seconds are left.
const SHINY: Wait<u128> = Wait {
    what: "the coat to shine",
    done: |left| *left == 0,
    failed: |_| false,
    seen: |left| format!("{left} s to go"),
    pauses: Pauses { first: Duration::from_millis(100), most: Duration::from_secs(1) },
};

impl Action<Cloud> for Groom {
    const TYPE: &'static str = "groom";
    const SUBCATEGORY: &'static str = "Animals";

    /// The pet may be created before, so nothing is wrong if it is not there yet.
    async fn plan(cx: &Ctx<Cloud>, config: &View<'_, Self>) -> Result<()> {
        let Val::Known(name) = config.get(Self::name) else { return Ok(()) };
        match cx.get::<Pet>("pet", &name)? {
            Some(pet) if Pet::decode(&pet)?.species == "fish" => {
                Err(Diagnostic::error("A fish has no coat", format!("\"{name}\" cannot be groomed.")).at(Self::name))
            }
            _ => Ok(()),
        }
    }

    async fn invoke(cx: &Ctx<Cloud>, config: Self) -> Result<()> {
        if cx.get::<Pet>("pet", &config.name)?.is_none() {
            let detail = format!("Nothing is known of \"{}\".", config.name);
            return Err(Diagnostic::error("There is no such pet", detail).at(Self::name));
        }
        cx.progress(format!("Brushing {}", config.name));
        let end = Instant::now() + Duration::from_secs(config.seconds.unsigned_abs());
        let left = || end.saturating_duration_since(Instant::now()).as_millis().div_ceil(1000);
        cx.wait(&SHINY, || async { Ok::<_, Diagnostic>(left()) }).await?;
        cx.log(&format!("groom pet {}", config.name))
    }
}
