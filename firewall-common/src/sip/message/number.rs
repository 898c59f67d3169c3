//! Numbers in decimal and hexadecimal digits.
//!
//! Owns: their values. Refuses: signs, and what does not fit.

/// The value of at least one digit and nothing else, if it fits; leading zeros mean nothing.
pub(super) fn decimal(digits: &[u8]) -> Option<u32> {
    number(digits, 10)
}

/// The same for hexadecimal digits.
pub(super) fn hexadecimal(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let add = |sum: u32, byte: &u8| sum.checked_mul(radix)?.checked_add(char::from(*byte).to_digit(radix)?);
    digits.iter().try_fold(0, add).filter(|_| !digits.is_empty())
}
