//! The environment takes precedence over the file.

use super::*;

#[test]
fn the_environment_wins_over_the_file() {
    let toml = "DINGGATE_LISTEN = \"127.0.0.1:1\"\nDINGGATE_LOG = \"warn\"\nDINGTALK_CORP_ID = 123\nDINGGATE_ADMINS = true\n";
    let changes = [
        ("DINGGATE_CONFIG", "/c.toml"),
        ("DINGGATE_LISTEN", "127.0.0.1:2"),
        ("DINGGATE_LOG", ""),
        ("DINGTALK_CORP_ID", ""),
    ];
    let config = load(&changes, &[("/c.toml", toml)]).unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(
        config.log.filter, "warn",
        "an empty variable counts as not set"
    );
    assert_eq!(
        config.dingtalk.corp_id, "123",
        "an integer is as good as a string"
    );
    assert!(
        config.login.admins.iter().any(|id| id.as_str() == "true"),
        "and so is a boolean"
    );
}

#[test]
fn a_secret_in_the_environment_wins_over_a_file_of_a_secret_in_the_toml_file() {
    let toml = "DINGTALK_APP_SECRET_FILE = \"/none\"\nDINGTALK_CALLBACK_TOKEN_FILE = \"/token\"\n";
    let changes = [
        ("DINGGATE_CONFIG", "/c.toml"),
        ("DINGTALK_CALLBACK_TOKEN", ""),
    ];
    let config = load(&changes, &[("/c.toml", toml), ("/token", "from-a-file\n")]).unwrap();
    assert_eq!(
        config.dingtalk.app.secret.expose_secret(),
        "secret-of-the-app"
    );
    assert_eq!(
        config.dingtalk.callback.token.expose_secret(),
        "from-a-file"
    );
}

#[test]
fn a_file_that_is_absent_or_not_toml_is_a_fault_that_shows_none_of_its_text() {
    let changes = [("DINGGATE_CONFIG", "/c.toml")];
    let absent = errors(&changes, &[]);
    assert!(
        absent.len() == 1
            && absent[0].starts_with("DINGGATE_CONFIG: names \"/c.toml\", which cannot be read"),
        "{absent:?}"
    );
    let broken = errors(
        &changes,
        &[(
            "/c.toml",
            "DINGGATE_LOG = \"info\"\nDINGTALK_APP_SECRET = \"hunter2\n",
        )],
    );
    assert!(
        broken.len() == 1 && broken[0].contains("line 2") && !broken[0].contains("hunter2"),
        "{broken:?}"
    );
}

#[test]
fn only_strings_integers_and_booleans_stand_in_the_file() {
    let toml = "DINGGATE_CONFIG = \"/d.toml\"\nDINGGATE_LOG = 1.5\nDINGGATE_ADMINS = [\"a\"]\n[DINGGATE_LISTEN]\nport = 1\n[more]\n";
    let errors = errors(&[("DINGGATE_CONFIG", "/c.toml")], &[("/c.toml", toml)]);
    assert_eq!(errors.len(), 5, "{errors:#?}");
    assert_eq!(
        errors
            .iter()
            .filter(|line| line.contains("neither a string"))
            .count(),
        3,
        "{errors:#?}"
    );
    assert_eq!(
        errors
            .iter()
            .filter(|line| line.contains("in the environment only"))
            .count(),
        1,
        "{errors:#?}"
    );
}

#[test]
fn a_name_cannot_pass_for_another_line() {
    let errors = errors(
        &[("DINGGATE_CONFIG", "/c.toml")],
        &[("/c.toml", "\"a\\nDINGGATE_LOG\" = 1\n")],
    );
    assert_eq!(errors.len(), 1, "{errors:#?}");
}
