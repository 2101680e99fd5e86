//! The layers that a source names, however it writes them.

use super::tree::module_of;

/// The layers that a file names by `crate::…` or `super::…`, each with its line.
pub fn named_layers(file: &str, text: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    let mut is_inline = false;
    let code: Vec<&str> = text.lines().map(without_comment).collect();
    for (index, line) in code.iter().enumerate() {
        // Inline modules, such as `mod tests { … }`, stand one level deeper.
        is_inline = (is_inline || (line.starts_with("mod ") && line.ends_with('{')))
            && !line.starts_with('}');
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

pub fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Where the next `crate::` or `super::` begins that no identifier precedes.
fn next_path(line: &str) -> Option<usize> {
    let starts = |start: usize| {
        !line[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
    };
    let of = |word: &str| {
        line.match_indices(word)
            .map(|(start, _)| start)
            .find(|start| starts(*start))
    };
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
    let name = |text: &str| {
        text.trim()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
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
