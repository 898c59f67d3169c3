//! Lists parted by commas, over one header field or several (RFC 3261 §7.3.1).
//!
//! Owns: where elements end. Refuses: empty elements. A comma inside of quotes or brackets is the element's.
use core::marker::PhantomData;

use super::cursor::Cursor;
use super::refusal::Refusal;

/// What may stand in a list: it takes its own bytes and nothing behind them.
pub(super) trait Element<'a>: Sized {
    /// Takes one.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Refusal>;
}

/// The elements of one header field's value. It ends with the first error.
pub(super) struct List<'a, T> {
    cursor: Cursor<'a>,
    done: bool,
    of: PhantomData<T>,
}

impl<'a, T: Element<'a>> List<'a, T> {
    pub(super) const fn new(value: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(value), done: false, of: PhantomData }
    }

    #[inline(always)]
    fn element(&mut self) -> Result<T, Refusal> {
        self.cursor.blanks();
        if matches!(self.cursor.peek(), None | Some(b',')) {
            return Err(Refusal::List);
        }
        let element = T::read(&mut self.cursor)?;
        self.cursor.blanks();
        self.done = self.cursor.is_empty();
        if self.done || self.cursor.eat(b',') { Ok(element) } else { Err(Refusal::List) }
    }
}

impl<'a, T: Element<'a>> Iterator for List<'a, T> {
    type Item = Result<T, Refusal>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let element = self.element();
        self.done |= element.is_err();
        Some(element)
    }
}
