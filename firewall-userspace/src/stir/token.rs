//! The Identity header (RFC 8224 §4): a token in three parts, and where its certificate is.
//!
//! Owns: its syntax and bounds, full and compact form. Refuses: what the parts mean.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::url::Url;

/// The longest value that is read. A PASSporT of SHAKEN takes some 500 bytes.
pub(super) const VALUE_MAX: usize = 4_096;
/// The two numbers of an ES256 signature (RFC 7518 §3.4).
const SIGNATURE_LEN: usize = 64;

/// A header's value in parts.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    /// Head and payload in base64url, as they were signed; empty in the compact form.
    pub(super) parts: Option<(&'a str, &'a str)>,
    /// The signature.
    pub(super) signature: [u8; SIGNATURE_LEN],
    /// Where the certificate is.
    pub(super) info: Url,
    /// The extension of PASSporT, in small letters.
    pub(super) ppt: Option<String>,
}

impl<'a> Token<'a> {
    /// Reads one; otherwise what is wrong with it.
    pub(super) fn read(value: &'a str) -> Result<Self, &'static str> {
        if value.len() > VALUE_MAX {
            return Err("the Identity header is too long");
        }
        let (digest, params) = value.split_once(';').ok_or("there is no info parameter")?;
        let mut parts = digest.trim().split('.');
        let mut part = || parts.next().ok_or("the token does not have three parts");
        let (head, payload, signature) = (part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err("the token does not have three parts");
        }
        let signature = decode(signature)?.try_into().map_err(|_| "the signature is not one of ES256")?;
        let (info, ppt) = read_params(params)?;
        let parts = match (head.is_empty(), payload.is_empty()) {
            (true, true) => None,
            (false, false) => Some((head, payload)),
            _ => return Err("the token is neither in full nor in compact form"),
        };
        Ok(Self { parts, signature, info, ppt })
    }
}

/// What base64url without padding stands for (RFC 7515 §2).
pub(super) fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| "a part of the token is not base64url")
}

/// The other way round.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_params(params: &str) -> Result<(Url, Option<String>), &'static str> {
    let (mut info, mut alg, mut ppt) = (None, None, None);
    // An address in angle brackets may have semicolons.
    let mut rest = params;
    loop {
        let (name, value) = rest.split_once('=').ok_or("a parameter has no value")?;
        let value = value.trim_start();
        let (value, later) = match value.strip_prefix('<') {
            Some(inside) => inside.split_once('>').ok_or("the info parameter does not end")?,
            None => value.find(';').map_or((value, ""), |end| value.split_at(end)),
        };
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "info" => Some(&mut info),
            "alg" => Some(&mut alg),
            "ppt" => Some(&mut ppt),
            _ => None,
        };
        if slot.is_some_and(|slot| slot.replace(value.trim().trim_matches('"')).is_some()) {
            return Err("a parameter is there twice");
        }
        match later.trim_start().strip_prefix(';') {
            Some(next) => rest = next,
            None if later.trim().is_empty() => break,
            None => return Err("something stands behind a parameter"),
        }
    }
    if alg.is_some_and(|alg| !alg.eq_ignore_ascii_case("ES256")) {
        return Err("the algorithm is not ES256");
    }
    let info = Url::read(info.ok_or("there is no info parameter")?)?;
    Ok((info, ppt.map(str::to_ascii_lowercase)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let signature = encode(&[7; 64]);
        let full = format!("aa.bb.{signature};info=<https://a.example/b;c.pem>;alg=ES256 ; PPT=\"shaken\";other=<;>");
        let token = Token::read(&full).unwrap();
        assert_eq!((token.parts, token.signature), (Some(("aa", "bb")), [7; 64]));
        assert_eq!((token.info.as_str(), token.ppt.as_deref()), ("https://a.example/b;c.pem", Some("shaken")));
        let compact = format!("..{signature};info=<https://a.example/b>");
        assert_eq!(Token::read(&compact).unwrap().parts, None);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let signature = encode(&[7; 64]);
        let info = ";info=<https://a.example/b>";
        for text in [
            String::new(),
            format!("a.b.{signature}"),
            format!("a.b{info}"),
            format!("a.b.c.{signature}{info}"),
            format!("a..{signature}{info}"),
            format!("a.b.{signature}={info}"),
            format!("a.b.{}{info}", encode(&[7; 63])),
            format!("a.b.{signature}{info};alg=none"),
            format!("a.b.{signature}{info}{info}"),
            format!("a.b.{signature};info=<https://a.example/b"),
            format!("a.b.{signature}{info}x"),
            format!("a.b.{signature}{info};ppt={}", "x".repeat(VALUE_MAX)),
        ] {
            assert!(Token::read(&text).is_err(), "{text}");
        }
    }
}
