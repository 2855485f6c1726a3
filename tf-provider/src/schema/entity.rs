//! What a provider is made of: resources, data sources, ephemeral resources and functions.

use std::marker::PhantomData;
use std::pin::Pin;

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::plan::Change;
use crate::schema::{Ctx, Field, Handle, Model, Partial, Plan, Table, View};
use crate::value::{Object, Path, Type, Value};

/// A provider: its block, how it is configured, and the lists of its entities.
pub trait Provider: Send + Sync + 'static {
    /// What a configured provider holds; entities reach it through [`Ctx`].
    type World: Send + Sync + 'static;
    /// The provider block. Its values can be unknown in a plan: use [`Val`](crate::schema::Val).
    type Config: Model;

    /// The prefix of its type names, without the underscore.
    const NAME: &'static str;

    /// Judges the provider block; sees unknown values.
    fn check(_config: &View<'_, Self::Config>) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Makes the world. Runs several times a command and must not touch the network.
    ///
    /// # Errors
    /// The configuration is wrong whatever will be asked of it.
    fn configure(config: Self::Config, host: Host) -> Result<Self::World>;

    /// Its resources.
    fn resources() -> &'static [ResourceEntry<Self::World>] {
        &[]
    }

    /// Its data sources.
    fn data_sources() -> &'static [DataSourceEntry<Self::World>] {
        &[]
    }

    /// Its ephemeral resources.
    fn ephemerals() -> &'static [EphemeralEntry<Self::World>] {
        &[]
    }

    /// Its functions.
    fn functions() -> &'static [FunctionEntry] {
        &[]
    }
}

/// Who configures the provider.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Version of Terraform or OpenTofu.
    pub version: String,
}

