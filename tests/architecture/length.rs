//! Long files and functions state why they are not split.

use super::tree::read_all;

const MAX_FILE: usize = 300;
const MAX_FUNCTION: usize = 50;

/// The lines before a file's own tests.
fn product_lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests {"));
    lines[..tests.unwrap_or(lines.len())].to_vec()
}

/// The name of the function that a line starts to declare.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.trim_start().split_once("fn ")?;
    let is_declaration = before
        .chars()
        .all(|c| c.is_ascii_lowercase() || " ():".contains(c));
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_declaration && end > 0).then(|| &rest[..end])
}

fn is_reason(line: &str) -> bool {
    ["// Long because ", "//! Long because "]
        .iter()
        .any(|start| line.trim_start().starts_with(start))
}

/// The attributes and comments right above a line.
fn is_explained(lines: &[&str], at: usize) -> bool {
    let above = lines[..at].iter().rev();
    above
        .take_while(|line| line.trim_start().starts_with(['/', '#']))
        .any(|line| is_reason(line))
}

fn unexplained(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let length = text.lines().count();
    if length > MAX_FILE && !text.lines().any(is_reason) {
        found.push(format!("{file}: {length} lines"));
    }
    let lines = product_lines(text);
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else {
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let body = &lines[at..];
        // A method of a trait without a body ends with its signature.
        let ends = |line: &&str| {
            let is_signature = line.starts_with(indent) && !line[indent.len()..].starts_with(' ');
            is_signature && (line.trim_start() == "}" || line.ends_with(';'))
        };
        let length = body.iter().position(ends).map_or(0, |end| end + 1);
        if length > MAX_FUNCTION && !is_explained(&lines, at) {
            found.push(format!("{file}: fn {name}, {length} lines"));
        }
    }
    found
}

#[test]
fn long_files_and_functions_state_their_reason() {
    let found: Vec<String> = ["src", "crates"]
        .into_iter()
        .flat_map(|folder| read_all(folder, ".rs"))
        .filter(|(file, _)| file.contains("src/") && !file.contains("tests"))
        .flat_map(|(file, text)| unexplained(&file, &text))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_long_and_unexplained_is_found() {
    let lines = |count: usize| "    work();\n".repeat(count);
    let long = format!("/// Works.\npub async fn work() {{\n{}}}\n", lines(49));
    assert_eq!(unexplained("a.rs", &long), ["a.rs: fn work, 51 lines"]);
    let reason = "// Long because it is one table.\n";
    assert!(unexplained("a.rs", &format!("{reason}{long}")).is_empty());
    let short = format!("fn work() {{\n{}}}\n", lines(48));
    assert!(unexplained("a.rs", &short).is_empty());
    let file = lines(301);
    assert_eq!(unexplained("a.rs", &file), ["a.rs: 301 lines"]);
    let reason = "//! Long because it is one table.\n";
    assert!(unexplained("a.rs", &format!("{reason}{file}")).is_empty());
    let tests = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert!(unexplained("a.rs", &tests).is_empty());
}
