//! The login by scan, as far as it can be tried without a person.

use super::Check;
use super::check_runner::{CheckRunner, refused};
use super::dingtalk::made_up_code;
use crate::config::{LoginFlow, PartialConfig};
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
        Check::ok(
            SAME_COMPANY,
            "the scan-login app and the internal app agree about people: somebody has signed in by a scan",
        )
    } else {
        Check::skipped(
            SAME_COMPANY,
            "whether the scan-login app belongs to the same company as the internal app shows only when somebody scans: sign in once",
        )
    })
}

/// Requests DingTalk's QR-code page with our return URL.
pub async fn redirect_domain(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let (Some(url), Some(login_app)) = (&parts.public_url, &parts.login_app) else {
        return runner.note(Check::skipped(
            REDIRECT,
            "DINGGATE_PUBLIC_URL or the scan-login app's settings are missing or wrong",
        ));
    };
    let back = format!("{url}/login/callback");
    if matches!(parts.login_flow, Some(LoginFlow::OAuth2 { .. })) {
        let why = format!(
            "the newer login page shows an error only to people who sign in there: {back} must stand under 重定向URL in the developer console (开发配置 › 安全设置)"
        );
        return runner.note(Check::skipped(REDIRECT, why));
    }
    let state = made_up_code();
    let response = runner
        .call(REDIRECT, async |road| road.scan_page(&back, &state).await)
        .await;
    let Some(response) = response else { return };
    let is_own = parts
        .app
        .as_ref()
        .is_none_or(|app| app.key != login_app.key);
    let enter = if is_own {
        format!(
            "enter {back} as 回调域名 of the scan-login app in the developer console (应用开发 › 移动接入应用 › 登录), and check DINGTALK_LOGIN_APP_ID"
        )
    } else {
        format!(
            "enter {back} as 重定向URL（回调域名） of the internal app in the developer console (开发配置 › 安全设置)"
        )
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
        ScanPage::Status(status @ 400..500) => Check::failure(
            REDIRECT,
            format!("DingTalk's login page refuses to lead back to {back} (HTTP {status})"),
            enter,
        ),
        ScanPage::Status(status) => Check::warning(
            REDIRECT,
            format!(
                "DingTalk's login page answers with HTTP {status}, which says nothing of {back}"
            ),
            "run doctor again",
        ),
        ScanPage::Shown { title } if speaks_of_an_error(title) => Check::warning(
            REDIRECT,
            format!("DingTalk's login page for {back} is titled {title:?}"),
            enter,
        ),
        ScanPage::Elsewhere(to) if speaks_of_an_error(to) => Check::warning(
            REDIRECT,
            format!("DingTalk leads a login for {back} to a page that speaks of an error"),
            enter,
        ),
        ScanPage::Shown { .. } | ScanPage::Elsewhere(_) => Check::ok(
            REDIRECT,
            format!("as far as can be known without a scan, DingTalk leads back to {back}"),
        ),
    }
}

fn speaks_of_an_error(text: &str) -> bool {
    ["错误", "出错", "失败", "无效", "不合法"]
        .iter()
        .any(|word| text.contains(word))
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
