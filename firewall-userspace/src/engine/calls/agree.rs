//! What an offer and its answer agree on, line by line (RFC 3264, RFC 4568, RFC 5763, RFC 8643, RFC 8843).
//!
//! Owns: that, as streams for the record and as pinholes for the kernel. Refuses: which messages are an offer and its answer.
mod pair;

use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;
use firewall_common::media::{CODECS, Codec, FLOW_ICE, FLOW_REFUSED, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, Flow};

use super::super::call::{Demand, Keys, Stream, Why, socket};
use super::closed;
use super::description::{Description, Line};
use super::judge::Fault;
use super::rules::{Rules, join};
use pair::{Pair, agreed_keys, direction, flags, ice, is_held};

/// Packets of RTCP a second that are far more than there are.
const RTCP_PACKETS: u32 = 25;
/// Packets a second of what is no RTP.
const OTHER_PACKETS: u32 = 1_000;

/// What was agreed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Session {
    /// For the record.
    pub(super) streams: Vec<Stream>,
    /// For the kernel.
    pub(super) flows: Vec<Flow>,
    /// The first line that leads to less than the policy wants.
    pub(super) fault: Option<Fault>,
}

/// An offer, its answer, and under which rules they meet.
pub(super) struct Meeting<'a> {
    pub(super) offer: &'a Description,
    pub(super) answer: &'a Description,
    /// Whether our side made the offer.
    pub(super) we_offered: bool,
    pub(super) demand: Demand,
    pub(super) rules: &'a Rules,
    /// [`Flow::call`].
    pub(super) call: u64,
    /// Where the remote party's signalling comes from.
    pub(super) signalling: Addr,
    /// What held before.
    pub(super) former: Option<&'a Session>,
}

/// The places of one line on both sides.
#[derive(Clone, Copy)]
struct Places {
    local: (Option<IpAddr>, u16),
    remote: (Option<IpAddr>, u16),
}

/// Flows, with how many packets a second each may have.
#[derive(Default)]
struct Draft(Vec<(Flow, u32)>);

impl Draft {
    /// Adds one, to the bundle's if there is one at its port already. Where no media is guarded, none is needed.
    fn add(&mut self, flow: Flow, packets: u32, rules: &Rules) {
        let is_same = |known: &Flow| (known.local, known.local_port) == (flow.local, flow.local_port);
        match self.0.iter_mut().find(|(known, _)| is_same(known)) {
            Some((known, sum)) => {
                join(known, &flow);
                *sum = sum.saturating_add(packets);
            }
            None if rules.guards(flow.local_port) => self.0.push((flow, packets)),
            None => {}
        }
    }

    fn finish(self, rules: &Rules) -> Vec<Flow> {
        let limit = |flow: &Flow, packets| match flow.flags & FLOW_REFUSED {
            0 => rules.limit(packets),
            _ => Limit::NONE,
        };
        self.0.into_iter().map(|(flow, packets)| Flow { limit: limit(&flow, packets), ..flow }).collect()
    }
}

