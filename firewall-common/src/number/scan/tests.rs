use super::*;
use crate::number::{INTERNATIONAL, LOCAL, Plan, Rewrite};
use proptest::prelude::*;
use std::format;
use std::string::{String, ToString as _};

/// What a URI calls: its digits, a `+` before those that follow one, and its context; by splitting strings.
fn plain(text: &str) -> (String, String) {
    let nothing = (String::new(), String::new());
    let Some((scheme, rest)) = text.split_once(':') else { return nothing };
    let scheme = scheme.to_ascii_lowercase();
    if !["sip", "sips", "tel"].contains(&scheme.as_str()) {
        return nothing;
    }
    let rest = rest.split([' ', '\t', '\r', '\n']).next().unwrap();
    let user = match rest.split_once('@') {
        Some((user, _)) => user,
        None if scheme == "tel" => rest,
        None => return nothing,
    };
    let number = user.split([';', ':', '?']).next().unwrap();
    let (number, is_name) = digits(&unescaped(number));
    let lower = user.to_ascii_lowercase();
    let context = lower.split_once(";phone-context=").map_or("", |(_, context)| context);
    let context = unescaped(context.split([';', ':', '?']).next().unwrap());
    let context =
        if context.starts_with('+') && !is_name { digits(&context).0.replace('+', "") } else { String::new() };
    (number, context)
}

/// With every escape read once; what is none stays.
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let escaped = rest.get(1..3).filter(|hex| first == '%' && hex.chars().all(|c| c.is_ascii_hexdigit()));
        let byte = escaped.map(|hex| u8::from_str_radix(hex, 16).unwrap());
        out.push(byte.map_or(first, |byte| if byte.is_ascii() { byte.into() } else { '-' }));
        rest = if escaped.is_some() { &rest[3..] } else { &rest[first.len_utf8()..] };
    }
    out
}

fn digits(user: &str) -> (String, bool) {
    let known = |c: &char| c.is_ascii_alphanumeric() || "+*#".contains(*c);
    let user: String = user.chars().filter(known).collect();
    if user.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return (String::new(), true);
    }
    let user: String = user.chars().filter(|c| !c.is_ascii_alphabetic()).collect();
    let mut parts = user.split('+');
    let first = parts.next().unwrap();
    let rest: Vec<&str> = parts.collect();
    let text = match rest.as_slice() {
        [] => first.to_string(),
        [only] if first.starts_with('*') => format!("{first}+{only}"),
        [.., last] => format!("+{last}"),
    };
    (text, false)
}

/// The same in the plain model's words.
fn words(uri: Uri) -> (String, String) {
    let Uri { dialled: Dialled { digits, plus }, context } = uri;
    let mut text = digits.to_string();
    if plus != 0 {
        text.insert(plus as usize - 1, '+');
    }
    (text, context.to_string())
}

fn first_digits(text: &str) -> String {
    let mut left = DIGITS;
    let counts = |c: char| c != '+';
    text.chars()
        .filter(|c| {
            !counts(*c) || {
                left = left.saturating_sub(1);
                left != 0 || {
                    left = 0;
                    true
                }
            }
        })
        .collect()
}

/// Every disguise of a number, and what it comes to.
const DISGUISES: [(&str, &str); 34] = [
    ("sip:0049900123@h", "0049900123"),
    ("sip:+49900123@h", "+49900123"),
    ("SIP:+49900123@h", "+49900123"),
    ("sIpS:+49900123@h", "+49900123"),
    ("sip:01149900123@h", "01149900123"),
    ("sip:%2B49900123@h", "+49900123"),
    ("sip:%2b%34%39900123@h", "+49900123"),
    ("sip:+49-900.1(2)3@h", "+49900123"),
    ("sip:+49%20900%20123@h", "+49900123"),
    ("tel:+49900123", "+49900123"),
    ("TEL:+49-900-123", "+49900123"),
    ("tel:+49900123;ext=7", "+49900123"),
    ("sip:+49900123;isub=9@h", "+49900123"),
    ("sip:+49900123:secret@h", "+49900123"),
    ("sip:+49900123:9@h;user=phone", "+49900123"),
    ("sip:+49900123?x=1@h", "+49900123"),
    ("sip:9+49900123@h", "+49900123"),
    ("sip:0,+49900123@h", "+49900123"),
    ("sip:++49900123@h", "+49900123"),
    ("sip:+1+49900123@h", "+49900123"),
    ("sip:+49a900b123@h", "+49900123"),
    ("sip:.0049900123@h", "0049900123"),
    ("sip://0049900123@h", "0049900123"),
    ("sip:00\u{fc}49900123@h", "0049900123"),
    ("sip:00%zz49900123@h", "0049900123"),
    ("sip:00%49900123@h", "00900123"),
    ("sip:*21%23@h", "*21#"),
    ("sip:*123456*+49900@h", "*123456*+49900"),
    ("sip:alice@h", ""),
    ("sip:a00499001@h", ""),
    ("sip:0049900123", ""),
    ("sip:0049900123;x=y", ""),
    ("http://0049900123@h", ""),
    ("tel:", ""),
];

#[test]
fn every_disguise_is_seen_through() {
    for (text, number) in DISGUISES {
        assert_eq!(words(uri(text.as_bytes())).0, number, "{text}");
        assert_eq!(plain(text).0, number, "the model: {text}");
    }
}

