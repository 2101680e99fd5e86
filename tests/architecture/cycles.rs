//! No import cycles: at every level of the tree, the modules beside each other form an acyclic graph. A module and
//! its own submodules are one unit and may name each other.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::imports;
use super::tree::{module_of, read_all};

/// The modules beside each other that one module names, each with the first place that does.
type Edges = BTreeMap<String, BTreeMap<String, String>>;

/// Returns the edges of every level, by the level's path.
fn edges(sources: &[(String, String)]) -> BTreeMap<String, Edges> {
    let known: BTreeSet<Vec<&str>> = sources.iter().map(|(file, _)| module_of(file)).collect();
    let mut levels: BTreeMap<String, Edges> = BTreeMap::new();
    for (file, text) in sources {
        let from = module_of(file);
        for import in imports(file, text) {
            if import.is_test {
                continue;
            }
            let path: Vec<&str> = import.path.iter().map(String::as_str).collect();
            let Some(to) = (1..=path.len())
                .rev()
                .map(|length| &path[..length])
                .find(|path| known.contains(*path))
            else {
                continue;
            };
            let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            if shared == from.len() || shared == to.len() {
                continue;
            }
            levels
                .entry(from[..shared].join("::"))
                .or_default()
                .entry(from[shared].to_owned())
                .or_default()
                .entry(to[shared].to_owned())
                .or_insert_with(|| format!("{file}:{}", import.line));
        }
    }
    levels
}

/// Returns the modules that can be reached from one.
fn reachable<'a>(edges: &'a Edges, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for to in edges.get(next).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(to.as_str()) {
                open.push(to);
            }
        }
    }
    found
}

/// Returns the edges that are part of a cycle.
fn cyclic_edges(sources: &[(String, String)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (level, edges) in edges(sources) {
        for (from, to) in &edges {
            for (to, place) in to {
                if reachable(&edges, to).contains(from.as_str()) {
                    faults.push(format!("{level}::{{{from} -> {to}}} at {place}"));
                }
            }
        }
    }
    faults
}

#[test]
fn modules_beside_each_other_do_not_import_each_other() {
    let sources = read_all("src", ".rs");
    let faults = cyclic_edges(&sources);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_cycle_is_found_and_a_submodule_is_none() {
    let source = |file: &str, text: &str| (file.to_owned(), text.to_owned());
    let cycle = [
        source("src/store/event.rs", "use super::webhook::deliver;"),
        source("src/store/webhook.rs", "mod due;"),
        source("src/store/webhook/due.rs", "use crate::store::event::Row;"),
    ];
    assert_eq!(
        cyclic_edges(&cycle),
        [
            "store::{event -> webhook} at src/store/event.rs:1",
            "store::{webhook -> event} at src/store/webhook/due.rs:1"
        ]
    );
    let tree = [
        source(
            "src/store/event.rs",
            "use super::webhook::deliver;\nuse self::due::Due;",
        ),
        source("src/store/event/due.rs", "use super::Row;"),
        source(
            "src/store/webhook.rs",
            "mod tests { use crate::store::event::Row; }",
        ),
    ];
    assert_eq!(cyclic_edges(&tree), [""; 0]);
}
