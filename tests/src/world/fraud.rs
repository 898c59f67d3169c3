//! What toll fraud dials: premium and satellite numbers, in every disguise that some server understands.
//!
//! Owns: the ranges, the disguises, and the campaign. Refuses: dialling (see [`super::dialler`]).

/// The ranges that nobody may call: a few premium and satellite ones, as an operator lists them.
pub const DENIED: [&str; 8] = ["+881", "+882", "+883", "+979", "+49900", "+44909", "+1900", "+3906"];

/// A denied number in every disguise: what stands in the Request-URI.
pub fn disguises(country: &str, rest: &str) -> Vec<String> {
    let host = "192.0.2.1";
    let number = format!("{country}{rest}");
    let spaced: String = rest.chars().flat_map(|c| [c, '-']).collect();
    let escaped: String = rest.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let letters = format!("{country}x{rest}");
    let long = format!("{number}{}", "7".repeat(30_usize.saturating_sub(number.len())));
    vec![
        format!("sip:00{number}@{host}"),
        format!("sip:+{number}@{host}"),
        format!("sip:011{number}@{host}"),
        format!("sip:%2B{number}@{host}"),
        format!("sip:%2b{country}{escaped}@{host}"),
        format!("sip:00{country}.{}@{host}", rest.replace('0', ".0")),
        format!("sip:+{country}-{spaced}@{host}"),
        format!("sip:+{country}({rest})@{host}"),
        format!("SIP:00{number}@{host}"),
        format!("sips:00{number}@{host}"),
        format!("sip:00{number};phone-context=example.com@{host}"),
        format!("sip:+{number};isub=1;phone-context=+49@{host};user=phone"),
        format!("sip:{rest};phone-context=+{country}@{host}"),
        format!("sip:00{number}:secret@{host}"),
        format!("sip:00{long}@{host}"),
        format!("sip:00{letters}@{host}"),
        format!("sip:9+{number}@{host}"),
        format!("sip:0000{number}@{host}"),
        format!("tel:+{number}"),
        format!("TEL:+{country}-{spaced}"),
        format!("tel:00{number};phone-context=+49"),
    ]
}

/// How many premium numbers the campaign dials, some disguises of each in turn.
pub const CAMPAIGN: usize = 500;

/// What it dials.
pub fn campaign() -> Vec<String> {
    let ranges = [
        ("881", "6"),
        ("882", "16"),
        ("883", "5100"),
        ("979", "1"),
        ("49", "900"),
        ("44", "909"),
        ("1", "900"),
        ("39", "06"),
    ];
    let all = (0..CAMPAIGN).flat_map(|i| {
        let (country, rest) = ranges[i % ranges.len()];
        let mut all = disguises(country, &format!("{rest}{:05}", i * 37 % 100_000));
        let at = i % all.len();
        Some(all.swap_remove(at))
    });
    all.collect()
}

/// What may not be called as these ranges say, whichever way the carrier is told.
pub fn is_premium(uri: &str) -> bool {
    let digits: String =
        uri.split(['@', ';']).next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    ["881", "882", "883", "979", "49900", "44909", "1900", "3906"].iter().any(|range| {
        let digits = digits.trim_start_matches('0');
        digits.starts_with(range) || digits.strip_prefix("11").is_some_and(|rest| rest.starts_with(range))
    })
}
