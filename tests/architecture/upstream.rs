//! Who may depend on the crate `dingtalk`: the product only through `upstream`, the simulator not at all.

use std::process::Command;

use serde_json::Value;

use super::imports::without_comment;
use super::tree::{module_of, read_all, root};

/// Returns the manifest of a package of the workspace, as Cargo reads it.
fn package(name: &str) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|package| package["name"] == name);
    found.unwrap().clone()
}

/// Returns the names of the dependencies that are built into the package.
fn dependencies(package: &Value) -> Vec<&str> {
    let all = package["dependencies"].as_array().unwrap();
    all.iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_crate_stands_alone_and_can_be_published() {
    assert!(dependencies(&package("dinggate")).contains(&"dingtalk"));
    let simulator = package("dingtalk-sim");
    let all = simulator["dependencies"].as_array().unwrap();
    assert!(
        all.iter()
            .all(|dependency| dependency["name"] != "dingtalk")
    );
    let dingtalk = package("dingtalk");
    for foreign in ["dinggate", "dingtalk-sim", "sqlx", "actix-web"] {
        assert!(!dependencies(&dingtalk).contains(&foreign), "{foreign}");
    }
    assert_eq!(dingtalk["publish"], Value::Null);
    for field in ["description", "readme", "documentation", "license"] {
        assert!(dingtalk[field].is_string(), "{field}");
    }
    for field in ["keywords", "categories"] {
        assert_ne!(dingtalk[field].as_array().unwrap().len(), 0, "{field}");
    }
}

#[test]
fn the_crate_knows_nothing_of_the_product() {
    for (file, text) in read_all("crates/dingtalk/src", ".rs") {
        let lower = text.to_lowercase();
        for word in ["dinggate", "postgres", "actix"] {
            assert!(!lower.contains(word), "{file} names {word}");
        }
    }
}

/// Returns the lines of a file that name the crate `dingtalk`, not a module of that name.
fn lines_naming_the_crate(text: &str) -> Vec<usize> {
    let has_own_module = text.lines().any(|line| line.trim() == "mod dingtalk;");
    let names_it = |line: &str| {
        let line = without_comment(line);
        let is_absolute = line.match_indices("::dingtalk").any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().last());
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '>')
        });
        let is_relative = line.match_indices("dingtalk").any(|(at, word)| {
            let before = line.get(..at).and_then(|before| before.chars().last());
            let is_path = line
                .get(at + word.len()..)
                .is_some_and(|rest| rest.starts_with("::"));
            let is_import = line.trim_start().starts_with("use dingtalk");
            let is_word = !before.is_some_and(|c| c.is_alphanumeric() || "_:\"/.".contains(c));
            is_word && (is_path || is_import)
        });
        is_absolute || (is_relative && !has_own_module) || line.contains("extern crate dingtalk")
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| names_it(line))
        .map(|(at, _)| at + 1)
        .collect()
}

#[test]
fn only_upstream_names_the_crate() {
    let mut in_upstream = 0;
    for (file, text) in read_all("src", ".rs") {
        let lines = lines_naming_the_crate(&text);
        if module_of(&file)[0] == "upstream" {
            in_upstream += lines.len();
        } else {
            assert!(
                lines.is_empty(),
                "{file} names the crate dingtalk: {lines:?}"
            );
        }
    }
    assert!(in_upstream > 10, "upstream is not where this test looks");
}

#[test]
fn the_crate_is_found_however_it_is_named() {
    for text in [
        "use dingtalk::Client;",
        "use dingtalk as cloud;",
        "use ::dingtalk::Client;",
        "let client = dingtalk::Client::new(config);",
        "fn f(error: &dingtalk::ApiError) {}",
        "mod dingtalk;\nuse ::dingtalk::Client;",
    ] {
        assert_eq!(lines_naming_the_crate(text).len(), 1, "{text}");
    }
    for text in [
        "mod dingtalk;\npub use dingtalk::AppCredentials;",
        "use super::dingtalk::AppCredentials;",
        "use crate::{doctor::dingtalk::reach};",
        "ctx.dingtalk.user(priority, &userid)",
        "// dingtalk::Client is private",
    ] {
        assert_eq!(lines_naming_the_crate(text), [0; 0], "{text}");
    }
}
