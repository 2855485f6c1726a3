//! Which accounts of a MySQL or MariaDB server can write to databases, by all the ways that privileges take.

use std::collections::BTreeSet;

use mysql_async::{Params, Row, Value};

use crate::records::fences;
use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::{SYSTEM, text};
use crate::sql::mysql::server::Server;

/// An account, or a role of MariaDB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) host: String,
    /// Whether it can write to the databases, if it can log in.
    pub(super) writes: bool,
    pub(super) is_locked: bool,
    /// A role of MariaDB cannot log in.
    pub(super) is_role: bool,
    /// The roles of fences that it has.
    pub(super) fences: Vec<String>,
}

/// Name and host.
type Name = (String, String);

/// A role, who has it, and whether that may grant it.
type Edge = (Name, Name, bool);

/// They belong to RDS or to the server. RDS's own cannot be locked, and do not write to databases of others.
const OWN: [&str; 8] = [
    "rdsadmin",
    "rdsrepladmin",
    "rdstopmgr",
    "rds_superuser_role",
    "mysql.sys",
    "mysql.session",
    "mysql.infoschema",
    "mariadb.sys",
];

/// A routine acts with the rights of its definer, so that it can write wherever it is. Privileges on columns are in
/// mysql.tables_priv as well. Servers compare a database with the pattern in mysql.db.
const ACCOUNTS: &str = "
SELECT u.User, u.Host, IF(LOCKED, 'Y', 'N'), IF(ROLE, 'Y', 'N'),
    IF('Y' IN (WRITES(u), u.Super_priv, u.Execute_priv)
        OR EXISTS (SELECT 1 FROM mysql.db d WHERE d.User = u.User AND d.Host = u.Host
            AND (d.Execute_priv = 'Y' OR ('Y' IN (WRITES(d)) AND (PATTERNS))))
        OR EXISTS (SELECT 1 FROM mysql.tables_priv t WHERE t.User = u.User AND t.Host = u.Host AND t.Db IN (NAMES)
            AND (t.Table_priv REGEXP 'Insert|Update|Delete|Create|Drop|Alter|Index|Trigger'
                OR t.Column_priv REGEXP 'Insert|Update'))
        OR EXISTS (SELECT 1 FROM mysql.procs_priv p WHERE p.User = u.User AND p.Host = u.Host
            AND p.Proc_priv REGEXP 'Execute'), 'Y', 'N')
FROM mysql.user u ORDER BY 1, 2";

const WRITES: [&str; 9] = ["Insert", "Update", "Delete", "Create", "Drop", "Alter", "Index", "Trigger", "Event"];

/// In MariaDB, a role that is granted to nobody by name may be granted to everybody.
const PUBLIC: &str = "PUBLIC";

const EDGES_IN_MARIADB: &str = "SELECT Role, '', User, Host, Admin_option FROM mysql.roles_mapping";
const EDGES_IN_MYSQL: &str = "SELECT FROM_USER, FROM_HOST, TO_USER, TO_HOST, 'N' FROM mysql.role_edges";

/// Objects that write to other databases than their own, perhaps.
const THROUGH: &str = "
SELECT TABLE_SCHEMA, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN (SYSTEM)
UNION SELECT TRIGGER_SCHEMA, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (SYSTEM)
UNION SELECT UNIQUE_CONSTRAINT_SCHEMA, CONSTRAINT_SCHEMA FROM information_schema.REFERENTIAL_CONSTRAINTS
WHERE UNIQUE_CONSTRAINT_SCHEMA <> CONSTRAINT_SCHEMA";

impl Session {
    /// All accounts, and which of them can write to the databases: by a privilege on everything, on a database or a table
    /// of it, by a routine, through views, triggers and foreign keys of other databases, or by a role.
    pub(super) async fn accounts(&mut self, databases: &[String]) -> Result<Vec<Account>, Error> {
        let server = self.server();
        let rows = self.rows(&THROUGH.replace("SYSTEM", SYSTEM), ()).await?;
        let through: Vec<_> = rows.iter().map(|row| (text(row, 0), text(row, 1))).collect();
        let names = covered(databases, &through);
        let (sql, arguments) = accounts_query(server, &names);
        let mut accounts: Vec<_> = self.rows(&sql, arguments).await?.iter().map(account).collect();
        let edges = if server.is_mariadb { EDGES_IN_MARIADB } else { EDGES_IN_MYSQL };
        let edges: Vec<_> = self.rows(edges, ()).await?.iter().map(edge).collect();
        let everybody_may = !server.is_mariadb && self.has_mandatory_roles().await?;
        pass_on(&mut accounts, &edges, everybody_may);
        accounts.retain(|one| !OWN.contains(&one.name.as_str()));
        Ok(accounts)
    }

    /// Roles that every account of MySQL has, and that it may set itself.
    async fn has_mandatory_roles(&mut self) -> Result<bool, Error> {
        let row = self.row("SELECT @@global.mandatory_roles", ()).await?;
        Ok(row.is_some_and(|row| !text(&row, 0).is_empty()))
    }
}

impl Account {
    /// `user@host`, as it is shown to the user.
    pub(super) fn title(&self) -> String {
        format!("{}@{}", self.name, self.host)
    }
}

fn account(row: &Row) -> Account {
    let is = |column| text(row, column) == "Y";
    Account {
        name: text(row, 0),
        host: text(row, 1),
        is_locked: is(2),
        is_role: is(3),
        writes: is(4),
        fences: Vec::new(),
    }
}

fn edge(row: &Row) -> Edge {
    ((text(row, 0), text(row, 1)), (text(row, 2), text(row, 3)), text(row, 4) == "Y")
}

