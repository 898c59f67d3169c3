//! Calls as messages, and what came of them in words.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::media::{
    FLOW_BUNDLE, FLOW_DTLS, FLOW_ICE, FLOW_OTHER, FLOW_REFUSED, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, Flow,
};

use firewall_common::reason::Reason;

use super::super::world::{World, addr};
use crate::engine::call::{Call, How, Refusal, State, Why};
use crate::engine::command::{Answer, Command};
use crate::engine::input::{self, Direction, Seen, Via};

pub(in super::super) use crate::engine::input::Direction::{In, Out};

/// The server, and somebody who calls.
pub(in super::super) const SERVER: &str = "192.0.2.1";
pub(in super::super) const PHONE: &str = "203.0.113.7";

const KEY: &str = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

/// A config with ports of media, and a policy.
pub(in super::super) fn config(policy: &str, more: &str) -> String {
    format!("[media]\nports = [\"10000-20000\"]\npolicy = \"{policy}\"\n{more}")
}

/// A session description; `|` ends a line, `KEY` is a key.
pub(in super::super) fn sdp(address: &str, lines: &str) -> String {
    let version = if address.contains(':') { 6 } else { 4 };
    let text = format!("v=0|o=- 1 1 IN IP{version} {address}|s=-|c=IN IP{version} {address}|t=0 0|{lines}|");
    text.replace("KEY", KEY).replace('|', "\r\n")
}

/// One with SDES for one audio line.
pub(in super::super) fn sdes(address: &str, port: u16) -> String {
    sdp(address, &format!("m=audio {port} RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY"))
}

/// One without keys.
pub(in super::super) fn plain(address: &str, port: u16) -> String {
    sdp(address, &format!("m=audio {port} RTP/AVP 0"))
}

/// One with DTLS.
pub(in super::super) fn dtls(address: &str, port: u16, more: &str) -> String {
    sdp(address, &format!("m=audio {port} UDP/TLS/RTP/SAVPF 0|a=fingerprint:sha-256 AA|a=rtcp-mux{more}"))
}

/// An engine, and with whom it speaks next.
pub(in super::super) struct Scene {
    pub(in super::super) world: World,
    pub(in super::super) remote: Addr,
    pub(in super::super) remote_port: u16,
    pub(in super::super) local: Addr,
    pub(in super::super) kind: Kind,
    pub(in super::super) peer: u32,
    pub(in super::super) via: Via,
    pub(in super::super) call: String,
    /// Header fields that requests have besides.
    pub(in super::super) headers: String,
    /// The kernel drops the next request.
    pub(in super::super) refused: bool,
    /// Why.
    pub(in super::super) reason: Reason,
    /// Part of the branch.
    pub(in super::super) fork: u32,
}

impl Scene {
    pub(in super::super) fn new(config: &str) -> Self {
        Self {
            world: World::with(config),
            remote: addr(PHONE),
            remote_port: 5_060,
            local: addr(SERVER),
            kind: Kind::Registrant,
            peer: 0,
            via: Via::Udp,
            call: "a84b4c76e66710".to_owned(),
            headers: String::new(),
            refused: false,
            reason: Reason::PlainRtp,
            fork: 0,
        }
    }

    /// SRTP or nothing.
    pub(in super::super) fn strict() -> Self {
        Self::new(&config("srtp-only", ""))
    }

    pub(in super::super) fn with(&mut self, remote: &str) -> &mut Self {
        self.remote = addr(remote);
        self
    }

    /// A request, with the tags of From and To.
    pub(in super::super) fn ask(
        &mut self,
        from: Direction,
        method: &str,
        cseq: u32,
        tags: (&str, &str),
        body: &str,
    ) -> &mut Self {
        let start = format!("{method} sip:200@example.com SIP/2.0");
        self.say(from, &start, (method, cseq), tags, body)
    }

    /// A response; the tags are those of its request, and the To tag its own.
    pub(in super::super) fn reply(
        &mut self,
        from: Direction,
        status: u16,
        of: (&str, u32),
        tags: (&str, &str),
        body: &str,
    ) -> &mut Self {
        self.say(from, &format!("SIP/2.0 {status} X"), of, tags, body)
    }

    fn say(
        &mut self,
        from: Direction,
        start: &str,
        (method, cseq): (&str, u32),
        tags: (&str, &str),
        body: &str,
    ) -> &mut Self {
        let text = self.message(start, (method, cseq), tags, body);
        self.see(from, text.as_bytes())
    }

