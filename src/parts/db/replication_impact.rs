//! The users affected by IAM authentication of replication connections: looked up and reported before it is turned on.

use tf_provider::diagnostic::{Diagnostic, Result, Severity};
use tf_provider::schema::Set;
use tf_provider::value::Path;

use crate::parts::db::connection::{self, DatabaseConnection};
use crate::sql::postgres::Session;
use crate::sql::postgres::impact::User;
use crate::world::Ctx;

/// What to do about affected users.
#[derive(Debug)]
pub struct Consent<'a> {
    /// Where to look them up.
    pub connection: &'a DatabaseConnection,
    /// The acknowledged users.
    pub acknowledged: Option<&'a Set<String>>,
    /// Whether other affected users are an error rather than a warning.
    pub blocks: bool,
    /// The paths of the connection and of the acknowledged users.
    pub at: [Path; 2],
}

impl Consent<'_> {
    /// Warns a plan of affected users that are not acknowledged, or that they are not known.
    ///
    /// # Errors
    /// There are such, and they block.
    pub async fn plan(self, cx: &Ctx) -> Result<()> {
        if connection::is_skipped(cx) {
            return Ok(());
        }
        let found = match affected_users(cx, self.connection, &self.at[0]).await {
            Ok(users) => self.verdict(&users),
            Err(error) => Some(self.unknown(error)),
        };
        report(cx, found)
    }

    /// Before the first write, since the plan may not have known the connection, and memberships change.
    ///
    /// # Errors
    /// An affected user is not acknowledged, or the users cannot be looked up, and either blocks.
    pub async fn apply(self, cx: &Ctx) -> Result<()> {
        let found = match affected_users(cx, self.connection, &self.at[0]).await {
            Ok(users) => self.verdict(&users),
            Err(error) if self.blocks => {
                let detail = format!(
                    "{}\n\nNothing was changed, because impact = \"block\" needs to check the database users first.",
                    error.detail
                );
                let [at, _] = self.at;
                return Err(Diagnostic { detail, ..error }.at(at));
            }
            Err(error) => Some(Diagnostic { severity: Severity::Warning, ..error }.at(self.at[0].clone())),
        };
        report(cx, found)
    }

    fn unknown(&self, error: Diagnostic) -> Diagnostic {
        let again = match self.blocks {
            true => "The apply checks again before it changes anything.",
            false => "The apply continues without this check.",
        };
        let detail = format!("{}\n\nThe plan cannot check which database users are affected. {again}", error.detail);
        Diagnostic::warning(error.summary, detail).at(self.at[0].clone())
    }

    /// Which users are concerned without consent: an error or a warning; nothing if there are none.
    fn verdict(&self, users: &[User]) -> Option<Diagnostic> {
        let is_acknowledged = |name: &str| self.acknowledged.is_some_and(|names| names.iter().any(|one| one == name));
        let users: Vec<_> = users.iter().filter(|user| !is_acknowledged(&user.name)).map(describe).collect();
        if users.is_empty() {
            return None;
        }
        let detail = format!(
            "With \"rds.iam_auth_for_replication\" these users need an IAM authentication token for each new \
             replication connection, and can no longer use a password:\n{}\n\nAllow their clients to create tokens, \
             for example with the resource rdsauth_iam_db_user_policy or rdsauth_iam_db_access_role, and add the \
             users to \"acknowledged_users\". Or revoke the memberships: in each path to rds_iam, REVOKE the role \
             that follows the user.",
            users.join("\n")
        );
        let found = match self.blocks {
            true => Diagnostic::error("Users would be locked out of replication", detail),
            false => Diagnostic::warning("Users need tokens for replication", detail),
        };
        Some(found.at(self.at[1].clone()))
    }
}

fn report(cx: &Ctx, found: Option<Diagnostic>) -> Result<()> {
    match found {
        Some(error) if error.is_error() => return Err(error),
        Some(warning) => cx.warn(warning),
        None => {}
    }
    Ok(())
}

/// The users of a database that will have to use IAM for replication once it is required, by name.
///
/// # Errors
/// The database cannot be reached, or refuses.
pub async fn affected_users(cx: &Ctx, connection: &DatabaseConnection, there: &Path) -> Result<Vec<User>> {
    let session = connection.postgres(cx, there).await?;
    of(cx, &session).await
}

