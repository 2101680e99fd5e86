//! Sessions of browsers.

use super::closed_set::closed_set;

closed_set! {
    /// How a person signed in.
    pub enum LoginMethod {
        /// By scanning the QR code.
        Qr = "qr",
        /// On DingTalk's own login page.
        OAuth2 = "oauth2",
        /// Inside the DingTalk app.
        InApp = "in_app",
    }
}
