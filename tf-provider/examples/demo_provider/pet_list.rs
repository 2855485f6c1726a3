//! List resource `demo_pet`: the pets in the folder, whoever keeps them.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Ctx, List, Listing, Model as _, Partial, optional};

use crate::cloud::Cloud;
use crate::pet::Pet;

tf_provider::model! {
    /// Finds pets, whoever keeps them.
    pub(crate) struct PetList {
        /// What they have to be.
        species: Option<String> = optional(),
    }
}

impl List<Cloud> for PetList {
    type Resource = Pet;

    async fn list(cx: &Ctx<Cloud>, config: Self, listing: &Listing<Pet>) -> Result<()> {
        for name in cx.names("pet")? {
            let Some(species) = &config.species else {
                listing.add(name.clone(), Partial::default().with(Pet::name, name)).await;
                continue;
            };
            // It has to be looked at in any case, so that nobody need do it again.
            if let Some(found) = cx.get::<Pet>("pet", &name)? {
                let pet = Pet::decode(&found)?;
                if pet.species == *species {
                    listing.add_object(name, &pet).await;
                }
            }
        }
        Ok(())
    }
}
