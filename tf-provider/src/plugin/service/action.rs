//! Actions: judged, planned and invoked.

use std::sync::Arc;

use tokio::sync::mpsc;
use wire::invoke_action::event::{Completed, Progress, Type};

use crate::diagnostic::Diagnostic;
use crate::plugin::convert;
use crate::plugin::service::{Events, Failure, State, failed, find};
use crate::proto::tfplugin5 as wire;
use crate::schema::{ActionEntry, Operation, Provider, Table, Timeouts, validate};
use crate::value::Object;

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
    let config = config(request.config.as_ref(), table)?;
    let cx = state.cx(Timeouts::limit(table.timeouts.as_ref(), Operation::Read, &config))?;
    cx.run(entry.plan(&cx, &config)).await.map_err(|error| failed(&cx, error))?;
    Ok(wire::plan_action::Response { diagnostics: convert::diagnostics(cx.take_warnings()), deferred: None })
}

/// Continues when core hangs up, since an action must not be left half done.
pub(crate) async fn invoke<P: Provider>(
    state: Arc<State<P>>,
    request: wire::invoke_action::Request,
    events: Events<wire::invoke_action::Event>,
) -> Result<Option<wire::invoke_action::Event>, Failure> {
    let entry = entry::<P>(&request.action_type)?;
    let table = entry.table();
    let config = config(request.config.as_ref(), table)?;
    let limit = Timeouts::limit(table.timeouts.as_ref(), Operation::Invoke, &config);
    let (progress, mut messages) = mpsc::unbounded_channel();
    let cx = state.cx(limit)?.with_progress(progress);
    let invoke = async move {
        let done = cx.run(entry.invoke(&cx, config)).await;
        done.map(|()| cx.take_warnings()).map_err(|error| failed(&cx, error))
    };
    let send = async {
        while let Some(message) = messages.recv().await {
            let progress = Type::Progress(Progress { message });
            let _ = events.send(wire::invoke_action::Event { r#type: Some(progress) }).await;
        }
    };
    // In a task of its own, so that what was reported before a panic is not lost.
    let (done, ()) = tokio::join!(state.task(invoke), send);
    Ok(Some(completed(convert::diagnostics(done??))))
}

/// The configuration of an action. Terraform sends null where there is no `config` block, once it has been judged.
fn config(sent: Option<&wire::DynamicValue>, table: &Table) -> Result<Object, Diagnostic> {
    let needs_some = table.attributes.iter().any(|attribute| attribute.is_required() || attribute.flags.min > 0);
    match convert::object(sent, table)? {
        None if !needs_some => Ok(Object::new()),
        _ => convert::config(sent, table),
    }
}

/// The last event of an action.
pub(crate) fn completed(diagnostics: Vec<wire::Diagnostic>) -> wire::invoke_action::Event {
    wire::invoke_action::Event { r#type: Some(Type::Completed(Completed { diagnostics })) }
}

fn entry<P: Provider>(name: &str) -> Result<ActionEntry<P::World>, Failure> {
    find::<P, _>("action", name, P::actions(), |entry| entry.name()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Model as _, block, optional, required};

    crate::model! {
        /// Nothing is needed.
        struct Easy {
            /// The text.
            text: Option<String> = optional(),
        }
    }

    crate::model! {
        /// Something is needed.
        struct Needy {
            /// The text.
            text: String = required(),
        }
    }

    crate::model! {
        /// A block is needed.
        struct Blocky {
            /// The text.
            easy: Vec<Easy> = block().min(1),
        }
    }

    #[test]
    fn there_need_be_no_config_block_where_nothing_is_needed() {
        let null = |table| convert::dynamic_object(None, table).unwrap();
        assert_eq!(config(null(Easy::table()).as_ref(), Easy::table()), Ok(Object::new()));
        assert_eq!(config(None, Easy::table()), Ok(Object::new()));
        for table in [Needy::table(), Blocky::table()] {
            assert!(config(null(table).as_ref(), table).unwrap_err().detail.contains("got null"));
        }
    }
}
