//! Resources: judged, planned, applied, read, upgraded, imported and moved.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::diagnostic::{Diagnostic, Severity};
use crate::plugin::convert;
use crate::plugin::service::{Failure, State, assert_conforms, failed, find};
use crate::proto::tfplugin5 as wire;
use crate::schema::{
    Attribute, Ctx, Nesting, Operation, Private, Provider, ResourceEntry, Source, Table, Timeouts, conform, generate,
    merge,
    plan::{self, Change},
    validate,
};
use crate::value::{Object, Path, Value, json};

pub(crate) async fn validate<P: Provider>(
    _: Arc<State<P>>,
    request: wire::validate_resource_type_config::Request,
) -> Result<wire::validate_resource_type_config::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let config = convert::config(request.config.as_ref(), entry.table())?;
    let write_only = request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed);
    let mut found = validate::config(entry.table(), &config, write_only);
    found.extend(entry.check(&config));
    Ok(wire::validate_resource_type_config::Response { diagnostics: convert::diagnostics(found) })
}

pub(crate) async fn plan<P: Provider>(
    state: Arc<State<P>>,
    request: wire::plan_resource_change::Request,
) -> Result<wire::plan_resource_change::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let prior = convert::object(request.prior_state.as_ref(), table)?;
    let wanted = convert::object(request.proposed_new_state.as_ref(), table)?;
    convert::check_identity(request.prior_identity.as_ref(), table)?;
    convert::check_meta(request.provider_meta.as_ref())?;
    let mut change = match (wanted, prior) {
        (Some(_), prior) => Change::new(table, convert::config(request.config.as_ref(), table)?, prior),
        (None, Some(prior)) => Change::destroy(prior),
        (None, None) => return Err(Diagnostic::bug("asked to plan neither an object nor its end").into()),
    };
    let kept = Kept(request.prior_private);
    let cx = kept.context(&state, limit(table, Operation::Read, change.prior.as_ref()))?;
    cx.run(entry.plan(&cx, &mut change)).await.map_err(|error| failed(&cx, error))?;
    change.find_replaced(table);
    if cfg!(debug_assertions)
        && let Some(planned) = &change.planned
    {
        let mut complaints = conform::planned(table, &change.config, change.prior.as_ref(), planned);
        complaints.extend(conform::replaced(change.prior.as_ref(), planned, &change.replace));
        assert_conforms("the plan", complaints)?;
    }
    Ok(wire::plan_resource_change::Response {
        planned_state: convert::dynamic_object(change.planned, table)?,
        requires_replace: change.replace.iter().map(convert::path).collect(),
        planned_private: kept.0,
        diagnostics: convert::diagnostics(P::plan_warnings(&cx, cx.take_warnings())),
        ..Default::default()
    })
}

pub(crate) async fn apply<P: Provider>(
    state: Arc<State<P>>,
    request: wire::apply_resource_change::Request,
) -> Result<wire::apply_resource_change::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let prior = convert::object(request.prior_state.as_ref(), table)?;
    let planned = convert::object(request.planned_state.as_ref(), table)?;
    let config = convert::object(request.config.as_ref(), table)?;
    convert::check_identity(request.planned_identity.as_ref(), table)?;
    convert::check_meta(request.provider_meta.as_ref())?;
    let (operation, of) = match (&prior, &planned) {
        (None, Some(planned)) => (Operation::Create, planned),
        (Some(_), Some(planned)) => (Operation::Update, planned),
        (Some(prior), None) => (Operation::Delete, prior),
        (None, None) => return Err(Diagnostic::bug("asked to apply neither an object nor its end").into()),
    };
    let kept = Kept(request.planned_private);
    let cx = Arc::new(kept.context(&state, limit(table, operation, Some(of)))?);
    let outcome = {
        let (cx, prior, planned) = (Arc::clone(&cx), prior.clone(), planned.clone());
        state.task(async move { run(entry, &cx, prior, planned, config).await }).await.flatten()
    };
    let mut found = cx.take_warnings();
    let known = planned.as_ref().or(prior.as_ref());
    let new = match (outcome, known) {
        (Ok(new), _) => new,
        (Err(error), known) => {
            let saved = cx.saved().zip(known).map(|(saved, known)| merge::partial(table, known, saved));
            found.push(match (&saved, operation) {
                (Some(_), Operation::Create) => tainted(error),
                _ => error,
            });
            saved.or(prior)
        }
    };
    if let (Some(_), Some(id)) = (&new, cx.private().creation_id) {
        P::stored(&cx, &id);
    }
    Ok(wire::apply_resource_change::Response {
        new_identity: new.as_ref().map(|new| convert::identity(table, new)).transpose()?.flatten(),
        new_state: convert::dynamic_object(new, table)?,
        private: kept.replaced_by(cx.private()),
        diagnostics: convert::diagnostics(found),
        ..Default::default()
    })
}

