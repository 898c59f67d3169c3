//! No call without encrypted media, and no media without a call.
//!
//! Owns: what these tests share: the config, a server with a relay and phones, and one line of media whose packets are
//! followed one by one. Refuses: single verdicts.
#[path = "media/attacks.rs"]
mod attacks;
#[path = "media/carriers.rs"]
mod carriers;
#[path = "media/connected.rs"]
mod connected;
#[path = "media/disguises.rs"]
mod disguises;
#[path = "media/injection.rs"]
mod injection;
#[path = "media/lifecycle.rs"]
mod lifecycle;
#[path = "media/many.rs"]
mod many;
#[path = "media/nat.rs"]
mod nat;
#[path = "media/phones.rs"]
mod phones;
#[path = "media/reflection.rs"]
mod reflection;
#[path = "media/refusal.rs"]
mod refusal;
#[path = "media/survival.rs"]
mod survival;
#[path = "media/unseen.rs"]
mod unseen;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, PHONES, SIP};
use firewall_tests::world::baresip::{self, Account, Baresip, Control};
use firewall_tests::world::call::{Call, Party};
use firewall_tests::world::counter::{Counters, Way};
use firewall_tests::world::kamailio::{self, Options, Relay};
use firewall_tests::world::media::{Keys, Sdp, Shape, Stream};
use firewall_tests::world::process::Process;
use firewall_tests::world::shield::Daemon;
use firewall_tests::world::{Driver, Place, World, rtpengine, wait};

use crate::{SOON, world};

/// Config tables: SRTP only, on the ports that rtpengine uses, too.
const SRTP_ONLY: &str = "[media]\nports = [\"20000-29999\"]\npolicy = \"srtp-only\"\n";
/// Config tables: the phones' office is a peer, whose calls no stranger's limits meet.
const OFFICE: &str = "[[peer]]\nname = \"office\"\nprefixes = [\"198.51.100.20\"]\n";
/// How long a packet may be under way.
const WAY: Duration = Duration::from_secs(2);

/// A world that demands SRTP, with more tables and keys of `[media]`.
fn srtp_only(more: &str, tables: &str) -> Result<(World, Daemon)> {
    let world = world(Driver::Native)?;
    let daemon = protected(&world, more, tables)?;
    Ok((world, daemon))
}

fn protected(world: &World, more: &str, tables: &str) -> Result<Daemon> {
    world.configure("", &format!("{SRTP_ONLY}{more}\n{tables}"))?;
    world.shield()
}

/// Kamailio and rtpengine; dropping it ends both.
struct Office {
    _kamailio: Process,
    _relay: Process,
}

fn office(world: &World, options: &Options) -> Result<Office> {
    let relay = rtpengine::start(world)?;
    Ok(Office { _kamailio: kamailio::start_with(world, options)?, _relay: relay })
}

/// Each side speaks as the other does.
fn same() -> Options {
    Options { relay: Relay::Same, ..Options::default() }
}

fn server() -> SocketAddr {
    (EDGE, SIP).into()
}

/// A phone that has registered, and does what it is told.
fn phone(
    world: &World,
    place: Place,
    local: impl Into<SocketAddr>,
    account: Account<'_>,
) -> Result<(Baresip, Control)> {
    let mut phone = baresip::start(world, place, local, &[account])?;
    if account.seconds > 0 {
        phone.registered(1, SOON)?;
    }
    let control = phone.control()?;
    Ok((phone, control))
}

fn alice() -> Account<'static> {
    Account::new("alice", "secret-alice-1", server())
}

fn bob() -> Account<'static> {
    Account::new("bob", "secret-bob-2", server())
}

/// Calls, and waits until both sides say that the call is up.
fn connect(calling: &mut Control, called: &mut Control, callee: &str) -> Result<()> {
    calling.dial(&format!("sip:{callee}@{EDGE}"))?;
    calling.established(SOON).context("the caller's side")?;
    called.established(SOON).context("the called side")
}

fn disconnect(first: &mut Control, second: &mut Control) -> Result<()> {
    first.act("hangup")?;
    second.closed(SOON).map(drop)
}

/// RTP and RTCP between the relay and those who are there: what they sent is counted where they are, and what comes to the
/// server behind the firewall.
struct Ears<'w> {
    sent: Counters<'w>,
    come: Counters<'w>,
}

impl<'w> Ears<'w> {
    fn new(world: &'w World, place: Place, address: Ipv4Addr) -> Result<Self> {
        let (first, last) = rtpengine::MEDIA;
        let media = [("media", format!("ip saddr {address} ip daddr {EDGE} udp dport {first}-{last}"))];
        let sent = Counters::matching(world.netns(place), Way::Out, &media)?;
        Ok(Self { sent, come: Counters::matching(world.netns(Place::Edge), Way::In, &media)? })
    }

