//! The search in the top bar: leads to the person who is meant, or lists those who might be.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::attempt_view::{AttemptView, REFERENCE};
use super::links::staff_path;
use super::list_page::{ListPage, ListSpec};
use super::list_query::ListQuery;
use super::see_other;
use super::unmatched::display_name;
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::person::Status;
use crate::domain::request_id;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::Layout;
use crate::http::view::query;
use crate::store::search::{self, Attempt, Search, Subject};
use crate::store::staff_list::{self, Row};
use crate::store::unmatched::{self, ListedCase};
use crate::store::{Conn, StoreError};
use crate::text::admin_review::ReviewTexts;
use crate::text::admin_search::SearchTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/search").route(web::get().to(search)));
}

const LIST: ListSpec = ListSpec::PLAIN;

#[derive(Template)]
#[template(path = "admin/search.html")]
struct SearchPage {
    layout: Layout,
    t: &'static SearchTexts,
    list: ListPage<HitView>,
    /// The reference number that was searched for, if no person was found by it.
    reference: Option<String>,
    /// The attempt with this number, of somebody who has neither a row nor a case any more.
    attempt: Option<AttemptView>,
    /// The same search in the lists.
    staff_href: String,
    review_href: String,
}

struct HitView {
    href: String,
    name: String,
    avatar: Option<String>,
    userid: Option<String>,
    departments: String,
    title: Option<String>,
    job_number: Option<String>,
    /// `None` for a case.
    is_employed: Option<bool>,
    /// The state of a case.
    state: Option<String>,
}

/// What a search has found.
struct SearchResult {
    attempt: Option<Attempt>,
    subjects: Vec<Subject>,
}

impl SearchResult {
    async fn read(conn: &mut Conn, search: &Search) -> Result<Self, StoreError> {
        let attempt = match request_id::parse(&search.q) {
            Some(reference) => search::attempt(conn, &reference, &search.scope).await?,
            None => None,
        };
        let mut subjects = search::find(conn, search).await?;
        if let Some(subject) = attempt.as_ref().and_then(Attempt::subject) {
            subjects.retain(|other| *other != subject);
            // People come before cases.
            let at = subjects
                .iter()
                .take_while(|other| {
                    matches!((&subject, other), (Subject::Case(_), Subject::Person(_)))
                })
                .count();
            subjects.insert(at, subject);
        }
        Ok(Self { attempt, subjects })
    }

    /// Returns the page of the only person or case found.
    fn only(&self) -> Option<String> {
        let [subject] = self.subjects.as_slice() else {
            return None;
        };
        let reference = self
            .attempt
            .as_ref()
            .map(|attempt| attempt.reference.as_str());
        let query = reference.map_or(String::new(), |reference| {
            format!("?{}", query(&[(REFERENCE, reference)]))
        });
        Some(format!("{}{query}", path(subject)))
    }
}

fn path(subject: &Subject) -> String {
    match subject {
        Subject::Person(userid) => staff_path(userid.as_str()),
        Subject::Case(id) => format!("/admin/unmatched/{id}"),
    }
}

async fn search(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    lang: Lang,
    list_query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let list = LIST.request(&list_query)?;
    let search = Search {
        q: list_query.q().to_owned(),
        scope: viewer.scope(),
        contacts: viewer.contacts(),
    };
    let read = ctx
        .db
        .read(async |conn| SearchResult::read(conn, &search).await);
    let found = read.await?;
    if let Some(path) = found.only() {
        return Ok(see_other(&path));
    }
    // The one beyond the limit only shows that there are more.
    let shown = found
        .subjects
        .get(..search::MOST)
        .unwrap_or(&found.subjects);
    let subjects = list.paging.cut(shown);
    let read = ctx.db.read(async |conn| hits(conn, subjects, lang).await);
    let hits = read.await?;
    let pager = list.pager_up_to(search::MOST, found.subjects.len());
    let now = viewer.user.now;
    let page = |layout: Layout, list: ListPage<HitView>| SearchPage {
        t: SearchTexts::of(lang),
        reference: request_id::parse(&search.q).filter(|_| found.attempt.is_none()),
        attempt: found
            .attempt
            .map(|attempt| AttemptView::new(&attempt, false, now, lang)),
        staff_href: format!("/admin/staff?{}", query(&[("q", &search.q)])),
        review_href: format!("/admin/unmatched?{}", query(&[("q", &search.q)])),
        list,
        layout,
    };
    list.respond(&viewer, &ctx, &request, pager, hits, page)
        .await
}

/// Returns people and cases as rows of the list; those deleted since are missing.
async fn hits(
    conn: &mut Conn,
    subjects: &[Subject],
    lang: Lang,
) -> Result<Vec<HitView>, StoreError> {
    let userids = subjects.iter().filter_map(|subject| match subject {
        Subject::Person(userid) => Some(userid.as_str().to_owned()),
        Subject::Case(_) => None,
    });
    let case_ids = subjects.iter().filter_map(|subject| match subject {
        Subject::Case(id) => Some(*id),
        Subject::Person(_) => None,
    });
    let (userids, case_ids): (Vec<_>, Vec<_>) = (userids.collect(), case_ids.collect());
    // Both keep the order, in which all people come before the cases.
    let people = staff_list::rows(conn, &userids).await?;
    let cases = unmatched::listed(conn, &case_ids).await?;
    let people = people.into_iter().map(person_view);
    let cases = cases.into_iter().map(|case| case_view(case, lang));
    Ok(people.chain(cases).collect())
}

fn person_view(row: Row) -> HitView {
    let userid = row.userid.into_string();
    HitView {
        href: staff_path(&userid),
        name: Some(row.name)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| userid.clone()),
        avatar: row.avatar,
        departments: row.departments.join(" · "),
        title: row.title,
        job_number: row.job_number,
        is_employed: Some(row.status == Status::Employed),
        state: None,
        userid: Some(userid),
    }
}

/// Returns a case with what DingTalk's directory says of its person.
fn case_view(ListedCase { case, person }: ListedCase, lang: Lang) -> HitView {
    let state = ReviewTexts::of(lang).state_words(case.state);
    let nick = display_name(&case);
    let name = person.as_ref().and_then(|person| person.name.clone());
    let departments = person.as_ref().map(|person| person.departments.join(" · "));
    HitView {
        href: path(&Subject::Case(case.id)),
        name: name.filter(|name| !name.is_empty()).unwrap_or(nick),
        departments: departments.unwrap_or_default(),
        avatar: person.as_ref().and_then(|person| person.avatar.clone()),
        job_number: person.as_ref().and_then(|person| person.job_number.clone()),
        title: person.and_then(|person| person.title),
        is_employed: None,
        state: Some(interpolate(
            SearchTexts::of(lang).case,
            &[("state", &state)],
        )),
        userid: case.userid.map(UserId::into_string),
    }
}
