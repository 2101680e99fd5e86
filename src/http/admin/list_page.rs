//! One page for all lists of the administration: filters, order and paging in its URL, rows in a table.

mod elsewhere;

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::exports::export_links;
use super::last_page;
use super::list_query::{ALL, ListQuery};
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::extract::RoleHolder;
use crate::http::layout::{Layout, html};
use crate::http::view::{Choice, Pager, Paging, Sorting, order, query};
use crate::store::sort::Sort;
use crate::text::layout::CommonTexts;

/// What distinguishes one list from the others.
#[derive(Debug)]
pub struct ListSpec {
    /// The filters beside the search text, each with its default, which URLs omit.
    pub filters: &'static [(&'static str, &'static str)],
    /// The columns that can be sorted by.
    pub columns: &'static [&'static str],
    /// Those of them that are sorted in descending order when first chosen.
    pub descending: &'static [&'static str],
    /// The order shown without a requested one; `None` if no column has it.
    pub default_sort: Option<Sort>,
    /// A parameter that is part of every URL of the list.
    pub parameter: Option<(&'static str, &'static str)>,
}

impl ListSpec {
    /// A list that has a search text and pages, and nothing else.
    pub const PLAIN: Self = Self {
        filters: &[],
        columns: &[],
        descending: &[],
        default_sort: None,
        parameter: None,
    };

    /// Returns the view of this list that a query requests.
    pub fn request(&'static self, query: &ListQuery) -> Result<ListRequest, AppError> {
        let value = |&(name, default): &(&'static str, &'static str)| {
            let value = Some(query.text(name)).filter(|value| *value != default);
            (name, value.unwrap_or_default().to_owned())
        };
        Ok(ListRequest {
            spec: self,
            // A list without columns to sort by ignores the parameters, as any page ignores unknown ones.
            sort: match self.columns {
                [] => None,
                columns => query.sort(columns)?,
            },
            paging: query.paging(),
            q: query.q().to_owned(),
            values: self.filters.iter().map(value).collect(),
        })
    }
}

/// A requested view of a list.
#[derive(Debug)]
pub struct ListRequest {
    spec: &'static ListSpec,
    /// The requested order; `None` for the list's default.
    pub sort: Option<Sort>,
    pub paging: Paging,
    q: String,
    /// The filters with their values; empty at their default.
    values: Vec<(&'static str, String)>,
}

impl ListRequest {
    pub fn pager(&self, total: i64) -> Pager {
        Pager::new(self.paging, total, &self.query(self.sort))
    }

    /// Returns the pager of a list that is limited to `most` rows.
    pub fn pager_up_to(&self, most: usize, total: usize) -> Pager {
        Pager::up_to(most, self.paging, total, &self.query(self.sort))
    }

    /// Returns the page of the list, or redirects to the last page if one beyond it was requested.
    pub async fn respond<R, P: Template>(
        self,
        holder: &RoleHolder,
        ctx: &Context,
        request: &HttpRequest,
        pager: Pager,
        rows: Vec<R>,
        page: impl FnOnce(Layout, ListPage<R>) -> P,
    ) -> Result<HttpResponse, AppError> {
        if let Some(redirect) = last_page(request, &pager) {
            return Ok(redirect);
        }
        let layout = holder.layout(ctx, request).await?;
        let list = self.page(&layout, request.path(), pager, rows);
        Ok(html(StatusCode::OK, &page(layout, list)))
    }

    fn page<R>(self, layout: &Layout, path: &str, pager: Pager, rows: Vec<R>) -> ListPage<R> {
        let ordered = self.query(self.sort);
        let sort = self.sort.or(self.spec.default_sort);
        let unordered = self.query(None);
        ListPage {
            is_filtered: !self.q.is_empty() || self.values.iter().any(|(_, v)| !v.is_empty()),
            is_sortable: !self.spec.columns.is_empty(),
            sorting: Sorting::new(sort, self.spec.descending, &unordered, self.paging),
            hidden: self
                .spec
                .parameter
                .into_iter()
                .chain(order(self.sort))
                .collect(),
            exports: export_links(path, &ordered),
            q: self.q.clone(),
            filters: Vec::new(),
            elsewhere: None,
            t: layout.t,
            request: self,
            pager,
            rows,
        }
    }

    /// Returns the query of this view in an order.
    fn query(&self, sort: Option<Sort>) -> String {
        let mut pairs = vec![("q", self.q.as_str())];
        pairs.extend(
            self.values
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        pairs.extend(self.spec.parameter);
        pairs.extend(order(sort));
        query(&pairs)
    }
}

/// What the template of every list shows, with the rows of the page.
pub struct ListPage<R> {
    request: ListRequest,
    t: &'static CommonTexts,
    /// Where the search text finds something under other filters: a URL and its label.
    pub elsewhere: Option<(String, String)>,
    /// The search text.
    pub q: String,
    pub filters: Vec<ListFilter>,
    pub is_filtered: bool,
    pub is_sortable: bool,
    pub sorting: Sorting,
    /// What the filter form keeps.
    pub hidden: Vec<(&'static str, &'static str)>,
    /// The formats of its export: label and URL.
    pub exports: Vec<(&'static str, String)>,
    pub pager: Pager,
    pub rows: Vec<R>,
}

/// A select of the filter form.
pub struct ListFilter {
    pub name: &'static str,
    pub label: &'static str,
    pub choices: Vec<Choice>,
}

impl<R> ListPage<R> {
    /// Returns the value of a filter; empty at its default.
    pub fn value(&self, name: &str) -> &str {
        let mut values = self.request.values.iter();
        let value = values.find(|(filter, _)| *filter == name);
        value.map_or("", |(_, value)| value)
    }

    /// Adds the select of a filter, with a choice for all: the first one if it is the default.
    #[must_use]
    pub fn with_filter<V, L>(
        mut self,
        name: &'static str,
        label: &'static str,
        named: impl IntoIterator<Item = (V, L)>,
    ) -> Self
    where
        V: Into<Cow<'static, str>>,
        L: Into<Cow<'static, str>>,
    {
        let default = self
            .request
            .spec
            .filters
            .iter()
            .find(|filter| filter.0 == name);
        let default = default.map_or(ALL, |filter| filter.1);
        let mut pairs: Vec<(Cow<'static, str>, Cow<'static, str>)> = named
            .into_iter()
            .map(|(value, label)| (value.into(), label.into()))
            .collect();
        let current = match (self.value(name), default) {
            (value, ALL) => {
                pairs.insert(0, ("".into(), self.t.all.into()));
                value
            }
            (value, default) => {
                // Without a value, so that a form that leaves the default alone asks for no filter: a search may then
                // look everywhere.
                for (choice, _) in pairs.iter_mut().filter(|(choice, _)| choice == default) {
                    *choice = "".into();
                }
                pairs.push((ALL.into(), self.t.all.into()));
                value
            }
        };
        let choices = Choice::list(pairs, current);
        self.filters.push(ListFilter {
            name,
            label,
            choices,
        });
        self
    }

    /// Returns the page with its rows as they are shown.
    pub fn map<S>(self, row: impl FnMut(R) -> S) -> ListPage<S> {
        ListPage {
            request: self.request,
            t: self.t,
            elsewhere: self.elsewhere,
            q: self.q,
            filters: self.filters,
            is_filtered: self.is_filtered,
            is_sortable: self.is_sortable,
            sorting: self.sorting,
            hidden: self.hidden,
            exports: self.exports,
            pager: self.pager,
            rows: self.rows.into_iter().map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
