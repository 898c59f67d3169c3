//! A plain call is refused at once, in the server's place.
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::Place;
use firewall_tests::world::address::{EDGE, EDGE6, PHONES, PHONES6, SIP};
use firewall_tests::world::baresip::Encryption;
use firewall_tests::world::call::{Call, Party};
use firewall_tests::world::media::{Keys, Sdp};

use super::{alice, bob, office, phone, refused, same, srtp_only};
use crate::SOON;

#[test]
fn a_plain_phone_is_told_488() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let _office = office(&world, &same())?;
    let (_one, mut calling) = phone(&world, Place::Phones, (PHONES, 5070), alice())?;
    let (_two, mut called) = phone(&world, Place::Phones, (PHONES, 5080), bob().with(Encryption::Sdes))?;
    let began = Instant::now();
    calling.dial(&format!("sip:bob@{EDGE}"))?;
    let why = calling.closed(SOON)?;
    ensure!(why.starts_with("488"), "the phone was told {why}");
    ensure!(began.elapsed() < Duration::from_secs(1), "after {:?}", began.elapsed());
    let refusal = world.refusal_of("alice", SOON)?;
    ensure!(refusal == ["answered", "plain"], "{refusal:?}");
    ensure!(world.counted(Reason::PlainRtp)? > 0, "{:?}", world.stats()?.reasons);
    ensure!(called.tell("listcalls", "")?.contains("(0)"), "the other phone rang");
    Ok(())
}

/// Over both families: the answer is the server's by its address, says why, and is the same each time.
#[test]
fn the_answer_is_one_that_a_phone_understands() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let families: [[IpAddr; 2]; 2] = [[PHONES.into(), EDGE.into()], [PHONES6.into(), EDGE6.into()]];
    for (number, [near, far]) in families.into_iter().enumerate() {
        let caller = Party::new(&world, Place::Phones, (near, 5070))?;
        let callee = Party::new(&world, Place::Edge, (far, SIP))?;
        let mut call = Call::new(&caller, &callee, &format!("plain{number}"));
        let invite = call.request("INVITE", &Sdp::new((near, 30_000).into(), Keys::None).to_string());
        let first = refused(&mut call, &caller, &callee, &invite)?;
        ensure!(first.len() <= invite.len(), "{} bytes answer {}", first.len(), invite.len());
        for part in
            ["\r\nWarning: ", ";tag=sipfw", "\r\nCSeq: 1 INVITE\r\n", "rport=5070", "\r\nContent-Length: 0\r\n\r\n"]
        {
            ensure!(first.contains(part), "no {part:?} in\n{first}");
        }
        caller.send(callee.local(), &invite)?;
        let again = caller.receive_from(SOON)?;
        ensure!(again == Some((first.clone(), SocketAddr::new(far, SIP))), "{again:?}\n{first}");
        acknowledged(&world, &mut call, [&caller, &callee], &first)?;
    }
    Ok(())
}

/// What the phone answers to the refusal is the firewall's, and not the server's to see.
fn acknowledged(
    world: &firewall_tests::world::World,
    call: &mut Call<'_>,
    [caller, callee]: [&Party; 2],
    answer: &str,
) -> Result<()> {
    let field = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    let ack = call.request("ACK", "");
    let branch = field(&ack, "Via:").unwrap_or_default();
    let ack = ack.replace(&field(&ack, "To:").unwrap_or_default(), &field(answer, "To:").unwrap_or_default());
    // The ACK of a refusal belongs to its INVITE's transaction (RFC 3261 §17.1.1.3).
    let ack = ack.replace(&branch, &branch.replace("-ack;", ";"));
    let before = world.counted(Reason::RefusalAck)?;
    caller.send(callee.local(), &ack)?;
    firewall_tests::world::wait::until("the ACK to be dropped", SOON, || {
        (world.counted(Reason::RefusalAck).ok()? > before).then_some(())
    })?;
    ensure!(callee.receive(Duration::from_millis(50))?.is_none(), "the server saw the ACK");
    // An ACK of anybody else passes.
    caller.send(callee.local(), &ack.replace("tag=sipfw", "tag=other"))?;
    callee.await_of(&call.id(), "ACK").map(drop)
}

#[test]
fn what_could_lead_to_srtp_reaches_the_server() -> Result<()> {
    let (world, _daemon) = srtp_only("", "[strangers.limits]\ninvite = \"none\"\n")?;
    let [caller, callee] = super::parties(&world)?;
    let at = SocketAddr::from((PHONES, 30_000));
    let sdes = Sdp::new(at, Keys::Sdes).to_string();
    let cases = [
        ("sdes", sdes.clone()),
        ("dtls", Sdp::new(at, Keys::Dtls).to_string()),
        ("opportunistic", sdes.replace("RTP/SAVP", "RTP/AVP")),
        ("late", String::new()),
        ("rejected", Sdp::new((PHONES, 0).into(), Keys::None).to_string()),
        ("both", sdes.clone() + "m=audio 30002 RTP/AVP 8\r\n"),
        ("bare", sdes.replace("\r\n", "\n")),
        (
            "session",
            Sdp::new(at, Keys::Dtls).to_string().replace("t=0 0\r\n", "t=0 0\r\na=fingerprint:SHA-256 4A:4B\r\n"),
        ),
    ];
    for (name, sdp) in cases {
        Call::new(&caller, &callee, name).say("INVITE", &sdp)?;
    }
    ensure!(world.counted(Reason::PlainRtp)? == 0, "{:?}", world.stats()?.reasons);
    Ok(())
}
