use actix_web::rt::net::TcpListener;

use super::*;

const A: Option<ClientKey> = Some(ClientKey::Subnet(1));
const B: Option<ClientKey> = Some(ClientKey::Subnet(2));
const C: Option<ClientKey> = Some(ClientKey::Subnet(3));

/// Returns both ends of a connection, as if it came from a client.
async fn connect(
    connections: &Arc<Connections>,
    client: Option<ClientKey>,
) -> (Connection, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap());
    let (far, near) = tokio::join!(far, listener.accept());
    let (far, near) = (far.unwrap(), near.unwrap().0);
    (connections.admit(&near, client), far, near)
}

async fn until_idle() {
    tokio::time::sleep(MIN_IDLE * 2).await;
}

#[tokio::test]
async fn beyond_its_share_a_client_closes_its_own_connections_and_shuts_nobody_out() {
    let connections = Connections::new(8, Vec::new());
    let is_closed = |id| connections.lock().is_closing(id);
    let other = connect(&connections, B).await;
    let (first, second) = (
        connect(&connections, A).await,
        connect(&connections, A).await,
    );
    until_idle().await;
    let third = connect(&connections, A).await;
    assert!(is_closed(first.0.id) && !third.0.is_reserve);
    assert!(!is_closed(second.0.id) && !is_closed(other.0.id));
    let _busy = (second.0.begin_request(false), third.0.begin_request(false));
    assert!(connect(&connections, A).await.0.is_reserve, "all are busy");
    assert!(!connect(&connections, B).await.0.is_reserve);
    let mut of_proxy = Vec::new();
    for _ in 0..4 {
        of_proxy.push(connect(&connections, None).await);
    }
    assert!(of_proxy.iter().all(|(proxy, ..)| !proxy.is_reserve));
    drop((first, second, third, other, of_proxy));
    let open = connections.lock();
    assert_eq!(open.regular(), 0);
    assert_eq!([A, B].map(|client| open.count_of(client.unwrap())), [0, 0]);
}

#[tokio::test]
async fn at_the_cap_the_client_with_most_connections_makes_room() {
    let connections = Connections::with(4, 4, Vec::new());
    let is_closed = |id| connections.lock().is_closing(id);
    let others = [
        connect(&connections, B).await,
        connect(&connections, None).await,
    ];
    let (first, second) = (
        connect(&connections, A).await,
        connect(&connections, A).await,
    );
    until_idle().await;
    let newcomer = connect(&connections, C).await;
    assert!(is_closed(first.0.id) && !newcomer.0.is_reserve);
    for (kept, ..) in others.iter().chain([&second]) {
        assert!(!is_closed(kept.id));
    }
}

#[test]
fn trusted_proxies_and_this_machine_have_no_share() {
    let trusted = vec!["203.0.113.0/24".parse().unwrap()];
    let connections = Connections::new(8, trusted);
    let client = |address: &str| connections.client_of(address.parse().unwrap());
    for exempt in ["127.0.0.1", "::1", "203.0.113.9"] {
        assert_eq!(client(exempt), None);
    }
    assert!(client("198.51.100.1").is_some());
    assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2::2"));
}
