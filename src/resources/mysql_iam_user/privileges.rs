//! The privileges of a user: those of the configuration, those it has, and those it had before it was adopted.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Set, Val, View};

use crate::resources::mysql_iam_user::MysqlIamUser;
use crate::resources::mysql_iam_user::grant::{self, GrantBlock};
use crate::sql::mysql::grants::Grants;
use crate::sql::mysql::server::Server;

impl MysqlIamUser {
    /// The privileges of the configuration, in the server's spelling.
    pub(super) fn wanted(&self, server: Server) -> Result<Grants> {
        Ok(self.given()?.folded(server))
    }

    /// The privileges of the configuration.
    pub(super) fn given(&self) -> Result<Grants> {
        let blocks = self.grant.iter().map(GrantBlock::granted);
        grant::given(blocks, self.preset.as_deref(), self.preset_databases.as_ref()).map_err(Diagnostic::bug)
    }

    /// The same as soon as it is known.
    pub(super) fn wanted_lines(plan: &View<'_, Self>) -> Val<Set<String>> {
        let blocks: Option<Vec<_>> = plan
            .set_blocks(Self::grant)
            .and_then(|blocks| blocks.iter().map(|block| Some(block.decode()?.granted())).collect());
        let (blocks, preset, databases) = match (blocks, plan.get(Self::preset), plan.get(Self::preset_databases)) {
            (None, ..) | (_, Val::Unknown, _) | (.., Val::Unknown) => return Val::Unknown,
            (Some(blocks), preset, databases) => (blocks.into_iter(), preset.known(), databases.known()),
        };
        let given = grant::given(blocks, preset.as_deref(), databases.as_ref());
        // Impossible values are reported elsewhere.
        Val::Known(given.unwrap_or_default().lines().into_iter().collect())
    }

    /// The privileges of the user before it was adopted.
    pub(super) fn previous(&self, server: Server) -> Result<Grants> {
        let lines = self.previous_grants.get()?.iter().flat_map(|lines| lines.iter());
        Ok(Grants::of_lines(lines).folded(server))
    }

    /// What the state says while the privileges are being changed: the user has what is there, and if that is
    /// interrupted it may have any part of what was granted before or will be granted now.
    pub(super) fn so_far(&self, server: Server, there: &Grants, prior: Option<&Self>) -> Result<Self> {
        let mut now = self.clone();
        if let Some(prior) = prior {
            let before = prior.given()?.granted().into_iter().map(GrantBlock::of);
            now.grant = self.grant.iter().cloned().chain(before).collect();
        }
        now.refresh_grants(server, there)?;
        Ok(now)
    }

    pub(super) fn refresh_grants(&mut self, server: Server, there: &Grants) -> Result<()> {
        let visible = match *self.adopted.get()? {
            true => self.wanted(server)?.within(there),
            false => there.clone(),
        };
        self.grants = visible.spelt_as(&self.given()?).lines().into_iter().collect::<Set<_>>().into();
        Ok(())
    }
}
