//! Rows with columns that hold closed sets: an unknown value is an error that names the table, the column and the row.

use super::{StoreError, UnknownValue};

/// Parses the value of a column that holds a closed set.
pub(super) fn known<T>(
    parse: impl FnOnce(&str) -> Option<T>,
    (table, column): (&'static str, &'static str),
    id: impl FnOnce() -> String,
    value: &str,
) -> Result<T, StoreError> {
    parse(value).ok_or_else(|| {
        StoreError::UnknownValue(UnknownValue {
            table,
            column,
            id: id(),
            value: value.to_owned(),
        })
    })
}

/// Returns the rows without those that hold an unknown value, which are logged: a worker continues with the others.
pub(super) fn known_only<R: TryInto<T, Error = StoreError>, T>(rows: Vec<R>) -> Vec<T> {
    let parsed = rows.into_iter().map(TryInto::try_into);
    parsed
        .filter_map(|row| row.inspect_err(log_unknown).ok())
        .collect()
}

pub(super) fn log_unknown(error: &StoreError) {
    tracing::error!(cause = %error, "row skipped: unknown value");
}

/// Defines a row, and its form as Postgres returns it, in which the columns of closed sets are text. A row is
/// converted with `try_into`; `by` names the fields that identify it in errors, which `identity` adds if the row itself does
/// not have them. The columns of `nested` become one struct.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $row:ident from $raw:ident in $table:literal by $($key:ident),+ {
            $( $(#[$doc:meta])* pub $field:ident: $type:ty, )*
        }
        $( identity { $( $id_field:ident: $id_type:ty, )+ } )?
        $( closed { $( $(#[$closed_doc:meta])* pub $closed:ident: $set:ty, )+ } )?
        $( optional { $( $(#[$optional_doc:meta])* pub $optional:ident: $optional_set:ty, )+ } )?
        $( nested pub $nested:ident: $group:ident { $( $member:ident: $member_type:ty, )+ } )?
    ) => {
        $(#[$meta])*
        pub struct $row {
            $( $(#[$doc])* pub $field: $type, )*
            $( $( $(#[$closed_doc])* pub $closed: $set, )+ )?
            $( $( $(#[$optional_doc])* pub $optional: Option<$optional_set>, )+ )?
            $( pub $nested: $group, )?
        }

        /// The row as Postgres returns it.
        pub(in crate::store) struct $raw {
            $( $field: $type, )*
            $( $( $id_field: $id_type, )+ )?
            $( $( $closed: String, )+ )?
            $( $( $optional: Option<String>, )+ )?
            $( $( $member: $member_type, )+ )?
        }

        impl TryFrom<$raw> for $row {
            type Error = $crate::store::StoreError;

            fn try_from(raw: $raw) -> Result<Self, Self::Error> {
                let id = || [$( raw.$key.to_string() ),+].join("/");
                Ok(Self {
                    $( $( $closed: $crate::store::record::known(
                        <$set>::parse,
                        ($table, stringify!($closed)),
                        id,
                        &raw.$closed,
                    )?, )+ )?
                    $( $( $optional: match &raw.$optional {
                        None => None,
                        Some(value) => Some($crate::store::record::known(
                            <$optional_set>::parse,
                            ($table, stringify!($optional)),
                            id,
                            value,
                        )?),
                    }, )+ )?
                    $( $field: raw.$field, )*
                    $( $nested: $group { $( $member: raw.$member, )+ }, )?
                })
            }
        }
    };
}

pub(super) use record;
