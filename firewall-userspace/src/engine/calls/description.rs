//! Session descriptions, as far as calls are judged and media let through by them (RFC 8866).
//!
//! Owns: what stands in their media lines, session level and bundles (RFC 8843) taken into account. Refuses: what two of them
//! agree on, and lines that say nothing about media's way: however odd these are, they make nothing unreadable.
use std::net::IpAddr;

use firewall_common::media::{CODECS, Codec};
use sdp_types::{Connection, Media, Session};

use super::codec::Formats;
use super::crypto::Crypto;

/// Media lines of one description that are followed.
pub(super) const LINES: usize = 16;
/// Suites of one line that are looked at.
const SUITES: usize = 16;

/// A session description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// Its media lines.
    pub(super) lines: Vec<Line>,
}

/// A media line, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// As it stands there.
    pub(super) text: Box<str>,
    /// `audio`, `video` …, in small letters.
    pub(super) medium: Box<str>,
    /// The transport, in capitals.
    pub(super) profile: Box<str>,
    /// 0: rejected or unused.
    pub(super) port: u16,
    /// Where; nothing for a name.
    pub(super) address: Option<IpAddr>,
    /// RTCP's port and address, if it has its own (RFC 3605).
    pub(super) rtcp: Option<(u16, Option<IpAddr>)>,
    /// Whether RTCP may share the port (RFC 5761).
    pub(super) mux: bool,
    /// Keys in the description.
    pub(super) crypto: Vec<Crypto>,
    /// Whether a fingerprint announces DTLS (RFC 5763).
    pub(super) fingerprint: bool,
    /// Whether keys are agreed on in a way that nobody accepts here: MIKEY, ZRTP.
    pub(super) foreign_keys: bool,
    /// Who sends.
    pub(super) direction: Direction,
    /// The codec that is named first.
    pub(super) codec: String,
    /// Codecs of constant rate.
    pub(super) codecs: [Codec; CODECS],
    /// Packets a second at most.
    pub(super) packets: u32,
    /// ICE's user name fragment (RFC 8839).
    pub(super) ufrag: Option<Box<str>>,
    /// Whether it is used only inside a bundle, so that port 0 rejects nothing (RFC 8843 §6).
    pub(super) bundle_only: bool,
    /// The place of the line whose transport a bundle uses, if it is in one.
    pub(super) bundle: Option<usize>,
}

/// Who sends, as seen by whoever describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Both.
    SendRecv,
    /// Only the describing side.
    SendOnly,
    /// Only the other side.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    const ALL: [Self; 4] = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];

    /// As an attribute has it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the describing side sends.
    pub(super) const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether it receives.
    pub(super) const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| has(direction.word()))
    }
}

impl Description {
    /// Reads one; nothing if that is not possible, or if it has too many lines.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let session = Session::parse(&essence(bytes)).ok()?;
        if session.medias.len() > LINES {
            return None;
        }
        let mut lines: Vec<Line> = session.medias.iter().map(|media| Line::of(media, &session)).collect();
        bundle(&session, &mut lines);
        Some(Self { lines })
    }
}

impl Line {
    fn of(media: &Media, session: &Session) -> Self {
        let formats = Formats::of(media);
        let has = |name: &str| media.has_attribute(name);
        let anywhere = |name: &str| has(name) || session.has_attribute(name);
        let value = |name| media.get_first_attribute_value(name).flatten();
        let connection = media.connections.first().or(session.connection.as_ref());
        let direction = Direction::of(has).or_else(|| Direction::of(|name| session.has_attribute(name)));
        let ufrag = value("ice-ufrag").or_else(|| session.get_first_attribute_value("ice-ufrag").flatten());
        let crypto = media.get_attribute_values("crypto").flatten().take(SUITES).filter_map(Crypto::read).collect();
        Self {
            text: text(media),
            medium: media.media.chars().take(16).collect::<String>().to_ascii_lowercase().into(),
            profile: media.proto.chars().take(32).collect::<String>().to_ascii_uppercase().into(),
            port: media.port,
            address: connection.and_then(address),
            rtcp: value("rtcp").and_then(rtcp),
            mux: has("rtcp-mux"),
            crypto,
            fingerprint: anywhere("fingerprint"),
            foreign_keys: anywhere("key-mgmt") || anywhere("zrtp-hash"),
            direction: direction.unwrap_or(Direction::SendRecv),
            codec: formats.first(),
            codecs: formats.constant(),
            packets: formats.packets(),
            ufrag: ufrag.map(str::trim).filter(|ufrag| !ufrag.is_empty() && ufrag.len() <= 256).map(Box::from),
            bundle_only: has("bundle-only"),
            bundle: None,
        }
    }

