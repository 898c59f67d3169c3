//! What an offer and its answer agree on, line by line (RFC 3264, RFC 4568, RFC 5763, RFC 8643, RFC 8843).
//!
//! Owns: that, as streams for the record and as pinholes for the kernel. Refuses: which messages are an offer and its answer.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;
use firewall_common::media::{
    CODECS, Codec, FLOW_DTLS, FLOW_ICE, FLOW_OTHER, FLOW_REFUSED, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, Flow, username_hash,
};
use firewall_common::sdp::Accepted;

use super::super::call::{Demand, Keys, Stream, Why, socket};
use super::description::{Description, Line};
use super::judge::{self, Fault};
use super::rules::{Rules, join};

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

/// One line of both, and the line whose transport it uses.
#[derive(Clone, Copy)]
struct Pair<'a> {
    own: &'a Line,
    transport: &'a Line,
}

impl Pair<'_> {
    /// Where its keys stand: a bundle's may stand at its transport alone (RFC 8843 §7.1.3).
    fn keyed(&self) -> &Line {
        if self.own.crypto.is_empty() && !self.own.fingerprint { self.transport } else { self.own }
    }
}

/// The places of one line on both sides.
#[derive(Clone, Copy)]
struct Places {
    local: (Option<IpAddr>, u16),
    remote: (Option<IpAddr>, u16),
}

