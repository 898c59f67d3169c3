//! Ports of our side that stay closed, since nothing that may pass was agreed on for them.
//!
//! Owns: finding them, even in a description that cannot be read as a whole, and the flows that close them. Refuses: deciding
//! when that is so. A port without any flow would be one that nobody negotiated, where the kernel lets pass what it learns.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::media::{FLOW_REFUSED, Flow};

use super::agree::BLANK;
use super::description::{Description, Line};
use super::rules::Rules;

/// Places of one description at most: RTP's and RTCP's of as many lines as are followed.
const PLACES: usize = 2 * super::description::LINES;

/// An address and a port of our side; without an address, the port of any.
pub(super) type Place = (Option<IpAddr>, u16);

/// Those of a description.
pub(super) fn of(description: &Description) -> Vec<Place> {
    description.lines.iter().flat_map(of_line).collect()
}

/// Those of one line: RTP's, and RTCP's unless it may share the port.
pub(super) fn of_line(line: &Line) -> impl Iterator<Item = Place> {
    let is_used = line.is_active() && line.is_udp();
    let rtcp = line.rtcp_place().filter(|_| line.is_rtp() && !line.mux);
    // With ICE, any of our addresses may turn out to be the best one.
    let address = move |address: Option<IpAddr>| address.filter(|_| line.ufrag.is_none());
    let all = [Some((line.address, line.port)), rtcp];
    all.into_iter().flatten().filter(move |_| is_used).map(move |(host, port)| (address(host), port))
}

/// Those of the media lines in a body that has no description which can be read: line by line, whatever stands around them.
pub(super) fn scan(body: &[u8]) -> Vec<Place> {
    let (mut places, mut session, mut media) = (Vec::new(), None, None);
    for line in body.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        let (name, value) = line.trim_end().split_once('=').unwrap_or_default();
        match name {
            "m" => places.extend(media.replace(Scanned::of(value, session)).iter().flat_map(Scanned::places)),
            "c" => *media.as_mut().map_or(&mut session, |media: &mut Scanned| &mut media.address) = address(value),
            "a" => media.iter_mut().for_each(|media| media.read(value)),
            _ => {}
        }
        if places.len() >= PLACES {
            break;
        }
    }
    places.extend(media.iter().flat_map(Scanned::places));
    places.truncate(PLACES);
    places
}

/// What is known of a media line.
struct Scanned {
    address: Option<IpAddr>,
    port: u16,
    rtcp: Option<u16>,
}

impl Scanned {
    /// `audio 49170 RTP/AVP 0`
    fn of(value: &str, address: Option<IpAddr>) -> Self {
        let mut words = value.split_ascii_whitespace().skip(1);
        let port = words.next().and_then(|word| word.split('/').next()?.parse().ok()).unwrap_or(0);
        let is_tcp = words.next().is_some_and(|profile| profile.to_ascii_uppercase().starts_with("TCP"));
        let port = if is_tcp { 0 } else { port };
        Self { address, port, rtcp: port.checked_add(1).filter(|_| port != 0) }
    }

    fn read(&mut self, attribute: &str) {
        match attribute.split_once(':') {
            None if attribute.eq_ignore_ascii_case("rtcp-mux") => self.rtcp = None,
            Some(("rtcp", value)) => self.rtcp = value.split_ascii_whitespace().next().and_then(|it| it.parse().ok()),
            _ => {}
        }
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        let ports = [Some(self.port), self.rtcp.filter(|_| self.port != 0)];
        ports.into_iter().flatten().filter(|port| *port != 0).map(|port| (self.address, port))
    }
}

/// `IN IP4 192.0.2.1`
fn address(value: &str) -> Option<IpAddr> {
    value.split_ascii_whitespace().nth(2)?.split('/').next()?.parse().ok()
}

/// Flows that let nothing pass at these places.
pub(super) fn flows(places: &[Place], rules: &Rules, call: u64, signalling: Addr) -> Vec<Flow> {
    let mut flows: Vec<Flow> = Vec::new();
    for (address, port) in places.iter().filter(|(_, port)| rules.guards(*port)) {
        let local = address.filter(|local| !local.is_unspecified() && !rules.is_advertised(*local));
        let local = local.map_or(Addr::NONE, Addr::from);
        if !flows.iter().any(|known| (known.local, known.local_port) == (local, *port)) {
            let silence = rules.silence(false, false);
            flows.push(Flow { local, signalling, call, silence, local_port: *port, flags: FLOW_REFUSED, ..BLANK });
        }
    }
    flows
}

/// Whether a flow closes a port for whoever comes, and not for a party of which the place is known.
pub(super) fn is_bare(flow: &Flow) -> bool {
    flow.flags & FLOW_REFUSED != 0 && flow.remote_port == 0
}

/// The same flow, letting nothing pass.
pub(super) fn refused(flow: &Flow) -> Flow {
    let Flow { local, remote, signalling, call, silence, remote_port, local_port, .. } = *flow;
    Flow { local, remote, signalling, call, silence, remote_port, local_port, flags: FLOW_REFUSED, ..BLANK }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_lines_are_found_in_what_cannot_be_read() {
        let text = "--b\r\nv=7\r\nc=IN IP4 192.0.2.1\r\nm=audio 10000/2 RTP/AVP 0\r\nm=video 10002 RTP/AVP 96\r\n\
            c=IN IP6 2001:db8::1\r\na=rtcp-mux\r\nm=audio 0 RTP/AVP 0\r\nm=audio x RTP/AVP\r\nm=message 10004 TCP/MSRP *\r\n\
            m=audio 10006 RTP/AVP 0\r\na=rtcp:10009 IN IP4 192.0.2.1\r\nm=au";
        let (v4, v6) = ("192.0.2.1".parse().ok(), "2001:db8::1".parse().ok());
        let expected = [(v4, 10_000), (v4, 10_001), (v6, 10_002), (v4, 10_006), (v4, 10_009)];
        assert_eq!(scan(text.as_bytes()), expected);
        assert_eq!(scan("m=audio 10000 RTP/AVP 0\n".repeat(1_000).as_bytes()).len(), PLACES);
        assert_eq!(scan(b""), []);
    }
}
