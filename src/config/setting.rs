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

pub const DATABASE_URL: Setting = secret(
    "DATABASE_URL",
    "postgres://dinggate:<password>@db.example.com:5432/dinggate",
);
pub const DATABASE_POOLER: Setting = defaulting("DINGGATE_DATABASE_POOLER", "transaction", "off");
pub const DATABASE_DIRECT_URL: Setting = secret(
    "DINGGATE_DATABASE_DIRECT_URL",
    "postgres://dinggate:<password>@db.example.com:5432/dinggate",
);
pub const PUBLIC_URL: Setting = plain("DINGGATE_PUBLIC_URL", "https://sso.example.com");
pub const LISTEN: Setting = defaulting("DINGGATE_LISTEN", "127.0.0.1:8080", "127.0.0.1:8080");
pub const MAX_CONNECTIONS: Setting = defaulting("DINGGATE_MAX_CONNECTIONS", "5000", "2000");
pub const SECRET_KEY: Setting = secret(
    "DINGGATE_SECRET_KEY",
    "<what `head -c 64 /dev/urandom | base64 -w0` prints>",
);
pub const ADMINS: Setting = plain("DINGGATE_ADMINS", "manager4220,0158aB");
pub const MIGRATE: Setting = defaulting("DINGGATE_MIGRATE", "auto", "auto");
pub const UNKNOWN_STAFF: Setting = defaulting("DINGGATE_UNKNOWN_STAFF", "review", "review");
pub const SESSION_IDLE: Setting = defaulting("DINGGATE_SESSION_IDLE", "8h", "8h");
pub const SESSION_MAX: Setting = defaulting("DINGGATE_SESSION_MAX", "7d", "7d");
pub const LOGIN_STATE_TTL: Setting = defaulting("DINGGATE_LOGIN_STATE_TTL", "5m", "5m");
pub const LOGIN_RATE: Setting = defaulting("DINGGATE_LOGIN_RATE", "120/m", "120/m");
pub const ADMIN_MAX_AGE: Setting = defaulting("DINGGATE_ADMIN_MAX_AGE", "4h", "12h");
pub const RETENTION_EVENTS: Setting = defaulting("DINGGATE_RETENTION_EVENTS", "14d", "30d");
pub const RETENTION_REVIEWS: Setting = defaulting("DINGGATE_RETENTION_REVIEWS", "180d", "90d");
pub const RETENTION_WEBHOOKS: Setting = defaulting("DINGGATE_RETENTION_WEBHOOKS", "180d", "90d");
pub const RETENTION_SYNCS: Setting = defaulting("DINGGATE_RETENTION_SYNCS", "180d", "90d");
pub const SYNC_MAX_LEAVERS: Setting = defaulting("DINGGATE_SYNC_MAX_LEAVERS", "10%", "10%");
pub const CONTACT: Setting = plain("DINGGATE_CONTACT", "IT 服务台 8001，钉钉联系人 林晓燕");
pub const BRAND_NAME: Setting = plain("DINGGATE_BRAND_NAME", "示例科技");
pub const BRAND_LOGO: Setting = plain("DINGGATE_BRAND_LOGO", "https://www.example.com/logo.svg");
pub const BRAND_COLOR: Setting = plain("DINGGATE_BRAND_COLOR", "#1756c4");
pub const SYNC_CRON: Setting = defaulting("DINGGATE_SYNC_CRON", "17 3 * * *", "17 3 * * *");
pub const LOG: Setting = defaulting("DINGGATE_LOG", "info,dinggate=debug", "info");
pub const LOG_FORMAT: Setting = defaulting("DINGGATE_LOG_FORMAT", "json", "json");
pub const TRUSTED_PROXIES: Setting = plain("DINGGATE_TRUSTED_PROXIES", "10.0.0.5,fd00::5");
pub const CORP_ID: Setting = plain("DINGTALK_CORP_ID", "ding0123456789abcdef");
pub const APP_KEY: Setting = plain("DINGTALK_APP_KEY", "dingabcdefghijklmnop");
pub const APP_SECRET: Setting = secret(
    "DINGTALK_APP_SECRET",
    "<the app's AppSecret in the developer console>",
);
pub const LOGIN_APP_ID: Setting = plain("DINGTALK_LOGIN_APP_ID", "dingoaabcdefghijklmnop");
pub const LOGIN_APP_SECRET: Setting = secret(
    "DINGTALK_LOGIN_APP_SECRET",
    "<the scan-login app's appSecret in the developer console>",
);
pub const LOGIN_FLOW: Setting = defaulting("DINGTALK_LOGIN_FLOW", "qrconnect", "qrconnect");
pub const LOGIN_EXCLUSIVE: Setting = defaulting("DINGTALK_LOGIN_EXCLUSIVE", "off", "off");
pub const CALLBACK_TOKEN: Setting = secret(
    "DINGTALK_CALLBACK_TOKEN",
    "<the signing token of the event subscription>",
);
pub const CALLBACK_AES_KEY: Setting = secret(
    "DINGTALK_CALLBACK_AES_KEY",
    "<the 43 letters and digits of the event subscription>",
);
pub const CALLBACK_OWNER_KEY: Setting =
    plain("DINGTALK_CALLBACK_OWNER_KEY", "dingabcdefghijklmnop");
