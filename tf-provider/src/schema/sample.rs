//! A model with one attribute of every kind, for the tests of this floor.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use crate::schema::plan::Change;
use crate::schema::{
    Computed, Dynamic, Json, Map, Model as _, Secret, Set, TIMEOUTS, Table, Val, View, block, computed, optional,
    required,
};
use crate::value::{Number, Object, Type, Value};

crate::model! {
    /// One of everything.
    pub(crate) struct Sample {
        /// Required.
        name: String = required().replace().identity(),
        /// With a default.
        size: i64 = optional().or(3),
        /// Plain.
        note: Option<String> = optional(),
        /// Optional and computed.
        region: Computed<String> = optional().replace(),
        /// JSON.
        policy: Option<Json> = optional(),
        /// JSON with a default.
        style: Json = optional().or("{}"),
        /// A set.
        words: Option<Set<String>> = optional(),
        /// A map.
        tags: Map<String> = optional(),
        /// A number.
        ratio: Option<Number> = optional(),
        /// Anything.
        anything: Dynamic = optional(),
        /// Write-only.
        password: Option<Secret<String>> = optional().write_only(),
        /// Its version.
        password_wo_version: Option<i64> = optional(),
        /// Computed once.
        id: Computed<String> = computed().keep(),
        /// Computed each time.
        revision: Computed<String> = computed(),
        /// A computed list of objects.
        parts: Computed<Vec<Part>> = computed(),
        /// Derived.
        summary: Computed<Json> = computed().derived(summary),
        /// LIST.
        rule: Vec<Rule> = block(),
        /// SET.
        peer: Set<Peer> = block(),
        /// SINGLE.
        door: Option<Door> = block(),
    }
    timeouts { create: "5m" }
}

crate::model! {
    /// Computed as a whole.
    pub(crate) struct Part {
        /// Serial number.
        serial: String = computed(),
    }
}

crate::model! {
    /// In a list.
    pub(crate) struct Rule {
        /// Port.
        port: i64 = required(),
        /// Protocol.
        protocol: String = optional().or("tcp"),
        /// JSON.
        policy: Option<Json> = optional(),
        /// Computed once.
        rule_id: Computed<String> = computed().keep(),
        /// Computed each time.
        hits: Computed<i64> = computed(),
        /// Changes replace.
        anchor: Option<String> = optional().replace(),
    }
}

crate::model! {
    /// In a set.
    pub(crate) struct Peer {
        /// Host.
        host: String = required(),
        /// Weight.
        weight: i64 = optional().or(1),
        /// Note.
        note: Option<String> = optional(),
        /// JSON.
        policy: Option<Json> = optional(),
        /// Computed once.
        peer_id: Computed<String> = computed().keep(),
        /// Changes replace.
        anchor: Option<String> = optional().replace(),
    }
}

crate::model! {
    /// At most once.
    pub(crate) struct Door {
        /// Width.
        width: i64 = required().replace(),
        /// Locked.
        locked: bool = optional().or(false),
        /// Nested once more.
        latch: Vec<Latch> = block(),
    }
}

crate::model! {
    /// In a list in a block.
    pub(crate) struct Latch {
        /// Kind.
        kind: String = required(),
        /// Computed once.
        latch_id: Computed<String> = computed().keep(),
    }
}

