//! Schemas, configuration and the wish to stop.

use std::sync::{Arc, PoisonError};

use crate::plugin::service::Service;
use crate::plugin::service::{Failure, State};
use crate::plugin::{Work as _, convert};
use crate::proto::tfplugin5 as wire;
use crate::schema::{Host, Model as _, Provider, View, validate};
use crate::value::Path;

pub(crate) async fn metadata<P: Provider>(
    _: Arc<State<P>>,
    _: wire::get_metadata::Request,
) -> Result<wire::get_metadata::Response, Failure> {
    use wire::get_metadata::{
        ActionMetadata, DataSourceMetadata, EphemeralMetadata, FunctionMetadata, ListResourceMetadata, ResourceMetadata,
    };
    let resource = |name| ResourceMetadata { type_name: full::<P>(name) };
    let data_source = |name| DataSourceMetadata { type_name: full::<P>(name) };
    let ephemeral = |name| EphemeralMetadata { type_name: full::<P>(name) };
    let list = |name| ListResourceMetadata { type_name: full::<P>(name) };
    let action = |name| ActionMetadata { type_name: full::<P>(name) };
    let function = |name: &str| FunctionMetadata { name: name.to_owned() };
    Ok(wire::get_metadata::Response {
        server_capabilities: Some(capabilities()),
        resources: P::resources().iter().map(|entry| resource(entry.name())).collect(),
        data_sources: P::data_sources().iter().map(|entry| data_source(entry.name())).collect(),
        ephemeral_resources: P::ephemerals().iter().map(|entry| ephemeral(entry.name())).collect(),
        functions: P::functions().iter().map(|entry| function(entry.name())).collect(),
        list_resources: P::lists().iter().map(|entry| list(entry.name())).collect(),
        actions: P::actions().iter().map(|entry| action(entry.name())).collect(),
        ..Default::default()
    })
}

pub(crate) async fn schema<P: Provider>(
    _: Arc<State<P>>,
    _: wire::get_provider_schema::Request,
) -> Result<wire::get_provider_schema::Response, Failure> {
    let resources = P::resources().iter();
    let data_sources = P::data_sources().iter();
    let ephemerals = P::ephemerals().iter();
    let lists = P::lists().iter();
    let actions = P::actions().iter();
    Ok(wire::get_provider_schema::Response {
        provider: Some(convert::schema(P::Config::table(), 0)),
        server_capabilities: Some(capabilities()),
        resource_schemas: resources
            .map(|entry| (full::<P>(entry.name()), convert::schema(entry.table(), entry.version())))
            .collect(),
        data_source_schemas: data_sources
            .map(|entry| (full::<P>(entry.name()), convert::schema(entry.table(), 0)))
            .collect(),
        ephemeral_resource_schemas: ephemerals
            .map(|entry| (full::<P>(entry.name()), convert::schema(entry.table(), 0)))
            .collect(),
        functions: P::functions().iter().map(|entry| (entry.name().to_owned(), convert::function(*entry))).collect(),
        list_resource_schemas: lists
            .map(|entry| (full::<P>(entry.name()), convert::schema(entry.table(), 0)))
            .collect(),
        action_schemas: actions
            .map(|entry| {
                let schema = Some(convert::schema(entry.table(), 0));
                (full::<P>(entry.name()), wire::ActionSchema { schema })
            })
            .collect(),
        ..Default::default()
    })
}

pub(crate) async fn identity_schemas<P: Provider>(
    _: Arc<State<P>>,
    _: wire::get_resource_identity_schemas::Request,
) -> Result<wire::get_resource_identity_schemas::Response, Failure> {
    let identified = P::resources().iter().filter(|entry| entry.table().identity().next().is_some());
    Ok(wire::get_resource_identity_schemas::Response {
        identity_schemas: identified
            .map(|entry| (full::<P>(entry.name()), convert::identity_schema(entry.table())))
            .collect(),
        ..Default::default()
    })
}

pub(crate) async fn prepare<P: Provider>(
    _: Arc<State<P>>,
    request: wire::prepare_provider_config::Request,
) -> Result<wire::prepare_provider_config::Response, Failure> {
    let table = P::Config::table();
    let config = convert::object(request.config.as_ref(), table)?.unwrap_or_default();
    let mut found = validate::config(table, &config, true);
    found.extend(P::check(&View::new(&config, Path::root())));
    Ok(wire::prepare_provider_config::Response {
        diagnostics: convert::diagnostics(found),
        prepared_config: request.config,
    })
}

pub(crate) async fn configure<P: Provider>(
    state: Arc<State<P>>,
    request: wire::configure::Request,
) -> Result<wire::configure::Response, Failure> {
    let config = convert::object(request.config.as_ref(), P::Config::table())?.unwrap_or_default();
    let config = P::Config::decode(&config)?;
    let world = P::configure(config, Host { version: request.terraform_version })?;
    *state.world.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(world));
    Ok(wire::configure::Response::default())
}

pub(crate) async fn stop<P: Provider>(
    state: Arc<State<P>>,
    _: wire::stop::Request,
) -> Result<wire::stop::Response, Failure> {
    Service(state).cancel();
    Ok(wire::stop::Response::default())
}

fn full<P: Provider>(name: &str) -> String {
    format!("{}_{name}", P::NAME)
}

fn capabilities() -> wire::ServerCapabilities {
    wire::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}
