//! Entities without their types: the rows of a provider's lists.

use std::marker::PhantomData;
use std::pin::Pin;

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::plan::Change;
use crate::schema::{
    Ctx, DataSource, Ephemeral, Field as _, Function, FunctionError, Opened, Partial, Plan, Renewed, Resource, Source,
    Table, View,
};
use crate::value::{Object, Path, Type, Value};

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

pub(crate) struct Erased<T>(pub(crate) PhantomData<fn() -> T>);

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
        Box::pin(async move {
            let before = change.planned.clone();
            R::plan(cx, &mut Plan::new(change)).await?;
            change.follow(R::table(), before.as_ref());
            Ok(())
        })
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
