//! Numbers and prefixes of them as text.
//!
//! Owns: reading them as an operator writes them, by the dialling plan, and writing them in one way. Refuses: messages (the
//! kernel's scanner reads those).
use firewall_common::number::{Dialled, Digits, INTERNATIONAL, Number, Plan};

/// Why a text is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no number: write digits, * or #, with a + before the code of a country, such as +49900")]
pub struct NumberError {
    text: String,
}

/// Reads a number or a prefix: `+49900`, or as it is dialled: `0900`, `0049900`, `110`. `+` alone stands for all
/// international numbers.
///
/// # Errors
///
/// What has other characters, more digits than count, or none at all.
pub fn parse_number(text: &str, plan: &Plan) -> Result<Number, NumberError> {
    let wrong = || NumberError { text: text.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect() };
    let trimmed = text.trim();
    let rest = trimmed.strip_prefix('+');
    let digits = Digits::parse(rest.unwrap_or(trimmed)).ok_or_else(wrong)?;
    let number = plan.apply(Dialled { digits, plus: u32::from(rest.is_some()) });
    if number.digits.len == 0 && number.space != INTERNATIONAL { Err(wrong()) } else { Ok(number) }
}

/// A number as it is written: with a + if it is international.
pub fn number_text(number: Number) -> String {
    let plus = if number.space == INTERNATIONAL { "+" } else { "" };
    format!("{plus}{}", number.digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_str;

    #[test]
    fn a_prefix_is_the_same_however_it_is_written() {
        let config = parse_str("t", "numbers.country = \"49\"\nnumbers.outside = [\"9\"]").unwrap().config;
        let plan = config.numbers().plan();
        for (text, want) in [
            ("+49900", "+49900"),
            ("0900", "+49900"),
            ("00 49 (900)", "+49900"),
            ("9-0900", "+49900"),
            ("110", "110"),
            ("+", "+"),
            ("00", "+"),
            ("0", "+49"),
            ("*21#", "*21#"),
        ] {
            assert_eq!(parse_number(text, &plan).map(number_text).as_deref(), Ok(want), "{text}");
        }
        for text in ["", "x", "+49x", "-", &"1".repeat(33)] {
            assert!(parse_number(text, &plan).is_err(), "{text}");
        }
    }
}