    fn come(&self) -> Result<u64> {
        self.come.packets("media")
    }

    /// How many packets were sent and have not come. What is on its way counts as lost.
    fn lost(&self) -> Result<u64> {
        let come = self.come()?;
        let sent = self.sent.packets("media")?;
        sent.checked_sub(come).with_context(|| format!("{come} packets came of {sent}"))
    }

    /// Waits until so many more packets have come: media flow.
    fn flow(&self, more: u64) -> Result<()> {
        let before = self.come()?;
        let what = format!("{more} more packets of media behind {before}");
        wait::until(&what, SOON, || (self.come().ok()? >= before + more).then_some(()))
    }
}

/// One line of media from an address outside to a port of the server.
struct Line {
    near: UdpSocket,
    far: UdpSocket,
    to: SocketAddr,
    stream: Stream,
}

impl Line {
    fn new(world: &World, place: Place, far: impl Into<SocketAddr>, near: impl Into<SocketAddr>) -> Result<Self> {
        let near = world.udp(Place::Edge, near)?;
        let far = world.udp(place, far)?;
        Ok(Self { to: near.local_addr()?, stream: Stream::new(Shape::Srtp80, 0x1001), near, far })
    }

    fn sdp(&self, keys: Keys) -> Result<[String; 2]> {
        let of = |socket: &UdpSocket| anyhow::Ok(Sdp::new(socket.local_addr()?, keys).to_string());
        Ok([of(&self.far)?, of(&self.near)?])
    }

    /// Sends the next packet.
    fn send(&mut self) -> Result<()> {
        let packet = self.stream.next_packet();
        self.far.send_to(packet, self.to)?;
        Ok(())
    }

    /// What comes to the server within that time.
    fn comes(&self, limit: Duration) -> Result<Option<Vec<u8>>> {
        self.near.set_read_timeout(Some(limit))?;
        let mut bytes = [0; 2048];
        Ok(self.near.recv(&mut bytes).ok().map(|len| bytes[..len].to_vec()))
    }

    /// Packets pass from now on: the first one may be early.
    fn opens(&mut self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            self.send()?;
            if self.comes(Duration::from_millis(20))?.is_some() {
                return Ok(());
            }
        }
        bail!("in {limit:?} no packet passed to {}", self.to)
    }

    /// The next packet passes.
    fn passes(&mut self) -> Result<()> {
        self.send()?;
        self.comes(WAY)?.with_context(|| format!("a packet to {} did not pass", self.to)).map(drop)
    }

    /// The next packet is dropped for that reason.
    fn is_dropped(&mut self, world: &World, reason: Reason) -> Result<()> {
        let packet = self.stream.next_packet().to_vec();
        drops(world, &self.far, self.to, &packet, reason)?;
        ensure!(self.comes(Duration::from_millis(1))?.is_none(), "a packet passed to {} after all", self.to);
        Ok(())
    }

    /// Packets are dropped for that reason from now on: the first one may be early.
    fn closes(&mut self, world: &World, reason: Reason) -> Result<()> {
        let before = world.counted(reason)?;
        wait::until(&format!("{} to close", self.to), SOON, || {
            self.send().ok()?;
            let passed = self.comes(Duration::from_millis(10)).ok()?.is_some();
            (!passed && world.counted(reason).ok()? > before).then_some(())
        })
    }
}

/// A packet from a socket outside is dropped for that reason, and for no other.
fn drops(world: &World, from: &UdpSocket, to: SocketAddr, packet: &[u8], reason: Reason) -> Result<()> {
    let before = world.counted(reason)?;
    from.send_to(packet, to)?;
    let dropped = || (world.counted(reason).ok()? > before).then_some(());
    wait::until(&format!("a drop as {}", reason.word()), WAY, dropped)
        .with_context(|| format!("{:?}", world.stats().map(|stats| stats.reasons)))
}

/// A stranger's user agent and the server's own, which answers by hand.
fn parties(world: &World) -> Result<[Party; 2]> {
    Ok([Party::new(world, Place::Phones, (PHONES, SIP))?, Party::new(world, Place::Edge, server())?])
}

/// An INVITE of the caller is refused by the firewall: it is answered 488 and the callee never sees it. The answer.
fn refused(call: &mut Call<'_>, caller: &Party, callee: &Party, invite: &str) -> Result<String> {
    caller.send(callee.local(), invite)?;
    let answer = caller.await_of(&call.id(), "SIP/2.0 488")?;
    ensure!(callee.receive(Duration::from_millis(50))?.is_none(), "the server saw a refused INVITE:\n{invite}");
    Ok(answer)
}
