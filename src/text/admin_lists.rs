//! Error messages for invalid list queries.

use super::texts;

texts! {
    /// Error messages for invalid list queries.
    pub struct ListTexts {
        unknown_value: "筛选条件 {name} 没有“{value}”这个选项。" | "The filter {name} has no choice called “{value}”.";
        bad_date: "筛选条件 {name} 须为日期，例如 2026-11-22，而不是“{value}”。"
            | "The filter {name} wants a date such as 2026-11-22, not “{value}”.";
    }
}