impl Meeting<'_> {
    /// What they agree on.
    pub(super) fn session(&self) -> Session {
        let (mut session, mut draft) = (Session::default(), Draft::default());
        for index in 0..self.offer.lines.len().min(self.answer.lines.len()) {
            self.line(index, &mut session, &mut draft);
        }
        self.close_rest(&mut draft);
        session.flows = draft.finish(self.rules);
        session
    }

    fn line(&self, index: usize, session: &mut Session, draft: &mut Draft) -> Option<()> {
        let (own_offer, answer) = (self.offer.lines.get(index)?, self.answer.lines.get(index)?);
        let transport = answer.bundle.filter(|_| answer.is_active() || answer.bundle_only).unwrap_or(index);
        let offer = Pair { own: own_offer, transport: self.offer.lines.get(transport)? };
        let answer = Pair { own: answer, transport: self.answer.lines.get(transport)? };
        let used = answer.transport.is_active() && (answer.own.is_active() || answer.own.bundle.is_some());
        if !used || !(offer.own.is_active() || offer.own.bundle_only) {
            session.streams.push(self.closed(answer.own));
            return Some(());
        }
        let keys = agreed_keys(offer, answer, self.rules.accepted);
        let places = self.places(index, offer, answer);
        let is_open = keys.is_ok() || self.demand != Demand::SrtpOnly;
        session.streams.push(self.stream(offer, answer, &keys, places, is_open));
        if let (Err(why), true, None) = (&keys, self.demand != Demand::Off, &session.fault) {
            session.fault = Some(Fault { line: answer.own.text.clone(), why: *why });
        }
        if answer.transport.is_udp() {
            self.flows(offer, answer, keys.is_ok(), places, draft);
        }
        Some(())
    }

    /// Closes what our side names and what was not agreed on: lines that the other side rejects or does not have.
    fn close_rest(&self, draft: &mut Draft) {
        let ours = if self.we_offered { self.offer } else { self.answer };
        let theirs = if self.we_offered { self.answer } else { self.offer };
        if self.demand != Demand::SrtpOnly {
            return;
        }
        for (index, line) in ours.lines.iter().enumerate() {
            let is_used = theirs.lines.get(index).is_some_and(|line| line.is_active() || line.bundle_only);
            if !is_used && line.bundle.is_none() {
                let places: Vec<closed::Place> = closed::of_line(line).collect();
                let flows = closed::flows(&places, self.rules, self.call, self.signalling);
                flows.into_iter().for_each(|flow| draft.add(flow, 0, self.rules));
            }
        }
    }

    /// Adds the flows of a line: RTP's, and RTCP's unless it shares the port.
    fn flows(&self, offer: Pair<'_>, answer: Pair<'_>, good: bool, places: Places, to: &mut Draft) {
        let is_open = good || self.demand != Demand::SrtpOnly;
        let flags = if is_open { flags(offer, answer, good) } else { FLOW_REFUSED };
        let (ours, theirs) = self.sides(offer, answer);
        let is_rtp = answer.own.is_rtp();
        let shares = offer.transport.mux && answer.transport.mux || answer.own.bundle.is_some();
        let packets = if is_rtp { offer.own.packets.max(answer.own.packets) } else { OTHER_PACKETS };
        if shares && flags & FLOW_RTP != 0 {
            to.add(self.flow(ours, theirs, places, flags | FLOW_RTCP), packets + RTCP_PACKETS, self.rules);
        } else {
            to.add(self.flow(ours, theirs, places, flags), packets, self.rules);
        }
        if is_rtp
            && !shares
            && let Some(places) = rtcp(ours.transport, theirs.transport, places)
        {
            let flags = if flags & FLOW_RTP != 0 { flags & !(FLOW_RTP | FLOW_SRTP) | FLOW_RTCP } else { flags };
            let silence = self.rules.silence(is_held(ours.own, theirs.own), true);
            to.add(Flow { silence, ..self.flow(ours, theirs, places, flags) }, RTCP_PACKETS, self.rules);
        }
    }

    fn flow(&self, ours: Pair<'_>, theirs: Pair<'_>, places: Places, flags: u32) -> Flow {
        let is_ice = flags & FLOW_ICE != 0;
        // With ICE, any of our addresses may turn out to be the best one, at the same port.
        let local = places.local.0.filter(|local| !is_ice && !self.rules.is_advertised(*local));
        Flow {
            local: local.map_or(Addr::NONE, Addr::from),
            remote: places.remote.0.map_or(Addr::NONE, Addr::from),
            signalling: self.signalling,
            call: self.call,
            ice: if is_ice { ice(ours, theirs) } else { 0 },
            silence: self.rules.silence(is_held(ours.own, theirs.own), false),
            // Whoever sends to us uses the numbers of our own description (RFC 3264 §6.1).
            codecs: if flags & FLOW_RTP != 0 { ours.own.codecs } else { NO_CODECS },
            remote_port: places.remote.1,
            local_port: places.local.1,
            flags,
            ..BLANK
        }
    }

    fn sides<'b>(&self, offer: Pair<'b>, answer: Pair<'b>) -> (Pair<'b>, Pair<'b>) {
        if self.we_offered { (offer, answer) } else { (answer, offer) }
    }

    /// An address that means a hold leaves the places as they were.
    fn places(&self, index: usize, offer: Pair<'_>, answer: Pair<'_>) -> Places {
        let (ours, theirs) = self.sides(offer, answer);
        let former = self.former.and_then(|former| former.streams.get(index));
        let of = |line: &Line, before: Option<std::net::SocketAddr>| {
            let address = if line.is_nowhere() { before.map(|before| before.ip()) } else { line.address };
            (address, line.port)
        };
        Places {
            local: of(ours.transport, former.and_then(|stream| stream.local)),
            remote: of(theirs.transport, former.and_then(|stream| stream.remote)),
        }
    }

    fn stream(
        &self,
        offer: Pair<'_>,
        answer: Pair<'_>,
        keys: &Result<Option<Keys>, Why>,
        places: Places,
        open: bool,
    ) -> Stream {
        let (ours, theirs) = self.sides(offer, answer);
        let place = |(address, port): (Option<IpAddr>, u16)| Some(socket(address?.into(), port));
        Stream {
            keys: keys.clone().unwrap_or_default(),
            local: place(places.local),
            remote: place(places.remote),
            codec: answer.own.codec.clone(),
            direction: direction(ours.own, theirs.own).to_owned(),
            open,
            ..self.closed(answer.own)
        }
    }

    /// A stream that flows nowhere.
    fn closed(&self, line: &Line) -> Stream {
        let (medium, profile) = (line.medium.to_string(), line.profile.to_string());
        let (codec, direction) = (line.codec.clone(), "inactive".to_owned());
        Stream { medium, profile, keys: None, local: None, remote: None, codec, direction, open: false }
    }
}

/// RTCP's places, when it does not share RTP's. An address that means a hold is RTP's.
fn rtcp(ours: &Line, theirs: &Line, rtp: Places) -> Option<Places> {
    let of = |line: &Line, rtp: Option<IpAddr>| {
        let (address, port) = line.rtcp_place()?;
        Some((address.filter(|address| !address.is_unspecified()).or(rtp), port))
    };
    Some(Places { local: of(ours, rtp.local.0)?, remote: of(theirs, rtp.remote.0)? })
}

const NO_CODECS: [Codec; CODECS] = [Codec { payload_type: 0, bytes: 0, units: 0, reserved: 0 }; CODECS];

/// A flow of which nothing is known.
pub(super) const BLANK: Flow = Flow::opening(0);

/// The part of a flow that the daemon writes.
pub(super) fn bare(flow: &Flow) -> Flow {
    let Flow { local, remote, signalling, call, ice, silence, limit, codecs, remote_port, local_port, flags, .. } =
        *flow;
    Flow { local, remote, signalling, call, ice, silence, limit, codecs, remote_port, local_port, flags, ..BLANK }
}
