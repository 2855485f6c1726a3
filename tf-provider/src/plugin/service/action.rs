//! Actions: judged, planned and invoked.

use std::sync::Arc;

use tokio::sync::mpsc;
use wire::invoke_action::event::{Completed, Progress, Type};

use crate::plugin::convert;
use crate::plugin::service::{Events, Failure, State, failed, find};
use crate::proto::tfplugin5 as wire;
use crate::schema::{ActionEntry, Operation, Provider, Timeouts, validate};

pub(crate) async fn validate<P: Provider>(
    _: Arc<State<P>>,
    request: wire::validate_action_config::Request,
) -> Result<wire::validate_action_config::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let config = convert::config(request.config.as_ref(), entry.table())?;
    let mut found = validate::config(entry.table(), &config, false);
    found.extend(entry.check(&config));
    Ok(wire::validate_action_config::Response { diagnostics: convert::diagnostics(found) })
}

pub(crate) async fn plan<P: Provider>(
    state: Arc<State<P>>,
    request: wire::plan_action::Request,
) -> Result<wire::plan_action::Response, Failure> {
    let entry = entry::<P>(&request.action_type)?;
    let table = entry.table();
    let config = convert::config(request.config.as_ref(), table)?;
    let cx = state.cx(Timeouts::limit(table.timeouts.as_ref(), Operation::Read, &config))?;
    cx.run(entry.plan(&cx, &config)).await.map_err(|error| failed(&cx, error))?;
    Ok(wire::plan_action::Response { diagnostics: convert::diagnostics(cx.take_warnings()), deferred: None })
}

/// Goes on when core hangs up, since what an action does cannot be left half done.
pub(crate) async fn invoke<P: Provider>(
    state: Arc<State<P>>,
    request: wire::invoke_action::Request,
    events: Events<wire::invoke_action::Event>,
) -> Result<Option<wire::invoke_action::Event>, Failure> {
    let entry = entry::<P>(&request.action_type)?;
    let table = entry.table();
    let config = convert::config(request.config.as_ref(), table)?;
    let limit = Timeouts::limit(table.timeouts.as_ref(), Operation::Invoke, &config);
    let (progress, mut told) = mpsc::unbounded_channel();
    let cx = state.cx(limit)?.with_progress(progress);
    let invoke = async move {
        let done = cx.run(entry.invoke(&cx, config)).await;
        done.map(|()| cx.take_warnings()).map_err(|error| failed(&cx, error))
    };
    let tell = async {
        while let Some(message) = told.recv().await {
            let progress = Type::Progress(Progress { message });
            let _ = events.send(wire::invoke_action::Event { r#type: Some(progress) }).await;
        }
    };
    // In a task of its own, so that what it told before a panic is not lost.
    let (done, ()) = tokio::join!(state.task(invoke), tell);
    Ok(Some(completed(convert::diagnostics(done??))))
}

/// The last event of an action.
pub(crate) fn completed(diagnostics: Vec<wire::Diagnostic>) -> wire::invoke_action::Event {
    wire::invoke_action::Event { r#type: Some(Type::Completed(Completed { diagnostics })) }
}

fn entry<P: Provider>(name: &str) -> Result<ActionEntry<P::World>, Failure> {
    find::<P, _>("action", name, P::actions(), |entry| entry.name()).copied()
}
