use dingtalk_sim::{NewPerson, PersonChange, Scope, SimConfig, company};
use serde_json::{Value, json};

use crate::support::Caller;

#[actix_web::test]
async fn a_unionid_leads_to_an_employee_or_an_external_contact_only() {
    let caller = Caller::new();
    let unionid = caller.sim.person(company::LEADING_ZERO).unwrap().unionid;
    let find = |unionid: &str| json!({"unionid": unionid});
    assert_eq!(
        caller.result("user/getbyunionid", find(&unionid)).await,
        json!({"contact_type": 0, "userid": company::LEADING_ZERO})
    );
    assert_eq!(
        caller
            .result("user/getbyunionid", find(company::EXTERNAL_UNIONID))
            .await,
        json!({"contact_type": 1, "userid": company::EXTERNAL_USERID})
    );
    for unionid in [
        company::LEFT_UNIONID,
        company::STRANGER_UNIONID,
        "x",
        &unionid.to_lowercase(),
    ] {
        assert_eq!(
            caller.refused("user/getbyunionid", find(unionid)).await,
            60121,
            "{unionid}"
        );
    }
    assert_eq!(
        caller.refused("user/getbyunionid", json!({})).await,
        400_002
    );
    assert_eq!(caller.refused("user/getbyunionid", find("")).await, 400_002);
}

#[actix_web::test]
async fn a_record_has_the_documented_fields() {
    let caller = Caller::new();
    let record = caller
        .result("v2/user/get", json!({"userid": company::EMPLOYEE}))
        .await;
    let person = caller.sim.person(company::EMPLOYEE).unwrap();
    let place = &person.memberships[0];
    for (key, value) in [
        ("userid", json!("zhangsan01")),
        ("unionid", json!(person.unionid)),
        ("name", json!("张三")),
        ("title", json!("会计")),
        ("mobile", json!(person.mobile)),
        ("state_code", json!("86")),
        ("email", json!(person.email)),
        ("job_number", json!("A-0003")),
        ("dept_id_list", json!([place.dept_id])),
        (
            "dept_order_list",
            json!([{"dept_id": place.dept_id, "order": place.order}]),
        ),
        (
            "leader_in_dept",
            json!([{"dept_id": place.dept_id, "leader": false}]),
        ),
        ("hired_date", json!(person.hired_date)),
        ("manager_userid", json!(company::ACCESS_LIMITED)),
        ("active", json!(true)),
        ("admin", json!(false)),
        ("senior", json!(false)),
    ] {
        assert_eq!(record[key], value, "{key}");
    }
    assert!(record.get("avatar").is_none() && record.get("role_list").is_none());
}

#[actix_web::test]
async fn an_order_above_2_to_the_53_keeps_every_digit() {
    let caller = Caller::new();
    let record = caller
        .result("v2/user/get", json!({"userid": company::BIG_ORDER}))
        .await;
    let order = record["dept_order_list"][0]["order"].as_i64();
    assert_eq!(order, Some(176_292_748_870_660_513));
}

#[actix_web::test]
async fn fields_without_permission_are_absent() {
    let caller = Caller::with(SimConfig {
        may_read_mobile: false,
        may_read_email: false,
        ..SimConfig::default()
    });
    let record = caller
        .result("v2/user/get", json!({"userid": company::EMPLOYEE}))
        .await;
    for key in ["mobile", "state_code", "email", "org_email"] {
        assert!(record.get(key).is_none(), "{key}");
    }
}

