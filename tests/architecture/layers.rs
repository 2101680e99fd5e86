//! Who imports whom, and who knows what.

use super::imports::{imports, without_comment};
use super::tree::{module_of, read_all};

/// Each layer of `src/` and the layers that it may name.
const LAYERS: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("config", &["domain"]),
    ("telemetry", &["config"]),
    ("store", &["domain"]),
    ("upstream", &["domain", "store"]),
    ("context", &["config", "store", "upstream"]),
    (
        "service",
        &["config", "context", "domain", "store", "upstream"],
    ),
    ("jobs", &["config", "context", "domain", "service", "store"]),
    ("text", &["domain", "upstream"]),
    (
        "http",
        &[
            "config", "context", "domain", "service", "store", "text", "upstream",
        ],
    ),
    (
        "doctor",
        &[
            "config", "context", "domain", "service", "store", "text", "upstream",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "config",
            "context",
            "doctor",
            "domain",
            "service",
            "store",
            "telemetry",
            "text",
        ],
    ),
    (
        "app",
        &[
            "cli",
            "config",
            "context",
            "domain",
            "http",
            "jobs",
            "service",
            "store",
            "telemetry",
        ],
    ),
    ("main", &["cli", "telemetry"]),
    ("lib", &[]),
];

/// Layers that know nothing of HTTP servers.
const WITHOUT_ACTIX: [&str; 9] = [
    "domain", "config", "store", "upstream", "context", "service", "jobs", "text", "doctor",
];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 9] = [
    "mod", "util", "utils", "helper", "helpers", "common", "types", "manager", "misc",
];

fn forbidden_arrows(file: &str, text: &str) -> Vec<String> {
    let layer = module_of(file)[0];
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{file}: no layer is called {layer}")];
    };
    imports(file, text)
        .into_iter()
        .filter_map(|import| Some((import.line, import.path.into_iter().next()?)))
        // Whatever is not a layer is an item of the crate's root, such as a macro.
        .filter(|(_, named)| named != layer && LAYERS.iter().any(|(name, _)| name == named) && !allowed.contains(&named.as_str()))
        .map(|(line, named)| format!("{file}:{line}: {layer} must not name {named}"))
        .collect()
}

#[test]
fn every_import_follows_the_layers() {
    let sources = read_all("src", ".rs");
    assert!(sources.len() > 50, "the tree is not where this test looks");
    let faults: Vec<String> = sources
        .iter()
        .flat_map(|(file, text)| forbidden_arrows(file, text))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    for (file, text) in [
        ("src/domain/ids.rs", "use crate::store::StoreError;"),
        (
            "src/store/staff.rs",
            "use crate::{domain::ids::UserId, http};",
        ),
        (
            "src/store/staff.rs",
            "use crate::{\n    domain::{ids::UserId, person::Person},\n    service::login,\n};",
        ),
        ("src/service/login.rs", "use super::super::http::page;"),
        (
            "src/store/staff.rs",
            "fn f() -> Option<crate::config::Config> { None }",
        ),
        ("src/service.rs", "use super::app;"),
        ("src/service/review.rs", "use crate::text::interpolate;"),
        ("src/text/alerts.rs", "use crate::service::alerts;"),
        (
            "src/domain/ids.rs",
            "#[cfg(test)]\nmod tests {\n    use super::super::super::http::page;\n}",
        ),
    ] {
        assert_eq!(forbidden_arrows(file, text).len(), 1, "{file}: {text}");
    }
}

#[test]
fn an_allowed_import_is_let_be() {
    for (file, text) in [
        (
            "src/store/staff.rs",
            "use super::StoreError;\nuse crate::domain::{ids::UserId, person::Person};",
        ),
        (
            "src/http/view/time.rs",
            "use super::super::lang::of;\nuse crate::text::interpolate;\nuse crate::service::login;",
        ),
        (
            "src/domain/ids.rs",
            "// crate::http does not matter here\nmod tests {\n    use super::super::person;\n}",
        ),
    ] {
        assert_eq!(forbidden_arrows(file, text), [""; 0], "{file}");
    }
}

#[test]
fn only_the_layers_of_the_web_know_actix() {
    for (file, text) in read_all("src", ".rs") {
        let names_actix = text
            .lines()
            .any(|line| without_comment(line).contains("actix"));
        assert!(
            !(names_actix && WITHOUT_ACTIX.contains(&module_of(&file)[0])),
            "{file} names actix"
        );
    }
}

#[test]
fn statements_stand_in_the_store_only() {
    for (file, text) in read_all("src", ".rs") {
        let has_statement = text
            .lines()
            .any(|line| without_comment(line).contains("sqlx::query"));
        assert!(
            !has_statement || module_of(&file)[0] == "store",
            "{file} holds a statement"
        );
    }
}

fn has_empty_name(file: &str) -> bool {
    module_of(file)
        .iter()
        .any(|name| EMPTY_NAMES.contains(name))
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    assert!(
        has_empty_name("src/http/utils.rs")
            && has_empty_name("src/http/mod.rs")
            && !has_empty_name("src/http/page.rs")
    );
    let faults: Vec<String> = read_all("src", ".rs")
        .into_iter()
        .map(|(file, _)| file)
        .filter(|file| has_empty_name(file))
        .collect();
    assert_eq!(faults, [""; 0]);
}
