//! That every page of documentation exists in English and in Chinese, and that both have the same sections.

use super::pages::{self, CHINESE, chinese_of, english_of, read};
use super::sections::{Section, sections};

/// Pages that `make bench` writes: the Chinese page explains how to read the numbers.
const GENERATED: [&str; 1] = ["docs/benchmarks.md"];

/// Pages that are also shown where a link to another file leads nowhere: docs.rs.
const WITHOUT_LINK: [&str; 1] = ["crates/dingtalk/README.md"];

/// A section with less text than this may be no more than the link to the other language.
const SHORT: usize = 40;

#[test]
fn every_page_exists_in_both_languages() {
    let translated = pages::translated();
    for page in &translated {
        let chinese = chinese_of(page);
        assert!(pages::exists(&chinese), "{page} has no {chinese}");
    }
    for page in pages::all().iter().filter(|page| page.ends_with(CHINESE)) {
        assert!(
            translated.contains(&english_of(page)),
            "{page} has no page in English"
        );
    }
}

#[test]
fn each_page_begins_with_a_link_to_the_other_language() {
    for page in pages::translated() {
        let chinese = chinese_of(&page);
        assert_eq!(third_line(&chinese), format!("[English]({})", name(&page)));
        if !GENERATED.contains(&&*page) && !WITHOUT_LINK.contains(&&*page) {
            assert_eq!(third_line(&page), format!("[中文]({})", name(&chinese)));
        }
    }
}

#[test]
fn both_languages_have_the_same_sections() {
    for page in pages::translated() {
        if GENERATED.contains(&&*page) {
            continue;
        }
        let faults = differences(&read(&page), &read(&chinese_of(&page)));
        assert!(faults.is_empty(), "{page}: {faults:#?}");
    }
}

#[test]
fn what_is_missing_in_one_language_is_found() {
    let english = "# A\n\nB sets `make db` and `DINGGATE_LOG`, as follows.\n\n## C\n\n- d\n\n| e | f |\n| --- | --- |\n\
                   | `g` | `h` |\n\n```\ni # j\n```\n";
    let chinese = "# 甲\n\n乙设置 `make db` 和 `DINGGATE_LOG`。\n\n## 丙\n\n- 丁\n\n| 戊 | 己 |\n| --- | --- |\n\
                   | `g` | `h` |\n\n```\ni # 庚\n```\n";
    assert_eq!(differences(english, chinese), [""; 0]);
    for (had, has) in [
        ("## 丙\n", ""),
        ("## 丙", "### 丙"),
        ("- 丁\n", ""),
        ("| `g` | `h` |\n", ""),
        ("`g`", "`k`"),
        ("`h`", "`k`"),
        ("i # 庚", "k # 庚"),
        ("`make db`", ""),
        ("`DINGGATE_LOG`", ""),
    ] {
        let changed = chinese.replacen(had, has, 1);
        assert!(!differences(english, &changed).is_empty(), "{had} → {has}");
    }
    assert!(!differences(english, english).is_empty(), "not translated");
}

/// What one language has and the other lacks.
fn differences(english: &str, chinese: &str) -> Vec<String> {
    let (english, chinese) = (sections(english), sections(chinese));
    let levels = |page: &[Section]| page.iter().map(|section| section.level).collect::<Vec<_>>();
    if levels(&english) != levels(&chinese) {
        return vec![format!(
            "headings: {:?} but {:?}",
            titles(&english),
            titles(&chinese)
        )];
    }
    let pairs = english.iter().zip(&chinese);
    pairs
        .flat_map(|(english, chinese)| faults_of(english, chinese))
        .collect()
}

fn titles(page: &[Section]) -> Vec<&str> {
    page.iter().map(|section| &*section.title).collect()
}

fn faults_of(english: &Section, chinese: &Section) -> Vec<String> {
    let mut faults = Vec::new();
    if english.rows != chinese.rows {
        let same = english
            .rows
            .iter()
            .zip(&chinese.rows)
            .take_while(|(a, b)| a == b);
        let at = same.count();
        faults.push(format!(
            "row {at}: {:?} but {:?}",
            english.rows.get(at),
            chinese.rows.get(at)
        ));
    }
    if english.items != chinese.items {
        faults.push(format!("items: {} but {}", english.items, chinese.items));
    }
    if !are_same_blocks(&english.blocks, &chinese.blocks) {
        faults.push(format!(
            "code: {:?} but {:?}",
            english.blocks, chinese.blocks
        ));
    }
    let names: Vec<_> = english.names.symmetric_difference(&chinese.names).collect();
    if !names.is_empty() {
        faults.push(format!("only one names {names:?}"));
    }
    if english.prose.len() > SHORT && !chinese.prose.chars().any(is_chinese) {
        faults.push("not in Chinese".to_owned());
    }
    let title = &english.title;
    faults
        .into_iter()
        .map(|fault| format!("{title:?}: {fault}"))
        .collect()
}

/// Comments, and the labels of diagrams, are in the page's language.
fn are_same_blocks(english: &[Vec<String>], chinese: &[Vec<String>]) -> bool {
    english.len() == chinese.len()
        && english.iter().zip(chinese).all(|(english, chinese)| {
            let is_diagram = english[0] == "```mermaid";
            english.len() == chinese.len()
                && english[0] == chinese[0]
                && english.iter().zip(chinese).all(|(english, chinese)| {
                    is_diagram
                        || english == chinese
                        || chinese.chars().any(is_chinese) && code(english) == code(chinese)
                })
        })
}

/// A line of code without its comment.
fn code(line: &str) -> &str {
    let end = ["# ", "// "]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min();
    line[..end.unwrap_or(line.len())].trim_end()
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn third_line(page: &str) -> String {
    read(page).lines().nth(2).unwrap_or_default().to_owned()
}

fn name(page: &str) -> &str {
    page.rsplit('/').next().unwrap_or(page)
}
