//! The page of the form, with the data it needs.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::AppForm;
use crate::context::Context;
use crate::domain::app::{COLOURS, FieldError, ICONS};
use crate::domain::ids::DeptId;
use crate::domain::rights::Scope;
use crate::http::admin::apps::people_href;
use crate::http::error::AppError;
use crate::http::extract::Admin;
use crate::http::layout::{Layout, html};
use crate::store::StoreError;
use crate::store::app::{self, AppRow};
use crate::store::department::{self, DepartmentName, DepartmentRow};
use crate::text::admin_apps::AppTexts;
use crate::text::interpolate;

/// Maximum number of departments in a search result.
const FOUND: i64 = 30;

#[derive(Template)]
#[template(path = "admin/app_form.html")]
struct FormPage {
    layout: Layout,
    t: &'static AppTexts,
    /// The app being edited; `None` for a new one.
    old: Option<OldApp>,
    action: String,
    form: AppForm,
    icons: Vec<Swatch>,
    colours: Vec<Swatch>,
    chosen: Vec<DepartmentBox>,
    found: Option<FormData>,
    /// How many people are in the chosen departments.
    people: String,
    faults: Vec<FieldErrorView>,
}

impl FormPage {
    /// Returns the error message of a field, or `None` if it is valid.
    fn fault(&self, field: &str) -> Option<&'static str> {
        let fault = self.faults.iter().find(|fault| fault.field == field);
        fault.map(|fault| fault.text)
    }
}

struct OldApp {
    id: i64,
    name: String,
    people_href: String,
    sees: String,
    delete_ask: String,
}

struct Swatch {
    value: &'static str,
    label: &'static str,
    is_chosen: bool,
}

struct DepartmentBox {
    id: DeptId,
    name: String,
    /// The path to it; empty for the root.
    parents: String,
    /// How many people are in it or below it; only in search results.
    people: Option<String>,
}

/// The search results that are not yet chosen.
struct FormData {
    boxes: Vec<DepartmentBox>,
    more: Option<String>,
}

struct FieldErrorView {
    /// The id of the first control of the field.
    field: &'static str,
    text: &'static str,
}

/// The stored data that the page needs.
struct FormOptions {
    old: Option<AppRow>,
    chosen: Vec<DepartmentName>,
    found: Vec<DepartmentRow>,
    total: i64,
    people: i64,
}

async fn known(ctx: &Context, id: Option<i64>, form: &AppForm) -> Result<FormOptions, AppError> {
    let (q, chosen) = (form.search(), Vec::from_iter(form.departments.clone()));
    let is_search = form.is_search();
    let known = ctx.db.read(async |conn| {
        Ok::<_, StoreError>(FormOptions {
            old: match id {
                Some(id) => app::find(conn, id).await?,
                None => None,
            },
            chosen: department::names(conn, &chosen).await?,
            found: if is_search {
                department::list(conn, &q, &Scope::All, FOUND, 0).await?
            } else {
                Vec::new()
            },
            total: department::count(conn, &q, &Scope::All).await?,
            people: app::audience(conn, &chosen).await?,
        })
    });
    Ok(known.await?)
}

/// Returns the filled-in form, with its errors.
pub(super) async fn page(
    admin: &Admin,
    ctx: &Context,
    request: &HttpRequest,
    id: Option<i64>,
    mut form: AppForm,
    faults: &[FieldError],
) -> Result<HttpResponse, AppError> {
    let layout = admin.layout(ctx, request).await?;
    let t = AppTexts::of(layout.lang);
    let known = known(ctx, id, &form).await?;
    if id.is_some() && known.old.is_none() {
        return Err(AppError::NotFound);
    }
    let found = form.is_search().then(|| found(&known, &form, t));
    form.searched = form.search();
    let page = FormPage {
        action: id.map_or_else(
            || "/admin/apps/new".to_owned(),
            |id| format!("/admin/apps/{id}"),
        ),
        icons: swatches(&ICONS, &form.icon, |name| t.icon_words(name)),
        colours: swatches(&COLOURS, &form.colour, |name| t.colour_words(name)),
        chosen: chosen(known.chosen, &form.departments, t),
        found,
        people: number(t.would_see_one, t.would_see_many, known.people),
        old: known.old.map(|row| old(row, t)),
        faults: faults.iter().map(|fault| error_view(*fault, t)).collect(),
        form,
        t,
        layout,
    };
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    Ok(html(status, &page))
}

fn swatches(
    names: &[&'static str],
    chosen: &str,
    words: impl Fn(&str) -> &'static str,
) -> Vec<Swatch> {
    let swatch = |name: &&'static str| Swatch {
        value: name,
        label: words(name),
        is_chosen: *name == chosen,
    };
    names.iter().map(swatch).collect()
}

/// Returns the selected departments, including those that no longer exist.
fn chosen(
    named: Vec<DepartmentName>,
    ids: &BTreeSet<DeptId>,
    t: &'static AppTexts,
) -> Vec<DepartmentBox> {
    let known: BTreeSet<DeptId> = named.iter().map(|named| named.dept_id).collect();
    let gone = ids.difference(&known).map(|id| DepartmentBox {
        id: *id,
        name: interpolate(t.gone_department, &[("id", id)]),
        parents: String::new(),
        people: None,
    });
    named
        .into_iter()
        .map(|named| DepartmentBox {
            id: named.dept_id,
            name: named.name,
            parents: named.parents.join(" / "),
            people: None,
        })
        .chain(gone)
        .collect()
}

fn found(known: &FormOptions, form: &AppForm, t: &'static AppTexts) -> FormData {
    let others = known
        .found
        .iter()
        .filter(|row| !form.departments.contains(&row.dept_id));
    let boxes = others.map(|row| DepartmentBox {
        id: row.dept_id,
        name: row.name.clone(),
        parents: row.parents.join(" / "),
        people: Some(number(t.one_person, t.many_people, row.whole_count)),
    });
    FormData {
        boxes: boxes.collect(),
        more: (known.total > FOUND)
            .then(|| interpolate(t.more_found, &[("n", &known.total), ("shown", &FOUND)])),
    }
}

fn old(row: AppRow, t: &'static AppTexts) -> OldApp {
    let ask = match (row.is_shown, row.audience) {
        (false, _) | (true, 0) => t.delete_ask_hidden,
        (true, 1) => t.delete_ask_one,
        (true, _) => t.delete_ask,
    };
    OldApp {
        id: row.id,
        people_href: people_href(row.id, row.is_for_all),
        sees: number(t.sees_one, t.sees_many, row.audience),
        delete_ask: interpolate(ask, &[("name", &row.name), ("n", &row.audience)]),
        name: row.name,
    }
}

/// Returns a sentence with a number of people.
fn number(one: &str, many: &str, n: i64) -> String {
    interpolate(if n == 1 { one } else { many }, &[("n", &n)])
}

fn error_view(fault: FieldError, t: &'static AppTexts) -> FieldErrorView {
    let field = match fault {
        FieldError::NameMissing | FieldError::NameTooLong => "name",
        FieldError::AddressMissing
        | FieldError::AddressTooLong
        | FieldError::NotAnAddress
        | FieldError::NotHttps
        | FieldError::Credentials => "address",
        FieldError::DescriptionTooLong => "description",
        FieldError::UnknownIcon => "icon",
        FieldError::UnknownColour => "colour",
        FieldError::NoDepartment => "audience-all",
    };
    FieldErrorView {
        field,
        text: t.fault(fault),
    }
}
