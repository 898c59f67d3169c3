//! The whole policy once more, as plainly as it can be said: slices, strings and std's collections.
//!
//! Owns: the order of the stages, and all state. Refuses: the program's own functions, except the vocabulary of reasons
//! the hash by which strangers share cells, and what a session description can lead to (which has a model of its own in
//! `fuzz/src/sdp.rs`).
use std::collections::HashMap;
use std::net::IpAddr;

use firewall_common::reason::{Reason, Stage};
use firewall_common::{addr::Addr, limiter};
use ipnet::IpNet;

use crate::numbers::Whose;
use crate::setup::{CALLED_FOR, CELLS, CLASSES, Entry, Kind, Peer, Rate, Rates, Setup, USERS};

mod headers;
mod sip;

use headers::{Packet, Protocol};

/// What becomes of a packet.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) reason: Reason,
    pub(crate) detail: u32,
    pub(crate) monitored: bool,
    pub(crate) peer: Option<u32>,
    pub(crate) class: Option<&'static str>,
}

/// A reason and its detail.
type Verdict = (Reason, u32);

/// The theoretical arrival time of a source's next packet.
type Cell = u64;

struct First {
    until: u64,
    end: usize,
    dropped: bool,
}

pub(crate) struct Model<'a> {
    setup: &'a Setup,
    /// Until when they are registrants, and until when they are known.
    registrants: HashMap<IpAddr, (u64, u64)>,
    registrant_cells: HashMap<(IpAddr, &'static str), Cell>,
    peer_cells: HashMap<(u32, &'static str), Cell>,
    /// By row and index.
    stranger_cells: HashMap<(u32, u32), Cell>,
    total: Cell,
    known_total: Cell,
    /// By source and account; none for the whole source.
    holds: HashMap<(IpAddr, Option<&'static str>), (u64, Cell)>,
    called: HashMap<IpAddr, u64>,
    datagrams: HashMap<(IpAddr, IpAddr, u32, Protocol), First>,
}

/// Who sent a packet.
#[derive(Clone, Copy)]
enum Who {
    Peer(u32),
    Allowed(u32),
    Registrant,
    Known,
    Stranger,
}

impl Who {
    fn is_unproven(self) -> bool {
        matches!(self, Self::Known | Self::Stranger)
    }
}

/// One packet's judgement in progress.
#[derive(Clone)]
struct Trial {
    now: u64,
    commit: bool,
    noted: Option<Verdict>,
    peer: Option<u32>,
    class: Option<&'static str>,
}

/// How long the rest of a datagram is awaited.
const AWAITED: u64 = 30_000_000_000;
/// Later fragments do not begin before this byte.
const EARLIEST: usize = 256;

impl<'a> Model<'a> {
    pub(crate) fn new(setup: &'a Setup) -> Self {
        let width = setup.v6_prefix;
        let registrants = setup.registrants.iter();
        let registrants = registrants.map(|(host, until, known)| (source(*host, width), (*until, *known))).collect();
        let holds = setup.holds.iter();
        let holds = holds.map(|(host, user, until)| ((source(*host, width), *user), (*until, 0))).collect();
        let called = setup.called.iter().map(|(host, at)| (source(*host, width), *at)).collect();
        Self {
            setup,
            registrants,
            registrant_cells: HashMap::new(),
            peer_cells: HashMap::new(),
            stranger_cells: HashMap::new(),
            total: 0,
            known_total: 0,
            holds,
            called,
            datagrams: HashMap::new(),
        }
    }

    pub(crate) fn judge(&mut self, frame: &[u8], now: u64, commit: bool) -> Judged {
        let mut trial = Trial { now, commit, noted: None, peer: None, class: None };
        let (Ok((reason, detail)) | Err((reason, detail))) = self.whole(frame, &mut trial);
        let enforced = reason.drops() && !self.monitors(reason);
        let Trial { noted, peer, class, .. } = trial;
        match noted {
            Some((reason, detail)) if !enforced => Judged { reason, detail, monitored: true, peer, class },
            _ => Judged { reason, detail, monitored: reason.drops() && !enforced, peer, class },
        }
    }

    fn monitors(&self, reason: Reason) -> bool {
        let preferred = self.setup.guarded && reason.stage() == Stage::Media;
        preferred || self.setup.monitor.contains(&reason.stage().word())
    }

    fn object(&self, trial: &mut Trial, reason: Reason, detail: u32) -> Result<(), Verdict> {
        if !self.monitors(reason) {
            return Err((reason, detail));
        }
        trial.noted.get_or_insert((reason, detail));
        Ok(())
    }

    fn whole(&mut self, frame: &[u8], trial: &mut Trial) -> Result<Verdict, Verdict> {
        let packet = headers::parse(frame).map_err(|reason| (reason, 0))?;
        if packet.offset != 0 {
            return self.later(&packet, trial);
        }
        let port = packet.destination_port().map_err(|reason| (reason, 0))?;
        let list = |ports: &Vec<u16>| ports.contains(&port);
        let transport = match packet.protocol {
            Protocol::Udp if list(&self.setup.udp) => "udp",
            Protocol::Udp if list(&self.setup.media) => "media",
            Protocol::Tcp if list(&self.setup.tcp) => "tcp",
            Protocol::Tcp if list(&self.setup.tls) => "tls",
            _ => return self.other(&packet, trial),
        };
        let verdict = self.protected(&packet, transport, trial);
        if packet.fragment {
            self.remember(&packet, verdict, trial);
        }
        verdict
    }

    /// A packet for a port that is not protected.
    fn other(&self, packet: &Packet<'_>, trial: &Trial) -> Result<Verdict, Verdict> {
        match self.entry(packet.src, trial.now) {
            Some(entry) if entry.all && entry.kind == Kind::Ban => Err((Reason::Banned, entry.id)),
            Some(entry) if entry.all => Err((Reason::Denied, entry.id)),
            _ => Ok((Reason::OtherTraffic, 0)),
        }
    }

    fn later(&self, packet: &Packet<'_>, trial: &mut Trial) -> Result<Verdict, Verdict> {
        self.deny(packet.src, trial)?;
        let first = self.datagrams.get(&packet.datagram()).filter(|first| trial.now < first.until);
        if let Some(first) = first {
            if first.dropped {
                return Err((Reason::FragmentFollows, 0));
            }
            if packet.offset < first.end {
                self.object(trial, Reason::FragmentOverlap, 0)?;
            }
        }
        if packet.offset < EARLIEST {
            self.object(trial, Reason::FragmentTiny, 0)?;
        }
        Ok((if first.is_some() { Reason::Fragment } else { Reason::OtherTraffic }, 0))
    }

    fn remember(&mut self, packet: &Packet<'_>, verdict: Result<Verdict, Verdict>, trial: &Trial) {
        let (Ok((reason, _)) | Err((reason, _))) = verdict;
        if trial.commit && !matches!(reason, Reason::Denied | Reason::Banned) {
            let dropped = reason.drops() && !self.monitors(reason);
            let first = First { until: trial.now + AWAITED, end: packet.data.len(), dropped };
            self.datagrams.insert(packet.datagram(), first);
        }
    }

    /// The id of the allow entry that covers the source, if one does.
    fn deny(&self, src: IpAddr, trial: &mut Trial) -> Result<Option<u32>, Verdict> {
        match self.entry(src, trial.now) {
            None => Ok(None),
            Some(Entry { kind: Kind::Allow, id, .. }) => Ok(Some(*id)),
            Some(Entry { kind: Kind::Deny, id, .. }) => self.object(trial, Reason::Denied, *id).map(|()| None),
            Some(Entry { kind: Kind::Ban, id, .. }) => self.object(trial, Reason::Banned, *id).map(|()| None),
        }
    }

    fn protected(
        &mut self,
        packet: &Packet<'_>,
        transport: &'static str,
        trial: &mut Trial,
    ) -> Result<Verdict, Verdict> {
        let guarded = transport == "media" && self.setup.guarded;
        if guarded {
            // Nobody opens anything here.
            self.object(trial, Reason::NoPinhole, 0)?;
        }
        let allowed = self.deny(packet.src, trial)?;
        if guarded {
            packet.udp_payload().map_err(|reason| (reason, 0))?;
        }
        if transport == "media" {
            return Ok((Reason::Media, 0));
        }
        let who = self.identify(packet.src, allowed, trial);
        if self.setup.trunk && !matches!(who, Who::Peer(_) | Who::Allowed(_)) {
            self.object(trial, Reason::NotPeer, 0)?;
        }
        let may = match who {
            Who::Peer(id) => self.peer(id).transports.contains(&transport),
            Who::Allowed(_) => true,
            Who::Registrant | Who::Known | Who::Stranger => self.setup.transports.contains(&transport),
        };
        if !may {
            self.object(trial, Reason::Transport, 0)?;
        }
        match packet.protocol {
            Protocol::Udp => self.datagram(packet, who, trial)?,
            Protocol::Tcp => self.segment(packet, transport, who, trial)?,
        }
        Ok(match who {
            Who::Peer(id) => (Reason::Peer, id),
            Who::Allowed(id) => (Reason::Allowed, id),
            Who::Registrant => (Reason::Registrant, 0),
            Who::Known => (Reason::Known, 0),
            Who::Stranger => (Reason::Stranger, 0),
        })
    }

    fn identify(&self, src: IpAddr, allowed: Option<u32>, trial: &mut Trial) -> Who {
        let peers = (1u32..).zip(&self.setup.peers).flat_map(|(id, peer)| peer.networks.iter().map(move |n| (id, n)));
        let longest =
            peers.filter(|(_, network)| network.contains(&src)).max_by_key(|(_, network)| network.prefix_len());
        let proved = self.registrants.get(&source(src, self.setup.v6_prefix)).copied();
        let (until, known_until) = proved.filter(|_| !self.setup.trunk).unwrap_or((0, 0));
        let who = match (longest, allowed) {
            (Some((id, _)), _) => Who::Peer(id),
            (None, Some(id)) => Who::Allowed(id),
            (None, None) if trial.now < until => Who::Registrant,
            (None, None) if trial.now < known_until => Who::Known,
            (None, None) => Who::Stranger,
        };
        trial.peer = match who {
            Who::Peer(id) => Some(id),
            Who::Allowed(_) => Some(0),
            Who::Registrant | Who::Known | Who::Stranger => None,
        };
        who
    }

    fn peer(&self, id: u32) -> &'a Peer {
        &self.setup.peers[id as usize - 1]
    }

    fn datagram(&mut self, packet: &Packet<'_>, who: Who, trial: &mut Trial) -> Result<(), Verdict> {
        let payload = packet.udp_payload().map_err(|reason| (reason, 0))?;
        let peek = Trial { commit: false, ..trial.clone() };
        if !self.within_total(who, &peek) {
            self.object(trial, Reason::RateTotal, u32::from(matches!(who, Who::Known)))?;
        }
        let whole = payload;
        let payload = sip::examined(payload);
        match sip::classify(payload, self.setup.start_line_max) {
            Some(message) => {
                self.message(packet.src, who, payload, message, trial)?;
                self.number(packet.src, who, payload, message, trial)?;
                if packet.fragment { Ok(()) } else { self.call(packet.src, who, whole, message, trial) }
            }
            None if packet.fragment && !sip::has_line_end(payload, self.setup.start_line_max) => {
                self.object(trial, Reason::FragmentTiny, 0)
            }
            None => self.object(trial, Reason::NotSip, 0),
        }
    }

    fn segment(&mut self, packet: &Packet<'_>, transport: &str, who: Who, trial: &mut Trial) -> Result<(), Verdict> {
        let (is_attempt, payload) = packet.tcp_payload().map_err(|reason| (reason, 0))?;
        if is_attempt {
            self.limit(packet.src, who, "connect", trial)?;
        }
        let payload = sip::examined(payload);
        match sip::classify(payload, self.setup.start_line_max) {
            Some(message @ sip::Message::Request { .. }) if transport == "tcp" => {
                self.message(packet.src, who, payload, message, trial)?;
                // A peer's connection carries the calls of many.
                let is_shared = matches!(who, Who::Peer(_));
                if is_shared { Ok(()) } else { self.number(packet.src, who, payload, message, trial) }
            }
            _ => Ok(()),
        }
    }

    fn message(
        &mut self,
        src: IpAddr,
        who: Who,
        payload: &[u8],
        message: sip::Message,
        trial: &mut Trial,
    ) -> Result<(), Verdict> {
        if let sip::Message::Request { method, headers } = message {
            if let Who::Peer(id) = who
                && !self.peer(id).methods.contains(&method)
            {
                self.object(trial, Reason::Method, id)?;
            }
            if who.is_unproven() {
                self.used_up(src, who, message.class(), trial)?;
                self.held(src, None, Reason::RateOffender, trial)?;
            }
            if who.is_unproven() || matches!(who, Who::Registrant) {
                self.searched(src, &sip::values(payload, headers, self.setup), trial)?;
            }
        }
        if message == sip::Message::Response && who.is_unproven() && !self.may_respond(src, trial.now) {
            self.object(trial, Reason::UnsolicitedResponse, 0)?;
        }
        self.limit(src, who, message.class(), trial)
    }

    /// What may not be called.
    fn number(
        &self,
        src: IpAddr,
        who: Who,
        payload: &[u8],
        message: sip::Message,
        trial: &mut Trial,
    ) -> Result<(), Verdict> {
        let sip::Message::Request { method, headers } = message else { return Ok(()) };
        let whose = match who {
            Who::Peer(id) => Whose::Peer(id),
            Who::Allowed(_) => Whose::Peer(0),
            Who::Registrant | Who::Known | Who::Stranger => Whose::Others,
        };
        match self.setup.numbers.object(&src.to_string(), whose, method, payload, headers) {
            Some((reason, id)) => self.object(trial, reason, id),
            None => Ok(()),
        }
    }

    /// What is offered to lead to no SRTP though it must, and what acknowledges the refusal of it.
    fn call(
        &self,
        src: IpAddr,
        who: Who,
        payload: &[u8],
        message: sip::Message,
        trial: &mut Trial,
    ) -> Result<(), Verdict> {
        let sip::Message::Request { method, headers } = message else { return Ok(()) };
        let strict = matches!(who, Who::Peer(id) if self.peer(id).strict);
        match method {
            "ACK" if self.setup.follows_calls() && sip::has_tag(payload, src) => {
                self.object(trial, Reason::RefusalAck, 0)
            }
            "INVITE" if strict && sip::is_plain_offer(payload, headers) => self.object(trial, Reason::PlainRtp, 0),
            _ => Ok(()),
        }
    }

    /// What header fields give away.
    fn searched(&mut self, src: IpAddr, values: &sip::Values<'_>, trial: &mut Trial) -> Result<(), Verdict> {
        if let Some(account) = sip::account(values)
            && let Some(user) = USERS.into_iter().find(|user| user.as_bytes() == account)
        {
            self.held(src, Some(user), Reason::RateAccount, trial)?;
        }
        match sip::signature(values, self.setup) {
            Some(id) => self.object(trial, Reason::Signature, id),
            None => Ok(()),
        }
    }

    fn held(
        &mut self,
        src: IpAddr,
        user: Option<&'static str>,
        reason: Reason,
        trial: &mut Trial,
    ) -> Result<(), Verdict> {
        let rate = self.setup.hold;
        let hold = self.holds.get_mut(&(source(src, self.setup.v6_prefix), user)).filter(|hold| trial.now < hold.0);
        if hold.is_none_or(|(_, cell)| charge(&mut [cell], rate, trial)) {
            return Ok(());
        }
        self.object(trial, reason, 0)
    }

    /// Whether our side called the source lately. Two sources that share both cells are too rare to be met here.
    fn may_respond(&self, src: IpAddr, now: u64) -> bool {
        let called = self.called.get(&source(src, self.setup.v6_prefix));
        let lately = called.is_some_and(|called| now <= called + CALLED_FOR);
        lately || self.setup.responses_since.is_none_or(|since| now < since)
    }

    /// A stranger over its limit is refused before the message is searched; nothing is charged yet.
    fn used_up(&mut self, src: IpAddr, who: Who, class: &'static str, trial: &mut Trial) -> Result<(), Verdict> {
        trial.class = Some(class);
        let peek = Trial { commit: false, ..trial.clone() };
        if self.within(source(src, self.setup.v6_prefix), who, class, &peek) {
            return Ok(());
        }
        self.object(trial, over_limit(class), 0)
    }

    fn limit(&mut self, src: IpAddr, who: Who, class: &'static str, trial: &mut Trial) -> Result<(), Verdict> {
        trial.class = Some(class);
        if !self.within(source(src, self.setup.v6_prefix), who, class, trial) {
            return self.object(trial, over_limit(class), 0);
        }
        if !self.within_total(who, trial) {
            return self.object(trial, Reason::RateTotal, u32::from(matches!(who, Who::Known)));
        }
        Ok(())
    }

    /// Strangers have a total, and known sources another.
    fn within_total(&mut self, who: Who, trial: &Trial) -> bool {
        let (cell, total) = match who {
            Who::Stranger => (&mut self.total, self.setup.total),
            Who::Known => (&mut self.known_total, self.setup.known_total),
            _ => return true,
        };
        total.is_none_or(|total| charge(&mut [cell], total, trial))
    }

    fn within(&mut self, source: IpAddr, who: Who, class: &'static str, trial: &Trial) -> bool {
        let limit = |rates: &Rates| rates.get(class).copied();
        match who {
            Who::Allowed(_) => true,
            Who::Peer(id) => limit(&self.peer(id).limits)
                .is_none_or(|rate| charge(&mut [self.peer_cells.entry((id, class)).or_default()], rate, trial)),
            Who::Registrant => limit(&self.setup.registrant).is_none_or(|rate| {
                charge(&mut [self.registrant_cells.entry((source, class)).or_default()], rate, trial)
            }),
            Who::Known | Who::Stranger => {
                limit(&self.setup.stranger).is_none_or(|rate| self.charge_stranger(source, class, rate, trial))
            }
        }
    }

    fn charge_stranger(&mut self, source: IpAddr, class: &str, rate: Rate, trial: &Trial) -> bool {
        let number = CLASSES.iter().position(|c| *c == class).unwrap_or_default() as u32;
        let (a, b) = limiter::rows(Addr::from(source), number, firewall_tests::harness::KEY, CELLS - 1);
        let [first, second] = [(0, a), (1, b)];
        let mut cells = [first, second].map(|key| self.stranger_cells.get(&key).copied().unwrap_or_default());
        let [x, y] = &mut cells;
        let admitted = charge(&mut [x, y], rate, trial);
        self.stranger_cells.extend([(first, cells[0]), (second, cells[1])]);
        admitted
    }

    /// The entry in force that decides: the most specific one, but a ban neither holds inside an allow entry nor for any
    /// part of a peer, nor narrows what a deny entry says.
    fn entry(&self, src: IpAddr, now: u64) -> Option<&'a Entry> {
        let in_force = |e: &&Entry| e.until.is_none_or(|until| now < until);
        let alive: Vec<&Entry> = self.setup.entries.iter().filter(in_force).collect();
        let covering = || alive.iter().copied().filter(|e| e.network.contains(&src));
        let operator = covering().filter(|e| e.kind != Kind::Ban).max_by_key(|e| e.network.prefix_len());
        let bans = covering().filter(|e| e.kind == Kind::Ban && self.ban_holds(e, &alive));
        let Some(ban) = bans.max_by_key(|e| e.network.prefix_len()) else { return operator };
        let Some(operator) = operator else { return Some(ban) };
        let (outer, inner) = (operator.network.prefix_len(), ban.network.prefix_len());
        let ban_decides = !operator.all && (outer < inner || outer == inner && ban.all);
        Some(if ban_decides { ban } else { operator })
    }

    fn ban_holds(&self, ban: &Entry, alive: &[&Entry]) -> bool {
        let source_bits = if ban.network.addr().is_ipv4() { 32 } else { self.setup.v6_prefix };
        let pardoned = alive.iter().any(|e| e.kind == Kind::Allow && e.network.contains(&ban.network));
        let touches = |n: &IpNet| n.contains(&ban.network) || ban.network.contains(n);
        let peer = self.setup.peers.iter().flat_map(|p| &p.networks).any(touches);
        ban.network.prefix_len() >= source_bits && !pardoned && !peer
    }
}

