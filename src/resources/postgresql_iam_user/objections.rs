//! What speaks against a user, looked up before anything is written.

use tf_provider::diagnostic::Result;

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::postgresql_iam_user::{PostgresqlIamUser, diagnostics};
use crate::sql;
use crate::sql::postgres::Session;
use crate::sql::postgres::roles::{self, Survey};

impl PostgresqlIamUser {
    /// Ends the operation before anything is written if there is an objection to the user, whose present name is given.
    pub(super) async fn ensure_allowed(&self, session: &Session, name: &str) -> Result<()> {
        let survey = self.survey(session, name).await.map_err(|error| self.fault(error))?;
        self.judge(name, &survey)
    }

    pub(super) async fn survey(&self, session: &Session, name: &str) -> Result<Survey, sql::Error> {
        let heir = self.reassign_owned_to.as_deref().filter(|_| self.on_destroy == "drop");
        roles::survey(session, name, self.roles.as_deref().unwrap_or_default(), heir).await
    }

    pub(super) fn judge(&self, name: &str, survey: &Survey) -> Result<()> {
        if !survey.is_rds {
            return Err(diagnostics::no_rds().at(Self::database_connection.path().field(DatabaseConnection::host)));
        }
        if let Some(path) = &survey.locked_out {
            return Err(diagnostics::locked_out(name, path).at(Self::name));
        }
        if let Some(path) = &survey.kerberos {
            let through_roles =
                self.roles.as_ref().is_some_and(|roles| roles.iter().any(|role| path.contains(role.as_str())));
            let at = if through_roles { Self::roles.path() } else { Self::name.path() };
            return Err(diagnostics::kerberos(name, path).at(at));
        }
        if !survey.missing.is_empty() {
            return Err(diagnostics::missing(&survey.missing).at(Self::roles));
        }
        match (survey.heir, &self.reassign_owned_to) {
            (Some(unfit), Some(heir)) => Err(diagnostics::unfit_heir(heir, unfit).at(Self::reassign_owned_to)),
            _ => Ok(()),
        }
    }
}
