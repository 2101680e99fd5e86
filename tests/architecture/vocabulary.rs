//! Names are the standard terms of the field: words that were once in use here do not come back.

use super::imports::without_comment;
use super::tree::{module_of, read_all};

/// Names of types that say nothing or are metaphors.
const RETIRED_TYPES: &[&str] = &[
    "Alone",
    "Asking",
    "Bare",
    "Book",
    "Busy",
    "Circumstances",
    "Complaint",
    "Crowd",
    "DoorView",
    "Draft",
    "Fault",
    "Faults",
    "Frame",
    "Gravity",
    "Mission",
    "Newer",
    "Notice",
    "Patience",
    "Reference",
    "Rehearsal",
    "Remedy",
    "Rival",
    "Road",
    "Rounds",
    "Spell",
    "Surroundings",
    "Survey",
    "Tally",
    "Tick",
    "Trial",
    "Trouble",
    "Troubles",
    "Turn",
    "Turns",
    "Visitor",
    "Walk",
    "WayBack",
    "Who",
];
/// Irregular participles; the others end in `ed`.
const PARTICIPLES: &[&str] = &[
    "Begun", "Chosen", "Done", "Found", "Given", "Heard", "Held", "Kept", "Known", "Lost", "Made",
    "Read", "Sent", "Shown", "Taken", "Told", "Undone", "Unmade", "Unread", "Written",
];
/// Parts of names of modules, functions and constants.
const RETIRED_PARTS: &[&str] = &[
    "about",
    "anew",
    "asked",
    "brake",
    "door",
    "farewell",
    "hiccup",
    "leavings",
    "moments",
    "overtaken",
    "patience",
    "patiently",
    "peopled",
    "pulse",
    "rehearsal",
    "scratch",
    "spared",
    "stubborn",
    "troubles",
    "upkeep",
    "whoever",
    "whom",
];
const RETIRED_FUNCTIONS: &[&str] = &[
    "believe",
    "doubt",
    "hear",
    "look_around",
    "may_pass",
    "mendable",
    "note_absent",
    "release_held",
    "survey",
    "take_down",
    "tell",
    "tidy_up",
    "why_out",
];

/// Words that no variable, field or parameter has as its name.
const RETIRED_VARIABLES: &[&str] = &[
    "asked",
    "book",
    "closing",
    "draft",
    "heard",
    "mission",
    "overtaken",
    "peopled",
    "spared",
    "survey",
    "tally",
    "visit",
    "whom",
];
/// Words that no comment and no document contains.
const RETIRED_PROSE: &[&str] = &["anew", "by itself", "leavings", "whoever", "whom"];

/// The declared name in a line, with its keyword.
fn declaration(line: &str) -> Option<(&'static str, &str)> {
    let line = without_comment(line).trim_start();
    let (keyword, rest) = [
        "struct ", "enum ", "trait ", "fn ", "const ", "static ", "mod ",
    ]
    .into_iter()
    .filter_map(|keyword| {
        let at = line.find(keyword)?;
        let before = &line[..at];
        let is_start = before.is_empty() || before.ends_with(' ');
        let is_code = before
            .chars()
            .all(|c| c.is_ascii_lowercase() || " ()_".contains(c));
        (is_start && is_code).then(|| (keyword, &line[at + keyword.len()..]))
    })
    .min_by_key(|(_, rest)| std::cmp::Reverse(rest.len()))?;
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    Some((keyword, &rest[..end]))
}

fn is_participle(name: &str) -> bool {
    let is_one_word = name.chars().filter(|c| c.is_uppercase()).count() == 1;
    is_one_word && (name.ends_with("ed") || PARTICIPLES.contains(&name))
}

fn is_retired(keyword: &str, name: &str) -> bool {
    if matches!(keyword, "struct " | "enum " | "trait ") {
        return RETIRED_TYPES.contains(&name) || is_participle(name);
    }
    let lower = name.to_lowercase();
    lower.split('_').any(|part| RETIRED_PARTS.contains(&part))
        || (keyword == "fn " && RETIRED_FUNCTIONS.contains(&name))
}

