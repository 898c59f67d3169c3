//! A message while its headers are read.
//!
//! Owns: the one pass over a head, and what must stand in it. Refuses: bodies.
use super::Message;
use super::cseq::CSeq;
use super::date;
use super::digest::{Challenge, Credentials};
use super::field::Field;
use super::framing::{HEAD_MAX, empty_lines};
use super::head::Head;
use super::lines::{Header, Lines};
use super::list::{Element, List};
use super::name_addr::{Contact, NameAddr};
use super::number::decimal;
use super::refusal::Refusal;
use super::start::Start;
use super::via::Via;

/// The most elements of lists and parameters. Every header field that has them counts as one, and so does each comma and
/// semicolon in it, for whatever it stands there.
const PARTS_MAX: usize = 256;

/// What was read so far.
struct Draft<'a> {
    head: Head<'a>,
    parts: usize,
    via: Option<Via<'a>>,
    from: Option<NameAddr<'a>>,
    to: Option<NameAddr<'a>>,
    call_id: Option<&'a [u8]>,
    cseq: Option<CSeq<'a>>,
    content_length: Option<u32>,
}

/// Reads a message's head.
pub(super) fn read(bytes: &[u8]) -> Result<Message<'_>, Refusal> {
    let (head, _) = bytes.split_at_checked(HEAD_MAX).unwrap_or((bytes, &[]));
    let message = read_head(head);
    let too_long = message == Err(Refusal::Unfinished) && bytes.len() > head.len();
    let message = if too_long { Err(Refusal::HeadTooLong) } else { message }?;
    let rest = bytes.get(message.head_len()..).unwrap_or_default();
    let body = message.content_length.and_then(|length| rest.get(..length as usize)).unwrap_or(rest);
    Ok(Message { body, ..message })
}

fn read_head(bytes: &[u8]) -> Result<Message<'_>, Refusal> {
    let mut lines = Lines::new(bytes, empty_lines(bytes));
    let start = Start::read(lines.start_line()?)?;
    let mut draft = Draft::new(lines.at() as u16);
    loop {
        let at = lines.at() as u16;
        match lines.header()? {
            Some(header) => draft.take(&header, at)?,
            None => return draft.finish(start, bytes.get(..lines.at()).unwrap_or_default()),
        }
    }
}

impl<'a> Draft<'a> {
    const fn new(start: u16) -> Self {
        let head = Head::new(start);
        Self { head, parts: 0, via: None, from: None, to: None, call_id: None, cseq: None, content_length: None }
    }

    /// Takes the header that stands at `at`.
    fn take(&mut self, header: &Header<'a>, at: u16) -> Result<(), Refusal> {
        if !self.head.note(header.field, at) && header.field.is_single() {
            return Err(Refusal::RepeatedHeader);
        }
        let value = header.value.raw();
        if header.field.has_parts() {
            self.parts += 1 + separators(value);
            if self.parts > PARTS_MAX {
                return Err(Refusal::TooManyParts);
            }
        }
        match header.field {
            Field::Via => self.via = self.via.or(first(value)?),
            Field::From => self.from = Some(NameAddr::read_all(value)?),
            Field::To => self.to = Some(NameAddr::read_all(value)?),
            Field::CallId => self.call_id = Some(call_id(value)?),
            Field::CSeq => self.cseq = Some(CSeq::read(value)?),
            Field::ContentLength => self.content_length = Some(decimal(value).ok_or(Refusal::ContentLength)?),
            Field::Contact => _ = first::<Contact<'_>>(value)?,
            Field::Date => date::check(value)?,
            Field::Authorization | Field::ProxyAuthorization => _ = Credentials::read(value, false)?,
            Field::WwwAuthenticate | Field::ProxyAuthenticate => _ = Challenge::read(value, false)?,
            _ => {}
        }
        Ok(())
    }

    /// What was read, if all is there that must be.
    fn finish(self, start: Start<'a>, head: &'a [u8]) -> Result<Message<'a>, Refusal> {
        let missing = Refusal::MissingHeader;
        let cseq = self.cseq.ok_or(missing)?;
        if matches!(start, Start::Request { name, .. } if name != cseq.name) {
            return Err(Refusal::CSeqMethod);
        }
        Ok(Message {
            start,
            via: self.via.ok_or(missing)?,
            from: self.from.ok_or(missing)?,
            to: self.to.ok_or(missing)?,
            call_id: self.call_id.ok_or(missing)?,
            cseq,
            content_length: self.content_length,
            body: &[],
            head: self.head.finish(head),
        })
    }
}

/// How many commas and semicolons there are.
fn separators(value: &[u8]) -> usize {
    let is_one = |byte: &u8| u8::from(*byte == b',' || *byte == b';');
    // In bytes, and so in chunks that cannot overflow one: it is many times faster.
    value.chunks(128).map(|chunk| usize::from(chunk.iter().map(is_one).sum::<u8>())).sum()
}

/// The first element of a list, all of which must be readable.
fn first<'a, T: Element<'a>>(value: &'a [u8]) -> Result<Option<T>, Refusal> {
    let mut elements = List::new(value);
    let first = elements.next().transpose()?;
    elements.try_for_each(|element| element.map(drop))?;
    Ok(first)
}

fn call_id(value: &[u8]) -> Result<&[u8], Refusal> {
    let blank = value.iter().any(|byte| *byte <= b' ');
    if value.is_empty() || blank { Err(Refusal::CallId) } else { Ok(value) }
}
