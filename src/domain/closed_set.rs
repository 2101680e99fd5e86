//! Enums whose values have a fixed text: the one in the database, in URLs, in JSON and in the log.

/// Defines a closed set: an enum with the text of each value. The text of a new value must also be added to the CHECK
/// constraint of its column; a test compares the two.
macro_rules! closed_set {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $value:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$doc])* $value, )+
        }

        #[allow(dead_code, reason = "not every set is listed, read and written")]
        impl $name {
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$value),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$value => $text, )+
                }
            }

            /// Returns the value with this text, or `None` if there is no such value.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $( $text => Some(Self::$value), )+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use closed_set;
