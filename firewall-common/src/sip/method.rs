//! Methods and the classes that rates are kept by.
//!
//! Owns: the known methods' names and numbers. Refuses: judging a method name's syntax (see [`super::start_line`]).
use crate::bound::wrap;
use crate::reason::Reason;

/// A request's method: RFC 3261 and its extensions. What is none of them is [`Method::Extension`].
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// RFC 3261 §10.
    Register = 0,
    /// RFC 3261 §13.
    Invite = 1,
    /// RFC 3261 §13.
    Ack = 2,
    /// RFC 3261 §15.
    Bye = 3,
    /// RFC 3261 §9.
    Cancel = 4,
    /// RFC 3261 §11.
    Options = 5,
    /// RFC 6665.
    Subscribe = 6,
    /// RFC 6665.
    Notify = 7,
    /// RFC 3428.
    Message = 8,
    /// RFC 3515.
    Refer = 9,
    /// RFC 3903.
    Publish = 10,
    /// RFC 3311.
    Update = 11,
    /// RFC 3262.
    Prack = 12,
    /// RFC 6086.
    Info = 13,
    /// Any other token.
    Extension = 14,
}

impl Method {
    /// Every method, in the order of the numbers.
    pub const ALL: &'static [Self] = &[
        Self::Register,
        Self::Invite,
        Self::Ack,
        Self::Bye,
        Self::Cancel,
        Self::Options,
        Self::Subscribe,
        Self::Notify,
        Self::Message,
        Self::Refer,
        Self::Publish,
        Self::Update,
        Self::Prack,
        Self::Info,
        Self::Extension,
    ];

    /// The method of a number; unknown numbers are extensions.
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Register,
            1 => Self::Invite,
            2 => Self::Ack,
            3 => Self::Bye,
            4 => Self::Cancel,
            5 => Self::Options,
            6 => Self::Subscribe,
            7 => Self::Notify,
            8 => Self::Message,
            9 => Self::Refer,
            10 => Self::Publish,
            11 => Self::Update,
            12 => Self::Prack,
            13 => Self::Info,
            _ => Self::Extension,
        }
    }

    /// As it stands in a start line; `*` for an extension.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "REGISTER",
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Subscribe => "SUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::Message => "MESSAGE",
            Self::Refer => "REFER",
            Self::Publish => "PUBLISH",
            Self::Update => "UPDATE",
            Self::Prack => "PRACK",
            Self::Info => "INFO",
            Self::Extension => "*",
        }
    }

    /// The method of a name. Names are case-sensitive (RFC 3261 §7.1), but Kamailio, OpenSIPS and PJSIP take them in any case,
    /// and so do we.
    pub fn of(name: &[u8]) -> Self {
        let known = |method: &&Self| method.name().as_bytes().eq_ignore_ascii_case(name);
        Self::ALL.iter().find(known).copied().filter(|_| name != b"*").unwrap_or(Self::Extension)
    }

    /// Its bit in a set of methods.
    #[inline(always)]
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }

    /// The class whose limit it counts against.
    #[inline(always)]
    pub const fn class(self) -> Class {
        match self {
            Self::Register => Class::Register,
            Self::Invite => Class::Invite,
            Self::Options => Class::Options,
            Self::Subscribe => Class::Subscribe,
            Self::Message => Class::Message,
            _ => Class::Other,
        }
    }

    /// The method whose name, in any case, and the space after it stand at the start of the two words (see [`Method::of`]).
    /// [`Method::Extension`] when it is none of the known.
    #[inline(always)]
    pub(super) const fn known(first: u64, second: u64) -> (Self, u32) {
        const fn word(text: &[u8]) -> u64 {
            let mut b = [0; 8];
            let mut i = 0;
            while i < text.len() {
                b[i] = text[i];
                i += 1;
            }
            u64::from_le_bytes(b)
        }
        const fn starts(first: u64, text: &[u8]) -> bool {
            first & without_case(text) == word(text)
        }
        /// The bits that say which letter a letter is, and all bits of other bytes.
        const fn without_case(text: &[u8]) -> u64 {
            let mut b = [0; 8];
            let mut i = 0;
            while i < text.len() {
                b[i] = if text[i].is_ascii_alphabetic() { !0x20 } else { !0 };
                i += 1;
            }
            u64::from_le_bytes(b)
        }
        if starts(first, b"REGISTER") && second & 0xff == b' ' as u64 {
            return (Self::Register, 8);
        }
        if starts(first, b"INVITE ") {
            return (Self::Invite, 6);
        }
        if starts(first, b"OPTIONS ") {
            return (Self::Options, 7);
        }
        if starts(first, b"ACK ") {
            return (Self::Ack, 3);
        }
        if starts(first, b"BYE ") {
            return (Self::Bye, 3);
        }
        if starts(first, b"CANCEL ") {
            return (Self::Cancel, 6);
        }
        if starts(first, b"SUBSCRIB") && second & 0xffdf == u16::from_le_bytes(*b"E ") as u64 {
            return (Self::Subscribe, 9);
        }
        if starts(first, b"NOTIFY ") {
            return (Self::Notify, 6);
        }
        if starts(first, b"MESSAGE ") {
            return (Self::Message, 7);
        }
        if starts(first, b"REFER ") {
            return (Self::Refer, 5);
        }
        if starts(first, b"PUBLISH ") {
            return (Self::Publish, 7);
        }
        if starts(first, b"UPDATE ") {
            return (Self::Update, 6);
        }
        if starts(first, b"PRACK ") {
            return (Self::Prack, 5);
        }
        if starts(first, b"INFO ") {
            return (Self::Info, 4);
        }
        (Self::Extension, 0)
    }
}

