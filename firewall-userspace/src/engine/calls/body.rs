//! The session descriptions in a message's body (RFC 3261 §7.4, RFC 2046 §5.1, RFC 5621).
//!
//! Owns: finding them: alone, in a multipart, or in a multipart inside of one. Refuses: encoded bodies, and reading what it
//! finds.
use firewall_common::sip::message::{Field, Message};

/// Session descriptions of one message that are looked at.
const DESCRIPTIONS: usize = 4;
/// Parts of one multipart that are looked at.
const PARTS: usize = 16;

/// What a body has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// No session description.
    Nothing,
    /// Session descriptions, at least one.
    Descriptions(Vec<&'a [u8]>),
    /// A session description that cannot be had: encoded, cut, or one of too many.
    Unreadable,
}

/// Looks for them.
pub(super) fn find<'a>(message: &Message<'a>) -> Found<'a> {
    let kind = message.header(Field::ContentType).map(|text| text.bytes().collect::<Vec<u8>>());
    // Without a type, some servers look for themselves.
    let untyped = if message.body.starts_with(b"v=") { b"application/sdp".to_vec() } else { Vec::new() };
    let kind = kind.unwrap_or(untyped);
    if message.body.is_empty() && message.missing() == 0 || !(is_description(&kind) || is_multipart(&kind)) {
        return Found::Nothing;
    }
    if is_encoded(message) || message.missing() > 0 {
        return Found::Unreadable;
    }
    if is_description(&kind) {
        return Found::Descriptions(vec![message.body]);
    }
    let mut found = Vec::new();
    match multipart(&kind, message.body, true, &mut found) {
        Some(()) if found.is_empty() => Found::Nothing,
        Some(()) => Found::Descriptions(found),
        None => Found::Unreadable,
    }
}

fn is_encoded(message: &Message<'_>) -> bool {
    message.headers().filter(|header| header.field == Field::Other).any(|header| {
        let named = header.name.eq_ignore_ascii_case(b"Content-Encoding") || header.name.eq_ignore_ascii_case(b"e");
        named && !header.value.is_ignoring_case(b"identity") && !header.value.raw().is_empty()
    })
}

/// The type in front of the parameters.
fn media_type(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Blanks may stand around the slash (RFC 3261 §25.1, SLASH).
fn is_description(value: &[u8]) -> bool {
    let kind: Vec<u8> = media_type(value).iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    kind.eq_ignore_ascii_case(b"application/sdp")
}

fn is_multipart(value: &[u8]) -> bool {
    let mut kind = media_type(value).split(|byte| *byte == b'/');
    kind.next().is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"multipart")) && kind.next().is_some()
}

/// Adds the session descriptions of a multipart; nothing if it has no boundary or too much in it.
fn multipart<'a>(kind: &[u8], body: &'a [u8], nests: bool, found: &mut Vec<&'a [u8]>) -> Option<()> {
    for part in parts(body, &boundary(kind)?)? {
        let (kind, content) = head(part);
        if is_description(&kind) {
            found.push(content);
        } else if is_multipart(&kind) && nests {
            multipart(&kind, content, false, found)?;
        } else if is_multipart(&kind) {
            return None;
        }
    }
    (found.len() <= DESCRIPTIONS).then_some(())
}

/// The boundary that a Content-Type names, with the two hyphens that stand before it.
fn boundary(kind: &[u8]) -> Option<Vec<u8>> {
    let mut quoted = false;
    let mut params = kind.split(|byte| {
        quoted ^= *byte == b'"';
        *byte == b';' && !quoted
    });
    let value = params.find_map(|param| {
        let at = param.iter().position(|byte| *byte == b'=')?;
        let (name, value) = param.split_at(at);
        name.trim_ascii().eq_ignore_ascii_case(b"boundary").then(|| value.get(1..).unwrap_or_default().trim_ascii())
    })?;
    let bare = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    (!bare.is_empty()).then(|| [b"--", bare].concat())
}

/// What stands between the lines of a boundary.
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Option<Vec<&'a [u8]>> {
    let (mut parts, mut at, mut begun) = (Vec::new(), 0, None);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += line.len();
        let Some(rest) = line.trim_ascii_end().strip_prefix(boundary).filter(|rest| matches!(*rest, b"" | b"--"))
        else {
            continue;
        };
        if let Some(begun) = begun {
            parts.push(body.get(begun..start)?);
        }
        begun = rest.is_empty().then_some(at);
        if begun.is_none() {
            break;
        }
    }
    // One whose end is missing is read by some all the same.
    parts.extend(begun.and_then(|begun| body.get(begun..)));
    (parts.len() <= PARTS).then_some(parts)
}

