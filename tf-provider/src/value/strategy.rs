//! Types and values at random, for property tests.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::value::{Number, Object, ObjectType, Promises, Refinements, Type, Value};

/// Any type, up to four levels deep.
pub(crate) fn ty() -> impl Strategy<Value = Type> {
    types(true)
}

/// A type and a value of it, unknown values included, with every attribute of its objects.
pub(crate) fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    ty().prop_flat_map(|ty| (Just(ty.clone()), value(&ty)))
}

/// A type and a wholly known value of it.
pub(crate) fn typed_known_value() -> impl Strategy<Value = (Type, Value)> {
    ty().prop_flat_map(|ty| (Just(ty.clone()), values(&ty, false)))
}

/// A value of that type, null and unknown included.
pub(crate) fn value(ty: &Type) -> BoxedStrategy<Value> {
    values(ty, true)
}

/// A number of any kind: small, at the edges of integers, fractional, huge and tiny.
pub(crate) fn number() -> impl Strategy<Value = Number> {
    let edges = ["-9223372036854775808", "9223372036854775808", "18446744073709551615", "1e30", "0.1", "0.5", "1e-400"];
    let parse = |text: String| text.parse().unwrap();
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_map(|float| float.try_into().unwrap()),
        proptest::sample::select(edges.to_vec()).prop_map(str::to_owned).prop_map(parse),
        "-?[0-9]{1,30}(\\.[0-9]{1,30})?(e-?[0-9]{1,2})?".prop_map(parse),
        "[1-9][0-9]{399}".prop_map(parse),
    ]
}

fn types(dynamic: bool) -> BoxedStrategy<Type> {
    let leaf = if dynamic {
        prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)].boxed()
    } else {
        prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)].boxed()
    };
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            btree_map("[a-z_]{1,6}", (inner, any::<bool>()), 0..4).prop_map(|attributes| {
                let optional = attributes.iter().filter(|(_, (_, optional))| *optional);
                Type::Object(ObjectType {
                    optional: optional.map(|(name, _)| name.clone()).collect(),
                    attributes: attributes.into_iter().map(|(name, (ty, _))| (name, ty)).collect(),
                })
            }),
        ]
    })
    .boxed()
}

fn values(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
    let inner = |ty| values(ty, unknowns);
    let text = "[a-zé\u{301}\u{212b} ]{0,6}|\\PC{0,12}";
    let known = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => number().prop_map(Value::Number).boxed(),
        Type::String => text.prop_map(Value::string).boxed(),
        Type::List(ty) => vec(inner(ty), 0..4).prop_map(Value::List).boxed(),
        Type::Set(ty) => vec(inner(ty), 0..4).prop_map(|elements| Value::Set(elements.into_iter().collect())).boxed(),
        Type::Map(ty) => btree_map("[a-z.]{0,4}", inner(ty), 0..4).prop_map(Value::Map).boxed(),
        Type::Tuple(types) => types.iter().map(inner).collect::<Vec<_>>().prop_map(Value::List).boxed(),
        Type::Object(object) => {
            let names: Vec<_> = object.attributes.keys().cloned().collect();
            let values: Vec<_> = object.attributes.values().map(inner).collect();
            values.prop_map(move |values| Value::Map(names.iter().cloned().zip(values).collect::<Object>())).boxed()
        }
        Type::Dynamic => types(false)
            .prop_flat_map(move |ty| (Just(ty.clone()), values(&ty, unknowns)))
            .prop_map(|(ty, value)| Value::Dynamic(Box::new(ty), Box::new(value)))
            .boxed(),
    };
    if !unknowns {
        return prop_oneof![1 => Just(Value::Null), 8 => known].boxed();
    }
    prop_oneof![1 => Just(Value::Null), 1 => promises(ty).prop_map(Value::Unknown), 8 => known].boxed()
}

/// Promises that a value of that type can keep, or none.
fn promises(ty: &Type) -> BoxedStrategy<Refinements> {
    let bound = || option::of((number(), any::<bool>()));
    let length = || option::of(any::<u64>());
    let own = match ty {
        Type::Dynamic => return Just(Refinements::NONE).boxed(),
        Type::String => option::of("[a-z:]{1,9}").prop_map(|prefix| Promises { prefix, ..Promises::default() }).boxed(),
        Type::Number => {
            (bound(), bound()).prop_map(|(lower, upper)| Promises { lower, upper, ..Promises::default() }).boxed()
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => (length(), length())
            .prop_map(|(min_length, max_length)| Promises { min_length, max_length, ..Promises::default() })
            .boxed(),
        Type::Bool | Type::Tuple(_) | Type::Object(_) => Just(Promises::default()).boxed(),
    };
    let refined = (own, option::of(Just(false))).prop_map(|(own, null)| Refinements::new(Promises { null, ..own }));
    prop_oneof![Just(Refinements::NONE), refined].boxed()
}
