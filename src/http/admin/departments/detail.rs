//! One department: its path from the root, its leaders, its subdepartments and its people.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::branches::{self, Step};
use super::{path_of, people_href};
use crate::context::Context;
use crate::domain::ids::DeptId;
use crate::http::admin::last_page;
use crate::http::admin::links::staff_path;
use crate::http::admin::list_query::ListQuery;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::{Layout, html};
use crate::http::view::Pager;
use crate::store::department_tree::{self, Member};
use crate::store::{StoreError, staff};
use crate::text::admin_departments::DepartmentTexts;
use crate::text::time::TimeText;

#[derive(Template)]
#[template(path = "admin/department_detail.html")]
struct DepartmentPage {
    layout: Layout,
    t: &'static DepartmentTexts,
    id: DeptId,
    name: String,
    /// The departments above it, root first: path and name.
    way: Vec<(String, String)>,
    own: i64,
    whole: i64,
    people_href: String,
    looked: TimeText,
    leaders: Vec<MemberView>,
    below: usize,
    steps: Vec<Step>,
    left_out: usize,
    members: Vec<MemberView>,
    pager: Pager,
}

struct MemberView {
    href: String,
    userid: String,
    name: String,
    avatar: Option<String>,
    title: Option<String>,
    is_leader: bool,
}

/// Maximum number of leaders shown; more can be found among the department's people.
const LEADERS: i64 = 12;

// Long because it fills one struct, with one line for each fact of the page.
pub(super) async fn detail(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let id: DeptId = id.parse().map_err(|_| AppError::NotFound)?;
    let paging = query.paging();
    let found = ctx
        .db
        .read(async |conn| {
            let Some(observed_at) = department_tree::observed_at(conn, id).await? else {
                return Ok(None);
            };
            let tree = department_tree::tree(conn, &viewer.scope()).await?;
            let first = department_tree::members(conn, id, LEADERS, 0).await?;
            let (limit, offset) = (paging.per_page, paging.offset());
            let members = department_tree::members(conn, id, limit, offset).await?;
            let now = staff::now(conn).await?;
            Ok::<_, StoreError>(Some((now, observed_at, tree, first, members)))
        })
        .await?;
    let (now, observed_at, tree, first, members) = found.ok_or(AppError::NotFound)?;
    let node = tree.get(id).ok_or(AppError::NotFound)?;
    let pager = Pager::new(paging, node.own, "");
    if let Some(redirect) = last_page(&request, &pager) {
        return Ok(redirect);
    }
    let (steps, left_out) = branches::walk(&tree, &node.children);
    let above = tree.way_to(id).into_iter();
    let layout = viewer.layout(&ctx, &request).await?;
    let page = DepartmentPage {
        t: DepartmentTexts::of(layout.lang),
        id,
        name: node.name.clone(),
        way: above
            .map(|above| (path_of(above.dept_id), above.name.clone()))
            .collect(),
        own: node.own,
        whole: node.whole,
        people_href: people_href(id),
        looked: TimeText::new(observed_at, now, layout.lang),
        leaders: first
            .into_iter()
            .filter(|member| member.is_leader)
            .map(view)
            .collect(),
        below: tree.below(id),
        steps,
        left_out,
        members: members.into_iter().map(view).collect(),
        pager,
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}

fn view(member: Member) -> MemberView {
    let userid = member.userid.into_string();
    MemberView {
        href: staff_path(&userid),
        name: if member.name.is_empty() {
            userid.clone()
        } else {
            member.name
        },
        avatar: member.avatar,
        title: member.title,
        is_leader: member.is_leader,
        userid,
    }
}
