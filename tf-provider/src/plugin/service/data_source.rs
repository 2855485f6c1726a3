//! Data sources: judged and read.

use std::sync::Arc;

use crate::plugin::convert;
use crate::plugin::service::{Failure, State, assert_conforms, failed, find};
use crate::proto::tfplugin5 as wire;
use crate::schema::{DataSourceEntry, Operation, Provider, Timeouts, conform, merge, plan::Change, validate};

pub(crate) async fn validate<P: Provider>(
    _: Arc<State<P>>,
    request: wire::validate_data_source_config::Request,
) -> Result<wire::validate_data_source_config::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let config = convert::config(request.config.as_ref(), entry.table())?;
    let mut found = validate::config(entry.table(), &config, false);
    found.extend(entry.check(&config));
    Ok(wire::validate_data_source_config::Response { diagnostics: convert::diagnostics(found) })
}

pub(crate) async fn read<P: Provider>(
    state: Arc<State<P>>,
    request: wire::read_data_source::Request,
) -> Result<wire::read_data_source::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let config = convert::config(request.config.as_ref(), table)?;
    convert::check_meta(request.provider_meta.as_ref())?;
    let cx = state.cx(Timeouts::limit(table.timeouts.as_ref(), Operation::Read, &config))?;
    let found = cx.run(entry.read(&cx, config.clone())).await.map_err(|error| failed(&cx, error))?;
    let found = merge::object(table, &Change::new(table, config, None).planned.unwrap_or_default(), found)?;
    assert_conforms("the data source", conform::stored(table, &found))?;
    Ok(wire::read_data_source::Response {
        state: convert::dynamic_object(Some(found), table)?,
        diagnostics: convert::diagnostics(cx.take_warnings()),
        deferred: None,
    })
}

fn entry<P: Provider>(name: &str) -> Result<DataSourceEntry<P::World>, Failure> {
    find::<P, _>("data source", name, P::data_sources(), |entry| entry.name()).copied()
}
