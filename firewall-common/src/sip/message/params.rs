//! Parameters behind semicolons (RFC 3261 §25.1: generic-param).
//!
//! Owns: taking them one by one. Refuses: what they mean.
use super::class::{TOKEN, VALUE};
use super::cursor::Cursor;
use super::refusal::Refusal;
use super::text::Text;

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value, if there is an equals sign.
    pub value: Option<Text<'a>>,
}

impl<'a> Param<'a> {
    /// Takes a semicolon and the parameter behind it; none when no semicolon is next.
    #[inline(always)]
    pub(super) fn next(cursor: &mut Cursor<'a>) -> Result<Option<Self>, Refusal> {
        if !cursor.mark(b';') {
            return Ok(None);
        }
        let name = cursor.run(TOKEN);
        if name.is_empty() {
            return Err(Refusal::Parameter);
        }
        let value = if cursor.mark(b'=') { Some(cursor.text(VALUE)?) } else { None };
        Ok(Some(Self { name, value }))
    }

    /// Whether this is its name, in either case.
    pub(super) fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its value where one without quotes must stand.
    pub(super) fn bare(&self) -> Result<&'a [u8], Refusal> {
        let value = self.value.filter(|value| !value.is_quoted());
        value.map(Text::raw).filter(|raw| !raw.is_empty()).ok_or(Refusal::Parameter)
    }
}

/// Fills `slot`, which must be empty.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::RepeatedParameter),
    }
}

/// Parameters of an address or a Via.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// Parameters that were taken one by one before.
    pub(super) const fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut cursor = Cursor::new(self.raw);
        core::iter::from_fn(move || Param::next(&mut cursor).ok().flatten())
    }

    /// The first one of a name, in either case.
    pub fn get(&self, name: &[u8]) -> Option<Param<'a>> {
        self.iter().find(|param| param.is(name))
    }
}
