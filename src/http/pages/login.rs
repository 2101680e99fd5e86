//! The login page: DingTalk's QR code in an iframe, and a plain link to DingTalk's own page.

use std::time::Duration;

use actix_web::HttpResponse;
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::http::layout::Layout;
use crate::text::login::LoginTexts;

/// The data of a login page; each belongs to one begun login.
#[derive(Debug, Clone)]
pub struct LoginView {
    /// The iframe's URL: DingTalk's login page of the flow in use.
    pub qr_src: String,
    /// The URL with which the script continues after a scan: DingTalk's `sns_authorize` with state and redirect
    /// URI, to which it adds the temporary code; or, in the newer flow, our own redirect URI, to which it adds code
    /// and state.
    pub goto: String,
    /// Whether the iframe uses the messages of the newer login page.
    pub is_oauth2: bool,
    /// The one origin whose messages are accepted, e.g. `https://login.dingtalk.com`.
    pub login_origin: String,
    /// `/login/qr?rd=…`, the alternative if the iframe does not work.
    pub full_page_href: String,
    /// On a phone outside DingTalk: the link that opens this page in DingTalk, where the person is signed in.
    pub dingtalk_link: Option<String>,
    /// Whether a review has just admitted the person.
    pub is_approved: bool,
    /// How long the begun login is valid; the page renews itself shortly before that.
    pub state_ttl: Duration,
}

#[derive(Template)]
#[template(path = "public/login.html")]
struct LoginPage {
    layout: Layout,
    t: &'static LoginTexts,
    view: LoginView,
}

/// Returns the login page.
pub fn login(layout: Layout, view: LoginView) -> HttpResponse {
    let t = LoginTexts::of(layout.lang);
    super::ok(&LoginPage { layout, t, view })
}

/// The style of DingTalk's page inside ours; its QR code needs a light background in dark mode, too.
const QR_STYLE: &str = "border:none;background-color:#FFFFFF;";

/// Returns the URL of DingTalk's QR page for an iframe, as DingTalk's own `ddLogin.js` builds it.
pub fn qr_frame_src(login_url: &Url, goto: &str) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let root = login_url.as_str().trim_end_matches('/');
    format!(
        "{root}/login/qrcode.htm?goto={}&style={}",
        encode(goto),
        encode(QR_STYLE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_carries_the_whole_way_on_as_one_value() {
        let goto = "https://oapi.dingtalk.com/connect/oauth2/sns_authorize?appid=a&state=s&redirect_uri=https%3A%2F%2Fx%2F";
        let src = Url::parse(&qr_frame_src(
            &Url::parse("https://login.dingtalk.com").unwrap(),
            goto,
        ))
        .unwrap();
        assert_eq!(src.path(), "/login/qrcode.htm");
        let pairs: Vec<_> = src.query_pairs().into_owned().collect();
        assert_eq!(
            pairs,
            [
                ("goto".to_owned(), goto.to_owned()),
                ("style".to_owned(), QR_STYLE.to_owned())
            ]
        );
    }
}
