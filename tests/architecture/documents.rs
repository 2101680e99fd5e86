//! The documents name what exists.

use std::fs;

use super::tree::{read, read_all, root};

/// The folders whose files the documents name.
const NAMED_FOLDERS: [&str; 8] = [
    "src/",
    "migrations/",
    "templates/",
    "static/",
    "tests/",
    "scripts/",
    "docs/",
    "crates/",
];

/// Paths of this tree that a text names.
fn named_paths(text: &str) -> Vec<&str> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    text.split(|c| !is_path(c))
        .map(|word| word.trim_start_matches("./").trim_end_matches(['.', '/']))
        .filter(|word| {
            NAMED_FOLDERS
                .iter()
                .any(|folder| word.len() > folder.len() && word.starts_with(folder))
        })
        .collect()
}

/// Targets that a text tells to `make`, in backticks or at the beginning of a line.
fn named_targets(text: &str) -> Vec<&str> {
    text.lines()
        .flat_map(|line| {
            let own = line.trim_start().trim_start_matches("$ ");
            let quoted = line.split('`').skip(1).step_by(2);
            quoted
                .chain((!own.contains('`')).then_some(own))
                .collect::<Vec<_>>()
        })
        .filter_map(|command| command.strip_prefix("make "))
        .filter_map(|target| target.split_whitespace().next())
        .filter(|target| target.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect()
}

fn make_targets() -> Vec<String> {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap_or_default();
    let rules = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '#', ' ', '.']));
    let names = rules
        .filter_map(|line| line.split_once(':'))
        .filter(|(_, rest)| !rest.starts_with('='));
    names
        .flat_map(|(targets, _)| {
            targets
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn documents() -> Vec<(String, String)> {
    let own = fs::read_dir(root())
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let own = own
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .map(|path| read(&path));
    own.chain(read_all("docs", ".md")).collect()
}

#[test]
fn the_documents_name_files_that_exist() {
    assert_eq!(
        named_paths("see `src/http/page.rs`, (docs/x.md). and https://x/src/y src/"),
        ["src/http/page.rs", "docs/x.md"]
    );
    for (document, text) in documents() {
        for path in named_paths(&text) {
            assert!(
                root().join(path).exists(),
                "{document} names {path}, which does not exist"
            );
        }
    }
}

#[test]
fn the_documents_name_make_targets_that_exist() {
    assert_eq!(
        named_targets("Run `make run`, then\n    make test\nto make sure of it"),
        ["run", "test"]
    );
    let targets = make_targets();
    for (document, text) in documents() {
        for target in named_targets(&text) {
            assert!(
                targets.iter().any(|known| known == target),
                "{document} names `make {target}`, which does not exist"
            );
        }
    }
}
