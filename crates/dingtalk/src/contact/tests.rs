use chrono::DateTime;

use super::*;

fn membership(dept_id: DeptId, order: Option<i64>, is_leader: bool) -> Membership {
    Membership {
        dept_id,
        order,
        is_leader,
    }
}

/// A `v2/user/get` response, each value in the form that the fact sheet's table documents.
fn user_get() -> Value {
    json!({
        "userid": "zhangsan01", "unionid": "dem0Union1iE", "name": "张三", "avatar": "https://static.example.com/a.jpg",
        "mobile": "13800000001", "telephone": "", "job_number": "A-0042", "title": "会计", "email": "", "org_email": "zs@example.com",
        "dept_id_list": [410_020_033, 1, 1, -7],
        "dept_order_list": [{"dept_id": 410_020_033, "order": 176_292_748_870_660_513_i64}],
        "leader_in_dept": [{"dept_id": 410_020_033, "leader": true}],
        "hired_date": 1_600_000_000_000_i64, "active": true, "role_list": [{"id": 2_000_000_001, "name": "财务"}]
    })
}

#[test]
fn a_person_is_read_with_every_department() {
    let person = record::person(&user_get()).unwrap();
    assert_eq!(person.userid.as_str(), "zhangsan01");
    assert_eq!(person.unionid.unwrap().as_str(), "dem0Union1iE");
    assert_eq!(
        (
            person.name.as_str(),
            person.title.as_deref(),
            person.job_number.as_deref()
        ),
        ("张三", Some("会计"), Some("A-0042"))
    );
    assert_eq!(
        (person.mobile.as_deref(), person.email.as_deref()),
        (Some("13800000001"), Some("zs@example.com"))
    );
    assert_eq!(
        person.hired_date,
        DateTime::from_timestamp_millis(1_600_000_000_000)
    );
    let expected = [
        membership(1, None, false),
        membership(410_020_033, Some(176_292_748_870_660_513), true),
    ];
    assert_eq!(person.departments, expected);
}

#[test]
fn values_given_as_text_and_single_objects_mean_the_same() {
    let mut odd = user_get();
    let strings = json!({
        "dept_id_list": "[1,410020033]", "hired_date": "1600000000000",
        "dept_order_list": {"dept_id": "410020033", "order": "176292748870660513"},
        "leader_in_dept": "[{\"dept_id\":\"410020033\",\"leader\":\"true\"}]"
    });
    odd.as_object_mut()
        .unwrap()
        .extend(strings.as_object().unwrap().clone());
    assert_eq!(record::person(&odd), record::person(&user_get()));
}

#[test]
fn fields_that_a_missing_permission_hides_are_absent() {
    let person = record::person(&json!({"userid": "0158", "name": "李四", "email": "ls@example.com", "unionid": "", "title": {}})).unwrap();
    assert_eq!(person.email.as_deref(), Some("ls@example.com"));
    assert!(
        person.unionid.is_none()
            && person.mobile.is_none()
            && person.title.is_none()
            && person.departments.is_empty()
    );
}

#[test]
fn a_person_without_userid_or_name_or_with_an_unreadable_part_is_refused() {
    let broken = |name: &str, value: Value| {
        let mut record = user_get();
        record[name] = value;
        record::person(&record).unwrap_err()
    };
    assert_eq!(broken("userid", Value::Null), "userid");
    assert_eq!(broken("userid", json!("a\u{0}b")), "userid");
    assert_eq!(broken("name", json!("")), "name");
    assert_eq!(broken("unionid", json!({})), "unionid");
    assert_eq!(broken("dept_id_list", json!("[1,")), "dept_id_list");
    assert_eq!(broken("dept_id_list", json!([1, "x"])), "dept_id_list");
    assert_eq!(broken("leader_in_dept", json!("{")), "leader_in_dept");
    assert_eq!(record::person(&json!("text")).unwrap_err(), "userid");
}

#[test]
fn a_listed_person_has_order_and_leadership_of_the_listed_department_only() {
    let record = json!({"userid": "a", "name": "甲", "dept_id_list": [7, 3], "dept_order": "176292748870660513", "leader": "true"});
    let listed = record::listed_person(&record, 7).unwrap();
    assert!(listed.has_all_departments);
    assert_eq!(
        listed.person.departments,
        [
            membership(3, None, false),
            membership(7, Some(176_292_748_870_660_513), true)
        ]
    );
}

#[test]
fn the_listed_department_is_added_where_the_record_leaves_it_out() {
    let listed =
        record::listed_person(&json!({"userid": "a", "name": "甲", "dept_order": 5}), 7).unwrap();
    assert!(!listed.has_all_departments);
    assert_eq!(listed.person.departments, [membership(7, Some(5), false)]);
}

