//! Whom a flow is for.
use core::net::IpAddr;

use crate::addr::Addr;
use crate::limiter::HashKey;
use crate::media::flow::LET_GO;
use crate::media::{FLOW_ICE, FLOW_REFUSED, Fit, Flow, How, Sender, lock_word, remote_hash};

const KEY: HashKey = HashKey([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);
const REMOTE: &str = "203.0.113.50";
/// When the flow was opened.
const NOW: u64 = 100;
const PROXY: &str = "203.0.113.60";

fn addr(text: &str) -> Addr {
    text.parse::<IpAddr>().unwrap().into()
}

fn sender(text: &str, port: u16) -> Sender {
    Sender { addr: addr(text), port, hash: remote_hash(addr(text), port, KEY) }
}

fn flow() -> Flow {
    Flow {
        remote: addr(REMOTE),
        remote_port: 4_000,
        signalling: addr(PROXY),
        local_port: 10,
        silence: 5,
        ..Flow::opening(NOW)
    }
}

fn locked(how: How, text: &str, port: u16) -> Flow {
    Flow { lock: lock_word(how, port), locked: addr(text), ..flow() }
}

#[test]
fn a_flow_is_about_its_port_and_address() {
    let ours = addr("192.0.2.5");
    let there = Flow { local: ours, ..flow() };
    assert!(flow().is_about(ours, 10) && !flow().is_about(ours, 11));
    assert!(there.is_about(ours, 10) && !there.is_about(addr("192.0.2.6"), 10));
    assert!(!Flow::opening(0).is_about(ours, 10));
}

#[test]
fn a_flow_falls_silent_unless_it_is_refused() {
    assert_eq!([0, 100, 105, 106].map(|now| flow().is_silent(now)), [false, false, false, true]);
    assert!(!Flow { flags: FLOW_REFUSED, ..flow() }.is_silent(u64::MAX));
}

#[test]
fn senders_fit_for_a_reason() {
    let (exact, near) = (sender(REMOTE, 4_000), sender(PROXY, 9));
    let checked = sender("198.51.100.9", 77);
    let ice = Flow { flags: FLOW_ICE, checked: [1, checked.hash], ..flow() };
    assert_eq!(flow().reason_for(&exact), Some(How::Exact));
    assert_eq!(flow().reason_for(&near), Some(How::Signalling));
    assert_eq!(ice.reason_for(&checked), Some(How::Checked));
    assert_eq!(Flow { flags: 0, ..ice }.reason_for(&checked), None, "without ICE nobody was checked");
    for other in [sender(REMOTE, 4_001), sender("203.0.113.51", 4_000), sender("198.51.100.9", 78)] {
        assert_eq!(ice.reason_for(&other), None, "{other:?}");
    }
    let nowhere = Flow { signalling: Addr::NONE, ..flow() };
    assert_eq!(nowhere.reason_for(&sender("::", 9)), None, "nobody's address is nobody's signalling");
}

/// Who gets a lock that is held for each reason, in the order: signalling, session description, ICE.
#[test]
fn a_lock_goes_to_who_has_the_better_reason() {
    let hows = [How::Signalling, How::Exact, How::Checked];
    let fits = |flow: Flow, bound: bool| hows.map(|how| flow.fit(Some(how), bound, NOW));
    let free = [Fit::Near, Fit::Exact, Fit::Near];
    assert_eq!(fits(flow(), true), free);
    assert_eq!(fits(locked(How::Signalling, PROXY, 9), true), [Fit::No, Fit::Exact, Fit::Near]);
    assert_eq!(fits(locked(How::Exact, REMOTE, 4_000), true), [Fit::No, Fit::Exact, Fit::Near]);
    assert_eq!(fits(locked(How::Checked, "198.51.100.9", 77), true), [Fit::No, Fit::No, Fit::Near]);
    assert_eq!(fits(locked(How::Checked, "198.51.100.9", 77), false), free, "STUN is not bound to a lock");
    assert_eq!(flow().fit(None, false, NOW), Fit::No);
    let held = locked(How::Signalling, PROXY, 9);
    let after = |silence| held.fit(Some(How::Signalling), true, held.seen + silence);
    assert_eq!((after(LET_GO), after(LET_GO + 1)), (Fit::No, Fit::Near), "a NAT may have given it another port");
    assert!(Fit::No < Fit::Near && Fit::Near < Fit::Exact && Fit::Exact < Fit::Locked);
}

#[test]
fn a_lock_says_to_whom() {
    assert_eq!(flow().locked_to(), None);
    let flow = locked(How::Signalling, PROXY, 0);
    assert_eq!(flow.locked_to(), Some((addr(PROXY), 0)));
    assert!(
        flow.is_locked_to(addr(PROXY), 0) && !flow.is_locked_to(addr(PROXY), 1) && !flow.is_locked_to(addr(REMOTE), 0)
    );
    assert!(!Flow::opening(0).is_locked_to(Addr::NONE, 0));
}

#[test]
fn hashes_tell_remotes_apart() {
    let mut seen = std::collections::HashSet::new();
    for host in 0..256u32 {
        for port in 0..64u16 {
            assert!(seen.insert(remote_hash(Addr::from_v4((0x0a00_0000 + host).to_be_bytes()), port, KEY)));
            let v6 = Addr { hi: u64::from(host), lo: u64::from(port) << 40 };
            assert!(seen.insert(remote_hash(v6, port, KEY)));
        }
    }
    // Slots keep the upper bits only.
    assert_eq!(seen.iter().map(|hash| hash >> 24).collect::<std::collections::HashSet<_>>().len(), seen.len());
    let other = HashKey([1, 2]);
    assert_ne!(remote_hash(addr(REMOTE), 1, KEY), remote_hash(addr(REMOTE), 1, other));
}
