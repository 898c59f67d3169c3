//! What calls must be, and what media may pass.
//!
//! Owns: the keys of `[media]`, their words and defaults. Refuses: what calls there are.
use std::net::IpAddr;

use firewall_common::sdp::{Accepted, Suite};
use toml::de::DeValue;

use super::number::Number;
use super::ports::PortList;
use super::problem::Fault;
use super::rate::Unit;
use super::reader::{Node, Reader};
use super::section::section;
use super::span::Span;
use super::value::{Shown, Value, quoted, read_array, text};
use super::word::{MediaPolicy, Set, Word, vocabulary};

vocabulary! {
    /// How SRTP's keys are agreed on.
    KeyManagement {
        /// In the session description (RFC 4568).
        Sdes = "sdes",
        /// By DTLS on the media's way (RFC 5763).
        Dtls = "dtls",
    }
}

vocabulary! {
    /// What happens to something.
    Permission {
        /// It is refused.
        Refuse = "refuse",
        /// It is let through.
        Allow = "allow",
    }
}

vocabulary! {
    /// What follows from an observation of media.
    Consequence {
        /// The packets are dropped.
        Drop = "drop",
        /// They are counted, and pass.
        Count = "count",
    }
}

vocabulary! {
    /// What becomes of new calls while the daemon is gone.
    OnLoss {
        /// They get no media.
        Closed = "closed",
        /// Media may come from where our side sends media to.
        Learned = "learned",
    }
}

impl Word for Suite {
    const ALL: &'static [Self] = Suite::ALL;
    fn word(self) -> &'static str {
        Suite::word(self)
    }
}

/// The suites that hold without a word: those with a full tag, and no F8, which nobody has.
const STRONG: &[Suite] = &[
    Suite::AesCm128Sha1_80,
    Suite::AesCm192Sha1_80,
    Suite::AesCm256Sha1_80,
    Suite::AeadAes128Gcm,
    Suite::AeadAes256Gcm,
];

const HINT: &str = "write a list of addresses such as [\"203.0.113.5\"]";

/// Addresses.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Addresses(Vec<IpAddr>);

impl Addresses {
    /// The addresses, as they were written.
    pub fn as_slice(&self) -> &[IpAddr] {
        &self.0
    }
}

impl Value for Addresses {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let parse = |value: &DeValue<'_>| text(value, HINT)?.parse().map_err(|_| Fault::new("is no address", HINT));
        if let Some(addresses) = read_array(node, reader, HINT, parse) {
            self.0 = addresses;
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(format!("[{}]", self.0.iter().map(|a| quoted(&a.to_string())).collect::<Vec<_>>().join(", ")))
    }
}

section! {
    /// Media: RTP and RTCP, and what calls must be. docs/media.md explains it.
    Media {
        /// UDP ports that the server takes media on, such as ["10000-20000"]. Denied and banned sources may not send
        /// there; with no ports here, media is other traffic.
        pub ports: PortList = PortList::default();
        /// "srtp-only": calls that cannot lead to SRTP are refused with 488, and media ports are closed but to what a
        /// call negotiated. "prefer": the same is judged and told, and passes. "off": nobody looks. `sipfw media report`
        /// shows beforehand what "srtp-only" would refuse.
        pub policy: MediaPolicy = MediaPolicy::Off;
        /// How keys may be agreed on: "sdes", "dtls".
        pub keys: Set<KeyManagement> = Set::all();
        /// The crypto suites of SDES that are accepted. Those with a tag of 32 bits have to be named.
        pub suites: Set<Suite> = Set::known(STRONG);
        /// T.38 fax (image lines over UDPTL), which knows no encryption: "refuse" or "allow".
        pub t38: Permission = Permission::Refuse;
        /// MSRP (message lines): "refuse" or "allow".
        pub msrp: Permission = Permission::Allow;
        /// Application lines, such as BFCP and data channels: "refuse" or "allow".
        pub application: Permission = Permission::Allow;
        /// Media lines of any other kind: "refuse" or "allow".
        pub other: Permission = Permission::Refuse;
        /// What becomes of RTP that is not encrypted, by its length, in a call that negotiated SRTP: "drop" or "count".
        pub plain_rtp_media: Consequence = Consequence::Drop;
        /// How many packets in a row must look so.
        pub plain_packets: Number<2, 1_000> = Number::of(10);
        /// What becomes of RTP whose SSRC changes, or whose sequence number jumps: "drop" or "count".
        pub stream_change: Consequence = Consequence::Count;
        /// How many times the packets of a call's codecs may pass through its pinhole.
        pub rate_multiple: Number<1, 1_000> = Number::of(4);
        /// How long nothing comes through a pinhole before it closes.
        pub silence: Span<5, 86_400> = Span::of(1, Unit::Minute);
        /// The same for a call on hold.
        pub hold_silence: Span<5, 86_400> = Span::of(2, Unit::Hour);
        /// The most pinholes that the calls of one source open. Peers may open as many as there is room for.
        pub per_source: Number<1, 65_535> = Number::of(1_024);
        /// What becomes of new calls while the daemon is gone: "closed", they get no media; "learned", media may come from
        /// where our side sends media to.
        pub on_daemon_loss: OnLoss = OnLoss::Learned;
        /// Addresses that our side writes into session descriptions although they are not in the packets, because the
        /// network translates them.
        pub advertised: Addresses = Addresses::default();
    }
}

impl Media {
    /// What media lines may be, as the kernel's records have it.
    pub fn accepted(&self) -> Accepted {
        let of = |permission: Permission, bit: u32| if permission == Permission::Allow { bit } else { 0 };
        let keys = self.keys.iter().fold(0, |bits, key| {
            bits | match key {
                KeyManagement::Sdes => Accepted::SDES,
                KeyManagement::Dtls => Accepted::DTLS,
            }
        });
        let suites = self.suites.iter().fold(0, |bits, suite| bits | suite.bit());
        let others = of(self.t38, Accepted::T38)
            | of(self.msrp, Accepted::MSRP)
            | of(self.application, Accepted::APPLICATION)
            | of(self.other, Accepted::OTHER);
        Accepted::new(keys | suites | others)
    }
}
