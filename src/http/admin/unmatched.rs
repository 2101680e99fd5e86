//! The review: people who scanned and could not be let in.

mod bulk;
mod decide;
mod detail;
mod directory;
mod export;
mod list;
mod list_view;
mod offers;
mod steps;

use actix_web::web;

pub(super) use list_view::ListView;

use super::links::staff_path;
use crate::domain::case::CaseState;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::Status;
use crate::http::admin::exports::FORMATS;
use crate::http::error::AppError;
use crate::http::view::Tone;
use crate::store::unmatched::{Candidate, Case};
use crate::text::admin_review::ReviewTexts;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/unmatched").route(web::get().to(list::list)))
        .service(web::resource(format!("/unmatched{FORMATS}")).route(web::get().to(export::export)))
        .service(web::resource("/unmatched/bulk").route(web::post().to(bulk::start)))
        .service(web::resource("/unmatched/{id}").route(web::get().to(detail::detail)))
        .service(web::resource("/unmatched/{id}/approve").route(web::post().to(decide::approve)))
        .service(web::resource("/unmatched/{id}/reject").route(web::post().to(decide::reject)))
        .service(web::resource("/unmatched/{id}/reopen").route(web::post().to(decide::reopen)))
        .service(web::resource("/unmatched/{id}/limit").route(web::post().to(decide::limit)))
        .service(web::resource("/unmatched/{id}/lookup").route(web::post().to(decide::look_up)));
}

/// A staff row that may belong to the person of a case, as the pages show it.
struct CandidateView {
    userid: String,
    unionid: Option<String>,
    href: String,
    name: String,
    title: Option<String>,
    is_employed: bool,
    is_manual: bool,
    is_linkable: bool,
    guess: &'static str,
}

impl CandidateView {
    /// Returns the view of a candidate; `named` is the userid that DingTalk has named for the case.
    fn new(candidate: Candidate, named: Option<&UserId>, t: &ReviewTexts) -> Self {
        let userid = candidate.userid.as_str().to_owned();
        Self {
            href: staff_path(&userid),
            name: Some(candidate.name.clone())
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| userid.clone()),
            is_employed: candidate.status == Status::Employed,
            is_manual: candidate.is_held,
            is_linkable: candidate.is_linkable_to(named),
            guess: t.guess_words(candidate.guess),
            unionid: candidate.unionid.map(UnionId::into_string),
            title: candidate.title,
            userid,
        }
    }
}

fn case_id(path: &str) -> Result<i64, AppError> {
    path.parse().map_err(|_| AppError::NotFound)
}

/// Returns the nickname, or the unionid of a person without one.
pub(super) fn display_name(case: &Case) -> String {
    if case.nick.trim().is_empty() {
        case.unionid.as_str().to_owned()
    } else {
        case.nick.clone()
    }
}

fn tone(state: CaseState) -> Tone {
    match state {
        CaseState::Waiting => Tone::Warn,
        CaseState::Approved => Tone::Ok,
        CaseState::Rejected => Tone::Danger,
        CaseState::Closed => Tone::Neutral,
    }
}
