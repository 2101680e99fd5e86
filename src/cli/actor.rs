//! The user who runs a command, as named in the audit trail.

use std::os::unix::fs::MetadataExt as _;

/// Long enough for any login name; the rest is truncated.
const MAX_LEN: usize = 64;

/// Returns `command:` followed by the login name of the user who runs the command; under sudo, of the user who
/// called it.
pub fn name() -> String {
    of(environment, || {
        std::fs::metadata("/proc/self").map_or_else(
            |_| "unknown".to_owned(),
            |process| format!("uid {}", process.uid()),
        )
    })
}

fn of(variable: impl Fn(&str) -> Option<String>, otherwise: impl Fn() -> String) -> String {
    let login = ["SUDO_USER", "LOGNAME", "USER"]
        .into_iter()
        .filter_map(variable)
        .map(|name| {
            name.chars()
                .filter(|c| !c.is_control())
                .take(MAX_LEN)
                .collect::<String>()
        })
        .find(|name| !name.trim().is_empty());
    format!("command:{}", login.unwrap_or_else(otherwise))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the login name is the system's, not a setting of ours"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_given_by_a_login_name() {
        let env = |names: &'static [(&str, &str)]| {
            of(
                |wanted| {
                    names
                        .iter()
                        .find(|(name, _)| *name == wanted)
                        .map(|(_, value)| (*value).to_owned())
                },
                || "uid 7".to_owned(),
            )
        };
        assert_eq!(
            env(&[("USER", "root"), ("LOGNAME", "root"), ("SUDO_USER", "wang")]),
            "command:wang"
        );
        assert_eq!(env(&[("USER", "li"), ("LOGNAME", "")]), "command:li");
        assert_eq!(env(&[("USER", "a\nb")]), "command:ab");
        assert_eq!(env(&[]), "command:uid 7");
    }
}
