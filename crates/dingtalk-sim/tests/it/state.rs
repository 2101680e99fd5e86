use std::{fs, path::PathBuf, time::Duration};

use dingtalk_sim::{EventState, NewPerson, Scope, Sim, SimConfig, company};

use crate::support::{Caller, Receiver};

/// A folder that is gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dingtalk-sim-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn config(&self) -> SimConfig {
        SimConfig {
            state_file: Some(self.0.join("state.json")),
            ..SimConfig::default()
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_company_and_its_events_outlive_a_run() {
    let folder = Folder::new("kept");
    let first = Sim::start(folder.config()).unwrap();
    let person = first.hire(NewPerson::named("李雷")).unwrap();
    first.dismiss(company::EMPLOYEE).unwrap();
    first.create_department("税务组", 1).unwrap();
    first.set_scope(Scope::departments(&[410_020_006]));
    let events = first.events();
    first.stop();
    let second = Sim::start(folder.config()).unwrap();
    assert_eq!(second.person(&person.userid), Some(person.clone()));
    assert_eq!(second.person(company::EMPLOYEE), None);
    assert!(second.directory().department_named("税务组").is_some());
    assert_eq!(second.events(), events);
    let next = second.hire(NewPerson::named("韩梅梅")).unwrap();
    assert_ne!(next.userid, person.userid, "ids are not given twice");
    let names: Vec<_> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    assert_eq!(names, ["state.json"], "nothing is left beside it");
}

#[test]
fn the_failed_list_outlives_a_run() {
    let folder = Folder::new("failed");
    let first = Sim::start(folder.config()).unwrap();
    first.add_failed(serde_json::json!({"call_back_tag": 7}));
    first.stop();
    let second = Sim::start(folder.config()).unwrap();
    assert_eq!(second.failed_count(), 1);
}

#[actix_web::test]
async fn a_registered_callback_and_approvals_outlive_a_run() {
    let folder = Folder::new("registered");
    let first = Caller::with(folder.config());
    let receiver = Receiver::start(
        &SimConfig {
            owner_key: dingtalk_sim::OwnerKey::CorpId,
            ..folder.config()
        },
        &[],
    );
    let config = first.sim.config();
    let wish = serde_json::json!({"call_back_tag": ["org_change"], "url": receiver.url,
        "token": config.callback_token, "aes_key": config.callback_aes_key});
    let token = first.token().await;
    let path = format!("/call_back/register_call_back?access_token={token}");
    assert_eq!(first.post(&path, &wish).await["errcode"], 0);
    let new = dingtalk_sim::NewApproval {
        process_code: "P".into(),
        title: "请假".into(),
        originator: company::EMPLOYEE.into(),
        approver: company::ADMIN.into(),
        ..Default::default()
    };
    first.sim.start_approval(new).unwrap();
    let (registered, approvals) = (first.sim.registered_callback(), first.sim.approvals());
    first.sim.stop();
    let second = Sim::start(folder.config()).unwrap();
    assert!(registered.is_some() && approvals.len() == 1);
    assert_eq!(second.registered_callback(), registered);
    assert_eq!(second.approvals(), approvals);
}

#[test]
fn a_file_that_is_no_state_stops_the_start_and_stays_as_it_is() {
    let folder = Folder::new("broken");
    let path = folder.config().state_file.unwrap();
    fs::write(&path, "{ broken").unwrap();
    let error = Sim::start(folder.config()).err().unwrap().to_string();
    assert!(error.contains("state.json"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{ broken");
}

#[actix_web::test]
async fn an_event_that_waited_when_the_run_ended_is_sent_by_the_next() {
    let folder = Folder::new("waiting");
    let nobody = "http://127.0.0.1:9/events".to_owned();
    let first = Sim::start(SimConfig {
        callback_url: Some(nobody),
        ..folder.config()
    })
    .unwrap();
    first.dismiss(company::EMPLOYEE).unwrap();
    while first.events_in(EventState::Retrying) == 0 {
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    first.stop();
    let receiver = Receiver::start(&folder.config(), &[]);
    let url = Some(receiver.url.clone());
    let second = Sim::start(SimConfig {
        callback_url: url,
        ..folder.config()
    })
    .unwrap();
    assert!(second.settled(Duration::from_secs(5)).await);
    assert_eq!(receiver.types(), ["user_leave_org"]);
}

#[test]
fn a_bad_key_or_a_taken_port_stops_the_start() {
    let config = SimConfig {
        callback_aes_key: "short".into(),
        ..SimConfig::default()
    };
    assert!(Sim::start(config).err().unwrap().to_string().contains("43"));
    let sim = Sim::start(SimConfig::default()).unwrap();
    let listen = ([127, 0, 0, 1], sim.port()).into();
    let error = Sim::start(SimConfig {
        listen,
        ..SimConfig::default()
    })
    .err()
    .unwrap();
    assert!(error.to_string().contains("cannot listen"), "{error}");
}
