//! The changes: each object in a transaction of its own, again if other sessions hold locks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result, Severity};
use tf_provider::schema::{Resource as _, Retry};

use crate::ownership;
use crate::records::claims;
use crate::resources::constraint_suspension::server::Server;
use crate::resources::constraint_suspension::{ConstraintSuspension, diagnostics};
use crate::sql::postgres::suspension::{is_violation, to_follow};
use crate::sql::suspension::{Item, Progress, Restored, Suspension};
use crate::sql::{self, Refusal};
use crate::world::Ctx;

/// Between the tries, the sessions that waited behind ours go on.
const LOCKED: Retry<sql::Error> = Retry {
    what: "other sessions to release their locks",
    when: |error| error.refusal() == Some(Refusal::LockTimeout),
    within: Duration::from_secs(60),
    first: Duration::from_millis(500),
};

impl ConstraintSuspension {
    /// Whether the login can suspend all of it, and put it back.
    pub(super) async fn ensure_fit(&self, cx: &Ctx, session: &Server) -> Result<()> {
        let (_, unfit) = session.in_effect(&self.scope()).await.map_err(|error| self.fault(error))?;
        let (stay, unfit): (Vec<_>, Vec<_>) = unfit.into_iter().partition(|unfit| unfit.can_stay);
        if !unfit.is_empty() {
            return Err(diagnostics::unfit(&unfit).at(Self::schemas));
        }
        stay.iter().for_each(|stay| cx.warn(diagnostics::stays(stay).at(Self::schemas)));
        Ok(())
    }

    /// Writes the inventory, with objects that are out of effect already. Gives the suspension that is in the way.
    pub(super) async fn note(&self, session: &Server, mark: &str, suspended: &[Item]) -> Result<Option<Suspension>> {
        let it = Suspension {
            mark: mark.to_owned(),
            maker: format!("user \"{}\", {}", session.user().await, claims::place()),
            since: String::new(),
            scope: self.scope(),
        };
        session.note_suspension(&it, suspended, self.patience()).await.map_err(|error| self.fault(error))
    }

    /// The same where none can be in the way but one that was made meanwhile.
    pub(super) async fn note_or_refuse(&self, session: &Server, mark: &str, suspended: &[Item]) -> Result<()> {
        match self.note(session, mark, suspended).await? {
            None => Ok(()),
            Some(other) => Err(diagnostics::overlaps(&other, Severity::Error).at(Self::schemas)),
        }
    }

    /// Takes what is noted out of effect.
    pub(super) async fn suspend(&self, cx: &Ctx, session: &Server, mark: &str) -> Result<()> {
        let items = session.suspended(mark).await.map_err(|error| self.fault(error))?;
        for item in items.iter().filter(|item| item.progress == Progress::Noted) {
            let done = self.patiently(cx, session, item, || session.suspend(item, mark, self.patience())).await?;
            done.map_err(|error| self.fault_of(item, error))?;
        }
        Ok(())
    }

    /// The end of the resource. Core gives a tainted resource no private state: there the scope tells which suspension it
    /// is.
    pub(super) async fn put_back_unless_another(&self, cx: &Ctx, session: &Server) -> Result<()> {
        let all = session.suspensions().await.map_err(|error| self.fault(error))?;
        let of_scope = all.iter().find(|it| it.scope == self.scope());
        let own = claims::own_mark(cx, Self::TYPE);
        if own.as_ref().is_some_and(|own| !all.iter().any(|it| it.mark == *own)) && of_scope.is_some() {
            cx.warn(claims::recreated(&ownership::subject(self)?));
            return Ok(());
        }
        let mark = own.or_else(|| of_scope.map(|it| it.mark.clone()));
        let mark = mark.unwrap_or_else(|| claims::mark(Self::TYPE, "of_a_lost_state"));
        self.put_back(cx, session, &mark).await
    }

