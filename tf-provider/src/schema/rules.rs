//! The rules an attribute follows: `required().replace().check(…)`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::schema::check::Check;
use crate::schema::{Computed, Field, Model, View};
use crate::value::{Object, Path, Value};

/// Who provides a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration, always.
    Required,
    /// The configuration, if it likes.
    Optional,
    /// The provider.
    Computed,
}

/// A pure function from a planned object to one of its attributes.
pub type Derive = Arc<dyn Fn(&Object) -> Value + Send + Sync>;

/// The rules of one attribute, its types erased.
#[derive(Clone)]
pub struct Flags {
    /// Who provides the value.
    pub presence: Presence,
    /// It is a nested block.
    pub block: bool,
    /// The last parameter of a function, which may repeat.
    pub variadic: bool,
    /// Least number of blocks.
    pub min: u64,
    /// Greatest number of blocks; 0 is any number.
    pub max: u64,
    /// A change replaces the object.
    pub replace: bool,
    /// A computed value survives updates.
    pub keep: bool,
    /// Part of the identity.
    pub identity: bool,
    /// Hidden in the user interface.
    pub sensitive: bool,
    /// Never stored.
    pub write_only: bool,
    /// Accepted in a configuration and ignored.
    pub ignored: bool,
    /// Why not to use it any more.
    pub deprecated: Option<&'static str>,
    /// The value if the configuration sets none.
    pub default: Option<Value>,
    /// Follows from the rest of the plan.
    pub derived: Option<Derive>,
    /// The framework also derives it again from what a resource returns.
    pub follows: bool,
    /// What rules about several attributes say about this one; whole sentences.
    pub relations: Vec<String>,
    /// Requirements on the whole value.
    pub checks: Vec<Check>,
    /// Requirements on each element.
    pub each: Vec<Check>,
}

/// The rules of an attribute of type `T` in model `M`.
#[derive(Debug)]
pub struct Rules<M, T>(Flags, PhantomData<fn() -> (M, T)>);

/// The configuration must set it.
pub fn required<M, T: Field>() -> Rules<M, T> {
    Rules::new(Presence::Required)
}

/// The configuration may set it; with [`Computed`](crate::schema::Computed) the provider fills it otherwise.
pub fn optional<M, T: Field>() -> Rules<M, T> {
    Rules::new(Presence::Optional)
}

/// Only the provider sets it.
pub fn computed<M, T: Field>() -> Rules<M, T> {
    Rules::new(Presence::Computed)
}

/// A nested block: `Vec` is a list of them, `Set` a set, `Option` at most one.
pub fn block<M, T: Field>() -> Rules<M, T> {
    let mut rules = Rules::new(Presence::Optional);
    rules.0.block = true;
    rules
}

/// The last parameter of a function: all further arguments.
pub fn variadic<M, T: Field>() -> Rules<M, T> {
    let mut rules = Rules::new(Presence::Required);
    rules.0.variadic = true;
    rules
}

impl<M, T: Field> Rules<M, T> {
    fn new(presence: Presence) -> Self {
        Self(
            Flags {
                presence,
                block: false,
                variadic: false,
                min: 0,
                max: 0,
                replace: false,
                keep: false,
                identity: false,
                sensitive: false,
                write_only: false,
                ignored: false,
                deprecated: None,
                default: None,
                derived: None,
                follows: false,
                relations: Vec::new(),
                checks: Vec::new(),
                each: Vec::new(),
            },
            PhantomData,
        )
    }

    /// At least so many blocks.
    #[must_use]
    pub fn min(mut self, min: u64) -> Self {
        self.0.min = min;
        self
    }

    /// At most so many blocks.
    #[must_use]
    pub fn max(mut self, max: u64) -> Self {
        self.0.max = max;
        self
    }

    /// A change replaces the object.
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.0.replace = true;
        self
    }

    /// The provider's value survives updates instead of being unknown until applied.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.0.keep = true;
        self
    }

    /// Part of what identifies the remote object, and of its import id, in the order of declaration.
    #[must_use]
    pub fn identity(mut self) -> Self {
        self.0.identity = true;
        self
    }

    /// Hidden in the user interface, but stored in the state.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.0.sensitive = true;
        self
    }

    /// Reaches create and update, and is stored nowhere; pair it with a `…_wo_version`.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.0.write_only = true;
        self
    }

    /// Still works; the text says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, instead: &'static str) -> Self {
        self.0.deprecated = Some(instead);
        self
    }

    /// The value if the configuration sets none.
    #[must_use]
    pub fn or(mut self, default: impl Into<T::Plain>) -> Self {
        self.0.default = Some(default.into().encode());
        self
    }

    /// A requirement on a known value.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.0.checks.push(check);
        self
    }

    /// A requirement on every known element.
    #[must_use]
    pub fn each(mut self, check: Check) -> Self {
        self.0.each.push(check);
        self
    }

    /// The rules without their types.
    pub fn flags(self) -> Flags {
        self.0
    }
}

impl<M: Model, T: Field> Rules<M, Computed<T>> {
    /// The value follows from the rest of the plan: known as soon as that is, and compared with what a read found,
    /// so that foreign changes show although no attribute of the configuration could express them.
    #[must_use]
    pub fn derived(mut self, derive: fn(&View<'_, M>) -> crate::schema::Val<T>) -> Self {
        self.0.derived = Some(Arc::new(move |object| derive(&View::new(object, Path::root())).encode()));
        self
    }

    /// The value is nothing but other attributes in another form, such as an `id`: known in a plan as soon as they are,
    /// and filled in by the framework in all that the resource creates, reads and updates.
    #[must_use]
    pub fn follows(self, derive: fn(&View<'_, M>) -> crate::schema::Val<T>) -> Self {
        let mut rules = self.derived(derive);
        rules.0.follows = true;
        rules
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flags").field("presence", &self.presence).field("block", &self.block).finish_non_exhaustive()
    }
}
