//! The yardstick: the statements of a page, its template, and nothing else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use dinggate::domain::ids::UserId;
use dinggate::domain::listed_admins::ListedAdmins;
use dinggate::domain::rights::Rights;
use dinggate::http::layout::{Layout, LayoutUser};
use dinggate::service::sessions::key_hash;
use dinggate::store::Conn;
use dinggate::store::web_session::{LiveSession, find_live};
use dinggate::text::lang::Lang;
use dingtalk_sim::company;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Semaphore;

use super::{portal, staff};
use crate::yardstick::{CONNECTIONS, Role, Routes};

/// The language of the pages.
pub const LANG: Lang = Lang::En;

/// The length of a session's key, which ends the cookie's value.
const KEY_LEN: usize = 43;

struct State {
    idle: Mutex<Vec<Conn>>,
    permits: Semaphore,
    listed: ListedAdmins,
}

pub async fn routes(role: &Role) -> Routes {
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        idle.push(Conn::single(
            PgConnection::connect(&role.database).await.unwrap(),
        ));
    }
    let admin = UserId::parse(company::large_userid(0)).unwrap();
    let state = web::Data::new(State {
        idle: Mutex::new(idle),
        permits: Semaphore::new(CONNECTIONS as usize),
        listed: ListedAdmins::new([(admin, None)]).unwrap(),
    });
    Arc::new(move |cfg| {
        cfg.app_data(state.clone())
            .route("/", web::get().to(portal_page))
            .route("/admin/staff", web::get().to(staff_page));
    })
}

async fn portal_page(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    state
        .on_connection(&request, async |conn, live| portal::page(conn, &live).await)
        .await
}

async fn staff_page(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    state
        .on_connection(&request, async |conn, live| staff::page(conn, &live).await)
        .await
}

impl State {
    /// Finds the session of a request, and runs the rest of the work on the same connection.
    async fn on_connection(
        &self,
        request: &HttpRequest,
        work: impl AsyncFnOnce(&mut Conn, LiveSession) -> HttpResponse,
    ) -> HttpResponse {
        let _permit = self.permits.acquire().await.unwrap();
        let mut conn = self.idle.lock().unwrap().pop().unwrap();
        let cookie = request.cookie("dinggate").unwrap();
        let (_, key) = cookie.value().split_at(cookie.value().len() - KEY_LEN);
        let (idle, max_age) = (Duration::from_hours(8), Duration::from_hours(12));
        let live = find_live(&mut conn, &key_hash(key), &self.listed, idle, max_age).await;
        let response = work(&mut conn, live.unwrap().unwrap()).await;
        self.idle.lock().unwrap().push(conn);
        response
    }
}

/// Returns the layout of a page at this path.
pub fn layout(live: &LiveSession, path: &str) -> Layout {
    let user = LayoutUser {
        name: live.name.clone(),
        csrf: live.csrf_token.clone(),
        rights: live
            .role
            .map(|role| Rights::granted(role, live.departments.clone())),
    };
    Layout::new(LANG, Some(user), path).at(path)
}
