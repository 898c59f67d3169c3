//! What a config says of calls.
//!
//! Owns: taking it from there, and what is demanded of whom. Refuses: judging.
use std::net::IpAddr;

use firewall_common::limiter::Limit;
use firewall_common::media::{FLOW_BUNDLE, Flow};
use firewall_common::number::Plan;
use firewall_common::reason::Reason;
use firewall_common::sdp::Accepted;

use super::super::call::Demand;
use crate::config::{Config, Intruders, MediaPolicy, StirPolicy};

const SECOND: u64 = 1_000_000_000;
/// RTCP comes every five seconds or so (RFC 3550 §6.2), whatever the silence that RTP is granted.
const RTCP_SILENCE: u64 = 60 * SECOND;

/// A config as calls are followed by it.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Whether anybody's calls are followed.
    pub(super) follows: bool,
    /// Whether the kernel is told who is party to which call.
    pub(super) dialogs: bool,
    /// Whether all calls are logged, those that came to nothing, too.
    pub(super) logs: bool,
    /// What media lines may be.
    pub(super) accepted: Accepted,
    /// Whether media that was refused is dropped, and not only counted.
    pub(super) drops_media: bool,
    /// The most pinholes of one source.
    pub(super) per_source: u32,
    /// The most pinholes of all calls.
    pub(super) capacity: u32,
    /// How numbers are dialled.
    pub(super) plan: Box<Plan>,
    default: (Demand, StirPolicy),
    peers: Vec<(Demand, StirPolicy)>,
    ports: Vec<(u16, u16)>,
    advertised: Vec<IpAddr>,
    multiple: u32,
    silence: u64,
    hold_silence: u64,
}

impl Rules {
    /// Those of a config.
    pub(super) fn of(config: &Config) -> Self {
        let (media, stir, peers) = (config.media(), config.stir().policy, config.peers().iter());
        let monitored = |reason: Reason| config.monitor().bits() & reason.bit() != 0;
        Self {
            follows: config.follows_calls(),
            dialogs: config.signalling().dialog_intruders == Intruders::Drop,
            logs: config.calls().log,
            accepted: media.accepted(),
            drops_media: !monitored(Reason::RefusedMedia),
            per_source: media.per_source.get(),
            capacity: config.capacity().pinholes.get(),
            // Where nobody's media is judged, nothing needs a pinhole.
            ports: media.ports.ranges().iter().filter(|_| config.judges_media()).map(|range| range.ends()).collect(),
            plan: Box::new(config.numbers().plan()),
            default: (demand(media.policy), stir),
            peers: peers.map(|peer| (demand(peer.media.or(media.policy)), peer.stir.or(stir))).collect(),
            advertised: media.advertised.as_slice().to_vec(),
            multiple: media.rate_multiple.get(),
            silence: u64::from(media.silence.seconds()) * SECOND,
            hold_silence: u64::from(media.hold_silence.seconds()) * SECOND,
        }
    }

    /// What is demanded of the calls of a peer; of anybody else's when there is no such peer.
    pub(super) fn demand(&self, peer: u32) -> Demand {
        self.of_peer(peer).0
    }

    /// What is done about signatures of a peer's calls, or of anybody else's.
    pub(super) fn stir(&self, peer: u32) -> StirPolicy {
        self.of_peer(peer).1
    }

    fn of_peer(&self, peer: u32) -> (Demand, StirPolicy) {
        let index = usize::try_from(peer).ok().and_then(|id| id.checked_sub(1));
        index.and_then(|index| self.peers.get(index)).copied().unwrap_or(self.default)
    }

    /// Whether a port is one of media.
    pub(super) fn guards(&self, port: u16) -> bool {
        self.ports.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// Whether an address stands in our side's descriptions and not in the packets.
    pub(super) fn is_advertised(&self, address: IpAddr) -> bool {
        self.advertised.contains(&address)
    }

    /// How long a flow may be silent.
    pub(super) fn silence(&self, held: bool, rtcp_only: bool) -> u64 {
        let silence = if held { self.hold_silence } else { self.silence };
        if rtcp_only { silence.max(RTCP_SILENCE) } else { silence }
    }

    /// The longest of these, in seconds.
    pub(super) fn longest_silence(&self) -> u32 {
        u32::try_from(self.hold_silence.max(self.silence).max(RTCP_SILENCE) / SECOND).unwrap_or(u32::MAX)
    }

    /// A multiple of so many packets a second, a second's worth of them at once.
    pub(super) fn limit(&self, packets: u32) -> Limit {
        let rate = packets.max(1).saturating_mul(self.multiple);
        Limit::per_second(rate, rate)
    }
}

fn demand(policy: MediaPolicy) -> Demand {
    match policy {
        MediaPolicy::Off => Demand::Off,
        MediaPolicy::Prefer => Demand::Prefer,
        MediaPolicy::SrtpOnly => Demand::SrtpOnly,
    }
}

/// What a bundle's lines let through by one port, together.
pub(super) fn join(flow: &mut Flow, other: &Flow) {
    let refused = flow.flags & other.flags & firewall_common::media::FLOW_REFUSED;
    flow.flags = (flow.flags | other.flags) & !firewall_common::media::FLOW_REFUSED | refused | FLOW_BUNDLE;
    flow.silence = flow.silence.max(other.silence);
    flow.ice = if flow.ice == 0 { other.ice } else { flow.ice };
    let free = flow.codecs.iter_mut().filter(|codec| codec.units == 0);
    free.zip(other.codecs.iter().filter(|codec| codec.units != 0)).for_each(|(slot, codec)| *slot = *codec);
}