/// Something with a life: made, looked at, changed, taken away.
pub trait Resource<W: Send + Sync + 'static>: Model {
    /// Type name without the provider's prefix.
    const TYPE: &'static str;
    /// Version of the schema.
    const VERSION: i64 = 0;
    /// Heading under which the registry lists it.
    const SUBCATEGORY: &'static str = "";

    /// Makes the object, or finishes what an interrupted run began.
    fn create(cx: &Ctx<W>, plan: Self) -> impl Future<Output = Result<Self>> + Send;

    /// Looks at the object; `None` when it is gone.
    fn read(cx: &Ctx<W>, state: Self) -> impl Future<Output = Result<Option<Self>>> + Send;

    /// Changes the object from `state` to `plan`.
    fn update(cx: &Ctx<W>, plan: Self, state: Self) -> impl Future<Output = Result<Self>> + Send;

    /// Takes the object away; succeeds when it is gone already.
    fn delete(cx: &Ctx<W>, state: Self) -> impl Future<Output = Result<()>> + Send;

    /// Judges what no single attribute's check can; sees unknown values.
    fn check(_config: &View<'_, Self>) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Adjusts a plan, or warns after a look at the world. Runs again during apply, so it must give the same answer,
    /// and it never writes.
    fn plan(_cx: &Ctx<W>, _plan: &mut Plan<'_, Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Understands an import id: by default the identity's attributes, joined by `/`.
    ///
    /// # Errors
    /// The id has another form.
    fn import(id: &str) -> Result<Partial<Self>> {
        import_by_identity(id)
    }

    /// Rewrites the state of an older version of the schema.
    ///
    /// # Errors
    /// The version is not known.
    fn upgrade(version: i64, _state: serde_json::Value) -> Result<serde_json::Value> {
        Err(Diagnostic::error(
            "State of an unknown version",
            format!("This version of the provider cannot read a state of schema version {version}."),
        ))
    }

    /// Takes over an object of another type; `None` when that type is not understood.
    fn moved(_source: &Source) -> Option<Result<Partial<Self>>> {
        None
    }
}

/// An object of another type, to be taken over.
#[derive(Clone, Debug)]
pub struct Source {
    /// Address of its provider, such as `registry.terraform.io/hashicorp/aws`.
    pub provider: String,
    /// Its type.
    pub type_name: String,
    /// Version of its schema.
    pub version: i64,
    /// Its state.
    pub state: serde_json::Value,
}

/// Something that is only looked at.
pub trait DataSource<W: Send + Sync + 'static>: Model {
    /// Type name without the provider's prefix.
    const TYPE: &'static str;
    /// Heading under which the registry lists it.
    const SUBCATEGORY: &'static str = "";

    /// Looks, and fills the computed attributes.
    fn read(cx: &Ctx<W>, config: Self) -> impl Future<Output = Result<Self>> + Send;

    /// Judges what no single attribute's check can; sees unknown values.
    fn check(_config: &View<'_, Self>) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// Something that exists only while Terraform runs, and is stored nowhere.
pub trait Ephemeral<W: Send + Sync + 'static>: Model {
    /// Type name without the provider's prefix.
    const TYPE: &'static str;
    /// Heading under which the registry lists it.
    const SUBCATEGORY: &'static str = "";

    /// Opens it, and fills the computed attributes.
    fn open(cx: &Ctx<W>, config: Self) -> impl Future<Output = Result<Opened<Self>>> + Send;

    /// Keeps it open; gets what the last `open` or `renew` left.
    fn renew(_cx: &Ctx<W>, _private: Vec<u8>) -> impl Future<Output = Result<Renewed>> + Send {
        async { Err(Diagnostic::bug("an ephemeral resource without renewal was renewed")) }
    }

    /// Ends it; gets what `open` left, even after a renewal.
    fn close(_cx: &Ctx<W>, _private: Vec<u8>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Judges what no single attribute's check can; sees unknown values.
    fn check(_config: &View<'_, Self>) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// An open ephemeral resource.
#[derive(Clone, Debug)]
pub struct Opened<T> {
    /// Its values.
    pub result: T,
    /// What `renew` and `close` need to know.
    pub private: Vec<u8>,
    /// When it must be renewed.
    pub renew_at: Option<jiff::Timestamp>,
}

/// What a renewal leaves.
#[derive(Clone, Debug, Default)]
pub struct Renewed {
    /// What the next renewal needs to know.
    pub private: Vec<u8>,
    /// When it must be renewed again.
    pub renew_at: Option<jiff::Timestamp>,
}

/// A pure function; its fields are its parameters.
pub trait Function: Model {
    /// What it returns.
    type Output: Field;

    /// Name, without the provider's.
    const NAME: &'static str;
    /// What it does, in half a sentence.
    const SUMMARY: &'static str;

    /// Calls it.
    ///
    /// # Errors
    /// An argument is wrong.
    fn call(self) -> Result<Self::Output, FunctionError>;
}

/// A wrong argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Whole sentences.
    pub text: String,
    /// The parameter, and for a variadic one which of its arguments.
    pub argument: Option<(&'static str, usize)>,
}

impl FunctionError {
    /// No argument in particular is at fault.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: None }
    }

    /// One argument is at fault.
    pub fn argument<M, T>(parameter: Handle<M, T>, text: impl Into<String>) -> Self {
        Self::variadic(parameter, 0, text)
    }

    /// One of the variadic arguments is at fault, counted from zero.
    pub fn variadic<M, T>(parameter: Handle<M, T>, index: usize, text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: Some((parameter.name(), index)) }
    }
}

/// The default form of an import id.
fn import_by_identity<M: Model>(id: &str) -> Result<Partial<M>> {
    let names: Vec<_> = M::table().identity().collect();
    let parts: Vec<&str> = id.splitn(names.len().max(1), '/').collect();
    let form = || names.iter().map(|attribute| attribute.name).collect::<Vec<_>>().join("/");
    if names.is_empty() {
        return Err(Diagnostic::error("Import is not supported", "Objects of this type cannot be imported."));
    }
    if parts.len() != names.len() || parts.iter().any(|part| part.is_empty()) {
        return Err(Diagnostic::error("Malformed import id", format!("\"{id}\" is not of the form {}.", form())));
    }
    names.iter().zip(parts).try_fold(Partial::default(), |partial, (attribute, part)| {
        let value = match attribute.ty {
            Type::Number => part.parse().map(Value::Number).ok(),
            Type::String => Some(Value::string(part)),
            _ => None,
        };
        let value = value.ok_or_else(|| {
            let detail =
                format!("\"{part}\" cannot be the attribute \"{}\" in an id of the form {}.", attribute.name, form());
            Diagnostic::error("Malformed import id", detail)
        })?;
        Ok(partial.with_value(attribute.name, value))
    })
}

// === the erased table ===

/// A boxed future, as the erased entities return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A resource whose type is erased.
pub type ResourceEntry<W> = &'static dyn ErasedResource<W>;
/// A data source whose type is erased.
pub type DataSourceEntry<W> = &'static dyn ErasedDataSource<W>;
/// An ephemeral resource whose type is erased.
pub type EphemeralEntry<W> = &'static dyn ErasedEphemeral<W>;
/// A function whose type is erased.
pub type FunctionEntry = &'static dyn ErasedFunction;

/// [`Resource`] over values.
#[allow(missing_docs, reason = "each method is the trait's of the same name")]
pub trait ErasedResource<W>: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self) -> i64;
    fn subcategory(&self) -> &'static str;
    fn table(&self) -> &'static Table;
    fn check(&self, config: &Object) -> Vec<Diagnostic>;
    fn plan<'a>(&self, cx: &'a Ctx<W>, change: &'a mut Change) -> BoxFuture<'a, Result<()>>;
    fn create<'a>(&self, cx: &'a Ctx<W>, plan: Object) -> BoxFuture<'a, Result<Object>>;
    fn read<'a>(&self, cx: &'a Ctx<W>, state: Object) -> BoxFuture<'a, Result<Option<Object>>>;
    fn update<'a>(&self, cx: &'a Ctx<W>, plan: Object, state: Object) -> BoxFuture<'a, Result<Object>>;
    fn delete<'a>(&self, cx: &'a Ctx<W>, state: Object) -> BoxFuture<'a, Result<()>>;
    fn import(&self, id: &str) -> Result<Object>;
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value>;
    fn moved(&self, source: &Source) -> Option<Result<Object>>;
}

