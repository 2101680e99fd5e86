//! `dinggate callback failed` as a process.

use std::process::Stdio;
use std::time::Duration;

use dingtalk_sim::{Fault, FieldNames, Sim, SimConfig};
use serde_json::json;
use sqlx::PgPool;

use super::{CORP_ID, FAILED, entry, keeps_its_secrets, now, number, wait_for_first_reading};
use crate::cli::{program, run, surroundings};
use crate::support::{TestApp, eventually};

const HELD: &str = "SELECT count(*) FROM event WHERE state = 'parked' AND source = 'failed_list'";
const LOST: &str = "SELECT count(*) FROM alert WHERE kind = 'directory:lost_events'";

#[sqlx::test]
async fn what_is_fetched_is_held_then_printed_and_released_on_demand(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let at = 1_700_000_001_200;
    sim.add_failed_many([
        entry("user_add_org", at, &["zhangsan01", "0158"]),
        json!({"call_back_tag": "org_dept_modify", "event_time": at + 1, "deptid": [7]}),
        json!({"call_back_tag": "bpms_instance_change", "event_time": at + 2, "bpms_instance_change":
            {"corpid": CORP_ID, "bpmsCallBackData": "{\"processInstanceId\":\"p\",\"title\":\"张三的秘密\"}"}}),
    ]);
    let first = run(&settings, &["callback", "failed"]);
    keeps_its_secrets(&settings, &first);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first
            .out
            .starts_with("fetched 3, of which 0 were known already\n")
            && first.out.ends_with("parked before: 0\n"),
        "{}",
        first.out
    );
    let line = first
        .out
        .lines()
        .find(|line| line.contains("user_add_org"))
        .unwrap();
    assert!(
        line.contains("parked")
            && line.contains("2023-11-14T22:13:21Z")
            && line.ends_with("0158,zhangsan01"),
        "{line}"
    );
    assert!(!first.out.contains("秘密") && !first.err.contains("秘密"));
    assert_eq!(number(&pool, HELD).await, 3);
    assert_eq!(
        number(
            &pool,
            "SELECT count(*) FROM alert WHERE kind = 'directory:failed_events' AND detail = '3'"
        )
        .await,
        1
    );

    let second = run(&settings, &["callback", "failed", "--replay"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(
        second.out.starts_with("fetched 0,")
            && second.out.contains("parked before: 3\n")
            && second.out.ends_with("released 3\n"),
        "{}",
        second.out
    );
    assert_eq!(
        number(&pool, "SELECT count(*) FROM event WHERE state = 'waiting'").await,
        2
    );
    assert_eq!(
        number(&pool, "SELECT count(*) FROM event WHERE state = 'applied'").await,
        1
    );
    let audit = "SELECT count(*) FROM audit_entry WHERE action = 'event.release' AND status = '3' AND actor LIKE 'command:%'";
    assert_eq!(number(&pool, audit).await, 1);
    assert!(
        run(&settings, &["callback", "failed", "--replay"])
            .out
            .ends_with("released 0\n")
    );
}

#[sqlx::test]
async fn a_long_list_is_read_to_its_end(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.add_failed_many((0..450).map(|n| entry("user_modify_org", 1_700_000_000_000 + n, &["a"])));
    let ended = run(&settings, &["callback", "failed"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .out
            .starts_with("fetched 450, of which 0 were known already\n")
    );
    assert_eq!((number(&pool, HELD).await, sim.calls(FAILED)), (450, 3));
}

#[sqlx::test]
async fn a_kill_between_two_pages_loses_nothing_that_was_given_before(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.add_failed_many((0..450).map(|n| entry("user_modify_org", 1_700_000_000_000 + n, &["a"])));
    sim.fault(FAILED, Fault::Delay(Duration::from_millis(1500)));
    let mut command = program(&settings, &["callback", "failed"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually(
        "the first page is stored",
        Duration::from_secs(20),
        async || number(&pool, HELD).await > 0,
    )
    .await;
    // The second call is on its way.
    tokio::time::sleep(Duration::from_millis(300)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    sim.clear_faults();
    assert_eq!(number(&pool, HELD).await, 200);

    let too_soon = run(&settings, &["callback", "failed"]);
    assert_eq!(
        (too_soon.code, too_soon.out.as_str()),
        (Some(1), ""),
        "{too_soon:?}"
    );
    assert!(
        too_soon.err.contains("being read already, by command:"),
        "{too_soon:?}"
    );
    let killed = std::time::Instant::now();
    let ended = loop {
        let ended = run(&settings, &["callback", "failed"]);
        if !ended.err.contains("being read already") {
            break ended;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    assert!(
        killed.elapsed() < Duration::from_secs(10),
        "{:?}",
        killed.elapsed()
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("`dinggate sync`") && ended.out.contains("parked before: 200\n"),
        "{ended:?}"
    );
    assert!(number(&pool, HELD).await >= 250, "the third page at least");
    assert_eq!(number(&pool, LOST).await, 1);
    let again = run(&settings, &["callback", "failed"]);
    assert_eq!(again.code, Some(0), "it is told once: {again:?}");
}

#[sqlx::test]
async fn a_second_reader_is_told_who_reads(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.fault(FAILED, Fault::Delay(Duration::from_secs(3)));
    let mut first = program(&settings, &["callback", "failed"]);
    let mut first = first
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it reads", Duration::from_secs(20), async || {
        number(
            &pool,
            "SELECT count(*) FROM failed_callback_fetch WHERE call_started_at IS NOT NULL",
        )
        .await
            > 0
    })
    .await;
    let second = run(&settings, &["callback", "failed", "--replay"]);
    assert_eq!(
        (second.code, second.out.as_str()),
        (Some(1), ""),
        "{second:?}"
    );
    assert!(
        second.err.contains("being read already, by command:"),
        "{second:?}"
    );
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(sim.calls(FAILED), 1);
}

#[sqlx::test]
async fn an_entry_that_cannot_be_read_is_kept_and_stops_nothing(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.add_failed_many([
        json!(null),
        json!("text"),
        json!({"call_back_tag": 5.5}),
        json!({"call_back_tag": "user_add_org", "user_add_org": "{half"}),
        json!({"call_back_tag": "check_in", "check_in": {"callbackData": {"nul": "a\u{0}b"}}}),
        entry("user_add_org", 1_700_000_000_000, &["zhangsan01"]),
    ]);
    let ended = run(&settings, &["callback", "failed"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let failed = "SELECT count(*) FROM event WHERE state = 'failed' AND last_error IS NOT NULL AND body IS NOT NULL";
    assert_eq!(number(&pool, failed).await, 4, "{}", ended.out);
    assert_eq!(number(&pool, HELD).await, 2);
    let raw = "SELECT count(*) FROM event WHERE body ->> 'call_back_tag' = 'user_add_org' AND state = 'parked'";
    assert_eq!(
        number(&pool, raw).await,
        1,
        "the body is the entry as it came"
    );
}

#[sqlx::test]
async fn an_event_that_was_pushed_is_not_stored_again(pool: PgPool) {
    let sim = Sim::start(SimConfig {
        fields: FieldNames::Camel,
        ..SimConfig::default()
    })
    .unwrap();
    let app = TestApp::spawn_on(&pool, sim, |_| {}).await;
    wait_for_first_reading(&app).await;
    let at = 1_700_000_000_000_i64;
    app.deliver(
        &json!({"EventType": "user_modify_org", "EventTime": at, "eventId": "e1",
        "timeStamp": at.to_string(), "userId": ["b", "a"]}),
    )
    .await;
    let approval = |id: &str| json!({"processInstanceId": id, "type": "finish"});
    let mut pushed = approval("p1");
    pushed["EventType"] = json!("bpms_instance_change");
    pushed["EventTime"] = json!(at);
    pushed["eventId"] = json!("e2");
    app.deliver(&pushed).await;
    let listed = |id: &str| {
        json!({"call_back_tag": "bpms_instance_change", "event_time": at,
            "bpms_instance_change": {"corpid": CORP_ID, "bpmsCallBackData": approval(id)}})
    };
    app.sim.add_failed_many([
        entry("user_modify_org", at, &["a", "b"]),
        listed("p1"),
        listed("p2"),
        listed("p2"),
    ]);
    let ended = run(&app.settings, &["callback", "failed"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .out
            .starts_with("fetched 4, of which 3 were known already\n"),
        "{ended:?}"
    );
    assert!(ended.out.contains("bpms_instance_change") && !ended.out.contains("user_modify_org"));
}

#[sqlx::test]
async fn a_lost_answer_is_told_and_is_not_asked_for_again(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    for fault in [
        Fault::LoseAnswer,
        Fault::TruncatedJson,
        Fault::Http(502),
        Fault::Json(json!({"errcode": 0, "failed_list": "[{half"})),
    ] {
        sim.reset_calls();
        sim.add_failed(entry("user_add_org", now(), &["zhangsan01"]));
        sim.fault(FAILED, fault.clone());
        let ended = run(&settings, &["callback", "failed"]);
        assert_eq!(ended.code, Some(1), "{fault:?} {ended:?}");
        assert!(
            ended.err.contains("lost") && ended.err.contains("`dinggate sync`"),
            "{fault:?} {ended:?}"
        );
        assert_eq!(sim.calls(FAILED), 1, "{fault:?}");
        assert_eq!(number(&pool, "WITH gone AS (DELETE FROM alert WHERE kind = 'directory:lost_events' RETURNING 1) SELECT count(*) FROM gone").await, 1, "{fault:?}");
        sim.clear_faults();
    }
}

#[sqlx::test]
async fn a_refusal_has_cost_nothing(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    for (fault, words, alerts) in [
        (Fault::ErrCode(71007), "`dinggate callback register`", 0),
        (Fault::ErrCode(400_040), "`dinggate callback register`", 0),
        (Fault::ErrCode(60011), "60011", 1),
        (Fault::ErrCode(-1), "busy", 0),
        (Fault::SubCode("90018".into()), "throttling", 0),
    ] {
        sim.fault(FAILED, fault.clone());
        let ended = run(&settings, &["callback", "failed"]);
        assert_eq!(ended.code, Some(1), "{fault:?} {ended:?}");
        assert!(ended.err.contains(words), "{fault:?} {ended:?}");
        assert_eq!(
            number(
                &pool,
                "WITH gone AS (DELETE FROM alert RETURNING 1) SELECT count(*) FROM gone"
            )
            .await,
            alerts,
            "{fault:?}"
        );
        sim.clear_faults();
    }
    sim.stop();
    let ended = run(&settings, &["callback", "failed"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(number(&pool, LOST).await, 0, "nothing was asked");
}

#[sqlx::test]
async fn a_list_that_gives_the_same_for_ever_is_left_for_later_and_nothing_is_lost(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let again = entry("user_add_org", 1_700_000_001_200, &["zhangsan01"]);
    let endless = json!({"errcode": 0, "errmsg": "ok", "failed_list": [again], "has_more": true});
    sim.fault(FAILED, Fault::Json(endless));
    let endless = run(&settings, &["callback", "failed"]);
    assert_eq!(endless.code, Some(1), "{endless:?}");
    assert!(
        endless
            .out
            .starts_with("fetched 21, of which 20 were known already\n")
            && endless
                .err
                .contains("20 pages in a row have brought nothing new"),
        "{endless:?}"
    );
    assert_eq!(
        (number(&pool, HELD).await, number(&pool, LOST).await),
        (1, 0)
    );

    sim.clear_faults();
    sim.add_failed(entry("user_add_org", 1_700_000_002_200, &["0158"]));
    let later = run(&settings, &["callback", "failed"]);
    assert_eq!(later.code, Some(0), "{later:?}");
    assert_eq!(
        (number(&pool, HELD).await, number(&pool, LOST).await),
        (2, 0)
    );
}
