//! Statements that end a difference, to be run in the target.

use crate::sql::catalogue::Object;
use crate::sql::quote::pg_text;

/// The statements that make the target as the source, with semicolons between them; nothing if there are none.
pub fn ending(source: Option<&Object>, target: Option<&Object>) -> Option<String> {
    match (source, target) {
        (Some(source), None) => source.make.clone(),
        (None, Some(target)) => target.unmake.clone(),
        (Some(source), Some(target)) if source.key.kind == "enum" => add_values(source, target),
        (Some(source), Some(target)) => alter(source, target),
        (None, None) => None,
    }
}

fn alter(source: &Object, target: &Object) -> Option<String> {
    let mut all = String::new();
    let differs = |(index, facet): &(usize, &String)| target.facets.get(*index) != Some(*facet);
    for (index, _) in source.facets.iter().enumerate().filter(differs) {
        let statement = source.alters.get(index)?.as_deref()?;
        if !all.contains(statement) {
            let between = if all.is_empty() { "" } else { "; " };
            all.push_str(between);
            all.push_str(statement);
        }
    }
    (!all.is_empty()).then_some(all)
}

/// Values can be added to an enum anywhere, but not removed.
fn add_values(source: &Object, target: &Object) -> Option<String> {
    let name = source.alters.first()?.as_deref()?;
    let mut there = target.facets.iter().peekable();
    let mut statements = Vec::new();
    for (index, label) in source.facets.iter().enumerate() {
        if there.next_if_eq(&label).is_some() {
            continue;
        }
        let place = match (index.checked_sub(1).and_then(|index| source.facets.get(index)), target.facets.first()) {
            (Some(previous), _) => format!(" AFTER {}", pg_text(previous).ok()?),
            (None, Some(first)) => format!(" BEFORE {}", pg_text(first).ok()?),
            (None, None) => String::new(),
        };
        statements.push(format!("ALTER TYPE {name} ADD VALUE {}{place}", pg_text(label).ok()?));
    }
    (there.next().is_none() && !statements.is_empty()).then(|| statements.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::catalogue::Key;

    fn object(kind: &str, facets: &[&str], alters: &[Option<&str>]) -> Object {
        Object {
            key: Key { kind: kind.to_owned(), ..Key::default() },
            facets: facets.iter().map(|facet| (*facet).to_owned()).collect(),
            alters: alters.iter().map(|alter| alter.map(str::to_owned)).collect(),
            make: Some("CREATE".to_owned()),
            unmake: Some("DROP".to_owned()),
            ..Object::default()
        }
    }

    #[test]
    fn only_what_differs_is_altered() {
        let source = object("column", &["a", "b", "c"], &[Some("A"), Some(""), None]);
        for (target, expected) in [
            (&["x", "b", "c"], Some("A")),
            (&["x", "y", "c"], Some("A")),
            (&["a", "b", "z"], None),
            (&["x", "b", "z"], None),
        ] {
            assert_eq!(ending(Some(&source), Some(&object("column", target, &[]))).as_deref(), expected, "{target:?}");
        }
        assert_eq!(ending(Some(&source), None).as_deref(), Some("CREATE"));
        assert_eq!(ending(None, Some(&source)).as_deref(), Some("DROP"));
    }

    #[test]
    fn a_statement_that_contains_another_is_enough() {
        let source = object("view", &["a", "b"], &[Some("DROP; CREATE"), Some("CREATE")]);
        let ends = |facets: &[&str]| ending(Some(&source), Some(&object("view", facets, &[])));
        assert_eq!(ends(&["x", "y"]).as_deref(), Some("DROP; CREATE"));
        assert_eq!(ends(&["a", "y"]).as_deref(), Some("CREATE"));
    }

    #[test]
    fn values_are_added_where_they_belong() {
        let ends = |source: &[&str], target: &[&str]| {
            ending(Some(&object("enum", source, &[Some("e")])), Some(&object("enum", target, &[Some("e")])))
        };
        let add = |label: &str, place: &str| format!("ALTER TYPE e ADD VALUE E'{label}'{place}");
        assert_eq!(ends(&["a", "b", "c"], &["a", "c"]), Some(add("b", " AFTER E'a'")));
        let both = [add("a", " BEFORE E'c'"), add("b", " AFTER E'a'")].join("; ");
        assert_eq!(ends(&["a", "b", "c"], &["c"]), Some(both));
        assert_eq!(ends(&["a"], &[]), Some(add("a", "")));
        assert_eq!(ends(&["a", "b"], &["b", "a"]), None);
        assert_eq!(ends(&["a"], &["a", "b"]), None);
    }
}
