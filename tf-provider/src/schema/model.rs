//! `model!`: one declaration of a struct, a schema and its documentation.

use std::fmt;
use std::marker::PhantomData;

use crate::schema::{Field, Mismatch, Table, Val};
use crate::value::{Object, Path, Step, Value};

/// A struct declared with [`model!`](crate::model).
pub trait Model: Sized + Send + Sync + 'static {
    /// Its attributes.
    fn table() -> &'static Table;

    /// Reads an object. Null becomes the default, or a blank where the Rust type has no null.
    ///
    /// # Errors
    /// A value does not fit the Rust type of its attribute.
    fn decode(object: &Object) -> Result<Self, Mismatch>;

    /// Writes an object: every attribute, but no `timeouts`.
    fn encode(&self) -> Object;
}

/// The name of one attribute of model `M`, which holds a `T`.
///
/// `model!` declares one for each field, as an associated constant of the same name.
pub struct Handle<M, T>(&'static str, PhantomData<fn() -> (M, T)>);

/// An object of which only some attributes are known, as given by an import id.
pub struct Partial<M>(Object, PhantomData<fn() -> M>);

/// Declares a model: a struct whose fields are the attributes of a Terraform object.
///
/// ```
/// use tf_provider::schema::{Computed, check, computed, optional, required};
///
/// tf_provider::model! {
///     /// A pet.
///     pub struct Pet {
///         /// What it is called.
///         name: String = required().replace().identity().check(check::length(1..=20)),
///         /// Whether it may go out.
///         outdoor: bool = optional().or(false),
///         /// Number on its collar.
///         tag: Computed<String> = computed().keep(),
///     }
///     timeouts { create: "5m" }
/// }
/// # use tf_provider::schema::Model as _;
/// assert_eq!(Pet::table().attributes.len(), 3);
/// assert_eq!(Pet::name.path().to_string(), "name");
/// ```
///
/// After the struct, `rules { … }` takes rules about several attributes: `exactly_one_of(a, b)`, `conflicts(a, b)` and
/// `required_together(a, b)`. They are checked as soon as enough is known, and each attribute's documentation says so.
/// `timeouts { … }` declares how long operations may take, `identity { MODEL }` the [`Identity`](crate::schema::Identity)
/// of what no attributes of its own identify, and `ignored { NAMES => "doc" }` adds optional strings that
/// are accepted and ignored.
///
/// Doc comments are the user's documentation. The Rust type determines the Terraform type and whether the attribute is
/// optional or computed; the rules determine the rest.
#[macro_export]
macro_rules! model {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $field_doc:literal])* $field:ident : $ty:ty = $rules:expr ),* $(,)?
        }
        $( rules { $( $rule:ident ( $( $member:ident ),+ $(,)? ) ),* $(,)? } )?
        $( timeouts { $( $operation:ident : $limit:literal ),* $(,)? } )?
        $( identity { $identity:ty } )?
        $( ignored { $ignored:expr => $ignored_doc:literal } )?
    ) => {
        $(#[doc = $doc])*
        #[allow(unreachable_pub, reason = "a model may be private")]
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $( $(#[doc = $field_doc])* $vis $field: $ty, )*
        }

        #[allow(dead_code, non_upper_case_globals, unreachable_pub)]
        impl $name {
            $( $(#[doc = $field_doc])* $vis const $field: $crate::schema::Handle<$name, $ty> =
                $crate::schema::Handle::new(stringify!($field)); )*
        }

        impl $crate::schema::Model for $name {
            fn table() -> &'static $crate::schema::Table {
                static TABLE: std::sync::OnceLock<$crate::schema::Table> = std::sync::OnceLock::new();
                TABLE.get_or_init(|| {
                    #[allow(unused_mut)]
                    let mut table = $crate::schema::Table::new(concat!($($doc, "\n"),*));
                    $( {
                        let rules: $crate::schema::Rules<$name, $ty> = $rules;
                        table.push(stringify!($field), concat!($($field_doc, "\n"),*), rules);
                    } )*
                    $( $( table.relate($crate::schema::Relation::$rule(&[$( Self::$member.name() ),+])); )* )?
                    $( table.timeouts = Some($crate::schema::Timeouts(
                        vec![$((stringify!($operation), $limit)),*]
                    )); )?
                    $( table.identified = Some($crate::schema::Identified::by::<Self, $identity>()); )?
                    $( table.ignore($ignored, $ignored_doc); )?
                    table
                })
            }

            fn decode(object: &$crate::value::Object) -> Result<Self, $crate::schema::Mismatch> {
                let _ = object;
                Ok(Self { $( $field: Self::$field.decode(object)?, )* })
            }

            fn encode(&self) -> $crate::value::Object {
                $crate::value::Object::from([
                    $( (Self::$field.name().to_owned(), $crate::schema::Field::encode(&self.$field)), )*
                ])
            }
        }

        impl $crate::schema::Field for $name {
            type Plain = Self;

            fn ty() -> $crate::value::Type {
                <Self as $crate::schema::Model>::table().ty()
            }

            fn decode(value: &$crate::value::Value) -> Result<Self, $crate::schema::Mismatch> {
                match value.as_map() {
                    Some(object) => <Self as $crate::schema::Model>::decode(object),
                    None => Err($crate::schema::Mismatch::expected("an object", value)),
                }
            }

            fn encode(&self) -> $crate::value::Value {
                $crate::value::Value::Map(<Self as $crate::schema::Model>::encode(self))
            }

            fn blank() -> Self {
                Self { $( $field: <$ty as $crate::schema::Field>::blank(), )* }
            }

            fn traits() -> $crate::schema::Traits {
                $crate::schema::Traits {
                    table: Some(<Self as $crate::schema::Model>::table()),
                    ..Default::default()
                }
            }
        }
    };
}

// === impl Handle ===

impl<M, T> Clone for Handle<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for Handle<M, T> {}

impl<M, T> fmt::Debug for Handle<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<M, T> Handle<M, T> {
    /// For `model!` only.
    pub const fn new(name: &'static str) -> Self {
        Self(name, PhantomData)
    }

    /// The attribute's name.
    pub fn name(self) -> &'static str {
        self.0.strip_prefix("r#").unwrap_or(self.0)
    }

    /// The attribute's path from its model.
    pub fn path(self) -> Path {
        Path::root().attribute(self.name())
    }
}

