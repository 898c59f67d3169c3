//! Parties of a call as signatures name them: telephone numbers and addresses of record, each in its one form.
//!
//! Owns: that form (RFC 8224 §8.3, §8.5). Refuses: deciding which header names whom.
use firewall_common::number::{Dialled, Digits, INTERNATIONAL, Number, Plan};
use firewall_common::sip::message::{Scheme, Uri, unescaped};

/// The longest number of E.164, and some for what is none.
const NUMBER_MAX: usize = 32;
/// The longest address of record.
const URI_MAX: usize = 256;

/// A party.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// A telephone number: digits, `*` and `#`.
    Number(String),
    /// An address of record: `sip:user@host`.
    Uri(String),
}

impl Person {
    /// Whom a header's URI names. A number without `+` becomes an international one by the plan where the plan knows how.
    pub fn of(uri: &Uri<'_>, plan: &Plan) -> Option<Self> {
        let user: Vec<u8> = unescaped(uri.user.unwrap_or_default()).take(URI_MAX).collect();
        let name = user.split(|byte| *byte == b';').next().unwrap_or_default();
        let context = uri.param(b"phone-context").filter(|context| context.starts_with(b"+"));
        match number(name, context, plan) {
            Some(number) => Some(Self::Number(number)),
            None if uri.scheme == Scheme::Tel => None,
            None => address(uri.scheme, &user, uri.host),
        }
    }

    /// What a `tn` claims: nothing but what a number in its one form may have.
    pub(super) fn claimed_number(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#');
        let fits = (1..=NUMBER_MAX).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self::Number(text.to_owned()))
    }

    /// What a `uri` claims. One that stands for a number is a number.
    pub(super) fn claimed_uri(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "sip" => Scheme::Sip,
            "sips" => Scheme::Sips,
            _ => return None,
        };
        let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        let end = host.find([';', '?']).unwrap_or(host.len());
        address(scheme, user.as_bytes(), host.get(..end)?.as_bytes())
    }
}

impl std::fmt::Display for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(text) | Self::Uri(text) => f.write_str(text),
        }
    }
}

/// The digits of a user part that is a number: visual separators go (RFC 3966 §5.1.1), and so does the `+`.
fn number(user: &[u8], context: Option<&[u8]>, plan: &Plan) -> Option<String> {
    let (plus, rest) = user.strip_prefix(b"+").map_or((false, user), |rest| (true, rest));
    let digits = digits(rest)?;
    if plus {
        return Some(digits);
    }
    if let Some(context) = context {
        return Some(self::digits(context.get(1..)?)? + &digits).filter(|all| all.len() <= NUMBER_MAX);
    }
    let dialled = Dialled { digits: Digits::parse(&digits)?, plus: 0 };
    match plan.apply(dialled) {
        Number { space: INTERNATIONAL, digits } => Some(digits.to_string()),
        _ => Some(digits),
    }
}

fn digits(text: &[u8]) -> Option<String> {
    let mut digits = String::new();
    for &byte in text {
        match byte {
            b'0'..=b'9' | b'*' | b'#' if digits.len() < NUMBER_MAX => digits.push(char::from(byte)),
            b'-' | b'.' | b'(' | b')' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

fn address(scheme: Scheme, user: &[u8], host: &[u8]) -> Option<Person> {
    let (user, host) = (std::str::from_utf8(user).ok()?, std::str::from_utf8(host).ok()?);
    let name = if scheme == Scheme::Sips { "sips" } else { "sip" };
    let host = host.split_once(':').filter(|_| !host.starts_with('[')).map_or(host, |(host, _)| host);
    let at = if user.is_empty() { "" } else { "@" };
    let text = format!("{name}:{user}{at}{}", host.to_ascii_lowercase());
    (!host.is_empty() && text.len() <= URI_MAX).then_some(Person::Uri(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use firewall_common::sip::message::{Start, parse};

    fn of(uri: &str) -> Option<Person> {
        let text = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
        );
        let message = parse(text.as_bytes()).unwrap();
        let Start::Request { uri, .. } = message.start else { panic!("{text}") };
        Person::of(&uri, &Plan::NONE)
    }

    #[test]
    fn a_number_has_one_form() {
        for uri in [
            "tel:+1-215-555-1212",
            "tel:+1.(215)5551212",
            "tel:555-1212;phone-context=+1215",
            "sip:+12155551212@example.com;user=phone",
            "sip:12155551212@192.0.2.1:5070",
            "SIP:%2B1215555%31212;npdi@h",
        ] {
            assert_eq!(of(uri), Some(Person::Number("12155551212".to_owned())), "{uri}");
        }
        assert_eq!(of("tel:alice"), None);
    }

    #[test]
    fn what_is_no_number_is_an_address() {
        assert_eq!(of("sip:Alice@Example.COM:5060;x=y"), Some(Person::Uri("sip:Alice@example.com".to_owned())));
        assert_eq!(of("sips:Alice@Example.COM"), Person::claimed_uri("sips:Alice@example.com:5061"));
        assert_eq!(Person::claimed_uri("tel:+1"), None);
        assert_eq!(Person::claimed_number("+1"), None);
    }
}
