//! How fast a ban takes effect: from the 401 that decides it leaving our host to the source's first dropped packet.
//!
//! Owns: a server that answers every guess with 401, guessers of many addresses, and the stream of keep-alives whose end
//! shows the ban. Refuses: measuring with a clock of its own in the kernel: the figure is what a source would notice.
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use super::figure::{Figure, Goal};
use crate::world::address::{EDGE, SIP, bot};
use crate::world::{Driver, Place, World};

/// Sources: one ban each.
const QUICK: u8 = 60;
const FULL: u8 = 240;
/// Time between two keep-alives: how exactly the end is known.
const PACE: Duration = Duration::from_micros(10);
/// How long the stream goes on behind the deciding answer; far longer than a ban takes.
const AFTER: Duration = Duration::from_millis(15);
/// Room for every keep-alive of one stream.
const BUFFER: usize = 16 << 20;
/// The default rule: the fifth failure bans.
const FAILURES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(5);

const CONFIG: &str = "[strangers]\ntotal = \"none\"\n[strangers.limits]\nregister = \"none\"\nkeepalive = \"none\"\n";

/// Measures.
pub(super) fn measure(quick: bool) -> Result<Vec<Figure>> {
    let world = World::new(&std::env::current_exe()?, Driver::Native)?;
    world.configure("", CONFIG)?;
    let _daemon = world.shield()?;
    let server = world.udp(Place::Edge, (EDGE, SIP))?;
    server.set_read_timeout(Some(PATIENCE))?;
    set_socket_recv_buffer_size_force(&server, BUFFER).context("room for the keep-alives")?;
    let rounds = 1..=if quick { QUICK } else { FULL };
    let mut took = rounds.map(|number| one_ban(&world, &server, bot(number))).collect::<Result<Vec<_>>>()?;
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(vec![
        Figure::new(
            "ban_reaction_p50",
            at(0.5),
            "µs",
            Goal::AtMost(200.0),
            "deciding 401 to first dropped packet, median",
        ),
        Figure::new("ban_reaction_p99", at(0.99), "µs", Goal::AtMost(1_000.0), "the same, 99th percentile"),
    ])
}

/// Has one source guess until it is banned; the time that it took effect in.
fn one_ban(world: &World, server: &UdpSocket, source: Ipv4Addr) -> Result<Duration> {
    let guesser = world.udp(Place::Attacker, (source, SIP))?;
    guesser.connect((EDGE, SIP))?;
    for number in 1..FAILURES {
        let asked = guess(&guesser, server, number)?;
        answer(server, &asked, number)?;
    }
    let asked = guess(&guesser, server, FAILURES)?;
    let (stop, stream) = (AtomicBool::new(false), guesser.try_clone()?);
    let (sent, decided) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| keep_alive(&stream, &stop));
        std::thread::sleep(Duration::from_millis(2));
        let decided = Instant::now();
        let answered = answer(server, &asked, FAILURES);
        // The processor is left to the daemon meanwhile: what arrives waits in the buffer.
        std::thread::sleep(AFTER);
        stop.store(true, Ordering::Relaxed);
        let sent = sender.join().expect("the sender does not panic");
        answered.map(|()| (sent, decided))
    })?;
    let passed = drain(server)?;
    ensure!(passed < sent.len(), "all {passed} keep-alives of {source} passed: it was not banned");
    Ok(sent[passed].saturating_duration_since(decided))
}

/// Asks for a nonce and sends a guess with it; the guess as the server saw it, and from where.
fn guess(guesser: &UdpSocket, server: &UdpSocket, number: u32) -> Result<(String, SocketAddr)> {
    let local = guesser.local_addr()?;
    guesser.send(request(local, 2 * number, None).as_bytes())?;
    let asked = receive(server)?;
    answer(server, &asked, number)?;
    guesser.send(request(local, 2 * number + 1, Some(&nonce(local, number))).as_bytes())?;
    receive(server)
}

fn receive(server: &UdpSocket) -> Result<(String, SocketAddr)> {
    let mut bytes = [0; 2048];
    let (len, from) = server.recv_from(&mut bytes).context("a request of a source that is not banned yet")?;
    Ok((String::from_utf8_lossy(&bytes[..len]).into_owned(), from))
}

/// No other source's: a nonce that two have got proves nobody.
fn nonce(of: SocketAddr, number: u32) -> String {
    let digits: String = of.ip().to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}{number:08x}")
}

/// No other source's either: an account that many guess at is guarded by a sharper rule.
fn account(of: SocketAddr) -> String {
    of.ip().to_string().replace('.', "")
}

fn request(local: SocketAddr, cseq: u32, nonce: Option<&str>) -> String {
    let user = account(local);
    let credentials = nonce.map_or_else(String::new, |nonce| {
        format!(
            "Authorization: Digest username=\"{user}\", realm=\"edge\", nonce=\"{nonce}\", uri=\"sip:{EDGE}\", \
             response=\"{:032x}\", algorithm=MD5\r\n",
            u128::from(cseq)
        )
    });
    format!(
        "REGISTER sip:{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{cseq};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:{user}@{EDGE}>;tag=a\r\nTo: <sip:{user}@{EDGE}>\r\nCall-ID: of-{local}\r\nCSeq: {cseq} REGISTER\r\n\
         Contact: <sip:{user}@{local}>\r\n{credentials}Expires: 60\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Answers 401, as to a first request or to wrong credentials.
fn answer(server: &UdpSocket, (request, from): &(String, SocketAddr), number: u32) -> Result<()> {
    let copied: String = ["Via:", "From:", "Call-ID:", "CSeq:"]
        .iter()
        .filter_map(|name| request.lines().find(|line| line.starts_with(name)))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let user = account(*from);
    let response = format!(
        "SIP/2.0 401 Unauthorized\r\n{copied}To: <sip:{user}@{EDGE}>;tag=b\r\n\
         WWW-Authenticate: Digest realm=\"edge\", nonce=\"{}\", algorithm=MD5\r\nContent-Length: 0\r\n\r\n",
        nonce(*from, number)
    );
    server.send_to(response.as_bytes(), from).map(drop).context("answering")
}

/// Sends keep-alives until it is told to stop; when each one was sent.
fn keep_alive(socket: &UdpSocket, stop: &AtomicBool) -> Vec<Instant> {
    let mut sent = Vec::with_capacity(1 << 12);
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        if socket.send(b"\r\n\r\n").is_ok() {
            sent.push(now);
        }
        while now.elapsed() < PACE {
            std::hint::spin_loop();
        }
    }
    sent
}

/// How many keep-alives arrived.
fn drain(server: &UdpSocket) -> Result<usize> {
    server.set_nonblocking(true)?;
    let mut bytes = [0; 16];
    let arrived = std::iter::from_fn(|| server.recv(&mut bytes).ok()).filter(|len| *len == 4).count();
    server.set_nonblocking(false)?;
    Ok(arrived)
}
