//! One permission missing at a time, and a part of the company.

use dingtalk_sim::{Fault, Scope, Sim, SimConfig};
use serde_json::json;
use sqlx::{ConnectOptions as _, PgPool};

use super::{examine, surroundings};
use crate::support::{free_port, settings};

#[sqlx::test]
async fn each_missing_permission_is_named_and_the_others_are_tried(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let cases = [
        ("/topapi/v2/user/getuserinfo", "qyapi_base", "qyapi_base"),
        (
            "/topapi/v2/department/listsub",
            "qyapi_get_department_list",
            "qyapi_get_department_list",
        ),
        (
            "/topapi/v2/user/list",
            "qyapi_get_department_member",
            "qyapi_get_department_member",
        ),
        (
            "/topapi/v2/user/get",
            "qyapi_get_member",
            "qyapi_get_member",
        ),
        (
            "/topapi/user/getbyunionid",
            "qyapi_get_member",
            "qyapi_get_member",
        ),
        (
            "/sns/getuserinfo_bycode",
            "login_app_credentials",
            "open_app_api_base",
        ),
    ];
    for (path, name, permission) in cases {
        sim.clear_faults();
        sim.fault(path, Fault::sub_code("60011"));
        let report = examine(&settings);
        report.check(name).is("failure", "60011", permission);
        report.check(name).is("failure", "60011", "权限管理");
        assert_eq!(report.with_status("failure"), [name], "{path}");
        report.check("contact_scope").is("ok", "whole company", "");
    }
    sim.clear_faults();
    sim.fault("/auth/scopes", Fault::ErrCode(60011));
    let report = examine(&settings);
    report
        .check("contact_scope")
        .is("failure", "60011", "权限管理");
    report
        .check("qyapi_get_department_list")
        .is("ok", "department 1", "");
}

#[sqlx::test]
async fn a_part_of_the_company_is_a_warning_that_counts(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let finance = sim.directory().department_named("财务部").unwrap().dept_id;
    let mut scope = Scope::departments(&[finance]);
    scope.users = vec![dingtalk_sim::company::EMPLOYEE.to_owned()];
    sim.set_scope(scope);
    let report = examine(&settings);
    report.check("contact_scope").is(
        "warning",
        "1 branches of departments and 1 single people",
        "全部员工",
    );
    report
        .check("qyapi_get_department_member")
        .is("ok", &format!("department {finance}"), "");
    report.check("qyapi_get_member").is("ok", "agree", "");
    sim.set_scope(Scope {
        departments: vec![],
        users: vec![dingtalk_sim::company::EMPLOYEE.to_owned()],
    });
    let report = examine(&settings);
    report
        .check("qyapi_get_department_list")
        .is("skipped", "no department", "");
    report.check("qyapi_get_member").is("ok", "agree", "");
    sim.set_scope(Scope::departments(&[]));
    examine(&settings)
        .check("contact_scope")
        .is("failure", "nobody", "全部员工");
}

#[sqlx::test]
async fn fields_that_nobody_has_are_a_warning_for_nobody_can_tell_why(pool: PgPool) {
    let sim = Sim::start(SimConfig {
        may_read_mobile: false,
        may_read_email: false,
        ..SimConfig::default()
    })
    .unwrap();
    let settings = settings(
        free_port(),
        &sim,
        pool.connect_options().to_url_lossy().as_str(),
    );
    let report = examine(&settings);
    report
        .check("field_mobile")
        .is("warning", "nobody can tell", "fieldMobile");
    report
        .check("field_email")
        .is("warning", "nobody can tell", "fieldEmail");
    assert_eq!(report.with_status("failure"), [""; 0]);
}

#[sqlx::test]
async fn a_unionid_that_is_missing_or_leads_elsewhere_is_a_failure(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let record = json!({"userid": "lone1", "name": "李雷", "dept_id_list": [1]});
    let list = json!({"errcode": 0, "result": {"has_more": false, "list": [record]}});
    sim.fault("/topapi/v2/user/list", Fault::Json(list));
    sim.fault(
        "/topapi/v2/user/get",
        Fault::Json(json!({"errcode": 0, "result": record})),
    );
    examine(&settings)
        .check("unionid")
        .is("failure", "nobody can sign in", "qyapi_get_member");
    sim.clear_faults();
    for contact in [
        json!({"userid": "elsewhere", "contact_type": 0}),
        json!({"userid": "elsewhere", "contact_type": 1}),
    ] {
        sim.fault(
            "/topapi/user/getbyunionid",
            Fault::Json(json!({"errcode": 0, "result": contact})),
        );
        examine(&settings).check("qyapi_get_member").is(
            "failure",
            "does not lead back",
            "directory",
        );
    }
}
