//! The parts of a provider: resources, data sources, ephemeral resources, functions, list resources and actions.

mod action;
mod erased;
mod list;

pub use action::{Action, ActionEntry, ErasedAction, action};
pub use erased::{
    BoxFuture, DataSourceEntry, EphemeralEntry, ErasedDataSource, ErasedEphemeral, ErasedFunction, ErasedResource,
    FunctionEntry, ResourceEntry, data_source, ephemeral, function, resource,
};
pub use list::{ErasedList, Found, List, ListEntry, Listing, list};

use crate::diagnostic::{Diagnostic, Result};
use crate::schema::{Attribute, Ctx, Field, Handle, Model, Partial, Plan, View};
use crate::value::{Type, Value};

/// A provider: its block, how it is configured, and the lists of its entities.
pub trait Provider: Send + Sync + 'static {
    /// The state of a configured provider; entities reach it through [`Ctx`].
    type World: Send + Sync + 'static;
    /// The provider block. Its values can be unknown in a plan: use [`Val`](crate::schema::Val).
    type Config: Model;

    /// The prefix of its type names, without the underscore.
    const NAME: &'static str;

    /// Judges the provider block; sees unknown values.
    fn check(_config: &View<'_, Self::Config>) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Configures the provider. Runs several times per command and must not access the network.
    ///
    /// # Errors
    /// The configuration is invalid whatever the operation.
    fn configure(config: Self::Config, host: Host) -> Result<Self::World>;

    /// Called when there is, or is about to be, a state of the object that this create created: core has sent it, or
    /// the answer that carries it is next.
    fn stored(_world: &Self::World, _creation_id: &str) {}

    /// The warnings of a plan, before they are sent: an apply plans again in another process, and would repeat them.
    fn plan_warnings(_world: &Self::World, warnings: Vec<Diagnostic>) -> Vec<Diagnostic> {
        warnings
    }

    /// Core shuts the provider down in order, so it has received all answers. The process ends after this.
    fn shut_down(_world: &Self::World) {}

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

    /// Its list resources.
    fn lists() -> &'static [ListEntry<Self::World>] {
        &[]
    }

    /// Its actions.
    fn actions() -> &'static [ActionEntry<Self::World>] {
        &[]
    }
}

/// Who configures the provider.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Version of Terraform or OpenTofu.
    pub version: String,
}

/// An object that is created, read, updated and deleted.
pub trait Resource<W: Send + Sync + 'static>: Model {
    /// Type name without the provider's prefix.
    const TYPE: &'static str;
    /// Version of the schema.
    const VERSION: i64 = 0;
    /// Heading under which the registry lists it.
    const SUBCATEGORY: &'static str = "";

    /// Creates the object, or completes the create of an interrupted run.
    fn create(cx: &Ctx<W>, plan: Self) -> impl Future<Output = Result<Self>> + Send;

    /// Reads the object; `None` if it no longer exists.
    fn read(cx: &Ctx<W>, state: Self) -> impl Future<Output = Result<Option<Self>>> + Send;

    /// Changes the object from `state` to `plan`.
    fn update(cx: &Ctx<W>, plan: Self, state: Self) -> impl Future<Output = Result<Self>> + Send;

    /// Deletes the object; succeeds if it no longer exists.
    fn delete(cx: &Ctx<W>, state: Self) -> impl Future<Output = Result<()>> + Send;

    /// Validates what no single attribute's check can; sees unknown values.
    fn check(_config: &View<'_, Self>) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Adjusts a plan, or warns after reading the remote side. Runs again during apply, so it must give the same
    /// answer, and it never writes.
    ///
    /// Derived attributes follow what it sets. Other computed ones do not become unknown by it: where it alone turns a
    /// plan without changes into an update, it must [`Plan::forget`] those that the update changes.
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

    /// Converts the state of an object of another type (`moved`); `None` if that type is not supported.
    fn moved(_source: &Source) -> Option<Result<Partial<Self>>> {
        None
    }
}

