//! Texts of `dinggate migrate`.

use crate::text::messages;

messages! {
    NOTHING_PENDING = "nothing to apply: the schema is up to date";
}