#[actix_web::test]
async fn unknown_and_malformed_userids_are_refused() {
    let caller = Caller::new();
    for (ask, code) in [
        (json!({}), 400_002),
        (
            json!({"userid": company::EMPLOYEE, "language": "fr_FR"}),
            400_002,
        ),
        (json!({"userid": "two words"}), 33012),
        (json!({"userid": "x".repeat(65)}), 33012),
        (json!({"userid": "nobody"}), 60121),
        (json!({"userid": company::EMPLOYEE.to_uppercase()}), 60121),
        (json!({"userid": &company::LEADING_ZERO[1..]}), 60121),
        (json!({"userid": company::LEFT_USERID}), 60121),
        (json!({"userid": company::EXTERNAL_USERID}), 60121),
    ] {
        assert_eq!(
            caller.refused("v2/user/get", ask.clone()).await,
            code,
            "{ask}"
        );
    }
    let token = caller.token().await;
    let url = format!(
        "{}/topapi/v2/user/get?access_token={token}",
        caller.sim.url()
    );
    let answer: Value = caller
        .http
        .post(url)
        .body("no json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["errcode"], 400_002);
}

#[actix_web::test]
async fn an_in_app_code_tells_who_is_logged_in_once() {
    let caller = Caller::new();
    let person = caller.sim.person(company::ADMIN).unwrap();
    let code = caller.sim.in_app_code(&person.userid);
    let who = caller
        .result("v2/user/getuserinfo", json!({"code": code}))
        .await;
    assert_eq!(
        (
            &who["userid"],
            &who["name"],
            &who["unionid"],
            &who["sys"],
            &who["sys_level"]
        ),
        (
            &json!("manager4220"),
            &json!("林晓燕"),
            &json!(person.unionid),
            &json!(true),
            &json!(1)
        )
    );
    assert!(who["device_id"].is_string() && who["associated_unionid"].is_string());
    let expired = caller.sim.expired_in_app_code(&person.userid);
    let other_kind = caller.sim.sns_code(&person.unionid);
    for (ask, error) in [
        (json!({"code": code}), 40078),
        (json!({"code": expired}), 40078),
        (json!({"code": other_kind}), 40078),
        (json!({"code": "forged"}), 40078),
        (json!({}), 41026),
    ] {
        assert_eq!(caller.refused("v2/user/getuserinfo", ask).await, error);
    }
}

#[actix_web::test]
async fn an_in_app_code_of_one_who_has_left_meanwhile_is_refused() {
    let caller = Caller::new();
    let code = caller.sim.in_app_code(company::EMPLOYEE);
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    assert_eq!(
        caller
            .refused("v2/user/getuserinfo", json!({"code": code}))
            .await,
        60121
    );
}

fn finance(caller: &Caller) -> i64 {
    caller
        .sim
        .directory()
        .department_named("财务部")
        .unwrap()
        .dept_id
}

#[actix_web::test]
async fn a_department_is_listed_page_by_page() {
    let caller = Caller::new();
    let dept_id = finance(&caller);
    let all = caller
        .result(
            "v2/user/list",
            json!({"dept_id": dept_id, "cursor": 0, "size": 100}),
        )
        .await;
    assert_eq!(all["has_more"], false);
    assert!(all.get("next_cursor").is_none());
    let all = all["list"].as_array().unwrap().clone();
    let (mut cursor, mut paged) = (0, Vec::new());
    loop {
        let ask = json!({"dept_id": dept_id, "cursor": cursor, "size": 2});
        let page = caller.result("v2/user/list", ask).await;
        paged.extend(page["list"].as_array().unwrap().clone());
        match page["next_cursor"].as_i64() {
            Some(next) => cursor = next,
            None => break,
        }
        assert_eq!(page["has_more"], true);
    }
    assert_eq!((paged.len(), &paged), (5 - 1, &all));
    let beyond = json!({"dept_id": dept_id, "cursor": 500, "size": 2});
    assert_eq!(
        caller.result("v2/user/list", beyond).await,
        json!({"has_more": false, "list": []})
    );
}

#[actix_web::test]
async fn a_listed_record_belongs_to_the_department_it_is_listed_in() {
    let caller = Caller::new();
    let ask = json!({"dept_id": finance(&caller), "cursor": 0, "size": 100});
    let page = caller.result("v2/user/list", ask).await;
    let list = page["list"].as_array().unwrap();
    let person = list
        .iter()
        .find(|entry| entry["userid"] == company::EMPLOYEE)
        .unwrap();
    let place = caller.sim.person(company::EMPLOYEE).unwrap().memberships[0].clone();
    assert_eq!(
        (&person["dept_order"], &person["leader"]),
        (&json!(place.order), &json!(false))
    );
    assert_eq!(person["title"], "会计");
    for key in [
        "dept_order_list",
        "leader_in_dept",
        "role_list",
        "manager_userid",
        "senior",
        "real_authed",
    ] {
        assert!(person.get(key).is_none(), "{key}");
    }
    let orders: Vec<_> = list
        .iter()
        .map(|entry| entry["dept_order"].as_i64().unwrap())
        .collect();
    assert!(orders.is_sorted_by(|a, b| a >= b), "{orders:?}");
}

#[actix_web::test]
async fn somebody_in_two_departments_is_in_both_lists() {
    let caller = Caller::new();
    let places = caller
        .sim
        .person(company::TWO_DEPARTMENTS)
        .unwrap()
        .memberships;
    for place in &places {
        let ask = json!({"dept_id": place.dept_id, "cursor": 0, "size": 100});
        let page = caller.result("v2/user/list", ask).await;
        let list = page["list"].as_array().unwrap();
        let entry = list
            .iter()
            .find(|e| e["userid"] == company::TWO_DEPARTMENTS)
            .unwrap();
        assert_eq!(entry["leader"], place.leader);
        assert_eq!(
            entry["dept_id_list"],
            json!([places[0].dept_id, places[1].dept_id])
        );
    }
}

#[actix_web::test]
async fn people_with_restricted_access_are_listed_only_on_demand() {
    let caller = Caller::new();
    let list =
        |flag: Value| json!({"dept_id": 1, "cursor": 0, "size": 100, "contain_access_limit": flag});
    for (flag, shown) in [
        (json!(null), false),
        (json!(false), false),
        (json!(true), true),
    ] {
        let page = caller.result("v2/user/list", list(flag)).await;
        let ids: Vec<_> = page["list"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["userid"])
            .collect();
        assert_eq!(
            ids.contains(&&json!(company::ACCESS_LIMITED)),
            shown,
            "{ids:?}"
        );
    }
    // The page of one that holds only this person is empty, and still more follow.
    let first = json!({"dept_id": 1, "cursor": 0, "size": 1});
    let page = caller.result("v2/user/list", first).await;
    assert_eq!(
        (&page["list"], &page["has_more"], &page["next_cursor"]),
        (&json!([]), &json!(true), &json!(1))
    );
    let record = caller
        .result("v2/user/get", json!({"userid": company::ACCESS_LIMITED}))
        .await;
    assert_eq!(record["senior"], true);
}

#[actix_web::test]
async fn bad_list_parameters_are_refused() {
    let caller = Caller::new();
    let dept_id = finance(&caller);
    for (ask, code) in [
        (json!({"cursor": 0, "size": 10}), 400_002),
        (json!({"dept_id": dept_id, "size": 10}), 400_002),
        (json!({"dept_id": dept_id, "cursor": 0}), 400_002),
        (json!({"dept_id": dept_id, "cursor": 0, "size": 0}), 40035),
        (json!({"dept_id": dept_id, "cursor": 0, "size": 101}), 40035),
        (json!({"dept_id": dept_id, "cursor": -1, "size": 10}), 40035),
        (json!({"dept_id": "x", "cursor": 0, "size": 10}), 40035),
        (
            json!({"dept_id": dept_id, "cursor": 0, "size": 10, "order_field": "name"}),
            40035,
        ),
        (
            json!({"dept_id": dept_id, "cursor": 0, "size": 10, "contain_access_limit": 1}),
            40035,
        ),
        (json!({"dept_id": 99, "cursor": 0, "size": 10}), 60003),
        (json!({"dept_id": -7, "cursor": 0, "size": 10}), 40009),
    ] {
        assert_eq!(
            caller.refused("v2/user/list", ask.clone()).await,
            code,
            "{ask}"
        );
        assert_eq!(
            caller.refused("user/listsimple", ask.clone()).await,
            code,
            "{ask}"
        );
    }
}

#[actix_web::test]
async fn lists_can_be_sorted_by_entry_and_change() {
    let caller = Caller::new();
    let dept_id = finance(&caller);
    let title = PersonChange {
        title: Some("主管会计".into()),
        ..PersonChange::default()
    };
    caller.sim.change(company::EMPLOYEE, title).unwrap();
    let mut firsts = Vec::new();
    for field in ["entry_asc", "entry_desc", "modify_desc", "modify_asc"] {
        let ask = json!({"dept_id": dept_id, "cursor": 0, "size": 1, "order_field": field});
        let page = caller.result("user/listsimple", ask).await;
        assert_eq!(page["list"][0].as_object().unwrap().len(), 2);
        firsts.push(page["list"][0]["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(firsts, ["张三", "鲍叔", "张三", "柳如烟"]);
}

#[actix_web::test]
async fn ids_and_counts_are_given() {
    let caller = Caller::new();
    let ids = caller.result("user/listid", json!({"dept_id": 1})).await;
    assert_eq!(
        ids["userid_list"].as_array().unwrap().len(),
        2,
        "restricted people too"
    );
    assert_eq!(caller.refused("user/listid", json!({})).await, 400_002);
    assert_eq!(
        caller.refused("user/listid", json!({"dept_id": 99})).await,
        60003
    );
    let inactive = PersonChange {
        active: Some(false),
        ..PersonChange::default()
    };
    caller.sim.change(company::EMPLOYEE, inactive).unwrap();
    let all = i64::try_from(caller.sim.people().len()).unwrap();
    let count = |only: bool| json!({"only_active": only});
    assert_eq!(
        caller.result("user/count", count(false)).await["count"],
        all
    );
    assert_eq!(
        caller.result("user/count", count(true)).await["count"],
        all - 1
    );
    assert_eq!(caller.refused("user/count", json!({})).await, 400_002);
}

#[actix_web::test]
async fn nothing_outside_the_contact_scope_is_shown() {
    let caller = Caller::new();
    let directory = caller.sim.directory();
    let centre = directory.department_named("技术中心").unwrap().dept_id;
    caller.sim.set_scope(Scope {
        departments: vec![centre],
        users: vec![company::ADMIN.into()],
    });
    let token = caller.token().await;
    let scopes = caller
        .get(&format!("/auth/scopes?access_token={token}"))
        .await;
    assert_eq!(
        scopes["auth_org_scopes"],
        json!({"authed_dept": [centre], "authed_user": [company::ADMIN]})
    );
    let get = |userid: &str| json!({"userid": userid});
    for userid in [company::BIG_ORDER, company::ADMIN] {
        assert_eq!(
            caller.result("v2/user/get", get(userid)).await["userid"],
            userid
        );
    }
    assert_eq!(
        caller.refused("v2/user/get", get(company::EMPLOYEE)).await,
        50002
    );
    let unionid = directory.person(company::EMPLOYEE).unwrap().unionid.clone();
    assert_eq!(
        caller
            .refused("user/getbyunionid", json!({"unionid": unionid}))
            .await,
        50002
    );
    let list = |dept_id: i64| json!({"dept_id": dept_id, "cursor": 0, "size": 10});
    assert_eq!(caller.refused("v2/user/list", list(1)).await, 50004);
    let below = directory.department_named("平台研发组").unwrap().dept_id;
    assert!(
        !caller.result("v2/user/list", list(below)).await["list"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let finance = finance(&caller);
    assert_eq!(caller.refused("v2/user/list", list(finance)).await, 50004);
    let ids = caller
        .result("user/listid", json!({"dept_id": finance}))
        .await;
    assert!(
        !ids["userid_list"].as_array().unwrap().is_empty(),
        "ids do not obey the scope"
    );
}

#[actix_web::test]
async fn the_whole_company_is_the_scope_by_default() {
    let caller = Caller::new();
    let token = caller.token().await;
    let scopes = caller
        .get(&format!("/auth/scopes?access_token={token}"))
        .await;
    assert_eq!(
        scopes["auth_org_scopes"],
        json!({"authed_dept": [1], "authed_user": []})
    );
    assert!(scopes["auth_user_field"].is_array());
}

#[actix_web::test]
async fn answers_follow_hiring_change_leaving_and_return() {
    let caller = Caller::new();
    let person = caller.sim.hire(NewPerson::named("李雷")).unwrap();
    let get = json!({"userid": person.userid});
    assert_eq!(
        caller.result("v2/user/get", get.clone()).await["name"],
        "李雷"
    );
    let title = PersonChange {
        title: Some("工程师".into()),
        ..PersonChange::default()
    };
    caller.sim.change(&person.userid, title).unwrap();
    assert_eq!(
        caller.result("v2/user/get", get.clone()).await["title"],
        "工程师"
    );
    caller.sim.dismiss(&person.userid).unwrap();
    let by_unionid = json!({"unionid": person.unionid});
    assert_eq!(caller.refused("v2/user/get", get.clone()).await, 60121);
    assert_eq!(
        caller
            .refused("user/getbyunionid", by_unionid.clone())
            .await,
        60121
    );
    caller.sim.rehire(&person.userid, Some("lilei02")).unwrap();
    assert_eq!(caller.refused("v2/user/get", get).await, 60121);
    assert_eq!(
        caller.result("user/getbyunionid", by_unionid).await["userid"],
        "lilei02"
    );
}

#[actix_web::test]
async fn stale_answers_stay_as_they_were() {
    let caller = Caller::new();
    let get = json!({"userid": company::EMPLOYEE});
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    caller.sim.stale_answers(company::EMPLOYEE, true);
    let unionid = company::demo()
        .unwrap()
        .person(company::EMPLOYEE)
        .unwrap()
        .unionid
        .clone();
    assert_eq!(
        caller.result("v2/user/get", get.clone()).await["name"],
        "张三"
    );
    let found = caller
        .result("user/getbyunionid", json!({"unionid": unionid}))
        .await;
    assert_eq!(found["userid"], company::EMPLOYEE);
    caller.sim.stale_answers(company::EMPLOYEE, false);
    assert_eq!(caller.refused("v2/user/get", get).await, 60121);
    // A newcomer whom answers do not know yet.
    caller.sim.stale_answers("lilei01", true);
    let new = NewPerson {
        userid: Some("lilei01".into()),
        ..NewPerson::named("李雷")
    };
    caller.sim.hire(new).unwrap();
    assert_eq!(
        caller
            .refused("v2/user/get", json!({"userid": "lilei01"}))
            .await,
        60121
    );
    caller.sim.stale_answers("lilei01", false);
    assert_eq!(
        caller
            .result("v2/user/get", json!({"userid": "lilei01"}))
            .await["name"],
        "李雷"
    );
}
