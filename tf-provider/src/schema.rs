//! The schema that the user sees, and how its values are processed.
//!
//! One [`model!`](crate::model) declares a Rust struct, its Terraform schema and its documentation. Everything here is
//! pure and independent of the wire format.

pub mod check;
pub mod conform;
mod ctx;
pub mod docs;
mod entity;
mod field;
pub mod generate;
mod identity;
pub mod law;
pub mod merge;
mod model;
pub mod plan;
mod private;
mod relation;
mod rules;
#[cfg(test)]
mod sample;
mod text;
mod timeouts;
pub mod validate;
mod view;
mod wait;

use std::collections::BTreeSet;

pub use check::Check;
pub use ctx::{Ctx, at_the_end};
pub(crate) use docs::lead;
pub use docs::{description, identity_description};
pub use entity::{
    Action, ActionEntry, BoxFuture, DataSource, DataSourceEntry, Ephemeral, EphemeralEntry, ErasedAction,
    ErasedDataSource, ErasedEphemeral, ErasedFunction, ErasedList, ErasedResource, Found, Function, FunctionEntry,
    FunctionError, Host, List, ListEntry, Listing, Opened, Provider, Renewed, Resource, ResourceEntry, Source, action,
    data_source, ephemeral, function, list, resource,
};
pub use field::{Computed, Dynamic, Field, Map, Mismatch, Secret, Set, Traits, Val};
#[cfg(test)]
pub(crate) use identity::tests as identity_tests;
pub use identity::{Identified, Identity};
pub use model::{Handle, Model, Partial};
pub use plan::Plan;
pub use private::Private;
pub use relation::Relation;
pub use rules::{Derive, Flags, Presence, Rules, block, computed, optional, required, variadic};
pub use text::{Json, JsonSpelling, Spelling, Text};
pub use timeouts::{Operation, Timeouts, parse_duration};
pub use view::View;
pub use wait::{Ended, Failed, Lag, Pauses, Retry, Wait};

use crate::value::{ObjectType, Type, Value};

/// The attributes and blocks of one model, in the order they were declared.
#[derive(Debug)]
pub struct Table {
    /// The lead of the documentation; Markdown.
    pub doc: String,
    /// Attributes and nested blocks.
    pub attributes: Vec<Attribute>,
    /// Rules about several of them.
    pub relations: Vec<Relation>,
    /// The `timeouts` block, if the model has one.
    pub timeouts: Option<Timeouts>,
    /// The identity, if it is a model of its own.
    pub identified: Option<Identified>,
}

/// One attribute or nested block.
#[derive(Debug)]
pub struct Attribute {
    /// Its name in HCL.
    pub name: &'static str,
    /// The description for the user; Markdown.
    pub doc: String,
    /// Its type; of a block, the type of its value.
    pub ty: Type,
    /// The properties that follow from its Rust type.
    pub traits: Traits,
    /// The properties that its rules declare.
    pub flags: Flags,
    /// Whether a known value fits the Rust type.
    pub fits: fn(&Value) -> Result<(), Mismatch>,
}

/// How a block repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// At most once.
    Single,
    /// Any number, in order.
    List,
    /// Any number, without order.
    Set,
}

/// The name of the block that holds the timeouts; framework and core share it.
pub const TIMEOUTS: &str = "timeouts";

impl Table {
    /// A table without attributes; the macro fills it.
    pub fn new(doc: &str) -> Self {
        Self { doc: unindent(doc), attributes: Vec::new(), relations: Vec::new(), timeouts: None, identified: None }
    }

    /// Adds an attribute with its rules.
    pub fn push<M: 'static, T: Field>(&mut self, name: &'static str, doc: &str, rules: Rules<M, T>) {
        self.push_flags::<T>(name, doc, rules.flags());
    }

    fn push_flags<T: Field>(&mut self, name: &'static str, doc: &str, flags: Flags) {
        self.attributes.push(Attribute {
            name: name.strip_prefix("r#").unwrap_or(name),
            doc: unindent(doc),
            ty: T::ty(),
            traits: T::traits(),
            flags,
            fits: |value| T::Plain::decode(value).map(drop),
        });
    }

    /// Adds a rule about several attributes, which are there already.
    pub fn relate(&mut self, relation: Relation) {
        for attribute in &mut self.attributes {
            if relation.members().contains(&attribute.name) {
                attribute.flags.relations.push(relation.sentence(attribute.name));
            }
        }
        self.relations.push(relation);
    }

    /// Adds optional strings that a configuration may set and that are ignored, so that a configuration of another
    /// provider is accepted.
    pub fn ignore(&mut self, names: &[&'static str], doc: &str) {
        for name in names {
            let mut rules = optional::<(), Option<String>>().flags();
            rules.ignored = true;
            self.push_flags::<Option<String>>(name, doc, rules);
        }
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The type of a value of this model, with the `timeouts` block.
    pub fn ty(&self) -> Type {
        let own = self.attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.ty.clone()));
        let timeouts = self.timeouts.as_ref().map(|timeouts| (TIMEOUTS.to_owned(), timeouts.ty()));
        Type::Object(ObjectType { attributes: own.chain(timeouts).collect(), optional: BTreeSet::new() })
    }
}

impl Attribute {
    /// The nested model and its repetition, if this is a block.
    pub fn block(&self) -> Option<(Nesting, &'static Table)> {
        let table = self.traits.table?;
        let nesting = match self.ty {
            Type::List(_) => Nesting::List,
            Type::Set(_) => Nesting::Set,
            _ => Nesting::Single,
        };
        self.flags.block.then_some((nesting, table))
    }

    /// Whether a configuration must set it.
    pub fn is_required(&self) -> bool {
        self.flags.presence == Presence::Required && !self.flags.block
    }

    /// Whether a configuration may set it.
    pub fn is_optional(&self) -> bool {
        self.flags.presence == Presence::Optional && !self.flags.block
    }

    /// Whether the provider fills it when a configuration does not.
    pub fn is_computed(&self) -> bool {
        self.flags.presence == Presence::Computed || self.traits.computed || self.flags.default.is_some()
    }

    /// Whether its value is hidden in the user interface.
    pub fn is_sensitive(&self) -> bool {
        self.flags.sensitive || self.traits.secret
    }

    /// For a write-only attribute, the name of the attribute whose change sends it again: `password_wo_version`.
    pub(crate) fn version(&self) -> String {
        format!("{}_wo_version", self.name.strip_suffix("_wo").unwrap_or(self.name))
    }

    /// Whether two values mean the same although they are written differently.
    pub fn same(&self, a: &Value, b: &Value) -> bool {
        a == b || self.traits.same.is_some_and(|same| !a.is_null() && !b.is_null() && same(a, b))
    }
}

/// Doc comments begin every line with one space.
fn unindent(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n").trim().to_owned()
}