/// Creates, updates or deletes, and completes the object that is to be stored.
async fn run<W: Send + Sync + 'static>(
    entry: ResourceEntry<W>,
    cx: &Ctx<W>,
    prior: Option<Object>,
    planned: Option<Object>,
    config: Option<Object>,
) -> Result<Option<Object>, Diagnostic> {
    let table = entry.table();
    let Some(planned) = planned else {
        cx.run(entry.delete(cx, prior.unwrap_or_default())).await?;
        return Ok(None);
    };
    let mut wanted = planned.clone();
    plan::reveal(table, &mut wanted, &config.unwrap_or_default());
    let found = match prior {
        None => cx.run(entry.create(cx, wanted)).await?,
        Some(prior) => cx.run(entry.update(cx, wanted, prior)).await?,
    };
    cx.save_object(found.clone());
    let new = merge::object(table, &planned, found)?;
    let complaints = match cfg!(debug_assertions) {
        true => conform::applied(table, &planned, &new),
        false => conform::stored(table, &new),
    };
    assert_conforms("the applied object", complaints)?;
    Ok(Some(new))
}

pub(crate) async fn read<P: Provider>(
    state: Arc<State<P>>,
    request: wire::read_resource::Request,
) -> Result<wire::read_resource::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let current = convert::config(request.current_state.as_ref(), table)?;
    convert::check_identity(request.current_identity.as_ref(), table)?;
    convert::check_meta(request.provider_meta.as_ref())?;
    let kept = Kept(request.private);
    let cx = kept.context(&state, limit(table, Operation::Read, Some(&current)))?;
    let new = read_object(entry, &cx, &current).await.map_err(|error| failed(&cx, error))?;
    Ok(wire::read_resource::Response {
        new_identity: new.as_ref().map(|new| convert::identity(table, new)).transpose()?.flatten(),
        new_state: convert::dynamic_object(new, table)?,
        diagnostics: convert::diagnostics(cx.take_warnings()),
        private: kept.replaced_by(Private { is_imported: false, ..cx.private() }),
        deferred: None,
    })
}

/// Reads an object of which this much is known.
pub(crate) async fn read_object<W>(
    entry: ResourceEntry<W>,
    cx: &Ctx<W>,
    known: &Object,
) -> Result<Option<Object>, Diagnostic> {
    let found = cx.run(entry.read(cx, known.clone())).await?;
    found.map(|found| merged(entry.table(), known, found)).transpose()
}

/// An object that was found, in the form in which it is stored.
pub(crate) fn merged(table: &Table, known: &Object, found: Object) -> Result<Object, Diagnostic> {
    let new = merge::object(table, known, found)?;
    assert_conforms("the object that was read", conform::stored(table, &new))?;
    Ok(new)
}

pub(crate) async fn upgrade<P: Provider>(
    _: Arc<State<P>>,
    request: wire::upgrade_resource_state::Request,
) -> Result<wire::upgrade_resource_state::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let mut state = raw(request.raw_state.as_ref())?;
    if request.version != entry.version() {
        state = entry.upgrade(request.version, state)?;
    }
    let Value::Map(upgraded) = json::from_json(&state, &table.ty())? else {
        return Err(Diagnostic::error("Unreadable state", "The stored object is null.").into());
    };
    Ok(wire::upgrade_resource_state::Response {
        upgraded_state: convert::dynamic_object(Some(complete(table, upgraded)?), table)?,
        diagnostics: Vec::new(),
    })
}

pub(crate) async fn upgrade_identity<P: Provider>(
    _: Arc<State<P>>,
    request: wire::upgrade_resource_identity::Request,
) -> Result<wire::upgrade_resource_identity::Response, Failure> {
    let table = entry::<P>(&request.type_name)?.table();
    let ty = table.identity_ty();
    let identity = json::from_json(&raw(request.raw_identity.as_ref())?, &ty)?;
    Ok(wire::upgrade_resource_identity::Response {
        upgraded_identity: Some(wire::ResourceIdentityData { identity_data: convert::dynamic(&identity, &ty)? }),
        diagnostics: Vec::new(),
    })
}

