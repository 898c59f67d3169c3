//! From the answer leaving our host to the pinhole open.
//!
//! Owns: a carrier that calls in and sends media without a pause, so that the first packet that passes shows when the
//! pinhole opened. Refuses: a clock of its own in the kernel: the figure is what a phone would notice.
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use super::super::figure::{Figure, Goal};
use super::quantile;
use crate::world::address::{EDGE, ITSP};
use crate::world::call::{Call, Party};
use crate::world::flood;
use crate::world::media::{Keys, Sdp, Shape, Stream};
use crate::world::{Place, World};

/// Time between two packets: how exactly the opening is known.
const PACE: Duration = Duration::from_micros(40);
/// How long the stream goes on behind the answer.
const AFTER: Duration = Duration::from_millis(60);
/// Before the answer.
const BEFORE: Duration = Duration::from_millis(2);
/// Room for every packet of one stream.
const BUFFER: usize = 16 << 20;
/// Ports of the server that no live call has.
const PORT: u16 = 25_000;
/// The carrier's ports.
const FAR: u16 = 40_000;

/// Opens so many, one after another, by calls to the server.
pub(super) fn measure(world: &World, server: &Party, trials: u16) -> Result<Vec<Figure>> {
    let carrier = Party::new(world, Place::Itsp, (ITSP, 5060))?;
    let mut took = (0..trials).map(|n| one(world, [&carrier, server], n)).collect::<Result<Vec<_>>>()?;
    let what = "answer leaving our host to the pinhole open, 500 live calls";
    Ok(vec![
        Figure::info("pinhole_open_p50", quantile(&mut took, 0.5), "µs", "the same, median"),
        Figure::new("pinhole_open_p99", quantile(&mut took, 0.99), "µs", Goal::AtMost(1_000.0), what),
    ])
}

fn one(world: &World, [carrier, server]: [&Party; 2], number: u16) -> Result<Duration> {
    let ends = [SocketAddr::from((EDGE, PORT + 2 * number)), (ITSP, FAR + 2 * number).into()];
    let [answer, offer] = ends.map(|at| Sdp::new(at, Keys::Sdes).to_string());
    let near = world.udp(Place::Edge, ends[0])?;
    set_socket_recv_buffer_size_force(&near, BUFFER).context("room for the packets")?;
    let far = world.udp(Place::Itsp, ends[1])?;
    far.connect(ends[0])?;
    let mut call = Call::new(carrier, server, &format!("opening{number}"));
    call.say("INVITE", &offer)?;
    let response = call.response("200 OK", "INVITE", &answer);
    let (begun, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    let (sent, answered) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| stream(&far, number, [&begun, &stop]));
        while !begun.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        std::thread::sleep(BEFORE);
        let answered = Instant::now();
        let done = server.send(carrier.local(), &response);
        std::thread::sleep(AFTER);
        stop.store(true, Ordering::Relaxed);
        let sent = sender.join().expect("the sender does not panic");
        done.map(|()| (sent, answered))
    })?;
    let first = first(&near, &sent)?.with_context(|| format!("of {} packets none passed in {AFTER:?}", sent.len()))?;
    ensure!(first > 0, "the first packet passed, before there was an answer");
    carrier.await_of(&call.id(), "SIP/2.0 200")?;
    call.say("ACK", "")?;
    call.end()?;
    Ok(sent[first].1.saturating_duration_since(answered))
}

/// Sends packets until it is told to stop; the sequence number of each, and when it was sent.
fn stream(socket: &UdpSocket, number: u16, [begun, stop]: [&AtomicBool; 2]) -> Vec<([u8; 2], Instant)> {
    flood::precise_sleep();
    flood::go_first();
    let (mut sent, mut stream) = (Vec::with_capacity(1 << 10), Stream::new(Shape::Srtp80, 0x7000 + u32::from(number)));
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        let packet = stream.next_packet();
        if socket.send(packet).is_ok() {
            sent.push(([packet[2], packet[3]], now));
            begun.store(true, Ordering::Relaxed);
        }
        // Asleep: the processor is the daemon's meanwhile.
        std::thread::sleep(PACE.saturating_sub(now.elapsed()));
    }
    sent
}

/// Which one of those sent came first.
fn first(near: &UdpSocket, sent: &[([u8; 2], Instant)]) -> Result<Option<usize>> {
    near.set_nonblocking(true)?;
    let mut bytes = [0; 512];
    let Ok(len) = near.recv(&mut bytes) else { return Ok(None) };
    ensure!(len > 12, "something else than a packet of ours came");
    Ok(sent.iter().position(|(number, _)| *number == bytes[2..4]))
}
