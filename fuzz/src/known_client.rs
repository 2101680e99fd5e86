//! A client whose calls get given responses.

use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use dingtalk::{App, Client, ClientConfig};
use secrecy::SecretString;

pub const TOKEN: &str = "aT0kenThatNobodySees";
pub const APP_SECRET: &str = "theSecret0fTheApp";
pub const LOGIN_SECRET: &str = "theSecret0fTheLoginApp";
pub const CODE: &str = "aC0deThatIsSpentOnce";

pub fn token() -> SecretString {
    TOKEN.into()
}

pub fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let app = |key: &str, secret: &str| App {
            key: key.to_owned(),
            secret: secret.into(),
        };
        let mut config = ClientConfig::new(app("dingapp", APP_SECRET)).expect("valid URLs");
        config.login_app = app("dinglogin", LOGIN_SECRET);
        Client::new(config).expect("a client")
    })
}

/// Returns the result of a call that has nothing to wait for.
pub fn finished<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the response was there at once"),
    }
}
