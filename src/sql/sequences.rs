//! Sequences of all engines, and how far those of a copy have to be raised.

/// What a column with `AUTO_INCREMENT`, or a sequence, has handed out.
///
/// Wider than any column, since one step may lead beyond the last value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Schema of PostgreSQL, database of MySQL and MariaDB.
    pub schema: String,
    /// Name of the sequence, or of the table whose column is `AUTO_INCREMENT`.
    pub name: String,
    /// Whether it is the counter of a table.
    pub of_table: bool,
    /// The last value that counts as used. Before the first, it is one step before the start.
    pub used: i128,
    /// Whether no value has been used.
    pub is_unused: bool,
    /// The step, negative if it descends.
    pub increment: i128,
    /// The least value.
    pub min: i128,
    /// The greatest value.
    pub max: i128,
    /// Whether it continues at the other end.
    pub cycles: bool,
    /// How many values are reserved at a time.
    pub cache: i128,
    /// How often a sequence of MariaDB has started again.
    pub round: Option<i128>,
}

/// The sequences of a database.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Those that can be read, by schema and name.
    pub sequences: Vec<Sequence>,
    /// Schemas that were asked for and do not exist.
    pub no_schemas: Vec<String>,
    /// Names of sequences that the user may not read.
    pub unreadable: Vec<String>,
    /// Names of sequences that the user may not set.
    pub unwritable: Vec<String>,
}

/// Why a sequence cannot follow another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// One ascends, the other descends.
    Direction,
    /// The wanted value is beyond this bound.
    Bound(i128),
}

impl Sequence {
    /// Its name in messages.
    pub fn title(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The last value that counts as used; nothing before the first.
    pub fn value(&self) -> Option<i128> {
        (!self.is_unused).then_some(self.used)
    }

    /// Whether it may yet hand out a value up to this one.
    pub fn is_behind(&self, wanted: i128) -> bool {
        if self.ascends() { self.used < wanted } else { self.used > wanted }
    }

    /// How far this one has to be so that it hands out none of the source's values, nor of the next `margin` ones.
    ///
    /// # Errors
    /// It cannot be that far.
    pub fn goal(&self, source: &Self, margin: i64) -> Result<i128, Unfit> {
        if self.ascends() != source.ascends() {
            return Err(Unfit::Direction);
        }
        // A sequence that nobody has used has no values in rows.
        let margin = if source.is_unused { 0 } else { i128::from(margin) };
        let wanted = source.used + margin * source.increment;
        let bound = if self.ascends() { self.max } else { self.min };
        let is_beyond = if self.ascends() { wanted > bound } else { wanted < bound };
        match is_beyond {
            true if self.cycles => Ok(bound),
            true => Err(Unfit::Bound(bound)),
            false => Ok(wanted),
        }
    }

    /// The arguments of `setval` that make this the last value used: a value within the bounds, and whether it is used.
    pub fn setting(&self, wanted: i128) -> (i128, bool) {
        let is_before = if self.ascends() { wanted < self.min } else { wanted > self.max };
        if is_before { (wanted + self.increment, false) } else { (wanted, true) }
    }

    /// Whether it can be behind without showing it: MariaDB keeps the values that it has in its cache to itself.
    pub fn hides_its_value(&self) -> bool {
        self.round.is_some() && self.cache > 1
    }

    /// Whether its values grow.
    pub fn ascends(&self) -> bool {
        self.increment > 0
    }
}

/// The greatest value of a column, such as `int(10) unsigned`.
pub(crate) fn column_max(column_type: &str) -> i128 {
    let word = column_type.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let bits = match word.to_ascii_lowercase().as_str() {
        "tinyint" => 8,
        "smallint" => 16,
        "mediumint" => 24,
        "int" => 32,
        // Beyond the whole numbers of their mantissa, FLOAT and DOUBLE cannot count by one.
        "float" => return 1 << 24,
        "double" => return 1 << 53,
        _ => 64,
    };
    let is_unsigned = column_type.to_ascii_lowercase().contains("unsigned");
    (1 << (if is_unsigned { bits } else { bits - 1 })) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sequence(used: i128, increment: i128, min: i128, max: i128) -> Sequence {
        Sequence {
            schema: "s".to_owned(),
            name: "q".to_owned(),
            of_table: false,
            used,
            is_unused: false,
            increment,
            min,
            max,
            cycles: false,
            cache: 1,
            round: None,
        }
    }

    #[test]
    fn a_margin_is_counted_in_steps() {
        let big = |used, increment| sequence(used, increment, -1_000_000, 1_000_000);
        for (source, margin, goal) in [
            (big(50, 1), 0, 50),
            (big(50, 1), 1000, 1050),
            (big(50, 5), 10, 100),
            (big(-50, -2), 10, -70),
            (Sequence { is_unused: true, ..big(0, 1) }, 1000, 0),
        ] {
            assert_eq!(big(1, source.increment).goal(&source, margin), Ok(goal), "{source:?}");
        }
    }

    #[test]
    fn bounds_hold() {
        let (source, small) = (sequence(120, 1, 1, i64::MAX.into()), sequence(0, 1, 1, 127));
        assert_eq!(small.goal(&source, 7), Ok(127));
        assert_eq!(small.goal(&source, 8), Err(Unfit::Bound(127)));
        assert_eq!(Sequence { cycles: true, ..small }.goal(&source, 8), Ok(127));
        let (source, down) = (sequence(-120, -1, -128, -1), sequence(0, -1, -128, -1));
        assert_eq!((down.goal(&source, 8), down.goal(&source, 9)), (Ok(-128), Err(Unfit::Bound(-128))));
        assert_eq!(down.goal(&sequence(1, 1, 1, 127), 0), Err(Unfit::Direction));
        let last = sequence(i64::MAX.into(), 1, 1, i64::MAX.into());
        assert_eq!(last.goal(&last, 0), Ok(i64::MAX.into()));
    }

    #[test]
    fn a_start_is_set_as_not_used() {
        assert_eq!(sequence(0, 1, 1, 9).setting(0), (1, false));
        assert_eq!(sequence(0, 1, 1, 9).setting(9), (9, true));
        assert_eq!(sequence(0, -1, -9, -1).setting(0), (-1, false));
        assert_eq!(sequence(0, -1, -9, -1).setting(-9), (-9, true));
    }

    #[test]
    fn columns_end_where_their_type_does() {
        for (column, max) in [
            ("tinyint(4)", 127),
            ("tinyint(3) unsigned", 255),
            ("smallint", 32_767),
            ("mediumint(8) unsigned", 16_777_215),
            ("int(11)", 2_147_483_647),
            ("int unsigned", 4_294_967_295),
            ("bigint(20)", i128::from(i64::MAX)),
            ("bigint unsigned", i128::from(u64::MAX)),
            ("double", 1 << 53),
        ] {
            assert_eq!(column_max(column), max, "{column}");
        }
    }

    proptest! {
        #[test]
        fn no_value_is_handed_out_twice(
            used in -100_i128..100, own in -100_i128..100, step in 1_i128..9, descends in any::<bool>(), margin in 0_i64..50,
        ) {
            let increment = if descends { -step } else { step };
            let (source, target) = (sequence(used, increment, -1000, 1000), sequence(own, increment, -1000, 1000));
            let goal = target.goal(&source, margin).unwrap();
            let after = if target.is_behind(goal) { goal } else { own };
            let next = after + increment;
            let is_new = |old: i128| if descends { next < old } else { next > old };
            prop_assert!(is_new(used) && is_new(own));
        }
    }
}
