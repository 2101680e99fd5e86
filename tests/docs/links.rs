//! That the links between the pages lead to files and sections that exist.

use super::pages::{self, CHINESE, chinese_of, english_of, read};
use super::sections::heading;

#[test]
fn every_link_leads_to_a_file_and_a_section() {
    for page in pages::all() {
        for link in links(&read(&page)) {
            let (file, section) = link.split_once('#').unwrap_or((&link, ""));
            let file = if file.is_empty() {
                page.clone()
            } else {
                resolve(&page, file)
            };
            assert!(pages::exists(&file), "{page} links to {link}: no such file");
            if !section.is_empty() {
                let known = anchors(&read(&file));
                assert!(
                    known.iter().any(|anchor| anchor == section),
                    "{page} links to {link}: no such section among {known:?}"
                );
            }
        }
    }
}

#[test]
fn pages_in_chinese_link_to_pages_in_chinese() {
    for page in pages::all().iter().filter(|page| page.ends_with(CHINESE)) {
        let own = english_of(page);
        for link in links(&read(page)) {
            let file = resolve(page, link.split('#').next().unwrap_or_default());
            // To the other language, or to what only it has: a generated list.
            let is_own = file == own;
            let is_english = pages::is_page(&file) && !file.ends_with(CHINESE);
            assert!(
                is_own || !is_english || !pages::exists(&chinese_of(&file)),
                "{page} links to {link}, which exists in Chinese"
            );
        }
    }
}

#[test]
fn anchors_are_those_of_the_rendered_page() {
    let page = "# 5. Token、密钥 and `url`!\n\n## A – B\n\n```\n# no heading\n```\n\n## A – B\n";
    assert_eq!(anchors(page), ["5-token密钥-and-url", "a--b", "a--b-1"]);
}

/// The targets of links within this tree.
fn links(page: &str) -> Vec<String> {
    let text = lines_without_code(page).collect::<Vec<_>>().join("\n");
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .filter(|target| !target.contains("://"))
        .collect()
}

/// The names by which links lead to the headings of a page.
fn anchors(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, title) in lines_without_code(page).filter_map(heading) {
        let is_kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
        let title = title
            .to_lowercase()
            .chars()
            .filter(is_kept)
            .collect::<String>();
        let anchor = title.replace(' ', "-");
        let before = found.iter().filter(|known| **known == anchor).count();
        found.push(match before {
            0 => anchor,
            n => format!("{anchor}-{n}"),
        });
    }
    found
}

fn lines_without_code(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// A link's target, seen from the root.
fn resolve(page: &str, target: &str) -> String {
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in target
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path.join("/")
}