/// [`DataSource`] over values.
#[allow(missing_docs, reason = "each method is the trait's of the same name")]
pub trait ErasedDataSource<W>: Send + Sync {
    fn name(&self) -> &'static str;
    fn subcategory(&self) -> &'static str;
    fn table(&self) -> &'static Table;
    fn check(&self, config: &Object) -> Vec<Diagnostic>;
    fn read<'a>(&self, cx: &'a Ctx<W>, config: Object) -> BoxFuture<'a, Result<Object>>;
}

/// [`Ephemeral`] over values.
#[allow(missing_docs, reason = "each method is the trait's of the same name")]
pub trait ErasedEphemeral<W>: Send + Sync {
    fn name(&self) -> &'static str;
    fn subcategory(&self) -> &'static str;
    fn table(&self) -> &'static Table;
    fn check(&self, config: &Object) -> Vec<Diagnostic>;
    fn open<'a>(&self, cx: &'a Ctx<W>, config: Object) -> BoxFuture<'a, Result<Opened<Object>>>;
    fn renew<'a>(&self, cx: &'a Ctx<W>, private: Vec<u8>) -> BoxFuture<'a, Result<Renewed>>;
    fn close<'a>(&self, cx: &'a Ctx<W>, private: Vec<u8>) -> BoxFuture<'a, Result<()>>;
}

/// [`Function`] over values.
#[allow(missing_docs, reason = "each method is the trait's of the same name")]
pub trait ErasedFunction: Send + Sync {
    fn name(&self) -> &'static str;
    fn summary(&self) -> &'static str;
    fn table(&self) -> &'static Table;
    fn output(&self) -> Type;
    fn call(&self, arguments: &Object) -> Result<Value, FunctionError>;
}

/// The row of a resource in the provider's list.
pub const fn resource<W: Send + Sync + 'static, R: Resource<W>>() -> ResourceEntry<W> {
    &Erased::<R>(PhantomData)
}

/// The row of a data source in the provider's list.
pub const fn data_source<W: Send + Sync + 'static, D: DataSource<W>>() -> DataSourceEntry<W> {
    &Erased::<D>(PhantomData)
}

/// The row of an ephemeral resource in the provider's list.
pub const fn ephemeral<W: Send + Sync + 'static, E: Ephemeral<W>>() -> EphemeralEntry<W> {
    &Erased::<E>(PhantomData)
}

/// The row of a function in the provider's list.
pub const fn function<F: Function>() -> FunctionEntry {
    &Erased::<F>(PhantomData)
}

struct Erased<T>(PhantomData<fn() -> T>);

