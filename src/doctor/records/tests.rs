use super::super::Status;
use super::*;
use crate::domain::ids::UserId;
use crate::domain::rights::Rights;

fn inbox() -> Inbox {
    Inbox {
        last_age: Some(60.0),
        waiting: 0,
        waiting_age: None,
        failed: 0,
        parked: 0,
    }
}

#[test]
fn ages_are_told_in_units_that_matter() {
    assert_eq!(age(59.7), "59s");
    assert_eq!(age(3_725.0), "1h 2m");
    assert_eq!(age(2.0 * DAY + 3_725.0), "2days 1h");
    assert_eq!(age(-1.0), "0s");
    assert_eq!(age(f64::NAN), "0s");
}

#[test]
fn a_quiet_week_is_odd_in_a_large_company_only() {
    let quiet = Inbox {
        last_age: Some(7.1 * DAY),
        ..inbox()
    };
    assert_eq!(last_event(&quiet, 50).status, Status::Warning);
    assert_eq!(last_event(&quiet, 49).status, Status::Ok);
    let never = Inbox {
        last_age: None,
        ..inbox()
    };
    assert_eq!(last_event(&never, 0).status, Status::Warning);
}

#[test]
fn an_inbox_is_right_while_nothing_is_stuck_in_it() {
    assert_eq!(events(&inbox()).status, Status::Ok);
    let briefly = Inbox {
        waiting: 5,
        waiting_age: Some(20.0),
        ..inbox()
    };
    assert_eq!(events(&briefly).status, Status::Ok);
    let stuck = Inbox {
        waiting_age: Some(4000.0),
        failed: 1,
        parked: 2,
        ..briefly
    };
    let check = events(&stuck);
    assert_eq!(check.detail, "5 waiting, 1 failed, 2 held, one for 1h 6m");
    let action = check.action.unwrap();
    for word in ["/admin/events?state=failed", "--replay", "dinggate serve"] {
        assert!(action.contains(word), "{action}");
    }
}

fn admin(in_settings: Option<Entitlement>, is_admin: bool) -> Administrator {
    Administrator {
        userid: UserId::parse("0158").unwrap(),
        name: Some("张三".to_owned()),
        in_settings,
        is_employed: is_admin,
        is_granted: in_settings.is_none(),
        rights: Rights::ADMIN,
        is_in_force: is_admin,
        bound_unionid: None,
    }
}

#[test]
fn administrators_must_work_here_as_soon_as_anybody_does() {
    let granted = |is_admin| admin(None, is_admin);
    let listed = |entitlement| admin(Some(entitlement), entitlement == Entitlement::InForce);
    let of = |admins: &[Administrator], staff| administrators(admins, staff).status;
    assert_eq!(of(&[granted(true)], 30), Status::Ok);
    assert_eq!(of(&[listed(Entitlement::InForce)], 30), Status::Ok);
    let one_ended = [granted(true), listed(Entitlement::Ended)];
    assert_eq!(of(&one_ended, 30), Status::Warning);
    assert_eq!(of(&[listed(Entitlement::NotBound)], 0), Status::Warning);
    assert_eq!(of(&[listed(Entitlement::NotBound)], 30), Status::Failure);
    let works_here = Administrator {
        is_employed: true,
        ..listed(Entitlement::NotBound)
    };
    assert_eq!(of(&[works_here], 30), Status::Warning);
    assert_eq!(of(&[listed(Entitlement::NoRow)], 0), Status::Warning);
    assert_eq!(of(&[listed(Entitlement::NoRow)], 30), Status::Failure);
    assert_eq!(of(&[listed(Entitlement::Unknown)], 30), Status::Failure);
    assert_eq!(of(&[granted(false)], 30), Status::Failure);
    let contradicted = [granted(true), listed(Entitlement::Contradicted)];
    assert_eq!(of(&contradicted, 30), Status::Failure);
    assert_eq!(of(&[], 0), Status::Failure);
}
