//! The objects of a database in a normal form, to compare them with those of another: a common form for all engines.

mod ending;

use crate::sql::Error;

pub use self::ending::ending;

/// What identifies an object in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is, such as `index`.
    pub kind: String,
    /// The schema; in MySQL and MariaDB the database. Empty if it is in none.
    pub schema: String,
    /// The object that it belongs to, such as the table of an index. Empty if it stands for itself.
    pub table: String,
    /// Its own name.
    pub name: String,
}

/// An object, and a digest of all that is compared of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Which object.
    pub key: Key,
    /// The digest.
    pub digest: Vec<u8>,
}

/// An object as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Which object.
    pub key: Key,
    /// As it is shown.
    pub definition: String,
    /// The parts that are compared, in the order in which statements have to change them.
    pub facets: Vec<String>,
    /// For each part the statements that make it as it is here: empty if another part does, none if there are none.
    pub alters: Vec<Option<String>>,
    /// The statements that create the object.
    pub make: Option<String>,
    /// The statement that drops the object.
    pub unmake: Option<String>,
}

/// What of a database is compared.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The schemas, if not all.
    pub schemas: Option<Vec<String>>,
    /// Whether the bodies of functions may be shown, rather than digests.
    pub bodies: bool,
    /// Whether the order of columns counts.
    pub column_order: bool,
}

/// Kinds of objects that one query reads.
#[derive(Clone, Debug)]
pub struct Group {
    /// The kinds.
    pub kinds: &'static [&'static str],
    /// The query, whose columns are those of an [`Object`].
    pub sql: String,
}

/// A database that is read by digests, in the order of the keys, and then by the objects that matter.
pub trait Catalogue: Send {
    /// What the statement that creates an object creates as well, or what it has only then.
    const CREATED_WITH: &'static [&'static str];

    /// Whether the statement that drops a schema drops all that is in it.
    const DROPS_SCHEMAS: bool;

    /// What can be read, in the order in which objects depend on each other.
    fn groups(scope: &Scope) -> Result<Vec<Group>, Error>;

    /// Those of the schemas that the database does not have.
    fn absent(&mut self, schemas: &[String]) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Begins to read a group.
    fn open(&mut self, group: &Group) -> impl Future<Output = Result<(), Error>> + Send;

    /// The next digests of the group; none after the last.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Digest>, Error>> + Send;

    /// Ends the reading of the group, whether it could be read or not.
    fn close(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// The objects of the group with these keys.
    fn objects(&mut self, group: &Group, keys: &[Key]) -> impl Future<Output = Result<Vec<Object>, Error>> + Send;
}
