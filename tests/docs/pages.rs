//! The pages of documentation in this tree.

use std::fs;
use std::path::Path;

/// The ending of a page in Chinese; the page in English has the same name without `.zh-CN`.
pub const CHINESE: &str = ".zh-CN.md";

/// Pages in English alone: the records of decisions and of versions, which are about the code.
const ENGLISH_ONLY: [&str; 2] = ["docs/adr/", "CHANGELOG.md"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Every page, as `docs/operations.md`.
pub fn all() -> Vec<String> {
    let mut found = Vec::new();
    collect(root(), "", &mut found);
    found.sort();
    assert!(found.iter().any(|page| page == "docs/operations.md"));
    found
}

/// The pages in English that need one in Chinese.
pub fn translated() -> Vec<String> {
    let is_english_only = |page: &str| ENGLISH_ONLY.iter().any(|start| page.starts_with(start));
    all()
        .into_iter()
        .filter(|page| !page.ends_with(CHINESE) && !is_english_only(page))
        .collect()
}

pub fn is_page(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|ending| ending == "md")
}

pub fn chinese_of(page: &str) -> String {
    page.trim_end_matches(".md").to_owned() + CHINESE
}

pub fn english_of(page: &str) -> String {
    page.trim_end_matches(CHINESE).to_owned() + ".md"
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = !name.starts_with('.') && name != "target" && name != "node_modules";
        if is_ours && entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), found);
        } else if is_ours && is_page(&name) {
            found.push(format!("{prefix}{name}"));
        }
    }
}
