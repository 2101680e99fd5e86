//! What the search text of an empty list finds under other filters.

use super::{ListPage, ListRequest};
use crate::http::admin::list_query::ALL;
use crate::http::view::query;
use crate::text::interpolate;

impl ListRequest {
    /// Returns whether the list is empty although there is a search text, because of the other filters: the caller then
    /// counts what the text alone finds.
    pub fn is_hidden_by_filters(&self, total: i64) -> bool {
        let mut values = self.values.iter();
        let is_narrowed = values.any(|(_, value)| !value.is_empty() && value != ALL);
        total == 0 && !self.q.is_empty() && is_narrowed
    }
}

impl<R> ListPage<R> {
    /// Links to what the search text finds without the other filters: `count` rows, or none for no link.
    #[must_use]
    pub fn with_elsewhere(mut self, count: i64) -> Self {
        let parameter = self.request.spec.parameter;
        let all = self
            .request
            .spec
            .filters
            .iter()
            .filter(|filter| filter.1 != ALL && !filter.1.is_empty());
        let pairs = [("q", self.q.as_str())].into_iter();
        let pairs = pairs
            .chain(all.map(|filter| (filter.0, ALL)))
            .chain(parameter);
        let href = format!("?{}", query(&pairs.collect::<Vec<_>>()));
        let label = interpolate(self.t.elsewhere, &[("n", &count)]);
        self.elsewhere = (count > 0).then_some((href, label));
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::http::admin::list_page::tests::{LIST, page};
    use crate::http::admin::list_query::ListQuery;
    use crate::text::lang::Lang;

    #[test]
    fn an_empty_list_leads_to_what_the_text_finds_elsewhere() {
        let request = |query| LIST.request(&ListQuery::parse(Lang::En, query)).unwrap();
        assert!(request("q=a&type=leave").is_hidden_by_filters(0));
        for (query, total) in [
            ("q=a&type=leave", 1),
            ("q=a&state=all", 0),
            ("type=leave", 0),
        ] {
            assert!(!request(query).is_hidden_by_filters(total), "{query}");
        }
        let link = page("q=a%26b&type=leave")
            .with_elsewhere(3)
            .elsewhere
            .unwrap();
        assert_eq!(link.0, "?q=a%26b&state=all&view=list");
        assert_eq!(link.1, "3 found under other filters");
        assert_eq!(page("q=a&type=leave").with_elsewhere(0).elsewhere, None);
    }
}
