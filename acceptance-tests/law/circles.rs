//! Files that import each other in a circle, directly or not.

use std::collections::{BTreeMap, BTreeSet};

use crate::law::floors::Floors;
use crate::law::sources::{Imports, Source, imports};

/// Every circle among the files of one package, as the list of its files.
///
/// A folder and the file that declares it count as one: imports between a parent and its children are no circle. A name
/// that a parent re-exports counts as imported from the file that it comes from.
pub(crate) fn circles(floors: &Floors, sources: &[Source]) -> Vec<String> {
    let read: BTreeMap<&str, Imports> =
        sources.iter().map(|source| (source.path.as_str(), imports(floors, source))).collect();
    let edges: BTreeMap<&str, BTreeSet<&str>> = read
        .iter()
        .map(|(from, imports)| {
            let targets = imports.taken.iter().filter_map(|path| target(&read, path));
            (*from, targets.filter(|to| to != from && !is_inside(from, to) && !is_inside(to, from)).collect())
        })
        .collect();
    let mut found = BTreeSet::new();
    for from in edges.keys() {
        let reached = reachable(&edges, from);
        if reached.contains(from) {
            let circle = reached.into_iter().filter(|file| reachable(&edges, file).contains(from));
            found.insert(circle.collect::<Vec<_>>().join(", "));
        }
    }
    found.into_iter().collect()
}

/// The file that a path leads to.
fn target<'a>(read: &BTreeMap<&'a str, Imports>, path: &[String]) -> Option<&'a str> {
    let file = |length: usize| read.get_key_value(format!("{}.rs", path[..length].join("/")).as_str());
    let length = (1..=path.len()).rev().find(|length| file(*length).is_some())?;
    let (name, imports) = file(length)?;
    let passed_on = path.get(length).and_then(|item| {
        let of_item = |export: &&Vec<String>| export.len() > 1 && export.last() == Some(item);
        let export = imports.passed_on.iter().find(of_item)?;
        let inner: Vec<_> = path[..length].iter().chain(export).cloned().collect();
        target(read, &inner).filter(|inner| inner != name)
    });
    Some(passed_on.unwrap_or(name))
}

/// Whether `inner` is in the folder that `outer` declares.
fn is_inside(outer: &str, inner: &str) -> bool {
    let folder = outer.trim_end_matches(".rs");
    inner.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn reachable<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = edges.get(from).into_iter().flatten().copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    found
}
