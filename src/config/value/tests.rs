use super::*;

#[test]
fn a_span_of_time_has_a_unit_and_a_sane_length() {
    assert_eq!(duration("8h"), Ok(Duration::from_hours(8)));
    assert_eq!(duration("366d"), Ok(LONGEST));
    for bad in ["0s", "999ms", "367d", "90", "five minutes", "-1s", "1h,"] {
        assert!(duration(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_network_may_be_a_single_address() {
    let networks = networks("10.1.2.3/8, 192.0.2.7 ,fd00::/8,::1,").unwrap();
    let written: Vec<_> = networks.iter().map(ToString::to_string).collect();
    assert_eq!(
        written,
        ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "::1/128"]
    );
    assert!(
        super::networks("10.0.0.0/33")
            .unwrap_err()
            .contains("10.0.0.0/33")
    );
    assert!(super::networks("10.0.0.0/8;::1").is_err());
}

#[test]
fn userids_keep_their_case_and_lose_their_blanks() {
    let ids = admins(" 0158aB, manager4220,,0158aB").unwrap();
    let ids: Vec<_> = ids.iter().map(UserId::as_str).collect();
    assert_eq!(ids, ["0158aB", "manager4220"]);
    assert!(admins("a,b\u{7}").is_err());
    let pinned = admins("a = u-1,b").unwrap();
    let demanded = |userid: &str| {
        let userid = UserId::parse(userid).unwrap();
        pinned.demanded(&userid).map(UnionId::as_str)
    };
    assert_eq!((demanded("a"), demanded("b")), (Some("u-1"), None));
    for bad in ["a=", "=u-1", "a=u-1,a=u-2", "a,a=u-1"] {
        assert!(admins(bad).is_err(), "{bad}");
    }
}

#[test]
fn types_of_events_are_named_one_by_one() {
    let types = event_types(" bpms_task_change,org_dept_modify ,,bpms_task_change").unwrap();
    let types: Vec<_> = types.iter().map(String::as_str).collect();
    assert_eq!(types, ["bpms_task_change", "org_dept_modify"]);
    for bad in [
        "*",
        "bpms_*",
        "a b",
        "staff.left",
        "审批",
        ",",
        "check_url",
        &"x".repeat(101),
    ] {
        assert!(event_types(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_root_loses_the_slash_at_its_end() {
    assert_eq!(
        root_url("https://proxy.example.com/dingtalk//")
            .unwrap()
            .path(),
        "/dingtalk"
    );
    assert_eq!(
        root_url("https://oapi.dingtalk.com").unwrap(),
        root_url("https://oapi.dingtalk.com/").unwrap()
    );
}

#[test]
fn a_script_is_one_file_whose_address_a_security_header_can_hold() {
    for good in [
        "https://g.alicdn.com/dingding/dingtalk-jsapi/3.0.12/dingtalk.open.js",
        "http://127.0.0.1:8090/jsapi/dingtalk.open.js",
        "https://sso.example.com/a%20b/~x@3.2.9.js",
    ] {
        assert_eq!(script_url(good).unwrap().as_str(), good);
    }
    for bad in [
        "https://g.alicdn.com",
        "https://g.alicdn.com/dingding/",
        "https://g.alicdn.com/a;script-src *",
        "https://g.alicdn.com/a;b.js",
        "https://g.alicdn.com/a,b.js",
        "https://g.alicdn.com/'a.js",
        "https://g.alicdn.com/a.js?v=1",
        "http://g.alicdn.com/a.js",
        "dingtalk.open.js",
    ] {
        assert!(script_url(bad).is_err(), "{bad}");
    }
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for good in [
        "https://a.example",
        "http://localhost:1",
        "http://127.9.9.9",
        "http://[::1]:8080",
        "HTTPS://A.b",
    ] {
        assert!(web_url(good).is_ok(), "{good}");
    }
    for bad in [
        "http://a.example",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "ftp://localhost",
    ] {
        assert!(web_url(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_address_bears_nothing_but_scheme_host_port_and_path() {
    for bad in [
        "https:a.example",
        "https://a.example?x=1",
        "https://a.example/?",
        "https://a.example#x",
        "https://user@a.example",
        "https://user:hunter2@a.example",
        "https://a.example/a b",
        "https:\\\\a.example",
        "https://a;b.example",
        "https://",
        "a.example",
    ] {
        let what = web_url(bad).unwrap_err();
        assert!(!what.contains("hunter2"), "{bad}");
        let may_be = web_url_with_query(bad).is_ok();
        assert_eq!(may_be, bad.contains('?'), "{bad}");
    }
}
