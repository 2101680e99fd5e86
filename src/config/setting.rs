//! The names of all settings, with an example and the default of each.

/// One setting: its name in the environment and in the file, and its form.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    /// Example shown to users who got it wrong; never a value that would work as a secret.
    pub example: &'static str,
    /// The value used if nothing is set.
    pub default: Option<&'static str>,
    /// Whether the value must never be shown, and may be given as the path of a file.
    pub is_secret: bool,
}

/// Suffix of a setting's name if its value is the path of a file.
pub const FILE_SUFFIX: &str = "_FILE";
/// The variable that names the TOML file; read from the environment only.
pub const CONFIG_FILE: Setting = plain("DINGGATE_CONFIG", "/etc/dinggate.toml");

/// The system's variable for the time zone of all times; read from the environment only.
pub const TIME_ZONE: Setting = defaulting("TZ", "Asia/Shanghai", "Asia/Shanghai");
/// Settings that a file must not contain.
pub const ENVIRONMENT_ONLY: [&Setting; 2] = [&CONFIG_FILE, &TIME_ZONE];

const fn plain(name: &'static str, example: &'static str) -> Setting {
    Setting {
        name,
        example,
        default: None,
        is_secret: false,
    }
}

const fn defaulting(name: &'static str, example: &'static str, default: &'static str) -> Setting {
    Setting {
        name,
        example,
        default: Some(default),
        is_secret: false,
    }
}

const fn secret(name: &'static str, example: &'static str) -> Setting {
    Setting {
        name,
        example,
        default: None,
        is_secret: true,
    }
}

/// Declares the settings, and the list of all in the order of the documentation.
macro_rules! settings {
    ($($constant:ident = $form:ident($($text:literal),+);)+) => {
        $(pub const $constant: Setting = $form($($text),+);)+

        /// Every setting that this version knows, in the order of the documentation.
        pub static ALL: &[&Setting] = &[$(&$constant),+];
    };
}

settings! {
    DATABASE_URL = secret("DATABASE_URL", "postgres://dinggate:<password>@db.example.com:5432/dinggate");
    DATABASE_POOLER = defaulting("DINGGATE_DATABASE_POOLER", "transaction", "off");
    DATABASE_DIRECT_URL =
        secret("DINGGATE_DATABASE_DIRECT_URL", "postgres://dinggate:<password>@db.example.com:5432/dinggate");
    PUBLIC_URL = plain("DINGGATE_PUBLIC_URL", "https://sso.example.com");
    LISTEN = defaulting("DINGGATE_LISTEN", "127.0.0.1:8080", "127.0.0.1:8080");
    MAX_CONNECTIONS = defaulting("DINGGATE_MAX_CONNECTIONS", "5000", "2000");
    SECRET_KEY = secret("DINGGATE_SECRET_KEY", "<what `head -c 64 /dev/urandom | base64 -w0` prints>");
    ADMINS = plain("DINGGATE_ADMINS", "manager4220,0158aB");
    MIGRATE = defaulting("DINGGATE_MIGRATE", "auto", "auto");
    UNKNOWN_STAFF = defaulting("DINGGATE_UNKNOWN_STAFF", "review", "review");
    SESSION_IDLE = defaulting("DINGGATE_SESSION_IDLE", "8h", "8h");
    SESSION_MAX = defaulting("DINGGATE_SESSION_MAX", "7d", "7d");
    LOGIN_STATE_TTL = defaulting("DINGGATE_LOGIN_STATE_TTL", "5m", "5m");
    LOGIN_RATE = defaulting("DINGGATE_LOGIN_RATE", "120/m", "120/m");
    SYNC_CRON = defaulting("DINGGATE_SYNC_CRON", "17 3 * * *", "17 3 * * *");
    ADMIN_MAX_AGE = defaulting("DINGGATE_ADMIN_MAX_AGE", "4h", "12h");
    RETENTION_EVENTS = defaulting("DINGGATE_RETENTION_EVENTS", "14d", "30d");
    RETENTION_REVIEWS = defaulting("DINGGATE_RETENTION_REVIEWS", "180d", "90d");
    RETENTION_WEBHOOKS = defaulting("DINGGATE_RETENTION_WEBHOOKS", "180d", "90d");
    RETENTION_SYNCS = defaulting("DINGGATE_RETENTION_SYNCS", "180d", "90d");
    SYNC_MAX_LEAVERS = defaulting("DINGGATE_SYNC_MAX_LEAVERS", "10%", "10%");
    CONTACT = plain("DINGGATE_CONTACT", "IT 服务台 8001，钉钉联系人 林晓燕");
    BRAND_NAME = plain("DINGGATE_BRAND_NAME", "示例科技");
    BRAND_LOGO = plain("DINGGATE_BRAND_LOGO", "https://www.example.com/logo.svg");
    BRAND_COLOR = plain("DINGGATE_BRAND_COLOR", "#1756c4");
    LOG = defaulting("DINGGATE_LOG", "info,dinggate=debug", "info");
    LOG_FORMAT = defaulting("DINGGATE_LOG_FORMAT", "json", "json");
    TRUSTED_PROXIES = plain("DINGGATE_TRUSTED_PROXIES", "10.0.0.5,fd00::5");
    CORP_ID = plain("DINGTALK_CORP_ID", "ding0123456789abcdef");
    APP_KEY = plain("DINGTALK_APP_KEY", "dingabcdefghijklmnop");
    APP_SECRET = secret("DINGTALK_APP_SECRET", "<the app's AppSecret in the developer console>");
    LOGIN_APP_ID = plain("DINGTALK_LOGIN_APP_ID", "dingoaabcdefghijklmnop");
    LOGIN_APP_SECRET =
        secret("DINGTALK_LOGIN_APP_SECRET", "<the scan-login app's appSecret in the developer console>");
    LOGIN_FLOW = defaulting("DINGTALK_LOGIN_FLOW", "qrconnect", "qrconnect");
    LOGIN_EXCLUSIVE = defaulting("DINGTALK_LOGIN_EXCLUSIVE", "off", "off");
    CALLBACK_TOKEN = secret("DINGTALK_CALLBACK_TOKEN", "<the signing token of the event subscription>");
    CALLBACK_AES_KEY = secret("DINGTALK_CALLBACK_AES_KEY", "<the 43 letters and digits of the event subscription>");
    CALLBACK_OWNER_KEY = plain("DINGTALK_CALLBACK_OWNER_KEY", "dingabcdefghijklmnop");
    OAPI_URL = defaulting("DINGTALK_OAPI_URL", "https://oapi.dingtalk.com", "https://oapi.dingtalk.com");
    API_URL = defaulting("DINGTALK_API_URL", "https://api.dingtalk.com", "https://api.dingtalk.com");
    LOGIN_URL = defaulting("DINGTALK_LOGIN_URL", "https://login.dingtalk.com", "https://login.dingtalk.com");
    JSAPI_URL = defaulting("DINGTALK_JSAPI_URL",
            "https://g.alicdn.com/dingding/dingtalk-jsapi/3.0.12/dingtalk.open.js",
            "https://g.alicdn.com/dingding/dingtalk-jsapi/3.0.12/dingtalk.open.js");
    WEBHOOK_URL = plain("DINGGATE_WEBHOOK_URL", "https://hr.example.com/hooks/dinggate");
    WEBHOOK_SECRET =
        secret("DINGGATE_WEBHOOK_SECRET", "<what `echo whsec_$(head -c 32 /dev/urandom | base64)` prints>");
    WEBHOOK_EVENTS =
        defaulting("DINGGATE_WEBHOOK_EVENTS", "bpms_instance_change,org_dept_modify", "bpms_instance_change,bpms_task_change");
}

