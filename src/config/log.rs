//! Log filter and format.

use tracing_subscriber::EnvFilter;

use super::reader::Reader;
use super::{setting, value};

/// Log filter and format.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A tracing filter that is known to parse.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text lines for people.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let filter = reader.value(&setting::LOG, filter);
        let format = reader.value(
            &setting::LOG_FORMAT,
            value::either(("pretty", LogFormat::Pretty), ("json", LogFormat::Json)),
        );
        Some(Self {
            filter: filter?,
            format: format?,
        })
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Parses a tracing filter. A single word must be a level: tracing itself would take a misspelt level for the
/// name of a target and log nothing at all.
fn filter(text: &str) -> Result<String, String> {
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let lone = text
        .split(',')
        .find(|part| !part.contains(['=', '[', ']']) && !is_level(part));
    if let Some(word) = lone {
        return Err(format!("{word:?} is not a level ({})", LEVELS.join(", ")));
    }
    EnvFilter::try_new(text).map_err(|error| format!("{text:?} is not a filter: {error}"))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_made_of_levels_and_targets_with_levels() {
        for good in [
            "info",
            "WARN",
            "info,sqlx=warn",
            "off,dinggate=trace",
            "dinggate[request]=debug",
        ] {
            assert_eq!(filter(good).as_deref(), Ok(good));
        }
        for bad in [
            "inof",
            "info,",
            "info, dinggate=debug",
            "dinggate=loud",
            "info,dinggate",
            "a=b=c",
            "dinggate[=info",
        ] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
