//! The types of Terraform's language.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::value::{Error, MAX_DEPTH, normal_form};

/// The type of a [`Value`](crate::value::Value).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// Any type; the value brings its own.
    Dynamic,
    /// `list(…)`.
    List(Box<Type>),
    /// `set(…)`.
    Set(Box<Type>),
    /// `map(…)`.
    Map(Box<Type>),
    /// `tuple([…])`.
    Tuple(Vec<Type>),
    /// `object({…})`.
    Object(ObjectType),
}

/// The attributes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectType {
    /// Every attribute with its type.
    pub attributes: BTreeMap<String, Type>,
    /// Those that a configuration may leave out.
    pub optional: BTreeSet<String>,
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// `set(element)`.
    pub fn set(element: Self) -> Self {
        Self::Set(Box::new(element))
    }

    /// `map(element)`.
    pub fn map(element: Self) -> Self {
        Self::Map(Box::new(element))
    }

    /// `object({ … })` without optional attributes.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(ObjectType {
            attributes: attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect(),
            optional: BTreeSet::new(),
        })
    }

    /// Reads a type constraint, such as `["list","string"]`.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let json = serde_json::from_slice(json).map_err(|_| Error::incoming("A type constraint should be JSON."))?;
        Self::from_json(&json)
    }

    /// Reads a type constraint. Names of attributes are brought into normal form, as keys and texts are.
    pub fn from_json(json: &Json) -> Result<Self, Error> {
        Self::from_json_at(json, 0)
    }

    fn from_json_at(json: &Json, depth: usize) -> Result<Self, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::incoming("The type is nested too deeply."));
        }
        let inner = |json| Self::from_json_at(json, depth + 1);
        let ty = match json {
            Json::String(name) => match name.as_str() {
                "bool" => Some(Self::Bool),
                "number" => Some(Self::Number),
                "string" => Some(Self::String),
                "dynamic" => Some(Self::Dynamic),
                _ => None,
            },
            Json::Array(parts) => match parts.as_slice() {
                [Json::String(kind), element] if kind == "list" => Some(Self::list(inner(element)?)),
                [Json::String(kind), element] if kind == "set" => Some(Self::set(inner(element)?)),
                [Json::String(kind), element] if kind == "map" => Some(Self::map(inner(element)?)),
                [Json::String(kind), Json::Array(elements)] if kind == "tuple" => {
                    Some(Self::Tuple(elements.iter().map(inner).collect::<Result<_, _>>()?))
                }
                [Json::String(kind), Json::Object(attributes), optional @ ..] if kind == "object" => {
                    let inner = |(name, json): (&String, _)| Ok((normal_form(name.clone()), inner(json)?));
                    let attributes = attributes.iter().map(inner).collect::<Result<_, Error>>()?;
                    optional_names(optional, &attributes)
                        .map(|optional| Self::Object(ObjectType { attributes, optional }))
                }
                _ => None,
            },
            _ => None,
        };
        ty.ok_or_else(|| Error::incoming("This is no type constraint Terraform knows."))
    }

    /// Writes a type constraint. Optional attributes appear only where there are any.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Tuple(elements) => json!(["tuple", elements.iter().map(Self::to_json).collect::<Vec<_>>()]),
            Self::Object(ObjectType { attributes, optional }) => {
                let attributes: Json = attributes
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.to_json()))
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                if optional.is_empty() {
                    json!(["object", attributes])
                } else {
                    json!(["object", attributes, optional])
                }
            }
        }
    }

    /// A value of the type, for messages: `a list`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Dynamic => "a value with its type",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Tuple(_) => "a tuple of its length",
            Self::Object(_) => "an object",
        }
    }
}

/// The third part of an object's constraint: names of attributes it has.
fn optional_names(part: &[Json], attributes: &BTreeMap<String, Type>) -> Option<BTreeSet<String>> {
    match part {
        [] => Some(BTreeSet::new()),
        [Json::Array(names)] => names
            .iter()
            .map(|name| name.as_str().map(|name| normal_form(name.to_owned())).filter(|n| attributes.contains_key(n)))
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::strategy;

    #[test]
    fn all_forms() {
        let object = ObjectType {
            attributes: [("a".to_owned(), Type::String), ("b".to_owned(), Type::set(Type::Number))].into(),
            optional: ["b".to_owned()].into(),
        };
        for (json, ty) in [
            (r#""string""#, Type::String),
            (r#""number""#, Type::Number),
            (r#""bool""#, Type::Bool),
            (r#""dynamic""#, Type::Dynamic),
            (r#"["list","string"]"#, Type::list(Type::String)),
            (r#"["set","bool"]"#, Type::set(Type::Bool)),
            (r#"["map",["list","dynamic"]]"#, Type::map(Type::list(Type::Dynamic))),
            (r#"["tuple",["string","number"]]"#, Type::Tuple(vec![Type::String, Type::Number])),
            (r#"["tuple",[]]"#, Type::Tuple(vec![])),
            (r#"["object",{"a":"string"}]"#, Type::object([("a", Type::String)])),
            (r#"["object",{"a":"string","b":["set","number"]},["b"]]"#, Type::Object(object)),
        ] {
            assert_eq!(Type::parse(json.as_bytes()).as_ref(), Ok(&ty), "{json}");
            assert_eq!(ty.to_json().to_string(), json);
        }
        assert_eq!(Type::parse(br#"["object",{"a":"bool"},[]]"#), Ok(Type::object([("a", Type::Bool)])));
    }

    #[test]
    fn names_of_attributes_are_brought_into_normal_form() {
        let json = "[\"object\",{\"e\u{301}\":\"bool\"},[\"e\u{301}\"]]";
        let object =
            ObjectType { attributes: [("é".to_owned(), Type::Bool)].into(), optional: ["é".to_owned()].into() };
        assert_eq!(Type::parse(json.as_bytes()), Ok(Type::Object(object)));
    }

    #[test]
    fn other_forms_are_refused() {
        for json in [
            "",
            "null",
            "{}",
            "[]",
            r#""list""#,
            r#""text""#,
            r#"["list"]"#,
            r#"["list","string","string"]"#,
            r#"["string"]"#,
            r#"["tuple","string"]"#,
            r#"["object",["a"]]"#,
            r#"["object",{"a":"string"},"a"]"#,
            r#"["object",{"a":"string"},["b"]]"#,
            r#"["object",{"a":"string"},[1]]"#,
            r#"["object",{"a":"string"},["a"],[]]"#,
            r#"["object",{"a":"text"}]"#,
            r#""string" "string""#,
        ] {
            assert!(Type::parse(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = (0..MAX_DEPTH).fold(json!("string"), |ty, _| json!(["list", ty]));
        assert!(Type::from_json(&nested).is_ok());
        assert!(Type::from_json(&json!(["list", nested])).is_err());
        assert!(Type::parse("[\"list\",".repeat(100_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn round_trips(ty in strategy::ty()) {
            prop_assert_eq!(Type::from_json(&ty.to_json()), Ok(ty));
        }
    }
}
