//! Failures in somebody else's name: the attacker writes another's address into his packets.
//!
//! Owns: such requests, as raw frames. Refuses: anything that needs the answers, which go to the one who is named.
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::address::{ATTACKER, EDGE, SIP};
use super::digest::{Answer, Challenge, Hash};
use super::flood::{Flood, Plan, Sources};
use super::frame::Frame;
use super::phone::Phone;
use super::{Place, World, wait};

/// What nonce the forged credentials carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonce {
    /// One that the server never sent.
    MadeUp,
    /// One that the server sent to the attacker himself.
    Replayed,
}

/// Sends `count` REGISTERs with wrong credentials for a user in a victim's name, each a request of its own; when it
/// returns all of them are sent.
pub fn failures(world: &World, victim: Ipv4Addr, user: &str, nonce: Nonce, count: u32) -> Result<()> {
    let challenge = match nonce {
        Nonce::MadeUp => Challenge {
            realm: EDGE.to_string(),
            nonce: "ZAAAAGQAAAAabcdef0123456789abcdef0123456".to_owned(),
            hash: Hash::Md5,
            quality: None,
            stale: false,
        },
        Nonce::Replayed => fetch(world, user)?,
    };
    let uri = format!("sip:{EDGE}");
    let answer = Answer { user, password: "forged", method: "REGISTER", uri: &uri, body: "", count: 1 };
    let payload = format!(
        "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {victim}:5060;branch=z9hG4bK________;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:{user}@{EDGE}>;tag=________\r\nTo: <sip:{user}@{EDGE}>\r\nCall-ID: ________\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:{user}@{victim}:5060>\r\nAuthorization: {}\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n",
        answer.to(&challenge)
    );
    send(world, victim, &payload, count)
}

/// Sends `count` REGISTERs for users who do not exist in a victim's name.
pub fn scan(world: &World, victim: Ipv4Addr, count: u32) -> Result<()> {
    let payload = format!(
        "REGISTER sip:{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {victim}:5060;branch=z9hG4bK________;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:________@{EDGE}>;tag=________\r\nTo: <sip:________@{EDGE}>\r\nCall-ID: ________\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:x@{victim}:5060>\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n"
    );
    send(world, victim, &payload, count)
}

fn fetch(world: &World, user: &str) -> Result<Challenge> {
    let mut phone = Phone::new(world, Place::Attacker, (ATTACKER, 0), SocketAddr::from((EDGE, SIP)), user)?;
    phone.challenge("REGISTER", "Expires: 60\r\n")?.context("no nonce to be had")
}

fn send(world: &World, victim: Ipv4Addr, payload: &str, count: u32) -> Result<()> {
    let frame = Frame::new(victim, payload);
    let plan = Plan { frame, sources: Sources::One(victim), rate: 200, most: count.into() };
    let flood = Flood::start(world.netns(Place::Attacker), plan)?;
    wait::until("forged requests to be sent", Duration::from_secs(20), || (!flood.is_on()).then_some(()))?;
    flood.stop().map(drop)
}
