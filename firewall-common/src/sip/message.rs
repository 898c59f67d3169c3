//! Whole messages (RFC 3261 §7): strict, in one pass, without copying anything.
//!
//! Owns: the one reading of a SIP message that the daemon, replay and the fuzzers share, and which rule a message
//! breaks that is not read. Refuses: state across messages, and the kernel's pace: there, [`super::start_line`] and
//! [`super::header_scan`] look at less.
//!
//! Strict where two readers could understand a message differently (line ends, repeated fields and parameters, quotes,
//! lengths), wide where only one reading is possible (odd bytes in names and values): whoever our server answers must be
//! readable.
mod class;
mod cseq;
mod cursor;
mod date;
mod digest;
mod draft;
mod field;
mod find;
mod framing;
mod head;
mod lines;
mod list;
mod name_addr;
mod number;
mod params;
mod refusal;
mod start;
mod text;
mod uri;
mod via;

use head::Head;
use list::{Element, List};

pub use cseq::CSeq;
pub use digest::{Algorithm, Challenge, Credentials, Proof};
pub use field::Field;
pub use framing::{HEAD_MAX, announced, head_len};
pub use lines::Header;
pub use name_addr::{Contact, NameAddr};
pub use params::{Param, Params};
pub use refusal::Refusal;
pub use start::Start;
pub use text::{Bytes, Text};
pub use uri::{Scheme, Uri, address, unescaped};
pub use via::{Rport, Via};

/// A message: slices of the bytes that it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it begins with.
    pub start: Start<'a>,
    /// The topmost Via.
    pub via: Via<'a>,
    /// Who sent it, by its own account.
    pub from: NameAddr<'a>,
    /// To whom.
    pub to: NameAddr<'a>,
    /// The Call-ID.
    pub call_id: &'a [u8],
    /// The CSeq.
    pub cseq: CSeq<'a>,
    /// The Content-Length, if there is one.
    pub content_length: Option<u32>,
    /// The body, as much of it as is there.
    pub body: &'a [u8],
    head: Head<'a>,
}

/// Reads a message that is whole, as a datagram has it: without Content-Length the rest is its body, and what follows
/// the announced body is not looked at (RFC 3261 §18.3).
///
/// # Errors
///
/// The first rule that it breaks.
pub fn parse(bytes: &[u8]) -> Result<Message<'_>, Refusal> {
    let message = parse_head(bytes)?;
    if message.missing() == 0 { Ok(message) } else { Err(Refusal::BodyCut) }
}

/// Reads a message whose head is whole and whose body may be cut; see [`Message::missing`].
///
/// # Errors
///
/// The first rule that its head breaks.
pub fn parse_head(bytes: &[u8]) -> Result<Message<'_>, Refusal> {
    draft::read(bytes)
}

impl<'a> Message<'a> {
    /// How many bytes the start line and headers have, with the empty line that ends them and any before them.
    pub const fn head_len(&self) -> usize {
        self.head.len()
    }

    /// How many bytes of the announced body are not there.
    pub fn missing(&self) -> usize {
        self.content_length.map_or(0, |length| (length as usize).saturating_sub(self.body.len()))
    }

    /// Every header field, in order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        self.head.headers()
    }

    /// The value of the first header field of a kind.
    pub fn header(&self, field: Field) -> Option<Text<'a>> {
        self.head.first(field).map(|header| header.value)
    }

    /// Every Via, the topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Via<'a>> + use<'a> {
        self.list(Field::Via)
    }

    /// Every Contact.
    pub fn contacts(&self) -> impl Iterator<Item = Contact<'a>> + use<'a> {
        self.list(Field::Contact)
    }

    /// Every address of the header fields of a name (RFC 3325's P-Asserted-Identity …), in either case.
    pub fn addresses(&self, name: &'static [u8]) -> impl Iterator<Item = NameAddr<'a>> + use<'a> {
        let named = self.headers().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.flat_map(|header| List::new(header.value.raw()).flatten())
    }

    /// The seconds of Expires; none when it is missing or no number below 2³².
    pub fn expires(&self) -> Option<u32> {
        number::decimal(self.header(Field::Expires)?.raw())
    }

    /// The User-Agent.
    pub fn user_agent(&self) -> Option<Text<'a>> {
        self.header(Field::UserAgent)
    }

    /// All credentials, those for the server first.
    pub fn credentials(&self) -> impl Iterator<Item = Credentials<'a>> + use<'a> {
        let of = |field, proxy| {
            self.head.all(field).filter_map(move |header| Credentials::read(header.value.raw(), proxy).ok())
        };
        of(Field::Authorization, false).chain(of(Field::ProxyAuthorization, true))
    }

    /// All challenges, the server's first; there is one for each algorithm (RFC 8760 §2.3).
    pub fn challenges(&self) -> impl Iterator<Item = Challenge<'a>> + use<'a> {
        let of = |field, proxy| {
            self.head.all(field).filter_map(move |header| Challenge::read(header.value.raw(), proxy).ok())
        };
        of(Field::WwwAuthenticate, false).chain(of(Field::ProxyAuthenticate, true))
    }

    /// The nonce that the server wants to see next, of Authentication-Info.
    pub fn next_nonce(&self) -> Option<Text<'a>> {
        self.head.all(Field::AuthenticationInfo).find_map(|header| digest::next_nonce(header.value.raw()))
    }

    fn list<T: Element<'a>>(&self, field: Field) -> impl Iterator<Item = T> + use<'a, T> {
        self.head.all(field).flat_map(|header| List::new(header.value.raw()).flatten())
    }
}
