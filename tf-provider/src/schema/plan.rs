//! The result of a change, as far as it can be predicted.

use std::marker::PhantomData;

use crate::schema::{Attribute, Computed, Field, Handle, Model, Nesting, Presence, TIMEOUTS, Table, Val, View};
use crate::value::{Object, Path, Value};

/// A planned change, its types erased.
#[derive(Clone, Default)]
pub struct Change {
    /// The configuration; empty when the object is to be destroyed.
    pub config: Object,
    /// The object as it is; nothing if it will be created.
    pub prior: Option<Object>,
    /// The object as it will be; nothing if it will be destroyed.
    pub planned: Option<Object>,
    /// Attributes whose change forces a new object.
    pub replace: Vec<Path>,
}

/// A planned change of model `M`.
pub struct Plan<'a, M> {
    change: &'a mut Change,
    model: PhantomData<fn() -> M>,
}

impl Change {
    /// Plans a create or an update by the rules of the table alone.
    pub fn new(table: &Table, config: Object, prior: Option<Object>) -> Self {
        let mut planned = object(table, &config, prior.as_ref());
        if table.timeouts.is_some() {
            planned.insert(TIMEOUTS.to_owned(), config.get(TIMEOUTS).cloned().unwrap_or_default());
        }
        derive(table, &mut planned, prior.as_ref());
        if prior.as_ref().is_some_and(|prior| differs(prior, &planned)) {
            forget(table, &mut planned);
            derive(table, &mut planned, prior.as_ref());
        }
        Self { config, prior, planned: Some(planned), replace: Vec::new() }
    }

    /// Recomputes derived attributes after a hook has changed the plan that was there `before` it. What the hook itself
    /// has derived stays.
    pub fn follow(&mut self, table: &Table, before: Option<&Object>) {
        let (Some(planned), Some(before)) = (&mut self.planned, before) else { return };
        let mut anew = planned.clone();
        derive(table, &mut anew, self.prior.as_ref());
        for (name, value) in anew {
            if planned.get(&name) == before.get(&name) {
                planned.insert(name, value);
            }
        }
    }

    /// Plans to destroy the object.
    pub fn destroy(prior: Object) -> Self {
        Self { prior: Some(prior), ..Self::default() }
    }

    /// Adds the attributes that force a new object and change.
    pub fn find_replaced(&mut self, table: &Table) {
        if let (Some(prior), Some(planned)) = (&self.prior, &self.planned) {
            replaced(table, prior, planned, &Path::root(), &mut self.replace);
        }
    }
}

/// Copies the write-only values of a configuration into a planned object, for create and update only.
pub fn reveal(table: &Table, planned: &mut Object, config: &Object) {
    for attribute in &table.attributes {
        match (attribute.block(), planned.get_mut(attribute.name), config.get(attribute.name)) {
            (Some((_, table)), Some(planned), Some(config)) => reveal_in_blocks(table, planned, config),
            (None, Some(planned), Some(config)) if attribute.flags.write_only => planned.clone_from(config),
            _ => {}
        }
    }
}

/// Sets hold no write-only values, so elements match by index.
fn reveal_in_blocks(table: &Table, planned: &mut Value, config: &Value) {
    match (planned, config) {
        (Value::Map(planned), Value::Map(config)) => reveal(table, planned, config),
        (Value::List(planned), Value::List(config)) => {
            planned.iter_mut().zip(config).for_each(|(planned, config)| reveal_in_blocks(table, planned, config));
        }
        _ => {}
    }
}

/// The object a configuration leads to, computed values still as they were.
fn object(table: &Table, config: &Object, prior: Option<&Object>) -> Object {
    let plan = |attribute: &Attribute| {
        let new = config.get(attribute.name).unwrap_or(&Value::Null);
        let old = prior.and_then(|prior| prior.get(attribute.name));
        let value = match attribute.block() {
            Some((_, table)) => blocks(table, new, old),
            None => leaf(attribute, new, old),
        };
        (attribute.name.to_owned(), value)
    };
    table.attributes.iter().map(plan).collect()
}

fn leaf(attribute: &Attribute, new: &Value, old: Option<&Value>) -> Value {
    if attribute.flags.write_only {
        return Value::Null;
    }
    if new.is_null() && attribute.is_computed() {
        return match (&attribute.flags.default, old) {
            (Some(default), Some(old)) if attribute.same(old, default) => old.clone(),
            (Some(default), _) => default.clone(),
            (None, Some(old)) => old.clone(),
            (None, None) => Value::unknown(),
        };
    }
    match old {
        Some(old) if attribute.same(old, new) => old.clone(),
        _ => new.clone(),
    }
}

