//! The texts of the pages: one struct per page family, each text in both languages side by side.

use std::fmt::{Display, Write};

pub mod admin_apps;
pub mod admin_audit;
pub mod admin_departments;
pub mod admin_events;
pub mod admin_lists;
pub mod admin_overview;
pub mod admin_review;
pub mod admin_sessions;
pub mod admin_staff;
pub mod admin_syncs;
pub mod admin_webhooks;
pub mod alerts;
pub mod in_app;
pub mod layout;
pub mod login;
pub mod notice;
pub mod portal;
pub mod sign_out;

/// Declares a struct of texts in two languages; a text that lacks a language does not compile.
///
/// ```text
/// texts! {
///     /// Texts of the page of departments.
///     pub struct DepartmentTexts {
///         title: "部门" | "Departments";
///         count: "共 {n} 个部门" | "{n} departments";
///     }
/// }
/// let t = DepartmentTexts::of(lang);
/// ```
macro_rules! texts {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($field:ident: $zh:literal | $en:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug)]
        $vis struct $name { $(pub $field: &'static str,)+ }

        impl $name {
            /// Returns the texts in one language.
            pub fn of(lang: $crate::http::lang::Lang) -> &'static Self {
                static ZH: $name = $name { $($field: $zh,)+ };
                static EN: $name = $name { $($field: $en,)+ };
                match lang {
                    $crate::http::lang::Lang::Zh => &ZH,
                    $crate::http::lang::Lang::En => &EN,
                }
            }
        }
    };
}
pub(crate) use texts;

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
}
