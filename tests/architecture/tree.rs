//! Reading this tree.

use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder whose name ends so, in the order of their names.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
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
pub fn read_all(folder: &str, ending: &str) -> Vec<(String, String)> {
    files(&root().join(folder), ending)
        .into_iter()
        .map(|path| read(&path))
        .collect()
}

pub fn read(path: &Path) -> (String, String) {
    let name = path
        .strip_prefix(root())
        .unwrap()
        .to_string_lossy()
        .into_owned();
    (name, fs::read_to_string(path).unwrap())
}

/// `src/http/page.rs` → `["http", "page"]`.
pub fn module_of(file: &str) -> Vec<&str> {
    file.trim_start_matches("src/")
        .trim_end_matches(".rs")
        .split('/')
        .collect()
}
