//! The ids by which DingTalk identifies people and departments.

/// A department's id: positive; [`ROOT_DEPARTMENT`] is the root. Ids at or below zero belong to home-school contacts.
pub type DeptId = i64;

/// The root department, which never appears as a child.
pub const ROOT_DEPARTMENT: DeptId = 1;

/// Maximum length in bytes.
const MAX_LEN: usize = 128;

/// Returns a userid or unionid if it is one: 1 to 128 bytes without control characters or U+FFFD. U+FFFD replaces
/// unreadable bytes, and a partial id identifies nobody.
pub(crate) fn valid(text: String) -> Option<String> {
    let is_odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    let is_valid = !text.is_empty() && text.len() <= MAX_LEN && !text.chars().any(is_odd);
    is_valid.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_leading_zeros_and_its_case() {
        assert_eq!(valid("0158aB".to_owned()).as_deref(), Some("0158aB"));
    }

    #[test]
    fn empty_long_and_controlling_ids_are_refused() {
        for bad in ["", &"x".repeat(129), "a\nb", "a\u{fffd}"] {
            assert_eq!(valid(bad.to_owned()), None, "{bad:?}");
        }
    }
}
