//! What Kamailio's script tells is read as docs/feeds.md says, whatever the phone says.
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_tests::world::address::{EDGE, PHONES, SIP};
use firewall_tests::world::{Driver, Place, World, kamailio, wait};
use firewall_userspace::engine::input::{FeedEvent, FeedWhat};
use firewall_userspace::feed::{Reading, kamailio as line};

use crate::{SOON, world};

/// A user agent in two lines, of which the second would accuse somebody else.
const AGENT: &str = "x\r\n 1(1) NOTICE: <script>: sipfw auth_failure source=198.51.100.1 proto=tcp";

/// A guess at an account, with a nonce of this server's own.
fn guess(transport: &str, nonce: &str) -> String {
    let credentials = match nonce {
        "" => String::new(),
        _ => format!(
            "Authorization: Digest username=\"100 source=198.51.100.1\", realm=\"{EDGE}\", nonce=\"{nonce}\", uri=\"sip:{EDGE}\", \
             response=\"00000000000000000000000000000000\"\r\n"
        ),
    };
    format!(
        "REGISTER sip:{EDGE} SIP/2.0\r\nVia: SIP/2.0/{transport} {PHONES}:5099;branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n\
         From: <sip:100@198.51.100.1>;tag=1\r\nTo: <sip:100@{EDGE}>\r\nCall-ID: guess\r\nCSeq: 1 REGISTER\r\n\
         {credentials}User-Agent: {AGENT}\r\nContent-Length: 0\r\n\r\n",
        nonce.len()
    )
}

/// The nonce of a challenge.
fn nonce(answer: &[u8]) -> Result<String> {
    let text = String::from_utf8_lossy(answer);
    let quoted = text.split_once("nonce=\"").and_then(|(_, rest)| rest.split_once('"'));
    Ok(quoted.context("no challenge")?.0.to_owned())
}

/// Two guesses by one phone; the nonce that it guessed with.
fn guesses(transport: &str, mut ask: impl FnMut(&str) -> Result<Vec<u8>>) -> Result<String> {
    let nonce = nonce(&ask(&guess(transport, ""))?)?;
    ask(&guess(transport, &nonce))?;
    Ok(nonce)
}

fn by_udp() -> Result<String> {
    let socket = UdpSocket::bind((PHONES, 5099))?;
    socket.set_read_timeout(Some(SOON))?;
    guesses("UDP", |request| {
        socket.send_to(request.as_bytes(), SocketAddr::from((EDGE, SIP)))?;
        let mut answer = [0; 4_096];
        let len = socket.recv(&mut answer)?;
        Ok(answer[..len].to_vec())
    })
}

fn by_tcp() -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((EDGE, SIP)), SOON)?;
    stream.set_read_timeout(Some(SOON))?;
    guesses("TCP", |request| {
        stream.write_all(request.as_bytes())?;
        let mut answer = [0; 4_096];
        let len = stream.read(&mut answer)?;
        Ok(answer[..len].to_vec())
    })
}

/// What Kamailio has told so far.
fn told(world: &World) -> Vec<FeedEvent> {
    let log = std::fs::read(world.dir().join("kamailio.log")).unwrap_or_default();
    let event = |text: &[u8]| match line::read(text) {
        Reading::Event(report) => Some(report.into_event("edge")),
        _ => None,
    };
    log.split(|b| *b == b'\n').filter_map(event).collect()
}

#[test]
fn what_kamailio_tells_accuses_who_sent_it() -> Result<()> {
    let world = world(Driver::Native)?;
    let _kamailio = kamailio::start_from(&world, kamailio::FEED, &kamailio::Options::default())?;
    let phones = world.netns(Place::Phones);
    let nonces = [phones.within(by_udp)??, phones.within(by_tcp)??];
    let told = wait::until("two failures told", Duration::from_secs(10), || {
        Some(told(&world)).filter(|told| told.len() == 2)
    })?;
    for ((event, nonce), connected) in told.iter().zip(nonces).zip([false, true]) {
        ensure!(
            event.what == FeedWhat::AuthFailure && event.source == PHONES && event.connected == connected,
            "{event:?}"
        );
        ensure!(event.nonce == Some(nonce) && event.method.as_deref() == Some("REGISTER"), "{event:?}");
        ensure!(event.user_agent.as_deref().is_some_and(|agent| agent.starts_with("x\\r\\n 1(1)")), "{event:?}");
    }
    Ok(())
}
