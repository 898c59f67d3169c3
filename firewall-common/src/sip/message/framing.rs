//! Where messages end in a stream.
//!
//! Owns: the length of a head, and of the body that it announces. Refuses: everything else that a head says, so that a
//! message that cannot be read can be stepped over.
use super::Field;
use super::find::{find, marks};
use super::lines::Lines;
use super::number::decimal;
use super::refusal::Refusal;
use crate::sip::start_line::EMPTY_LINES_MAX;

/// The longest start line and headers that are read, in bytes: more than any datagram has.
pub const HEAD_MAX: usize = 65_535;

/// The length of the empty lines at the start, at most eight of them.
pub(super) fn empty_lines(bytes: &[u8]) -> usize {
    2 * bytes.chunks_exact(2).take(EMPTY_LINES_MAX as usize).take_while(|pair| pair == b"\r\n").count()
}

/// How many bytes a message's head has, with the empty line that ends it; none when that is not there yet.
///
/// `searched` bytes were there when it was not there: 0 at first. With it, a stream is searched once, however small the
/// pieces in which it comes.
pub fn head_len(bytes: &[u8], searched: usize) -> Option<usize> {
    let start = empty_lines(bytes);
    let mut at = searched.saturating_sub(3).max(start);
    loop {
        let end = find(bytes, at, |word| marks(word, b'\n'))? + 1;
        if bytes.get(start..end)?.ends_with(b"\r\n\r\n") {
            return Some(end);
        }
        at = end;
    }
}

/// The Content-Length of a head, which need not be readable otherwise; none when there is none.
///
/// # Errors
///
/// Lines that cannot be told apart, or a Content-Length that is no number or stands twice.
pub fn announced(head: &[u8]) -> Result<Option<u32>, Refusal> {
    let mut lines = Lines::new(head, empty_lines(head));
    lines.start_line()?;
    let mut length = None;
    while let Some(header) = lines.header()? {
        if header.field == Field::ContentLength {
            let number = decimal(header.value.raw()).ok_or(Refusal::ContentLength)?;
            if length.replace(number).is_some() {
                return Err(Refusal::RepeatedHeader);
            }
        }
    }
    Ok(length)
}