    /// Whether it offers or takes anything by itself.
    pub(super) const fn is_active(&self) -> bool {
        self.port != 0
    }

    /// Whether it is RTP, by whatever it is carried.
    pub(super) fn is_rtp(&self) -> bool {
        self.profile.split('/').any(|part| part == "RTP")
    }

    /// Whether it is carried by UDP.
    pub(super) fn is_udp(&self) -> bool {
        !self.profile.starts_with("TCP")
    }

    /// Whether its profile promises protection.
    pub(super) fn is_secure(&self) -> bool {
        self.profile.split('/').any(|part| matches!(part, "SAVP" | "SAVPF"))
    }

    /// Whether DTLS carries it, although it is no RTP.
    pub(super) fn is_dtls(&self) -> bool {
        self.profile.split('/').any(|part| matches!(part, "DTLS" | "TLS"))
    }

    /// Whether its address is the one that once meant a hold (RFC 3264 §8.4).
    pub(super) fn is_nowhere(&self) -> bool {
        self.address.is_some_and(|address| address.is_unspecified())
    }

    /// RTCP's address and port, when it does not share RTP's.
    pub(super) fn rtcp_place(&self) -> Option<(Option<IpAddr>, u16)> {
        let (port, address) = self.rtcp.or_else(|| Some((self.port.checked_add(1)?, None)))?;
        (port != 0).then(|| (address.or(self.address), port))
    }
}

/// The lines that say something about media's way, as text: `v=`, `m=`, `c=`, `a=`.
fn essence(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_end();
        match line {
            [b'm', b'=', ..] => {
                let words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
                kept.extend_from_slice(&words.collect::<Vec<_>>().join(&b' '));
            }
            [b'v' | b'c' | b'a', b'=', ..] => kept.extend_from_slice(line),
            _ => continue,
        }
        kept.push(b'\n');
    }
    match String::from_utf8_lossy(&kept) {
        std::borrow::Cow::Borrowed(_) => kept,
        std::borrow::Cow::Owned(text) => text.into_bytes(),
    }
}

fn text(media: &Media) -> Box<str> {
    let line = format!("m={} {} {} {}", media.media, media.port, media.proto, media.fmt);
    line.chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .take(80)
        .collect::<String>()
        .into()
}

fn address(connection: &Connection) -> Option<IpAddr> {
    connection.connection_address.split('/').next()?.parse().ok()
}

/// `a=rtcp:53020 IN IP4 126.16.64.4`
fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    Some((port, words.nth(2).and_then(|address| address.parse().ok())))
}

