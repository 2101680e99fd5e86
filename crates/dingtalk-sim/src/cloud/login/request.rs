//! The request with which an application sends a browser to the scan page.

use url::Url;

use super::{SNS_AUTHORIZE, parameter};
use crate::config::SimConfig;

/// A login request that has passed the checks of the scan-login app.
#[derive(Debug)]
pub(super) struct LoginRequest {
    appid: String,
    redirect_uri: Url,
    state: Option<String>,
}

impl LoginRequest {
    /// Parses the request in a query, or returns a readable reason for refusing it.
    pub(super) fn parse(query: &str, config: &SimConfig) -> Result<Self, String> {
        let get = |name| parameter(query, name);
        let appid = get("appid").ok_or("缺少参数 appid (missing)")?;
        if appid != config.login_app_id {
            return Err("不合法的 appid (unknown)".into());
        }
        if get("response_type").as_deref() != Some("code") {
            return Err("response_type 必须为 code (must be code)".into());
        }
        if get("scope").as_deref() != Some("snsapi_login") {
            return Err("scope 必须为 snsapi_login (must be snsapi_login)".into());
        }
        let redirect_uri = get("redirect_uri").ok_or("缺少参数 redirect_uri (missing)")?;
        let redirect_uri = Url::parse(&redirect_uri)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or("redirect_uri 不是合法的地址 (not an address)")?;
        if redirect_uri.host_str() != Some(config.callback_domain.as_str()) {
            return Err(
                "50001：redirect_uri 的域名未授权 (its host is not the callback domain)".into(),
            );
        }
        Ok(Self {
            appid,
            redirect_uri,
            state: get("state"),
        })
    }

    /// Checks the same request inside the iframe's `goto`; returns that URL unchanged.
    pub(super) fn parse_goto(query: &str, config: &SimConfig) -> Result<String, String> {
        let goto = parameter(query, "goto").ok_or("缺少参数 goto (missing)")?;
        let url = Url::parse(&goto).map_err(|_| "goto 不是合法的地址 (not an address)")?;
        if url.path() != SNS_AUTHORIZE {
            return Err(format!("goto 必须指向 {SNS_AUTHORIZE} (must point there)"));
        }
        Self::parse(url.query().unwrap_or_default(), config)?;
        Ok(goto)
    }

    /// Returns the request as form fields.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("appid", self.appid.clone()),
            ("response_type", "code".to_owned()),
            ("scope", "snsapi_login".to_owned()),
            ("redirect_uri", self.redirect_uri.to_string()),
        ];
        pairs.extend(self.state.clone().map(|state| ("state", state)));
        pairs
    }

    /// Returns the application's URL with the code and its state appended.
    pub(super) fn redirect_with(&self, code: &str) -> String {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut().append_pair("code", code);
        if let Some(state) = &self.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "appid=dingoademologin1&response_type=code&scope=snsapi_login\
        &state=s%2B1&redirect_uri=https%3A%2F%2F127.0.0.1%2Flogin%2Fcallback%3Fa%3Db";

    fn parse(query: &str) -> Result<LoginRequest, String> {
        LoginRequest::parse(query, &SimConfig::default())
    }

    #[test]
    fn a_good_request_leads_back_with_code_and_state() {
        let back = parse(GOOD).unwrap().redirect_with("c0de");
        assert_eq!(
            back,
            "https://127.0.0.1/login/callback?a=b&code=c0de&state=s%2B1"
        );
    }

    #[test]
    fn a_request_without_a_state_comes_back_without_one() {
        let back = parse(&GOOD.replace("&state=s%2B1", ""))
            .unwrap()
            .redirect_with("c0de");
        assert_eq!(back, "https://127.0.0.1/login/callback?a=b&code=c0de");
    }

    #[test]
    fn every_wrong_parameter_is_refused() {
        for (from, to, word) in [
            ("appid=dingoademologin1", "appid=dingoaother", "appid"),
            ("appid=dingoademologin1&", "", "appid"),
            ("response_type=code", "response_type=token", "response_type"),
            ("snsapi_login", "snsapi_base", "scope"),
            ("127.0.0.1", "127.0.0.1.example.com", "redirect_uri"),
            ("127.0.0.1", "localhost", "redirect_uri"),
            ("https%3A%2F%2F", "javascript%3A", "redirect_uri"),
            ("redirect_uri", "redirect", "redirect_uri"),
        ] {
            let refused = parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(refused.contains(word), "{from} -> {to}: {refused}");
        }
    }

    #[test]
    fn the_frame_wants_the_same_request_inside_goto() {
        let goto = |target: &str| {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("goto", target)
                .finish();
            LoginRequest::parse_goto(&query, &SimConfig::default())
        };
        let good = format!("http://oapi.example.com{SNS_AUTHORIZE}?{GOOD}");
        assert_eq!(goto(&good), Ok(good.clone()));
        assert!(goto(&good.replace("sns_authorize", "other")).is_err());
        assert!(goto(&good.replace("dingoademologin1", "other")).is_err());
        assert!(goto("not an address").is_err());
        assert!(LoginRequest::parse_goto("", &SimConfig::default()).is_err());
    }
}
