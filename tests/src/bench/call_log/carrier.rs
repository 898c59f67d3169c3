//! A carrier that calls at a steady rate, and the server that answers.
//!
//! Owns: their messages and their pace. Refuses: repeating what was lost: that is counted.
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use crate::world::address::{EDGE, ITSP, SIP};
use crate::world::{Place, World};

/// Room for what arrives while nobody reads.
const BUFFER: usize = 16 << 20;
/// How long nothing comes before a reader looks whether it is over.
const PAUSE: Duration = Duration::from_millis(100);
/// Time for the last messages to arrive.
const REST: Duration = Duration::from_millis(500);

/// What came of the calls.
pub(super) struct Calls {
    /// Those whose BYE was answered.
    pub(super) answered: u32,
}

/// Both ends.
pub(super) struct Carrier {
    carrier: UdpSocket,
    server: UdpSocket,
}

impl Carrier {
    pub(super) fn new(world: &World) -> Result<Self> {
        let carrier = world.udp(Place::Itsp, (ITSP, SIP))?;
        let server = world.udp(Place::Edge, (EDGE, SIP))?;
        for socket in [&carrier, &server] {
            set_socket_recv_buffer_size_force(socket, BUFFER).context("room for messages")?;
            socket.set_read_timeout(Some(PAUSE))?;
        }
        Ok(Self { carrier, server })
    }

    /// Calls `rate` times a second, and ends each call a second later.
    pub(super) fn call(&self, rate: u32, seconds: u32) -> Result<Calls> {
        let (is_over, answered) = (AtomicBool::new(false), AtomicU32::new(0));
        thread::scope(|scope| {
            scope.spawn(|| read(&self.server, &is_over, |message, from| serve(&self.server, message, from)));
            scope.spawn(|| {
                read(&self.carrier, &is_over, |message, _| {
                    let is_end = message.contains("CSeq: 2 BYE") && message.starts_with("SIP/2.0 200");
                    answered.fetch_add(u32::from(is_end), Ordering::Relaxed);
                });
            });
            let sent = self.send(rate, seconds);
            thread::sleep(REST);
            is_over.store(true, Ordering::Relaxed);
            sent
        })?;
        Ok(Calls { answered: answered.into_inner() })
    }

    fn send(&self, rate: u32, seconds: u32) -> Result<()> {
        let begin = Instant::now();
        let send = |message: String| self.carrier.send_to(message.as_bytes(), (EDGE, SIP)).context("sending");
        // Each call's INVITE, half a second later its ACK, and its BYE.
        for number in 0..rate * (seconds + 1) {
            let due = Duration::from_secs_f64(f64::from(number) / f64::from(rate));
            while let Some(wait) = due.checked_sub(begin.elapsed()) {
                thread::sleep(wait.max(Duration::from_micros(500)));
            }
            if number < rate * seconds {
                send(request("INVITE", 1, number, ""))?;
            }
            for (method, cseq, later) in [("ACK", 1, rate / 2), ("BYE", 2, rate)] {
                if let Some(number) = number.checked_sub(later).filter(|number| *number < rate * seconds) {
                    send(request(method, cseq, number, ";tag=b"))?;
                }
            }
        }
        Ok(())
    }
}

/// Hands over what arrives, until it is over.
fn read(socket: &UdpSocket, is_over: &AtomicBool, mut each: impl FnMut(&str, SocketAddr)) {
    let mut bytes = [0; 2_048];
    while !is_over.load(Ordering::Relaxed) {
        if let Ok((len, from)) = socket.recv_from(&mut bytes)
            && let Ok(message) = std::str::from_utf8(&bytes[..len])
        {
            each(message, from);
        }
    }
}

/// Answers a request as a server does that answers calls at once.
fn serve(socket: &UdpSocket, request: &str, from: SocketAddr) {
    let statuses: &[&str] = match request.split(' ').next() {
        Some("INVITE") => &["180 Ringing", "200 OK"],
        Some("BYE") => &["200 OK"],
        _ => &[],
    };
    let field = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    let to = field("To:");
    let tag = if to.contains(";tag=") { "" } else { ";tag=b" };
    for status in statuses {
        let [via, caller, call, cseq] = ["Via:", "From:", "Call-ID:", "CSeq:"].map(field);
        let answer = format!(
            "SIP/2.0 {status}\r\n{via}\r\n{caller}\r\n{to}{tag}\r\n{call}\r\n{cseq}\r\nServer: server\r\n\
             Content-Length: 0\r\n\r\n"
        );
        // What is lost is counted.
        let _ = socket.send_to(answer.as_bytes(), from);
    }
}

fn request(method: &str, cseq: u32, number: u32, tag: &str) -> String {
    format!(
        "{method} sip:+4430{number:07}@{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {ITSP}:{SIP};branch=z9hG4bK{method}{number}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+4930{number:07}@{ITSP}>;tag=a{number}\r\nTo: <sip:+4430{number:07}@{EDGE}>{tag}\r\n\
         Call-ID: call-{number}@{ITSP}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{ITSP}>\r\nUser-Agent: carrier\r\n\
         Content-Length: 0\r\n\r\n"
    )
}
