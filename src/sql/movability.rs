//! What in a database a migration to another server has to care about: a common form for all engines.

use std::collections::BTreeMap;

/// Something in a database that a way of moving it does not carry, or not as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it is, such as `unlogged_table`.
    pub kind: String,
    /// Its name, quoted where SQL would need that.
    pub object: String,
    /// What else there is to know.
    pub detail: String,
}

/// What a session could find out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Movability {
    /// What was found, by kind and name, of each kind at most [`MOST`].
    pub findings: Vec<Finding>,
    /// Settings of the server that replication depends on, by name.
    pub settings: BTreeMap<String, String>,
    /// What could not be found out, and why: a kind and a reason.
    pub unknown: Vec<(String, String)>,
}

/// How many findings of one kind there are at most: a state is no place for catalogues.
pub const MOST: usize = 200;

/// The kind of a row that is a setting, rather than a finding.
const SETTING: &str = "setting";

impl Movability {
    /// Sorts rows of kind, object and detail into settings and findings.
    pub(crate) fn of(mut rows: Vec<Finding>) -> Self {
        let mut all = Self::default();
        rows.sort();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows {
            if row.kind == SETTING {
                all.settings.insert(row.object, row.detail);
                continue;
            }
            let count = counts.entry(row.kind.clone()).or_default();
            *count += 1;
            if *count <= MOST {
                all.findings.push(row);
            }
        }
        for (kind, count) in counts.into_iter().filter(|(_, count)| *count > MOST) {
            all.unknown.push((kind, format!("Only the first {MOST} of {count} are listed.")));
        }
        all
    }

    /// The objects of a kind.
    pub fn objects(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.findings.iter().filter(move |finding| finding.kind == kind).map(|finding| finding.object.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, object: &str) -> Finding {
        Finding { kind: kind.to_owned(), object: object.to_owned(), detail: "on".to_owned() }
    }

    #[test]
    fn what_is_cut_off_is_told() {
        let sequences = (0..=MOST).rev().map(|n| row("sequence", &format!("s{n:03}")));
        let rows = sequences.chain([row("setting", "wal_level"), row("trigger", "t")]).collect();
        let all = Movability::of(rows);
        assert_eq!(all.settings["wal_level"], "on");
        assert_eq!(all.objects("sequence").collect::<Vec<_>>().len(), MOST);
        assert_eq!(all.objects("sequence").next(), Some("s000"));
        assert_eq!(all.objects("trigger").collect::<Vec<_>>(), ["t"]);
        let told = format!("Only the first {MOST} of {} are listed.", MOST + 1);
        assert_eq!(all.unknown, [("sequence".to_owned(), told)]);
    }
}
