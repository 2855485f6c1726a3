//! As many types as a large provider has, to see how it bears them.
//!
//! With `DEMO_TYPES=500` in the environment there are 500 more types, `demo_pet_0` and so on, all pets.

use std::sync::OnceLock;

use serde_json::Value as Json;
use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::plan::Change;
use tf_provider::schema::{BoxFuture, Ctx, ErasedResource, ResourceEntry, Source, Table, resource};
use tf_provider::value::Object;

use crate::cloud::Cloud;
use crate::pet::Pet;

/// A pet under another type name.
struct Renamed {
    name: &'static str,
    pet: ResourceEntry<Cloud>,
}

/// These types, and more if the environment asks for them.
pub(crate) fn resources(few: &[ResourceEntry<Cloud>]) -> &'static [ResourceEntry<Cloud>] {
    static ALL: OnceLock<Vec<ResourceEntry<Cloud>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let more = std::env::var("DEMO_TYPES").ok().and_then(|number| number.parse().ok()).unwrap_or(0_usize);
        few.iter().copied().chain((0..more).map(renamed)).collect()
    })
}

/// An entry that lives as long as the process, like those in constants.
fn renamed(index: usize) -> ResourceEntry<Cloud> {
    let name = String::leak(format!("pet_{index}"));
    Box::leak(Box::new(Renamed { name, pet: resource::<Cloud, Pet>() }))
}

impl ErasedResource<Cloud> for Renamed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> i64 {
        self.pet.version()
    }

    fn subcategory(&self) -> &'static str {
        self.pet.subcategory()
    }

    fn table(&self) -> &'static Table {
        self.pet.table()
    }

    fn check(&self, config: &Object) -> Vec<Diagnostic> {
        self.pet.check(config)
    }

    fn plan<'a>(&self, cx: &'a Ctx<Cloud>, change: &'a mut Change) -> BoxFuture<'a, Result<()>> {
        self.pet.plan(cx, change)
    }

    fn create<'a>(&self, cx: &'a Ctx<Cloud>, plan: Object) -> BoxFuture<'a, Result<Object>> {
        self.pet.create(cx, plan)
    }

    fn read<'a>(&self, cx: &'a Ctx<Cloud>, state: Object) -> BoxFuture<'a, Result<Option<Object>>> {
        self.pet.read(cx, state)
    }

    fn update<'a>(&self, cx: &'a Ctx<Cloud>, plan: Object, state: Object) -> BoxFuture<'a, Result<Object>> {
        self.pet.update(cx, plan, state)
    }

    fn delete<'a>(&self, cx: &'a Ctx<Cloud>, state: Object) -> BoxFuture<'a, Result<()>> {
        self.pet.delete(cx, state)
    }

    fn import(&self, id: &str) -> Result<Object> {
        self.pet.import(id)
    }

    fn upgrade(&self, version: i64, state: Json) -> Result<Json> {
        self.pet.upgrade(version, state)
    }

    fn moved(&self, source: &Source) -> Option<Result<Object>> {
        self.pet.moved(source)
    }
}
