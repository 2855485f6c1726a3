//! Data source `demo_pet`: a pet that somebody else keeps.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Ctx, DataSource, Map, Model as _, computed, required};

use crate::cloud::Cloud;
use crate::pet::Pet;

tf_provider::model! {
    /// A pet that somebody else keeps.
    pub(crate) struct PetData {
        /// What it is called.
        name: String = required(),
        /// What it is.
        species: String = computed(),
        /// What its friends call it.
        nickname: Option<String> = computed(),
        /// Labels.
        labels: Map<String> = computed(),
    }
    timeouts { read: "1m" }
}

impl DataSource<Cloud> for PetData {
    const TYPE: &'static str = "pet";
    const SUBCATEGORY: &'static str = "Animals";

    async fn read(cx: &Ctx<Cloud>, config: Self) -> Result<Self> {
        let found = cx.get::<Pet>("pet", &config.name)?.ok_or_else(|| {
            Diagnostic::error("There is no such pet", format!("Nothing is known of \"{}\".", config.name))
                .at(Self::name)
        })?;
        let Pet { name, species, nickname, labels, .. } = Pet::decode(&found)?;
        Ok(Self { name, species, nickname, labels })
    }
}