/// What rates are kept by.
fn source(src: IpAddr, v6_prefix: u8) -> IpAddr {
    match src {
        IpAddr::V4(_) => src,
        IpAddr::V6(_) => IpNet::new(src, v6_prefix).map_or(src, |net| net.network()),
    }
}

fn over_limit(class: &str) -> Reason {
    match class {
        "register" => Reason::RateRegister,
        "invite" => Reason::RateInvite,
        "options" => Reason::RateOptions,
        "subscribe" => Reason::RateSubscribe,
        "message" => Reason::RateMessage,
        "other" => Reason::RateOther,
        "response" => Reason::RateResponse,
        "keepalive" => Reason::RateKeepalive,
        _ => Reason::RateConnect,
    }
}

/// One more packet against the cells of its source, of which the most lenient decides. A cell is the time at which the
/// next packet would arrive that kept the rate; `burst` packets may come before their time.
fn charge(cells: &mut [&mut Cell], rate: Rate, trial: &Trial) -> bool {
    let interval = rate.seconds * 1_000_000_000 / rate.count;
    let ahead = interval * (rate.burst - 1);
    let lenient = cells.iter().map(|cell| **cell).min().unwrap_or_default();
    if lenient > trial.now + ahead {
        return false;
    }
    if trial.commit {
        for cell in cells {
            **cell = (trial.now.max(**cell) + interval).min(trial.now + ahead + interval);
        }
    }
    true
}
