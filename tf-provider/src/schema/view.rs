//! Reading an object in which some values are not known yet.

use std::marker::PhantomData;

use crate::schema::{Field, Handle, Model, Set, Val};
use crate::value::{Object, Path, Value};

/// A configuration or plan of model `M`, typed, with unknowns.
pub struct View<'a, M> {
    object: &'a Object,
    at: Path,
    model: PhantomData<fn() -> M>,
}

impl<'a, M: Model> View<'a, M> {
    /// A view of an object that is at a path of the configuration.
    pub fn new(object: &'a Object, at: Path) -> Self {
        Self { object, at, model: PhantomData }
    }

    /// The value of an attribute, or its default.
    pub fn get<T: Field>(&self, handle: Handle<M, T>) -> Val<T::Plain> {
        handle.get(self.object)
    }

    /// Whether the configuration sets an attribute, even if the value is unknown.
    pub fn is_set<T: Field>(&self, handle: Handle<M, T>) -> bool {
        self.object.get(handle.name()).is_some_and(|value| !value.is_null())
    }

    /// The whole object, once everything but its computed attributes is known.
    pub fn decode(&self) -> Option<M> {
        M::decode(self.object).ok()
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

    /// A nested block that occurs once; nothing if it is missing or unknown as a whole.
    pub fn block<T: Field>(&self, handle: Handle<M, T>) -> Option<View<'a, T::Plain>>
    where
        T::Plain: Model,
    {
        Some(View::new(self.object.get(handle.name())?.as_map()?, self.path(handle)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::sample::{Door, Latch, Peer, Rule, Sample, complete, door, peer, rule, sample};

    fn view(object: &Object) -> View<'_, Sample> {
        View::new(object, Path::root())
    }

    #[test]
    fn values_are_null_unknown_known_or_the_default() {
        let object = sample([("note", Value::unknown()), ("ratio", 2.into())]);
        let view = view(&object);
        assert_eq!(view.get(Sample::name), Val::Known("a".to_owned()));
        assert_eq!(view.get(Sample::size), Val::Known(3), "the default");
        assert_eq!(view.get(Sample::note), Val::Unknown);
        assert_eq!(view.get(Sample::password), Val::Null);
        assert!(view.is_set(Sample::note) && !view.is_set(Sample::size));
    }

    #[test]
    fn a_collection_with_something_unknown_is_unknown() {
        let object = sample([("words", Value::Set(["a".into(), Value::unknown()].into()))]);
        assert_eq!(view(&object).get(Sample::words), Val::Unknown);
    }

    #[test]
    fn blocks_know_where_they_are() {
        let latch = Value::Map(complete(<Latch as Model>::table(), [("kind", "bolt".into())]));
        let object = sample([
            ("rule", Value::List(vec![rule([("port", 1.into())]), rule([("port", Value::unknown())])])),
            ("peer", Value::Set([peer([("host", "a".into())])].into())),
            ("door", door([("width", 80.into()), ("latch", Value::List(vec![latch]))])),
        ]);
        let view = view(&object);
        let rules = view.blocks(Sample::rule).unwrap();
        assert_eq!(rules[1].get(Rule::port), Val::Unknown);
        assert_eq!(rules[1].path(Rule::port).to_string(), "rule[1].port");
        let peers = view.set_blocks(Sample::peer).unwrap();
        assert_eq!(peers[0].get(Peer::weight), Val::Known(1));
        assert_eq!(peers[0].path(Peer::host).to_string(), "peer.host");
        let door = view.block(Sample::door).unwrap();
        assert_eq!((door.get(Door::width), door.at().to_string().as_str()), (Val::Known(80), "door"));
        let latches = door.blocks(Door::latch).unwrap();
        assert_eq!(latches[0].path(Latch::kind).to_string(), "door.latch[0].kind");
    }

    #[test]
    fn missing_and_unknown_blocks_are_distinguished() {
        let object = sample([("peer", Value::unknown())]);
        assert_eq!(view(&object).blocks(Sample::rule).map(|rules| rules.len()), Some(0));
        assert!(view(&object).set_blocks(Sample::peer).is_none());
        assert!(view(&object).block(Sample::door).is_none());
        let half = sample([("rule", Value::List(vec![Value::unknown()]))]);
        assert!(view(&half).blocks(Sample::rule).is_none());
    }
}
