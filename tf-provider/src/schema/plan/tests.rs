use proptest::prelude::*;

use super::*;
use crate::schema::sample::{
    Door, Peer, Rule, Sample, complete, configs, created, door, filled, peer, planned, rule, sample, states,
};
use crate::schema::{Json, conform};

fn change(config: &Object, prior: &Object) -> Change {
    let mut change = Change::new(Sample::table(), config.clone(), Some(prior.clone()));
    change.find_replaced(Sample::table());
    change
}

fn replaced(config: &Object, prior: &Object) -> Vec<String> {
    change(config, prior).replace.iter().map(ToString::to_string).collect()
}

fn list<const N: usize>(elements: [Value; N]) -> Value {
    Value::List(elements.into())
}

fn set<const N: usize>(elements: [Value; N]) -> Value {
    Value::Set(elements.into())
}

fn with<const N: usize>(object: &Object, set: [(&str, Value); N]) -> Object {
    let mut object = object.clone();
    object.extend(set.map(|(name, value)| (name.to_owned(), value)));
    object
}

fn elements(value: &Value) -> Vec<&Object> {
    value.as_elements().into_iter().flatten().filter_map(Value::as_map).collect()
}

#[test]
fn a_create_fills_defaults_and_leaves_the_rest_open() {
    let plan = planned(&sample([("password", "hunter2".into())]), None);
    assert_eq!(plan["size"], 3.into());
    assert_eq!(plan["style"], "{}".into());
    assert_eq!(plan["note"], Value::Null);
    assert_eq!(plan["password"], Value::Null, "write-only");
    for open in ["region", "id", "revision", "parts"] {
        assert_eq!(plan[open], Value::unknown(), "{open}");
    }
    assert_eq!(plan["summary"], r#"{"name":"a","size":3}"#.into());
    assert_eq!(plan["rule"], list([]));
}

#[test]
fn what_follows_from_the_rest_follows_a_hook_unless_the_hook_has_set_it() {
    let big = r#"{"name":"a","size":9}"#;
    let prior = created(&sample([("size", 9.into())]));
    let prior = with(&prior, [("summary", r#"{ "size": 9, "name": "a" }"#.into())]);
    for (prior, set, expected) in [
        (None, None, big.into()),
        (None, Some("{}"), "{}".into()),
        (Some(&prior), None, prior["summary"].clone()),
        (Some(&prior), Some("{}"), "{}".into()),
    ] {
        let mut change = Change::new(Sample::table(), sample([]), prior.cloned());
        let before = change.planned.clone();
        let mut plan = Plan::<Sample>::new(&mut change);
        plan.set(Sample::size, 9);
        set.into_iter().for_each(|summary| plan.set(Sample::summary, Json::from(summary.to_owned())));
        change.follow(Sample::table(), before.as_ref());
        assert_eq!(change.planned.unwrap()["summary"], expected, "{set:?}");
    }
    let mut gone = Change::destroy(prior);
    gone.follow(Sample::table(), None);
    assert_eq!(gone.planned, None);
}

#[test]
fn a_default_holds_again_when_the_configuration_falls_silent() {
    let prior = created(&sample([("size", 9.into())]));
    assert_eq!(planned(&sample([]), Some(&prior))["size"], 3.into());
}

#[test]
fn an_update_keeps_what_is_kept_and_reopens_the_rest() {
    let prior =
        with(&created(&sample([])), [("parts", list([Value::Map([("serial".to_owned(), "s".into())].into())]))]);
    let plan = planned(&sample([("note", "new".into())]), Some(&prior));
    assert_eq!(plan["id"], "filled".into());
    assert_eq!(plan["region"], "filled".into(), "optional and computed");
    assert_eq!((&plan["revision"], &plan["parts"]), (&Value::unknown(), &Value::unknown()));
    let same = planned(&sample([]), Some(&prior));
    assert_eq!(same, prior, "without a change nothing is reopened");
}

#[test]
fn the_configuration_wins_over_what_was_computed() {
    let prior = created(&sample([]));
    assert_eq!(planned(&sample([("region", "west".into())]), Some(&prior))["region"], "west".into());
    assert_eq!(planned(&sample([("region", Value::unknown())]), Some(&prior))["region"], Value::unknown());
}

#[test]
fn a_derived_attribute_follows_its_inputs() {
    let unknown = planned(&sample([("size", Value::unknown())]), None);
    assert_eq!(unknown["summary"], Value::unknown());
    let prior = created(&sample([]));
    let plan = planned(&sample([("size", 4.into())]), Some(&prior));
    assert_eq!(plan["summary"], r#"{"name":"a","size":4}"#.into());
}

#[test]
fn foreign_drift_of_a_derived_attribute_is_an_update() {
    let prior = with(&created(&sample([])), [("summary", "{}".into())]);
    let plan = planned(&sample([]), Some(&prior));
    assert_eq!(plan["summary"], r#"{"name":"a","size":3}"#.into());
    assert_eq!(plan["revision"], Value::unknown());
}

#[test]
fn another_spelling_of_the_same_is_no_change() {
    let spellings = [
        ("policy", "{\"a\":1}".into()),
        ("rule", list([rule([("port", 1.into()), ("policy", "[1]".into())])])),
        ("peer", set([peer([("host", "h".into()), ("policy", "[1]".into())])])),
    ];
    let prior = with(&created(&sample(spellings)), [("summary", r#"{ "size": 3, "name": "a" }"#.into())]);
    let config = sample([
        ("policy", "{ \"a\": 1 }".into()),
        ("rule", list([rule([("port", 1.into()), ("policy", "[ 1 ]".into())])])),
        ("peer", set([peer([("host", "h".into()), ("policy", "[ 1 ]".into())])])),
    ]);
    assert_eq!(planned(&config, Some(&prior)), prior);
}

#[test]
fn another_spelling_of_a_default_is_no_change() {
    let prior = with(&created(&sample([])), [("style", "{ }".into())]);
    assert_eq!(planned(&sample([]), Some(&prior)), prior);
}

#[test]
fn list_blocks_are_planned_by_index() {
    let config = sample([("rule", list([rule([("port", 1.into())]), rule([("port", 2.into())])]))]);
    let plan = planned(&config, None);
    for rule in elements(&plan["rule"]) {
        assert_eq!((&rule["protocol"], &rule["rule_id"]), (&"tcp".into(), &Value::unknown()));
    }
    let prior = created(&config);
    let three = [rule([("port", 1.into())]), rule([("port", 5.into())]), rule([("port", 6.into())])];
    let plan = planned(&sample([("rule", list(three))]), Some(&prior));
    let ids: Vec<_> = elements(&plan["rule"]).into_iter().map(|rule| rule["rule_id"].clone()).collect();
    assert_eq!(ids, ["filled".into(), "filled".into(), Value::unknown()]);
    assert_eq!(elements(&plan["rule"])[0]["hits"], Value::unknown());
}

#[test]
fn set_blocks_keep_what_was_computed_of_the_element_they_continue() {
    let config = sample([("peer", set([peer([("host", "a".into())]), peer([("host", "b".into())])]))]);
    let prior = created(&config);
    assert_eq!(planned(&config, Some(&prior)), prior);
    let config = sample([("peer", set([peer([("host", "b".into())]), peer([("host", "c".into())])]))]);
    let plan = planned(&config, Some(&prior));
    let ids: Vec<_> = elements(&plan["peer"]).into_iter().map(|peer| (&peer["host"], &peer["peer_id"])).collect();
    assert!(ids.contains(&(&"b".into(), &"filled".into())), "{ids:?}");
    assert!(ids.contains(&(&"c".into(), &Value::unknown())), "{ids:?}");
}

#[test]
fn a_single_block_is_absent_or_planned_within() {
    assert_eq!(planned(&sample([]), None)["door"], Value::Null);
    let plan = planned(&sample([("door", door([("width", 80.into())]))]), None);
    assert_eq!(plan["door"].as_map().unwrap()["locked"], false.into());
}

#[test]
fn blocks_that_are_not_known_stay_so() {
    let config = sample([("rule", Value::unknown()), ("peer", Value::unknown()), ("door", Value::unknown())]);
    for prior in [None, Some(&created(&sample([("rule", list([rule([("port", 1.into())])]))])))] {
        let plan = planned(&config, prior);
        for block in ["rule", "peer", "door"] {
            assert_eq!(plan[block], Value::unknown(), "{block}");
        }
    }
}

#[test]
fn timeouts_are_planned_as_configured() {
    let timeouts = Value::Map(Object::from([("create".to_owned(), "7m".into())]));
    let config = sample([(TIMEOUTS, timeouts.clone())]);
    assert_eq!(planned(&config, None)[TIMEOUTS], timeouts);
    assert_eq!(planned(&sample([]), Some(&created(&config)))[TIMEOUTS], Value::Null);
}

#[test]
fn replacement_is_asked_for_where_the_change_is() {
    let prior = created(&sample([("name", "old".into())]));
    assert_eq!(replaced(&sample([("name", "old".into())]), &prior), [""; 0]);
    assert_eq!(replaced(&sample([]), &prior), ["name"]);
    assert_eq!(replaced(&sample([("name", Value::unknown())]), &prior), ["name"], "it may change");
    let region = sample([("name", "old".into()), ("region", "east".into())]);
    assert_eq!(replaced(&region, &prior), ["region"]);
}

#[test]
fn replacement_in_blocks() {
    let rules =
        |anchor: &str| list([rule([("port", 1.into())]), rule([("port", 2.into()), ("anchor", anchor.into())])]);
    let prior = created(&sample([("rule", rules("x"))]));
    assert_eq!(replaced(&sample([("rule", rules("y"))]), &prior), ["rule[1].anchor"]);
    assert_eq!(replaced(&sample([("rule", list([]))]), &prior), ["rule"], "elements gone");
    let peers = |anchor: &str| set([peer([("host", "a".into()), ("anchor", anchor.into())])]);
    let prior = created(&sample([("peer", peers("x"))]));
    assert_eq!(replaced(&sample([("peer", peers("y"))]), &prior), ["peer"], "elements of a set have no address");
    let doors = |width: i64| door([("width", width.into())]);
    let prior = created(&sample([("door", doors(80))]));
    assert_eq!(replaced(&sample([("door", doors(90))]), &prior), ["door.width"]);
    assert_eq!(replaced(&sample([]), &prior), ["door"]);
    let locked = door([("width", 80.into()), ("locked", true.into())]);
    assert_eq!(replaced(&sample([("door", locked)]), &prior), [""; 0]);
}

#[test]
fn a_set_whose_replacing_attributes_stay_is_not_replaced() {
    let peers = |weight: i64| set([peer([("host", "a".into()), ("anchor", "x".into()), ("weight", weight.into())])]);
    let prior = created(&sample([("peer", peers(1))]));
    assert_eq!(replaced(&sample([("peer", peers(2))]), &prior), [""; 0]);
}

#[test]
fn a_destruction_plans_nothing() {
    let mut change = Change::destroy(created(&sample([])));
    change.find_replaced(Sample::table());
    assert!(change.planned.is_none() && change.replace.is_empty());
    let plan = Plan::<Sample>::new(&mut change);
    assert!(plan.is_destroy() && !plan.is_create());
    assert!(plan.config().is_none() && plan.planned().is_none() && plan.prior().is_some());
    assert_eq!(plan.get(Sample::name), Val::Null);
}

#[test]
fn a_plan_hook_sees_types_and_can_adjust() {
    let prior = created(&sample([("note", "old".into())]));
    let mut change = change(&sample([("size", Value::unknown())]), &prior);
    let mut plan = Plan::<Sample>::new(&mut change);
    assert!(!plan.is_create() && !plan.is_destroy());
    assert_eq!(plan.get(Sample::name), Val::Known("a".to_owned()));
    assert_eq!(plan.get(Sample::size), Val::Unknown);
    assert_eq!(plan.prior().map(|prior| prior.get(Sample::note)), Some(Val::Known("old".to_owned())));
    assert_eq!(plan.planned().map(|planned| planned.get(Sample::note)), Some(Val::Null));
    assert_eq!(plan.config().map(|config| config.is_set(Sample::size)), Some(true));
    assert!(plan.changed(Sample::note) && !plan.changed(Sample::name));
    plan.set(Sample::revision, "r2");
    plan.forget(Sample::id);
    plan.replace(Sample::note);
    assert_eq!(plan.get(Sample::revision), Val::Known("r2".to_owned()));
    assert_eq!(plan.get(Sample::id), Val::Unknown);
    plan.retain(Sample::id);
    assert!(plan.get(Sample::id) != Val::Unknown && !plan.changed(Sample::id));
    assert_eq!(change.replace.last().map(ToString::to_string).as_deref(), Some("note"));
}

#[test]
fn a_hook_sees_which_attributes_will_be_others() {
    crate::model! {
        /// With a computed value that can be null.
        struct Reader {
            /// Name.
            name: String = crate::schema::required(),
            /// Since when.
            since: Computed<Option<String>> = crate::schema::computed().keep(),
        }
    }
    let config = Object::from([("name".to_owned(), "a".into())]);
    let prior = with(&config, [("since", "then".into())]);
    let mut change = Change::new(Reader::table(), config.clone(), Some(prior));
    let mut plan = Plan::<Reader>::new(&mut change);
    assert_eq!(plan.changes().count(), 0);
    plan.clear(Reader::since);
    assert_eq!(plan.changes().collect::<Vec<_>>(), ["since"]);
    assert_eq!(plan.get(Reader::since), Val::Null);
    let mut create = Change::new(Reader::table(), config, None);
    assert_eq!(Plan::<Reader>::new(&mut create).changes().collect::<Vec<_>>(), ["name", "since"]);
}

#[test]
fn a_hook_that_plans_another_spelling_plans_no_change() {
    let mut prior = created(&sample([("size", 1.into())]));
    prior.insert("summary".to_owned(), r#"{ "size": 1, "name": "a" }"#.into());
    let mut change = change(&sample([("size", 1.into())]), &prior);
    let mut plan = Plan::<Sample>::new(&mut change);
    plan.set(Sample::summary, r#"{"name":"a","size":1}"#);
    assert!(!plan.changed(Sample::summary));
    plan.set(Sample::summary, r#"{"name":"b","size":1}"#);
    assert!(plan.changed(Sample::summary));
}

#[test]
fn handles_make_paths() {
    assert_eq!(Sample::rule.path().index(2).field(Rule::anchor).to_string(), "rule[2].anchor");
    assert_eq!(Sample::door.path().field(Door::width).to_string(), "door.width");
    assert_eq!(Path::from(Peer::host).to_string(), "host");
}

#[test]
fn the_plan_of_a_model_decodes_when_it_is_known() {
    let object = created(&sample([("peer", set([peer([("host", "a".into())])])), ("tags", Value::Null)]));
    let sample = <Sample as Model>::decode(&object).unwrap();
    assert_eq!((sample.size, sample.style), (3, Json::from("{}".to_owned())));
    assert_eq!(sample.tags.len(), 0, "null is blank");
    let bare = <Sample as Model>::decode(&complete(Sample::table(), [])).unwrap();
    assert_eq!(bare.size, 3, "null is the default");
}

proptest! {
    #[test]
    fn planning_is_deterministic(config in configs(true), prior in proptest::option::of(states())) {
        let plan = || {
            let mut change = Change::new(Sample::table(), config.clone(), prior.clone());
            change.find_replaced(Sample::table());
            (change.planned, change.replace)
        };
        prop_assert_eq!(plan(), plan());
    }

    #[test]
    fn core_accepts_every_plan(config in configs(true), prior in proptest::option::of(states())) {
        let mut change = Change::new(Sample::table(), config.clone(), prior.clone());
        change.find_replaced(Sample::table());
        let planned = change.planned.unwrap();
        prop_assert_eq!(conform::planned(Sample::table(), &config, prior.as_ref(), &planned), [""; 0]);
        prop_assert_eq!(conform::replaced(prior.as_ref(), &planned, &change.replace), [""; 0]);
    }

    #[test]
    fn what_was_applied_needs_no_further_change(config in configs(false), prior in proptest::option::of(states())) {
        let applied = filled(&planned(&config, prior.as_ref()));
        prop_assert_eq!(planned(&config, Some(&applied)), applied);
    }

    #[test]
    fn the_final_plan_is_what_the_first_one_promised(config in configs(true), prior in proptest::option::of(states())) {
        let first = planned(&config, prior.as_ref());
        let last = planned(&filled(&config), prior.as_ref());
        prop_assert_eq!(conform::promised(&first, &last), [""; 0]);
    }
}