impl<W: Send + Sync + 'static, R: Resource<W>> ErasedResource<W> for Erased<R> {
    fn name(&self) -> &'static str {
        R::TYPE
    }

    fn version(&self) -> i64 {
        R::VERSION
    }

    fn subcategory(&self) -> &'static str {
        R::SUBCATEGORY
    }

    fn table(&self) -> &'static Table {
        R::table()
    }

    fn check(&self, config: &Object) -> Vec<Diagnostic> {
        R::check(&View::new(config, Path::root()))
    }

    fn plan<'a>(&self, cx: &'a Ctx<W>, change: &'a mut Change) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { R::plan(cx, &mut Plan::new(change)).await })
    }

    fn create<'a>(&self, cx: &'a Ctx<W>, plan: Object) -> BoxFuture<'a, Result<Object>> {
        Box::pin(async move { Ok(R::create(cx, R::decode(&plan)?).await?.encode()) })
    }

    fn read<'a>(&self, cx: &'a Ctx<W>, state: Object) -> BoxFuture<'a, Result<Option<Object>>> {
        Box::pin(async move { Ok(R::read(cx, R::decode(&state)?).await?.map(|found| found.encode())) })
    }

    fn update<'a>(&self, cx: &'a Ctx<W>, plan: Object, state: Object) -> BoxFuture<'a, Result<Object>> {
        Box::pin(async move { Ok(R::update(cx, R::decode(&plan)?, R::decode(&state)?).await?.encode()) })
    }

    fn delete<'a>(&self, cx: &'a Ctx<W>, state: Object) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { R::delete(cx, R::decode(&state)?).await })
    }

    fn import(&self, id: &str) -> Result<Object> {
        R::import(id).map(Partial::into_object)
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        R::upgrade(version, state)
    }

    fn moved(&self, source: &Source) -> Option<Result<Object>> {
        R::moved(source).map(|moved| moved.map(Partial::into_object))
    }
}

impl<W: Send + Sync + 'static, D: DataSource<W>> ErasedDataSource<W> for Erased<D> {
    fn name(&self) -> &'static str {
        D::TYPE
    }

    fn subcategory(&self) -> &'static str {
        D::SUBCATEGORY
    }

    fn table(&self) -> &'static Table {
        D::table()
    }

    fn check(&self, config: &Object) -> Vec<Diagnostic> {
        D::check(&View::new(config, Path::root()))
    }

    fn read<'a>(&self, cx: &'a Ctx<W>, config: Object) -> BoxFuture<'a, Result<Object>> {
        Box::pin(async move { Ok(D::read(cx, D::decode(&config)?).await?.encode()) })
    }
}

impl<W: Send + Sync + 'static, E: Ephemeral<W>> ErasedEphemeral<W> for Erased<E> {
    fn name(&self) -> &'static str {
        E::TYPE
    }

    fn subcategory(&self) -> &'static str {
        E::SUBCATEGORY
    }

    fn table(&self) -> &'static Table {
        E::table()
    }

    fn check(&self, config: &Object) -> Vec<Diagnostic> {
        E::check(&View::new(config, Path::root()))
    }

    fn open<'a>(&self, cx: &'a Ctx<W>, config: Object) -> BoxFuture<'a, Result<Opened<Object>>> {
        Box::pin(async move {
            let Opened { result, private, renew_at } = E::open(cx, E::decode(&config)?).await?;
            Ok(Opened { result: result.encode(), private, renew_at })
        })
    }

    fn renew<'a>(&self, cx: &'a Ctx<W>, private: Vec<u8>) -> BoxFuture<'a, Result<Renewed>> {
        Box::pin(E::renew(cx, private))
    }

    fn close<'a>(&self, cx: &'a Ctx<W>, private: Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(E::close(cx, private))
    }
}

impl<F: Function> ErasedFunction for Erased<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn summary(&self) -> &'static str {
        F::SUMMARY
    }

    fn table(&self) -> &'static Table {
        F::table()
    }

    fn output(&self) -> Type {
        F::Output::ty()
    }

    fn call(&self, arguments: &Object) -> Result<Value, FunctionError> {
        let call = F::decode(arguments)
            .map_err(|mismatch| FunctionError::new(format!("The function {}.", mismatch.message)))?;
        Ok(call.call()?.encode())
    }
}
