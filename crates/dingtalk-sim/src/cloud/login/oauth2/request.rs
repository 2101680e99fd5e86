//! The request with which an application sends a browser to the newer login page.

use url::Url;

use crate::{cloud::login::parameter, config::SimConfig};

/// A request that has passed the checks.
#[derive(Debug)]
pub(super) struct AuthRequest {
    pub(super) client_id: String,
    /// The scope contains `corpid`: the response names the chosen company.
    pub(super) wants_company: bool,
    /// Only members may log in: an internal app, or dedicated accounts.
    pub(super) is_for_members: bool,
    pub(super) is_framed: bool,
    redirect_uri: Url,
    state: Option<String>,
}

impl AuthRequest {
    /// Parses the request in a query, or returns a readable reason for refusing it.
    pub(super) fn parse(query: &str, config: &SimConfig) -> Result<Self, String> {
        let get = |name| parameter(query, name);
        let client_id = get("client_id").ok_or("缺少参数 client_id (missing)")?;
        let is_internal = client_id == config.app_key;
        if !is_internal && client_id != config.login_app_id {
            return Err("不合法的 client_id (unknown)".into());
        }
        for (name, only) in [("response_type", "code"), ("prompt", "consent")] {
            if get(name).as_deref() != Some(only) {
                return Err(format!("{name} 必须为 {only} (must be {only})"));
            }
        }
        let is_framed = get("iframe").as_deref() == Some("true");
        let wants_company = wants_company(query)?;
        check_company(query, config, wants_company && is_framed)?;
        Ok(Self {
            client_id,
            wants_company,
            is_for_members: is_internal || is_exclusive(query, config)?,
            is_framed,
            redirect_uri: redirect_uri(query, config)?,
            state: get("state"),
        })
    }

    /// Returns the application's URL with the code and its state appended.
    pub(super) fn agreed(&self, code: &str) -> String {
        self.redirect_with("authCode", code)
    }

    /// Returns the same URL for a person who has declined.
    pub(super) fn denied(&self) -> String {
        self.redirect_with("error", "access_denied")
    }

    fn redirect_with(&self, name: &str, value: &str) -> String {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut().append_pair(name, value);
        if let Some(state) = &self.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        url.to_string()
    }
}

/// Returns a query as form fields.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.into_owned().collect()
}

/// Restores the scope's `%20`: a form encodes a space as a plus sign, which the original request may not do.
pub(super) fn with_blanks_as_asked(query: &str) -> String {
    query.replace("scope=openid+corpid", "scope=openid%20corpid")
}

fn wants_company(query: &str) -> Result<bool, String> {
    let scope = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("scope="));
    match scope {
        Some("openid") => Ok(false),
        Some("openid%20corpid") => Ok(true),
        _ => Err("scope 必须为 openid 或 openid%20corpid (one of these)".into()),
    }
}

/// In an iframe people cannot choose the company, so the request must name it.
fn check_company(query: &str, config: &SimConfig, must_be_given: bool) -> Result<(), String> {
    let corp_id = parameter(query, "corpId");
    if corp_id.as_deref().unwrap_or(&config.corp_id) != config.corp_id {
        return Err("不合法的 corpId (not this company)".into());
    }
    let org_type = parameter(query, "org_type");
    if org_type.as_deref().unwrap_or("management") != "management" {
        return Err("不合法的 org_type (unknown)".into());
    }
    if must_be_given && (corp_id.is_none() || org_type.is_none()) {
        return Err("缺少参数 corpId 或 org_type (missing)".into());
    }
    Ok(())
}

fn is_exclusive(query: &str, config: &SimConfig) -> Result<bool, String> {
    if parameter(query, "exclusiveLogin").as_deref() != Some("true") {
        return Ok(false);
    }
    match parameter(query, "exclusiveCorpId") {
        Some(corp_id) if corp_id == config.corp_id => Ok(true),
        _ => Err("缺少或不合法的 exclusiveCorpId (missing or not this company)".into()),
    }
}

fn redirect_uri(query: &str, config: &SimConfig) -> Result<Url, String> {
    let given = parameter(query, "redirect_uri").ok_or("缺少参数 redirect_uri (missing)")?;
    let url = Url::parse(&given)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or("redirect_uri 不是合法的地址 (not an address)")?;
    if url.host_str() == Some(config.callback_domain.as_str()) {
        Ok(url)
    } else {
        Err("redirect_uri 未登记 (its host is not the callback domain)".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "redirect_uri=https%3A%2F%2F127.0.0.1%2Flogin%2Fcallback&response_type=code\
        &client_id=dingoademologin1&scope=openid%20corpid&prompt=consent&state=s%2B1\
        &corpId=ding0123456789abcdef0123456789abcdef&org_type=management&iframe=true";

    fn parse(query: &str) -> Result<AuthRequest, String> {
        AuthRequest::parse(query, &SimConfig::default())
    }

    #[test]
    fn a_good_request_leads_back_with_code_or_error_and_state() {
        let asked = parse(GOOD).unwrap();
        assert!(asked.is_framed && asked.wants_company && !asked.is_for_members);
        let back = "https://127.0.0.1/login/callback?";
        assert_eq!(asked.agreed("c"), format!("{back}authCode=c&state=s%2B1"));
        let denied = format!("{back}error=access_denied&state=s%2B1");
        assert_eq!(asked.denied(), denied);
        let bare = GOOD
            .replace("%20corpid", "")
            .replace("&org_type=management", "");
        assert!(!parse(&bare).unwrap().wants_company);
        let internal = GOOD.replace("dingoademologin1", "dingdemoappkey0000a1");
        assert!(parse(&internal).unwrap().is_for_members);
    }

    #[test]
    fn every_wrong_parameter_is_refused() {
        for (from, to, word) in [
            ("client_id=dingoademologin1", "client_id=other", "client_id"),
            ("client_id=dingoademologin1&", "", "client_id"),
            ("response_type=code", "response_type=token", "response_type"),
            ("&prompt=consent", "", "prompt"),
            ("openid%20corpid", "openid+corpid", "scope"),
            ("openid%20corpid", "corpid", "scope"),
            ("127.0.0.1", "127.0.0.1.example.com", "redirect_uri"),
            ("https%3A%2F%2F", "javascript%3A", "redirect_uri"),
            ("corpId=ding0123", "corpId=dingffff", "corpId"),
            ("&org_type=management", "", "org_type"),
            ("org_type=management", "org_type=all", "org_type"),
            ("&state", "&exclusiveLogin=true&state", "exclusiveCorpId"),
        ] {
            let refused = parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(refused.contains(word), "{from} -> {to}: {refused}");
        }
    }
}
