use super::*;

fn row() -> AdminRow {
    AdminRow {
        userid: UserId::parse("0158").unwrap(),
        name: Some("张三".to_owned()),
        is_employed: true,
        unionid: Some(UnionId::parse("u-1").unwrap()),
        is_granted: false,
        has_grant: false,
        role: None,
        departments: None,
        is_bound: true,
        bound_unionid: Some(UnionId::parse("u-1").unwrap()),
        is_ended: false,
    }
}

#[test]
fn an_entry_is_in_force_only_under_the_pair_that_it_was_bound_to() {
    let other = UnionId::parse("u-2").ok();
    assert_eq!(entitlement(&row(), None), Entitlement::InForce);
    assert_eq!(
        entitlement(&row(), other.as_ref()),
        Entitlement::Contradicted
    );
    let changed = AdminRow {
        unionid: other,
        is_ended: true,
        ..row()
    };
    assert_eq!(entitlement(&changed, None), Entitlement::AccountChanged);
    let ended = AdminRow {
        is_ended: true,
        ..row()
    };
    assert_eq!(entitlement(&ended, None), Entitlement::Ended);
    let unknown = AdminRow {
        bound_unionid: None,
        ..row()
    };
    assert_eq!(entitlement(&unknown, None), Entitlement::Unknown);
    let unbound = AdminRow {
        is_bound: false,
        ..unknown
    };
    assert_eq!(entitlement(&unbound, None), Entitlement::NotBound);
    let absent = AdminRow {
        is_employed: false,
        unionid: None,
        name: None,
        ..row()
    };
    assert_eq!(entitlement(&absent, None), Entitlement::NoRow);
}