pub(crate) async fn import<P: Provider>(
    _: Arc<State<P>>,
    request: wire::import_resource_state::Request,
) -> Result<wire::import_resource_state::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let known = match request.identity {
        Some(identity) if request.id.is_empty() => by_identity(table, &identity)?,
        _ => entry.import(&request.id)?,
    };
    Ok(wire::import_resource_state::Response {
        imported_resources: vec![wire::import_resource_state::ImportedResource {
            type_name: request.type_name,
            identity: convert::identity(table, &known)?,
            state: convert::dynamic_object(Some(complete(table, known)?), table)?,
            private: named_only(),
        }],
        ..Default::default()
    })
}

pub(crate) async fn moved<P: Provider>(
    _: Arc<State<P>>,
    request: wire::move_resource_state::Request,
) -> Result<wire::move_resource_state::Response, Failure> {
    let entry = entry::<P>(&request.target_type_name)?;
    let table = entry.table();
    let source = Source {
        provider: request.source_provider_address,
        type_name: request.source_type_name,
        version: request.source_schema_version,
        state: raw(request.source_state.as_ref())?,
    };
    let known = entry.moved(&source).ok_or_else(|| {
        let detail = format!(
            "A \"{}\" of the provider \"{}\" cannot be moved to a \"{}\".",
            source.type_name, source.provider, request.target_type_name
        );
        Diagnostic::error("Move is not supported", detail)
    })??;
    Ok(wire::move_resource_state::Response {
        target_identity: convert::identity(table, &known)?,
        target_state: convert::dynamic_object(Some(complete(table, known)?), table)?,
        target_private: named_only(),
        ..Default::default()
    })
}

pub(crate) async fn generate<P: Provider>(
    _: Arc<State<P>>,
    request: wire::generate_resource_config::Request,
) -> Result<wire::generate_resource_config::Response, Failure> {
    let table = entry::<P>(&request.type_name)?.table();
    // Nothing is known of what was listed by its identity alone.
    let state = convert::object(request.state.as_ref(), table)?;
    let config = state.map(|state| generate::config(table, &state));
    Ok(wire::generate_resource_config::Response {
        config: convert::dynamic_object(config, table)?,
        diagnostics: Vec::new(),
    })
}

fn entry<P: Provider>(name: &str) -> Result<ResourceEntry<P::World>, Failure> {
    find::<P, _>("resource", name, P::resources(), |entry| entry.name()).copied()
}

/// The private state of a request.
struct Kept(Bytes);

impl Kept {
    /// The context of an operation that knows the creation id. The provider learns that a state of that creation
    /// exists.
    fn context<P: Provider>(&self, state: &State<P>, limit: Duration) -> Result<Ctx<P::World>, Diagnostic> {
        let cx = state.cx(limit)?.with_private(Private::decode(&self.0).unwrap_or_default());
        if let Some(id) = cx.private().creation_id {
            P::stored(&cx, &id);
        }
        Ok(cx)
    }

    /// The private bytes to answer with. Bytes in another format are kept as they are as long as there is nothing to
    /// add.
    fn replaced_by(self, private: Private) -> Bytes {
        let before = Private::decode(&self.0).unwrap_or_default();
        if private == before { self.0 } else { private.encode().into() }
    }
}

/// The private state of an object that an import or a move has named.
fn named_only() -> Bytes {
    Private { is_imported: true, ..Private::default() }.encode().into()
}

fn limit(table: &Table, operation: Operation, object: Option<&Object>) -> Duration {
    Timeouts::limit(table.timeouts.as_ref(), operation, object.unwrap_or(&Object::new()))
}

/// Terraform replaces an object whose creation ended in an error; the user should know that, and how to avoid it.
fn tainted(mut error: Diagnostic) -> Diagnostic {
    if error.severity == Severity::Error {
        error.detail.push_str(
            "\n\nThe object exists nevertheless, and Terraform marked it as tainted: the next apply replaces it. To \
             keep it, run \"terraform untaint\".",
        );
    }
    error
}

/// The JSON of a stored object.
fn raw(state: Option<&wire::RawState>) -> Result<serde_json::Value, Diagnostic> {
    let bytes = state.map(|state| state.json.as_ref()).unwrap_or_default();
    serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!(
            "The stored object cannot be read as JSON: {error}. States of Terraform before 0.12 are not supported."
        );
        Diagnostic::error("Unreadable state", detail)
    })
}

