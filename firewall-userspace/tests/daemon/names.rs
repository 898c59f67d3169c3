//! Peers by DNS name, with a DNS server nobody here wrote.
use std::collections::BTreeSet;

use firewall_common::reason::Reason;
use firewall_userspace::names::{Book, Finding, Resolver, Rules, What, cache};
use firewall_userspace::store::{NAME_REFUSED, Store, StoredAlarm};
use rustix::process::Signal;

use super::unbound::{ADDRESS, Unbound};
use super::{Daemon, STRANGER, World, eventually, write_config};

const NAME: &str = "sip.itsp.example";

fn resolve(name: &str) -> Finding {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Resolver::new(&[Unbound::address()]).unwrap().resolve(name).await })
}

fn texts(finding: &Finding) -> Vec<String> {
    finding.addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn all_records_of_a_name_lead_to_its_addresses() {
    let world = World::new();
    let server = Unbound::start(&world);
    for record in [
        "sip.itsp.example. 300 IN A 203.0.113.1",
        "sip.itsp.example. 300 IN AAAA 2001:db8::1",
        "_sip._udp.sip.itsp.example. 120 IN SRV 10 1 5060 a.itsp.example.",
        "_sips._tcp.sip.itsp.example. 120 IN SRV 10 1 5061 b.itsp.example.",
        "a.itsp.example. 60 IN A 203.0.113.2",
        "b.itsp.example. 60 IN CNAME c.itsp.example.",
        "c.itsp.example. 60 IN A 203.0.113.3",
        "sip.itsp.example. 300 IN NAPTR 10 10 \"s\" \"SIP+D2T\" \"\" _sip._tcp.other.itsp.example.",
        "_sip._tcp.other.itsp.example. 120 IN SRV 10 1 5060 d.itsp.example.",
        "d.itsp.example. 60 IN AAAA 2001:db8::4",
    ] {
        server.add(record);
    }
    let finding = resolve(NAME);
    let found = texts(&finding);
    for address in ["203.0.113.1", "203.0.113.2", "2001:db8::1", "2001:db8::4"] {
        assert!(found.iter().any(|f| f == address), "{address} of {finding:?}");
    }
    assert_eq!((finding.ttl, &finding.failure), (Some(60), &None));
}

#[test]
fn answers_that_are_none_are_told_apart() {
    let world = World::new();
    let server = Unbound::start(&world);
    let nothing = resolve("no-such.itsp.example");
    assert_eq!(nothing, Finding::default(), "NXDOMAIN is an answer");
    for name in ["sip.broken.example", "sip.silent.example"] {
        let finding = resolve(name);
        assert!(finding.addresses.is_empty() && finding.failure.is_some(), "{name}: {finding:?}");
    }
    // More than fits into a datagram: the rest comes over TCP, and is refused all the same.
    (0..120).for_each(|i| server.add(&format!("crowd.itsp.example. 60 IN A 203.0.113.{i}")));
    let crowd = resolve("crowd.itsp.example");
    assert_eq!((crowd.addresses.len(), &crowd.failure), (120, &None));
    let rules = Rules { ttl_min: 1, ttl_max: 9, grace: 9, max_addresses: 64, allow_private: false };
    let mut book = Book::default();
    book.want(&BTreeSet::from(["crowd.itsp.example".to_owned()]));
    let told = book.take("crowd.itsp.example", &crowd, &rules, 0);
    assert!(matches!(&told[0].what, What::Refused(why) if why.contains("120 addresses")), "{told:?}");
}

fn config(more: &str) -> String {
    format!(
        "{more}\n[[peer]]\nname = \"itsp\"\nnames = [\"{NAME}\"]\nprefixes = [\"192.0.2.0/24\"]\n\
         [dns]\nservers = [\"{ADDRESS}\"]\nttl_min = \"1s\"\ngrace = \"2s\"\n"
    )
}

fn trouble(world: &World) -> String {
    let known = cache::read(&world.state_dir());
    known.get(NAME).and_then(|state| state.trouble.clone()).unwrap_or_default()
}

#[test]
fn a_peer_follows_its_name_and_keeps_its_addresses_without_dns() {
    let world = World::new();
    let iface = world.veth();
    let server = Unbound::start(&world);
    server.add("sip.itsp.example. 1 IN A 203.0.113.1");
    write_config(&world, &config(""));
    let daemon = Daemon::start(&world, &iface, false);
    let mut instance = world.open(&iface).unwrap();
    let mut is = |source: &str, want: Reason| {
        eventually(&format!("{source} is {want:?}"), || {
            instance.refresh().unwrap();
            world.judge(&instance, source) == want
        });
    };
    is("203.0.113.1", Reason::Peer);
    is("192.0.2.7", Reason::Peer);

    // Another address comes into force, and an edit of the config that nobody has applied does not.
    write_config(&world, &config("mode = \"trunk\""));
    server.add("_sip._udp.sip.itsp.example. 1 IN SRV 1 1 5060 two.itsp.example.");
    server.add("two.itsp.example. 1 IN A 203.0.113.2");
    is("203.0.113.2", Reason::Peer);
    is(STRANGER, Reason::Stranger);

    // A poisoned answer is refused as a whole.
    server.add("sip.itsp.example. 1 IN A 10.0.0.1");
    eventually("it is refused", || trouble(&world).contains("10.0.0.1 is private"));
    eventually("it is an alarm", || {
        let alarms = Store::open(&world.state_dir()).unwrap().alarms(9).unwrap();
        let is_it = |alarm: &StoredAlarm| alarm.rule == NAME_REFUSED && alarm.name.as_deref() == Some("itsp");
        alarms.iter().any(is_it)
    });
    is("10.0.0.1", Reason::Stranger);
    is("203.0.113.1", Reason::Peer);

    // What answers lack goes after the grace.
    server.remove(NAME);
    is("203.0.113.1", Reason::Stranger);
    is("203.0.113.2", Reason::Peer);

    // Without a DNS server a restart knows what there was, from the first packet on.
    drop(server);
    assert!(daemon.end(Signal::KILL).code().is_none());
    world.unload(&iface).unwrap();
    write_config(&world, &config(""));
    let daemon = Daemon::start(&world, &iface, false);
    let instance = world.open(&iface).unwrap();
    assert_eq!(world.judge(&instance, "203.0.113.2"), Reason::Peer);
    eventually("the trouble is known", || !trouble(&world).is_empty());
    assert_eq!(world.judge(&instance, "203.0.113.2"), Reason::Peer);
    assert!(daemon.end(Signal::TERM).success());
}
