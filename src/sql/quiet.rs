//! What in a copy of a database acts by itself, and the statements that stop it: a common form for all engines.

/// Something that acts as soon as a copy of a database runs, in the place of the original or beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Active {
    /// What it is, such as `subscription`.
    pub kind: &'static str,
    /// The database that it belongs to.
    pub database: String,
    /// Its name.
    pub name: String,
    /// How it was found.
    pub was: String,
    /// The statements that stop it, one transaction where the server has those. None if it has stopped already.
    pub stop: Option<String>,
    /// To be run if one is not permitted: the same, but with a loss.
    pub otherwise: Option<String>,
    /// The statements that start it again.
    pub start: String,
}

/// What a look at a database found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What acts by itself.
    pub active: Vec<Active>,
    /// What could not be looked at, and why: whole sentences.
    pub unseen: Vec<String>,
}