#[test]
fn a_page_tells_bad_records_from_good_ones_and_whose_they_are() {
    let page = user_page(&json!({"has_more": false, "list": [{"userid": "a", "name": "甲"}, {"userid": "b"}, {"name": "丙"}, null]}), 7).unwrap();
    let lacks: Vec<_> = page
        .people
        .iter()
        .map(|p| {
            p.as_ref()
                .err()
                .map(|bad| (bad.userid.as_deref(), bad.field))
        })
        .collect();
    assert_eq!(
        lacks,
        [
            None,
            Some((Some("b"), "name")),
            Some((None, "userid")),
            Some((None, "userid"))
        ]
    );
    assert_eq!(page.next_cursor, None);
}

#[test]
fn only_an_explicit_end_ends_the_paging() {
    let page = |value| user_page(&value, 7);
    assert_eq!(
        page(json!({"has_more": true, "next_cursor": "100", "list": []}))
            .unwrap()
            .next_cursor,
        Some(100)
    );
    assert_eq!(
        page(json!({"has_more": "false", "next_cursor": 9, "list": "[]"}))
            .unwrap()
            .next_cursor,
        None
    );
    assert_eq!(
        page(json!({"has_more": true, "list": []})),
        Err("next_cursor")
    );
    assert_eq!(
        page(json!({"next_cursor": 100, "list": []})),
        Err("has_more")
    );
    let missing_list = page(json!({"has_more": true, "next_cursor": 100}));
    assert_eq!(missing_list, Err("list"));
    assert_eq!(page(json!({})), Err("has_more"));
}

#[test]
fn children_without_a_parent_get_the_requested_one_and_home_school_ones_are_left_out() {
    let list = json!([{"dept_id": 5, "name": "财务部"}, {"dept_id": -7, "name": "家校"}, {"dept_id": "0", "name": "x"}, {"name": "无"}, {"dept_id": 6, "parent_id": "5"}]);
    let children = children(&list, 1).unwrap();
    let finance = Department {
        dept_id: 5,
        parent_id: Some(1),
        name: "财务部".to_owned(),
        order: None,
    };
    assert_eq!(
        children,
        [
            Ok(finance),
            Err(BadDepartment {
                dept_id: None,
                field: "dept_id"
            }),
            Err(BadDepartment {
                dept_id: Some(6),
                field: "name"
            })
        ]
    );
}

#[test]
fn the_root_has_no_parent() {
    for record in [
        json!({"dept_id": 1, "name": "公司"}),
        json!({"dept_id": "1", "name": "公司", "parent_id": 0}),
        json!({"dept_id": 1, "name": "公司", "parent_id": 1}),
    ] {
        assert_eq!(
            record::department(&record, None).unwrap().parent_id,
            None,
            "{record}"
        );
    }
}

#[test]
fn only_contact_type_zero_is_an_employee() {
    let contact = |kind: Value| contact(&json!({"userid": "a", "contact_type": kind}));
    assert!(contact(json!(0)).unwrap().is_internal && contact(json!("0")).unwrap().is_internal);
    assert!(!contact(json!(1)).unwrap().is_internal && !contact(json!(2)).unwrap().is_internal);
    assert_eq!(contact(Value::Null), Err("contact_type"));
}

#[test]
fn scopes_are_read_from_lists_and_text() {
    let read = |users: Value, departments: Value| {
        scopes(
            &json!({"errcode": 0, "auth_org_scopes": {"authed_user": users, "authed_dept": departments}}),
        )
    };
    let part = read(json!(["0158", 7, {}, null]), json!("[5, -7]")).unwrap();
    assert_eq!(part.departments, [5]);
    assert_eq!(part.users, ["0158", "7"]);
    assert_eq!(part.unreadable_users, 2);
    assert_eq!(read(json!("[7"), json!([5])), Err("authed_user"));
    assert_eq!(read(json!([]), json!(["x"])), Err("authed_dept"));
    assert_eq!(scopes(&json!({"errcode": 0})), Err("auth_org_scopes"));
}

#[test]
fn who_is_visible_alone_is_not_looked_at_where_everybody_is() {
    for users in [json!(["0158", {}]), json!("[7"), Value::Null] {
        let answer = json!({"auth_org_scopes": {"authed_user": users, "authed_dept": [1]}});
        let whole = scopes(&answer).unwrap();
        assert_eq!(whole.departments, [1]);
        assert!(whole.users.is_empty() && whole.unreadable_users == 0);
    }
}

#[test]
fn a_last_page_without_a_list_is_an_empty_one() {
    for value in [
        json!({"has_more": false}),
        json!({"has_more": "false", "list": null}),
        json!({"has_more": false, "list": []}),
    ] {
        let page = user_page(&value, 7).unwrap();
        assert!(page.people.is_empty() && page.next_cursor.is_none());
    }
    assert_eq!(
        user_page(&json!({"has_more": false, "list": "["}), 7),
        Err("list")
    );
}

#[test]
fn a_name_is_cut_to_its_maximum_length() {
    let endless = "名".repeat(5_000);
    let person = record::person(&json!({"userid": "a", "name": endless})).unwrap();
    assert_eq!(person.name.chars().count(), 200);
    let department = json!({"dept_id": 5, "name": endless});
    let department = record::department(&department, None).unwrap();
    assert_eq!(department.name.chars().count(), 200);
}
