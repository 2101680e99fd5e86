//! Only `text` holds what people read: no other source has a Chinese sentence, and no command an English one.

use super::tree::{module_of, read_all};

/// The settings have an example of a company's name.
const EXEMPT: [&str; 1] = ["src/config/setting.rs"];

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

/// The code of a file without its tests, comments and attributes.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::new();
    let mut in_attribute = false;
    for line in product.lines() {
        let start = line.trim_start();
        in_attribute |= start.starts_with("#[");
        if !in_attribute && !start.starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
        in_attribute &= !start.ends_with(']');
    }
    code
}

/// The string literals of a piece of code, without their quotes; those of log messages excepted.
fn literals(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find('"') {
        let (before, literal) = (&rest[..start], &rest[start + 1..]);
        let mut is_escaped = false;
        let end = literal.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        let end = end.unwrap_or(literal.len());
        let statement = before.rsplit([';', '{', '}']).next().unwrap_or_default();
        if !statement.contains("tracing::") {
            found.push(&literal[..end]);
        }
        rest = literal.get(end + 1..).unwrap_or_default();
    }
    found
}

/// Whether a literal has two words in a row, its values excepted.
fn is_sentence(literal: &str) -> bool {
    let mut plain = String::new();
    for (at, part) in literal.split('{').enumerate() {
        plain.push_str(if at == 0 {
            part
        } else {
            part.split_once('}').map_or(part, |(_, after)| after)
        });
    }
    let is_word = |word: &str| {
        let word = word.trim_matches([',', '.', ';', ':', '(', ')']);
        word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic())
    };
    let words: Vec<bool> = plain.split(' ').map(is_word).collect();
    words.windows(2).any(|pair| pair == [true, true])
}

#[test]
fn no_command_and_no_check_of_doctor_holds_a_sentence() {
    let sources = [read_all("src/cli", ".rs"), read_all("src/doctor", ".rs")].concat();
    assert!(sources.len() > 20, "the tree is not where this test looks");
    let mut found = Vec::new();
    for (file, text) in sources.iter().filter(|(file, _)| !is_test(file)) {
        let code = code(text);
        let sentences = literals(&code).into_iter().filter(|text| is_sentence(text));
        found.extend(sentences.map(|sentence| format!("{file}: {sentence}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_sentence_of_a_command_is_found_wherever_it_stands() {
    for (text, count) in [
        ("print(\"{userid} is no longer {title}\");", 1),
        ("print(\"token    {token}\\nkey {key}\");", 0),
        ("print(\"a \\\"b\\\" c\", \"two words\");", 1),
        ("/// Prints \"two words\"\nfn f() {}", 0),
        ("#[expect(\n    reason = \"two words\"\n)]\nfn f() {}", 0),
        ("tracing::info!(\"two words\");\nprint(\"two words\");", 1),
    ] {
        let code = code(text);
        let sentences = literals(&code).into_iter().filter(|text| is_sentence(text));
        assert_eq!(sentences.count(), count, "{text}");
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
