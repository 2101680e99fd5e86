//! The placeholders of a text, such as `{name}`: both languages must have the same ones. Evaluated by the compiler.

/// Returns whether two texts have the same placeholders, in whatever order.
pub const fn agree(one: &str, other: &str) -> bool {
    contains_all(one.as_bytes(), other.as_bytes()) && contains_all(other.as_bytes(), one.as_bytes())
}

/// Returns whether a text has each placeholder of another.
#[expect(
    clippy::indexing_slicing,
    reason = "iterators are not const; each index is checked"
)]
const fn contains_all(text: &[u8], other: &[u8]) -> bool {
    let mut start = 0;
    while start < other.len() {
        if other[start] == b'{' {
            let mut end = start;
            while end < other.len() && other[end] != b'}' {
                end += 1;
            }
            if !contains(text, other, start, end) {
                return false;
            }
            start = end;
        }
        start += 1;
    }
    true
}

/// Returns whether a text contains `other[start..=end]`; false if that ends beyond `other`.
#[expect(
    clippy::indexing_slicing,
    reason = "iterators are not const; each index is checked"
)]
const fn contains(text: &[u8], other: &[u8], start: usize, end: usize) -> bool {
    if end >= other.len() {
        return false;
    }
    let length = end - start + 1;
    let mut at = 0;
    while at + length <= text.len() {
        let mut same = 0;
        while same < length && text[at + same] == other[start + same] {
            same += 1;
        }
        if same == length {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_the_count_of_placeholders_do_not_matter() {
        for (one, other) in [
            ("", ""),
            ("部门", "Departments"),
            ("共 {n} 个部门", "{n} departments"),
            ("{b}{a}", "{a} of {b} and {a}"),
        ] {
            assert!(agree(one, other), "{one} | {other}");
        }
    }

    #[test]
    fn a_placeholder_that_one_language_lacks_is_found() {
        for (one, other) in [
            ("{n} 个部门", "departments"),
            ("个部门", "{n} departments"),
            ("{names}等 {all} 个", "{names} and {more} more"),
            ("{n", "{n}"),
            ("{n}", "{nn}"),
        ] {
            assert!(!agree(one, other), "{one} | {other}");
        }
    }
}
