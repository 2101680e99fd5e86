//! The login by scan, as far as it can be tried without a person.

use super::Check;
use super::check_runner::{CheckRunner, refused};
use super::dingtalk::made_up_code;
use crate::config::{LoginFlow, PartialConfig};
use crate::text::commands::doctor::login_page as texts;
use crate::upstream::ScanPage;

const SAME_COMPANY: &str = "same_company";
const REDIRECT: &str = "redirect_domain";

/// Checks whether both apps see the same unionid for a person, which only a person's scan can show.
pub fn same_company(parts: &PartialConfig, has_scanned: Option<bool>) -> Option<Check> {
    let (app, login_app) = (parts.app.as_ref()?, parts.login_app.as_ref()?);
    if app.key == login_app.key {
        return None;
    }
    Some(if has_scanned == Some(true) {
        Check::ok(SAME_COMPANY, texts::SAME_COMPANY)
    } else {
        Check::skipped(SAME_COMPANY, texts::SCAN_ONCE)
    })
}

/// Requests DingTalk's QR-code page with our return URL.
pub async fn redirect_domain(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let (Some(url), Some(login_app)) = (&parts.public_url, &parts.login_app) else {
        return runner.note(Check::skipped(REDIRECT, texts::NO_SETTINGS));
    };
    let back = format!("{url}/login/callback");
    if matches!(parts.login_flow, Some(LoginFlow::OAuth2 { .. })) {
        let why = texts::newer_page(&back);
        return runner.note(Check::skipped(REDIRECT, why));
    }
    let state = made_up_code();
    let response = runner
        .call(REDIRECT, async |access| {
            access.scan_page(&back, &state).await
        })
        .await;
    let Some(response) = response else { return };
    let is_own = parts
        .app
        .as_ref()
        .is_none_or(|app| app.key != login_app.key);
    let enter = if is_own {
        texts::enter_login_app(&back)
    } else {
        texts::enter_internal_app(&back)
    };
    runner.note(match response {
        Ok(page) => judge(&back, &page, enter),
        Err(error) => {
            let mut check = refused(REDIRECT, &error);
            check.action = Some(enter);
            check
        }
    });
}

fn judge(back: &str, page: &ScanPage, enter: String) -> Check {
    match page {
        ScanPage::Status(status @ 400..500) => {
            Check::failure(REDIRECT, texts::refused(back, status), enter)
        }
        ScanPage::Status(status) => {
            Check::warning(REDIRECT, texts::odd_status(status, back), texts::TRY_AGAIN)
        }
        ScanPage::Shown { title } if speaks_of_an_error(title) => {
            Check::warning(REDIRECT, texts::titled(back, title), enter)
        }
        ScanPage::Elsewhere(to) if speaks_of_an_error(to) => {
            Check::warning(REDIRECT, texts::error_page(back), enter)
        }
        ScanPage::Shown { .. } | ScanPage::Elsewhere(_) => {
            Check::ok(REDIRECT, texts::redirects_back(back))
        }
    }
}

fn speaks_of_an_error(text: &str) -> bool {
    texts::ERROR_WORDS.iter().any(|word| text.contains(word))
        || text.to_ascii_lowercase().contains("error")
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn only_a_refusal_of_the_page_is_a_failure() {
        let of =
            |page: ScanPage| judge("https://a/login/callback", &page, "enter it".to_owned()).status;
        let titled = |title: &str| ScanPage::Shown {
            title: title.to_owned(),
        };
        assert_eq!(of(titled("钉钉登录")), Status::Ok);
        assert_eq!(of(titled("登录出错")), Status::Warning);
        assert_eq!(
            of(ScanPage::Elsewhere("https://login.dingtalk.com/x".into())),
            Status::Ok
        );
        assert_eq!(
            of(ScanPage::Elsewhere("/page?ERROR=1".into())),
            Status::Warning
        );
        assert_eq!(of(ScanPage::Status(400)), Status::Failure);
        assert_eq!(of(ScanPage::Status(502)), Status::Warning);
    }
}
