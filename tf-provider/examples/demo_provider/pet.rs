//! `demo_pet`: one attribute of every kind.

use serde_json::Value as Json;
use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{
    Check, Computed, Ctx, Dynamic, Json as JsonText, Map, Model as _, Partial, Plan, Resource, Secret, Set, Source,
    Val, View, block, check, computed, optional, required,
};
use tf_provider::value::Number;

use crate::cloud::{BUSY, Cloud};
use crate::pet_v0;

tf_provider::model! {
    /// A pet.
    pub(crate) struct Pet {
        /// What it is called; no two pets share a name.
        name: String = required().replace().identity().check(check::length(1..=32)).check(plain_name()),
        /// What it is.
        species: String = optional().or("cat").replace().check(check::one_of(&["cat", "dog", "fish", "tiger"])),
        /// Whether it may go out.
        outdoor: bool = optional().or(false),
        /// What its friends call it.
        nickname: Option<String> = optional(),
        /// What is written on its collar; chosen for it when left out.
        collar: Computed<String> = optional(),
        /// Number of its legs. Fewer than before makes it another pet.
        legs: i64 = optional().or(4).check(check::between(0..=8)),
        /// Weight in kilograms, of any precision.
        weight: Option<Number> = optional(),
        /// What it likes, in JSON.
        habits_json: Option<JsonText> = optional(),
        /// Its colors.
        colors: Option<Set<String>> = optional().each(check::length(1..=40)),
        /// Labels.
        labels: Map<String> = optional(),
        /// Whatever else there is to say.
        anything: Dynamic = optional(),
        /// The secret of its chip.
        chip_wo: Option<Secret<String>> = optional().write_only(),
        /// Change it to write the chip's secret anew.
        chip_wo_version: Option<i64> = optional(),
        /// The code of its door.
        door_code: Option<Secret<String>> = optional(),
        /// What it eats.
        diet: Option<String> = optional().deprecated("Use `habits_json`."),
        /// Number in the register.
        id: Computed<String> = computed().keep(),
        /// How often it was changed.
        revision: Computed<i64> = computed(),
        /// What it is protected against.
        vaccinations: Computed<Vec<Vaccination>> = computed(),
        /// Its card, in JSON.
        card_json: Computed<JsonText> = computed().derived(card),
        /// A thing it plays with.
        toy: Vec<Toy> = block().max(5),
        /// Another pet.
        friend: Set<Friend> = block(),
        /// The person it belongs to.
        owner: Option<Owner> = block(),
    }
    timeouts { create: "1m", read: "1m", update: "1m", delete: "1m" }
}

tf_provider::model! {
    /// A vaccination.
    pub(crate) struct Vaccination {
        /// Against what.
        against: String = computed(),
        /// Year of the next one.
        due: i64 = computed(),
    }
}

tf_provider::model! {
    /// A thing to play with.
    pub(crate) struct Toy {
        /// What it is.
        kind: String = required().check(check::length(1..=20)),
        /// Its color.
        color: String = optional().or("red"),
        /// Number in the register.
        serial: Computed<String> = computed().keep(),
    }
}

tf_provider::model! {
    /// Another pet.
    pub(crate) struct Friend {
        /// What it is called.
        name: String = required(),
        /// Since when they know each other.
        since: i64 = optional().or(2020),
        /// Number in the register.
        bond: Computed<String> = computed().keep(),
    }
}

tf_provider::model! {
    /// A person.
    pub(crate) struct Owner {
        /// What the person is called.
        name: String = required(),
        /// How to reach the person.
        phone: Vec<Phone> = block().min(1),
    }
}

tf_provider::model! {
    /// A telephone.
    pub(crate) struct Phone {
        /// Its number.
        number: String = required().sensitive(),
        /// Whether to call at night.
        night: bool = optional().or(false),
    }
}

const KIND: &str = "pet";

