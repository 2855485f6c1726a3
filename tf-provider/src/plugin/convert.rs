//! Messages of the wire to values, schemas and diagnostics, and back.

use bytes::Bytes;

use crate::diagnostic::{Diagnostic, Result, Severity};
use crate::proto::tfplugin5 as wire;
use crate::schema::{
    Attribute, FunctionEntry, Nesting, TIMEOUTS, Table, Timeouts, description, identity_description, lead,
};
use crate::value::{Object, Path, Step, Type, Value, json, msgpack};

/// The value in a message; a missing one is null.
pub(crate) fn value(dynamic: Option<&wire::DynamicValue>, ty: &Type) -> Result<Value> {
    match dynamic {
        Some(dynamic) if !dynamic.msgpack.is_empty() => Ok(msgpack::decode(&dynamic.msgpack, ty)?),
        Some(dynamic) if !dynamic.json.is_empty() => Ok(json::decode(&dynamic.json, ty)?),
        _ => Ok(Value::Null),
    }
}

/// The object in a message; nothing when it is null.
pub(crate) fn object(dynamic: Option<&wire::DynamicValue>, table: &Table) -> Result<Option<Object>> {
    match value(dynamic, &table.ty())? {
        Value::Map(object) => Ok(Some(object)),
        Value::Null => Ok(None),
        other => Err(Diagnostic::error(
            "Malformed value from Terraform",
            format!("Expected an object, got {}.", other.describe()),
        )),
    }
}

/// The object of a configuration, which is never null where this is called.
pub(crate) fn config(dynamic: Option<&wire::DynamicValue>, table: &Table) -> Result<Object> {
    object(dynamic, table)?
        .ok_or_else(|| Diagnostic::error("Malformed value from Terraform", "Expected a configuration, got null."))
}

/// Rejects an identity that does not conform to its type; the object itself contains all that an identity could.
pub(crate) fn check_identity(identity: Option<&wire::ResourceIdentityData>, table: &Table) -> Result<()> {
    value(identity.and_then(|identity| identity.identity_data.as_ref()), &table.identity_ty()).map(drop)
}

/// Refuses attributes of a `provider_meta` block: the schema has none.
pub(crate) fn check_meta(meta: Option<&wire::DynamicValue>) -> Result<()> {
    value(meta, &Type::object::<String>([])).map(drop)
}

/// A value as a message.
pub(crate) fn dynamic(value: &Value, ty: &Type) -> Result<Option<wire::DynamicValue>> {
    Ok(Some(wire::DynamicValue { msgpack: msgpack::encode(value, ty)?.into(), json: Bytes::new() }))
}

/// An object, or null, as a message.
pub(crate) fn dynamic_object(object: Option<Object>, table: &Table) -> Result<Option<wire::DynamicValue>> {
    dynamic(&object.map_or(Value::Null, Value::Map), &table.ty())
}

/// The identity of an object, once its required attributes are there and all of it is known.
pub(crate) fn identity(table: &Table, object: &Object) -> Result<Option<wire::ResourceIdentityData>> {
    let identity = table.identity_of(object);
    // Attributes that the provider fills are null in an import, and core refuses an identity that changes when they are
    // filled.
    let lacks = table.identity().any(|attribute| attribute.is_lacking_in(&identity));
    let value = Value::Map(identity);
    if table.identity().next().is_none() || lacks || !value.is_wholly_known() {
        return Ok(None);
    }
    Ok(Some(wire::ResourceIdentityData { identity_data: dynamic(&value, &table.identity_ty())? }))
}

pub(crate) fn diagnostics(found: Vec<Diagnostic>) -> Vec<wire::Diagnostic> {
    let severity = |severity| match severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    let convert = |diagnostic: Diagnostic| wire::Diagnostic {
        severity: severity(diagnostic.severity).into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: (!diagnostic.path.is_empty()).then(|| path(&diagnostic.path)),
    };
    found.into_iter().map(convert).collect()
}

pub(crate) fn path(path: &Path) -> wire::AttributePath {
    use wire::attribute_path::step::Selector;
    let step = |step: &Step| wire::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Index(index) => Selector::ElementKeyInt(i64::try_from(*index).unwrap_or(i64::MAX)),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
        }),
    };
    wire::AttributePath { steps: path.steps().iter().map(step).collect() }
}

/// The path in a message, for the log.
pub(crate) fn place(path: &wire::AttributePath) -> Path {
    use wire::attribute_path::step::Selector;
    let step = |step: &wire::attribute_path::Step| {
        Some(match step.selector.as_ref()? {
            Selector::AttributeName(name) => Step::Attribute(name.clone()),
            Selector::ElementKeyInt(index) => Step::Index(usize::try_from(*index).unwrap_or(usize::MAX)),
            Selector::ElementKeyString(key) => Step::Key(key.clone()),
        })
    };
    path.steps.iter().filter_map(step).collect()
}

pub(crate) fn ty(ty: &Type) -> Bytes {
    ty.to_json().to_string().into()
}

pub(crate) fn schema(table: &Table, version: i64) -> wire::Schema {
    wire::Schema { version, block: Some(block(table)) }
}

