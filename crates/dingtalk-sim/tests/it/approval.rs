use std::time::Duration;

use dingtalk_sim::{Decision, FieldNames, FormValue, NewApproval, SimConfig, company};
use serde_json::{Value, json};

use crate::support::{Caller, Receiver};

const SOON: Duration = Duration::from_secs(5);

fn transfer() -> NewApproval {
    NewApproval {
        process_code: "PROC-DEMO".into(),
        biz_category_id: "hrm.transfer".into(),
        title: "张三提交的转岗".into(),
        originator: company::EMPLOYEE.into(),
        approver: company::ADMIN.into(),
        form: vec![FormValue {
            name: "新部门".into(),
            value: "人力行政部".into(),
        }],
    }
}

fn told_to(receiver: &Receiver) -> Caller {
    Caller::with(SimConfig {
        callback_url: Some(receiver.url.clone()),
        calls_per_second: 10_000,
        ..SimConfig::default()
    })
}

async fn details(caller: &Caller, id: &str) -> Value {
    let ask = json!({"process_instance_id": id});
    let mut answer = caller.topapi("processinstance/get", ask).await;
    assert_eq!(answer["errcode"], 0, "{answer}");
    answer["process_instance"].take()
}

/// Tag, type, result of all events in the order of the log.
fn steps(caller: &Caller) -> Vec<(String, String, String)> {
    let word = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let events = caller.sim.events();
    let step = |event: &Value| {
        (
            word(event, "EventType"),
            word(event, "type"),
            word(event, "result"),
        )
    };
    events.iter().map(|record| step(&record.event)).collect()
}

fn step(tag: &str, kind: &str, result: &str) -> (String, String, String) {
    (tag.into(), kind.into(), result.into())
}

#[actix_web::test]
async fn an_approval_tells_of_its_start_its_task_and_its_end_in_order() {
    let receiver = Receiver::start(&SimConfig::default(), &[]);
    let caller = told_to(&receiver);
    let id = caller.sim.start_approval(transfer()).unwrap();
    caller.sim.finish_approval(&id, Decision::Agree).unwrap();
    assert!(caller.sim.settled(SOON).await);
    assert_eq!(
        steps(&caller),
        [
            step("bpms_instance_change", "start", ""),
            step("bpms_task_change", "start", ""),
            step("bpms_task_change", "finish", "agree"),
            step("bpms_instance_change", "finish", "agree"),
        ]
    );
    assert_eq!(receiver.seen().len(), 4);
    let approval = &caller.sim.approvals()[0];
    let events = caller.sim.events();
    assert_eq!(
        events[3].event,
        json!({"EventType": "bpms_instance_change", "corpId": caller.sim.config().corp_id,
               "processInstanceId": id, "businessId": approval.business_id, "type": "finish",
               "title": "张三提交的转岗", "result": "agree", "createTime": approval.created_at,
               "finishTime": approval.finished_at, "processCode": "PROC-DEMO",
               "bizCategoryId": "hrm.transfer", "staffId": company::EMPLOYEE,
               "url": events[0].event["url"]})
    );
    let task = &events[1].event;
    assert_eq!(task["taskId"], approval.task_id);
    assert_eq!(task["staffId"], company::ADMIN);
    assert_eq!(task.get("finishTime"), None);
}

#[actix_web::test]
async fn refused_and_withdrawn_approvals_end_as_such() {
    let caller = Caller::new();
    let refused = caller.sim.start_approval(transfer()).unwrap();
    caller
        .sim
        .finish_approval(&refused, Decision::Refuse)
        .unwrap();
    let withdrawn = caller.sim.start_approval(transfer()).unwrap();
    caller.sim.terminate_approval(&withdrawn).unwrap();
    assert_eq!(
        steps(&caller)[2..],
        [
            step("bpms_task_change", "finish", "refuse"),
            step("bpms_instance_change", "finish", "refuse"),
            step("bpms_instance_change", "start", ""),
            step("bpms_task_change", "start", ""),
            step("bpms_task_change", "cancel", ""),
            step("bpms_instance_change", "terminate", ""),
        ]
    );
    assert_eq!(details(&caller, &refused).await["result"], "refuse");
    let told = details(&caller, &withdrawn).await;
    assert_eq!(
        (&told["status"], &told["result"]),
        (&json!("TERMINATED"), &json!(""))
    );
    assert_eq!(told["tasks"][0]["task_status"], "CANCELED");
    assert!(
        caller.sim.terminate_approval(&withdrawn).is_err(),
        "it has ended"
    );
    assert!(
        caller
            .sim
            .finish_approval("nothing", Decision::Agree)
            .is_err()
    );
}

#[actix_web::test]
async fn the_documented_spelling_has_an_envelope() {
    let caller = Caller::with(SimConfig {
        fields: FieldNames::Camel,
        ..SimConfig::default()
    });
    caller.sim.start_approval(transfer()).unwrap();
    let event = &caller.sim.events()[0].event;
    assert_eq!(event["CorpId"], event["corpId"]);
    assert!(event["EventTime"].is_i64() && event["eventId"].is_string());
    assert!(event["BizId"].is_string());
}

