//! Ratios of several rounds, and the text of `docs/benchmarks.md`.

use std::fmt;
use std::fmt::Write as _;

/// The sections of the document, in their order.
pub const SECTIONS: [&str; 8] = [
    "Events",
    "Single events",
    "Crypto",
    "Pages",
    "Logins",
    "Login storm",
    "Full sync",
    "Start and idle",
];

const HEAD: &str = "# Benchmarks

Written by `make bench`, a section for each part. What counts are the ratios: both sides of a ratio are measured in one
run on one machine. Where a part has several rounds, each round measures both sides, a ratio is of one round, and the
table has the median and the spread between the lowest and the highest as a share of the median. Above 15 % a ratio is
*inconclusive*.
";

/// The head of a table of ratios.
pub const RATIOS: &str =
    "| Ratio to the yardstick | Median | Spread | Target |\n| --- | --- | --- | --- |\n";

/// Above this a ratio proves nothing.
const MAX_SPREAD: f64 = 0.15;

/// A ratio as measured in several rounds, or once.
#[derive(Debug)]
pub struct Ratio {
    median: f64,
    /// Between the lowest and the highest, as a share of the median; `None` for a single measurement.
    spread: Option<f64>,
}

impl Ratio {
    /// Returns the ratio of several rounds.
    pub fn of(values: Vec<f64>) -> Self {
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let median = median(values);
        Self {
            median,
            spread: Some((highest - lowest) / median),
        }
    }

    /// Returns a ratio that was measured once.
    pub fn once(value: f64) -> Self {
        Self {
            median: value,
            spread: None,
        }
    }

    /// Returns the spread as a table shows it.
    pub fn spread(&self) -> String {
        self.spread.map_or_else(
            || "once".to_owned(),
            |spread| format!("{:.0} %", spread * 100.0),
        )
    }

    /// Returns the row of a table of [`RATIOS`].
    pub fn row(&self, name: &str, target: &str) -> String {
        format!("| {name} | {self} | {} | {target} |\n", self.spread())
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_inconclusive = self.spread.is_some_and(|spread| spread > MAX_SPREAD);
        let doubt = if is_inconclusive {
            " (inconclusive)"
        } else {
            ""
        };
        write!(f, "{:.2}{doubt}", self.median)
    }
}

/// Returns the middle value; the higher of the two of an even number.
pub fn median(values: Vec<f64>) -> f64 {
    percentile(values, 0.5)
}

/// Returns the value below which this share of the values lies.
pub fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * share) as usize;
    values[index.min(values.len() - 1)]
}

/// Returns the document with this section replaced or added. Sections that are no longer measured are left out.
pub fn with_section(document: &str, title: &str, text: &str) -> String {
    assert!(SECTIONS.contains(&title), "{title}");
    let old: Vec<(&str, &str)> = document
        .split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .collect();
    let mut whole = HEAD.to_owned();
    for name in SECTIONS {
        let kept = old.iter().find(|(old, _)| *old == name);
        let kept = kept.map(|(_, text)| *text).filter(|_| name != title);
        if let Some(text) = kept.or((name == title).then_some(text)) {
            write!(whole, "\n## {name}\n\n{}\n", text.trim_matches('\n')).unwrap();
        }
    }
    whole
}

/// The most letters of a statement that are shown.
const STATEMENT: usize = 90;

/// Returns the beginning of the statement that a line of Postgres's log reports for this database, if it does.
pub fn statement_of<'a>(line: &'a str, database: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(database)?.strip_prefix(' ')?;
    let rest = rest.strip_prefix("LOG:")?.trim_start();
    let statement = match rest.strip_prefix("statement: ") {
        Some(statement) => statement,
        // `execute <unnamed>: SELECT …` or `execute sqlx_s_1: …`
        None => rest.strip_prefix("execute ")?.split_once(": ")?.1,
    };
    let end = statement.char_indices().nth(STATEMENT);
    Some(end.map_or(statement, |(end, _)| &statement[..end]).trim())
}
