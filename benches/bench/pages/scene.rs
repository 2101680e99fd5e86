//! A company with a past, the two servers, and somebody signed in to each page.

use dingtalk_sim::company::large_userid;
use reqwest::header::COOKIE;
use sqlx::{Connection as _, PgConnection};

use super::Page;
use crate::browser::{Browser, http_client, login_settings};
use crate::company::{self, DINGTALK_LIMIT, Size};
use crate::server::Server;
use crate::yardstick::{self, Part};

const COMPANY: Size = Size {
    departments: 200,
    people: 3_000,
};

/// The position of an employee without a role; that of the administrator is 0.
const EMPLOYEE: usize = 1_500;

pub struct Scene {
    pub dinggate: Server,
    pub yardstick: Server,
    pub http: reqwest::Client,
    employee: String,
    admin: String,
}

impl Scene {
    pub async fn open(database: &str) -> Self {
        let sim = company::start(COMPANY, DINGTALK_LIMIT);
        let mut settings = login_settings(&sim).to_vec();
        settings.push(("DINGGATE_ADMINS", large_userid(0)));
        let dinggate = Server::dinggate(&sim, database, &settings).await;
        company::wait_for_first_sync(database, COMPANY).await;
        let mut conn = PgConnection::connect(database).await.unwrap();
        sqlx::raw_sql(include_str!("past.sql"))
            .execute(&mut conn)
            .await
            .unwrap();
        let http = http_client();
        let mut sessions = Vec::new();
        for number in [EMPLOYEE, 0] {
            let person = sim.person(&large_userid(number)).unwrap();
            let mut browser = Browser::new(&http, &dinggate.url(), number);
            browser.sign_in(&sim, &person.unionid).await;
            sessions.push(browser.cookies());
        }
        Self {
            yardstick: yardstick::start(Part::Pages, &sim, database).await,
            dinggate,
            http,
            employee: sessions.remove(0),
            admin: sessions.remove(0),
        }
    }

    /// Returns the request for a page, with the cookies of the person who may open it.
    pub fn request(&self, page: Page) -> String {
        format!(
            "GET {} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\naccept-language: en\r\ncookie: {}\r\n\r\n",
            page.path(),
            self.dinggate.port,
            self.cookies(page)
        )
    }

    fn cookies(&self, page: Page) -> &str {
        match page {
            Page::Portal => &self.employee,
            Page::Staff => &self.admin,
        }
    }

    /// Returns the body of a page as the administrator or, for the portal, the employee receives it.
    pub async fn body(&self, server: &Server, path: &str) -> String {
        let page = if path == Page::Portal.path() {
            Page::Portal
        } else {
            Page::Staff
        };
        let request = self.http.get(format!("{}{path}", server.url()));
        let request = request
            .header("accept-language", "en")
            .header(COOKIE, self.cookies(page));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// Fails if the yardstick renders another page than Dinggate. Relative times may differ by a few letters.
    pub async fn compare_bodies(&self, page: Page) {
        let own = self.body(&self.dinggate, page.path()).await;
        let yardstick = self.body(&self.yardstick, page.path()).await;
        let difference = own.len().abs_diff(yardstick.len());
        assert!(
            difference <= 100,
            "{} differs by {difference} bytes:\n{own}\n{yardstick}",
            page.path()
        );
    }
}