/// What an identity says about the object.
fn by_identity(table: &Table, identity: &wire::ResourceIdentityData) -> Result<Object, Diagnostic> {
    if table.identity().next().is_none() {
        return Err(Diagnostic::error("Import is not supported", "Objects of this type have no identity."));
    }
    let known = convert::value(identity.identity_data.as_ref(), &table.identity_ty())?;
    let known = known.as_map().cloned().unwrap_or_default();
    let value = |attribute: &Attribute| known.get(attribute.name).unwrap_or(&Value::Null);
    let missing = |attribute: &&Attribute| {
        let value = value(attribute);
        value.is_null() && attribute.is_required() || !value.is_wholly_known()
    };
    if let Some(Attribute { name, .. }) = table.identity().find(missing) {
        let detail = format!("\"{name}\" is missing or unknown.");
        return Err(Diagnostic::error("Malformed import identity", detail));
    }
    let is_identity = |name: &&str| table.attribute(name).is_some_and(|attribute| attribute.flags.identity);
    let mut relations = table.relations.iter().filter(|relation| relation.members().iter().all(is_identity));
    match relations.find_map(|relation| relation.complaint(table, &known, &Path::root())) {
        Some(complaint) => Err(Diagnostic::error("Malformed import identity", complaint.detail)),
        None => table.known_by(known),
    }
}

/// An object from outside in the form in which it is stored: without secrets, and with blocks that are empty rather
/// than null.
pub(crate) fn complete(table: &Table, object: Object) -> Result<Object, Diagnostic> {
    let mut object = merge::object(table, &object, object.clone())?;
    for attribute in &table.attributes {
        let absent = match attribute.block() {
            Some((Nesting::List, _)) => Value::List(Vec::new()),
            Some((Nesting::Set, _)) => Value::Set([].into()),
            _ => Value::Null,
        };
        let value = object.entry(attribute.name.to_owned()).or_default();
        if value.is_null() {
            *value = absent;
        }
    }
    assert_conforms("the object from elsewhere", conform::stored(table, &object))?;
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::identity_tests::Book;
    use crate::schema::{Model as _, optional};

    crate::model! {
        /// Named in one of two ways.
        struct Either {
            /// One.
            one: Option<String> = optional().replace().identity(),
            /// Another.
            other: Option<String> = optional().replace().identity(),
            /// Not part of it.
            note: Option<String> = optional(),
        }
        rules { exactly_one_of(one, other), required_together(one, note) }
    }

    #[test]
    fn an_import_by_identity_keeps_the_rules_of_its_attributes() {
        let import = |one: Value, other: Value| {
            let identity = Value::Map([("one".to_owned(), one), ("other".to_owned(), other)].into());
            let identity_data = convert::dynamic(&identity, &Either::table().identity_ty()).unwrap();
            by_identity(Either::table(), &wire::ResourceIdentityData { identity_data }).map_err(|error| error.detail)
        };
        assert!(import("a".into(), Value::Null).is_ok(), "without the note, which an import cannot name");
        let none = "One of \"one\" and \"other\" must be set.".to_owned();
        assert_eq!(import(Value::Null, Value::Null), Err(none));
        let both = "Only one of \"one\" and \"other\" can be set.".to_owned();
        assert_eq!(import("a".into(), "b".into()), Err(both));
    }

    #[test]
    fn an_import_by_an_identity_of_its_own_fills_the_block() {
        let import = |room: Value| {
            let identity = [("room", room), ("board", 2.into()), ("title", "A".into())];
            let identity = Value::Map(identity.map(|(name, value)| (name.to_owned(), value)).into());
            let identity_data = convert::dynamic(&identity, &Book::table().identity_ty()).unwrap();
            let data = wire::ResourceIdentityData { identity_data };
            by_identity(Book::table(), &data).map(|known| (known, data)).map_err(|error| error.detail)
        };
        let (known, data) = import("hall".into()).unwrap();
        assert_eq!(convert::identity(Book::table(), &known), Ok(Some(data)), "it is found under the same");
        let stored = complete(Book::table(), known).unwrap();
        assert_eq!(stored["shelf"].as_map().unwrap()["board"], 2.into());
        assert_eq!(import(Value::Null).unwrap_err(), "\"room\" is missing or unknown.");
        assert_eq!(import("".into()).unwrap_err(), "There is no room without a name.");
    }
}
