//! The map of the source tree: every layer has a line in `src/lib.rs`, and every module of a layer one in
//! docs/architecture.md, which is the first sentence of its own documentation. `make modules` writes them.

use std::fmt::Write as _;
use std::fs;

use super::tree::{module_of, read, read_all, root};

const DOCUMENT: &str = "docs/architecture.md";
const BEGIN: &str = "<!-- modules: written by `make modules` -->\n";
const END: &str = "<!-- end of modules -->\n";

/// Returns the first sentence of a file's documentation, or `None` if it has none.
fn first_sentence(text: &str) -> Option<String> {
    let lines = text
        .lines()
        .skip_while(|line| line.starts_with("#!["))
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let paragraph = lines.collect::<Vec<_>>().join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |at| at + 1);
    (!paragraph.is_empty()).then(|| paragraph[..end].to_owned())
}

/// Returns the map of the layers and the modules directly in them, as a list.
fn map(sources: &[(String, String)]) -> String {
    let mut map = String::new();
    let mut modules: Vec<(Vec<&str>, &str)> = sources
        .iter()
        .map(|(file, text)| (module_of(file), text.as_str()))
        .filter(|(module, _)| module.len() <= 2 && !["lib", "main"].contains(&module[0]))
        .filter(|(module, _)| module.last() != Some(&"tests"))
        .collect();
    modules.sort();
    for (module, text) in modules {
        let indent = "  ".repeat(module.len() - 1);
        let sentence = first_sentence(text).unwrap_or_default();
        let _infallible = writeln!(map, "{indent}- `{}`: {sentence}", module.join("::"));
    }
    map
}

/// Splits a document into what comes before the map, the map, and what follows it.
fn parts(document: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (map, after) = rest.split_once(END)?;
    Some((before, map, after))
}

#[test]
fn every_file_says_what_it_is_for() {
    let faults: Vec<String> = read_all("src", ".rs")
        .into_iter()
        .filter(|(file, text)| {
            !file.ends_with("tests.rs")
                && !file.contains("/tests/")
                && first_sentence(text).is_none()
        })
        .map(|(file, _)| file)
        .collect();
    assert_eq!(faults, [""; 0]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "no setting of the product's")]
fn the_architecture_names_every_module() {
    let expected = map(&read_all("src", ".rs"));
    let path = root().join(DOCUMENT);
    let (_, document) = read(&path);
    let (before, found, after) = parts(&document).expect("the markers of the map");
    if std::env::var_os("UPDATE_MODULES").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    let differs = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(found == expected, "{differs:?}: run `make modules`");
}

#[test]
fn the_crate_names_every_layer() {
    let (_, text) = read(&root().join("src/lib.rs"));
    for (file, _) in read_all("src", ".rs") {
        let module = module_of(&file);
        if let [layer] = module.as_slice()
            && !["lib", "main"].contains(layer)
        {
            assert!(text.contains(&format!("//! - [`{layer}`]: ")), "{layer}");
        }
    }
}

#[test]
fn a_map_has_the_first_sentences() {
    let source = |file: &str, text: &str| (file.to_owned(), text.to_owned());
    let sources = [
        source(
            "src/store.rs",
            "//! Every SQL\n//! statement. More.\n\nmod a;",
        ),
        source("src/store/a.rs", "//! A table\n"),
        source("src/store/a/deep.rs", "//! Deep."),
        source("src/lib.rs", "//! Root."),
    ];
    assert_eq!(
        map(&sources),
        "- `store`: Every SQL statement.\n  - `store::a`: A table\n"
    );
    assert_eq!(first_sentence("mod a;"), None);
}
