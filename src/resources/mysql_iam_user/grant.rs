//! The privileges of a user: the `grant` block.

use tf_provider::diagnostic::Diagnostic;
use tf_provider::schema::{Check, Set, Spelling, Text, Val, View, check, optional, required};

use crate::sql::mysql::grants::{Granted, Grants, same_privilege};
use crate::sql::mysql::privileges::{self, Reach};
use crate::sql::quote::{NameError, check_my_name};

tf_provider::model! {
    /// Privileges on all databases, on a database, or on a table.
    pub struct GrantBlock {
        /// Names of the privileges, such as `SELECT`. Case is ignored, and so is which of the names of MySQL and MariaDB is
        /// used. `ALL PRIVILEGES` needs `database`, and a connecting user that has all of them, which the master user of RDS
        /// for MariaDB may not have.
        privileges: Set<Privilege> = required().check(check::size(1..=usize::MAX)).each(Check::explained(
            "must be a privilege of MySQL or MariaDB",
            check_privilege,
        )),
        /// Name of the database, or `*` for all databases. `%` and `_` are ordinary characters, not wildcards.
        database: String = optional().or(ALL).check(database_name()),
        /// Name of the table, or `*` for all tables of the database. Requires `database`. The table must exist, unless
        /// `CREATE` is among the privileges.
        table: String = optional().or(ALL).check(database_name()),
        /// Whether the database user can grant the privileges to other users (`WITH GRANT OPTION`). In MySQL and MariaDB,
        /// this applies to all privileges that it has on the same database or table.
        grant_option: bool = optional().or(false),
    }
}

/// A privilege; upper and lower case are the same, and so are the names that MySQL and MariaDB have for it.
pub(super) type Privilege = Text<PrivilegeSpelling>;

/// The spelling of privileges.
#[derive(Clone, Copy, Debug)]
pub(super) enum PrivilegeSpelling {}

impl Spelling for PrivilegeSpelling {
    fn same(a: &str, b: &str) -> bool {
        same_privilege(a, b)
    }
}

/// All databases, or all tables.
const ALL: &str = "*";

/// The preset for change data capture.
pub(super) const CDC: &str = "cdc";

/// The privileges of blocks and a preset together.
pub(super) fn given(
    blocks: impl Iterator<Item = Granted>,
    preset: Option<&str>,
    databases: Option<&Set<String>>,
) -> Result<Grants, NameError> {
    let mut grants = Grants::default();
    let mut give = |privileges: &[&str], database: &str| {
        let privileges = privileges.iter().map(|&privilege| privilege.to_owned()).collect();
        grants.add(&Granted { privileges, database: database.to_owned(), table: ALL.to_owned(), grant_option: false })
    };
    if preset == Some(CDC) {
        give(&["REPLICATION CLIENT", "REPLICATION SLAVE"], ALL)?;
        let all = [ALL.to_owned()];
        databases
            .map_or(&all[..], |databases| databases)
            .iter()
            .try_for_each(|database| give(&["SELECT"], database))?;
    }
    for block in blocks {
        grants.add(&block)?;
    }
    Ok(grants)
}

impl GrantBlock {
    /// The same for a statement.
    pub(super) fn granted(&self) -> Granted {
        Granted {
            privileges: self.privileges.iter().map(|name| name.0.clone()).collect(),
            database: self.database.clone(),
            table: self.table.clone(),
            grant_option: self.grant_option,
        }
    }

    /// The block for what is granted.
    pub(super) fn of(granted: Granted) -> Self {
        Self {
            privileges: granted.privileges.into_iter().map(Privilege::from).collect(),
            database: granted.database,
            table: granted.table,
            grant_option: granted.grant_option,
        }
    }

    /// What cannot be granted on the given object.
    pub(super) fn check(block: &View<'_, Self>) -> Vec<Diagnostic> {
        let (database, table) = (block.get(Self::database), block.get(Self::table));
        let is_all = |value: &Val<String>| *value == Val::Known(ALL.to_owned());
        let (Val::Known(_), Val::Known(_)) = (&database, &table) else { return Vec::new() };
        let (level, name) = match (is_all(&database), is_all(&table)) {
            (true, true) => (Reach::Global, "all databases"),
            (true, false) => {
                let detail = "\"table\" needs \"database\", the database that contains the table.";
                return vec![Diagnostic::error("Missing required argument", detail).at(block.path(Self::table))];
            }
            (false, true) => (Reach::Database, "a database"),
            (false, false) => (Reach::Table, "a table"),
        };
        let names = block.get(Self::privileges).known();
        let names = names.iter().flat_map(|names| names.iter());
        let complaint = |privilege: &Privilege| {
            let name_of = &privilege.0;
            let detail = match privileges::reach(name_of)? {
                reach if reach > level => format!(
                    "\"{name_of}\" cannot be granted on {name}, only on {}.",
                    if reach == Reach::Global {
                        "all databases (without \"database\")"
                    } else {
                        "databases as a whole"
                    }
                ),
                _ if level == Reach::Global && name_of.to_ascii_uppercase().starts_with("ALL") => format!(
                    "\"{name_of}\" on all databases includes privileges that no user has on Amazon RDS.\n\nList the \
                     privileges, or grant all privileges on each database."
                ),
                _ => return None,
            };
            Some(Diagnostic::error("Privilege does not apply here", detail).at(block.path(Self::privileges)))
        };
        names.filter_map(complaint).collect()
    }
}

/// The name of a database or a table.
pub(super) fn database_name() -> Check {
    Check::explained("must be a name of 1 to 64 characters", |name| check_my_name(name, 64))
}

fn check_privilege(privilege: &str) -> Result<(), String> {
    if privileges::reach(privilege).is_some() {
        return Ok(());
    }
    let meant = privileges::nearest(privilege).map(|meant| format!(" Did you mean \"{meant}\"?")).unwrap_or_default();
    let own = match privilege.to_ascii_uppercase().as_str() {
        "GRANT OPTION" => " Set \"grant_option\" in the block.",
        "USAGE" => " It means no privileges, and every user has it.",
        _ => meant.as_str(),
    };
    Err(format!("\"{privilege}\" is not a privilege of MySQL or MariaDB.{own}"))
}
