//! Ephemeral resources: judged, opened, renewed and closed.

use std::sync::Arc;

use bytes::Bytes;

use crate::plugin::convert;
use crate::plugin::service::{Failure, State, assert_conforms, failed, find};
use crate::proto::tfplugin5 as wire;
use crate::schema::{
    EphemeralEntry, Opened, Operation, Provider, Renewed, Timeouts, conform, merge, plan::Change, validate,
};
use crate::value::Object;

pub(crate) async fn validate<P: Provider>(
    _: Arc<State<P>>,
    request: wire::validate_ephemeral_resource_config::Request,
) -> Result<wire::validate_ephemeral_resource_config::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let config = convert::config(request.config.as_ref(), entry.table())?;
    let mut found = validate::config(entry.table(), &config, false);
    found.extend(entry.check(&config));
    Ok(wire::validate_ephemeral_resource_config::Response { diagnostics: convert::diagnostics(found) })
}

pub(crate) async fn open<P: Provider>(
    state: Arc<State<P>>,
    request: wire::open_ephemeral_resource::Request,
) -> Result<wire::open_ephemeral_resource::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let config = convert::config(request.config.as_ref(), table)?;
    let cx = state.cx(Timeouts::limit(table.timeouts.as_ref(), Operation::Create, &config))?;
    let Opened { result, private, renew_at } =
        cx.run(entry.open(&cx, config.clone())).await.map_err(|error| failed(&cx, error))?;
    let planned = Change::new(table, config.clone(), None).planned.unwrap_or_default();
    let result = merge::object(table, &planned, result)?;
    assert_conforms("the ephemeral resource", conform::stored(table, &result))?;
    if cfg!(debug_assertions) {
        assert_conforms("the ephemeral resource", conform::planned(table, &config, None, &result))?;
    }
    Ok(wire::open_ephemeral_resource::Response {
        diagnostics: convert::diagnostics(cx.take_warnings()),
        renew_at: renew_at.map(timestamp),
        result: convert::dynamic_object(Some(result), table)?,
        private: Some(private.into()),
        deferred: None,
    })
}

pub(crate) async fn renew<P: Provider>(
    state: Arc<State<P>>,
    request: wire::renew_ephemeral_resource::Request,
) -> Result<wire::renew_ephemeral_resource::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let cx = state.cx(Timeouts::limit(entry.table().timeouts.as_ref(), Operation::Update, &Object::new()))?;
    let Renewed { private, renew_at } =
        cx.run(entry.renew(&cx, bytes(request.private))).await.map_err(|error| failed(&cx, error))?;
    Ok(wire::renew_ephemeral_resource::Response {
        diagnostics: convert::diagnostics(cx.take_warnings()),
        renew_at: renew_at.map(timestamp),
        private: Some(private.into()),
    })
}

pub(crate) async fn close<P: Provider>(
    state: Arc<State<P>>,
    request: wire::close_ephemeral_resource::Request,
) -> Result<wire::close_ephemeral_resource::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let cx = state.cx(Timeouts::limit(entry.table().timeouts.as_ref(), Operation::Delete, &Object::new()))?;
    cx.run(entry.close(&cx, bytes(request.private))).await.map_err(|error| failed(&cx, error))?;
    Ok(wire::close_ephemeral_resource::Response { diagnostics: convert::diagnostics(cx.take_warnings()) })
}

fn entry<P: Provider>(name: &str) -> Result<EphemeralEntry<P::World>, Failure> {
    find::<P, _>("ephemeral resource", name, P::ephemerals(), |entry| entry.name()).copied()
}

fn bytes(private: Option<Bytes>) -> Vec<u8> {
    private.map(Vec::from).unwrap_or_default()
}

fn timestamp(at: jiff::Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}
