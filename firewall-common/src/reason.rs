//! The closed vocabulary of verdicts' reasons: the same word in the counter, the event, the metric, the command, the
//! documentation and the tests.
//!
//! Owns: each reason's word, its stage, whether it passes or drops, and its sentence. Refuses: deciding anything.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $word:literal, $stage:ident;)+) => {
        /// Why a packet passed or was dropped.
        #[repr(u8)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[doc = $doc])+ $name = $number,)+ }

        impl Reason {
            /// Every reason, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word by which it is known everywhere.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// The stage of the pipeline that gives it.
            pub const fn stage(self) -> Stage {
                match self { $(Self::$name => Stage::$stage),+ }
            }

            /// What it means, for an operator.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),+ }
            }

            /// The reason of a number that crossed the kernel boundary.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

/// Numbers below this pass, the others drop.
pub const FIRST_DROP: u8 = 12;
/// How many counters the kernel keeps: numbers are below this.
pub const REASONS: usize = 64;

reasons! {
    /// Not addressed to a protected port.
    OtherTraffic = 0, "other_traffic", Parse;
    /// To a media port while media ports are not guarded; its source is not denied.
    Media = 1, "media", Port;
    /// From a peer, inside the peer's rules.
    Peer = 2, "peer", Peer;
    /// From a prefix that the operator allowed.
    Allowed = 3, "allowed", Deny;
    /// From a registrant, inside the registrants' limits.
    Registrant = 4, "registrant", Limit;
    /// From a stranger, inside the strangers' limits.
    Stranger = 5, "stranger", Limit;
    /// A later fragment of a datagram whose first fragment passed.
    Fragment = 6, "fragment", Fragment;
    /// From a source that was a registrant lately, inside the strangers' limits.
    Known = 7, "known", Limit;

    /// To a media port, through a pinhole that a call negotiated.
    Pinhole = 8, "pinhole", Media;
    /// To a media port, from where our side sends media to from that port.
    Learned = 9, "learned", Media;

    /// The operator's deny entry, or a block list, covers the source.
    Denied = 12, "denied", Deny;
    /// The firewall banned the source.
    Banned = 13, "banned", Deny;
    /// Mode is trunk and the source is no peer.
    NotPeer = 14, "not_peer", Peer;
    /// The source may not use this transport.
    Transport = 15, "transport", Transport;
    /// The peer may not send this method.
    Method = 16, "method", Transport;
    /// The datagram is no SIP request, response, keep-alive or STUN binding request.
    NotSip = 17, "not_sip", Sip;
    /// A header value carries a scanner's signature.
    Signature = 18, "signature", Signature;
    /// More REGISTER requests than the source's limit.
    RateRegister = 19, "rate_register", Limit;
    /// More INVITE requests than the source's limit.
    RateInvite = 20, "rate_invite", Limit;
    /// More OPTIONS requests than the source's limit.
    RateOptions = 21, "rate_options", Limit;
    /// More SUBSCRIBE requests than the source's limit.
    RateSubscribe = 22, "rate_subscribe", Limit;
    /// More MESSAGE requests than the source's limit.
    RateMessage = 23, "rate_message", Limit;
    /// More requests of other methods than the source's limit.
    RateOther = 24, "rate_other", Limit;
    /// More responses than the source's limit.
    RateResponse = 25, "rate_response", Limit;
    /// More keep-alives and STUN binding requests than the source's limit.
    RateKeepalive = 26, "rate_keepalive", Limit;
    /// More TCP connection attempts than the source's limit.
    RateConnect = 27, "rate_connect", Limit;
    /// All strangers together, or all known sources together, send more than their total limit.
    RateTotal = 28, "rate_total", Limit;
    /// A fragment too small to judge: a first one that does not hold the whole start line, or a later one that begins
    /// inside the headers.
    FragmentTiny = 29, "fragment_tiny", Fragment;
    /// A later fragment that overlaps its first.
    FragmentOverlap = 30, "fragment_overlap", Fragment;
    /// A later fragment of a datagram whose first fragment was dropped.
    FragmentFollows = 31, "fragment_follows", Fragment;
    /// The frame ends inside its link-layer header.
    Truncated = 32, "truncated", Parse;
    /// An IP header that contradicts itself or the frame.
    MalformedIp = 33, "malformed_ip", Parse;
    /// A UDP header that contradicts itself or the IP header.
    MalformedUdp = 34, "malformed_udp", Parse;
    /// A TCP header that contradicts itself or the IP header.
    MalformedTcp = 35, "malformed_tcp", Parse;
    /// An IPv6 extension header chain beyond the bound.
    HeaderChain = 36, "header_chain", Parse;
    /// An IPv6 jumbogram (RFC 2675).
    Jumbogram = 37, "jumbogram", Parse;
    /// More than two VLAN tags.
    VlanDepth = 38, "vlan_depth", Parse;
    /// An IPv6 packet whose source is a v4-mapped address, which no wire may carry (RFC 4291 §2.5.5.2, RFC 6890).
    MartianSource = 39, "martian_source", Parse;
    /// A response from a stranger to whom our side sent no request lately.
    UnsolicitedResponse = 40, "unsolicited_response", Response;
    /// More requests than a source may send that is held for what it did.
    RateOffender = 41, "rate_offender", Limit;
    /// More requests for an account than the source may send, because that account is held there.
    RateAccount = 42, "rate_account", Limit;
    /// To a media port that no call has opened.
    NoPinhole = 43, "no_pinhole", Media;
    /// To a media port of a call, from a source that is no party to it, or not the one that its pinhole is locked to.
    MediaSourceMismatch = 44, "media_source_mismatch", Media;
    /// Through a pinhole, but none of STUN, DTLS, RTP and RTCP that its call negotiated (RFC 7983, RFC 5761).
    NotMedia = 45, "not_media", Media;
    /// More media packets than a multiple of what the call's codecs send.
    MediaRate = 46, "media_rate", Media;
    /// RTP whose SSRC, or whose sequence number, is not the stream's that its pinhole carries (RFC 3550).
    MediaStream = 47, "media_stream", Media;
    /// RTP that is not encrypted, by its length, in a call that negotiated SRTP.
    PlainMedia = 48, "plain_media", Media;
    /// To a media port of a call that negotiated no SRTP that the policy accepts.
    RefusedMedia = 49, "refused_media", Media;
    /// An INVITE whose session description cannot lead to SRTP; it is answered 488.
    PlainRtp = 50, "plain_rtp", Sdp;
    /// Our side's own INVITE to a peer that must have SRTP, whose session description cannot lead to it.
    OwnPlainRtp = 51, "own_plain_rtp", Sdp;
    /// An ACK to a refusal that the firewall itself answered.
    RefusalAck = 52, "refusal_ack", Sdp;
    /// An INVITE, or a REFER, to a number that a list denies, or that is blocked for its source; it is answered 403.
    NumberDenied = 53, "number_denied", Number;
    /// An INVITE, or a REFER, to a number that no list allows, where only listed numbers may be called; it is answered 403.
    NumberUnlisted = 54, "number_unlisted", Number;
    /// An INVITE to a number that needs a call code, without a code or with one that does not open it; it is answered 403.
    CallCode = 55, "call_code", Number;
    /// Our side's own INVITE, or REFER, to a number that may not be called.
    OwnNumber = 56, "own_number", Number;
    /// An INVITE of a caller whose number a list denies, or no list allows; it is answered 603.
    CallerDenied = 57, "caller_denied", Caller;
    /// An INVITE of a caller who does not say who he is, where the policy wants to know; it is answered 433.
    CallerAnonymous = 58, "caller_anonymous", Caller;
    /// An INVITE from outside whose caller claims to be one of us; it is answered 603.
    CallerSpoofed = 59, "caller_spoofed", Caller;
    /// A request inside of a call's dialog, or a CANCEL of a call, from a stranger that is no party to it.
    DialogIntruder = 60, "dialog_intruder", Dialog;
    /// A TLS connection that begins with a version of TLS below the policy's (RFC 8996).
    TlsVersion = 61, "tls_version", Transport;
    /// A request for an account whose device the operator has blocked.
    DeviceBlocked = 62, "device_blocked", Deny;
}

