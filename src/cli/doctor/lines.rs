//! A report as text lines: status, what was checked, what was found, what to do.

use crate::doctor::{Check, Report, Status};
use crate::text::commands::doctor as texts;

/// Returns one line per check, and a final line with their counts.
pub fn text(report: &Report, has_colours: bool) -> String {
    let mut text = String::new();
    for check in &report.checks {
        text.push_str(&line(check, has_colours));
    }
    let count = |status| {
        let same = report.checks.iter().filter(|check| check.status == status);
        same.count()
    };
    let many = |status, word: &str| match count(status) {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    };
    let totals = texts::totals(
        count(Status::Ok),
        many(Status::Warning, texts::WARNING),
        many(Status::Failure, texts::FAILURE),
        count(Status::Skipped),
    );
    text + &totals + "\n"
}

fn line(check: &Check, has_colours: bool) -> String {
    let (word, colour) = match check.status {
        Status::Ok => (texts::OK, 32),
        Status::Warning => (texts::WARNING, 33),
        Status::Failure => (texts::FAILURE, 31),
        Status::Skipped => (texts::SKIPPED, 2),
    };
    let gap = " ".repeat(texts::SKIPPED.len() + 1 - word.len());
    let status = if has_colours {
        format!("\u{1b}[{colour}m{word}\u{1b}[0m{gap}")
    } else {
        format!("{word}{gap}")
    };
    let detail = match check.status {
        Status::Skipped => format!("({})", check.detail),
        _ => check.detail.clone(),
    };
    let action = check.action.as_ref();
    let action = action.map_or_else(String::new, |action| format!(" → {action}"));
    format!("{status}{}: {detail}{action}\n", check.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let check = |name, status, action: Option<&str>| Check {
            name,
            status,
            detail: "found".to_owned(),
            action: action.map(str::to_owned),
        };
        Report {
            ok: false,
            checks: vec![
                check("one", Status::Ok, None),
                check("two", Status::Warning, Some("do it")),
                check("three", Status::Failure, Some("do that")),
                check("four", Status::Skipped, None),
            ],
        }
    }

    #[test]
    fn each_check_is_a_line_with_what_to_do() {
        assert_eq!(
            text(&report(), false),
            "ok          one: found\n\
             warning     two: found → do it\n\
             failure     three: found → do that\n\
             not checked four: (found)\n\
             1 ok, 1 warning, 1 failure, 1 not checked\n"
        );
    }

    #[test]
    fn colours_mark_the_outcome_only() {
        let coloured = text(&report(), true);
        assert!(coloured.starts_with("\u{1b}[32mok\u{1b}[0m          one: found\n"));
        let plain: String = [
            "\u{1b}[32m",
            "\u{1b}[33m",
            "\u{1b}[31m",
            "\u{1b}[2m",
            "\u{1b}[0m",
        ]
        .iter()
        .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, text(&report(), false));
    }
}