    /// Puts everything back, as far as that is possible, and says what is not.
    pub(super) async fn put_back(&self, cx: &Ctx, session: &Server, mark: &str) -> Result<()> {
        let all = session.suspensions().await.map_err(|error| self.fault(error))?;
        if !all.iter().any(|it| it.mark == mark) {
            let missing = self.missing(session).await.map_err(|error| self.fault(error))?;
            if missing.is_empty() {
                return Ok(());
            }
            self.note_or_refuse(session, mark, &missing).await?;
        }
        let mut items = session.suspended(mark).await.map_err(|error| self.fault(error))?;
        if self.validate {
            self.keep_order(cx, session, &mut items, mark).await?;
        }
        let (mut to_validate, mut unvalidated, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for item in &items {
            if item.progress == Progress::Unvalidated && self.validate {
                to_validate.push(item);
                continue;
            }
            let restore = || session.restore(item, mark, self.validate, self.patience());
            match self.ended(cx, session, item, self.patiently(cx, session, item, restore).await).await? {
                Ok(Restored::Unvalidated) if self.validate => to_validate.push(item),
                Ok(Restored::Unvalidated) => unvalidated.push(item.what()),
                Ok(Restored::Whole | Restored::Left(_)) => {}
                Ok(Restored::Blocked(why)) | Err(why) => failures.push(why),
            }
        }
        // Everything else is back by now: validating can take long.
        for item in to_validate {
            let validate = || session.validate(item, mark, self.patience());
            let ended = self.ended(cx, session, item, self.patiently(cx, session, item, validate).await).await?;
            failures.extend(ended.err());
        }
        if !unvalidated.is_empty() {
            cx.warn(diagnostics::unvalidated(&unvalidated).at(Self::validate));
        }
        if !failures.is_empty() {
            return Err(diagnostics::not_put_back(&failures).at(Self::schemas));
        }
        self.check_rows(cx, session).await?;
        session.end_suspension(mark, self.patience()).await.map_err(|error| self.fault(error))
    }

    /// Drops foreign keys that an interrupted suspension has not reached, where others would come behind them otherwise. All
    /// are created again in their order then, also if that is interrupted.
    async fn keep_order(&self, cx: &Ctx, session: &Server, items: &mut [Item], mark: &str) -> Result<()> {
        for index in to_follow(items) {
            let item = &items[index];
            match self.patiently(cx, session, item, || session.suspend(item, mark, self.patience())).await? {
                Ok(()) => items[index].progress = Progress::Suspended,
                Err(error) if error.is_unreached() => return Err(self.fault(error)),
                Err(error) => cx.warn(diagnostics::order_changes(item, &error).at(Self::schemas)),
            }
        }
        Ok(())
    }

    /// Looks for rows that violate foreign keys, where the server does not when these are put back.
    async fn check_rows(&self, cx: &Ctx, session: &Server) -> Result<()> {
        let keys = session.unchecked_keys(&self.scope()).await.map_err(|error| self.fault(error))?;
        if !keys.is_empty() && !self.validate {
            let all: Vec<_> = keys.iter().map(|key| key.item.what()).collect();
            cx.warn(diagnostics::unchecked(&all).at(Self::validate));
            return Ok(());
        }
        let mut failures = Vec::new();
        for key in &keys {
            cx.progress(format!("Checking the rows of the {}", key.item.what()));
            match session.orphans(key).await {
                Ok(offenders) if offenders.rows.is_empty() => {}
                Ok(offenders) => failures.push(diagnostics::violated(&offenders)),
                Err(error) if error.is_unreached() => return Err(self.fault(error)),
                Err(error) => failures.push(diagnostics::not_checked(&key.item, &error)),
            }
        }
        match failures.is_empty() {
            true => Ok(()),
            false => Err(diagnostics::orphans(&failures).at(Self::schemas)),
        }
    }

    /// What became of an object, or why it is not back, in a sentence. What is not about the object ends all.
    async fn ended(
        &self,
        cx: &Ctx,
        session: &Server,
        item: &Item,
        answer: Result<Result<Restored, sql::Error>>,
    ) -> Result<Result<Restored, String>> {
        let error = match answer? {
            Ok(restored) => {
                if let Restored::Left(told) = &restored {
                    cx.warn(diagnostics::left(told, item).at(Self::schemas));
                }
                return Ok(Ok(restored));
            }
            Err(error) => error,
        };
        if error.is_unreached() || error.refusal() == Some(Refusal::ReadOnly) {
            return Err(self.fault(error));
        }
        if is_violation(&error) {
            // Whoever may not read the tables gets the words of the server, which name one row.
            return Ok(Err(match session.offenders(item).await {
                Ok(offenders) if !offenders.rows.is_empty() => diagnostics::violated(&offenders),
                _ => diagnostics::failed(item, &error),
            }));
        }
        Ok(Err(diagnostics::failed(item, &error)))
    }

    /// Tries again while other sessions hold locks. In the end the error names them.
    async fn patiently<T, F>(
        &self,
        cx: &Ctx,
        session: &Server,
        item: &Item,
        mut call: impl FnMut() -> F,
    ) -> Result<Result<T, sql::Error>>
    where
        F: Future<Output = Result<T, sql::Error>>,
    {
        let locked = Mutex::new(None);
        let answer = cx
            .until(&LOCKED, || {
                let call = call();
                async {
                    match call.await {
                        Err(error) if (LOCKED.when)(&error) => {
                            *locked.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                            Err(error)
                        }
                        answer => Ok(answer),
                    }
                }
            })
            .await;
        let locked = locked.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (answer, locked) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Some(error)) if !cx.stop().is_cancelled() => {
                let holders = session.lock_holders(item).await;
                Ok(Err(diagnostics::locked(error, &holders)))
            }
            (Err(error), _) => Err(error),
        }
    }

    fn fault_of(&self, item: &Item, error: sql::Error) -> Diagnostic {
        let fault = self.fault(error);
        Diagnostic { detail: format!("The {}: {}", item.what(), fault.detail), ..fault }
    }
}
