//! The two renames of a swap, forwards and backwards. Each run goes on from what it finds, by resource IDs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Ended, Wait};

use crate::aws::lag;
use crate::aws::rds::Rds;
use crate::ownership::{Asked, Seen};
use crate::resources::endpoint_swap::places::{Exchange, Pair, Places};
use crate::resources::endpoint_swap::{EndpointSwap, diagnostics};
use crate::world::Ctx;

/// Why an exchange is not complete.
#[derive(Debug)]
pub(super) struct Stopped {
    /// Whether it goes on in AWS or can be gone on with, rather than that AWS refused something.
    pub is_late: bool,
    pub why: Diagnostic,
}

/// One look at the names, and whether what is waited for has come.
struct Look {
    places: Seen<Places>,
    is_over: bool,
    /// What can no longer be waited for.
    is_lost: bool,
}

const READY: Wait<Look> = Wait {
    what: "both databases to accept changes",
    done: |look| look.is_over || matches!(look.places, Seen::Unclear(_)),
    failed: |look| look.is_lost,
    seen: |look| match &look.places {
        Seen::Found(places) => places.describe(),
        Seen::Gone | Seen::Unclear(_) => "nothing is known about them".to_owned(),
    },
    pauses: lag::DATABASE,
};

const FREED: Wait<Look> = Wait { what: "the database to give up its name", ..READY };

const NAMED: Wait<Look> = Wait { what: "the other database to have the name and be available", ..READY };

const ACCEPTED: Wait<Asked> = Asked::accepted("the database to accept another name", lag::DATABASE);

impl Stopped {
    fn late(why: Diagnostic) -> Self {
        Self { is_late: true, why }
    }
}

impl From<Diagnostic> for Stopped {
    fn from(why: Diagnostic) -> Self {
        Self { is_late: false, why }
    }
}

impl EndpointSwap {
    /// The old database is retired, and the new one gets its name.
    pub(super) fn forwards(&self, Pair { old, new }: &Pair) -> Result<Exchange> {
        let [name, replacement, retired] = self.names()?;
        Ok(Exchange { leaving: old.clone(), goal: retired, entering: new.clone(), from: replacement, name })
    }

    /// The old database gets its name again.
    pub(super) fn backwards(&self, Pair { old, new }: &Pair) -> Result<Exchange> {
        let [name, replacement, retired] = self.names()?;
        Ok(Exchange { leaving: new.clone(), goal: replacement, entering: old.clone(), from: retired, name })
    }

    /// Renames both databases, one after the other, and waits until the second is available. `begins` is called before
    /// the first request.
    pub(super) async fn exchange(
        &self,
        cx: &Ctx,
        rds: &Rds,
        exchange: &Exchange,
        begins: impl Fn(),
    ) -> Result<Places, Stopped> {
        let Exchange { leaving, goal, entering, from, name } = exchange;
        let has_begun = AtomicBool::new(false);
        let begin = || {
            if !has_begun.swap(true, Relaxed) {
                begins();
            }
        };
        let places = match self.look(cx, rds).await? {
            Seen::Found(places) => *places,
            Seen::Unclear(why) => return Err(Stopped::late(why)),
            Seen::Gone => return Err(Diagnostic::bug("a list is gone").into()),
        };
        if places.has(leaving, name) {
            let ready = |places: &Places| {
                let is_ready = |id: &str| places.by_id(id).is_some_and(|found| found.is_operational());
                is_ready(leaving) && is_ready(entering)
            };
            // A database that cannot be renamed now must not leave the name without one.
            self.waited(cx, rds, &READY, exchange, ready).await?;
            begin();
            cx.progress(format!(
                "Renaming \"{name}\" to \"{goal}\": no database has \"{name}\" until \"{from}\" gets it"
            ));
            self.rename(cx, rds, leaving, (name, goal)).await?;
            self.waited(cx, rds, &FREED, exchange, |places| places.has(leaving, goal)).await?;
        }
        if !places.has(entering, name) {
            begin();
            cx.progress(format!("Renaming \"{from}\" to \"{name}\", which no database has until then"));
            self.rename(cx, rds, entering, (from, name)).await?;
        }
        let named = |places: &Places| {
            let has_name = places.has(entering, name) && places.has(leaving, goal);
            has_name && places.found.iter().all(|found| found.is_operational() || found.is_stuck())
        };
        self.waited(cx, rds, &NAMED, exchange, named).await
    }

    async fn waited(
        &self,
        cx: &Ctx,
        rds: &Rds,
        wait: &Wait<Look>,
        exchange: &Exchange,
        is_over: impl Fn(&Places) -> bool,
    ) -> Result<Places, Stopped> {
        let look = || async {
            let places = self.look(cx, rds).await?;
            let (is_over, is_lost) = match &places {
                Seen::Found(places) => (is_over(places), exchange.is_lost(places)),
                Seen::Gone | Seen::Unclear(_) => (false, false),
            };
            Ok::<_, Diagnostic>(Look { places, is_over, is_lost })
        };
        match cx.wait_or_late(wait, look).await? {
            Ended::Done(Look { places: Seen::Found(places), .. }) => Ok(*places),
            Ended::Done(Look { places: Seen::Unclear(why), .. }) | Ended::Late(_, why) => Err(Stopped::late(why)),
            Ended::Done(Look { places: Seen::Gone, .. }) => Err(Diagnostic::bug("a list is gone").into()),
        }
    }

    /// Requests another name for the database with a resource ID, as soon as it accepts that.
    async fn rename(&self, cx: &Ctx, rds: &Rds, id: &str, names: (&str, &str)) -> Result<(), Stopped> {
        match cx.wait_or_late(&ACCEPTED, || self.ask(cx, rds, id, names)).await? {
            Ended::Done(Asked::Unclear(why)) | Ended::Late(_, why) => Err(Stopped::late(why)),
            Ended::Done(_) => Ok(()),
        }
    }

    /// One request. If it is refused or not answered, the names tell whether it was carried out.
    async fn ask(&self, cx: &Ctx, rds: &Rds, id: &str, (from, to): (&str, &str)) -> Result<Asked> {
        let (kind, _) = self.database()?;
        let error = match cx.wait_for("the answer to the request", rds.rename(kind, from, to)).await {
            Ok(Ok(())) => return Ok(Asked::Begun),
            Ok(Err(error)) => error,
            Err(why) => return Ok(Asked::Unclear(why)),
        };
        let may_pass = error.leaves_open() || error.is_invalid_state() || error.is_not_found();
        if !may_pass && !error.is_already_exists() {
            return Err(error.into());
        }
        let places = match self.look(cx, rds).await? {
            Seen::Found(places) => places,
            Seen::Unclear(why) => return Ok(Asked::Unclear(why)),
            Seen::Gone => return Err(Diagnostic::bug("a list is gone")),
        };
        if places.has(id, to) {
            return Ok(Asked::Begun);
        }
        let of_swap = |other: &str| {
            [&self.resource_id, &self.retired_resource_id].iter().any(|id| id.get().is_ok_and(|id| id == other))
        };
        match places.at(to).filter(|found| !of_swap(&found.resource_id)) {
            Some(other) => return Err(diagnostics::name_taken(other, from)),
            None if places.by_id(id).is_some_and(|found| found.is_stuck()) => return Err(error.into()),
            None => {}
        }
        Ok(Asked::Busy(format!("{}, and RDS answered: {error}", places.describe())))
    }
}
