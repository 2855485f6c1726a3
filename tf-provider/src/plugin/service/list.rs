//! List resources: validating their configuration, and listing.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::diagnostic::{Diagnostic, Result, Severity};
use crate::plugin::convert;
use crate::plugin::service::{Events, Failure, State, failed, find, resource};
use crate::proto::tfplugin5 as wire;
use crate::schema::{Found, ListEntry, Operation, Private, Provider, ResourceEntry, Timeouts, validate};
use crate::value::{Object, Path};

/// Why the listing stops.
enum End {
    Enough,
    Failed(Diagnostic),
}

pub(crate) async fn validate<P: Provider>(
    _: Arc<State<P>>,
    request: wire::validate_list_resource_config::Request,
) -> Result<wire::validate_list_resource_config::Response, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let config = convert::config(request.config.as_ref(), entry.table())?;
    let mut found = validate::config(entry.table(), &config, false);
    found.extend(entry.check(&config));
    Ok(wire::validate_list_resource_config::Response { diagnostics: convert::diagnostics(found) })
}

/// Sends what is found until there is no more, core has as much as it wants, or it hangs up.
pub(crate) async fn list<P: Provider>(
    state: Arc<State<P>>,
    request: wire::list_resource::Request,
    events: Events<wire::list_resource::Event>,
) -> Result<Option<wire::list_resource::Event>, Failure> {
    let entry = entry::<P>(&request.type_name)?;
    let table = entry.table();
    let config = convert::config(request.config.as_ref(), table)?;
    let cx = state.cx(Timeouts::limit(table.timeouts.as_ref(), Operation::List, &config))?;
    let (listing, mut found) = mpsc::channel(1);
    // Its error is sent after everything that was found before.
    let search = async { Ok(cx.run(entry.list(&cx, config, request.include_resource_object, listing)).await) };
    let send = async {
        let mut left = request.limit;
        while left > 0 {
            let Some(found) = found.recv().await else { return Ok(()) };
            let event = event(&state, entry.resource(), found, request.include_resource_object);
            if let Some(mut event) = event.await.map_err(End::Failed)? {
                event.diagnostic.extend(convert::diagnostics(cx.take_warnings()));
                events.send(event).await.map_err(|_| End::Enough)?;
                left -= 1;
            }
        }
        Err(End::Enough)
    };
    let ended = tokio::select! {
        ended = async { tokio::try_join!(search, send) } => ended,
        () = events.closed() => Err(End::Enough),
    };
    match ended {
        Ok((Ok(()), ())) | Err(End::Enough) => {
            let diagnostic = convert::diagnostics(cx.take_warnings());
            Ok((!diagnostic.is_empty()).then(|| wire::list_resource::Event { diagnostic, ..Default::default() }))
        }
        Ok((Err(error), ())) | Err(End::Failed(error)) => Err(failed(&cx, error)),
    }
}

/// What core receives for an object; nothing if the object no longer exists.
async fn event<P: Provider>(
    state: &State<P>,
    entry: ResourceEntry<P::World>,
    found: Found,
    include_object: bool,
) -> Result<Option<wire::list_resource::Event>> {
    let table = entry.table();
    let (mut object, mut diagnostics) = (None, Vec::new());
    if include_object {
        match whole(state, entry, &found, &mut diagnostics).await {
            Ok(None) => return Ok(None),
            Ok(whole) => object = whole,
            // The object can still be imported by its identity, and the others may be fine.
            Err(error) => diagnostics.push(Diagnostic { severity: Severity::Warning, ..error }),
        }
    }
    for diagnostic in &mut diagnostics {
        diagnostic.path = Path::root(); // An attribute of the resource is none of the list.
    }
    let Found { display_name, known, .. } = found;
    let identity = convert::identity(table, object.as_ref().unwrap_or(&known))?
        .ok_or_else(|| Diagnostic::bug(format!("\"{display_name}\" was listed without all that identifies it")))?;
    Ok(Some(wire::list_resource::Event {
        identity: Some(identity),
        display_name,
        resource_object: object.map_or(Ok(None), |object| convert::dynamic_object(Some(object), table))?,
        diagnostic: convert::diagnostics(diagnostics),
    }))
}

/// All attributes of an object: as the list knows them, or as the resource reads them after an import.
async fn whole<P: Provider>(
    state: &State<P>,
    entry: ResourceEntry<P::World>,
    found: &Found,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Object>> {
    let table = entry.table();
    let mut known = found.known.clone();
    if found.is_whole {
        known = table.known_by(table.identity_of(&known))?;
        return resource::merged(table, &resource::complete(table, known)?, found.known.clone()).map(Some);
    }
    let known = resource::complete(table, known)?;
    let cx = state
        .cx(Timeouts::limit(table.timeouts.as_ref(), Operation::Read, &known))?
        .with_private(Private { is_imported: true, ..Private::default() });
    let read = resource::read_object(entry, &cx, &known).await;
    diagnostics.extend(cx.take_warnings());
    read
}

fn entry<P: Provider>(name: &str) -> Result<ListEntry<P::World>, Failure> {
    find::<P, _>("list resource", name, P::lists(), |entry| entry.name()).copied()
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, timeout};

    use super::*;
    use crate::schema::{Ctx, Host, List, Listing, Model as _, Resource, list, required};

    struct Test;

    crate::model! {
        /// Nothing to set.
        struct Nothing {}
    }

    crate::model! {
        /// Has a name.
        struct Named {
            /// Name.
            name: String = required().replace().identity(),
        }
    }

    impl Provider for Test {
        type World = ();
        type Config = Nothing;
        const NAME: &'static str = "test";

        fn configure(_: Nothing, _: Host) -> Result<()> {
            Ok(())
        }

        fn lists() -> &'static [ListEntry<()>] {
            const { &[list::<(), Nothing>()] }
        }
    }

    impl Resource<()> for Named {
        const TYPE: &'static str = "named";

        async fn create(_: &Ctx<()>, plan: Self) -> Result<Self> {
            Ok(plan)
        }

        async fn read(_: &Ctx<()>, state: Self) -> Result<Option<Self>> {
            Ok(Some(state))
        }

        async fn update(_: &Ctx<()>, plan: Self, _: Self) -> Result<Self> {
            Ok(plan)
        }

        async fn delete(_: &Ctx<()>, _: Self) -> Result<()> {
            Ok(())
        }
    }

    impl List<()> for Nothing {
        type Resource = Named;

        async fn list(_: &Ctx<()>, _: Self, _: &Listing<Named>) -> Result<()> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn a_list_ends_when_core_hangs_up() {
        let state = Arc::new(State::<Test> {
            world: Some(Arc::new(())).into(),
            stop: std::sync::Mutex::default(),
            tasks: tokio_util::task::TaskTracker::new(),
        });
        let config = convert::dynamic_object(Some(Object::new()), Nothing::table()).unwrap();
        let request =
            wire::list_resource::Request { type_name: "test_named".to_owned(), config, limit: 9, ..Default::default() };
        let (events, core) = mpsc::channel(1);
        let mut search = std::pin::pin!(super::list(state, request, Events(events)));
        assert!(timeout(Duration::ZERO, &mut search).await.is_err(), "it looks on while core listens");
        drop(core);
        let ended = timeout(Duration::from_secs(20), search).await.expect("it looks on");
        assert!(matches!(ended, Ok(None)));
    }
}
