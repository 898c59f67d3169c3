//! Answers in the server's place, between two network namespaces. Needs root.
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::channel;
use std::time::Duration;

use firewall_common::addr::Addr;
use firewall_userspace::engine::command::Answer;
use firewall_userspace::event_loop::responder::Responder;

#[allow(dead_code, reason = "shared with other tests, which use the rest")]
#[path = "lifecycle/world.rs"]
mod world;
use world::{World, peer_of};

const BYTES: &[u8] = b"SIP/2.0 488 Not Acceptable Here\r\nContent-Length: 0\r\n\r\n";

fn answer(from: &str, to: &str, bytes: &[u8]) -> Answer {
    let end = |text: &str| {
        let end: SocketAddr = text.parse().unwrap();
        (Addr::from(end.ip()), end.port())
    };
    Answer { from: end(from), to: end(to), bytes: bytes.to_vec() }
}

fn configure(world: &World, iface: &str, addresses: [&str; 2], gateways: [&str; 2]) {
    world.ip(&["addr", "add", addresses[0], "dev", iface]);
    world.ip(&["addr", "add", addresses[1], "dev", iface, "nodad"]);
    world.ip(&["link", "set", iface, "up"]);
    world.ip(&["route", "add", "default", "via", gateways[0]]);
    world.ip(&["-6", "route", "add", "default", "via", gateways[1]]);
}

/// A client in a namespace of its own at the other end of the server's veth pair; what it hears on each of its addresses.
fn heard_by_client(server: &World, iface: &str, send: impl FnOnce()) -> Vec<(Vec<u8>, SocketAddr)> {
    let (tell, told) = channel();
    let (go, ready) = channel::<()>();
    let peer = peer_of(iface);
    let client = std::thread::spawn({
        let peer = peer.clone();
        move || {
            let client = World::new();
            tell.send(client.name().to_owned()).unwrap();
            ready.recv().unwrap();
            configure(&client, &peer, ["192.0.2.2/24", "2001:db8::2/64"], ["192.0.2.1", "2001:db8::1"]);
            let sockets = ["192.0.2.2:5070", "[2001:db8::2]:5070"].map(|at| UdpSocket::bind(at).unwrap());
            tell.send(String::new()).unwrap();
            let hear = |socket: &UdpSocket| {
                let mut buffer = [0; 2_048];
                socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                let (len, from) = socket.recv_from(&mut buffer).unwrap();
                (buffer[..len].to_vec(), from)
            };
            sockets.iter().map(hear).collect()
        }
    });
    server.ip(&["link", "set", &peer, "netns", &told.recv().unwrap()]);
    configure(server, iface, ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2", "2001:db8::2"]);
    go.send(()).unwrap();
    told.recv().unwrap();
    send();
    client.join().unwrap()
}

#[test]
fn an_answer_comes_from_our_servers_address_and_port() {
    let server = World::new();
    let iface = server.veth();
    let mut responder = Responder::open();
    assert_eq!(responder.warning(), None);
    // Addresses of a server behind this host, which the host itself does not have.
    let heard = heard_by_client(&server, &iface, || {
        responder.send(&answer("203.0.113.1:5060", "192.0.2.2:5070", BYTES)).unwrap();
        responder.send(&answer("[2001:db8:1::5]:5062", "[2001:db8::2]:5070", BYTES)).unwrap();
    });
    let from = |text: &str| text.parse::<SocketAddr>().unwrap();
    assert_eq!(heard[0], (BYTES.to_vec(), from("203.0.113.1:5060")));
    assert_eq!(heard[1], (BYTES.to_vec(), from("[2001:db8:1::5]:5062")));
    assert_eq!((responder.counts().sent, responder.counts().failed), (2, 0));
}

#[test]
fn what_cannot_be_sent_is_told_and_counted() {
    let server = World::new();
    let mut responder = Responder::open();
    let mixed = responder.send(&answer("203.0.113.1:5060", "[2001:db8::2]:5070", BYTES)).unwrap_err();
    assert!(mixed.to_string().contains("two versions"), "{mixed}");
    let unrouted = responder.send(&answer("203.0.113.1:5060", "198.51.100.7:5070", BYTES)).unwrap_err();
    assert_eq!(unrouted.kind(), std::io::ErrorKind::NetworkUnreachable);
    assert_eq!((responder.counts().sent, responder.counts().failed), (0, 2));
    drop(server);
}
