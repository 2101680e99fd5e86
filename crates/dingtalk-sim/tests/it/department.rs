use dingtalk_sim::{Scope, company};
use serde_json::{Value, json};

use crate::support::Caller;

#[actix_web::test]
async fn one_level_is_listed_and_the_root_is_nobodys_child() {
    let caller = Caller::new();
    let directory = caller.sim.directory();
    let root = caller
        .result("v2/department/listsub", json!({"dept_id": 1}))
        .await;
    assert_eq!(
        root,
        caller.result("v2/department/listsub", json!({})).await
    );
    let root = root.as_array().unwrap();
    assert_eq!(root.len(), 6);
    assert!(
        root.iter()
            .all(|child| child["parent_id"] == 1 && child["dept_id"] != 1)
    );
    let centre = directory.department_named("技术中心").unwrap().dept_id;
    let children = caller
        .result("v2/department/listsub", json!({"dept_id": centre}))
        .await;
    assert_eq!(
        children[0],
        json!({"dept_id": 410_020_011, "name": "平台研发组", "parent_id": centre,
               "create_dept_group": true, "auto_add_user": true})
    );
    let ids = caller
        .result("v2/department/listsubid", json!({"dept_id": centre}))
        .await;
    assert_eq!(
        ids["dept_id_list"].as_array().unwrap().len(),
        children.as_array().unwrap().len()
    );
}

#[actix_web::test]
async fn a_walk_from_the_root_meets_everybody() {
    let caller = Caller::new();
    let (mut open, mut met) = (vec![1], std::collections::BTreeSet::new());
    let token = caller.token().await;
    let call = async |path: &str, body: Value| {
        let answer = caller
            .post(&format!("/topapi/{path}?access_token={token}"), &body)
            .await;
        assert_eq!(answer["errcode"], 0, "{answer}");
        answer["result"].clone()
    };
    while let Some(dept_id) = open.pop() {
        let children = call("v2/department/listsub", json!({"dept_id": dept_id})).await;
        open.extend(
            children
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["dept_id"].as_i64().unwrap()),
        );
        let ask =
            json!({"dept_id": dept_id, "cursor": 0, "size": 100, "contain_access_limit": true});
        let page = call("v2/user/list", ask).await;
        let ids = page["list"].as_array().unwrap().iter();
        met.extend(ids.map(|entry| entry["userid"].as_str().unwrap().to_owned()));
    }
    let people = caller.sim.people().into_iter().map(|p| p.userid).collect();
    assert_eq!(met, people);
}

#[actix_web::test]
async fn a_department_has_the_documented_fields() {
    let caller = Caller::new();
    let centre = caller
        .sim
        .directory()
        .department_named("技术中心")
        .unwrap()
        .clone();
    let record = caller
        .result("v2/department/get", json!({"dept_id": centre.dept_id}))
        .await;
    for (key, value) in [
        ("dept_id", json!(centre.dept_id)),
        ("name", json!("技术中心")),
        ("parent_id", json!(1)),
        ("order", json!(centre.order)),
        (
            "dept_manager_userid_list",
            json!([company::TWO_DEPARTMENTS]),
        ),
        ("owning_member_count", json!(1)),
        ("hide_dept", json!(false)),
        ("outer_permit_depts", json!([])),
    ] {
        assert_eq!(record[key], value, "{key}");
    }
    assert!(record["member_count"].as_i64() > Some(15));
    let root = caller
        .result("v2/department/get", json!({"dept_id": 1}))
        .await;
    assert_eq!(
        (&root["name"], root.get("parent_id")),
        (&json!(company::NAME), None)
    );
    let people = i64::try_from(caller.sim.people().len()).unwrap();
    assert_eq!(root["member_count"], people);
}

#[actix_web::test]
async fn bad_unknown_and_unreadable_departments_are_refused() {
    let caller = Caller::new();
    let all = [
        "v2/department/get",
        "v2/department/listsub",
        "v2/department/listsubid",
    ];
    for path in all {
        for (dept_id, code) in [
            (json!("x"), 400_002),
            (json!(-7), 40009),
            (json!(0), 40009),
            (json!(99), 60003),
        ] {
            assert_eq!(
                caller.refused(path, json!({"dept_id": dept_id})).await,
                code,
                "{path} {dept_id}"
            );
        }
    }
    for path in ["v2/department/get", "v2/department/listsubid"] {
        assert_eq!(caller.refused(path, json!({})).await, 400_002);
    }
    for path in ["v2/department/get", "v2/department/listsub"] {
        assert_eq!(
            caller
                .refused(path, json!({"dept_id": 1, "language": "x"}))
                .await,
            400_002
        );
    }
    let centre = caller
        .sim
        .directory()
        .department_named("技术中心")
        .unwrap()
        .dept_id;
    caller.sim.set_scope(Scope::departments(&[centre]));
    assert_eq!(
        caller
            .refused("v2/department/listsub", json!({"dept_id": 1}))
            .await,
        50004
    );
    assert_eq!(
        caller
            .refused("v2/department/get", json!({"dept_id": 1}))
            .await,
        50004
    );
    assert_eq!(
        caller
            .result("v2/department/listsub", json!({"dept_id": centre}))
            .await[0]["parent_id"],
        centre
    );
    let ids = caller
        .result("v2/department/listsubid", json!({"dept_id": 1}))
        .await;
    assert_eq!(
        ids["dept_id_list"].as_array().unwrap().len(),
        6,
        "ids do not obey the scope"
    );
}

#[actix_web::test]
async fn answers_follow_changes_of_departments() {
    let caller = Caller::new();
    let finance = caller
        .sim
        .directory()
        .department_named("财务部")
        .unwrap()
        .dept_id;
    let team = caller.sim.create_department("税务组", 1).unwrap().dept_id;
    caller.sim.move_department(team, finance).unwrap();
    caller.sim.rename_department(team, "税务部").unwrap();
    let children = caller
        .result("v2/department/listsub", json!({"dept_id": finance}))
        .await;
    assert_eq!(
        (&children[0]["dept_id"], &children[0]["name"]),
        (&json!(team), &json!("税务部"))
    );
    caller.sim.remove_department(team).unwrap();
    assert_eq!(
        caller
            .refused("v2/department/get", json!({"dept_id": team}))
            .await,
        60003
    );
}
