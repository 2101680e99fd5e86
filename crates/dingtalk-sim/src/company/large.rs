//! A generated company of any size, the same in every run.

use anyhow::ensure;

use super::FIRST_DAY;
use crate::directory::{Directory, Membership, Person, ROOT};

/// Departments directly below the root; every other one has up to [`BELOW`] children.
const TOP: usize = 10;
const BELOW: usize = 6;
/// One in this many people belongs to the first department, so that its list has many pages.
const CROWD: usize = 50;
/// One in this many people is in a second department.
const SECOND: usize = 20;
const FIRST_DEPARTMENT: i64 = 510_000_000;
/// Above 2^53 and odd, so that a double would lose precision.
const FIRST_ORDER: i64 = 176_000_000_000_000_001;

const KINDS: [&str; 8] = [
    "研发部",
    "产品部",
    "销售部",
    "客服部",
    "财务部",
    "人事部",
    "运营部",
    "法务部",
];
const TITLES: [&str; 5] = ["工程师", "专员", "主管", "经理", ""];
const SURNAMES: [&str; 16] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
];
const MIDDLE: [&str; 12] = [
    "子", "文", "晓", "志", "建", "雨", "思", "浩", "佳", "明", "海", "春",
];
const LAST: [&str; 13] = [
    "涵", "杰", "燕", "强", "敏", "轩", "琪", "然", "宁", "辉", "婷", "洋", "峰",
];

/// Generates a company with this many people in this many departments below the root. The tree is several levels
/// deep, one in twenty people is in two departments, the first person of each department leads it, and the first
/// person overall is the administrator.
pub fn large(departments: usize, people: usize) -> anyhow::Result<Directory> {
    ensure!(departments > 0, "a large company needs a department");
    let mut directory = Directory::empty("万象集团");
    for number in 0..departments {
        let name = format!("{}{}", pick(&KINDS, number), number + 1);
        let parent = match number.checked_sub(TOP) {
            Some(above) => id_of(above / BELOW),
            None => ROOT,
        };
        directory.insert_department(id_of(number), &name, parent)?;
    }
    for number in 0..people {
        directory.insert_person(person(number, departments));
    }
    Ok(directory)
}

/// Returns the userid of the person at this index, counted from 0; the existing forms alternate.
pub fn large_userid(number: usize) -> String {
    match number % 3 {
        0 => format!("0158{number:013}"),
        1 => format!("manager{number}"),
        _ => format!("10203{number:06}-431772414"),
    }
}

/// Returns the id of the department at this index, counted from 0.
fn id_of(number: usize) -> i64 {
    i64::try_from(number).map_or(FIRST_DEPARTMENT, |number| FIRST_DEPARTMENT + number)
}

fn person(number: usize, departments: usize) -> Person {
    let place = i64::try_from(number).unwrap_or_default();
    let name = format!(
        "{}{}{}",
        pick(&SURNAMES, number),
        pick(&MIDDLE, number / 3),
        pick(&LAST, number / 7)
    );
    Person {
        userid: large_userid(number),
        unionid: unionid(number),
        nick: name.clone(),
        name,
        title: pick(&TITLES, number).to_owned(),
        mobile: format!("139{number:08}"),
        email: format!("p{number}@example.com"),
        job_number: format!("L-{number:06}"),
        memberships: memberships(number, place, departments),
        admin: number == 0,
        ..Person::blank(FIRST_DAY + place * 60_000)
    }
}

fn memberships(number: usize, place: i64, departments: usize) -> Vec<Membership> {
    let leader = number < departments;
    let first = if !leader && number.is_multiple_of(CROWD) {
        0
    } else {
        number % departments
    };
    let order = FIRST_ORDER + place * 512;
    let mut places = vec![Membership {
        dept_id: id_of(first),
        order,
        leader,
    }];
    let second = (first + 7) % departments;
    if number % SECOND == SECOND - 1 && second != first {
        places.push(Membership {
            dept_id: id_of(second),
            order: order + 256,
            leader: false,
        });
    }
    places
}

/// Returns 28 letters and digits; they contain the index, so that no two are the same.
fn unionid(number: usize) -> String {
    let number = u64::try_from(number).unwrap_or_default();
    let mut text = letters(mix(number), 10);
    text.push_str(&letters(mix(!number), 10));
    text.push_str(&letters(number, 6));
    text.push_str("iE");
    text
}

fn letters(mut number: u64, count: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        let place = usize::try_from(number % 62).unwrap_or_default();
        text.push(LETTERS.get(place).copied().map_or('A', char::from));
        number /= 62;
    }
    text
}

/// Scatters adjacent numbers (the finalizer of splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns the list's entry for this index, wrapping around.
fn pick(list: &[&'static str], number: usize) -> &'static str {
    let place = number.checked_rem(list.len());
    place
        .and_then(|place| list.get(place))
        .copied()
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_large_company_is_the_same_in_every_run() {
        let (one, two) = (large(40, 900).unwrap(), large(40, 900).unwrap());
        assert_eq!(one.people(), two.people());
        assert_eq!(one.departments(), two.departments());
        assert!(large(0, 5).is_err());
    }

    #[test]
    fn it_has_as_many_as_asked_for_in_a_deep_tree() {
        let company = large(2000, 5000).unwrap();
        assert_eq!(company.departments().len(), 2001);
        assert_eq!(company.people().len(), 5000);
        let depth = |id: i64| company.path_to_root(id).len();
        let deepest = company.departments().iter().map(|d| depth(d.dept_id)).max();
        assert!(deepest >= Some(5), "{deepest:?}");
        assert_eq!(
            company.subtree(ROOT).len(),
            2001,
            "every one hangs below the root"
        );
    }

    #[test]
    fn its_people_are_told_apart_and_have_what_real_ones_have() {
        let company = large(40, 3000).unwrap();
        let people = company.people();
        let userids: HashSet<_> = people.iter().map(|p| &p.userid).collect();
        let unionids: HashSet<_> = people.iter().map(|p| &p.unionid).collect();
        assert_eq!((userids.len(), unionids.len()), (3000, 3000));
        assert!(unionids.iter().all(|unionid| unionid.len() == 28));
        let two = people.iter().filter(|p| p.memberships.len() == 2).count();
        assert_eq!(two, 150);
        let leaders = people.iter().flat_map(|p| &p.memberships);
        let leaders: Vec<_> = leaders.filter(|place| place.leader).collect();
        assert_eq!(leaders.len(), 40);
        let orders = people.iter().flat_map(|p| &p.memberships);
        assert!(
            orders
                .clone()
                .all(|place| place.order > 1 << 53 && place.order % 2 == 1)
        );
        assert!(
            company.members(FIRST_DEPARTMENT).count() > 100,
            "more than a page"
        );
        assert!(company.person(&large_userid(0)).unwrap().admin);
        assert!(userids.iter().any(|userid| userid.starts_with('0')));
    }
}