fn summary(view: &View<'_, Sample>) -> Val<Json> {
    view.get(Sample::name)
        .and_then(|name| view.get(Sample::size).map(|size| Json::from(format!(r#"{{"name":"{name}","size":{size}}}"#))))
}

/// An object of these attributes, with all others null as in core.
pub(crate) fn complete<const N: usize>(table: &Table, set: [(&str, Value); N]) -> Object {
    let absent = |attribute: &crate::schema::Attribute| match (attribute.block(), &attribute.ty) {
        (Some(_), Type::List(_)) => Value::List(Vec::new()),
        (Some(_), Type::Set(_)) => Value::Set([].into()),
        _ => Value::Null,
    };
    let mut object: Object =
        table.attributes.iter().map(|attribute| (attribute.name.to_owned(), absent(attribute))).collect();
    if table.timeouts.is_some() {
        object.insert(TIMEOUTS.to_owned(), Value::Null);
    }
    for (name, value) in set {
        assert!(object.insert(name.to_owned(), value).is_some(), "{name} is no attribute");
    }
    object
}

/// A configuration of [`Sample`] called `a`.
pub(crate) fn sample<const N: usize>(set: [(&str, Value); N]) -> Object {
    let mut object = complete(Sample::table(), set);
    if object["name"].is_null() {
        object.insert("name".to_owned(), "a".into());
    }
    object
}

pub(crate) fn rule<const N: usize>(set: [(&str, Value); N]) -> Value {
    Value::Map(complete(Rule::table(), set))
}

pub(crate) fn peer<const N: usize>(set: [(&str, Value); N]) -> Value {
    Value::Map(complete(Peer::table(), set))
}

pub(crate) fn door<const N: usize>(set: [(&str, Value); N]) -> Value {
    Value::Map(complete(Door::table(), set))
}

/// A plan that is no destruction.
pub(crate) fn planned(config: &Object, prior: Option<&Object>) -> Object {
    Change::new(Sample::table(), config.clone(), prior.cloned()).planned.unwrap()
}

/// The object that a configuration leads to, created by an obliging provider.
pub(crate) fn created(config: &Object) -> Object {
    filled(&planned(config, None))
}

/// Unknown values become known ones, as apply finds them.
pub(crate) fn filled(object: &Object) -> Object {
    match fill(&Sample::table().ty(), &Value::Map(object.clone())) {
        Value::Map(object) => object,
        other => panic!("{other:?}"),
    }
}

fn fill(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::String, Value::Unknown(_)) => "filled".into(),
        (Type::Number, Value::Unknown(_)) => 7.into(),
        (Type::Bool, Value::Unknown(_)) => true.into(),
        (Type::List(_), Value::Unknown(_)) => Value::List(Vec::new()),
        (Type::Set(_), Value::Unknown(_)) => Value::Set([].into()),
        (Type::Map(_), Value::Unknown(_)) => Value::Map(Object::new()),
        (Type::Dynamic, Value::Unknown(_)) => Value::Dynamic(Box::new(Type::String), Box::new("filled".into())),
        (Type::List(ty), Value::List(elements)) => Value::List(elements.iter().map(|e| fill(ty, e)).collect()),
        (Type::Set(ty), Value::Set(elements)) => Value::Set(elements.iter().map(|e| fill(ty, e)).collect()),
        (Type::Map(ty), Value::Map(elements)) => {
            Value::Map(elements.iter().map(|(key, e)| (key.clone(), fill(ty, e))).collect())
        }
        (Type::Object(object), Value::Map(elements)) => {
            Value::Map(elements.iter().map(|(name, e)| (name.clone(), fill(&object.attributes[name], e))).collect())
        }
        (_, other) => other.clone(),
    }
}

/// Another spelling of the same object: empty for null, other white space in JSON.
pub(crate) fn respelled(table: &Table, object: &Object) -> Object {
    let respell = |(name, value): (&String, &Value)| {
        let Some(attribute) = table.attribute(name) else { return (name.clone(), value.clone()) };
        let value = match (attribute.block(), value) {
            (Some((_, table)), Value::Map(block)) => Value::Map(respelled(table, block)),
            (Some((_, table)), Value::List(blocks)) => {
                Value::List(blocks.iter().map(|b| Value::Map(respelled(table, b.as_map().unwrap()))).collect())
            }
            (Some((_, table)), Value::Set(blocks)) => {
                Value::Set(blocks.iter().map(|b| Value::Map(respelled(table, b.as_map().unwrap()))).collect())
            }
            (None, Value::String(text)) if text.is_empty() => Value::Null,
            (None, old @ Value::String(text)) => {
                let spaced = format!(" {text} ").as_str().into();
                if attribute.same(old, &spaced) { spaced } else { old.clone() }
            }
            (None, Value::Null) if attribute.flags.write_only => Value::Null,
            (None, Value::Null) => match attribute.ty {
                Type::String => "".into(),
                Type::Map(_) => Value::Map(Object::new()),
                Type::Set(_) => Value::Set([].into()),
                _ => Value::Null,
            },
            (None, Value::Map(elements)) if elements.is_empty() => Value::Null,
            (None, Value::Set(elements)) if elements.is_empty() => Value::Null,
            (_, other) => other.clone(),
        };
        (name.clone(), value)
    };
    object.iter().map(respell).collect()
}

/// Configurations of [`Sample`]; some with unknown values.
pub(crate) fn configs(unknowns: bool) -> BoxedStrategy<Object> {
    let text = || prop_oneof![Just(""), Just("a"), Just("b")].prop_map(Value::from);
    let json =
        || prop_oneof![Just("{}"), Just("{ }"), Just("[1]"), Just("[ 1]"), Just("nonsense")].prop_map(Value::from);
    let number = || (1_i64..4).prop_map(Value::from);
    let map = || btree_map("[ab]", text(), 0..3).prop_map(Value::Map);
    let unknown = move || vec(Just(Value::unknown()), 0..if unknowns { 3 } else { 1 });
    let words = || {
        (btree_set(text(), 0..3), unknown())
            .prop_map(|(words, more)| Value::Set(words.into_iter().chain(more).collect()))
    };
    let dynamic = || {
        prop_oneof![text().prop_map(|v| (Type::String, v)), number().prop_map(|v| (Type::Number, v))]
            .prop_map(|(ty, value)| Value::Dynamic(Box::new(ty), Box::new(value)))
    };
    let u = unknowns;
    let rules = vec((some(number(), u), any_(text(), u), any_(json(), u), any_(text(), u)), 0..3).prop_map(|rules| {
        let rule = |(port, protocol, policy, anchor)| {
            rule([("port", port), ("protocol", protocol), ("policy", policy), ("anchor", anchor)])
        };
        Value::List(rules.into_iter().map(rule).collect())
    });
    let hosts = (btree_set("[abc]", 0..3), unknown())
        .prop_map(|(hosts, more)| hosts.iter().map(|host| Value::from(host.as_str())).chain(more).collect::<Vec<_>>());
    let inside = vec((any_(number(), u), any_(text(), u), any_(json(), u), any_(text(), u)), 4);
    let peers = (hosts, inside).prop_map(|(hosts, inside)| {
        let peer = |(host, (weight, note, policy, anchor))| {
            peer([("host", host), ("weight", weight), ("note", note), ("policy", policy), ("anchor", anchor)])
        };
        Value::Set(hosts.into_iter().zip(inside).map(peer).collect())
    });
    let latches = vec(some(text(), u), 0..2).prop_map(|kinds| {
        let latch = |kind| Value::Map(complete(Latch::table(), [("kind", kind)]));
        Value::List(kinds.into_iter().map(latch).collect())
    });
    let door = option::of((some(number(), u), any_(any::<bool>().prop_map(Value::from), u), some(latches, u)))
        .prop_map(|parts| {
            parts.map_or(Value::Null, |(width, locked, latch)| {
                door([("width", width), ("locked", locked), ("latch", latch)])
            })
        });
    let timeouts = option::of(Just(Value::Map(Object::from([("create".to_owned(), "7m".into())]))));
    let plain =
        (some(text(), u), any_(number(), u), any_(text(), u), any_(text(), u), any_(json(), u), any_(json(), u));
    let other = (any_(words(), u), any_(map(), u), any_(number(), u), any_(dynamic(), u), any_(text(), u));
    let blocks = (some(rules, u), some(peers, u), some(door, u), timeouts);
    (plain, other, blocks)
        .prop_map(|(plain, other, (rule, peer, door, timeouts))| {
            let (name, size, note, region, policy, style) = plain;
            let (words, tags, ratio, anything, password) = other;
            let plain = [("name", name), ("size", size), ("note", note), ("region", region)];
            let mut object = complete(Sample::table(), plain);
            let rest = [
                ("policy", policy),
                ("style", style),
                ("words", words),
                ("tags", tags),
                ("ratio", ratio),
                ("anything", anything),
                ("password", password),
                ("rule", rule),
                ("peer", peer),
                ("door", door),
                (TIMEOUTS, timeouts.unwrap_or_default()),
            ];
            object.extend(rest.map(|(name, value)| (name.to_owned(), value)));
            object
        })
        .boxed()
}

/// Objects as a state has them, some changed by others since.
pub(crate) fn states() -> BoxedStrategy<Object> {
    let drift =
        option::of(prop_oneof![Just("note"), Just("summary"), Just("policy"), Just("revision"), Just("region")]);
    (configs(false), drift)
        .prop_map(|(config, drift)| {
            let mut state = created(&config);
            if let Some(name) = drift {
                state.insert(name.to_owned(), "[2]".into());
            }
            state
        })
        .boxed()
}

fn some(known: impl Strategy<Value = Value> + 'static, unknowns: bool) -> BoxedStrategy<Value> {
    prop_oneof![9 => known, u32::from(unknowns) => Just(Value::unknown())].boxed()
}

fn any_(known: impl Strategy<Value = Value> + 'static, unknowns: bool) -> BoxedStrategy<Value> {
    prop_oneof![3 => Just(Value::Null), 6 => known, u32::from(unknowns) => Just(Value::unknown())].boxed()
}
