//! What the inventory and the tables show of a suspension.

use tf_provider::schema::Resource as _;

use crate::ownership;
use crate::records::claims;
use crate::resources::constraint_suspension::server::Server;
use crate::resources::constraint_suspension::{ConstraintSuspension, diagnostics};
use crate::sql::Error;
use crate::sql::suspension::{Item, Progress, Suspension};
use crate::world::Ctx;

impl ConstraintSuspension {
    /// Reads the suspension. Returns whether it exists.
    pub(super) async fn refresh(&mut self, cx: &Ctx, session: &Server) -> Result<bool, Error> {
        let all = session.suspensions().await?;
        let own = claims::own_mark(cx, Self::TYPE);
        let is_import = cx.is_import();
        let scope = self.scope();
        // Core loses the private state if the provider dies in an update.
        let is_it = |it: &&Suspension| match (is_import, &own) {
            // An import ID does not tell what is suspended, an identity does.
            (true, _) if !self.foreign_keys && !self.user_triggers => it.scope.schemas == scope.schemas,
            (true, _) => it.scope == scope,
            (false, Some(own)) => it.mark == *own,
            (false, None) => it.scope == scope,
        };
        let Some(it) = all.iter().find(is_it) else { return self.refresh_without(cx, session, &all).await };
        if is_import {
            self.engine = session.engine().await.to_owned();
            if all.iter().filter(is_it).count() > 1 {
                let what = "there are several suspensions of these schemas, and the import ID does not tell which is meant: import \
                            it by its identity, with all that it has";
                return Err(session.refused(what.to_owned()).await);
            }
            self.tables = it.scope.tables.as_ref().map(|tables| tables.iter().cloned().collect());
            self.foreign_keys = it.scope.foreign_keys;
            self.user_triggers = it.scope.triggers;
        }
        claims::keep_creation_id(cx, Self::TYPE, Some(&it.mark));
        let items = session.suspended(&it.mark).await?;
        let is_whole = !items.iter().any(|item| item.progress == Progress::Noted);
        // A suspension that is to be ended, and has not been, stays one; one that has only begun does not become one.
        self.suspended = is_whole || self.suspended && !is_import;
        self.describe(&items);
        self.refresh_active(session, &items).await?;
        Ok(true)
    }

    /// The inventory does not have it: it has ended, or was ended by others, or the inventory is lost.
    async fn refresh_without(&mut self, cx: &Ctx, session: &Server, all: &[Suspension]) -> Result<bool, Error> {
        if cx.is_import() {
            return Ok(false);
        }
        if !self.suspended {
            return Ok(true);
        }
        if all.iter().any(|it| it.scope == self.scope()) {
            if let Ok(subject) = ownership::subject(self) {
                cx.warn(claims::recreated(&subject));
            }
            return Ok(false);
        }
        let missing = self.missing(session).await?;
        if missing.is_empty() {
            return Ok(false);
        }
        cx.warn(diagnostics::inventory_lost(missing.len()));
        Ok(true)
    }

    /// The objects in the state that are not in effect as they were.
    pub(super) async fn missing(&self, session: &Server) -> Result<Vec<Item>, Error> {
        let mut missing = Vec::new();
        for item in self.known_items().unwrap_or_default() {
            if !session.is_in_place(&item).await? {
                missing.push(item);
            }
        }
        Ok(missing)
    }

    /// Lists the objects as the inventory has them.
    pub(super) async fn refresh_objects(&mut self, session: &Server, mark: &str) -> Result<(), Error> {
        let items = session.suspended(mark).await?;
        self.describe(&items);
        Ok(())
    }

    async fn refresh_active(&mut self, session: &Server, items: &[Item]) -> Result<(), Error> {
        let (in_effect, unfit) = session.in_effect(&self.scope()).await?;
        let unfit = unfit.into_iter().filter(|unfit| !unfit.can_stay).map(|unfit| unfit.item);
        let waits = |item: &Item| items.iter().any(|known| known.is(item) && known.progress != Progress::Suspended);
        let active = in_effect.into_iter().chain(unfit).filter(|item| !waits(item));
        self.active_objects = active.map(|item| item.what()).collect::<Vec<_>>().into();
        Ok(())
    }
}