/// The same in a session that there is.
///
/// # Errors
/// The connection breaks.
pub async fn of(cx: &Ctx, session: &Session) -> Result<Vec<User>> {
    if let Some(users) = session.replication_iam_impact().await? {
        return Ok(users);
    }
    let detail = "The server has no role \"rds_iam\", so no user has to use IAM database authentication. RDS creates \
                  this role: check that \"database_connection\" points to the right database.";
    cx.warn(Diagnostic::warning("Role rds_iam not found", detail));
    Ok(Vec::new())
}

/// A chain of memberships as it is shown: `jane → app → rds_iam`.
pub fn path(roles: &[String]) -> String {
    roles.join(" → ")
}

/// One line about a user: why it is affected, and how it replicates now.
fn describe(user: &User) -> String {
    let paths = |all: &[Vec<String>]| all.iter().map(|roles| path(roles)).collect::<Vec<_>>().join(", ");
    let attribute = user.replication_attribute.then(|| "the attribute REPLICATION".to_owned());
    let memberships = (!user.replication_paths.is_empty()).then(|| paths(&user.replication_paths));
    let replicates: Vec<_> = attribute.into_iter().chain(memberships).collect();
    let now = match user.connections {
        0 => "no replication connection".to_owned(),
        1 => "1 replication connection".to_owned(),
        more => format!("{more} replication connections"),
    };
    let slots = match &user.slots[..] {
        [] => String::new(),
        slots => format!(" with {}", slots.join(", ")),
    };
    format!(
        "  \"{}\": IAM by {}; replication by {}; now {now}{slots}",
        user.name,
        paths(&user.iam_paths),
        replicates.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> User {
        let path = |roles: &[&str]| roles.iter().map(|role| (*role).to_owned()).collect::<Vec<_>>();
        User {
            name: name.to_owned(),
            iam_paths: vec![path(&[name, "rds_iam"]), path(&[name, "app", "rds_iam"])],
            replication_paths: vec![path(&[name, "rds_replication"])],
            replication_attribute: false,
            connections: 0,
            slots: Vec::new(),
        }
    }

    #[test]
    fn a_user_is_described_with_its_paths() {
        let line = describe(&user("jane"));
        let paths = "IAM by jane → rds_iam, jane → app → rds_iam; replication by jane → rds_replication";
        assert_eq!(line, format!("  \"jane\": {paths}; now no replication connection"));
        let slots = vec!["a".to_owned(), "b".to_owned()];
        let busy = User { replication_attribute: true, connections: 2, slots, ..user("jane") };
        let end = "by the attribute REPLICATION and jane → rds_replication; now 2 replication connections with a, b";
        assert!(describe(&busy).ends_with(end), "{}", describe(&busy));
        let attribute = User { replication_paths: Vec::new(), replication_attribute: true, connections: 1, ..busy };
        let end = "replication by the attribute REPLICATION; now 1 replication connection with a, b";
        assert!(describe(&attribute).ends_with(end), "{}", describe(&attribute));
    }

    #[test]
    fn who_is_acknowledged_is_passed_over() {
        let (connection, _) = DatabaseConnection::of_import("db.example.com/any").unwrap();
        let verdict = |names: &[&str], blocks| {
            let acknowledged: Set<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let at = ["database_connection", "acknowledged_users"].map(|name| Path::root().attribute(name));
            let consent = Consent { connection: &connection, acknowledged: Some(&acknowledged), blocks, at };
            consent.verdict(&[user("jane"), user("john")])
        };
        let both = verdict(&[], true).unwrap();
        assert!(both.is_error() && both.detail.contains("\"jane\": ") && both.detail.contains("\"john\": "), "{both}");
        assert_eq!(both.path.to_string(), "acknowledged_users");
        let one = verdict(&["jane", "joe"], false).unwrap();
        assert!(!one.is_error() && !one.detail.contains("\"jane\": ") && one.detail.contains("\"john\": "), "{one}");
        assert_eq!(verdict(&["jane", "john"], true), None);
    }
}
