//! Charts as geometry, in the units of their own view box; a template draws them as SVG.

/// The width of one column with its gap.
const STEP: i64 = 20;
const COLUMN: i64 = 14;
const HEIGHT: i64 = 1000;
/// Minimum height of a non-zero bar.
const LEAST: i64 = 16;
/// Separates the parts of a column for people who cannot distinguish their colours.
const GAP: i64 = 16;

/// Columns side by side, each made of stacked parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub width: i64,
    pub height: i64,
    pub columns: Vec<Column>,
    /// The value of a column of full height.
    pub top: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Describes the column in words.
    pub label: String,
    /// The left edge of the column's strip.
    pub left: i64,
    pub strip: i64,
    pub parts: Vec<Part>,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub class: &'static str,
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
}

impl Columns {
    /// Lays out one column for each label; `values` are its parts from the bottom up, each drawn in the class of
    /// the same index. Negative values count as zero.
    pub fn new(classes: &[&'static str], columns: Vec<(String, Vec<i64>)>) -> Self {
        let sums = columns.iter().map(|(_, values)| total(values));
        let top = nice_top(sums.max().unwrap_or(0));
        let places = (0_i64..).zip(columns);
        let columns: Vec<Column> = places
            .map(|(place, (label, values))| Column {
                label,
                left: place * STEP,
                strip: STEP,
                parts: stack(place * STEP + (STEP - COLUMN) / 2, classes, &values, top),
            })
            .collect();
        Self {
            width: i64::try_from(columns.len()).unwrap_or(0) * STEP,
            height: HEIGHT,
            columns,
            top,
        }
    }
}

fn total(values: &[i64]) -> i64 {
    values
        .iter()
        .fold(0, |sum, value| sum.saturating_add((*value).max(0)))
}

fn stack(x: i64, classes: &[&'static str], values: &[i64], top: i64) -> Vec<Part> {
    let mut below = 0;
    let drawn = classes.iter().copied().zip(values.iter().copied());
    let mut parts: Vec<Part> = drawn
        .filter(|(_, value)| *value > 0)
        .map(|(class, value)| Part {
            class,
            x,
            y: 0,
            width: COLUMN,
            height: share(value, top).max(LEAST),
        })
        .collect();
    make_room(&mut parts, share(total(values), top));
    for part in &mut parts {
        part.y = HEIGHT - below - part.height;
        below += part.height + GAP;
    }
    parts
}

/// Takes the gaps, and the extra height of small parts, from the largest part, so that the column is as high as its
/// sum.
fn make_room(parts: &mut [Part], wanted: i64) {
    let needed: i64 = parts.iter().map(|part| part.height + GAP).sum();
    let excess = needed - GAP - wanted;
    if let Some(largest) = parts.iter_mut().max_by_key(|part| part.height) {
        largest.height = (largest.height - excess.max(0)).max(LEAST);
    }
}

/// Returns the height of a value, as a share of the full height.
pub fn share(value: i64, top: i64) -> i64 {
    let of = i128::from(value.clamp(0, top)) * i128::from(HEIGHT) / i128::from(top.max(1));
    i64::try_from(of).unwrap_or(HEIGHT)
}

/// Returns the smallest of 1, 2, 3, 4, 5, 6, 8, 10, 20 … that is not below the value.
fn nice_top(most: i64) -> i64 {
    let mut ten: i64 = 1;
    loop {
        for step in [1, 2, 3, 4, 5, 6, 8] {
            match ten.checked_mul(step) {
                Some(top) if top >= most => return top,
                Some(_) => {}
                None => return most,
            }
        }
        match ten.checked_mul(10) {
            Some(next) => ten = next,
            None => return most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(columns: &[&[i64]]) -> Columns {
        let columns = columns
            .iter()
            .map(|values| (String::new(), values.to_vec()));
        Columns::new(&["one", "two"], columns.collect())
    }

    #[test]
    fn columns_stand_side_by_side_in_proportion() {
        let chart = drawn(&[&[50, 0], &[25, 25], &[0, 0]]);
        assert_eq!((chart.top, chart.width), (50, 60));
        let heights = |n: usize| -> Vec<(i64, i64)> {
            let parts = chart.columns[n].parts.iter();
            parts.map(|part| (part.y, part.height)).collect()
        };
        assert_eq!(heights(0), [(0, 1000)]);
        assert_eq!(
            heights(1),
            [(500, 500), (0, 484)],
            "the second stands on the first, a gap between them"
        );
        assert_eq!(heights(2), []);
        assert_eq!(chart.columns[2].left, 40);
    }

    #[test]
    fn a_single_one_among_thousands_is_seen_and_nothing_leaves_the_box() {
        let chart = drawn(&[&[100_000, 1], &[1, 1]]);
        let full = drawn(&[&[999, 1], &[1, 999], &[500, 500]]);
        let columns = chart.columns.iter().chain(&full.columns);
        for part in columns.flat_map(|column| &column.parts) {
            assert!(part.y >= 0 && part.y + part.height <= HEIGHT, "{part:?}");
        }
        assert_eq!(full.columns[0].parts[1].height, LEAST);
        assert_eq!(chart.columns[1].parts.len(), 2);
        assert_eq!(chart.columns[1].parts[0].height, LEAST);
    }

    #[test]
    fn the_scale_ends_at_a_round_number() {
        for (most, top) in [
            (0, 1),
            (1, 1),
            (3, 3),
            (5, 5),
            (7, 8),
            (51, 60),
            (1_400, 2_000),
        ] {
            assert_eq!(nice_top(most), top, "{most}");
        }
        assert_eq!(nice_top(i64::MAX), i64::MAX);
    }

    #[test]
    fn odd_numbers_do_not_panic() {
        assert_eq!(drawn(&[]).width, 0);
        let odd = drawn(&[&[i64::MAX, i64::MAX], &[-5, i64::MIN]]);
        assert_eq!(odd.columns[1].parts, []);
    }
}
