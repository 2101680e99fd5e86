//! No template is forgotten.

use super::tree::read_all;

/// Templates that a source renders (`path = "…"`) or another template takes up (`{% include "…" %}`).
fn named_templates(text: &str) -> Vec<&str> {
    let quoted = |tail: &'_ str| tail.trim_start().strip_prefix('"').map(str::len);
    ["path =", "include ", "extends ", "import "]
        .iter()
        .flat_map(|word| {
            text.match_indices(word)
                .map(|(at, word)| &text[at + word.len()..])
                .collect::<Vec<_>>()
        })
        .filter_map(|tail| quoted(tail).map(|left| &tail[tail.len() - left..]))
        .filter_map(|tail| tail.split('"').next())
        .collect()
}

#[test]
fn every_template_is_used() {
    assert_eq!(
        named_templates("#[template(path = \"a.html\")] {% extends \"b.html\" %}"),
        ["a.html", "b.html"]
    );
    let texts: Vec<(String, String)> = read_all("src", ".rs")
        .into_iter()
        .chain(read_all("templates", ""))
        .collect();
    let used: Vec<&str> = texts
        .iter()
        .flat_map(|(_, text)| named_templates(text))
        .collect();
    for (file, _) in read_all("templates", "") {
        let name = file.trim_start_matches("templates/");
        assert!(used.contains(&name), "{file} is not used by any page");
    }
}