/// An object of another type that a `moved` block names.
#[derive(Clone)]
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

    /// Reads, and fills the computed attributes.
    fn read(cx: &Ctx<W>, config: Self) -> impl Future<Output = Result<Self>> + Send;

    /// Validates what no single attribute's check can; sees unknown values.
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

    /// Keeps it open; gets the private data of the last `open` or `renew`.
    fn renew(_cx: &Ctx<W>, _private: Vec<u8>) -> impl Future<Output = Result<Renewed>> + Send {
        async { Err(Diagnostic::bug("an ephemeral resource without renewal was renewed")) }
    }

    /// Closes it; gets the private data of `open`, even after a renewal.
    fn close(_cx: &Ctx<W>, _private: Vec<u8>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Validates what no single attribute's check can; sees unknown values.
    fn check(_config: &View<'_, Self>) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// An open ephemeral resource.
#[derive(Clone)]
pub struct Opened<T> {
    /// Its values.
    pub result: T,
    /// Private data for `renew` and `close`.
    pub private: Vec<u8>,
    /// When it must be renewed.
    pub renew_at: Option<jiff::Timestamp>,
}

/// The result of a renewal.
#[derive(Clone, Default)]
pub struct Renewed {
    /// Private data for the next renewal.
    pub private: Vec<u8>,
    /// When it must be renewed again.
    pub renew_at: Option<jiff::Timestamp>,
}

/// A pure function; its fields are its parameters.
pub trait Function: Model {
    /// The type that it returns.
    type Output: Field;

    /// Name, without the provider's.
    const NAME: &'static str;
    /// Its purpose, in half a sentence.
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
    let value = |attribute: &Attribute, part: &str| match attribute.ty {
        Type::Number => part.parse().map(Value::Number).ok(),
        Type::String => Some(Value::string(part)),
        _ => None,
    };
    let named = names.iter().zip(parts).map(|(attribute, part)| {
        let value = value(attribute, part).ok_or_else(|| {
            let detail =
                format!("\"{part}\" cannot be the attribute \"{}\" in an id of the form {}.", attribute.name, form());
            Diagnostic::error("Malformed import id", detail)
        })?;
        Ok((attribute.name.to_owned(), value))
    });
    M::table().known_by(named.collect::<Result<_>>()?).map(Partial::from_object)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::schema::{Computed, Val, computed, optional, required, variadic};
    use crate::value::Object;

    crate::model! {
        /// With an identity of two parts.
        struct Port {
            /// Host.
            host: String = required().replace().identity(),
            /// Number.
            number: i64 = required().replace().identity(),
            /// Note.
            note: Option<String> = optional(),
            /// Computed.
            url: Computed<String> = computed().keep(),
        }
    }

    impl Resource<()> for Port {
        const TYPE: &'static str = "port";
        const VERSION: i64 = 2;

        async fn create(_: &Ctx<()>, mut plan: Self) -> Result<Self> {
            plan.url = Computed::Known(format!("{}:{}", plan.host, plan.number));
            Ok(plan)
        }

        async fn read(_: &Ctx<()>, state: Self) -> Result<Option<Self>> {
            Ok((state.host != "gone").then_some(state))
        }

        async fn update(_: &Ctx<()>, plan: Self, _: Self) -> Result<Self> {
            Ok(plan)
        }

        async fn delete(_: &Ctx<()>, state: Self) -> Result<()> {
            if state.host == "stuck" { Err(Diagnostic::error("Cannot delete", "")) } else { Ok(()) }
        }

        fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
            match config.get(Self::note) {
                Val::Known(_) => vec![Diagnostic::error("Noted", "").at(Self::note)],
                Val::Null | Val::Unknown => Vec::new(),
            }
        }
    }

    crate::model! {
        /// Without an identity.
        struct Nameless {
            /// Note.
            note: Option<String> = optional(),
        }
    }

    crate::model! {
        /// Adds.
        struct Add {
            /// The first.
            first: i64 = required(),
            /// The others.
            others: Vec<i64> = variadic(),
        }
    }

    impl Function for Add {
        type Output = i64;
        const NAME: &'static str = "add";
        const SUMMARY: &'static str = "adds numbers";

        fn call(self) -> Result<i64, FunctionError> {
            match self.others.iter().position(|other| *other < 0) {
                Some(index) => Err(FunctionError::variadic(Self::others, index, "A number is negative.")),
                None => Ok(self.first + self.others.iter().sum::<i64>()),
            }
        }
    }

    fn port<const N: usize>(attributes: [(&str, Value); N]) -> Object {
        attributes.map(|(name, value)| (name.to_owned(), value)).into()
    }

    #[test]
    fn an_import_id_is_the_identity_in_order() {
        let import = |id| import_by_identity::<Port>(id).map(Partial::into_object);
        assert_eq!(import("db/5432"), Ok(port([("host", "db".into()), ("number", 5432.into())])));
        for (id, complaint) in [
            ("db", "\"db\" is not of the form host/number."),
            ("/5432", "\"/5432\" is not of the form host/number."),
            ("db/", "\"db/\" is not of the form host/number."),
            ("", "\"\" is not of the form host/number."),
            ("db/x", "\"x\" cannot be the attribute \"number\" in an id of the form host/number."),
            ("db/1/2", "\"1/2\" cannot be the attribute \"number\" in an id of the form host/number."),
        ] {
            assert_eq!(import(id).unwrap_err().detail, complaint);
        }
    }

    #[test]
    fn the_last_part_of_an_import_id_may_hold_slashes() {
        crate::model! {
            /// Of one part.
            struct Arn {
                /// The whole.
                arn: String = required().replace().identity(),
            }
        }
        let imported = import_by_identity::<Arn>("arn:aws:iam::1:role/a/b").map(Partial::into_object);
        assert_eq!(imported, Ok(port([("arn", "arn:aws:iam::1:role/a/b".into())])));
    }

    #[test]
    fn without_an_identity_there_is_no_import() {
        let error = import_by_identity::<Nameless>("x").map(Partial::into_object).unwrap_err();
        assert_eq!(error.summary, "Import is not supported");
    }

    #[tokio::test]
    async fn an_erased_resource_does_what_the_resource_does() {
        let entry = resource::<(), Port>();
        let cx = Ctx::new(Arc::new(()), Duration::from_secs(7), CancellationToken::new());
        assert_eq!((entry.name(), entry.version(), entry.subcategory()), ("port", 2, ""));
        let plan =
            port([("host", "db".into()), ("number", 1.into()), ("note", Value::Null), ("url", Value::unknown())]);
        let created = entry.create(&cx, plan).await.unwrap();
        assert_eq!(created["url"], "db:1".into());
        assert_eq!(entry.read(&cx, created.clone()).await, Ok(Some(created.clone())));
        let gone = port([("host", "gone".into()), ("number", 1.into())]);
        assert_eq!(entry.read(&cx, gone).await, Ok(None));
        assert_eq!(entry.update(&cx, created.clone(), created.clone()).await.as_ref(), Ok(&created));
        assert_eq!(entry.delete(&cx, created).await, Ok(()));
        let stuck = port([("host", "stuck".into()), ("number", 1.into())]);
        assert_eq!(entry.delete(&cx, stuck).await.unwrap_err().summary, "Cannot delete");
        let mistyped = port([("host", 1.into())]);
        assert_eq!(entry.delete(&cx, mistyped).await.unwrap_err().path.to_string(), "host");
    }

    #[test]
    fn what_a_resource_does_not_say_is_refused_kindly() {
        let entry = resource::<(), Port>();
        assert!(entry.upgrade(1, serde_json::Value::Null).unwrap_err().detail.contains("schema version 1"));
        let source =
            Source { provider: String::new(), type_name: String::new(), version: 0, state: serde_json::Value::Null };
        assert!(entry.moved(&source).is_none());
        assert_eq!(entry.check(&port([("note", Value::unknown())])), []);
        assert_eq!(entry.check(&port([("note", "n".into())]))[0].path.to_string(), "note");
    }

    #[test]
    fn a_function_is_called_with_its_arguments() {
        let entry = function::<Add>();
        let call = |others: &[i64]| {
            let others = Value::List(others.iter().map(|n| Value::from(*n)).collect());
            entry.call(&port([("first", 1.into()), ("others", others)]))
        };
        assert_eq!((entry.name(), entry.summary(), entry.output()), ("add", "adds numbers", Type::Number));
        assert_eq!(call(&[2, 3]), Ok(6.into()));
        assert_eq!(call(&[]), Ok(1.into()));
        assert_eq!(call(&[2, -3]).unwrap_err().argument, Some(("others", 1)));
    }
}
