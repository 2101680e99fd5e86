//! Old and new values in words.

use super::*;
use crate::text::lang::Lang;

fn change(field: &str, old: &str, new: &str) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
    }
}

fn names() -> Names {
    Names::from([(1, "示例公司".to_owned()), (20, "财务部".to_owned())])
}

/// Returns `label: old > new`, one per line.
fn shown(field: &str, old: &str, new: &str) -> String {
    let change = change(field, old, new);
    let lines = lines(
        PlanTexts::of(Lang::En),
        &change,
        field == "parent_id",
        &names(),
    );
    let words: Vec<_> = lines
        .into_iter()
        .map(|line| format!("{}: {} > {}", line.label, line.old, line.new))
        .collect();
    words.join("\n")
}

#[test]
fn plain_fields_keep_their_values_and_get_a_name() {
    assert_eq!(shown("title", "", "经理"), "Title:  > 经理");
    assert_eq!(shown("mobile", "138", ""), "Mobile: 138 > ");
    assert_eq!(shown("later_field", "a", "b"), "later_field: a > b");
}

#[test]
fn a_date_is_the_day_in_china_and_a_picture_is_not_an_address() {
    assert_eq!(
        shown("hired_date", "", "2026-11-21T16:30:00+00:00"),
        "Hired:  > 2026-11-22"
    );
    assert_eq!(shown("hired_date", "soon", ""), "Hired: soon > ");
    assert_eq!(
        shown("avatar", "https://a.example/1", "https://a.example/2"),
        "Picture:  > replaced"
    );
}

#[test]
fn departments_are_told_as_what_happens_to_the_person() {
    assert_eq!(
        shown(
            "departments",
            "1, 30",
            "1 (leader), 20 (order 176292748870660512, leader)"
        ),
        "Leaves:  > Department 30\nJoins:  > 财务部 (leader)\nNow leads:  > 示例公司"
    );
    assert_eq!(
        shown(
            "departments",
            "20 (order 5, leader)",
            "20 (order 176292748870660512)"
        ),
        "Leads no more:  > 财务部\nOrder in 财务部: 5 > 176292748870660512"
    );
    assert_eq!(shown("departments", "", "20"), "Joins:  > 财务部");
    assert_eq!(
        shown("departments", "20", "somewhere"),
        "Departments: 20 > somewhere"
    );
}

#[test]
fn a_state_is_told_in_words() {
    assert_eq!(
        shown("status", "left", "employed"),
        "State: left > employed"
    );
    let t = PlanTexts::of(Lang::Zh);
    let name = change("name", "甲组", "乙组");
    assert_eq!(lines(t, &name, true, &names())[0].label, "名称");
    assert_eq!(lines(t, &name, false, &names())[0].label, "姓名");
}

#[test]
fn a_moved_department_names_its_parents() {
    assert_eq!(shown("parent_id", "1", "20"), "Parent: 示例公司 > 财务部");
    assert_eq!(shown("parent_id", "", "77"), "Parent:  > Department 77");
}

#[test]
fn the_departments_that_need_a_name_are_found() {
    assert_eq!(
        departments_of(&change("departments", "1, 30 (order 1)", "20 (leader)")),
        [1, 30, 20]
    );
    assert_eq!(departments_of(&change("parent_id", "", "77")), [77]);
    assert_eq!(departments_of(&change("title", "1", "2")), [0_i64; 0]);
}
