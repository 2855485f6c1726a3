//! The creation of a user, and the adoption of one that exists.

use tf_provider::diagnostic::Result;
use tf_provider::schema::Computed;

use crate::records::claims::{Claim, Creator};
use crate::resources::mysql_iam_user::{MysqlIamUser, diagnostics};
use crate::sql::Refusal;
use crate::sql::mysql::Session;
use crate::sql::mysql::grants::Grants;
use crate::sql::mysql::server::Server;
use crate::sql::mysql::users::{self, PLUGIN, User};
use crate::world::Ctx;

impl MysqlIamUser {
    pub(super) async fn create_user(&mut self, session: &mut Session, claim: Option<&Claim<'_>>) -> Result<Grants> {
        let made = users::create(session, self.account(), self.require_ssl).await;
        if let (Err(error), Some(claim)) = (&made, claim)
            && error.refusal() == Some(Refusal::Exists)
        {
            return Err(claim.refuse(&Creator::Unknown)); // It was created by others in the meantime.
        }
        self.at_fault(made, "Cannot create the user", Self::name.path())?;
        Ok(Grants::default())
    }

    /// An existing user is either the rest of an interrupted create, or is adopted with consent.
    pub(super) async fn adopt(
        &mut self,
        cx: &Ctx,
        session: &mut Session,
        user: User,
        claim: &Claim<'_>,
    ) -> Result<Grants> {
        if self.adopt_existing {
            let adopting = diagnostics::adopting(self.account(), &user, &self.wanted(session.server())?);
            let previous = user.grants.lines().into_iter().collect();
            let there = self.convert(session, user).await?;
            cx.warn(adopting);
            (self.adopted, self.previous_grants) = (true.into(), Some(previous).into());
            return Ok(there);
        }
        let is_rest =
            claim.has_earlier() && self.is_as_created(&user) && self.wanted(session.server())?.include(&user.grants);
        if !is_rest {
            return Err(diagnostics::can_be_adopted(claim.refuse(&Creator::Unknown), &user));
        }
        claim.note(cx, None, None);
        claim.warn_adopted(cx);
        Ok(user.grants)
    }

    pub(super) async fn convert(&self, session: &mut Session, user: User) -> Result<Grants> {
        let tls = (user.requires_tls != self.require_ssl || user.requires_certificate).then_some(self.require_ssl);
        if user.plugin != PLUGIN || tls.is_some() || user.is_locked {
            if user.grants.are_a_masters() {
                return Err(diagnostics::is_a_master(self.account()).at(Self::name));
            }
            let converted = users::convert(session, self.account(), tls, user.is_locked).await;
            self.at_fault(converted, "Cannot convert the user", Self::name.path())?;
        }
        Ok(user.grants)
    }

    /// Whether a user in another database is the one created here: it is the same database by another name, or a copy.
    pub(super) fn is_own(&self, server: Server, user: &User) -> bool {
        let is_own = self.adopted == Computed::Known(false) && self.is_as_created(user);
        is_own && self.wanted(server).is_ok_and(|wanted| wanted == user.grants)
    }

    /// Whether a user is as this resource creates it, apart from its privileges.
    fn is_as_created(&self, user: &User) -> bool {
        let User { plugin, requires_tls, requires_certificate, is_locked, has_options, grants: _ } = user;
        let is_odd = *requires_certificate || *is_locked || *has_options;
        plugin == PLUGIN && *requires_tls == self.require_ssl && !is_odd
    }
}