impl<M: Model, T: Field> Handle<M, T> {
    /// The attribute of an object; see [`Model::decode`].
    ///
    /// # Errors
    /// The value does not fit the Rust type.
    pub fn decode(self, object: &Object) -> Result<T, Mismatch> {
        match object.get(self.name()) {
            None | Some(Value::Null) if !T::traits().nullable => {
                let default = M::table().attribute(self.name()).and_then(|attribute| attribute.flags.default.as_ref());
                default.map_or_else(|| Ok(T::blank()), T::decode)
            }
            value => T::decode(value.unwrap_or(&Value::Null)),
        }
        .map_err(|error| error.under(Step::Attribute(self.name().to_owned())))
    }

    /// The attribute of an object that may hold unknown values.
    pub(crate) fn get(self, object: &Object) -> Val<T::Plain> {
        let default = || M::table().attribute(self.name()).and_then(|attribute| attribute.flags.default.as_ref());
        match object.get(self.name()) {
            None | Some(Value::Null) => {
                default().and_then(|value| T::Plain::decode(value).ok()).map_or(Val::Null, Val::Known)
            }
            Some(value) if value.is_wholly_known() => T::Plain::decode(value).map_or(Val::Unknown, Val::Known),
            Some(_) => Val::Unknown,
        }
    }
}

impl<M, T> From<Handle<M, T>> for Path {
    fn from(handle: Handle<M, T>) -> Self {
        handle.path()
    }
}

impl Path {
    /// The attribute of a nested model: `Self::database.path().index(0).field(Database::region)`.
    #[must_use]
    pub fn field<M, T>(&self, handle: Handle<M, T>) -> Self {
        self.attribute(handle.name())
    }
}

// === impl Partial ===

impl<M: Model> Default for Partial<M> {
    fn default() -> Self {
        Self(Object::new(), PhantomData)
    }
}

impl<M: Model> Partial<M> {
    /// One more known attribute.
    #[must_use]
    pub fn with<T: Field>(mut self, handle: Handle<M, T>, value: impl Into<T>) -> Self {
        self.0.insert(handle.name().to_owned(), value.into().encode());
        self
    }

    /// The known attributes.
    pub fn into_object(self) -> Object {
        self.0
    }

    /// The object that an import begins with: what is known, the defaults, and nothing else.
    ///
    /// # Errors
    /// A value does not fit the Rust type of its attribute, which is a mistake of the provider.
    pub fn decode(&self) -> Result<M, Mismatch> {
        M::decode(&self.0)
    }