impl Meeting<'_> {
    /// What they agree on.
    pub(super) fn session(&self) -> Session {
        let mut session = Session::default();
        // How many packets a second each flow may have.
        let mut packets = Vec::new();
        for index in 0..self.offer.lines.len().min(self.answer.lines.len()) {
            self.line(index, &mut session, &mut packets);
        }
        for (flow, packets) in session.flows.iter_mut().zip(packets) {
            flow.limit = if flow.flags & FLOW_REFUSED != 0 { Limit::NONE } else { self.rules.limit(packets) };
        }
        session
    }

    fn line(&self, index: usize, session: &mut Session, packets: &mut Vec<u32>) -> Option<()> {
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
            self.flows(offer, answer, keys.is_ok(), places, session, packets);
        }
        Some(())
    }

    /// Adds the flows of a line, each to the bundle's if there is one at its port already.
    fn flows(
        &self,
        offer: Pair<'_>,
        answer: Pair<'_>,
        good: bool,
        places: Places,
        to: &mut Session,
        rates: &mut Vec<u32>,
    ) {
        let flags = if good || self.demand != Demand::SrtpOnly { flags(offer, answer, good) } else { FLOW_REFUSED };
        let (ours, theirs) = self.sides(offer, answer);
        let mux = offer.transport.mux && answer.transport.mux || answer.own.bundle.is_some();
        let rate = if answer.own.is_rtp() { offer.own.packets.max(answer.own.packets) } else { OTHER_PACKETS };
        let first =
            self.flow(ours, theirs, places, if mux && flags & FLOW_RTP != 0 { flags | FLOW_RTCP } else { flags });
        let rtcp =
            ours.transport.rtcp_place().zip(theirs.transport.rtcp_place()).filter(|_| !mux && answer.own.is_rtp());
        let second = rtcp.map(|(local, remote)| {
            let near = (local.0.filter(|it| !it.is_unspecified()).or(places.local.0), local.1);
            let far = (remote.0.filter(|it| !it.is_unspecified()).or(places.remote.0), remote.1);
            let flags = if flags & FLOW_RTP != 0 { flags & !(FLOW_RTP | FLOW_SRTP) | FLOW_RTCP } else { flags };
            let mut flow = self.flow(ours, theirs, Places { local: near, remote: far }, flags);
            (flow.codecs, flow.silence) = (NO_CODECS, self.rules.silence(is_held(ours.own, theirs.own), true));
            flow
        });
        let all = [(Some(first), rate + if mux { RTCP_PACKETS } else { 0 }), (second, RTCP_PACKETS)];
        for (flow, rate) in all.into_iter().filter_map(|(flow, rate)| Some((flow?, rate))) {
            if !self.rules.guards(flow.local_port) {
                continue;
            }
            let same = |known: &Flow| (known.local, known.local_port) == (flow.local, flow.local_port);
            match to.flows.iter().position(same) {
                Some(at) => {
                    join(&mut to.flows[at], &flow);
                    rates[at] += rate;
                }
                None => {
                    to.flows.push(flow);
                    rates.push(rate);
                }
            }
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

const NO_CODECS: [Codec; CODECS] = [Codec { payload_type: 0, bytes: 0, units: 0, reserved: 0 }; CODECS];

/// A flow of which nothing is known.
const BLANK: Flow = Flow {
    local: Addr::NONE,
    remote: Addr::NONE,
    signalling: Addr::NONE,
    call: 0,
    ice: 0,
    silence: 0,
    limit: Limit::NONE,
    codecs: NO_CODECS,
    remote_port: 0,
    local_port: 0,
    flags: 0,
    seen: 0,
    lock: 0,
    locked: Addr::NONE,
    checked: [0; 2],
    stream: [0; 2],
    cell: 0,
    packets: 0,
    bytes: 0,
    mismatches: 0,
    changes: 0,
    plain: 0,
};

/// The part of a flow that the daemon writes.
pub(super) fn bare(flow: &Flow) -> Flow {
    let Flow { local, remote, signalling, call, ice, silence, limit, codecs, remote_port, local_port, flags, .. } =
        *flow;
    Flow { local, remote, signalling, call, ice, silence, limit, codecs, remote_port, local_port, flags, ..BLANK }
}

/// How the keys of a line are agreed on; none for what is accepted without. Otherwise why it is not enough.
fn agreed_keys(offer: Pair<'_>, answer: Pair<'_>, accepted: Accepted) -> Result<Option<Keys>, Why> {
    let (asked, said) = (offer.keyed(), answer.keyed());
    if !answer.own.is_rtp() {
        return judge::line(answer.own, accepted).map(|()| None);
    }
    let good = |line: &Line, at: usize| {
        let crypto = line.crypto.get(at)?;
        (judge::is_accepted(crypto.suite, accepted) && !crypto.unprotected).then_some(crypto.suite)
    };
    let chosen = good(said, 0).filter(|_| accepted.has(Accepted::SDES)).flatten();
    if let Some(suite) = chosen
        && (0..asked.crypto.len()).any(|at| good(asked, at).flatten() == Some(suite))
    {
        return Ok(Some(Keys::Sdes(suite.word().to_owned())));
    }
    if accepted.has(Accepted::DTLS) && asked.fingerprint && said.fingerprint {
        return Ok(Some(Keys::Dtls));
    }
    Err(match (judge::line(asked, accepted), judge::line(said, accepted)) {
        (Ok(()), Err(Why::Plain | Why::NoKeys)) => Why::Downgrade,
        (Err(why), _) | (_, Err(why)) => why,
        // Each would do, but the answer takes what was not offered.
        (Ok(()), Ok(())) if said.crypto.is_empty() => Why::KeyManagement,
        (Ok(()), Ok(())) => Why::Suite,
    })
}

/// What may pass a line's first port, RTCP aside.
fn flags(offer: Pair<'_>, answer: Pair<'_>, good: bool) -> u32 {
    let dtls = offer.keyed().fingerprint && answer.keyed().fingerprint;
    let ice = offer.transport.ufrag.is_some() && answer.transport.ufrag.is_some();
    let carried = match answer.own.is_rtp() {
        true => FLOW_RTP | if good { FLOW_SRTP } else { 0 } | if dtls { FLOW_DTLS } else { 0 },
        false if answer.own.is_dtls() => FLOW_DTLS,
        false => FLOW_OTHER,
    };
    carried | if ice { FLOW_ICE } else { 0 }
}

/// Of the USERNAME in the remote party's checks: our fragment, a colon, and its own (RFC 8445 §7.2.2).
fn ice(ours: Pair<'_>, theirs: Pair<'_>) -> u64 {
    let fragment = |pair: Pair<'_>| pair.transport.ufrag.as_deref().unwrap_or_default().to_owned();
    username_hash(format!("{}:{}", fragment(ours), fragment(theirs)).as_bytes())
}

/// Whether the remote party need not send.
fn is_held(ours: &Line, theirs: &Line) -> bool {
    !(theirs.direction.sends() && ours.direction.receives()) || theirs.is_nowhere()
}

/// Where media goes, as our side sees it.
fn direction(ours: &Line, theirs: &Line) -> &'static str {
    let out = ours.direction.sends() && theirs.direction.receives() && !theirs.is_nowhere();
    let back = theirs.direction.sends() && ours.direction.receives() && !ours.is_nowhere();
    match (out, back) {
        (true, true) => "sendrecv",
        (true, false) => "sendonly",
        (false, true) => "recvonly",
        (false, false) => "inactive",
    }
}