pub(crate) fn identity_schema(table: &Table) -> wire::ResourceIdentitySchema {
    let attribute = |attribute: &Attribute| wire::resource_identity_schema::IdentityAttribute {
        name: attribute.name.to_owned(),
        r#type: ty(&attribute.ty),
        required_for_import: attribute.is_required(),
        optional_for_import: !attribute.is_required(),
        description: identity_description(attribute),
    };
    wire::ResourceIdentitySchema { version: 0, identity_attributes: table.identity().map(attribute).collect() }
}

fn block(table: &Table) -> wire::schema::Block {
    let blocks = table.attributes.iter().filter_map(|attribute| {
        let (nesting, nested) = attribute.block()?;
        Some(nested_block(attribute, nesting, nested))
    });
    wire::schema::Block {
        attributes: table.attributes.iter().filter(|attribute| attribute.block().is_none()).map(attribute).collect(),
        block_types: blocks.chain(table.timeouts.as_ref().map(timeouts)).collect(),
        description: lead(&table.doc),
        description_kind: wire::StringKind::Markdown.into(),
        ..Default::default()
    }
}

fn attribute(attribute: &Attribute) -> wire::schema::Attribute {
    wire::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: ty(&attribute.ty),
        description: description(attribute),
        required: attribute.is_required(),
        optional: attribute.is_optional() || attribute.flags.default.is_some(),
        computed: attribute.is_computed(),
        sensitive: attribute.is_sensitive(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: attribute.flags.deprecated.is_some(),
        write_only: attribute.flags.write_only,
        deprecation_message: attribute.flags.deprecated.unwrap_or_default().to_owned(),
    }
}

fn nested_block(attribute: &Attribute, nesting: Nesting, table: &Table) -> wire::schema::NestedBlock {
    use wire::schema::nested_block::NestingMode;
    let mut content = block(table);
    content.description = description(attribute);
    content.deprecated = attribute.flags.deprecated.is_some();
    content.deprecation_message = attribute.flags.deprecated.unwrap_or_default().to_owned();
    let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
    let (nesting, min, max) = match nesting {
        Nesting::Single => (NestingMode::Single, attribute.flags.min.min(1), attribute.flags.min.min(1)),
        Nesting::List => (NestingMode::List, attribute.flags.min, attribute.flags.max),
        Nesting::Set => (NestingMode::Set, attribute.flags.min, attribute.flags.max),
    };
    wire::schema::NestedBlock {
        type_name: attribute.name.to_owned(),
        block: Some(content),
        nesting: nesting.into(),
        min_items: limit(min),
        max_items: limit(max),
    }
}

fn timeouts(timeouts: &Timeouts) -> wire::schema::NestedBlock {
    let attribute = |(name, default): &(&'static str, &'static str)| wire::schema::Attribute {
        name: (*name).to_owned(),
        r#type: ty(&Type::String),
        optional: true,
        description: Timeouts::description(name, default),
        description_kind: wire::StringKind::Markdown.into(),
        ..Default::default()
    };
    wire::schema::NestedBlock {
        type_name: TIMEOUTS.to_owned(),
        block: Some(wire::schema::Block {
            attributes: timeouts.0.iter().map(attribute).collect(),
            description: Timeouts::DESCRIPTION.to_owned(),
            description_kind: wire::StringKind::Markdown.into(),
            ..Default::default()
        }),
        nesting: wire::schema::nested_block::NestingMode::Single.into(),
        ..Default::default()
    }
}

pub(crate) fn function(entry: FunctionEntry) -> wire::Function {
    let parameter = |attribute: &Attribute| wire::function::Parameter {
        name: attribute.name.to_owned(),
        r#type: match &attribute.ty {
            Type::List(element) if attribute.flags.variadic => ty(element),
            whole => ty(whole),
        },
        allow_null_value: attribute.traits.nullable,
        allow_unknown_values: false,
        description: description(attribute),
        description_kind: wire::StringKind::Markdown.into(),
    };
    let (variadic, ordinary): (Vec<_>, Vec<_>) =
        entry.table().attributes.iter().partition(|attribute| attribute.flags.variadic);
    wire::Function {
        parameters: ordinary.into_iter().map(parameter).collect(),
        variadic_parameter: variadic.into_iter().map(parameter).next(),
        r#return: Some(wire::function::Return { r#type: ty(&entry.output()) }),
        summary: entry.summary().to_owned(),
        description: lead(&entry.table().doc),
        description_kind: wire::StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Computed, Model as _, optional, required};

    crate::model! {
        /// With a part of the identity that the provider fills, and one that may stay null.
        struct Place {
            /// Name.
            name: String = required().replace().identity(),
            /// Region.
            region: Computed<String> = optional().replace().identity(),
            /// Alias.
            alias: Option<String> = optional().replace().identity(),
        }
    }

    #[test]
    fn an_identity_is_sent_once_its_required_attributes_are_known() {
        let place = |region: Value| -> Object {
            [("name", Value::from("a")), ("region", region), ("alias", Value::Null)]
                .map(|(name, value)| (name.to_owned(), value))
                .into()
        };
        let has_identity = |region: Value| identity(Place::table(), &place(region)).map(|identity| identity.is_some());
        assert_eq!(has_identity(Value::from("eu-west-1")), Ok(true));
        assert_eq!(has_identity(Value::Null), Ok(false), "an import that does not name it");
        assert_eq!(has_identity(Value::unknown()), Ok(false));
    }
}
