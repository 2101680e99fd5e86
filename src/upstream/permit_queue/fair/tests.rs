use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::upstream::clients::tests::{address, device, slowed};

/// Enters the queue and expects a free place.
fn enter(queue: &mut FairQueue<u32>, client: &Client, n: u32) {
    assert_eq!(queue.enqueue(client, n, usize::MAX), EnqueueResult::Queued);
}

/// Returns the waiters in serving order, each login ending at once.
fn served(mut queue: FairQueue<u32>) -> Vec<u32> {
    let counts = InProgressCounts::default();
    std::iter::from_fn(|| queue.next(&counts).map(|(_, n)| n)).collect()
}

#[test]
fn clients_take_turns_and_each_is_served_in_order_of_arrival() {
    let mut queue = FairQueue::default();
    for n in 0..4 {
        enter(&mut queue, &address(1), n);
    }
    enter(&mut queue, &address(2), 20);
    enter(&mut queue, &address(2), 21);
    enter(&mut queue, &device(3), 30);
    assert_eq!(queue.len, 7);
    assert_eq!(served(queue), [0, 20, 30, 1, 21, 2, 3]);
}

#[test]
fn a_client_above_its_rate_comes_last_and_with_one_login_at_a_time() {
    let mut queue = FairQueue::default();
    let counts = InProgressCounts::default();
    enter(&mut queue, &slowed(1), 10);
    enter(&mut queue, &slowed(1), 11);
    enter(&mut queue, &address(2), 20);
    enter(&mut queue, &address(2), 21);
    let mut next = || queue.next(&counts).map(|(key, n)| (counts.begin(key), n));
    let (_a, first) = next().unwrap();
    let (_b, second) = next().unwrap();
    let (one, third) = next().unwrap();
    assert_eq!((first, second, third), (20, 21, 10));
    assert!(next().is_none(), "one at a time");
    drop(one);
    assert_eq!(next().unwrap().1, 11);
}

#[test]
fn a_client_has_eight_logins_in_progress_while_another_waits_and_all_when_alone() {
    let mut queue = FairQueue::default();
    let counts = InProgressCounts::default();
    for n in 0..20 {
        enter(&mut queue, &address(1), n);
    }
    let mut begun = Vec::new();
    let mut next = |queue: &mut FairQueue<u32>| {
        let (key, n) = queue.next(&counts)?;
        begun.push(counts.begin(key));
        Some(n)
    };
    for n in 0..10 {
        assert_eq!(next(&mut queue), Some(n), "alone");
    }
    enter(&mut queue, &address(2), 100);
    enter(&mut queue, &address(2), 101);
    assert_eq!(next(&mut queue), Some(100));
    assert_eq!(next(&mut queue), Some(101));
    assert_eq!(next(&mut queue), Some(10), "alone again");
    for n in 102..110 {
        enter(&mut queue, &address(2), n);
    }
    for n in 102..108 {
        assert_eq!(next(&mut queue), Some(n));
    }
    assert!(!queue.has_next(&counts), "both have eight or more");
    assert_eq!(next(&mut queue), None);
}

#[test]
fn a_full_queue_takes_the_place_of_who_has_more_than_a_share() {
    let mut queue = FairQueue::default();
    for n in 0..4 {
        assert_eq!(queue.enqueue(&address(1), n, 4), EnqueueResult::Queued);
    }
    assert_eq!(
        queue.enqueue(&address(1), 9, 4),
        EnqueueResult::Full,
        "its own"
    );
    let first = address(1).key;
    assert_eq!(
        queue.enqueue(&address(2), 20, 4),
        EnqueueResult::Evicted(first, 3)
    );
    assert!(!queue.is_full_for(&address(2), 4));
    assert_eq!(
        queue.enqueue(&address(2), 21, 4),
        EnqueueResult::Evicted(first, 2)
    );
    assert!(queue.is_full_for(&address(2), 4), "both have two");
    assert_eq!(queue.enqueue(&address(2), 22, 4), EnqueueResult::Full);
    assert_eq!(queue.len, 4);
    assert_eq!(served(queue), [0, 20, 1, 21]);
}

#[test]
fn a_known_browser_finds_a_place_among_as_many_clients_as_there_are_places() {
    let mut queue = FairQueue::default();
    for n in 0..4 {
        queue.enqueue(&address(n), u32::from(n), 4);
    }
    assert_eq!(queue.enqueue(&address(9), 9, 4), EnqueueResult::Full);
    assert!(matches!(
        queue.enqueue(&device(9), 90, 4),
        EnqueueResult::Evicted(..)
    ));
    let mut slow = FairQueue::default();
    slow.enqueue(&slowed(1), 1, 1);
    assert_eq!(slow.enqueue(&slowed(2), 2, 1), EnqueueResult::Full);
    assert!(matches!(
        slow.enqueue(&address(3), 3, 1),
        EnqueueResult::Evicted(..)
    ));
}

/// Returns a client in an IPv6 subnet of one site.
fn subnet(n: u64) -> Client {
    Client::new(ClientKey::Subnet(7 << 16 | n), Arc::default())
}

