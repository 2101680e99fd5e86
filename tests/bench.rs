//! What `make bench` computes and writes: medians, spreads, and the sections of `docs/benchmarks.md`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

#[path = "../benches/bench/report.rs"]
mod report;

use report::{RATIOS, Ratio, SECTIONS, median, percentile, statement_of, with_section};

#[test]
fn the_median_is_the_middle_value_in_any_order() {
    assert_eq!(median(vec![5.0, 1.0, 3.0, 2.0, 4.0]).to_string(), "3");
    assert_eq!(median(vec![2.0, 1.0]).to_string(), "2");
    assert_eq!(median(vec![7.0]).to_string(), "7");
}

#[test]
fn a_percentile_is_a_value_that_was_measured() {
    let values: Vec<f64> = (1..=100).map(f64::from).collect();
    assert_eq!(percentile(values.clone(), 0.95).to_string(), "96");
    assert_eq!(percentile(values.clone(), 1.0).to_string(), "100");
    assert_eq!(percentile(values, 0.0).to_string(), "1");
}

#[test]
fn the_spread_is_between_the_lowest_and_the_highest_as_a_share_of_the_median() {
    let ratio = Ratio::of(vec![1.1, 1.0, 0.95, 1.0, 1.02]);
    assert_eq!(ratio.spread(), "15 %");
    let ratio = Ratio::of(vec![2.0, 1.0, 4.0]);
    assert_eq!(ratio.spread(), "150 %");
}

#[test]
fn a_ratio_with_a_spread_above_15_percent_is_inconclusive() {
    assert_eq!(Ratio::of(vec![0.99, 1.0, 1.13]).to_string(), "1.00");
    assert_eq!(
        Ratio::of(vec![0.99, 1.0, 1.16]).to_string(),
        "1.00 (inconclusive)"
    );
}

#[test]
fn a_single_measurement_has_no_spread() {
    let ratio = Ratio::once(1.276);
    assert_eq!(ratio.to_string(), "1.28");
    assert_eq!(
        ratio.row("Sync", "≤ 1.1"),
        "| Sync | 1.28 | once | ≤ 1.1 |\n"
    );
}

#[test]
fn a_row_has_as_many_cells_as_the_head_of_the_table() {
    let row = Ratio::of(vec![1.0, 2.0, 1.5]).row("Events", "≥ 2.0");
    assert_eq!(row, "| Events | 1.50 (inconclusive) | 67 % | ≥ 2.0 |\n");
    let cells = |line: &str| line.matches('|').count();
    assert!(RATIOS.lines().all(|line| cells(line) == cells(&row)));
}

#[test]
fn a_run_replaces_its_own_section_and_keeps_the_others() {
    let first = with_section("", "Pages", "pages of old\n\n### Not a section\n");
    let both = with_section(&first, "Crypto", "\ncrypto\n\n");
    let new = with_section(&both, "Pages", "pages");
    assert!(first.contains("\n## Pages\n\npages of old\n\n### Not a section\n"));
    assert!(both.contains("### Not a section") && both.contains("\n## Crypto\n\ncrypto\n"));
    assert!(!new.contains("of old") && new.ends_with("\n## Pages\n\npages\n"));
    assert_eq!(new, with_section(&new, "Pages", "pages"), "nothing grows");
}

#[test]
fn the_sections_have_a_fixed_order_and_retired_ones_go() {
    let mut document = "# Benchmarks\n\n## Retired\n\nold\n".to_owned();
    for title in SECTIONS.iter().rev() {
        document = with_section(&document, title, "text");
    }
    let titles: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(titles, SECTIONS);
    assert!(document.starts_with("# Benchmarks\n\nWritten by"));
}

#[test]
fn the_present_document_has_known_sections_only() {
    let document = include_str!("../docs/benchmarks.md");
    let titles = document.lines().filter_map(|line| line.strip_prefix("## "));
    for title in titles {
        assert!(SECTIONS.contains(&title), "{title}");
    }
}

#[test]
fn a_statement_is_read_from_a_line_of_the_log_of_its_database() {
    let of = |line| statement_of(line, "bench_start");
    assert_eq!(of("bench_start LOG:  statement: BEGIN"), Some("BEGIN"));
    assert_eq!(
        of("bench_start LOG:  execute sqlx_s_3: SELECT id FROM event: all"),
        Some("SELECT id FROM event: all")
    );
    assert_eq!(
        of("bench_start LOG:  execute <unnamed>: SELECT 1"),
        Some("SELECT 1")
    );
    for other in [
        "bench_other LOG:  statement: BEGIN",
        "bench_start_2 LOG:  statement: BEGIN",
        "bench_start DETAIL:  parameters: $1 = '1'",
        "bench_start LOG:  checkpoint starting: time",
        "\tFROM staff",
        "",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
    let long = format!("bench_start LOG:  statement: SELECT '{}'", "长".repeat(200));
    assert_eq!(of(&long).unwrap().chars().count(), 90);
}
