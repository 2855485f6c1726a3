//! Functions: listed and called.

use std::sync::Arc;

use crate::plugin::convert;
use crate::plugin::service::{Failure, State};
use crate::proto::tfplugin5 as wire;
use crate::schema::{Attribute, FunctionError, Provider, Table};
use crate::value::{Object, Type, Value};

pub(crate) async fn list<P: Provider>(
    _: Arc<State<P>>,
    _: wire::get_functions::Request,
) -> Result<wire::get_functions::Response, Failure> {
    Ok(wire::get_functions::Response {
        functions: P::functions().iter().map(|entry| (entry.name().to_owned(), convert::function(*entry))).collect(),
        ..Default::default()
    })
}

pub(crate) async fn call<P: Provider>(
    _: Arc<State<P>>,
    request: wire::call_function::Request,
) -> Result<wire::call_function::Response, Failure> {
    let entry = P::functions().iter().find(|entry| entry.name() == request.name);
    let entry = entry.ok_or_else(|| Failure::no_such("function", &request.name))?;
    let answer = arguments(entry.table(), &request.arguments).and_then(|arguments| entry.call(&arguments));
    Ok(match answer {
        Ok(output) => {
            wire::call_function::Response { result: convert::dynamic(&output, &entry.output())?, error: None }
        }
        Err(error) => wire::call_function::Response { result: None, error: Some(wrong_argument(entry.table(), error)) },
    })
}

/// The arguments by parameter; those of a variadic parameter as a list.
fn arguments(table: &Table, given: &[wire::DynamicValue]) -> Result<Object, FunctionError> {
    let mut object = Object::new();
    let mut rest = given.iter();
    let decode = |attribute: &Attribute, offset, ty: &Type, given: &wire::DynamicValue| {
        let wrong = |text| FunctionError { text, argument: Some((attribute.name, offset)) };
        let value = convert::value(Some(given), ty).map_err(|error| wrong(error.detail))?;
        if value.is_null() {
            let allowed = attribute.traits.nullable;
            return if allowed { Ok(value) } else { Err(wrong("The argument must not be null.".to_owned())) };
        }
        match complaint(attribute, &value) {
            Some(complaint) => Err(wrong(complaint)),
            None => Ok(value),
        }
    };
    for attribute in &table.attributes {
        let value = match (&attribute.ty, attribute.flags.variadic) {
            (Type::List(element), true) => {
                let rest = rest.by_ref().enumerate();
                Value::List(
                    rest.map(|(offset, given)| decode(attribute, offset, element, given)).collect::<Result<_, _>>()?,
                )
            }
            (ty, _) => {
                let given = rest.next().ok_or_else(|| FunctionError::new("An argument is missing."))?;
                decode(attribute, 0, ty, given)?
            }
        };
        object.insert(attribute.name.to_owned(), value);
    }
    match rest.next() {
        Some(_) => Err(FunctionError::new("There are too many arguments.")),
        None => Ok(object),
    }
}

/// What is wrong with an argument that is not null; one of a variadic parameter is an element of its list.
fn complaint(attribute: &Attribute, value: &Value) -> Option<String> {
    let fits = match attribute.flags.variadic {
        true => (attribute.fits)(&Value::List(vec![value.clone()])),
        false => (attribute.fits)(value),
    };
    if let Err(mismatch) = fits {
        return Some(format!("The function {}.", mismatch.message));
    }
    let elements: Vec<&Value> = match value {
        element if attribute.flags.variadic => vec![element],
        Value::Map(elements) => elements.values().collect(),
        value => value.as_elements().into_iter().flatten().collect(),
    };
    let whole = attribute.flags.checks.iter().find_map(|check| check.complaint(attribute.name, value));
    whole.or_else(|| {
        let mut each = attribute.flags.each.iter();
        each.find_map(|check| elements.iter().find_map(|element| check.complaint(attribute.name, element)))
    })
}

/// Core appends a full stop.
fn wrong_argument(table: &Table, error: FunctionError) -> wire::FunctionError {
    let position = |(name, offset): (&str, usize)| {
        let parameter = table.attributes.iter().position(|attribute| attribute.name == name)?;
        i64::try_from(parameter + offset).ok()
    };
    let text = error.text.strip_suffix('.').unwrap_or(&error.text).to_owned();
    wire::FunctionError { text, function_argument: error.argument.and_then(position) }
}
