//! What identifies a remote object: attributes of the model itself, or a model of its own where they are in blocks.

use std::fmt;

use crate::diagnostic::Result;
use crate::schema::{Attribute, Model, Partial, Table, View};
use crate::value::{Object, Path, Type, Value};

/// The identity of the objects of `M` as a model of its own: `identity { … }` of [`model!`](crate::model) names it.
///
/// Its attributes are text, numbers or lists of such, required or an `Option`.
pub trait Identity<M: Model>: Model {
    /// The identity of an object; nothing as long as some of it is unknown.
    fn of(object: &View<'_, M>) -> Option<Self>;

    /// What the identity says about the object.
    ///
    /// # Errors
    /// No object has this identity.
    fn known(self) -> Result<Partial<M>>;
}

/// An [`Identity`] without its types.
#[derive(Clone, Copy)]
pub struct Identified {
    table: fn() -> &'static Table,
    of: fn(&Object) -> Option<Object>,
    known: fn(&Object) -> Result<Object>,
}

impl fmt::Debug for Identified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identified").field(&self.attributes()).finish()
    }
}

impl Identified {
    /// The identity `I` of `M`.
    pub fn by<M: Model, I: Identity<M>>() -> Self {
        Self {
            table: I::table,
            of: |object| I::of(&View::new(object, Path::root())).map(|identity| identity.encode()),
            known: |identity| {
                let identity = I::decode(identity)?;
                identity.known().map(Partial::into_object)
            },
        }
    }

    pub(crate) fn attributes(&self) -> &'static [Attribute] {
        &(self.table)().attributes
    }
}

impl Table {
    /// The attributes that identify a remote object.
    pub fn identity(&self) -> impl Iterator<Item = &Attribute> {
        let attributes = match &self.identified {
            Some(identified) => identified.attributes(),
            None => &self.attributes,
        };
        attributes.iter().filter(|attribute| self.identified.is_some() || attribute.flags.identity)
    }

    /// The type of the identity.
    pub fn identity_ty(&self) -> Type {
        Type::object(self.identity().map(|attribute| (attribute.name, attribute.ty.clone())))
    }

    /// The identity of an object, as far as it is there.
    pub(crate) fn identity_of(&self, object: &Object) -> Object {
        let identity = match &self.identified {
            Some(identified) => (identified.of)(object).unwrap_or_default(),
            None => object.clone(),
        };
        let value = |name: &str| identity.get(name).cloned().unwrap_or_default();
        self.identity().map(|attribute| (attribute.name.to_owned(), value(attribute.name))).collect()
    }

    /// What an identity says about the object.
    ///
    /// # Errors
    /// No object has this identity.
    pub(crate) fn known_by(&self, identity: Object) -> Result<Object> {
        match &self.identified {
            Some(identified) => (identified.known)(&identity),
            None => Ok(identity),
        }
    }
}

impl Attribute {
    /// Whether an identity lacks it, although it is always there.
    pub(crate) fn is_lacking_in(&self, identity: &Object) -> bool {
        let is_always_there = self.is_required() || self.is_computed() && !self.traits.nullable;
        is_always_there && identity.get(self.name).is_none_or(Value::is_null)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;
    use crate::schema::{block, optional, required};

    crate::model! {
        /// Where it is.
        pub(crate) struct Shelf {
            /// The room.
            room: String = required(),
            /// The board.
            board: Option<i64> = optional(),
        }
    }

    crate::model! {
        /// Identified by a block.
        pub(crate) struct Book {
            /// The title.
            title: String = required(),
            /// Not part of it.
            note: Option<String> = optional(),
            /// Where it is.
            shelf: Shelf = block().min(1),
        }
        identity { BookIdentity }
    }

    crate::model! {
        /// What identifies a book.
        pub(crate) struct BookIdentity {
            /// The room.
            room: String = required(),
            /// The board.
            board: Option<i64> = optional(),
            /// The title.
            title: String = required(),
        }
    }

    impl Identity<Book> for BookIdentity {
        fn of(object: &View<'_, Book>) -> Option<Self> {
            let Shelf { room, board } = object.block(Book::shelf)?.decode()?;
            Some(Self { room, board, title: object.get(Book::title).known()? })
        }

        fn known(self) -> Result<Partial<Book>> {
            if self.room.is_empty() {
                return Err(Diagnostic::error("Malformed import identity", "There is no room without a name."));
            }
            let shelf = Shelf { room: self.room, board: self.board };
            Ok(Partial::default().with(Book::title, self.title).with(Book::shelf, shelf))
        }
    }

    pub(crate) fn book(room: Value) -> Object {
        let shelf = [("room", room), ("board", Value::Null)].map(|(name, value)| (name.to_owned(), value));
        let values = [("title", "A".into()), ("note", "n".into()), ("shelf", Value::Map(shelf.into()))];
        values.map(|(name, value): (_, Value)| (name.to_owned(), value)).into()
    }

    #[test]
    fn a_model_of_its_own_identifies_by_what_is_in_blocks() {
        let table = Book::table();
        let names: Vec<_> = table.identity().map(|attribute| attribute.name).collect();
        assert_eq!(names, ["room", "board", "title"]);
        let identity = table.identity_of(&book("hall".into()));
        assert_eq!(
            (&identity["room"], &identity["board"], &identity["title"]),
            (&"hall".into(), &Value::Null, &"A".into())
        );
        let known = table.known_by(identity).unwrap();
        assert_eq!(known.keys().collect::<Vec<_>>(), ["shelf", "title"], "the note is not part of it");
        assert_eq!(known["shelf"], book("hall".into())["shelf"]);
    }

    #[test]
    fn an_identity_that_is_not_known_is_lacking() {
        let table = Book::table();
        let identity = table.identity_of(&book(Value::unknown()));
        assert!(table.identity().any(|attribute| attribute.is_lacking_in(&identity)));
        assert!(!table.identity().any(|attribute| attribute.is_lacking_in(&table.identity_of(&book("hall".into())))));
        assert!(table.known_by(table.identity_of(&book("".into()))).is_err());
    }
}