fn plain_name() -> Check {
    Check::text("must consist of lower-case letters, digits and hyphens", |name| {
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

impl Resource<Cloud> for Pet {
    const TYPE: &'static str = "pet";
    const VERSION: i64 = 1;
    const SUBCATEGORY: &'static str = "Animals";

    async fn create(cx: &Ctx<Cloud>, mut plan: Self) -> Result<Self> {
        if cx.claim::<Self>(KIND, &plan.name, &plan.encode())?.is_some() {
            let detail = format!("The pet \"{}\" was there already, as an interrupted run had left it.", plan.name);
            cx.warn(Diagnostic::warning("Went on with an interrupted creation", detail));
        }
        plan.id = format!("pet/{}", plan.name).into();
        plan.settle(1)?;
        plan.write(cx, "create").await?;
        cx.save(&plan); // From here on the pet exists.
        Ok(plan)
    }

    async fn read(cx: &Ctx<Cloud>, state: Self) -> Result<Option<Self>> {
        match cx.get::<Self>(KIND, &state.name)? {
            Some(found) => Ok(Some(Self { chip_wo: None, ..Self::decode(&found)? })),
            None => Ok(None),
        }
    }

    async fn update(cx: &Ctx<Cloud>, mut plan: Self, state: Self) -> Result<Self> {
        if plan.chip_wo_version == state.chip_wo_version {
            let stored = cx.get::<Self>(KIND, &plan.name)?.map(|found| Self::decode(&found)).transpose()?;
            plan.chip_wo = stored.and_then(|stored| stored.chip_wo);
        }
        plan.settle(state.revision.get()? + 1)?;
        plan.write(cx, "update").await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx<Cloud>, state: Self) -> Result<()> {
        cx.remove(KIND, &state.name)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if let (Val::Known(species), Val::Known(true)) = (config.get(Self::species), config.get(Self::outdoor))
            && species == "fish"
        {
            found.push(Diagnostic::error("A fish stays inside", "It would not last long.").at(Self::outdoor));
        }
        if config.is_set(Self::chip_wo) && !config.is_set(Self::chip_wo_version) {
            let detail = "Without \"chip_wo_version\" a new secret would never be written.";
            found.push(Diagnostic::error("The chip has no version", detail).at(Self::chip_wo));
        }
        for (index, toy) in config.blocks(Self::toy).into_iter().flatten().enumerate() {
            if toy.get(Toy::kind) == Val::Known("owner".to_owned()) {
                let detail = format!("Toy number {index} is a person.");
                found.push(Diagnostic::error("A toy is no person", detail).at(toy.path(Toy::kind)));
            }
        }
        found
    }

    async fn plan(cx: &Ctx<Cloud>, plan: &mut Plan<'_, Self>) -> Result<()> {
        if plan.get(Self::species) == Val::Known("tiger".to_owned()) && plan.is_create() {
            let detail = "Its neighbours should be told.";
            cx.warn(Diagnostic::warning("A tiger moves in", detail).at(Self::species));
        }
        let before = plan.prior().map_or(Val::Null, |prior| prior.get(Self::legs));
        if let (Val::Known(before), Val::Known(after)) = (before, plan.get(Self::legs))
            && after < before
        {
            plan.replace(Self::legs);
        }
        Ok(())
    }

    fn upgrade(version: i64, state: Json) -> Result<Json> {
        match version {
            0 => pet_v0::upgrade(state),
            _ => Err(Diagnostic::error("State of an unknown version", format!("There is no version {version}."))),
        }
    }

    /// A `terraform_data` becomes the pet that its input names.
    fn moved(source: &Source) -> Option<Result<Partial<Self>>> {
        if source.type_name != "terraform_data" {
            return None;
        }
        Some(match source.state["input"]["value"].as_str() {
            Some(name) => Ok(Partial::default().with(Self::name, name)),
            None => Err(Diagnostic::error("Not the name of a pet", "The input of the \"terraform_data\" is no text.")),
        })
    }
}

impl Pet {
    /// Fills what the provider determines, where it is still open.
    fn settle(&mut self, revision: i64) -> Result<()> {
        self.revision = revision.into();
        self.vaccinations = vec![Vaccination { against: format!("{} flu", self.species), due: 2030 }].into();
        if self.collar == Computed::Unknown {
            self.collar = self.name.to_uppercase().into();
        }
        for (index, toy) in self.toy.iter_mut().enumerate() {
            if toy.serial == Computed::Unknown {
                toy.serial = format!("{}-{index}", toy.kind).into();
            }
        }
        let befriend =
            |friend: &Friend| Friend { bond: format!("{}+{}", self.name, friend.name).into(), ..friend.clone() };
        self.friend = self.friend.iter().map(befriend).collect();
        Ok(())
    }

    async fn write(&self, cx: &Ctx<Cloud>, operation: &str) -> Result<()> {
        cx.until(&BUSY, || async { cx.put::<Self>(operation, KIND, &self.name, self.encode()) }).await
    }
}

/// The card says what the configuration does, so that a card forged elsewhere shows as drift.
fn card(plan: &View<'_, Pet>) -> Val<JsonText> {
    plan.get(Pet::name).and_then(|name| {
        plan.get(Pet::species)
            .map(|species| JsonText::from(serde_json::json!({ "name": name, "species": species }).to_string()))
    })
}