fn blocks(table: &Table, new: &Value, old: Option<&Value>) -> Value {
    match new {
        Value::Map(new) => Value::Map(object(table, new, old.and_then(Value::as_map))),
        Value::List(new) => {
            let old = |index: usize| old?.as_elements()?.get(index)?.as_map();
            let element =
                |(index, new): (usize, &Value)| blocks(table, new, old(index).cloned().map(Value::Map).as_ref());
            Value::List(new.iter().enumerate().map(element).collect())
        }
        Value::Set(new) => Value::Set(new.iter().map(|new| blocks(table, new, counterpart(table, new, old))).collect()),
        other => other.clone(),
    }
}

/// The element of the old set that the new one continues: equal in all that a configuration sets.
fn counterpart<'a>(table: &Table, new: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
    let config = new.as_map()?;
    old?.as_elements()?.iter().find(|old| {
        old.as_map().is_some_and(|old| {
            let planned = object(table, config, Some(old));
            table.attributes.iter().all(|attribute| planned.get(attribute.name) == old.get(attribute.name))
        })
    })
}

/// Marks the computed values that an update may change as unknown.
fn forget(table: &Table, planned: &mut Object) {
    for attribute in &table.attributes {
        let Some(value) = planned.get_mut(attribute.name) else { continue };
        if let Some((_, table)) = attribute.block() {
            forget_in_blocks(table, value);
        } else if attribute.flags.presence == Presence::Computed && !attribute.flags.keep {
            *value = Value::unknown();
        }
    }
}

fn forget_in_blocks(table: &Table, planned: &mut Value) {
    match planned {
        Value::Map(object) => forget(table, object),
        Value::List(elements) => elements.iter_mut().for_each(|element| forget_in_blocks(table, element)),
        Value::Set(elements) => {
            let forgotten = std::mem::take(elements).into_iter().map(|mut element| {
                forget_in_blocks(table, &mut element);
                element
            });
            *elements = forgotten.collect();
        }
        _ => {}
    }
}

/// Fills the attributes that follow from the rest.
fn derive(table: &Table, planned: &mut Object, prior: Option<&Object>) {
    for attribute in &table.attributes {
        if let Some(derive) = &attribute.flags.derived {
            let value = derive(planned);
            let value = match prior.and_then(|prior| prior.get(attribute.name)) {
                Some(old) if attribute.same(old, &value) => old.clone(),
                _ => value,
            };
            planned.insert(attribute.name.to_owned(), value);
        }
    }
}

fn differs(prior: &Object, planned: &Object) -> bool {
    planned.iter().any(|(name, value)| prior.get(name).unwrap_or(&Value::Null) != value)
}

fn replaced(table: &Table, prior: &Object, planned: &Object, at: &Path, found: &mut Vec<Path>) {
    for attribute in &table.attributes {
        let (old, new) = (prior.get(attribute.name), planned.get(attribute.name));
        if old == new {
            continue;
        }
        let at = at.attribute(attribute.name);
        if attribute.flags.replace {
            found.push(at);
        } else if let (Some((nesting, table)), Some(old), Some(new)) = (attribute.block(), old, new) {
            replaced_blocks(nesting, table, old, new, at, found);
        }
    }
}

/// Elements of a set have no address, so their replacement is the set's; the same holds for elements that are added or
/// removed. A change of other attributes of an element is no replacement of the set.
fn replaced_blocks(nesting: Nesting, table: &Table, old: &Value, new: &Value, at: Path, found: &mut Vec<Path>) {
    let elements = |value: &Value| -> Vec<Value> { value.as_elements().into_iter().flatten().cloned().collect() };
    match (old, new) {
        (Value::Map(old), Value::Map(new)) => replaced(table, old, new, &at, found),
        (Value::List(_), Value::List(_)) if nesting == Nesting::List => {
            let (old, new) = (elements(old), elements(new));
            if old.len() != new.len() && replaces_anywhere(table) {
                found.push(at);
                return;
            }
            for (index, (old, new)) in old.iter().zip(&new).enumerate() {
                replaced_blocks(Nesting::Single, table, old, new, at.index(index), found);
            }
        }
        (Value::Set(old), Value::Set(new)) if replacing(table, old) == replacing(table, new) => {}
        _ if replaces_anywhere(table) => found.push(at),
        _ => {}
    }
}

/// The parts of each element that must not change.
fn replacing<'a>(table: &Table, elements: impl IntoIterator<Item = &'a Value>) -> Vec<Value> {
    let mut parts: Vec<Value> = elements.into_iter().map(|element| replacing_part(table, element)).collect();
    parts.sort();
    parts
}