fn accounts_query(server: Server, names: &[String]) -> (String, Params) {
    let (locked, role) = match server.is_mariadb {
        true => (
            "EXISTS (SELECT 1 FROM mysql.global_priv g WHERE g.User = u.User AND g.Host = u.Host
                AND JSON_VALUE(g.Priv, '$.account_locked') IN ('1', 'true'))",
            "u.is_role = 'Y'",
        ),
        false => ("u.account_locked = 'Y'", "FALSE"),
    };
    let writes = |of: &str| WRITES.map(|name| format!("{of}.{name}_priv")).join(", ");
    let sql = ACCOUNTS
        .replace("WRITES(u)", &writes("u"))
        .replace("WRITES(d)", &writes("d"))
        .replace("PATTERNS", &vec!["? LIKE d.Db"; names.len()].join(" OR "))
        .replace("NAMES", &vec!["?"; names.len()].join(", "))
        .replace("LOCKED", locked)
        .replace("ROLE", role);
    let names = names.iter().map(|name| Value::from(name.as_str()));
    (sql, Params::Positional(names.clone().chain(names).collect()))
}

/// The databases, and others in which a view, a trigger or a foreign key may lead to them.
fn covered(databases: &[String], through: &[(String, String)]) -> Vec<String> {
    let mut covered: Vec<String> = databases.to_vec();
    loop {
        let leads = |(from, what): &&(String, String)| {
            !covered.contains(from) && covered.iter().any(|name| mentions(what, name))
        };
        let Some((more, _)) = through.iter().find(leads) else { return covered };
        covered.push(more.clone());
    }
}

/// Whether a name is in a text, and not a part of another. The text is missing if the user may not read it.
fn mentions(text: &str, name: &str) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let is_whole = |(at, _): (usize, &str)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        !(before.is_some_and(of_name) || after.is_some_and(of_name))
    };
    text.is_empty() || text.match_indices(name).any(is_whole)
}

/// Whoever has a role can write if the role can.
fn pass_on(accounts: &mut [Account], edges: &[Edge], everybody_may: bool) {
    let name_of = |one: &Account| (one.name.clone(), one.host.clone());
    let public = accounts.iter().any(|one| one.is_role && one.name == PUBLIC && one.writes);
    let mut writers: BTreeSet<_> = accounts.iter().filter(|one| one.writes).map(name_of).collect();
    loop {
        let more: Vec<_> =
            edges.iter().filter(|(role, to, _)| writers.contains(role) && !writers.contains(to)).collect();
        if more.is_empty() {
            break;
        }
        writers.extend(more.into_iter().map(|(_, to, _)| to.clone()));
    }
    for one in accounts {
        let name = name_of(one);
        one.writes |= public || everybody_may || writers.contains(&name);
        // In MariaDB, who creates a role has it as well, without being locked.
        let own = edges.iter().filter(|(_, to, may_grant)| *to == name && (one.is_locked || !may_grant));
        one.fences = own.map(|((role, _), ..)| role.clone()).filter(|role| fences::is_role(role)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
        texts.map(str::to_owned).to_vec()
    }

    #[test]
    fn a_database_is_written_to_through_others() {
        let through =
            [("a", "select `b`.`t`.`x` from `b`.`t`"), ("b", "INSERT INTO shop.log VALUES (1)"), ("c", "shops")]
                .map(|(from, what)| (from.to_owned(), what.to_owned()));
        assert_eq!(covered(&texts(["shop"]), &through), texts(["shop", "b", "a"]));
        assert!(
            mentions("INSERT INTO `größe`.t", "größe") && !mentions("x_shop.t", "shop") && !mentions("shop2", "shop")
        );
    }

    #[test]
    fn roles_pass_privileges_on() {
        let account = |name: &str, writes| Account { name: name.to_owned(), writes, ..Account::default() };
        let of = |name: &str| (name.to_owned(), String::new());
        let fence = fences::role("write_fence/0123456789abcdef", &texts(["shop"]));
        let mut accounts = [account("r", true), account("s", false), account("jane", false), account("joe", false)];
        let edges = [
            (of("r"), of("s"), false),
            (of("s"), of("jane"), false),
            (of(&fence), of("joe"), false),
            (of(&fence), of("jane"), true),
        ];
        pass_on(&mut accounts, &edges, false);
        assert_eq!(accounts.each_ref().map(|one| one.writes), [true, true, true, false]);
        assert_eq!(accounts.each_ref().map(|one| one.fences.len()), [0, 0, 0, 1]);
        accounts[0] = Account { is_role: true, ..account(PUBLIC, true) };
        pass_on(&mut accounts, &[], false);
        assert!(accounts.iter().all(|one| one.writes));
    }

    #[test]
    fn the_query_is_that_of_the_server() {
        let names = texts(["shop", "billing"]);
        let (mysql, arguments) = accounts_query(Server::new("8.0.40", 0), &names);
        assert!(mysql.contains("IF(u.account_locked = 'Y', 'Y', 'N'), IF(FALSE, 'Y', 'N')"), "{mysql}");
        assert!(mysql.contains("(? LIKE d.Db OR ? LIKE d.Db)") && mysql.contains("t.Db IN (?, ?)"), "{mysql}");
        assert!(
            mysql.contains("IF('Y' IN (u.Insert_priv, u.Update_priv,") && !mysql.contains("global_priv"),
            "{mysql}"
        );
        assert!(matches!(arguments, Params::Positional(all) if all.len() == 4));
        let (mariadb, _) = accounts_query(Server::new("10.11.6-MariaDB", 0), &names);
        assert!(mariadb.contains("JSON_VALUE(g.Priv, '$.account_locked')") && mariadb.contains("u.is_role = 'Y'"));
    }
}