#[test]
fn a_site_has_no_more_turns_than_ten_clients() {
    let mut queue = FairQueue::default();
    for n in 0..60 {
        enter(&mut queue, &subnet(n), u32::try_from(n).unwrap());
    }
    for n in 100..105 {
        enter(&mut queue, &address(1), n);
        enter(&mut queue, &address(2), n + 100);
    }
    let order = served(queue);
    let place = |n| order.iter().position(|other| *other == n).unwrap();
    for (round, n) in (100..105).enumerate() {
        assert_eq!(place(n), round * 12 + 10, "after ten of the site");
        assert_eq!(place(n + 100), round * 12 + 11);
    }
    assert_eq!(order.iter().filter(|n| **n < 60).count(), 60);
}

#[test]
fn the_clients_of_a_site_take_turns() {
    let mut queue = FairQueue::default();
    for n in 0..3 {
        enter(&mut queue, &subnet(1), n);
    }
    enter(&mut queue, &subnet(2), 20);
    enter(&mut queue, &address(1), 30);
    assert_eq!(served(queue), [0, 20, 30, 1, 2]);
}

#[test]
fn a_site_has_no_more_places_in_a_full_queue_than_ten_clients() {
    let mut queue = FairQueue::default();
    for n in 0..44 {
        enter(&mut queue, &subnet(n), u32::try_from(n).unwrap());
    }
    assert_eq!(queue.enqueue(&subnet(99), 99, 44), EnqueueResult::Full);
    for n in 0..4 {
        let entered = queue.enqueue(&address(1), 100 + n, 44);
        assert!(matches!(
            entered,
            EnqueueResult::Evicted(ClientKey::Subnet(_), _)
        ));
    }
    assert_eq!(queue.enqueue(&address(1), 104, 44), EnqueueResult::Full);
    assert_eq!(queue.enqueue(&subnet(99), 99, 44), EnqueueResult::Full);
    let entered = queue.enqueue(&address(2), 200, 44);
    assert!(matches!(entered, EnqueueResult::Evicted(..)));
}

#[test]
fn within_a_site_the_place_of_the_longest_line_is_taken() {
    let mut queue = FairQueue::default();
    for n in 0..30 {
        enter(&mut queue, &subnet(1), n);
    }
    assert!(!queue.is_full_for(&subnet(2), 30));
    assert_eq!(
        queue.enqueue(&subnet(2), 99, 30),
        EnqueueResult::Evicted(subnet(1).key, 29)
    );
}

#[test]
fn who_has_gone_away_leaves_nothing_behind() {
    let mut queue = FairQueue::default();
    for n in 0..6 {
        enter(&mut queue, &address(u8::try_from(n % 3).unwrap()), n);
    }
    queue.retain(|n| n % 3 == 1);
    assert_eq!((queue.len, queue.lines.len(), queue.sites.len()), (2, 1, 1));
    assert_eq!(served(queue), [1, 4]);
}

#[test]
fn promises_come_one_after_another_at_the_share_of_the_client() {
    let mut queue = FairQueue::<u32>::default();
    let (now, spacing) = (Instant::now(), Duration::from_millis(50));
    let mut promise = |n: u8| {
        let (hold, key) = (Duration::ZERO, address(n).key);
        queue.reserve_retry(key, now, hold, spacing).as_millis()
    };
    assert_eq!((promise(1), promise(1), promise(1)), (50, 100, 150));
    assert_eq!((promise(2), promise(2)), (100, 200), "two share the pace");
    assert_eq!(promise(1), 250);
    let far: HashSet<u128> = (0..5000).map(|_| promise(1)).skip(500).collect();
    assert!(far.iter().all(|wait| (10_000..=20_000).contains(wait)));
    assert!(
        far.len() > 1_000,
        "they do not all return at the same moment"
    );
    assert_eq!(promise(2), 300, "only the time up to the bound is reserved");
}

#[test]
fn addresses_of_a_site_that_never_come_back_delay_others_no_more_than_ten_clients() {
    let mut queue = FairQueue::<u32>::default();
    let (now, spacing) = (Instant::now(), Duration::from_millis(10));
    let mut promise = |key, now| queue.reserve_retry(key, now, Duration::ZERO, spacing);
    for n in 0..1000 {
        promise(subnet(n).key, now);
    }
    assert_eq!(promise(address(1).key, now), spacing * 11);
    assert_eq!(promise(subnet(1000).key, now), spacing * 11 * 101);
    let later = now + MAX_RETRY_AFTER;
    assert_eq!(
        promise(address(2).key, later),
        spacing,
        "nobody is waited for"
    );
}

#[test]
fn the_memory_for_promises_is_bounded() {
    let mut queue = FairQueue::<u32>::default();
    let now = Instant::now();
    for n in 0..10_000 {
        let key = ClientKey::Subnet(n);
        queue.reserve_retry(key, now, Duration::ZERO, Duration::from_millis(1));
    }
    assert_eq!(queue.retry_reservations.len(), MAX_RESERVATIONS);
}
