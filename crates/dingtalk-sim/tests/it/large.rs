use std::collections::{HashMap, HashSet};

use dingtalk_sim::{SimConfig, company};
use serde_json::{Value, json};

use crate::support::Caller;

fn large(departments: usize, people: usize) -> Caller {
    Caller::with(SimConfig {
        calls_per_second: 1_000_000,
        directory: Some(company::large(departments, people).unwrap()),
        ..SimConfig::default()
    })
}

/// All records of one department, page by page.
async fn members(caller: &Caller, dept_id: i64) -> Vec<Value> {
    let (mut members, mut cursor) = (Vec::new(), json!(0));
    loop {
        let ask = json!({"dept_id": dept_id, "cursor": cursor, "size": 100});
        let mut page = caller.result("v2/user/list", ask).await;
        members.extend(page["list"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return members;
        }
        cursor = page["next_cursor"].take();
    }
}

#[actix_web::test]
async fn a_large_company_is_read_whole_by_pages() {
    let caller = large(30, 1500);
    let (mut open, mut seen) = (vec![1], HashMap::<String, usize>::new());
    let mut departments = 0;
    while let Some(dept_id) = open.pop() {
        departments += 1;
        let below = caller
            .result("v2/department/listsub", json!({"dept_id": dept_id}))
            .await;
        open.extend(
            below
                .as_array()
                .unwrap()
                .iter()
                .map(|d| d["dept_id"].as_i64().unwrap()),
        );
        for person in members(&caller, dept_id).await {
            *seen
                .entry(person["userid"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    assert_eq!((departments, seen.len()), (31, 1500));
    let people = caller.sim.people();
    assert!(
        people
            .iter()
            .all(|p| seen[&p.userid] == p.memberships.len())
    );
    let crowd = caller
        .result("v2/department/get", json!({"dept_id": 1}))
        .await;
    assert_eq!(crowd["member_count"], 1500);
}

#[actix_web::test]
async fn many_change_without_an_event() {
    let caller = large(10, 300);
    let bulk = json!({"change": 20, "dismiss": 10, "hire": 5});
    let told = caller.post("/sim/api/people-bulk", &bulk).await;
    let count = |key: &str| told[key].as_array().unwrap().len();
    assert_eq!((count("changed"), count("hired")), (20, 5));
    assert_eq!(caller.sim.people().len(), 300 - count("dismissed") + 5);
    let gone = told["dismissed"][0].clone();
    assert_eq!(
        caller.refused("v2/user/get", json!({"userid": gone})).await,
        60121
    );
    let changed: HashSet<_> = caller
        .sim
        .change_many_quietly(30)
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(changed.len(), 30);
    assert_eq!(
        caller.sim.dismiss_many_quietly(3).unwrap().len(),
        2,
        "the administrator stays"
    );
    assert_eq!(caller.sim.hire_many_quietly(4).unwrap().len(), 4);
    assert!(caller.sim.events().is_empty());
}

#[actix_web::test]
async fn pages_show_a_part_of_a_large_company_and_find_anybody() {
    let caller = large(10, 2500);
    let last = company::large_userid(2499);
    let (_, _, page) = caller.page("/").await;
    assert!(page.contains("2500") && !page.contains(&last));
    let (_, _, page) = caller.page(&format!("/?q={last}")).await;
    assert!(page.contains(&format!("/sim/people/{last}")));
    let (_, _, page) = large(300, 1).page("/sim/departments").await;
    assert!(page.contains("共 301 个部门，只显示 200 个"));
    let app = &caller.sim.config().login_app_id;
    let query = crate::support::encode(&[
        ("appid", app),
        ("response_type", "code"),
        ("scope", "snsapi_login"),
        ("state", "s"),
        ("redirect_uri", "http://127.0.0.1/back"),
    ]);
    let (status, _, page) = caller.page(&format!("/connect/qrconnect?{query}")).await;
    assert_eq!((status, page.matches("class=\"who\"").count()), (200, 1000));
}
