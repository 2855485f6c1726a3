//! Every kind of difference of PostgreSQL, and that its statement ends it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::schema_drift::cases::{Case, postgres_code, postgres_relations};
use crate::schema_drift::{Pair, told};

/// Those of all files.
fn endable() -> impl Iterator<Item = &'static Case> {
    postgres_relations::ENDABLE.iter().chain(postgres_code::ENDABLE)
}

/// All cases at once, each in a schema of its own with a name that has to be quoted.
fn each_difference_is_told_and_ended(pair: &Pair, is_newer: bool) {
    let schema = |index: usize| format!("Sché\"ma {index}");
    let filled = |text: &str, index: usize| {
        let quoted = format!("\"{}\"", schema(index).replace('"', "\"\""));
        text.replace('~', &quoted).replace('@', &pair.prefix)
    };
    let (mut source, mut target) = (String::new(), String::new());
    for (index, Case { both, source: ours, target: theirs, .. }) in endable().enumerate() {
        for (all, own) in [(&mut source, ours), (&mut target, theirs)] {
            all.push_str(&filled(&format!("CREATE SCHEMA ~; {both}; {own};\n"), index));
        }
    }
    pair.in_source(&source);
    pair.in_target(&target);
    pair.read("show_function_bodies = true");
    let found = pair.differences();
    let (mut seen, mut wanted) = (Vec::new(), Vec::new());
    for (index, Case { expected, .. }) in endable().enumerate() {
        let own = found.iter().filter(|one| one["schema"] == schema(index).as_str()).map(told).collect::<Vec<_>>();
        let expected: Vec<_> = expected.iter().map(|one| one.map(|text| filled(text, index))).collect();
        // From version 16 on, views name the columns of a single table without it.
        let spelled = |one: &[String; 5]| {
            one.clone().map(|text| if is_newer { text.replace("t.id\n", "id\n").replace("(t.id", "(id") } else { text })
        };
        let expected: Vec<_> = expected.iter().map(spelled).collect();
        if own != expected {
            seen.push(own);
            wanted.push(expected);
        }
    }
    assert_eq!(seen, wanted);
    let all: usize = endable().map(|case| case.expected.len()).sum();
    assert_eq!(pair.value("difference_count"), all);
    assert_eq!(pair.value("in_sync"), false);

    pair.end_all();
    pair.read("show_function_bodies = true");
    assert_eq!(pair.told(), [[""; 5]; 0]);
    assert_eq!((pair.value("in_sync"), pair.value("difference_count")), (json!(true), json!(0)));
    // That is not because nothing was compared.
    let compared = pair.value("compared_counts");
    let kinds: BTreeSet<_> = endable().flat_map(|case| case.expected).map(|one| one[0]).collect();
    let gone: Vec<_> = kinds.iter().filter(|kind| compared[**kind] == Value::Null).collect();
    assert_eq!(gone, [&"aggregate", &"procedure"], "they were only in the target: {compared}");
}

#[test]
fn each_kind_on_version_15() {
    each_difference_is_told_and_ended(&Pair::new(), false);
}

#[test]
fn each_kind_on_version_17() {
    let pair = Pair::of_version("17.2");
    if pair.account.newer_postgres().is_some() {
        each_difference_is_told_and_ended(&pair, true);
    }
}

#[test]
fn what_is_in_no_schema() {
    let pair = Pair::new();
    pair.in_source(
        "CREATE SCHEMA \"S é\"; CREATE EXTENSION pgcrypto SCHEMA \"S é\"; ALTER SCHEMA public OWNER TO pgadmin",
    );
    pair.in_target("CREATE SCHEMA old");
    let function = "CREATE FUNCTION public.f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'";
    let trigger = "ALTER ROLE pgadmin SUPERUSER; SET ROLE pgadmin; CREATE EVENT TRIGGER \"T é\" ON ddl_command_end \
                   WHEN TAG IN ('DROP TABLE', 'CREATE TABLE') EXECUTE FUNCTION public.f(); RESET ROLE; \
                   ALTER ROLE pgadmin NOSUPERUSER";
    pair.in_both(function);
    pair.in_source(&format!("BEGIN; {trigger}; ALTER EVENT TRIGGER \"T é\" DISABLE; COMMIT"));
    pair.read("");
    let extension = pair.account.sql_behind(
        &pair.host,
        &format!("{}_source", pair.prefix),
        "SELECT extversion FROM pg_extension WHERE extname = 'pgcrypto'",
    );
    let expected = [
        ["schema", "", "S é", "missing_at_target", "CREATE SCHEMA \"S é\""].map(str::to_owned),
        ["schema", "", "old", "missing_at_source", "DROP SCHEMA old"].map(str::to_owned),
        [
            "extension".to_owned(),
            String::new(),
            "pgcrypto".to_owned(),
            "missing_at_target".to_owned(),
            format!("CREATE EXTENSION pgcrypto SCHEMA \"S é\" VERSION '{extension}'"),
        ],
        [
            "event_trigger",
            "",
            "T é",
            "missing_at_target",
            "CREATE EVENT TRIGGER \"T é\" ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION \
             public.f(); ALTER EVENT TRIGGER \"T é\" DISABLE",
        ]
        .map(str::to_owned),
        ["owner", "", "schema", "different", "ALTER SCHEMA public OWNER TO pgadmin"].map(str::to_owned),
    ];
    assert_eq!(pair.told(), expected);
    for [kind, _, _, _, statement] in pair.told() {
        if kind != "event_trigger" {
            pair.in_target(&statement);
        }
    }
    // The rest of the event trigger belongs to whoever creates it.
    pair.in_target(&format!("BEGIN; {trigger}; ALTER EVENT TRIGGER \"T é\" DISABLE; COMMIT"));
    pair.read("");
    assert_eq!((pair.told(), pair.value("in_sync")), (Vec::new(), json!(true)));
}

/// Nothing but a new object would end these.
#[test]
fn what_no_statement_ends() {
    let pair = Pair::new();
    pair.in_source(
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE c AS (a integer); CREATE DOMAIN d AS integer;
         CREATE TABLE t (id integer) PARTITION BY HASH (id)",
    );
    pair.in_target(
        "CREATE TYPE e AS ENUM ('b', 'a'); CREATE TYPE c AS (a bigint); CREATE DOMAIN d AS bigint;
         CREATE TABLE t (id integer) PARTITION BY LIST (id)",
    );
    pair.read("");
    let expected = [("domain", "d"), ("enum", "e"), ("type", "c"), ("table", "t")];
    assert_eq!(pair.told(), expected.map(|(kind, name)| [kind, "", name, "different", ""].map(str::to_owned)));
    let shown = |field: &str| {
        pair.differences().iter().map(|one| one[field].as_str().expect("a definition").to_owned()).collect::<Vec<_>>()
    };
    let source = [
        "CREATE DOMAIN public.d AS integer",
        "CREATE TYPE public.e AS ENUM ('a', 'b')",
        "CREATE TYPE public.c AS (a integer)",
        "TABLE PARTITION BY HASH (id)",
    ];
    assert_eq!(shown("source_definition"), source);
    assert_eq!(shown("target_definition")[1], "CREATE TYPE public.e AS ENUM ('b', 'a')");
}