impl Reason {
    /// Whether a packet judged so is dropped (unless its stage is being monitored).
    #[inline(always)]
    pub const fn drops(self) -> bool {
        self as u8 >= FIRST_DROP
    }

    /// Its bit in [`crate::policy::Policy::monitor`].
    #[inline(always)]
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// The reason known by this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.word() == word)
    }
}

/// The stages of the pipeline, in the order in which a packet meets them; each can be monitored instead of enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Headers up to the transport's.
    Parse,
    /// Fragments.
    Fragment,
    /// Ports, to tell what is protected.
    Port,
    /// Deny entries and bans.
    Deny,
    /// Peers, and who else may speak at all.
    Peer,
    /// Transports and methods.
    Transport,
    /// Is it SIP?
    Sip,
    /// Responses that nobody asked for.
    Response,
    /// Scanner signatures.
    Signature,
    /// Rate limits.
    Limit,
    /// Requests inside of dialogs, from whoever is no party to them.
    Dialog,
    /// Who is calling.
    Caller,
    /// Dialled numbers.
    Number,
    /// Session descriptions: calls that cannot lead to SRTP.
    Sdp,
    /// Media ports: what no call has negotiated.
    Media,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: &'static [Self] = &[
        Self::Parse,
        Self::Fragment,
        Self::Port,
        Self::Deny,
        Self::Peer,
        Self::Transport,
        Self::Sip,
        Self::Response,
        Self::Signature,
        Self::Limit,
        Self::Dialog,
        Self::Caller,
        Self::Number,
        Self::Sdp,
        Self::Media,
    ];

    /// The word of the config file and the documentation.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Fragment => "fragment",
            Self::Port => "port",
            Self::Deny => "deny",
            Self::Peer => "peer",
            Self::Transport => "transport",
            Self::Sip => "sip",
            Self::Response => "response",
            Self::Signature => "signature",
            Self::Limit => "limit",
            Self::Dialog => "dialog",
            Self::Caller => "caller",
            Self::Number => "number",
            Self::Sdp => "sdp",
            Self::Media => "media",
        }
    }

    /// The bits of the reasons that drop in this stage.
    pub fn drop_bits(self) -> u64 {
        Reason::ALL.iter().filter(|r| r.drops() && r.stage() == self).fold(0, |bits, r| bits | r.bit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_unique_and_in_range() {
        for (i, a) in Reason::ALL.iter().enumerate() {
            assert!((*a as usize) < REASONS);
            assert_eq!(Reason::from_number(*a as u8), Some(*a));
            assert_eq!(Reason::from_word(a.word()), Some(*a));
            assert!(Reason::ALL[..i].iter().all(|b| b.word() != a.word() && (*b as u8) < *a as u8));
        }
    }

    #[test]
    fn every_drop_belongs_to_exactly_one_stage() {
        let drops = Reason::ALL.iter().filter(|r| r.drops()).fold(0, |bits, r| bits | r.bit());
        let stages: Vec<u64> = Stage::ALL.iter().map(|s| s.drop_bits()).collect();
        assert_eq!(stages.iter().fold(0, |a, b| a | b), drops);
        assert_eq!(stages.iter().map(|b| b.count_ones()).sum::<u32>(), drops.count_ones());
    }
}
