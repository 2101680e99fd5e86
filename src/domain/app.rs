//! An app on the company's portal, as administrators configure it.

use std::collections::BTreeSet;

use url::Url;

use super::ids::DeptId;
use super::net::is_loopback;

/// The names of the built-in icons.
pub const ICONS: [&str; 24] = [
    "mail", "calendar", "chat", "document", "folder", "book", "code", "tasks", "chart", "money",
    "receipt", "cart", "box", "truck", "people", "card", "phone", "help", "shield", "cloud",
    "server", "globe", "tool", "plane",
];
/// The names of the background colours of icons and letters; white text is legible on each.
pub const COLOURS: [&str; 8] = [
    "blue", "teal", "green", "olive", "orange", "red", "purple", "grey",
];
/// Maximum length of a name, in characters.
pub const MAX_NAME: usize = 40;
/// Maximum length of a description, in characters: one line of a tile.
pub const MAX_DESCRIPTION: usize = 80;
/// Maximum length of a URL, in bytes.
pub const MAX_ADDRESS: usize = 2000;

/// Who sees an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    All,
    /// Members of one of these departments or of one below it; never empty.
    Departments(BTreeSet<DeptId>),
}

impl Audience {
    /// Returns the selected departments; empty for everybody.
    pub fn departments(&self) -> Vec<DeptId> {
        match self {
            Self::All => Vec::new(),
            Self::Departments(ids) => ids.iter().copied().collect(),
        }
    }
}

/// A valid app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub name: String,
    pub address: Url,
    pub description: String,
    /// One of [`ICONS`]; `None` for the first letters of the name.
    pub icon: Option<&'static str>,
    /// One of [`COLOURS`].
    pub colour: &'static str,
    pub audience: Audience,
    pub is_shown: bool,
}

/// The form fields of an app, not yet validated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppInput {
    pub name: String,
    pub address: String,
    pub description: String,
    /// Empty for the first letters of the name.
    pub icon: String,
    pub colour: String,
    pub is_for_all: bool,
    pub departments: BTreeSet<DeptId>,
    pub is_shown: bool,
}

/// A validation error of an input; the pages have a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldError {
    NameMissing,
    NameTooLong,
    AddressMissing,
    AddressTooLong,
    /// Not an absolute `https://` URL.
    NotAnAddress,
    /// `http://` to another machine.
    NotHttps,
    /// A user name or a password, which everybody could read.
    Credentials,
    DescriptionTooLong,
    UnknownIcon,
    UnknownColour,
    NoDepartment,
}

impl App {
    /// Validates an input, or returns all errors in it.
    pub fn parse(input: &AppInput) -> Result<Self, Vec<FieldError>> {
        let name = name(&input.name);
        let address = address(&input.address);
        let description = description(&input.description);
        let icon = icon(&input.icon);
        let colour = named(&COLOURS, &input.colour).ok_or(FieldError::UnknownColour);
        let audience = audience(input);
        match (name, address, description, icon, colour, audience) {
            (Ok(name), Ok(address), Ok(description), Ok(icon), Ok(colour), Ok(audience)) => {
                Ok(Self {
                    name,
                    address,
                    description,
                    icon,
                    colour,
                    audience,
                    is_shown: input.is_shown,
                })
            }
            (name, address, description, icon, colour, audience) => Err([
                name.err(),
                address.err(),
                description.err(),
                icon.err(),
                colour.err(),
                audience.err(),
            ]
            .into_iter()
            .flatten()
            .collect()),
        }
    }
}

/// Returns a text on one line, trimmed.
fn line(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.trim().to_owned()
}

fn name(text: &str) -> Result<String, FieldError> {
    let name = line(text);
    if name.is_empty() {
        return Err(FieldError::NameMissing);
    }
    if name.chars().count() > MAX_NAME {
        return Err(FieldError::NameTooLong);
    }
    Ok(name)
}

fn description(text: &str) -> Result<String, FieldError> {
    let description = line(text);
    if description.chars().count() > MAX_DESCRIPTION {
        return Err(FieldError::DescriptionTooLong);
    }
    Ok(description)
}

/// Parses the URL of a tile. Plain http is accepted for this machine only: a link that can be modified in transit
/// must not be on everybody's start page.
fn address(text: &str) -> Result<Url, FieldError> {
    let text = line(text);
    if text.is_empty() {
        return Err(FieldError::AddressMissing);
    }
    let url = Url::parse(&text).map_err(|_| FieldError::NotAnAddress)?;
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err(FieldError::NotAnAddress);
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(FieldError::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FieldError::Credentials);
    }
    if url.as_str().len() > MAX_ADDRESS {
        return Err(FieldError::AddressTooLong);
    }
    Ok(url)
}

fn icon(name: &str) -> Result<Option<&'static str>, FieldError> {
    match name {
        "" => Ok(None),
        name => named(&ICONS, name).map(Some).ok_or(FieldError::UnknownIcon),
    }
}

fn named(names: &[&'static str], wanted: &str) -> Option<&'static str> {
    names.iter().find(|name| **name == wanted).copied()
}

fn audience(input: &AppInput) -> Result<Audience, FieldError> {
    let chosen: BTreeSet<DeptId> = input
        .departments
        .iter()
        .copied()
        .filter(|dept_id| *dept_id > 0)
        .collect();
    match (input.is_for_all, chosen.is_empty()) {
        (true, _) => Ok(Audience::All),
        (false, true) => Err(FieldError::NoDepartment),
        (false, false) => Ok(Audience::Departments(chosen)),
    }
}

/// Returns the host and the port of a URL, as a tile shows its target.
pub fn place(address: &str) -> String {
    let Ok(url) = Url::parse(address) else {
        return address.to_owned();
    };
    let host = url.host_str().unwrap_or(address);
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Returns the text of a tile without an icon: the first two characters of a Chinese name, or the initials of the
/// first two words of another one.
pub fn letters(name: &str) -> String {
    let is_latin = |c: char| c.is_alphanumeric() && !is_wide(c);
    let mut words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return name.chars().take(1).collect();
    };
    let head: String = first.chars().take_while(|c| is_latin(*c)).collect();
    match head.chars().count() {
        0 => first.chars().take(2).collect(),
        1 | 2 if head.chars().all(|c| !c.is_lowercase()) => head,
        _ => head
            .chars()
            .take(1)
            .chain(
                words
                    .next()
                    .and_then(|word| word.chars().next())
                    .filter(|c| is_latin(*c)),
            )
            .flat_map(char::to_uppercase)
            .collect(),
    }
}

fn is_wide(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