#[test]
fn a_context_is_read_and_comes_first() {
    for (text, number) in [
        ("tel:900123;phone-context=+49", "49900123"),
        ("sip:900123;phone-context=+49@h;user=phone", "49900123"),
        ("sip:900123;Phone-Context=%2B4-9;x@h", "49900123"),
        ("tel:900123;x=y;phone-context=+49;phone-context=+1", "49900123"),
        ("tel:+49900123;phone-context=+1", "49900123"),
        ("tel:900123;phone-context=example.com", "900123"),
        ("tel:900123;phone-context=49", "900123"),
        ("tel:900123;phone-contexts=+49", "900123"),
        ("tel:1;phone-context=+12345678901234567", "1234567890123451"),
        ("sip:alice;phone-context=+49@h", ""),
        ("sip:;phone-context=+49@h", ""),
    ] {
        let global = of_uri(text.as_bytes());
        assert_eq!(global.digits.to_string(), number, "{text}");
        let is_global = text.contains("=+") || text.contains("=%");
        assert_eq!(global.plus, u32::from(is_global && !number.is_empty() && !text.contains("contexts")), "{text}");
    }
}

/// Wherever a URI ends, what is there counts, and nothing of what stood behind it before.
#[test]
fn a_uri_cut_anywhere_is_what_is_there() {
    for (text, _) in DISGUISES {
        for len in (0..=text.len()).filter(|len| text.is_char_boundary(*len)) {
            let mut w = Window::new();
            w.fill(&[b'7'; 300]);
            w.fill(&text.as_bytes()[..len]);
            assert_eq!(words(read(&w, 0, false)), plain(&text[..len]), "{:?}", &text[..len]);
        }
    }
}

#[test]
fn more_digits_than_there_is_room_for_are_left_out() {
    let long = "1234567890".repeat(90);
    for text in [format!("sip:{long}@h"), format!("tel:{long}"), format!("tel:+{long}")] {
        let Uri { dialled, .. } = uri(text.as_bytes());
        assert_eq!(dialled.digits.to_string(), &long[..32], "{text}");
    }
    // Separators are no way out: as many as fit into a start line are skipped.
    let far = format!("sip:00{}49@h", "-".repeat(990));
    assert_eq!(uri(far.as_bytes()).dialled.digits.to_string(), "0049");
}

#[test]
fn a_bracket_ends_a_uri_only_where_it_is_in_brackets() {
    let mut w = Window::new();
    w.fill(b"tel:12>34@h");
    assert_eq!([true, false].map(|closes| words(read(&w, 0, closes)).0), ["12", "1234"]);
    w.fill(b"sip:12>34@h");
    assert_eq!([true, false].map(|closes| words(read(&w, 0, closes)).0), ["", "1234"]);
}

#[test]
fn a_plan_makes_them_one_number() {
    let prefix = |text: &str, insert: u64, insert_len: u32| {
        let digits = Digits::parse(text).unwrap();
        let mask = !(u64::MAX >> (4 * digits.len));
        Rewrite { value: digits.hi, mask, insert, insert_len, strip: digits.len, space: INTERNATIONAL, reserved: 0 }
    };
    let mut plan = Plan::NONE;
    plan.rewrites[..3].copy_from_slice(&[prefix("011", 0, 0), prefix("00", 0, 0), prefix("0", 0x49, 2)]);
    for text in ["0049900123", "+49900123", "01149900123", "0900123", "00000049900123", "9+49900123", "+0049900123"] {
        let number = plan.apply(of_uri(format!("sip:{text}@h").as_bytes()));
        assert_eq!((number.space, number.digits.to_string().as_str()), (INTERNATIONAL, "49900123"), "{text}");
    }
    let number = plan.apply(of_uri(b"sip:200@h"));
    assert_eq!((number.space, number.digits.to_string().as_str()), (LOCAL, "200"));
    let number = plan.apply(of_uri(b"sip:*1234*+4990@h"));
    assert_eq!((number.space, number.digits.to_string().as_str()), (INTERNATIONAL, "4990"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn agrees_with_a_plain_reading(
        scheme in "(sip|sips|tel|SIP|Tel|sIpS|im)",
        user in "([0-9+*#.()a-zA-Z/,_-]|%[0-9a-fA-F]{2}|%|[0-9]{1,4}){0,18}",
        context in prop_oneof!["", ";[Pp]hone-context=[+]?[0-9.a-]{0,8}", ";phone-context=%2[bB][0-9]{0,3}"],
        params in "(;[a-z]{1,3}(=[0-9+]{0,3})?|:[a-z0-9]{0,4}|[?]x){0,2}",
        at in "(@h)?",
        tail in "[;: ?][a-z0-9+@]{0,4}",
    ) {
        let text = format!("{scheme}:{user}{context}{params}{at}{tail}");
        let (number, context) = plain(&text);
        prop_assert_eq!(words(uri(text.as_bytes())), (first_digits(&number), first_digits(&context)), "{}", text);
    }

    #[test]
    fn no_uri_makes_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut text = b"sip:".to_vec();
        text.extend(bytes);
        let _ = of_uri(&text);
    }
}