#[actix_web::test]
async fn the_details_are_in_the_documented_shape() {
    let caller = Caller::new();
    let id = caller.sim.start_approval(transfer()).unwrap();
    let running = details(&caller, &id).await;
    assert_eq!(
        (&running["status"], &running["result"]),
        (&json!("RUNNING"), &json!(""))
    );
    assert_eq!(running.get("finish_time"), None);
    assert_eq!(running["tasks"][0].get("task_result"), None);
    caller.sim.finish_approval(&id, Decision::Agree).unwrap();
    let approval = &caller.sim.approvals()[0];
    let done = details(&caller, &id).await;
    let (created, finished) = (&done["create_time"], &done["finish_time"]);
    assert_eq!(created.as_str().unwrap().len(), "2023-11-15 06:13:20".len());
    assert_eq!(
        done,
        json!({
            "title": "张三提交的转岗", "create_time": created, "finish_time": finished,
            "originator_userid": company::EMPLOYEE, "originator_dept_id": "410020006",
            "originator_dept_name": "财务部", "status": "COMPLETED", "result": "agree",
            "approver_userids": [company::ADMIN], "cc_userids": [],
            "business_id": approval.business_id, "biz_action": "NONE",
            "attached_process_instance_ids": [],
            "form_component_values": [{"id": "TextField-1", "name": "新部门",
                "value": "人力行政部", "component_type": "TextField"}],
            "operation_records": [
                {"userid": company::EMPLOYEE, "date": created,
                 "operation_type": "START_PROCESS_INSTANCE", "operation_result": "NONE"},
                {"userid": company::ADMIN, "date": finished,
                 "operation_type": "EXECUTE_TASK_NORMAL", "operation_result": "AGREE"}],
            "tasks": [{"taskid": approval.task_id.to_string(), "userid": company::ADMIN,
                "task_status": "COMPLETED", "task_result": "AGREE", "create_time": created,
                "finish_time": finished, "activity_id": "sid-approve",
                "url": format!("aflow.dingtalk.com?procInsId={id}")}],
        })
    );
}

#[actix_web::test]
async fn who_belongs_to_the_root_asks_from_department_minus_one() {
    let caller = Caller::new();
    let boss = NewApproval {
        originator: company::ACCESS_LIMITED.into(),
        ..transfer()
    };
    let id = caller.sim.start_approval(boss).unwrap();
    assert_eq!(details(&caller, &id).await["originator_dept_id"], "-1");
}

#[actix_web::test]
async fn details_of_nothing_are_refused() {
    let caller = Caller::new();
    let missing = caller.refused("processinstance/get", json!({})).await;
    assert_eq!(missing, 400_002);
    let ask = json!({"process_instance_id": "6040-demo"});
    assert_eq!(caller.refused("processinstance/get", ask).await, 820_005);
}

#[actix_web::test]
async fn an_approval_is_controlled_from_outside() {
    let caller = Caller::new();
    let new = json!({"process_code": "P", "title": "请假", "originator": company::EMPLOYEE,
        "approver": company::ADMIN, "form": [{"name": "天数", "value": "2"}]});
    let first = caller.post("/sim/api/approvals", &new).await;
    let path = |approval: &Value, act: &str| {
        let id = approval["id"].as_str().unwrap();
        format!("/sim/api/approvals/{id}/{act}")
    };
    let agree = json!({"result": "agree"});
    caller.post(&path(&first, "finish"), &agree).await;
    let second = caller.post("/sim/api/approvals", &new).await;
    caller.post(&path(&second, "terminate"), &json!({})).await;
    let all = caller.get("/sim/api/approvals").await;
    assert_eq!(all[0]["state"], json!({"completed": "agree"}));
    assert_eq!(all[1]["state"], "terminated");
    let again = path(&second, "finish");
    for (path, body) in [
        (again.as_str(), agree),
        ("/sim/api/approvals/none/terminate", json!({})),
        (
            "/sim/api/approvals",
            json!({"process_code": "P", "title": "t"}),
        ),
    ] {
        let url = format!("{}{path}", caller.sim.url());
        let answer = caller.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{path}");
    }
}

#[actix_web::test]
async fn an_approval_is_started_and_decided_by_the_forms() {
    let caller = Caller::new();
    let form = [
        ("title", "请假"),
        ("process_code", "PROC-1"),
        ("originator", company::EMPLOYEE),
        ("approver", company::ADMIN),
        ("fields", "天数=2\n原因 = 搬家"),
    ];
    caller.submit("/sim/ui/approval-start", &form).await;
    let approval = caller.sim.approvals()[0].clone();
    assert_eq!(
        (approval.form.len(), approval.form[1].value.as_str()),
        (2, "搬家")
    );
    let (_, _, page) = caller.page("/sim/approvals").await;
    assert!(page.contains("审批中") && page.contains(&approval.id));
    let id = [("id", approval.id.as_str())];
    caller.submit("/sim/ui/approval-refuse", &id).await;
    let (_, location, _) = caller.submit("/sim/ui/approval-agree", &id).await;
    assert!(location.contains("failed="), "{location}");
    let (_, _, page) = caller.page("/sim/approvals").await;
    assert!(page.contains("已拒绝") && !page.contains("审批中"));
}
