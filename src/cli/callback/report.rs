//! Registered callbacks as text, with token and key hidden.

use std::fmt::Write as _;

use crate::context::Context;
use crate::service::callback_registration::{self, RegisteredCallback, ReplacedCallback};
use crate::text::commands::callback as texts;

/// Describes the registered callback: URL, events, and whether token and key are ours.
pub fn callback(ctx: &Context, registered: &RegisteredCallback) -> String {
    let whose = if callback_registration::is_our_url(ctx, &registered.url) {
        texts::OURS.to_owned()
    } else {
        texts::not_ours(callback_registration::our_url(ctx))
    };
    let mut text = format!("url      {} ({whose})\n", address(&registered.url));
    let _infallible = writeln!(text, "events   {}", names(&registered.events));
    let missing: Vec<String> = callback_registration::default_events(ctx)
        .into_iter()
        .filter(|name| !registered.events.contains(name))
        .collect();
    if !missing.is_empty() {
        let _infallible = writeln!(text, "missing  {}", names(&missing));
    }
    let token = texts::secret(
        callback_registration::has_our_token(ctx, registered),
        "DINGTALK_CALLBACK_TOKEN",
    );
    let key = texts::secret(
        callback_registration::has_our_key(ctx, registered),
        "DINGTALK_CALLBACK_AES_KEY",
    );
    let _infallible = write!(text, "token    {token}\naes_key  {key}\n");
    text
}

/// Describes what was replaced by what.
pub fn replaced(ctx: &Context, ReplacedCallback { old, new }: &ReplacedCallback) -> String {
    let url = if callback_registration::is_our_url(ctx, &old.url) {
        texts::same_url(address(&new.url))
    } else {
        texts::replaced_url(address(&old.url), address(&new.url))
    };
    let mut text = format!("url      {url}\n");
    let part = |of: &[String], is_in: &[String], wanted: bool| -> Vec<String> {
        let picked = of.iter().filter(|name| is_in.contains(name) == wanted);
        picked.cloned().collect()
    };
    for (title, events) in [
        ("added", part(&new.events, &old.events, false)),
        ("removed", part(&old.events, &new.events, false)),
        ("kept", part(&new.events, &old.events, true)),
    ] {
        let _infallible = writeln!(text, "{title:<8} {}", names(&events));
    }
    let _infallible = write!(
        text,
        "token    {}\naes_key  {}\n",
        texts::replaced_secret(callback_registration::has_our_token(ctx, old)),
        texts::replaced_secret(callback_registration::has_our_key(ctx, old)),
    );
    text
}

fn names(names: &[String]) -> String {
    if names.is_empty() {
        return texts::NONE.to_owned();
    }
    printable(&names.join(", "))
}

/// Returns a URL without the parts that may be secret.
fn address(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return printable(url);
    };
    // Neither can fail if there is a host, and without one there is nothing to hide.
    let _hidden = parsed.set_password(None);
    let _hidden = parsed.set_username("");
    if parsed.query().is_some() {
        parsed.set_query(Some("..."));
    }
    printable(parsed.as_str())
}

/// Removes control characters: what others have registered must not control the terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret_in_it() {
        assert_eq!(
            address("https://u:p@old.example.com/cb?token=hunter2"),
            "https://old.example.com/cb?..."
        );
        assert_eq!(address("http://a/b"), "http://a/b");
        assert_eq!(address("odd\u{1b}[31m"), "odd [31m");
        assert_eq!(names(&[]), "none");
    }
}
