//! The texts of pages and commands: one struct per page family, each text in both languages side by side. Nothing
//! below stores or builds a text for people; it returns values that this module puts into words.

use std::fmt::{Display, Write};

pub mod admin_apps;
pub mod admin_audit;
pub mod admin_departments;
pub mod admin_events;
pub mod admin_lists;
pub mod admin_overview;
pub mod admin_queue;
pub mod admin_review;
pub mod admin_search;
pub mod admin_sessions;
pub mod admin_staff;
pub mod admin_syncs;
pub mod admin_webhooks;
pub mod alerts;
pub mod browser;
pub mod commands;
pub mod duration;
pub mod export;
pub mod in_app;
pub mod lang;
pub mod layout;
pub mod login;
pub mod notice;
mod placeholders;
pub mod portal;
pub mod remediation;
pub mod sign_out;
pub mod skip;
pub mod time;
pub mod waiting;

use lang::Lang;

/// Declares a struct of texts in two languages, and methods that return the text of each value of an enum. A text that
/// lacks a language, or has a placeholder in one language only, does not compile.
///
/// ```text
/// texts! {
///     /// Texts of the page of departments.
///     pub struct DepartmentTexts {
///         title: "部门" | "Departments";
///         count: "共 {n} 个部门" | "{n} departments";
///     }
///
///     /// Returns a state in words.
///     pub fn state_words(state: DepartmentState) {
///         Active: "使用中" | "Active";
///         Removed: "已删除" | "Removed";
///     }
/// }
/// let t = DepartmentTexts::of(lang);
/// ```
macro_rules! texts {
    (
        $(#[$doc:meta])* $vis:vis struct $name:ident { $($field:ident: $zh:literal | $en:literal;)+ }
        $(
            $(#[$words_doc:meta])*
            pub fn $words:ident($value:ident: $set:ident) {
                $($variant:ident: $variant_zh:literal | $variant_en:literal;)+
            }
        )*
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        $vis struct $name {
            #[allow(dead_code, reason = "only the methods for enums read it")]
            lang: $crate::text::lang::Lang,
            $(pub $field: &'static str,)+
        }

        const _: () = {
            $(assert!(
                $crate::text::placeholders::agree($zh, $en),
                concat!(stringify!($name), "::", stringify!($field), " lacks a placeholder in one language")
            );)+
            $($(assert!(
                $crate::text::placeholders::agree($variant_zh, $variant_en),
                concat!(stringify!($set), "::", stringify!($variant), " lacks a placeholder in one language")
            );)+)*
        };

        impl $name {
            /// Returns the texts in one language.
            pub fn of(lang: $crate::text::lang::Lang) -> &'static Self {
                static ZH: $name = $name { lang: $crate::text::lang::Lang::Zh, $($field: $zh,)+ };
                static EN: $name = $name { lang: $crate::text::lang::Lang::En, $($field: $en,)+ };
                match lang {
                    $crate::text::lang::Lang::Zh => &ZH,
                    $crate::text::lang::Lang::En => &EN,
                }
            }

            $(
                $(#[$words_doc])*
                pub fn $words(&self, $value: $set) -> &'static str {
                    match (self.lang, $value) {
                        $(
                            ($crate::text::lang::Lang::Zh, $set::$variant) => $variant_zh,
                            ($crate::text::lang::Lang::En, $set::$variant) => $variant_en,
                        )+
                    }
                }
            )*
        }
    };
}
pub(crate) use texts;

/// Declares the messages of a command, which speaks English only: constants, and functions that put values into a
/// text.
///
/// ```text
/// messages! {
///     TRY_AGAIN = "run doctor again";
///     silent(url) = "{url} does not answer in time";
/// }
/// ```
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident $(($($value:ident),*))? = $text:literal;)+) => {
        $($crate::text::messages!(@one $(#[$doc])* $name $(($($value),*))? = $text);)+
    };
    (@one $(#[$doc:meta])* $name:ident = $text:literal) => {
        $(#[$doc])*
        pub const $name: &str = $text;
    };
    (@one $(#[$doc:meta])* $name:ident ($($value:ident),*) = $text:literal) => {
        $(#[$doc])*
        pub fn $name($($value: impl std::fmt::Display),*) -> String {
            format!($text)
        }
    };
}
pub(crate) use messages;

/// Replaces each `{name}` with its value; a name without a value is kept, and values are not expanded again.
pub fn interpolate(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let named = after.split_once('}');
        let found = named.and_then(|(name, tail)| {
            values
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (value, tail))
        });
        if let Some((value, tail)) = found {
            // Writing to a String cannot fail.
            let _ = write!(filled, "{value}");
            rest = tail;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

/// Returns a sentence without its full stop, as part of another sentence.
pub fn as_clause(sentence: &str) -> &str {
    sentence.trim_end_matches(['。', '.'])
}

/// Returns a count with its unit, e.g. `5 次` or `5 times`: the English form depends on the count.
pub fn count(lang: Lang, n: i64, zh: &str, one: &str, many: &str) -> String {
    match lang {
        Lang::Zh => format!("{n} {zh}"),
        Lang::En => format!("{n} {}", if n == 1 { one } else { many }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_their_places_and_are_not_read_again() {
        assert_eq!(
            interpolate("{a} of {b}", &[("a", &"{b}"), ("b", &207)]),
            "{b} of 207"
        );
        assert_eq!(interpolate("{a}{a}", &[("a", &"张三")]), "张三张三");
    }

    #[test]
    fn what_has_no_value_stays() {
        assert_eq!(interpolate("{x} { {a} {", &[("a", &1)]), "{x} { 1 {");
        assert_eq!(interpolate("", &[]), "");
    }

    #[test]
    fn english_counts_agree_with_their_number() {
        assert_eq!(count(Lang::En, 1, "次", "time", "times"), "1 time");
        assert_eq!(count(Lang::En, 0, "次", "time", "times"), "0 times");
        assert_eq!(count(Lang::Zh, 3, "次", "time", "times"), "3 次");
    }
}
