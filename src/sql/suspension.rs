//! Foreign keys and triggers that are out of effect for a while: a common form for all engines.

/// What is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Schemas of PostgreSQL, databases of MySQL and MariaDB; sorted.
    pub schemas: Vec<String>,
    /// Tables in these schemas; all if none are named. Sorted.
    pub tables: Option<Vec<String>>,
    /// Whether foreign keys are.
    pub foreign_keys: bool,
    /// Whether triggers are.
    pub triggers: bool,
}

/// A suspension that the inventory in the database knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The mark of its creation.
    pub mark: String,
    /// Who made it: login, directory and workspace.
    pub maker: String,
    /// When, in UTC.
    pub since: String,
    /// What it suspends.
    pub scope: Scope,
}

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A foreign key.
    ForeignKey,
    /// A trigger.
    Trigger,
}

/// How far the suspension of an object has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is in the inventory, and still in effect.
    Noted,
    /// It is out of effect.
    Suspended,
    /// A foreign key that is back, but whose rows have not been validated.
    Unvalidated,
}

/// An object that a suspension takes out of effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its own name.
    pub name: String,
    /// How far its suspension has got.
    pub progress: Progress,
    /// The table as the server identifies it, whatever its name; 0 if that is not known.
    pub table_id: u32,
    /// The same of the table that a foreign key references.
    pub referenced_id: u32,
    /// All of its definition, as JSON: if that is the same, it is the same object.
    pub fingerprint: String,
    /// The statements that put it back.
    pub restore_sql: String,
}

/// How putting an object back ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// It is as it was before.
    Whole,
    /// A foreign key is back, without having been validated.
    Unvalidated,
    /// It was changed or dropped by others, and left as it is: one whole sentence.
    Left(String),
    /// It was changed by others so that it cannot be put back: one whole sentence.
    Blocked(String),
}

/// An object that cannot be suspended, and why: a whole sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The object.
    pub item: Item,
    /// The reason.
    pub why: String,
    /// Whether it can stay in effect. Otherwise nothing is suspended.
    pub can_stay: bool,
}

/// Rows that violate a foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offenders {
    /// The foreign key.
    pub item: Item,
    /// Some of the rows, such as `(parent_id) = (7) in the row (id) = (1)`.
    pub rows: Vec<String>,
}

impl Kind {
    /// The word in the inventory and in the state.
    pub fn word(self) -> &'static str {
        match self {
            Self::ForeignKey => "foreign_key",
            Self::Trigger => "trigger",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Self {
        if word == Self::Trigger.word() { Self::Trigger } else { Self::ForeignKey }
    }
}

impl Progress {
    /// The word in the inventory.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Noted => "noted",
            Self::Suspended => "suspended",
            Self::Unvalidated => "unvalidated",
        }
    }

    pub(crate) fn of(word: &str) -> Self {
        match word {
            "suspended" => Self::Suspended,
            "unvalidated" => Self::Unvalidated,
            _ => Self::Noted,
        }
    }
}

impl Item {
    /// The object in a sentence.
    pub fn what(&self) -> String {
        let noun = match self.kind {
            Kind::ForeignKey => "foreign key",
            Kind::Trigger => "trigger",
        };
        format!("{noun} \"{}\" of table \"{}\".\"{}\"", self.name, self.schema, self.table)
    }

    /// Whether two are the same object.
    pub fn is(&self, other: &Self) -> bool {
        let key = |of: &Self| (of.kind, of.schema.clone(), of.table.clone(), of.name.clone());
        key(self) == key(other)
    }
}

impl Scope {
    /// Whether an object can belong to both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let kinds = self.foreign_keys && other.foreign_keys || self.triggers && other.triggers;
        let schemas = self.schemas.iter().any(|schema| other.schemas.contains(schema));
        let tables = match (&self.tables, &other.tables) {
            (Some(ours), Some(theirs)) => ours.iter().any(|table| theirs.contains(table)),
            _ => true,
        };
        kinds && schemas && tables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(schemas: &[&str], tables: Option<&[&str]>, foreign_keys: bool, triggers: bool) -> Scope {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Scope { schemas: texts(schemas), tables: tables.map(texts), foreign_keys, triggers }
    }

    #[test]
    fn scopes_overlap_if_an_object_can_be_in_both() {
        let all = of(&["a", "b"], None, true, true);
        let check =
            |other: Scope, expected| assert_eq!((all.overlaps(&other), other.overlaps(&all)), (expected, expected));
        check(of(&["b"], None, true, false), true);
        check(of(&["b"], Some(&["t"]), false, true), true);
        check(of(&["c"], None, true, true), false);
        check(of(&["a"], None, false, false), false);
        let one = of(&["a"], Some(&["t"]), true, true);
        assert!(!one.overlaps(&of(&["a"], Some(&["u"]), true, true)));
        assert!(!of(&["a"], None, true, false).overlaps(&of(&["a"], None, false, true)));
    }

    #[test]
    fn words_are_read_back() {
        for kind in [Kind::ForeignKey, Kind::Trigger] {
            assert_eq!(Kind::of(kind.word()), kind);
        }
        for progress in [Progress::Noted, Progress::Suspended, Progress::Unvalidated] {
            assert_eq!(Progress::of(progress.word()), progress);
        }
    }
}
