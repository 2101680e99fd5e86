//! The APIs, and what each requires of a caller.

use actix_web::http::Method;

use super::{
    answer::{Fields, Refusal},
    approval, callback, contact, department,
    desk::Desk,
    sns, token,
};

/// How a caller authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// By the API's own checks.
    Own,
    /// By the app's access token.
    AppToken,
}

/// One API.
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static [Method],
    pub(crate) access: Access,
    pub(crate) run: fn(&mut Desk<'_>) -> Result<Fields, Refusal>,
}

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
/// The server accepts `gettoken` with either method, but reads the keys from the query string only.
const BOTH: &[Method] = &[Method::GET, Method::POST];

const TABLE: &[Endpoint] = &[
    own("/gettoken", BOTH, token::get),
    own("/sns/getuserinfo_bycode", POST, sns::get_by_code),
    app("/auth/scopes", GET, contact::scopes),
    app("/call_back/delete_call_back", GET, callback::delete),
    app("/call_back/get_call_back", GET, callback::get),
    app(
        "/call_back/get_call_back_failed_result",
        GET,
        callback::failed,
    ),
    app("/call_back/register_call_back", POST, callback::register),
    app("/call_back/update_call_back", POST, callback::update),
    app("/topapi/processinstance/get", POST, approval::get),
    app("/topapi/user/count", POST, contact::count),
    app("/topapi/user/getbyunionid", POST, contact::by_unionid),
    app("/topapi/user/listid", POST, contact::list_ids),
    app("/topapi/user/listsimple", POST, contact::list_simple),
    app("/topapi/v2/department/get", POST, department::get),
    app("/topapi/v2/department/listsub", POST, department::list_sub),
    app(
        "/topapi/v2/department/listsubid",
        POST,
        department::list_sub_ids,
    ),
    app("/topapi/v2/user/get", POST, contact::get),
    app("/topapi/v2/user/getuserinfo", POST, contact::by_in_app_code),
    app("/topapi/v2/user/list", POST, contact::list),
];

type Run = fn(&mut Desk<'_>) -> Result<Fields, Refusal>;

const fn own(path: &'static str, methods: &'static [Method], run: Run) -> Endpoint {
    Endpoint {
        path,
        methods,
        access: Access::Own,
        run,
    }
}

const fn app(path: &'static str, methods: &'static [Method], run: Run) -> Endpoint {
    Endpoint {
        path,
        methods,
        access: Access::AppToken,
        run,
    }
}

/// Finds the API of a path.
pub(crate) fn find(path: &str) -> Option<&'static Endpoint> {
    TABLE.iter().find(|endpoint| endpoint.path == path)
}

/// Returns all paths, for the page that arms faults.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    let table = TABLE.iter().map(|endpoint| endpoint.path);
    table.chain(super::oauth2::PATHS)
}
