//! Actions: operations that run on request and leave no object behind.

use std::marker::PhantomData;

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::entity::erased::{BoxFuture, Erased};
use crate::schema::{Ctx, Model, Table, View};
use crate::value::{Object, Path};

/// An operation that runs when the user asks for it, or when a resource is created, changed or destroyed.
///
/// ```
/// use tf_provider::diagnostic::Result;
/// use tf_provider::schema::{Action, Ctx, required};
///
/// tf_provider::model! {
///     /// Restarts a server.
///     struct Restart {
///         /// Name of the server.
///         name: String = required(),
///     }
/// }
///
/// impl Action<()> for Restart {
///     const TYPE: &'static str = "restart";
///
///     async fn invoke(cx: &Ctx<()>, config: Self) -> Result<()> {
///         cx.progress(format!("Restarting {}", config.name));
///         Ok(())
///     }
/// }
/// ```
pub trait Action<W: Send + Sync + 'static>: Model {
    /// Type name without the provider's prefix.
    const TYPE: &'static str;
    /// Heading under which the registry lists it.
    const SUBCATEGORY: &'static str = "";

    /// Runs the action. What it waits for, and what [`Ctx::progress`] is given, is shown to the user immediately.
    fn invoke(cx: &Ctx<W>, config: Self) -> impl Future<Output = Result<()>> + Send;

    /// Reads the remote side before the user agrees, to warn or to refuse; it never writes. Sees unknown values.
    fn plan(_cx: &Ctx<W>, _config: &View<'_, Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Validates what no single attribute's check can; sees unknown values.
    fn check(_config: &View<'_, Self>) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// An action whose type is erased.
pub type ActionEntry<W> = &'static dyn ErasedAction<W>;

/// [`Action`] over values.
#[allow(missing_docs, reason = "each method is the trait's of the same name")]
pub trait ErasedAction<W>: Send + Sync {
    fn name(&self) -> &'static str;
    fn subcategory(&self) -> &'static str;
    fn table(&self) -> &'static Table;
    fn check(&self, config: &Object) -> Vec<Diagnostic>;
    fn plan<'a>(&self, cx: &'a Ctx<W>, config: &'a Object) -> BoxFuture<'a, Result<()>>;
    fn invoke<'a>(&self, cx: &'a Ctx<W>, config: Object) -> BoxFuture<'a, Result<()>>;
}

/// The row of an action in the provider's list.
pub const fn action<W: Send + Sync + 'static, A: Action<W>>() -> ActionEntry<W> {
    &Erased::<A>(PhantomData)
}

impl<W: Send + Sync + 'static, A: Action<W>> ErasedAction<W> for Erased<A> {
    fn name(&self) -> &'static str {
        A::TYPE
    }

    fn subcategory(&self) -> &'static str {
        A::SUBCATEGORY
    }

    fn table(&self) -> &'static Table {
        A::table()
    }

    fn check(&self, config: &Object) -> Vec<Diagnostic> {
        A::check(&View::new(config, Path::root()))
    }

    fn plan<'a>(&self, cx: &'a Ctx<W>, config: &'a Object) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { A::plan(cx, &View::new(config, Path::root())).await })
    }

    fn invoke<'a>(&self, cx: &'a Ctx<W>, config: Object) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { A::invoke(cx, A::decode(&config)?).await })
    }
}