fn retired_names(file: &str, text: &str) -> Vec<String> {
    let module = module_of(file).pop().unwrap_or_default().to_owned();
    let declared = text.lines().filter_map(declaration);
    declared
        .chain([("mod ", module.as_str())])
        .filter(|(keyword, name)| is_retired(keyword, name))
        .map(|(keyword, name)| format!("{file}: {keyword}{name}"))
        .collect()
}

#[test]
fn no_retired_word_is_a_name() {
    let sources = read_all("src", ".rs").into_iter();
    let found: Vec<String> = sources
        .filter(|(file, _)| !file.contains("tests"))
        .flat_map(|(file, text)| retired_names(&file, &text))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_retired_word_is_found_in_whatever_declaration() {
    for (line, count) in [
        ("pub struct Taken {", 1),
        ("pub(super) enum Asked {", 1),
        ("    pub async fn take_down(", 1),
        ("const LAST_MOMENTS: Duration = Duration::ZERO;", 1),
        ("mod troubles;", 1),
        ("pub struct ClaimedEvent {", 0),
        ("// struct Taken", 0),
        ("    let taken = Taken::new();", 0),
    ] {
        assert_eq!(retired_names("src/a.rs", line).len(), count, "{line}");
    }
    assert_eq!(retired_names("src/http/door.rs", "").len(), 1);
}

/// Returns whether a line of code declares a variable, a field or a parameter of this name.
fn declares(line: &str, name: &str) -> bool {
    let code = without_comment(line);
    let is_word = |at: usize| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_.:\"".contains(c))
    };
    code.match_indices(name)
        .filter(|(at, _)| is_word(*at))
        .any(|(at, _)| {
            let before = code[..at].trim_end();
            let after = &code[at + name.len()..];
            let is_typed = after.starts_with(": ") && !after.starts_with(": \"");
            let is_bound = before.ends_with("let") || before.ends_with("mut");
            let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            (is_bound && ends) || is_typed
        })
}

/// Returns the retired words in a line of prose.
fn retired_prose(line: &str) -> impl Iterator<Item = &'static str> {
    let lower = line.to_lowercase();
    RETIRED_PROSE.iter().copied().filter(move |word| {
        lower.match_indices(word).any(|(at, _)| {
            let around = [
                lower[..at].chars().next_back(),
                lower[at + word.len()..].chars().next(),
            ];
            around.iter().flatten().all(|c| !c.is_alphanumeric())
        })
    })
}

#[test]
fn no_retired_word_is_a_variable() {
    let mut found = Vec::new();
    for (file, text) in read_all("src", ".rs") {
        // The texts for people are named by what they say.
        if module_of(&file)[0] == "text" {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            let names = RETIRED_VARIABLES.iter().filter(|name| declares(line, name));
            found.extend(names.map(|name| format!("{file}:{}: {name}", at + 1)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_retired_word_is_in_a_comment_or_in_a_document() {
    let mut found = Vec::new();
    for (file, text) in read_all("src", ".rs") {
        for (at, line) in text.lines().enumerate() {
            let comment = &line[without_comment(line).len()..];
            found.extend(retired_prose(comment).map(|word| format!("{file}:{}: {word}", at + 1)));
        }
    }
    for (file, text) in read_all("docs", ".md") {
        for (at, line) in text.lines().enumerate() {
            found.extend(retired_prose(line).map(|word| format!("{file}:{}: {word}", at + 1)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_retired_variable_and_a_retired_word_are_found() {
    for (line, is_found) in [
        ("    let heard = ctx.db;", true),
        ("    let mut heard: Vec<u8> = Vec::new();", true),
        ("    pub heard: bool,", true),
        ("fn f(ctx: &Context, heard: u8) {", true),
        ("    // let heard = 1;", false),
        ("    unheard: bool,", false),
        ("    let x = heard;", false),
    ] {
        assert_eq!(declares(line, "heard"), is_found, "{line}");
    }
    assert_eq!(retired_prose("Whoever reads it anew").count(), 2);
    assert_eq!(retired_prose("renewal").count(), 0);
}