fn replacing_part(table: &Table, element: &Value) -> Value {
    let Value::Map(object) = element else { return element.clone() };
    let part = |attribute: &Attribute| {
        let value = object.get(attribute.name)?;
        let part = match attribute.block() {
            _ if attribute.flags.replace => value.clone(),
            Some((_, table)) => match value {
                Value::List(elements) => Value::List(replacing(table, elements)),
                Value::Set(elements) => Value::List(replacing(table, elements)),
                other => replacing_part(table, other),
            },
            None => return None,
        };
        Some((attribute.name.to_owned(), part))
    };
    Value::Map(table.attributes.iter().filter_map(part).collect())
}

fn replaces_anywhere(table: &Table) -> bool {
    table.attributes.iter().any(|attribute| {
        attribute.flags.replace || attribute.block().is_some_and(|(_, table)| replaces_anywhere(table))
    })
}

// === impl Plan ===

impl<'a, M: Model> Plan<'a, M> {
    /// Gives a change its types.
    pub fn new(change: &'a mut Change) -> Self {
        Self { change, model: PhantomData }
    }

    /// Whether the object will be created.
    pub fn is_create(&self) -> bool {
        self.change.prior.is_none()
    }

    /// Whether the object will be destroyed.
    pub fn is_destroy(&self) -> bool {
        self.change.planned.is_none()
    }

    /// The configuration; nothing if the object will be destroyed.
    pub fn config(&self) -> Option<View<'_, M>> {
        (!self.is_destroy()).then(|| View::new(&self.change.config, Path::root()))
    }

    /// The object as it is.
    pub fn prior(&self) -> Option<View<'_, M>> {
        self.change.prior.as_ref().map(|prior| View::new(prior, Path::root()))
    }

    /// The object as it will be.
    pub fn planned(&self) -> Option<View<'_, M>> {
        self.change.planned.as_ref().map(|planned| View::new(planned, Path::root()))
    }

    /// The planned value of an attribute.
    pub fn get<T: Field>(&self, handle: Handle<M, T>) -> Val<T::Plain> {
        self.change.planned.as_ref().map_or(Val::Null, |planned| handle.get(planned))
    }

    /// Whether an attribute will be another one.
    pub fn changed<T: Field>(&self, handle: Handle<M, T>) -> bool {
        let value = |object: &Option<Object>| object.as_ref().and_then(|object| object.get(handle.name()).cloned());
        value(&self.change.prior) != value(&self.change.planned)
    }

    /// The attributes that will change; all of them if the object will be created or destroyed.
    pub fn changes(&self) -> impl Iterator<Item = &str> {
        let (prior, planned) = (self.change.prior.as_ref(), self.change.planned.as_ref());
        let value = |object: Option<&Object>, name: &str| object.and_then(|object| object.get(name).cloned());
        let names = planned.or(prior).into_iter().flat_map(|object| object.keys().map(String::as_str));
        names.filter(move |name| match (prior, planned) {
            (Some(_), Some(_)) => value(prior, name).unwrap_or_default() != value(planned, name).unwrap_or_default(),
            _ => true,
        })
    }

    /// Plans a value; only a computed attribute that the configuration leaves null accepts it. If the object has the
    /// same value in another spelling, that spelling is kept.
    pub fn set<T: Field>(&mut self, handle: Handle<M, T>, value: impl Into<T::Plain>) {
        let value = value.into().encode();
        let old = self.change.prior.as_ref().and_then(|prior| prior.get(handle.name()));
        let same =
            |old: &&Value| M::table().attribute(handle.name()).is_some_and(|attribute| attribute.same(old, &value));
        let value = old.filter(same).cloned().unwrap_or(value);
        self.put(handle.name(), value);
    }

    /// Plans that a computed attribute will be null.
    pub fn clear<T: Field>(&mut self, handle: Handle<M, Computed<Option<T>>>) {
        self.put(handle.name(), Value::Null);
    }

    /// Plans that a computed attribute is unchanged, if the object exists.
    pub fn retain<T: Field>(&mut self, handle: Handle<M, T>) {
        if let Some(value) = self.change.prior.as_ref().and_then(|prior| prior.get(handle.name()).cloned()) {
            self.put(handle.name(), value);
        }
    }

    /// Plans that a computed attribute will be known after apply.
    pub fn forget<T: Field>(&mut self, handle: Handle<M, T>) {
        self.put(handle.name(), Value::unknown());
    }

    /// Forces a new object because of this attribute.
    pub fn replace<T>(&mut self, handle: Handle<M, T>) {
        self.change.replace.push(handle.path());
    }

    fn put(&mut self, name: &str, value: Value) {
        if let Some(planned) = &mut self.change.planned {
            planned.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests;
