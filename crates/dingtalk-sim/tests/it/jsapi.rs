//! The script that pages inside `DingTalk` load, and the app around them.

use dingtalk_sim::{Device, NativeAnswer, NativeClient, SimConfig, company};

use crate::support::Caller;

const PATH: &str = "/jsapi/dingtalk.open.js";

fn bundle() -> std::path::PathBuf {
    let file = std::env::temp_dir().join(format!("jsapi-{}.js", std::process::id()));
    std::fs::write(&file, "var dd = {};").unwrap();
    file
}

#[actix_web::test]
async fn without_a_bundle_there_is_no_script() {
    assert_eq!(Caller::new().page(PATH).await.0, 404);
}

#[actix_web::test]
async fn the_bundle_is_served_as_it_is_unless_a_demo_wants_the_app_with_it() {
    let mut config = SimConfig {
        jsapi: Some(bundle()),
        ..SimConfig::default()
    };
    let (status, _, script) = Caller::with(config.clone()).page(PATH).await;
    assert_eq!((status, script.as_str()), (200, "var dd = {};"));
    // A browser that does not say that it is DingTalk has no app around it.
    config.in_app_as = Some(company::EMPLOYEE.to_owned());
    let caller = Caller::with(config);
    assert_eq!(caller.page(PATH).await.2, "var dd = {};");
    let url = format!("{}{PATH}", caller.sim.url());
    for device in [Device::Android, Device::Desktop] {
        let request = caller.http.get(&url);
        let answer = request.header("User-Agent", device.user_agent()).send();
        let script = answer.await.unwrap().text().await.unwrap();
        let name = format!("\"device\":\"{device:?}\"").to_lowercase();
        assert!(script.contains(&name), "{script}");
        assert!(script.ends_with(");\nvar dd = {};"), "{script}");
    }
}

#[test]
fn a_user_agent_names_its_device() {
    for device in [Device::Android, Device::Ios, Device::Desktop] {
        assert_eq!(Device::of(device.user_agent()), device);
        assert!(device.user_agent().contains("DingTalk"));
    }
}

#[test]
fn the_app_is_a_script_with_the_answer_in_it() {
    let answer = NativeAnswer::Failure {
        code: "3",
        message: "</script>'\"",
    };
    let script = NativeClient::new(Device::Ios, "ding1", answer).script();
    assert!(script.ends_with(");\n"), "{script}");
    assert!(script.contains(r#""device":"ios""#) && script.contains(r#""corpId":"ding1""#));
}