    /// The known attributes by name.
    pub(crate) fn from_object(object: Object) -> Self {
        Self(object, PhantomData)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::sample::{Part, Sample, created, sample};
    use crate::schema::{Computed, Json, TIMEOUTS, required};

    crate::model! {
        /// First line,
        /// second line.
        ///
        ///     indented
        struct Keyword {
            /// A name that Rust keeps for itself.
            r#type: String = required(),
        }
    }

    crate::model! {
        /// Accepts arguments of another provider.
        struct Copied {
            /// A text that counts.
            name: String = required(),
        }
        ignored { &["ec2", "s3"] => " Accepted and not read." }
    }

    #[test]
    fn what_is_ignored_may_be_set_and_is_not_read() {
        let table = Copied::table();
        let names: Vec<_> = table.attributes.iter().map(|attribute| attribute.name).collect();
        assert_eq!(names, ["name", "ec2", "s3"]);
        for ignored in &table.attributes[1..] {
            assert!(ignored.flags.ignored && ignored.is_optional() && !ignored.is_computed());
            assert_eq!((&ignored.ty, ignored.doc.as_str()), (&crate::value::Type::String, "Accepted and not read."));
        }
        for ec2 in [Value::Null, Value::unknown(), "http://localhost:4566".into()] {
            let set = [("name", Value::from("a")), ("ec2", ec2), ("s3", Value::Null)];
            let object: Object = set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!(crate::schema::validate::config(table, &object, true), []);
            let read = <Copied as Model>::decode(&object).unwrap();
            assert_eq!(<Copied as Model>::encode(&read), Object::from([("name".to_owned(), "a".into())]));
        }
    }

    #[test]
    fn doc_comments_become_text() {
        assert_eq!(Keyword::table().doc, "First line,\nsecond line.\n\n    indented");
        assert_eq!(Keyword::table().attributes[0].doc, "A name that Rust keeps for itself.");
    }

    #[test]
    fn raw_identifiers_lose_their_mark() {
        assert_eq!(Keyword::table().attributes[0].name, "type");
        assert_eq!(Keyword::r#type.path().to_string(), "type");
        let object = Object::from([("type".to_owned(), Value::from("a"))]);
        let model = <Keyword as Model>::decode(&object).unwrap();
        assert_eq!((model.r#type.as_str(), &<Keyword as Model>::encode(&model)), ("a", &object));
    }

    #[test]
    fn a_model_survives_its_object() {
        let mut object = created(&sample([("note", "".into())]));
        let model = <Sample as Model>::decode(&object).unwrap();
        object.remove(TIMEOUTS);
        object.insert("tags".to_owned(), Value::Map(Object::new()));
        assert_eq!(<Sample as Model>::encode(&model), object, "null of a type without null is blank");
        assert_eq!(<Sample as Field>::decode(&<Sample as Field>::encode(&model)), Ok(model));
    }

    #[test]
    fn keys_of_maps_are_brought_into_normal_form() {
        let mut model = <Sample as Model>::decode(&created(&sample([]))).unwrap();
        model.tags = [("e\u{301}".to_owned(), "e\u{301}".to_owned())].into();
        let expected = Value::Map([("é".to_owned(), Value::from("é"))].into());
        assert_eq!(<Sample as Model>::encode(&model)["tags"], expected);
    }

    #[test]
    fn an_object_without_attributes_is_defaults_and_blanks() {
        let model = <Sample as Model>::decode(&Object::new()).unwrap();
        assert_eq!((model.name.as_str(), model.size, model.style), ("", 3, Json::from("{}".to_owned())));
        assert_eq!((model.id, model.note), (Computed::Unknown, None));
    }

    #[test]
    fn a_mismatch_names_the_attribute() {
        let object = Object::from([("size".to_owned(), Value::from("three"))]);
        let error = <Sample as Model>::decode(&object).unwrap_err();
        assert_eq!(error.path.to_string(), "size");
        let part = Value::Map([("serial".to_owned(), 1.into())].into());
        let object = Object::from([("parts".to_owned(), Value::List(vec![part]))]);
        assert_eq!(<Sample as Model>::decode(&object).unwrap_err().path.to_string(), "parts[0].serial");
        assert!(<Part as Field>::decode(&"text".into()).unwrap_err().message.contains("expected an object"));
    }

    #[test]
    fn the_type_has_all_attributes_and_the_timeouts() {
        let table = Sample::table();
        let crate::value::Type::Object(ty) = table.ty() else { panic!("a model is an object") };
        assert_eq!(ty.attributes.len(), table.attributes.len() + 1);
        assert!(table.attribute("rule").and_then(|rule| rule.block()).is_some());
        assert!(table.attribute("parts").and_then(|parts| parts.block()).is_none());
    }

    #[test]
    fn a_partial_object_has_what_was_said() {
        let partial = Partial::<Sample>::default().with(Sample::name, "a").with(Sample::note, "n".to_owned());
        let expected = Object::from([("name".to_owned(), "a".into()), ("note".to_owned(), "n".into())]);
        assert_eq!(partial.into_object(), expected);
    }
}