/// Finds the setting with this name, and whether the name asks for a file that holds the value.
pub fn find(name: &str) -> Option<(&'static Setting, bool)> {
    let plainly = |wanted: &str| ALL.iter().copied().find(|setting| setting.name == wanted);
    if let Some(setting) = plainly(name) {
        return Some((setting, false));
    }
    let setting = plainly(name.strip_suffix(FILE_SUFFIX)?)?;
    setting.is_secret.then_some((setting, true))
}

/// Finds the known name that was probably meant: at most a third of its own letters are wrong.
pub fn meant_by(name: &str) -> Option<String> {
    let name = name.to_ascii_uppercase();
    let files = ALL
        .iter()
        .filter(|setting| setting.is_secret)
        .map(|setting| format!("{}{FILE_SUFFIX}", setting.name));
    let known = ALL
        .iter()
        .map(|setting| setting.name.to_owned())
        .chain(files);
    let (distance, nearest) = known
        .map(|known| (distance(&name, &known), known))
        .min_by_key(|(distance, _)| *distance)?;
    // The prefix that all names share is not distinctive.
    let own = nearest
        .split_once('_')
        .map_or(nearest.len(), |(_, own)| own.len());
    (distance * 3 <= own).then_some(nearest)
}

/// Returns the edit distance: the letters to insert, delete or replace to turn one name into the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (pair, to) in row.windows(2).zip(b.chars()) {
            if let [diagonal, above] = pair {
                left = (left + 1)
                    .min(above + 1)
                    .min(diagonal + usize::from(from != to));
            }
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secrets_may_be_given_as_files() {
        assert_eq!(find("DATABASE_URL_FILE"), Some((&DATABASE_URL, true)));
        assert_eq!(find("DINGGATE_SECRET_KEY"), Some((&SECRET_KEY, false)));
        assert_eq!(find("DINGGATE_LISTEN_FILE"), None);
        assert_eq!(find("DINGGATE_SECRET_KEY_FILE_FILE"), None);
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_name_is_not() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        for (written, meant) in [
            ("DINGGATE_ADMIN", Some("DINGGATE_ADMINS")),
            ("dinggate_listen", Some("DINGGATE_LISTEN")),
            ("DINGTALK_APP_SECRET_FIEL", Some("DINGTALK_APP_SECRET_FILE")),
            ("DINGGATE_LGO", None),
            ("DINGGATE_PORT", None),
            ("LISTEN", None),
        ] {
            assert_eq!(meant_by(written).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn no_setting_stands_twice() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
