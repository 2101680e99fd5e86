//! What is logged, and in which form.

use tracing_subscriber::EnvFilter;

use super::reader::Reader;
use super::setting;

/// What is logged, and in which form.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A tracing filter that is known to parse.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Pretty,
    /// A JSON object a line.
    Json,
}

impl LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is neither pretty nor json")),
        }
    }
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let filter = reader.value(&setting::LOG, filter);
        let format = reader.value(&setting::LOG_FORMAT, LogFormat::parse);
        Some(Self {
            filter: filter?,
            format: format?,
        })
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A tracing filter. A lone word must be a level: tracing itself takes a misspelt one for the name
/// of a target, and then logs nothing at all.
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
