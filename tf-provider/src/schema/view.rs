//! Reading an object in which some values are not known yet.

use std::marker::PhantomData;

use crate::schema::{Field, Handle, Model, Set, Val};
use crate::value::{Object, Path, Value};

/// A configuration or plan of model `M`, typed, with unknowns.
#[derive(Debug)]
pub struct View<'a, M> {
    object: &'a Object,
    at: Path,
    model: PhantomData<fn() -> M>,
}

impl<'a, M: Model> View<'a, M> {
    /// Looks at an object that lies at a path of the configuration.
    pub fn new(object: &'a Object, at: Path) -> Self {
        Self { object, at, model: PhantomData }
    }

    /// The value of an attribute, or its default.
    pub fn get<T: Field>(&self, handle: Handle<M, T>) -> Val<T::Plain> {
        handle.get(self.object)
    }

    /// Whether the configuration sets an attribute, be it to something unknown.
    pub fn is_set<T: Field>(&self, handle: Handle<M, T>) -> bool {
        self.object.get(handle.name()).is_some_and(|value| !value.is_null())
    }

    /// The path of an attribute.
    pub fn path<T>(&self, handle: Handle<M, T>) -> Path {
        self.at.field(handle)
    }

    /// The path of the object itself.
    pub fn at(&self) -> &Path {
        &self.at
    }

    /// The nested blocks of a list; nothing when their number is not known.
    pub fn blocks<B: Model + Field>(&self, handle: Handle<M, Vec<B>>) -> Option<Vec<View<'a, B>>> {
        let at = self.path(handle);
        self.nested(handle.name(), |index| at.index(index))
    }

    /// The nested blocks of a set; nothing when their number is not known.
    pub fn set_blocks<B: Model + Field>(&self, handle: Handle<M, Set<B>>) -> Option<Vec<View<'a, B>>> {
        let at = self.path(handle);
        self.nested(handle.name(), |_| at.clone())
    }

    /// A block that occurs at most once; nothing when it is absent or not known.
    pub fn block<B: Model + Field>(&self, handle: Handle<M, Option<B>>) -> Option<View<'a, B>> {
        let object = self.object.get(handle.name())?.as_map()?;
        Some(View::new(object, self.path(handle)))
    }

    fn nested<B: Model>(&self, name: &str, at: impl Fn(usize) -> Path) -> Option<Vec<View<'a, B>>> {
        match self.object.get(name) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(value) => {
                let elements = value.as_elements()?.iter().enumerate();
                elements.map(|(index, element)| Some(View::new(element.as_map()?, at(index)))).collect()
            }
        }
    }
}
