//! Only `text` holds what people read: no other source has a Chinese sentence.

use super::tree::{module_of, read_all};

/// `doctor` names menus of DingTalk's developer console, the settings an example of a company's name.
const EXEMPT: [&str; 2] = ["src/doctor/", "src/config/setting.rs"];

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a file is compiled for tests only.
fn is_test(file: &str) -> bool {
    let module = module_of(file);
    module
        .iter()
        .any(|name| name.ends_with("tests") || *name == "samples")
}

/// The lines of product code with Chinese characters, comments excepted. Tests stand at the end of a file.
fn chinese_lines(file: &str, text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = product.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//") && line.contains(is_han))
        .map(|(at, line)| format!("{file}:{}: {}", at + 1, line.trim()))
        .collect()
}

#[test]
fn no_layer_but_the_texts_holds_a_chinese_sentence() {
    let sources = read_all("src", ".rs");
    assert!(sources.len() > 50, "the tree is not where this test looks");
    let found: Vec<String> = sources
        .iter()
        .filter(|(file, _)| module_of(file)[0] != "text" && !is_test(file))
        .filter(|(file, _)| !EXEMPT.iter().any(|exempt| file.starts_with(exempt)))
        .flat_map(|(file, text)| chinese_lines(file, text))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_migration_and_no_template_holds_one() {
    let files = [
        read_all("migrations", ".sql"),
        read_all("templates", ".html"),
    ]
    .concat();
    assert!(files.len() > 40, "the files are not where this test looks");
    for (file, text) in files {
        assert!(!text.contains(is_han), "{file} holds a text for people");
    }
}

#[test]
fn a_chinese_sentence_is_found_wherever_it_stands() {
    for (text, count) in [
        ("let why = \"已离职\";", 1),
        ("    /// e.g. `张三`\n    pub name: String,", 0),
        (
            "fn f() {}\n\n#[cfg(test)]\nmod tests { const NAME: &str = \"张三\"; }",
            0,
        ),
        ("#[cfg(test)]\nfn f() {}\nconst NAME: &str = \"张三\";", 1),
    ] {
        assert_eq!(chinese_lines("src/a.rs", text).len(), count, "{text}");
    }
    assert!(is_test("src/http/pages/samples.rs") && is_test("src/cli/sync/tests.rs"));
    assert!(is_test("src/http/assets/style_tests.rs") && !is_test("src/store/staff.rs"));
}
