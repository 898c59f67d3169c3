//! Link types: what stands before the IP header in a capture.
//!
//! Owns: making an Ethernet frame of each (their numbers are those of tcpdump.org/linktypes.html). Refuses: link types
//! whose frames hold something else than one packet behind a fixed header.

/// Addresses of frames that had none.
const MACS: [u8; 12] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
/// `sll_pkttype` of what the host sent itself (packet(7)).
const OUTGOING: u16 = 4;

/// A link type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Ethernet,
    Ip,
    /// Linux cooked, version 1.
    Cooked,
    /// Linux cooked, version 2.
    Cooked2,
}

impl Link {
    /// The link type of a number; an error with its sentence for those that are not read.
    pub(super) fn of(number: u32) -> Result<Self, String> {
        match number {
            1 => Ok(Self::Ethernet),
            // LINKTYPE_RAW, the numbers that some systems write instead, and IPv4 and IPv6 alone.
            101 | 12 | 14 | 228 | 229 => Ok(Self::Ip),
            113 => Ok(Self::Cooked),
            276 => Ok(Self::Cooked2),
            other => Err(format!("of link type {other}; only Ethernet, raw IP and Linux cooked frames can be judged")),
        }
    }

    /// The frame in Ethernet, or why there is none.
    pub(super) fn ethernet(self, frame: Vec<u8>) -> Result<Vec<u8>, String> {
        match self {
            Self::Ethernet => Ok(frame),
            Self::Ip => match frame.first().map(|byte| byte >> 4) {
                Some(4) => Ok(behind(IPV4, &frame)),
                Some(6) => Ok(behind(IPV6, &frame)),
                _ => Err("neither IPv4 nor IPv6".to_owned()),
            },
            Self::Cooked => cooked(&frame, 0, 14, 16),
            Self::Cooked2 => cooked(&frame, 10, 0, 20),
        }
    }
}

/// `kind` is where the packet's type stands, `protocol` the EtherType; a header of `length` bytes.
fn cooked(frame: &[u8], kind: usize, protocol: usize, length: usize) -> Result<Vec<u8>, String> {
    let short = || "shorter than its link-layer header".to_owned();
    let packet = frame.get(length..).ok_or_else(short)?;
    let word = |at: usize| frame.get(at..at + 2).map(|b| [b[0], b[1]]).ok_or_else(short);
    // Version 1 has a type of two bytes, version 2 of one.
    let sent =
        if length == 20 { frame.get(kind).map(|b| u16::from(*b)) } else { word(kind).ok().map(u16::from_be_bytes) };
    if sent == Some(OUTGOING) {
        return Err("sent by the host itself".to_owned());
    }
    Ok(behind(word(protocol)?, packet))
}

fn behind(ether_type: [u8; 2], packet: &[u8]) -> Vec<u8> {
    [&MACS[..], &ether_type, packet].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_type_becomes_ethernet() {
        let ip = vec![0x45, 1, 2, 3];
        let frame = behind(IPV4, &ip);
        assert_eq!(Link::Ip.ethernet(ip.clone()), Ok(frame.clone()));
        let one = [&[0, 0, 0, 1, 0, 6, 9, 9, 9, 9, 9, 9, 0, 0, 8, 0][..], &ip].concat();
        assert_eq!(Link::Cooked.ethernet(one.clone()), Ok(frame.clone()));
        let two = [&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 9, 9, 9, 9, 9, 9, 0, 0][..], &ip].concat();
        assert_eq!(Link::Cooked2.ethernet(two.clone()), Ok(frame));
        let sent = |mut bytes: Vec<u8>, at: usize| {
            bytes[at] = 4;
            bytes
        };
        assert!(Link::Cooked.ethernet(sent(one, 1)).is_err_and(|why| why.contains("host itself")));
        assert!(Link::Cooked2.ethernet(sent(two, 10)).is_err_and(|why| why.contains("host itself")));
    }

    #[test]
    fn short_frames_and_other_links_are_told() {
        for link in [Link::Ip, Link::Cooked, Link::Cooked2] {
            assert!(link.ethernet(vec![]).is_err());
            assert!(link.ethernet(vec![0; 9]).is_err());
        }
        assert!(Link::of(105).is_err_and(|why| why.contains("105")));
    }
}
