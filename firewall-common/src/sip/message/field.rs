//! The header fields whose meaning is known.
//!
//! Owns: their names, long and compact, and which may stand once. Refuses: values.

/// A header field.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// RFC 3261 §20.42.
    Via,
    /// RFC 3261 §20.20.
    From,
    /// RFC 3261 §20.39.
    To,
    /// RFC 3261 §20.8.
    CallId,
    /// RFC 3261 §20.16.
    CSeq,
    /// RFC 3261 §20.10.
    Contact,
    /// RFC 3261 §20.14.
    ContentLength,
    /// RFC 3261 §20.15.
    ContentType,
    /// RFC 3261 §20.22.
    MaxForwards,
    /// RFC 3261 §20.19.
    Expires,
    /// RFC 3261 §20.17.
    Date,
    /// RFC 3261 §20.41.
    UserAgent,
    /// RFC 3261 §20.7.
    Authorization,
    /// RFC 3261 §20.28.
    ProxyAuthorization,
    /// RFC 3261 §20.44.
    WwwAuthenticate,
    /// RFC 3261 §20.27.
    ProxyAuthenticate,
    /// RFC 3261 §20.6.
    AuthenticationInfo,
    /// Any other.
    Other,
}

impl Field {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Other as usize + 1;

    /// The field of a name in either case, or of its compact form (RFC 3261 §7.3.3).
    pub fn of(name: &[u8]) -> Self {
        let is =
            |known: &[u8], field| if name == known || name.eq_ignore_ascii_case(known) { field } else { Self::Other };
        match (name.len(), name.first().map(u8::to_ascii_lowercase)) {
            (1, Some(letter)) => Self::compact(letter),
            (2, Some(b't')) => is(b"To", Self::To),
            (3, Some(b'v')) => is(b"Via", Self::Via),
            (4, Some(b'f')) => is(b"From", Self::From),
            (4, Some(b'c')) => is(b"CSeq", Self::CSeq),
            (4, Some(b'd')) => is(b"Date", Self::Date),
            (7, Some(b'e')) => is(b"Expires", Self::Expires),
            (7, Some(b'c')) if name.get(4) == Some(&b'-') => is(b"Call-ID", Self::CallId),
            (7, Some(b'c')) => is(b"Contact", Self::Contact),
            (10, Some(b'u')) => is(b"User-Agent", Self::UserAgent),
            (12, Some(b'c')) => is(b"Content-Type", Self::ContentType),
            (12, Some(b'm')) => is(b"Max-Forwards", Self::MaxForwards),
            (13, Some(b'a')) => is(b"Authorization", Self::Authorization),
            (14, Some(b'c')) => is(b"Content-Length", Self::ContentLength),
            (16, Some(b'w')) => is(b"WWW-Authenticate", Self::WwwAuthenticate),
            (18, Some(b'p')) => is(b"Proxy-Authenticate", Self::ProxyAuthenticate),
            (19, Some(b'p')) => is(b"Proxy-Authorization", Self::ProxyAuthorization),
            (19, Some(b'a')) => is(b"Authentication-Info", Self::AuthenticationInfo),
            _ => Self::Other,
        }
    }

    const fn compact(letter: u8) -> Self {
        match letter {
            b'v' => Self::Via,
            b'f' => Self::From,
            b't' => Self::To,
            b'i' => Self::CallId,
            b'm' => Self::Contact,
            b'l' => Self::ContentLength,
            b'c' => Self::ContentType,
            _ => Self::Other,
        }
    }

    /// Whether its value has elements or parameters that are read.
    pub(super) const fn has_parts(self) -> bool {
        matches!(
            self,
            Self::Via
                | Self::From
                | Self::To
                | Self::Contact
                | Self::Authorization
                | Self::ProxyAuthorization
                | Self::WwwAuthenticate
                | Self::ProxyAuthenticate
                | Self::AuthenticationInfo
        )
    }

    /// Whether a second one makes the message ambiguous.
    pub(super) const fn is_single(self) -> bool {
        matches!(
            self,
            Self::From
                | Self::To
                | Self::CallId
                | Self::CSeq
                | Self::ContentLength
                | Self::ContentType
                | Self::MaxForwards
                | Self::Expires
                | Self::Date
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case_and_form() {
        let known = [
            ("Via", Field::Via),
            ("From", Field::From),
            ("To", Field::To),
            ("Call-ID", Field::CallId),
            ("CSeq", Field::CSeq),
            ("Contact", Field::Contact),
            ("Content-Length", Field::ContentLength),
            ("Content-Type", Field::ContentType),
            ("Max-Forwards", Field::MaxForwards),
            ("Expires", Field::Expires),
            ("Date", Field::Date),
            ("User-Agent", Field::UserAgent),
            ("Authorization", Field::Authorization),
            ("Proxy-Authorization", Field::ProxyAuthorization),
            ("WWW-Authenticate", Field::WwwAuthenticate),
            ("Proxy-Authenticate", Field::ProxyAuthenticate),
            ("Authentication-Info", Field::AuthenticationInfo),
            ("v", Field::Via),
            ("f", Field::From),
            ("t", Field::To),
            ("i", Field::CallId),
            ("m", Field::Contact),
            ("l", Field::ContentLength),
            ("c", Field::ContentType),
        ];
        for (name, field) in known {
            for name in [name.to_owned(), name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
                assert_eq!(Field::of(name.as_bytes()), field, "{name}");
                assert_eq!(Field::of(format!("{name}x").as_bytes()), Field::Other);
            }
        }
        assert_eq!(Field::of(b"C%6Fntact"), Field::Other);
        assert_eq!(Field::of(b""), Field::Other);
    }
}
