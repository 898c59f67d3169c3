//! Samples of drops: on a budget, and lost rather than waited for.
use aya::maps::{MapData, PerCpuArray, RingBuf};
use firewall_common::event::Event;
use firewall_common::maps;
use firewall_common::reason::Reason;
use firewall_tests::harness::{Shield, now};
use firewall_tests::packets::{Frame, sip};

use super::STRANGER;

fn events(shield: &mut Shield) -> Vec<Event> {
    let mut ring: RingBuf<&mut MapData> = shield.map(maps::EVENTS);
    let mut events = Vec::new();
    while let Some(item) = ring.next() {
        events.push(Event::from_bytes(&item).expect("an item of the ring is an event"));
    }
    events
}

fn lost(shield: &mut Shield) -> u64 {
    let lost: PerCpuArray<&mut MapData, u64> = shield.map(maps::EVENTS_LOST);
    lost.get(&0, 0).expect("there is the counter").iter().sum()
}

#[test]
fn drops_are_sampled_on_a_budget() {
    let mut shield = Shield::new("");
    let garbage = Frame::udp(STRANGER).payload("some garbage").bytes();
    let at = now();
    shield.judge(&garbage, at);
    assert!(events(&mut shield).is_empty(), "nothing is sampled without credit");
    shield.set_credits(3);
    (0..5).for_each(|n| assert_eq!(shield.judge(&garbage, at + n).reason, Reason::NotSip));
    shield.judge(&Frame::udp(STRANGER).payload(sip::options()).bytes(), at);
    let events = events(&mut shield);
    assert_eq!(events.iter().map(|e| e.time).collect::<Vec<_>>(), [at, at + 1, at + 2], "as many as the credit");
    let event = events[0];
    assert_eq!((event.src_port, event.dst_port, event.protocol), (5060, 5060, 17));
    assert_eq!((event.reason, event.monitored, event.detail), (Reason::NotSip as u8, 0, 0));
    assert_eq!(event.frame_len as usize, garbage.len());
    assert_eq!(event.snapshot(), b"some garbage");
    assert_eq!(std::net::IpAddr::from(event.src).to_string(), STRANGER);
    assert_eq!(std::net::IpAddr::from(event.dst).to_string(), "192.0.2.5");
}

#[test]
fn a_rehearsal_is_not_sampled() {
    let mut shield = Shield::new("");
    shield.set_credits(3);
    shield.rehearse(&Frame::udp(STRANGER).payload("x").bytes(), now());
    assert!(events(&mut shield).is_empty());
}

#[test]
fn a_full_ring_loses_events_and_no_packet() {
    let mut shield = Shield::new("");
    shield.set_credits(u64::MAX / 2);
    let garbage = Frame::udp(STRANGER).payload([b'x'; 400]).bytes();
    let before = shield.counters();
    // An event takes 192 bytes and its header 8.
    let sent = u64::from(maps::EVENTS_DEFAULT) / 200 + 500;
    (0..sent).for_each(|n| assert_eq!(shield.judge(&garbage, n).reason, Reason::NotSip));
    let counted = shield.counters().since(&before).enforced[&Reason::NotSip].packets;
    assert_eq!(counted, sent, "every packet is counted");
    let (kept, lost) = (events(&mut shield), lost(&mut shield));
    assert!(lost > 0, "the ring was full");
    assert_eq!(kept.len() as u64 + lost, sent, "an event is kept or counted as lost");
    assert!(kept.iter().zip(0..).all(|(event, n)| event.time == n && event.snapshot() == [b'x'; 128]));
}