pub const OAPI_URL: Setting = defaulting(
    "DINGTALK_OAPI_URL",
    "https://oapi.dingtalk.com",
    "https://oapi.dingtalk.com",
);
pub const API_URL: Setting = defaulting(
    "DINGTALK_API_URL",
    "https://api.dingtalk.com",
    "https://api.dingtalk.com",
);
pub const LOGIN_URL: Setting = defaulting(
    "DINGTALK_LOGIN_URL",
    "https://login.dingtalk.com",
    "https://login.dingtalk.com",
);
pub const JSAPI_URL: Setting = defaulting(
    "DINGTALK_JSAPI_URL",
    "https://g.alicdn.com/dingding/dingtalk-jsapi/3.0.12/dingtalk.open.js",
    "https://g.alicdn.com/dingding/dingtalk-jsapi/3.0.12/dingtalk.open.js",
);

pub const WEBHOOK_URL: Setting = plain(
    "DINGGATE_WEBHOOK_URL",
    "https://hr.example.com/hooks/dinggate",
);
pub const WEBHOOK_SECRET: Setting = secret(
    "DINGGATE_WEBHOOK_SECRET",
    "<what `echo whsec_$(head -c 32 /dev/urandom | base64)` prints>",
);
pub const WEBHOOK_EVENTS: Setting = defaulting(
    "DINGGATE_WEBHOOK_EVENTS",
    "bpms_instance_change,org_dept_modify",
    "bpms_instance_change,bpms_task_change",
);

/// Every setting that this version knows, in the order of the documentation.
pub static ALL: [&Setting; 45] = [
    &DATABASE_URL,
    &DATABASE_POOLER,
    &DATABASE_DIRECT_URL,
    &PUBLIC_URL,
    &LISTEN,
    &MAX_CONNECTIONS,
    &SECRET_KEY,
    &ADMINS,
    &MIGRATE,
    &UNKNOWN_STAFF,
    &SESSION_IDLE,
    &SESSION_MAX,
    &LOGIN_STATE_TTL,
    &LOGIN_RATE,
    &SYNC_CRON,
    &ADMIN_MAX_AGE,
    &CONTACT,
    &RETENTION_EVENTS,
    &RETENTION_REVIEWS,
    &RETENTION_WEBHOOKS,
    &RETENTION_SYNCS,
    &SYNC_MAX_LEAVERS,
    &BRAND_NAME,
    &BRAND_LOGO,
    &BRAND_COLOR,
    &LOG,
    &LOG_FORMAT,
    &TRUSTED_PROXIES,
    &CORP_ID,
    &APP_KEY,
    &APP_SECRET,
    &LOGIN_APP_ID,
    &LOGIN_APP_SECRET,
    &LOGIN_FLOW,
    &LOGIN_EXCLUSIVE,
    &CALLBACK_TOKEN,
    &CALLBACK_AES_KEY,
    &CALLBACK_OWNER_KEY,
    &OAPI_URL,
    &API_URL,
    &LOGIN_URL,
    &JSAPI_URL,
    &WEBHOOK_URL,
    &WEBHOOK_SECRET,
    &WEBHOOK_EVENTS,
];

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
