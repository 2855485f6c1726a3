//! Why the target of a replication task does not have everything yet.

use crate::aws::dms::{TABLE_ERROR, Table, Task};
use crate::parts::dms::some_of;
use crate::sql::postgres::slots::Slot;

/// What is known of the replication slots of the source.
pub(super) enum Source {
    NotAsked,
    Unreached,
    Read(Vec<Slot>),
}

/// The reasons, each a sentence.
pub(super) fn all(
    task: &Task,
    tables: &[Table],
    source: &Source,
    wanted: &[String],
    position: Option<&str>,
) -> Vec<String> {
    let mut all = of_task(task, has_all(source, wanted, position));
    all.extend(of_tables(task, tables));
    match source {
        Source::NotAsked => {}
        Source::Unreached => {
            all.push("The source could not be reached, so its replication slots are unknown.".to_owned())
        }
        Source::Read(slots) => all.extend(of_slots(slots, wanted, position)),
    }
    all
}

/// Whether the consumers of all slots have confirmed a position.
fn has_all(source: &Source, wanted: &[String], position: Option<&str>) -> bool {
    match source {
        Source::Read(slots) => position.is_some() && !slots.is_empty() && of_slots(slots, wanted, position).is_empty(),
        Source::NotAsked | Source::Unreached => false,
    }
}

/// A task that has got as far as it has to may have been stopped since.
fn of_task(task: &Task, has_all: bool) -> Vec<String> {
    let mut all = Vec::new();
    if task.has_lost_statistics() {
        return vec![
            "DMS Serverless has taken back the capacity of the replication and forgotten its statistics.".to_owned(),
        ];
    }
    if task.stats.started.is_none() {
        return vec![format!("The replication task was never started. Its status is \"{}\".", task.status)];
    }
    if !has_all && task.status != "running" && !task.is_finished() {
        let reason = task.stop_reason.as_ref().filter(|_| !task.is_active());
        let reason = reason.map(|reason| format!(", with the reason {reason}")).unwrap_or_default();
        all.push(format!("The status of the replication task is \"{}\"{reason}.", task.status));
    }
    if !task.is_loaded() {
        let (waiting, progress) = (task.stats.loading + task.stats.queued, task.stats.progress);
        all.push(format!("The full load is {progress} % complete, and {waiting} tables are not loaded."));
    }
    all
}

fn of_tables(task: &Task, tables: &[Table]) -> Vec<String> {
    if tables.is_empty() && task.stats.started.is_some() {
        return vec!["DMS has no statistics of the tables yet.".to_owned()];
    }
    let behind: Vec<_> = tables.iter().filter(|table| table.behind > 0).collect();
    let changes = (!behind.is_empty()).then(|| {
        let total: i64 = behind.iter().map(|table| table.behind).sum();
        format!("Changes that have been captured and not applied: {total}, in {}.", named(&behind))
    });
    let errored: Vec<_> = tables.iter().filter(|table| table.state == TABLE_ERROR).collect();
    let errors = match errored.as_slice() {
        [] => (task.stats.errored > 0).then(|| format!("Tables with an error: {}.", task.stats.errored)),
        _ => Some(format!("Tables with an error: {}.", named(&errored))),
    };
    [changes, errors].into_iter().flatten().collect()
}

fn named(tables: &[&Table]) -> String {
    some_of(&tables.iter().map(|table| table.full_name()).collect::<Vec<_>>(), ", ")
}

