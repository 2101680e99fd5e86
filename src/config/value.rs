//! Parsers of single values; each error message is worded to follow the setting's name.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use crate::domain::ids::{UnionId, UserId};
use crate::domain::listed_admins::ListedAdmins;
use crate::domain::net::is_loopback;

const LONGEST: Duration = Duration::from_hours(366 * 24);
const SHORTEST: Duration = Duration::from_secs(1);

/// Parses a duration with its unit, from one second to 366 days.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text)
        .map_err(|_| format!("{text:?} is not a span of time with a unit (s, m, h, d)"))?;
    if span < SHORTEST || span > LONGEST {
        return Err(format!("{text:?} is not between 1s and 366d"));
    }
    Ok(span)
}

/// Parses how long stored data is kept. What is deleted within a day would be gone before anybody could look into a
/// failure of the night.
pub(super) fn retention(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_hours(24);
    let span = duration(text)?;
    if span < LEAST {
        return Err(format!("{text:?} is not between 1d and 366d"));
    }
    Ok(span)
}

/// Parses the maximum number of open client connections.
pub(super) fn connections(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|count| (10..=100_000).contains(count))
        .ok_or_else(|| format!("{text:?} is not a whole number from 10 to 100000"))
}

/// Parses an IP address and a port to listen on.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not an IP address with a port"))
}

/// Returns the parser of a setting that is one of two words.
pub(super) fn either<T: Copy>(
    first: (&'static str, T),
    second: (&'static str, T),
) -> impl Fn(&str) -> Result<T, String> {
    move |text| match [first, second].iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(*value),
        None => Err(format!("{text:?} is neither {} nor {}", first.0, second.0)),
    }
}

/// Whether a text begins and ends with quotation marks, straight or curly.
pub(super) fn is_quoted(text: &str) -> bool {
    let is_mark = |c: char| "\"'“”„‘’‚＂＇".contains(c);
    let mut chars = text.trim().chars();
    chars.next().is_some_and(is_mark) && chars.next_back().is_some_and(is_mark)
}

/// Splits a comma-separated list. Chinese separators and quotation marks are rejected as typing errors, because
/// they would merge several entries into one.
fn entries(text: &str) -> Result<Vec<&str>, String> {
    if let Some(mark) = text.chars().find(|c| "，、；".contains(*c)) {
        return Err(format!(
            "separates its entries by {mark:?} and not by a comma (,)"
        ));
    }
    let entries = text.split(',').map(str::trim);
    let entries: Vec<_> = entries.filter(|entry| !entry.is_empty()).collect();
    match entries.iter().find(|entry| is_quoted(entry)) {
        Some(entry) => Err(format!("has the entry {entry} in quotes: take them off")),
        None => Ok(entries),
    }
}

/// Parses comma-separated networks; a single IP address is a network of one.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    entries(text)?
        .into_iter()
        .map(|entry| {
            let network = entry.parse::<IpNet>().map(|network| network.trunc());
            let single = || entry.parse::<IpAddr>().map(IpNet::from);
            network
                .or_else(|_| single())
                .map_err(|_| format!("{entry:?} is not a network (CIDR)"))
        })
        .collect()
}

/// Parses comma-separated administrators: a userid, or a userid, `=` and its unionid.
pub(super) fn admins(text: &str) -> Result<ListedAdmins, String> {
    let entries: Vec<_> = entries(text)?
        .into_iter()
        .map(admin)
        .collect::<Result<_, String>>()?;
    ListedAdmins::new(entries).map_err(|userid| format!("names {userid:?} with different unionids"))
}

fn admin(entry: &str) -> Result<(UserId, Option<UnionId>), String> {
    let (userid, unionid) = match entry.split_once('=') {
        Some((userid, unionid)) => (userid.trim(), Some(unionid.trim())),
        None => (entry, None),
    };
    let userid =
        UserId::parse(userid).map_err(|error| format!("{entry:?} is not a userid: {error}"))?;
    let unionid = unionid
        .map(UnionId::parse)
        .transpose()
        .map_err(|error| format!("{entry:?} has no unionid after the =: {error}"))?;
    Ok((userid, unionid))
}

/// Parses DingTalk's names of event types, comma-separated, at least one.
pub(super) fn event_types(text: &str) -> Result<BTreeSet<String>, String> {
    let is_name = |entry: &str| {
        entry.len() <= 100
            && entry
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let types: BTreeSet<String> = entries(text)?.into_iter().map(str::to_owned).collect();
    if let Some(odd) = types.iter().find(|entry| !is_name(entry)) {
        return Err(format!(
            "{odd:?} is not a type of events: up to 100 letters, digits and _"
        ));
    }
    if types.contains("check_url") {
        return Err(
            "\"check_url\" is answered and not kept, so that it cannot be handed on".to_owned(),
        );
    }
    if types.is_empty() {
        return Err("names no type of events".to_owned());
    }
    Ok(types)
}

/// Validates an id or key issued by DingTalk: printable ASCII without spaces, at most 256 characters.
pub(super) fn given_id(text: &str) -> Result<String, String> {
    if text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("must be up to 256 printable ASCII characters without blanks or line breaks".to_owned())
}

/// Validates a secret issued by DingTalk, by the same rule.
pub(super) fn given_secret(text: &str) -> Result<SecretString, String> {
    given_id(text).map(SecretString::from)
}

/// Parses a root URL of DingTalk, without trailing slashes in its path.
pub(super) fn root_url(text: &str) -> Result<Url, String> {
    let mut url = web_url(text)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Parses the URL of one script. It is used whole in the Content-Security-Policy, where a path that ends in a
/// slash would allow everything below it, and some characters would end the directive.
pub(super) fn script_url(text: &str) -> Result<Url, String> {
    let url = web_url(text)?;
    if url.path().ends_with('/') {
        return Err("must name one file".to_owned());
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-._~%@+:=".contains(c);
    if url.path().chars().all(is_plain) {
        Ok(url)
    } else {
        Err("has a path with odd characters".to_owned())
    }
}

/// Parses a URL: https unless it is loopback; no credentials, query or fragment. Error messages do not repeat the
/// URL, which may contain a password.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    address(text, Query::Refused)
}

/// Parses a URL by the same rule, except that it may have a query.
pub(super) fn web_url_with_query(text: &str) -> Result<Url, String> {
    address(text, Query::Allowed)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Query {
    Allowed,
    Refused,
}

fn address(text: &str, query: Query) -> Result<Url, String> {
    let lower = text.to_ascii_lowercase();
    // A URL parser accepts missing slashes, spaces and backslashes; in a setting they are typing errors.
    let is_whole = lower.starts_with("https://") || lower.starts_with("http://");
    if !is_whole || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err("is not an address that begins with https://".to_owned());
    }
    let url = Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
    match fault_of(&url, query) {
        Some(what) => Err(what.to_owned()),
        None => Ok(url),
    }
}

fn fault_of(url: &Url, query: Query) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must not bear a user name or password");
    }
    if query == Query::Allowed {
        if url.fragment().is_some() {
            return Some("must not bear a fragment");
        }
    } else if url.query().is_some() || url.fragment().is_some() {
        return Some("must not bear a query or fragment");
    }
    // The host is used in security headers, where other characters would have a meaning.
    let is_host = |host: &str| {
        host.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
    };
    if !url.host_str().is_some_and(is_host) {
        return Some("has a host name with odd characters");
    }
    let is_secure = url.scheme() == "https" || is_loopback(url);
    (!is_secure)
        .then_some("must begin with https:// (http:// is only for localhost, 127.0.0.1 and [::1])")
}

#[cfg(test)]
mod tests;