/// Notes for each line of a bundle the first of them that has a port: its transport is everybody's (RFC 8843 §7.2).
fn bundle(session: &Session, lines: &mut [Line]) {
    let mid = |media: &Media| media.get_first_attribute_value("mid").flatten().map(|mid| mid.trim().to_owned());
    let mids: Vec<Option<String>> = session.medias.iter().map(mid).collect();
    let place = |mid: &str| mids.iter().position(|own| own.as_deref() == Some(mid));
    for group in session.get_attribute_values("group").flatten().take(LINES) {
        let mut words = group.split_ascii_whitespace();
        if !words.next().is_some_and(|semantics| semantics.eq_ignore_ascii_case("BUNDLE")) {
            continue;
        }
        let members: Vec<usize> = words.take(LINES).filter_map(place).collect();
        let is_used = |place: &&usize| lines.get(**place).is_some_and(Line::is_active);
        let Some(first) = members.iter().find(is_used).copied() else { continue };
        for member in members {
            if let Some(line) = lines.get_mut(member).filter(|line| line.is_active() || line.bundle_only) {
                line.bundle = Some(first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Description {
        Description::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn media_level_goes_before_session_level() {
        let text = "v=0\r\no=- not a number IN IP4 h\r\ns=\u{fffd}\r\nc=IN IP4 192.0.2.1\r\na=sendonly\r\na=fingerprint:sha-256 AA\r\n\
            a=ice-ufrag:abcd\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\na=rtcp:4005 IN IP4 192.0.2.9\r\n\
            m=video  5000\tRTP/AVPF 96\r\nc=IN IP6 2001:db8::1\r\na=recvonly\r\na=ice-ufrag:efgh\r\na=rtcp-mux\r\n";
        let [audio, video] = &read(text).lines[..] else { panic!() };
        assert_eq!(
            (audio.address, audio.port, audio.direction),
            ("192.0.2.1".parse().ok(), 4_000, Direction::SendOnly)
        );
        assert_eq!(audio.rtcp_place(), Some(("192.0.2.9".parse().ok(), 4_005)));
        assert_eq!((audio.ufrag.as_deref(), audio.mux, audio.fingerprint), (Some("abcd"), false, true));
        assert_eq!(
            (video.address, video.port, video.direction),
            ("2001:db8::1".parse().ok(), 5_000, Direction::RecvOnly)
        );
        assert_eq!(video.rtcp_place(), Some(("2001:db8::1".parse().ok(), 5_001)));
        assert_eq!((video.ufrag.as_deref(), video.mux, video.fingerprint), (Some("efgh"), true, true));
        assert_eq!((&*video.text, video.is_rtp(), video.is_secure()), ("m=video 5000 RTP/AVPF 96", true, false));
    }

    #[test]
    fn line_ends_and_letters_may_be_odd() {
        let text = "v=0\nc=IN IP4 name.example\n\nm=AUDIO 4000 udp/tls/rtp/savpf 0\nA=x\na=RTCP-MUX\n";
        let [line] = &read(text).lines[..] else { panic!() };
        assert_eq!((&*line.medium, &*line.profile, line.address), ("audio", "UDP/TLS/RTP/SAVPF", None));
        assert!(line.mux && line.is_secure() && line.is_udp() && line.is_rtp());
    }

    #[test]
    fn what_cannot_be_told_apart_is_unreadable() {
        for text in
            ["", "m=audio 4000 RTP/AVP 0\r\n", "v=0\r\nm=audio x RTP/AVP 0\r\n", "v=0\r\nm=audio 4000\r\n", "v=1\r\n"]
        {
            assert_eq!(Description::read(text.as_bytes()), None, "{text}");
        }
        let many = |count| format!("v=0\r\n{}", "m=audio 4000 RTP/AVP 0\r\n".repeat(count));
        assert!(Description::read(many(16).as_bytes()).is_some() && Description::read(many(17).as_bytes()).is_none());
    }

    #[test]
    fn a_bundle_has_the_transport_of_its_first_line_in_use() {
        let text = "v=0\r\na=group:BUNDLE x a b\r\nm=audio 0 RTP/SAVPF 0\r\na=mid:x\r\nm=audio 4000 RTP/SAVPF 0\r\na=mid:a\r\n\
            m=video 0 RTP/SAVPF 96\r\na=mid:b\r\na=bundle-only\r\nm=video 0 RTP/SAVPF 96\r\na=mid:c\r\n";
        let read = read(text);
        assert_eq!(read.lines.iter().map(|line| line.bundle).collect::<Vec<_>>(), [None, Some(1), Some(1), None]);
    }
}
