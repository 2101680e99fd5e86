//! That the documented settings are the program's: names, defaults, what is required, examples.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use dinggate::config::Config;
use dinggate::config::setting::{self, CONFIG_FILE, FILE_SUFFIX};

use super::pages::read;

/// These variables belong to the system; the form names them for convenience.
const NOT_OURS: [&str; 3] = ["HTTPS_PROXY", "NO_PROXY", "TZ"];

/// The page of settings in one language, and its words in the tables.
struct Page {
    path: &'static str,
    or: &'static str,
    required: &'static str,
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/configuration.md",
        or: " or ",
        required: "required",
    },
    Page {
        path: "docs/configuration.zh-CN.md",
        or: " 或 ",
        required: "必填",
    },
];

/// One row of a table of settings.
struct Row {
    name: String,
    has_file: bool,
    default: String,
    example: String,
}

/// The rows whose first cell is a setting's name: name, default, example, meaning.
fn rows(page: &Page) -> Vec<Row> {
    let text = read(page.path).replace("\\|", "/");
    text.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| row(line, page.or))
        .collect()
}

fn row(line: &str, or: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    assert_eq!(cells.len(), 4, "{line}");
    assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
    let mut names = cells[0]
        .split(or)
        .map(|name| name.trim_matches('`').to_owned());
    let name = names.next().unwrap();
    let file = names.next();
    assert!(
        file.iter()
            .all(|file| *file == format!("{name}{FILE_SUFFIX}")),
        "{line}"
    );
    Row {
        name,
        has_file: file.is_some(),
        default: cells[1].to_owned(),
        example: cells[2].to_owned(),
    }
}

/// `NAME=value` lines of the form: name, value, whether it is commented out.
fn form() -> BTreeMap<String, (String, bool)> {
    let text = read(".env.example");
    let lines = text.lines().filter_map(|line| {
        let bare = line.trim_start_matches('#');
        let (name, value) = bare.split_once('=')?;
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        is_name.then(|| (name.to_owned(), (value.to_owned(), bare != line)))
    });
    lines.collect()
}

fn known() -> BTreeSet<String> {
    setting::ALL
        .iter()
        .map(|setting| setting.name)
        .chain([CONFIG_FILE.name])
        .map(str::to_owned)
        .collect()
}

/// The settings without which nothing starts, as the program itself says.
fn required() -> BTreeSet<String> {
    let nothing: [(&str, &str); 0] = [];
    let faults = Config::load(nothing, |_| Err(io::ErrorKind::NotFound.into())).unwrap_err();
    faults.iter().map(|fault| fault.name.clone()).collect()
}

#[test]
fn the_pages_name_every_setting_once_and_no_other() {
    for page in PAGES {
        let rows = rows(&page);
        let named: BTreeSet<String> = rows.iter().map(|row| row.name.clone()).collect();
        assert_eq!(named, known(), "{}", page.path);
        assert_eq!(rows.len(), named.len(), "a setting stands twice");
    }
}

#[test]
fn the_pages_tell_the_defaults_what_is_required_and_what_may_be_a_file() {
    let required = required();
    let of_page = |page: Page| rows(&page).into_iter().map(move |row| (row, page.required));
    for (row, word) in PAGES.into_iter().flat_map(of_page) {
        let setting = setting::find(&row.name).map_or(&CONFIG_FILE, |(setting, _)| setting);
        assert_eq!(row.has_file, setting.is_secret, "{}", row.name);
        assert_eq!(
            row.default == word,
            required.contains(&row.name),
            "{}",
            row.name
        );
        if let Some(default) = setting.default {
            assert_eq!(row.default, format!("`{default}`"), "{}", row.name);
        }
    }
}

#[test]
fn every_example_of_the_pages_is_accepted() {
    let rows: Vec<Row> = PAGES.iter().flat_map(rows).collect();
    for row in rows.iter().filter(|row| row.name != CONFIG_FILE.name) {
        let Some(example) = row
            .example
            .strip_prefix('`')
            .and_then(|text| text.strip_suffix('`'))
        else {
            continue;
        };
        let mut env = complete();
        env.insert(row.name.clone(), example.to_owned());
        // The pair goes together.
        if row.name == setting::LOGIN_APP_ID.name {
            env.insert(
                setting::LOGIN_APP_SECRET.name.to_owned(),
                "secret".to_owned(),
            );
        }
        if row.name.starts_with("DINGGATE_WEBHOOK_") {
            env.entry(setting::WEBHOOK_URL.name.to_owned())
                .or_insert("https://hr.example.com".to_owned());
            let secret = format!("whsec_{}", "A".repeat(32));
            env.insert(setting::WEBHOOK_SECRET.name.to_owned(), secret);
        }
        // Only the newer page knows dedicated accounts.
        if row.name == setting::LOGIN_EXCLUSIVE.name {
            env.insert(setting::LOGIN_FLOW.name.to_owned(), "oauth2".to_owned());
        }
        let loaded = Config::load(env, |_| Err(io::ErrorKind::NotFound.into()));
        assert!(loaded.is_ok(), "{}: {}", row.name, loaded.unwrap_err());
    }
}

#[test]
fn the_file_of_the_page_is_a_whole_configuration() {
    let page = read("docs/configuration.md");
    let file = page
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap()
        .to_owned();
    let secrets = complete();
    // `/run/secrets/app_secret` holds the setting that ends in `_APP_SECRET`; one that is not required, any text.
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "dinggate.toml" {
            return Ok::<_, io::Error>(file.clone());
        }
        let ending = name.to_ascii_uppercase();
        let mut known = secrets.iter();
        let secret = known.find(|(setting, _)| setting.ends_with(&ending));
        Ok(secret.map_or("secret\n".to_owned(), |(_, secret)| format!("{secret}\n")))
    };
    let loaded = Config::load([(CONFIG_FILE.name, "dinggate.toml")], read);
    assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
}

#[test]
fn the_form_has_every_setting_with_its_default_and_asks_for_what_is_required() {
    let (form, required) = (form(), required());
    let named: BTreeSet<String> = form
        .keys()
        .filter(|name| !NOT_OURS.contains(&name.as_str()))
        .cloned()
        .collect();
    assert_eq!(named, known());
    for (name, (value, is_comment)) in form {
        assert_eq!(is_comment, !required.contains(&name), "{name}");
        if let Some(default) = setting::find(&name).and_then(|(setting, _)| setting.default) {
            assert_eq!(value, default, "{name}");
        }
    }
}

/// All that is required, filled in.
fn complete() -> BTreeMap<String, String> {
    let fill = |name: String| {
        let value = match name.as_str() {
            "DATABASE_URL" => "postgres://dinggate@127.0.0.1/dinggate".to_owned(),
            "DINGGATE_PUBLIC_URL" => "https://sso.example.com".to_owned(),
            "DINGGATE_SECRET_KEY" => "A".repeat(88),
            _ => "a".repeat(43),
        };
        (name, value)
    };
    required().into_iter().map(fill).collect()
}