/// Whether a token of `len` bytes, the first eight of which are `first`, is the beginning of a name that PJSIP, and so Asterisk,
/// takes it for: there `INV` is INVITE.
#[inline(always)]
pub(super) const fn is_abbreviated(first: u64, len: u32) -> bool {
    const NAMES: [&[u8; 8]; 6] =
        [b"INVITE\0\0", b"REGISTER", b"OPTIONS\0", b"CANCEL\0\0", b"ACK\0\0\0\0\0", b"BYE\0\0\0\0\0"];
    let mask = if len < 8 { (1 << (8 * len)) - 1 } else { u64::MAX };
    let (mut found, mut i) = (0, 0);
    while i < NAMES.len() {
        found |= ((first ^ u64::from_le_bytes(*NAMES[i])) & mask == 0) as u32;
        i += 1;
    }
    found != 0 && len < 8
}

/// What a rate limit counts: a group of methods, responses, keep-alives, or TCP connection attempts.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// REGISTER.
    Register = 0,
    /// INVITE.
    Invite = 1,
    /// OPTIONS.
    Options = 2,
    /// SUBSCRIBE.
    Subscribe = 3,
    /// MESSAGE.
    Message = 4,
    /// Every other request.
    Other = 5,
    /// Responses.
    Response = 6,
    /// Keep-alives and STUN binding requests.
    Keepalive = 7,
    /// TCP connection attempts (SYN without ACK).
    Connect = 8,
}

/// How many classes there are.
pub const CLASSES: usize = 9;
/// The size of arrays indexed by [`Class::slot`].
pub const CLASS_SLOTS: usize = 16;

impl Class {
    /// Every class, in the order of the numbers.
    pub const ALL: [Self; CLASSES] = [
        Self::Register,
        Self::Invite,
        Self::Options,
        Self::Subscribe,
        Self::Message,
        Self::Other,
        Self::Response,
        Self::Keepalive,
        Self::Connect,
    ];

    /// The class of a number; unknown numbers are connection attempts.
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Register,
            1 => Self::Invite,
            2 => Self::Options,
            3 => Self::Subscribe,
            4 => Self::Message,
            5 => Self::Other,
            6 => Self::Response,
            7 => Self::Keepalive,
            _ => Self::Connect,
        }
    }

    /// The word of the config file and the documentation.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Invite => "invite",
            Self::Options => "options",
            Self::Subscribe => "subscribe",
            Self::Message => "message",
            Self::Other => "other",
            Self::Response => "response",
            Self::Keepalive => "keepalive",
            Self::Connect => "connect",
        }
    }

    /// Its index in an array of [`CLASS_SLOTS`].
    #[inline(always)]
    pub fn slot(self) -> usize {
        wrap::<CLASS_SLOTS>(self as u32)
    }

    /// The reason for a drop by this class's limit.
    #[inline(always)]
    pub const fn over_limit(self) -> Reason {
        match self {
            Self::Register => Reason::RateRegister,
            Self::Invite => Reason::RateInvite,
            Self::Options => Reason::RateOptions,
            Self::Subscribe => Reason::RateSubscribe,
            Self::Message => Reason::RateMessage,
            Self::Other => Reason::RateOther,
            Self::Response => Reason::RateResponse,
            Self::Keepalive => Reason::RateKeepalive,
            Self::Connect => Reason::RateConnect,
        }
    }
}
