//! Tests of the parent module.

use super::*;
use crate::text::lang::Lang;

pub(super) const LIST: ListSpec = ListSpec {
    filters: &[("state", "waiting"), ("type", ALL)],
    columns: &["at"],
    parameter: Some(("view", "list")),
    ..ListSpec::PLAIN
};

pub(super) fn page(query: &str) -> ListPage<i64> {
    let request = LIST.request(&ListQuery::parse(Lang::En, query)).unwrap();
    let pager = request.pager(2);
    let page = request.page(
        &Layout::new(Lang::En, None, "/list"),
        "/list",
        pager,
        vec![1, 2],
    );
    page.with_filter("state", "State", [("waiting", "Waiting"), ("done", "Done")])
        .with_filter("type", "Type", [("leave", "Leave")])
}

fn selected(page: &ListPage<i64>) -> Vec<String> {
    let filters = page.filters.iter();
    let choices = filters.flat_map(|filter| filter.choices.iter());
    let selected = choices.filter(|choice| choice.is_selected);
    selected.map(|choice| choice.value.to_string()).collect()
}

#[test]
fn a_filter_at_its_default_is_no_filter() {
    for query in ["", "state=waiting&type=all", "state=&type="] {
        let page = page(query);
        assert!(!page.is_filtered, "{query}");
        assert_eq!(selected(&page), ["", ""], "{query}");
        assert_eq!(page.exports[1].1, "/list.csv?view=list");
    }
}

#[test]
fn every_link_keeps_the_filters_and_only_the_pages_keep_the_order() {
    let page = page("q=a%26b&state=all&type=leave&sort=at&dir=desc&page=2&per_page=1");
    assert!(page.is_filtered);
    assert_eq!(selected(&page), [ALL, "leave"]);
    let filters = "q=a%26b&state=all&type=leave&view=list";
    let ordered = format!("{filters}&sort=at&dir=desc");
    assert_eq!(page.exports[0].1, format!("/list.xlsx?{ordered}"));
    assert_eq!(
        page.pager.previous(),
        Some(format!("?{ordered}&per_page=1"))
    );
    let head = format!("?{filters}&per_page=1&sort=at&dir=asc");
    assert_eq!(page.sorting.href("at"), head);
    assert_eq!(
        page.hidden,
        [("view", "list"), ("sort", "at"), ("dir", "desc")]
    );
}
