//! The dialling plan: which prefixes lead out of the house, abroad, and to another town.
//!
//! Owns: what becomes of a dialled number. Refuses: reading it from a message, and what may be called.
use super::digits::Digits;

/// How many prefixes a plan has at most.
pub const REWRITES: usize = 12;

/// The space of numbers that are not international: extensions, short codes, numbers of a town.
pub const LOCAL: u32 = 0;
/// The space of E.164.
pub const INTERNATIONAL: u32 = 1;

/// What somebody dialled: no digits for what is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Dialled {
    /// Its digits, those in front of a `+` left out, unless a [`super::STAR`] begins them: they may be a call code.
    pub digits: Digits,
    /// One more than the digits in front of a `+`; 0 without one.
    pub plus: u32,
}

impl Dialled {
    /// The digits behind the `+`, or all.
    #[inline(always)]
    pub const fn bare(self) -> Digits {
        let before = self.plus.saturating_sub(1);
        let most = if before < 16 { before } else { 16 };
        self.digits.strip(most).strip(before - most)
    }
}

/// A number and its space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Number {
    /// [`LOCAL`] or [`INTERNATIONAL`].
    pub space: u32,
    /// Its digits; none: no number.
    pub digits: Digits,
}

/// A prefix, and what becomes of a number that begins with it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The prefix, as the first digits of [`Digits::hi`].
    pub value: u64,
    /// All bits of as many digits; 0: the plan ends before it.
    pub mask: u64,
    /// Digits that take the prefix's place, in the lowest bits.
    pub insert: u64,
    /// How many there are of these.
    pub insert_len: u32,
    /// How many digits the prefix has.
    pub strip: u32,
    /// The space of what is left.
    pub space: u32,
    /// Makes the size a multiple of the alignment without padding.
    pub reserved: u32,
}

impl Rewrite {
    /// Matches nothing.
    pub const NONE: Self = Self { value: 0, mask: 0, insert: 0, insert_len: 0, strip: 0, space: LOCAL, reserved: 0 };
}

/// A dialling plan. Prefixes are tried once each, in their order: those of an outside line first, then those that lead
/// abroad, then those to another town, the longer ones before the shorter. Once a number is international, no other holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The prefixes.
    pub rewrites: [Rewrite; REWRITES],
    /// Local numbers of at most so many digits are of the house: they pass unless they are denied.
    pub extension_max: u32,
    /// How many digits a call code has. It is dialled behind a [`super::STAR`], and the number behind another one.
    pub code_digits: u32,
}

impl Plan {
    /// No prefixes but `+`.
    pub const NONE: Self = Self { rewrites: [Rewrite::NONE; REWRITES], extension_max: 6, code_digits: 6 };

    /// The number that is called. No country's code begins with a 0, so those behind a prefix that leads abroad decide nothing.
    #[inline(always)]
    pub fn apply(&self, dialled: Dialled) -> Number {
        self.apply_by(dialled, |number| number)
    }

    /// The same. `forget` returns its argument; of what the kernel's returns the verifier knows nothing.
    #[inline(always)]
    pub fn apply_by(&self, dialled: Dialled, forget: impl Fn(u64) -> u64) -> Number {
        let space = if dialled.plus != 0 { INTERNATIONAL } else { LOCAL };
        let mut number = forgotten(Number { space, digits: dialled.bare() }, &forget);
        for rewrite in &self.rewrites {
            if rewrite.mask == 0 || number.space != LOCAL {
                break;
            }
            let misses = number.digits.hi & rewrite.mask ^ rewrite.value;
            if misses == 0 && number.digits.len >= rewrite.strip {
                let rest = number.digits.strip(rewrite.strip).insert(rewrite.insert, rewrite.insert_len);
                number = Number { space: rewrite.space, digits: rest };
            }
            number = forgotten(number, &forget);
        }
        for _ in 0..ZEROS {
            if number.space == LOCAL || number.digits.hi >> 60 != 0 {
                break;
            }
            number.digits = number.digits.strip(1);
            number = forgotten(number, &forget);
        }
        number
    }
}

#[inline(always)]
fn forgotten(number: Number, forget: &impl Fn(u64) -> u64) -> Number {
    let Number { space, digits: Digits { hi, lo, len, .. } } = number;
    let digits = Digits { hi: forget(hi), lo: forget(lo), len: forget(u64::from(len)) as u32, reserved: 0 };
    Number { space: forget(u64::from(space)) as u32, digits }
}

/// How many zeros behind a prefix that leads abroad are skipped.
const ZEROS: u32 = 6;