fn of_slots(slots: &[Slot], wanted: &[String], position: Option<&str>) -> Vec<String> {
    let missing = wanted.iter().filter(|name| !slots.iter().any(|slot| slot.name == **name));
    let missing = missing.map(|name| format!("The source has no logical replication slot \"{name}\"."));
    let none = (slots.is_empty() && wanted.is_empty())
        .then(|| "The database of the source has no logical replication slot.".to_owned());
    let one = |slot: &Slot| {
        let name = &slot.name;
        match (position, slot.has_position) {
            _ if slot.wal_status.as_deref() == Some("lost") => Some(format!(
                "The replication slot \"{name}\" is lost: the source has removed write-ahead log that it needed."
            )),
            (Some(position), Some(false) | None) => Some(format!(
                "The replication slot \"{name}\" has confirmed {}, and not {position}.",
                slot.confirmed.as_deref().unwrap_or("no position")
            )),
            _ => None,
        }
    };
    missing.chain(none).chain(slots.iter().filter_map(one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::dms::Stats;

    fn task(status: &str) -> Task {
        let stats = Stats { progress: 100, loaded: 1, started: Some("1".to_owned()), ..Stats::default() };
        Task { status: status.to_owned(), stats, ..Task::default() }
    }

    fn table(behind: i64) -> Table {
        let (schema, name) = ("public".to_owned(), "orders".to_owned());
        Table { schema, name, state: "Table completed".to_owned(), behind, ..Table::default() }
    }

    fn slot(name: &str, has_position: Option<bool>) -> Slot {
        Slot { name: name.to_owned(), confirmed: Some("0/1".to_owned()), has_position, ..Slot::default() }
    }

    /// Each text must be in the reason at its index.
    #[track_caller]
    fn check(told: &[String], expected: &[&str]) {
        assert_eq!(told.len(), expected.len(), "{told:?}");
        assert!(told.iter().zip(expected).all(|(told, text)| told.contains(text)), "{told:?}");
    }

    #[test]
    fn of_the_task_and_its_tables() {
        let of = |task: &Task, tables: &[Table]| all(task, tables, &Source::NotAsked, &[], None);
        check(&of(&task("running"), &[table(0)]), &[]);
        check(&of(&task("starting"), &[table(0)]), &["\"starting\""]);
        let stopped = |reason: &str| Task { stop_reason: Some(reason.to_owned()), ..task("stopped") };
        check(&of(&stopped("FULL_LOAD_ONLY_FINISHED"), &[table(0)]), &[]);
        check(
            &of(&stopped("NORMAL"), &[table(2)]),
            &["\"stopped\", with the reason NORMAL", "not applied: 2, in public.orders"],
        );
        check(&of(&Task { status: "ready".to_owned(), ..Task::default() }, &[]), &["never started"]);
        check(&of(&task("running"), &[]), &["no statistics"]);
        let mut loading = task("running");
        loading.stats = Stats { progress: 40, loading: 1, queued: 2, errored: 1, ..loading.stats };
        let errored = Table { state: TABLE_ERROR.to_owned(), ..table(0) };
        let expected = ["40 % complete, and 3 tables", "error: public.orders"];
        check(&of(&loading, &[errored]), &expected);
        check(&of(&loading, &[table(0)]), &["40 % complete, and 3 tables", "error: 1."]);
        let many: Vec<_> = (0..12).map(|_| table(1)).collect();
        check(&of(&task("running"), &many), &["captured and not applied: 12, in public.orders"]);
        assert!(of(&task("running"), &many)[0].ends_with("and 2 more."));
    }

    #[test]
    fn of_the_slots() {
        let of = |slots: &[Slot], wanted: &[&str], position: Option<&str>| {
            let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
            all(&task("running"), &[table(0)], &Source::Read(slots.to_vec()), &wanted, position)
        };
        check(&of(&[], &[], None), &["no logical replication slot."]);
        check(&of(&[slot("a", None)], &["a", "b"], None), &["no logical replication slot \"b\""]);
        check(
            &of(&[slot("a", Some(true)), slot("b", Some(false))], &[], Some("0/2")),
            &["\"b\" has confirmed 0/1, and not 0/2"],
        );
        let lost = Slot { wal_status: Some("lost".to_owned()), ..slot("a", Some(true)) };
        check(&of(&[lost], &[], None), &["\"a\" is lost"]);
        check(&all(&task("running"), &[table(0)], &Source::Unreached, &[], None), &["could not be reached"]);
        let stopped = |slots: &[Slot], behind| {
            all(&task("stopped"), &[table(behind)], &Source::Read(slots.to_vec()), &[], Some("0/2"))
        };
        check(&stopped(&[slot("a", Some(true))], 0), &[]);
        check(&stopped(&[slot("a", Some(true))], 1), &["captured and not applied: 1, in public.orders"]);
        check(&stopped(&[slot("a", Some(false))], 0), &["\"stopped\"", "\"a\" has confirmed"]);
        check(&stopped(&[], 0), &["\"stopped\"", "no logical replication slot"]);
    }
}
