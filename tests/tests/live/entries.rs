//! What an operator adds takes effect on the next packet.
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use firewall_tests::world::address::{ATTACKER, EDGE, SIP};
use firewall_tests::world::{Driver, Place, World, wait};

use crate::{SOON, UNLIMITED, world};

/// One packet a millisecond, numbered, from the attacker to a socket at the server.
struct Traffic {
    sent: AtomicU32,
    received: AtomicU32,
    stop: AtomicBool,
}

impl Traffic {
    fn sent(&self) -> u32 {
        self.sent.load(Ordering::SeqCst)
    }

    fn received(&self) -> u32 {
        self.received.load(Ordering::SeqCst)
    }

    /// The first number that was certainly not under way when this was called.
    fn next(&self) -> u32 {
        self.sent() + 2
    }

    fn passes(&self) -> Result<()> {
        let from = self.next();
        wait::until("packets to pass", SOON, || (self.received() >= from).then_some(()))
    }

    /// After a change that blocks: whatever is sent from now on is lost.
    fn is_blocked(&self) -> Result<()> {
        let from = self.next();
        wait::until("traffic to go on", SOON, || (self.sent() > from + 300).then_some(()))?;
        let last = self.received();
        ensure!(last < from, "packet {last} passed, {} packets after the change", last - from);
        Ok(())
    }

    fn send(&self, socket: &UdpSocket) {
        for number in 1.. {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let text = format!("OPTIONS sip:{EDGE} SIP/2.0\r\nCall-ID: {number}\r\nContent-Length: 0\r\n\r\n");
            let _ = socket.send_to(text.as_bytes(), (EDGE, SIP));
            self.sent.store(number, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn receive(&self, socket: &UdpSocket) {
        let mut bytes = [0; 2048];
        while !self.stop.load(Ordering::Relaxed) {
            let Ok(len) = socket.recv(&mut bytes) else { continue };
            let text = String::from_utf8_lossy(&bytes[..len]);
            let number = text.lines().find_map(|line| line.strip_prefix("Call-ID: ")?.parse().ok());
            self.received.fetch_max(number.unwrap_or(0), Ordering::SeqCst);
        }
    }
}

/// Runs `test` while traffic flows.
fn under_traffic(world: &World, test: impl FnOnce(&Traffic) -> Result<()>) -> Result<()> {
    let server = world.udp(Place::Edge, (EDGE, SIP))?;
    server.set_read_timeout(Some(Duration::from_millis(50)))?;
    let client = world.udp(Place::Attacker, (ATTACKER, SIP))?;
    let traffic = Traffic { sent: AtomicU32::new(0), received: AtomicU32::new(0), stop: AtomicBool::new(false) };
    std::thread::scope(|scope| {
        scope.spawn(|| traffic.send(&client));
        scope.spawn(|| traffic.receive(&server));
        let result = test(&traffic);
        traffic.stop.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn an_entry_takes_effect_on_the_next_packet() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", UNLIMITED)?;
    let daemon = world.shield()?;
    under_traffic(&world, |traffic| {
        traffic.passes()?;
        world.told(&["deny", "add", "203.0.113.0/24"])?;
        traffic.is_blocked()?;
        world.told(&["allow", "add", &ATTACKER.to_string()])?;
        traffic.passes()?;
        world.told(&["allow", "del", &ATTACKER.to_string()])?;
        traffic.is_blocked()?;
        world.told(&["deny", "del", "203.0.113.0/24"])?;
        traffic.passes()?;
        // The same without a daemon.
        daemon.kill()?;
        world.told(&["deny", "add", &ATTACKER.to_string()])?;
        traffic.is_blocked()
    })
}

#[test]
fn an_entry_ends_by_itself() -> Result<()> {
    let world = world(Driver::Native)?;
    world.configure("", UNLIMITED)?;
    let _daemon = world.shield()?;
    under_traffic(&world, |traffic| {
        traffic.passes()?;
        world.told(&["deny", "add", &ATTACKER.to_string(), "--for", "3s"])?;
        traffic.is_blocked()?;
        traffic.passes()
    })
}