/// A part's Content-Type, and what stands behind its head.
fn head(part: &[u8]) -> (Vec<u8>, &[u8]) {
    let (mut kind, mut at, mut is_kind) = (Vec::new(), 0, false);
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let text = line.trim_ascii_end();
        if text.is_empty() {
            break;
        }
        if !matches!(text.first(), Some(b' ' | b'\t')) {
            let colon = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
            let (name, value) = text.split_at(colon);
            is_kind = [&b"Content-Type"[..], b"c"].iter().any(|known| name.trim_ascii().eq_ignore_ascii_case(known));
            if is_kind {
                kind = value.get(1..).unwrap_or_default().to_vec();
            }
        } else if is_kind {
            kind.extend_from_slice(text);
        }
    }
    (kind.trim_ascii().to_vec(), part.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use firewall_common::sip::message;

    use super::*;

    fn message(headers: &str, body: &str) -> Vec<u8> {
        let head = "INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\n\
            Call-ID: 1\r\nCSeq: 1 INVITE\r\n";
        format!("{head}{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn found(headers: &str, body: &str) -> Result<Vec<String>, bool> {
        let bytes = message(headers, body);
        match find(&message::parse(&bytes).unwrap()) {
            Found::Nothing => Err(false),
            Found::Unreadable => Err(true),
            Found::Descriptions(all) => Ok(all.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect()),
        }
    }

    #[test]
    fn a_body_is_what_its_type_says() {
        let one = Ok(vec!["v=0\r\n".to_owned()]);
        for (headers, expected) in [
            ("Content-Type: application/sdp\r\n", &one),
            ("c: Application/SDP ;charset=utf-8\r\n", &one),
            ("Content-Type:\r\n application/sdp\r\n", &one),
            ("Content-Type: application / sdp ; x=y\r\n", &one),
            ("Content-Type: text/plain\r\n", &Err(false)),
            ("Content-Type: application/sdpx\r\n", &Err(false)),
            ("", &one),
            ("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", &Err(true)),
            ("Content-Type: application/sdp\r\ne: gzip\r\n", &Err(true)),
            ("Content-Type: application/sdp\r\nContent-Encoding: identity\r\n", &one),
        ] {
            assert_eq!(&found(headers, "v=0\r\n"), expected, "{headers}");
        }
        assert_eq!(found("Content-Type: application/sdp\r\n", ""), Err(false));
    }

    #[test]
    fn only_parts_of_the_real_boundary_count() {
        let kind = "Content-Type: multipart/mixed; x=\"a;boundary=no\"; boundary=\"b 1\"\r\n";
        let body = "ignored\r\n--b 1\r\nContent-Type: text/plain\r\n\r\nm=audio\r\n--no\r\nContent-Type: application/sdp\r\n\r\nno\r\n\
            --b 1\r\nContent-Type:\r\n application/sdp\r\nContent-Disposition: session\r\n\r\nv=0\r\n--b 1--\r\nv=1\r\n";
        assert_eq!(found(kind, body), Ok(vec!["v=0\r\n".to_owned()]));
    }

    #[test]
    fn a_multipart_in_a_multipart_is_read_once() {
        let inner = |deepest: &str| {
            format!(
                "--a\nContent-Type: multipart/alternative;boundary=i\n\n--i\nc: application/sdp\n\nv=0\n--i\n{deepest}\n--i--\n--a--"
            )
        };
        let kind = "Content-Type: multipart/mixed;boundary=a\r\n";
        assert_eq!(found(kind, &inner("\nx")), Ok(vec!["v=0\n".to_owned()]));
        assert_eq!(found(kind, &inner("Content-Type: multipart/mixed;boundary=j\n\n--j\n")), Err(true));
        assert_eq!(found("Content-Type: multipart/mixed\r\n", &inner("")), Err(true), "no boundary");
    }

    #[test]
    fn too_much_of_it_is_unreadable() {
        let kind = "Content-Type: multipart/mixed;boundary=a\r\n";
        let part = "--a\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
        assert_eq!(found(kind, &part.repeat(4)).map(|all| all.len()), Ok(4));
        assert_eq!(found(kind, &part.repeat(5)), Err(true));
        assert_eq!(found(kind, &"--a\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(17)), Err(true));
    }
}
