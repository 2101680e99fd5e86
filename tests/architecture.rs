//! What the shape of the tree promises: who imports whom, how modules are called, that the
//! documents name what exists, and that no template is forgotten.

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer of `src/` and the layers that it may name.
const LAYERS: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("config", &["domain"]),
    ("telemetry", &["config"]),
    ("dingtalk", &["config", "domain"]),
    ("store", &["domain"]),
    ("context", &["config", "dingtalk", "store"]),
    ("service", &["config", "context", "dingtalk", "domain", "store"]),
    ("jobs", &["config", "context", "domain", "service", "store"]),
    ("http", &["config", "context", "domain", "service", "store"]),
    ("cli", &["app", "config", "context", "domain", "service", "store", "telemetry"]),
    ("app", &["cli", "config", "context", "dingtalk", "domain", "http", "jobs", "service", "store", "telemetry"]),
    ("main", &["cli", "telemetry"]),
    ("lib", &[]),
];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 9] = ["mod", "util", "utils", "helper", "helpers", "common", "types", "manager", "misc"];

/// Layers that know nothing of HTTP servers.
const WITHOUT_ACTIX: [&str; 7] = ["domain", "config", "dingtalk", "store", "context", "service", "jobs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder whose name ends so, in the order of their names.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// A file below the root, as `src/http/page.rs`, and its text.
fn read_all(folder: &str, ending: &str) -> Vec<(String, String)> {
    files(&root().join(folder), ending).into_iter().map(|path| read(&path)).collect()
}

fn read(path: &Path) -> (String, String) {
    let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    (name, fs::read_to_string(path).unwrap())
}

/// `src/http/page.rs` → `["http", "page"]`.
fn module_of(file: &str) -> Vec<&str> {
    file.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect()
}

/// The layers that a file names by `crate::…` or `super::…`, each with its line.
fn named_layers(file: &str, text: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    let mut is_inline = false;
    let code: Vec<&str> = text.lines().map(without_comment).collect();
    for (index, line) in code.iter().enumerate() {
        // Inline modules, such as `mod tests { … }`, stand one level deeper.
        is_inline = (is_inline || (line.starts_with("mod ") && line.ends_with('{'))) && !line.starts_with('}');
        let depth = module_of(file).len() + usize::from(is_inline);
        // A group may go on over several lines.
        let rest = code[index..].join(" ");
        let mut at = 0;
        while let Some(found) = next_path(&line[at..]) {
            at += found;
            let path = &rest[at..];
            let (supers, tail) = climb(path);
            if path.starts_with("crate::") || supers == depth {
                named.extend(heads(tail).into_iter().map(|head| (index + 1, head)));
            }
            at += path.len() - tail.len();
        }
    }
    named
}

fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Where the next `crate::` or `super::` begins that no identifier precedes.
fn next_path(line: &str) -> Option<usize> {
    let starts = |start: usize| !line[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    let of = |word: &str| line.match_indices(word).map(|(start, _)| start).find(|start| starts(*start));
    [of("crate::"), of("super::")].into_iter().flatten().min()
}

/// How many `super::` a path begins with, and what follows them (or `crate::`).
fn climb(path: &str) -> (usize, &str) {
    if let Some(tail) = path.strip_prefix("crate::") {
        return (0, tail);
    }
    let mut tail = path;
    let mut supers = 0;
    while let Some(shorter) = tail.strip_prefix("super::") {
        tail = shorter;
        supers += 1;
    }
    (supers, tail)
}

/// The first names of `a::b`, or of each member of `{a::b, c::{d, e}}`.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut heads = Vec::new();
    let mut level = 0;
    let mut start = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => level += 1,
            '}' if level > 0 => level -= 1,
            ',' | '}' if level == 0 => {
                heads.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn forbidden_arrows(file: &str, text: &str) -> Vec<String> {
    let layer = module_of(file)[0];
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{file}: no layer is called {layer}")];
    };
    named_layers(file, text)
        .into_iter()
        // Whatever is not a layer is an item of the crate's root, such as a macro.
        .filter(|(_, named)| named != layer && LAYERS.iter().any(|(name, _)| name == named) && !allowed.contains(&named.as_str()))
        .map(|(line, named)| format!("{file}:{line}: {layer} must not name {named}"))
        .collect()
}

#[test]
fn every_import_follows_the_layers() {
    let sources = read_all("src", ".rs");
    assert!(sources.len() > 50, "the tree is not where this test looks");
    let faults: Vec<String> = sources.iter().flat_map(|(file, text)| forbidden_arrows(file, text)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    for (file, text) in [
        ("src/domain/ids.rs", "use crate::store::StoreError;"),
        ("src/store/staff.rs", "use crate::{domain::ids::UserId, http};"),
        ("src/store/staff.rs", "use crate::{\n    domain::{ids::UserId, person::Person},\n    service::login,\n};"),
        ("src/service/login.rs", "use super::super::http::page;"),
        ("src/store/staff.rs", "fn f() -> Option<crate::config::Config> { None }"),
        ("src/service.rs", "use super::app;"),
        ("src/domain/ids.rs", "#[cfg(test)]\nmod tests {\n    use super::super::super::http::page;\n}"),
    ] {
        assert_eq!(forbidden_arrows(file, text).len(), 1, "{file}: {text}");
    }
}

#[test]
fn an_allowed_import_is_let_be() {
    for (file, text) in [
        ("src/store/staff.rs", "use super::StoreError;\nuse crate::domain::{ids::UserId, person::Person};"),
        ("src/http/view/time.rs", "use super::super::text::fill;\nuse crate::service::login;"),
        ("src/domain/ids.rs", "// crate::http does not matter here\nmod tests {\n    use super::super::person;\n}"),
    ] {
        assert_eq!(forbidden_arrows(file, text), [""; 0], "{file}");
    }
}

#[test]
fn only_the_layers_of_the_web_know_actix() {
    for (file, text) in read_all("src", ".rs") {
        let names_actix = text.lines().any(|line| without_comment(line).contains("actix"));
        assert!(!(names_actix && WITHOUT_ACTIX.contains(&module_of(&file)[0])), "{file} names actix");
    }
}

#[test]
fn statements_stand_in_the_store_only() {
    for (file, text) in read_all("src", ".rs") {
        let has_statement = text.lines().any(|line| without_comment(line).contains("sqlx::query"));
        assert!(!has_statement || module_of(&file)[0] == "store", "{file} holds a statement");
    }
}

fn has_empty_name(file: &str) -> bool {
    module_of(file).iter().any(|name| EMPTY_NAMES.contains(name))
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    assert!(has_empty_name("src/http/utils.rs") && has_empty_name("src/http/mod.rs") && !has_empty_name("src/http/page.rs"));
    let faults: Vec<String> = read_all("src", ".rs").into_iter().map(|(file, _)| file).filter(|file| has_empty_name(file)).collect();
    assert_eq!(faults, [""; 0]);
}

/// The folders whose files the documents name.
const NAMED_FOLDERS: [&str; 8] = ["src/", "migrations/", "templates/", "static/", "tests/", "scripts/", "docs/", "crates/"];

/// Paths of this tree that a text names.
fn named_paths(text: &str) -> Vec<&str> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    text.split(|c| !is_path(c))
        .map(|word| word.trim_start_matches("./").trim_end_matches(['.', '/']))
        .filter(|word| NAMED_FOLDERS.iter().any(|folder| word.len() > folder.len() && word.starts_with(folder)))
        .collect()
}

/// Targets that a text tells to `make`, in backticks or at the beginning of a line.
fn named_targets(text: &str) -> Vec<&str> {
    text.lines()
        .flat_map(|line| {
            let own = line.trim_start().trim_start_matches("$ ");
            let quoted = line.split('`').skip(1).step_by(2);
            quoted.chain((!own.contains('`')).then_some(own)).collect::<Vec<_>>()
        })
        .filter_map(|command| command.strip_prefix("make "))
        .filter_map(|target| target.split_whitespace().next())
        .filter(|target| target.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect()
}

fn make_targets() -> Vec<String> {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap_or_default();
    let rules = makefile.lines().filter(|line| !line.starts_with(['\t', '#', ' ', '.']));
    let names = rules.filter_map(|line| line.split_once(':')).filter(|(_, rest)| !rest.starts_with('='));
    names.flat_map(|(targets, _)| targets.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn documents() -> Vec<(String, String)> {
    let own = fs::read_dir(root()).unwrap().flatten().map(|entry| entry.path());
    let own = own.filter(|path| path.extension().is_some_and(|ending| ending == "md")).map(|path| read(&path));
    own.chain(read_all("docs", ".md")).collect()
}

#[test]
fn the_documents_name_files_that_exist() {
    assert_eq!(named_paths("see `src/http/page.rs`, (docs/x.md). and https://x/src/y src/"), ["src/http/page.rs", "docs/x.md"]);
    for (document, text) in documents() {
        for path in named_paths(&text) {
            assert!(root().join(path).exists(), "{document} names {path}, which does not exist");
        }
    }
}

#[test]
fn the_documents_name_make_targets_that_exist() {
    assert_eq!(named_targets("Run `make run`, then\n    make test\nto make sure of it"), ["run", "test"]);
    let targets = make_targets();
    for (document, text) in documents() {
        for target in named_targets(&text) {
            assert!(targets.iter().any(|known| known == target), "{document} names `make {target}`, which does not exist");
        }
    }
}

/// Templates that a source renders (`path = "…"`) or another template takes up (`{% include "…" %}`).
fn named_templates(text: &str) -> Vec<&str> {
    let quoted = |tail: &'_ str| tail.trim_start().strip_prefix('"').map(str::len);
    ["path =", "include ", "extends ", "import "]
        .iter()
        .flat_map(|word| text.match_indices(word).map(|(at, word)| &text[at + word.len()..]).collect::<Vec<_>>())
        .filter_map(|tail| quoted(tail).map(|left| &tail[tail.len() - left..]))
        .filter_map(|tail| tail.split('"').next())
        .collect()
}

#[test]
fn every_template_is_used() {
    assert_eq!(named_templates("#[template(path = \"a.html\")] {% extends \"b.html\" %}"), ["a.html", "b.html"]);
    let texts: Vec<(String, String)> = read_all("src", ".rs").into_iter().chain(read_all("templates", "")).collect();
    let used: Vec<&str> = texts.iter().flat_map(|(_, text)| named_templates(text)).collect();
    for (file, _) in read_all("templates", "") {
        let name = file.trim_start_matches("templates/");
        assert!(used.contains(&name), "{file} is not used by any page");
    }
}