    pub(in super::super) fn message(
        &self,
        start: &str,
        (method, cseq): (&str, u32),
        tags: (&str, &str),
        body: &str,
    ) -> String {
        let to = if tags.1.is_empty() { String::new() } else { format!(";tag={}", tags.1) };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let transaction = if method == "CANCEL" { "INVITE" } else { method };
        format!(
            "{start}\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{}{transaction}{cseq}x{}\r\nFrom: \"Alice\" <sip:100@example.com>;tag={}\r\n\
             To: <sip:200@example.com>{to}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nUser-Agent: Phone/1.0\r\n{}{kind}Content-Length: {}\r\n\r\n{body}",
            match IpAddr::from(self.remote) {
                IpAddr::V4(v4) => v4.to_string(),
                IpAddr::V6(v6) => format!("[{v6}]"),
            },
            tags.0,
            self.fork,
            tags.0,
            self.call,
            self.headers,
            body.len(),
        )
    }

    pub(in super::super) fn see(&mut self, from: Direction, bytes: &[u8]) -> &mut Self {
        self.world.now += 1;
        let clock = self.world.clock();
        let flow = input::Flow {
            direction: from,
            remote: self.remote,
            remote_port: self.remote_port,
            local: self.local,
            local_port: 5_060,
            via: self.via,
            kind: self.kind,
            peer: self.peer,
        };
        let refused = std::mem::take(&mut self.refused).then_some(self.reason);
        let seen = Seen { time: clock.mono_ns, flow, bytes, truncated: false, refused };
        self.world.engine.handle(seen, clock, &mut self.world.commands);
        self
    }

    /// A call from the phone, answered: the tags are `r` for it and `o` for our side.
    pub(in super::super) fn inbound(&mut self, offer: &str, answer: &str) -> &mut Self {
        self.ask(In, "INVITE", 1, ("r", ""), offer).reply(Out, 180, ("INVITE", 1), ("r", "o"), "");
        self.reply(Out, 200, ("INVITE", 1), ("r", "o"), answer).ask(In, "ACK", 1, ("r", "o"), "")
    }

    /// A call to the phone, answered.
    pub(in super::super) fn outbound(&mut self, offer: &str, answer: &str) -> &mut Self {
        self.ask(Out, "INVITE", 1, ("o", ""), offer).reply(In, 180, ("INVITE", 1), ("o", "r"), "");
        self.reply(In, 200, ("INVITE", 1), ("o", "r"), answer).ask(Out, "ACK", 1, ("o", "r"), "")
    }

    /// The pinholes that hold, of all calls.
    pub(in super::super) fn flows(&self) -> Vec<Flow> {
        let mut held = std::collections::BTreeMap::new();
        for command in &self.world.commands {
            if let Command::Pinholes(pinholes) = command {
                held.insert(pinholes.call, pinholes.flows.clone());
            }
        }
        held.into_values().flatten().collect()
    }

    /// The same in words.
    pub(in super::super) fn holes(&self) -> Vec<String> {
        self.flows().iter().map(words).collect()
    }

    /// How often pinholes were set.
    pub(in super::super) fn times(&self) -> usize {
        self.world.commands.iter().filter(|command| matches!(command, Command::Pinholes(_))).count()
    }

    pub(in super::super) fn answers(&self) -> Vec<&Answer> {
        self.world
            .commands
            .iter()
            .filter_map(|it| if let Command::Answer(answer) = it { Some(answer) } else { None })
            .collect()
    }

    pub(in super::super) fn records(&self) -> Vec<&Call> {
        self.world
            .commands
            .iter()
            .filter_map(|it| if let Command::Call(call) = it { Some(&**call) } else { None })
            .collect()
    }

    /// The last record of any call.
    pub(in super::super) fn record(&self) -> &Call {
        self.records().last().copied().expect("a call that was told")
    }

    pub(in super::super) fn state(&self) -> State {
        self.record().state
    }

    /// What the last record says of its first leg's refusal.
    pub(in super::super) fn refusal(&self) -> Option<(How, Why, bool)> {
        let Refusal { how, why, enforced, .. } = self.record().legs[0].refusal.clone()?;
        Some((how, why, enforced))
    }
}

/// `local<-remote rtp srtp`
fn words(flow: &Flow) -> String {
    let place = |address: Addr, port: u16| {
        if address == Addr::NONE { format!("*:{port}") } else { format!("{}:{port}", IpAddr::from(address)) }
    };
    let mut words = format!("{}<-{}", place(flow.local, flow.local_port), place(flow.remote, flow.remote_port));
    for (flag, word) in [
        (FLOW_REFUSED, "refused"),
        (FLOW_RTP, "rtp"),
        (FLOW_RTCP, "rtcp"),
        (FLOW_SRTP, "srtp"),
        (FLOW_DTLS, "dtls"),
        (FLOW_ICE, "ice"),
        (FLOW_BUNDLE, "bundle"),
        (FLOW_OTHER, "other"),
    ] {
        if flow.flags & flag != 0 {
            words += " ";
            words += word;
        }
    }
    words
}
