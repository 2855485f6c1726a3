//! List resources: the objects that `terraform query` finds.

use std::marker::PhantomData;

use tokio::sync::mpsc;

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::entity::erased::{BoxFuture, Erased, ResourceEntry, resource};
use crate::schema::{Ctx, Model, Partial, Resource, Table, View};
use crate::value::{Object, Path};

/// Finds existing objects of a resource's type, whether Terraform manages them or not. Its attributes select them.
pub trait List<W: Send + Sync + 'static>: Model {
    /// The resource whose objects it finds. The list has the type name of this resource, which needs an identity.
    type Resource: Resource<W>;
    /// Heading under which the registry lists it.
    const SUBCATEGORY: &'static str = <Self::Resource as Resource<W>>::SUBCATEGORY;

    /// Searches for objects and adds each to the listing as soon as it is found.
    ///
    /// It need not count: when the user has as many as wanted, it is dropped at its next `await`.
    fn list(cx: &Ctx<W>, config: Self, listing: &Listing<Self::Resource>) -> impl Future<Output = Result<()>> + Send;

    /// Validates what no single attribute's check can; sees unknown values.
    fn check(_config: &View<'_, Self>) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// Receives the objects that a [`List`] finds.
#[derive(Debug)]
pub struct Listing<R> {
    found: mpsc::Sender<Found>,
    wants_objects: bool,
    resource: PhantomData<fn() -> R>,
}

/// An object that a list has found.
pub struct Found {
    /// The name to show in the list.
    pub display_name: String,
    /// Its attributes, or those that identify it.
    pub known: Object,
    /// Whether these are all its attributes.
    pub is_whole: bool,
}

/// A list whose type is erased.
pub type ListEntry<W> = &'static dyn ErasedList<W>;

/// [`List`] over values.
#[allow(missing_docs, reason = "each method is the trait's of the same name")]
pub trait ErasedList<W>: Send + Sync {
    fn name(&self) -> &'static str;
    fn subcategory(&self) -> &'static str;
    fn table(&self) -> &'static Table;
    fn resource(&self) -> ResourceEntry<W>;
    fn check(&self, config: &Object) -> Vec<Diagnostic>;
    fn list<'a>(
        &self,
        cx: &'a Ctx<W>,
        config: Object,
        wants_objects: bool,
        found: mpsc::Sender<Found>,
    ) -> BoxFuture<'a, Result<()>>;
}

/// The row of a list in the provider's list of them.
pub const fn list<W: Send + Sync + 'static, L: List<W>>() -> ListEntry<W> {
    &Erased::<L>(PhantomData)
}

impl<R: Model> Listing<R> {
    /// Whether the user wants to see all attributes of the objects: then a list that can read those of many at once adds
    /// them whole.
    pub fn wants_objects(&self) -> bool {
        self.wants_objects
    }

    /// Adds an object by its identity. If the user wants to see more of it, the resource reads it as after an import;
    /// it is left out if it no longer exists by then.
    pub async fn add(&self, display_name: impl Into<String>, identity: Partial<R>) {
        self.send(Found { display_name: display_name.into(), known: identity.into_object(), is_whole: false }).await;
    }

    /// Adds an object of which everything is known without another read.
    pub async fn add_object(&self, display_name: impl Into<String>, object: &R) {
        self.send(Found { display_name: display_name.into(), known: object.encode(), is_whole: true }).await;
    }

    async fn send(&self, found: Found) {
        if self.found.send(found).await.is_err() {
            // No more results are wanted, so the search is about to be dropped.
            std::future::pending().await
        }
    }
}

impl<W: Send + Sync + 'static, L: List<W>> ErasedList<W> for Erased<L> {
    fn name(&self) -> &'static str {
        <L::Resource as Resource<W>>::TYPE
    }

    fn subcategory(&self) -> &'static str {
        L::SUBCATEGORY
    }

    fn table(&self) -> &'static Table {
        L::table()
    }

    fn resource(&self) -> ResourceEntry<W> {
        resource::<W, L::Resource>()
    }

    fn check(&self, config: &Object) -> Vec<Diagnostic> {
        L::check(&View::new(config, Path::root()))
    }

    fn list<'a>(
        &self,
        cx: &'a Ctx<W>,
        config: Object,
        wants_objects: bool,
        found: mpsc::Sender<Found>,
    ) -> BoxFuture<'a, Result<()>> {
        let listing = Listing { found, wants_objects, resource: PhantomData };
        Box::pin(async move { L::list(cx, L::decode(&config)?, &listing).await })
    }
}
