//! An image that looks like a QR code but encodes nothing.

use sha2::{Digest as _, Sha256};

/// Modules per side.
pub(super) const SIZE: usize = 29;
const FINDER: usize = 7;

/// Returns columns and rows of the dark modules, different for each seed.
pub(super) fn modules(seed: &str) -> Vec<(usize, usize)> {
    let noise = noise(seed);
    (0..SIZE)
        .flat_map(|y| (0..SIZE).map(move |x| (x, y)))
        .zip(noise)
        .filter(|((x, y), noisy)| finder(*x, *y).unwrap_or(*noisy))
        .map(|(place, _)| place)
        .collect()
}

/// Returns dark or light for a module in or around one of the three corner squares.
fn finder(x: usize, y: usize) -> Option<bool> {
    let far = SIZE - FINDER;
    for (left, top) in [(0, 0), (far, 0), (0, far)] {
        let inside = |at: usize, from: usize| at + 1 >= from && at <= from + FINDER;
        if inside(x, left) && inside(y, top) {
            let (dx, dy) = (x.abs_diff(left + FINDER / 2), y.abs_diff(top + FINDER / 2));
            return Some(matches!(dx.max(dy), 0 | 1 | 3));
        }
    }
    None
}

fn noise(seed: &str) -> impl Iterator<Item = bool> {
    let rows: Vec<u8> = (0..4)
        .flat_map(|part| Sha256::digest(format!("{seed} {part}")).to_vec())
        .collect();
    rows.into_iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_corners_are_the_same_and_the_rest_differs_by_seed() {
        let (one, two) = (modules("a"), modules("b"));
        assert_ne!(one, two);
        for place in [(0, 0), (3, 3), (SIZE - 1, 0), (0, SIZE - 1), (6, 6)] {
            assert!(one.contains(&place) && two.contains(&place), "{place:?}");
        }
        for place in [(1, 1), (7, 7), (7, 0)] {
            assert!(!one.contains(&place) && !two.contains(&place), "{place:?}");
        }
        assert!((250..600).contains(&one.len()), "{}", one.len());
    }
}
