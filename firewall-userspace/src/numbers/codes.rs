//! Call codes: digits that open a class of numbers.
//!
//! Owns: what a code may look like, and the form in which the database and the kernel know it. Refuses: keeping or showing its
//! digits.
//!
//! The kernel sees the digits that somebody dials, so it must be able to check them at once, and a table of six digits is
//! quickly tried through by whoever has its key. So no slow hash is kept beside the keyed one that the kernel needs: it would
//! protect nothing. What protects the codes is that only root can read the key.
use std::collections::HashMap;

use firewall_common::number::Digits;

use super::StoredCode;

/// The codes' keyed hashes, and the bits of the classes that each opens: what the kernel's map holds.
pub type Codes = HashMap<u64, u64>;

/// The digits of a code, of which there must be `len`.
///
/// # Errors
///
/// A sentence.
pub fn parse_code(text: &str, len: u32) -> Result<Digits, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| Digits::parse(text)).flatten();
    let digits = digits
        .filter(|digits| digits.len == len)
        .ok_or_else(|| format!("a code has {len} digits here (numbers.code_digits), and nothing else"))?;
    if is_guessable(digits) {
        return Err("this code is among the first that anybody tries: take another, or use --generate".to_owned());
    }
    Ok(digits)
}

/// Whether its digits all differ by the same: 000000, 123456, 987654.
fn is_guessable(code: Digits) -> bool {
    let digits: Vec<u8> = code.iter().collect();
    let mut steps = digits.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}

/// A code of `len` digits that nobody has thought of.
///
/// # Errors
///
/// A system that has no randomness.
pub fn random_code(len: u32) -> std::io::Result<Digits> {
    let mut code = Digits::NONE;
    while code.len < len {
        let byte = (getrandom::u32().map_err(|error| std::io::Error::other(error.to_string()))? & 0xff) as u8;
        // Of 256 values the last six would make some digits likelier than others.
        if byte < 250 {
            code = code.push(byte % 10);
        }
    }
    Ok(code)
}

/// What the kernel's map holds of codes.
pub(crate) fn compiled(codes: &[StoredCode]) -> Codes {
    let mut made = Codes::new();
    for code in codes {
        *made.entry(code.hash).or_default() |= 1 << (code.class_number & 63);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_digits_and_is_not_the_first_guess() {
        assert_eq!(parse_code("271828", 6).map(|code| code.to_string()).as_deref(), Ok("271828"));
        for bad in ["", "27182", "2718281", "27182a", "+71828", "271-828", "000000", "123456", "987654"] {
            assert!(parse_code(bad, 6).is_err(), "{bad}");
        }
        for len in [4, 6, 12] {
            let (one, other) = (random_code(len).unwrap(), random_code(len).unwrap());
            assert!(one.len == len && other.iter().all(|digit| digit < 10));
        }
    }
}
