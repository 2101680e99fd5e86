//! `docs/benchmarks.md`, a section for each part of the bench; a run replaces those that it measures.

use std::fmt;
use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

const HEAD: &str = "# Benchmarks

Written by `make bench`. What counts are the ratios: both sides of a ratio are measured in one run on one machine.
";

/// Above this a ratio says nothing.
const MAX_SPREAD: f64 = 0.15;

/// The lines printed since the last section.
static LINES: Mutex<String> = Mutex::new(String::new());

/// A ratio as measured in several rounds.
pub struct Ratio {
    median: f64,
    /// Between the lowest and the highest, as a share of the median.
    pub spread: f64,
}

impl Ratio {
    pub fn of(values: Vec<f64>) -> Self {
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = values.iter().copied().fold(0.0, f64::max);
        let median = median(values);
        Self {
            median,
            spread: (highest - lowest) / median,
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doubt = if self.spread > MAX_SPREAD {
            " (inconclusive)"
        } else {
            ""
        };
        write!(f, "{:.2}{doubt}", self.median)
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints a line and keeps it for the section.
pub fn say(line: &str) {
    println!("{line}");
    let mut lines = LINES.lock().unwrap();
    lines.push_str(line);
    lines.push('\n');
}

/// Writes the lines printed since the last section as one.
pub fn write_lines(title: &str, about: &str) {
    let lines = std::mem::take(&mut *LINES.lock().unwrap());
    write_section(
        title,
        &format!("{about}\n\n```text\n{}\n```\n", lines.trim_matches('\n')),
    );
}

/// Replaces the section with this title, or adds it.
pub fn write_section(title: &str, text: &str) {
    let old = fs::read_to_string(FILE).unwrap_or_default();
    let mut sections: Vec<(String, String)> = old
        .split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .map(|(title, text)| (title.to_owned(), text.to_owned()))
        .collect();
    match sections.iter_mut().find(|(old, _)| old == title) {
        Some((_, old)) => text.clone_into(old),
        None => sections.push((title.to_owned(), text.to_owned())),
    }
    let mut whole = HEAD.to_owned();
    for (title, text) in sections {
        write!(whole, "\n## {title}\n\n{}\n", text.trim_matches('\n')).unwrap();
    }
    fs::write(FILE, whole).unwrap();
}
