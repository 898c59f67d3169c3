//! Credentials and challenges (RFC 3261 §20.7, §20.44, §22.4; RFC 7616, RFC 8760).
//!
//! Owns: the parameters of Digest; of any other scheme only the name. Refuses: computing or checking digests.
//!
//! Servers evaluate credentials whose parameters stand with or without quotes, in any order, and with empty elements
//! between them; what they evaluate is read.
use core::fmt;

use super::class::{TOKEN, WORD};
use super::cursor::Cursor;
use super::number::hexadecimal;
use super::params::once;
use super::refusal::Refusal;
use super::text::Text;

/// What a client proves itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// Whether they are meant for a proxy: they stand in Proxy-Authorization.
    pub proxy: bool,
    /// The scheme's name; of all but Digest nothing else is read.
    pub scheme: &'a [u8],
    /// Whose.
    pub username: Option<Text<'a>>,
    /// The realm.
    pub realm: Option<Text<'a>>,
    /// The server's nonce.
    pub nonce: Option<Text<'a>>,
    /// The URI that the digest covers.
    pub uri: Option<Text<'a>>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The quality of protection.
    pub qop: Option<Text<'a>>,
    /// How often the nonce was used; none when it is no hexadecimal number.
    pub nc: Option<u32>,
    /// The client's nonce.
    pub cnonce: Option<Text<'a>>,
    /// Whether there is a response that is not empty.
    pub has_response: bool,
    /// What proves the password: nobody's business but of who tries passwords against it.
    pub proof: Proof<'a>,
}

/// What is made with a password. It does not show itself, so that it gets into no log.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The response.
    pub response: Option<Text<'a>>,
    /// The count of the nonce's uses as it was written, since the digest is over that.
    pub nc: Option<Text<'a>>,
}

impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof")
    }
}

impl<'a> Credentials<'a> {
    /// Reads a header field's value.
    pub(super) fn read(value: &'a [u8], proxy: bool) -> Result<Self, Refusal> {
        let mut pairs = Pairs::begin(value)?;
        let (mut username, mut realm, mut nonce, mut uri, mut algorithm) = (None, None, None, None, None);
        let (mut qop, mut nc, mut cnonce, mut response) = (None, None, None, None);
        while let Some((name, value)) = pairs.next()? {
            let slot = match Name::of(name) {
                Name::Username => &mut username,
                Name::Realm => &mut realm,
                Name::Nonce => &mut nonce,
                Name::Uri => &mut uri,
                Name::Algorithm => &mut algorithm,
                Name::Qop => &mut qop,
                Name::Nc => &mut nc,
                Name::Cnonce => &mut cnonce,
                Name::Response => &mut response,
                Name::Stale | Name::NextNonce | Name::Other => continue,
            };
            once(slot, value)?;
        }
        Ok(Self {
            proxy,
            scheme: pairs.scheme,
            username,
            realm,
            nonce,
            uri,
            algorithm: Algorithm::of(algorithm),
            qop,
            nc: nc.and_then(|count: Text<'_>| hexadecimal(count.raw())),
            cnonce,
            has_response: response.is_some_and(|response: Text<'_>| !response.raw().is_empty()),
            proof: Proof { response, nc },
        })
    }

    /// Whether the scheme is Digest.
    pub fn is_digest(&self) -> bool {
        is_digest(self.scheme)
    }
}

/// What a server asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// Whether a proxy asks: it stands in Proxy-Authenticate.
    pub proxy: bool,
    /// The scheme's name; of all but Digest nothing else is read.
    pub scheme: &'a [u8],
    /// The realm.
    pub realm: Option<Text<'a>>,
    /// The nonce.
    pub nonce: Option<Text<'a>>,
    /// Whether the credentials were right but for their nonce.
    pub stale: bool,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The qualities of protection on offer, parted by commas.
    pub qop: Option<Text<'a>>,
}

impl<'a> Challenge<'a> {
    /// Reads a header field's value.
    pub(super) fn read(value: &'a [u8], proxy: bool) -> Result<Self, Refusal> {
        let mut pairs = Pairs::begin(value)?;
        let (mut realm, mut nonce, mut stale, mut algorithm, mut qop) = (None, None, None, None, None);
        while let Some((name, value)) = pairs.next()? {
            let slot = match Name::of(name) {
                Name::Realm => &mut realm,
                Name::Nonce => &mut nonce,
                Name::Stale => &mut stale,
                Name::Algorithm => &mut algorithm,
                Name::Qop => &mut qop,
                _ => continue,
            };
            once(slot, value)?;
        }
        let stale = stale.is_some_and(|stale: Text<'_>| stale.is_ignoring_case(b"true"));
        let algorithm = Algorithm::of(algorithm);
        Ok(Self { proxy, scheme: pairs.scheme, realm, nonce, stale, algorithm, qop })
    }

    /// Whether the scheme is Digest.
    pub fn is_digest(&self) -> bool {
        is_digest(self.scheme)
    }
}

/// The nonce that a server wants next, of an Authentication-Info (RFC 7616 §3.5).
pub(super) fn next_nonce(value: &[u8]) -> Option<Text<'_>> {
    let mut pairs = Pairs { scheme: b"Digest", cursor: Cursor::new(value) };
    while let Some((name, value)) = pairs.next().ok()? {
        if Name::of(name) == Name::NextNonce {
            return Some(value);
        }
    }
    None
}

/// The algorithms of RFC 8760.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// MD5, which also stands for none.
    Md5,
    /// MD5-sess.
    Md5Sess,
    /// SHA-256.
    Sha256,
    /// SHA-256-sess.
    Sha256Sess,
    /// SHA-512-256.
    Sha512T256,
    /// SHA-512-256-sess.
    Sha512T256Sess,
    /// Any other.
    Other,
}

impl Algorithm {
    const NAMES: [(&'static [u8], Self); 6] = [
        (b"MD5", Self::Md5),
        (b"SHA-256", Self::Sha256),
        (b"SHA-512-256", Self::Sha512T256),
        (b"MD5-sess", Self::Md5Sess),
        (b"SHA-256-sess", Self::Sha256Sess),
        (b"SHA-512-256-sess", Self::Sha512T256Sess),
    ];

    fn of(name: Option<Text<'_>>) -> Self {
        let Some(name) = name else { return Self::Md5 };
        let found = Self::NAMES.iter().find(|(known, _)| name.is_ignoring_case(known));
        found.map_or(Self::Other, |(_, algorithm)| *algorithm)
    }
}

/// The parameters that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Username,
    Realm,
    Nonce,
    Uri,
    Algorithm,
    Qop,
    Nc,
    Cnonce,
    Response,
    Stale,
    NextNonce,
    Other,
}

impl Name {
    fn of(name: &[u8]) -> Self {
        let is =
            |known: &[u8], this| if name == known || name.eq_ignore_ascii_case(known) { this } else { Self::Other };
        match (name.len(), name.first().map(u8::to_ascii_lowercase)) {
            (2, _) => is(b"nc", Self::Nc),
            (3, Some(b'u')) => is(b"uri", Self::Uri),
            (3, Some(b'q')) => is(b"qop", Self::Qop),
            (5, Some(b'r')) => is(b"realm", Self::Realm),
            (5, Some(b'n')) => is(b"nonce", Self::Nonce),
            (5, Some(b's')) => is(b"stale", Self::Stale),
            (6, _) => is(b"cnonce", Self::Cnonce),
            (8, Some(b'u')) => is(b"username", Self::Username),
            (8, Some(b'r')) => is(b"response", Self::Response),
            (9, Some(b'a')) => is(b"algorithm", Self::Algorithm),
            (9, Some(b'n')) => is(b"nextnonce", Self::NextNonce),
            _ => Self::Other,
        }
    }
}

fn is_digest(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(b"Digest")
}

/// Names and values parted by commas.
struct Pairs<'a> {
    scheme: &'a [u8],
    cursor: Cursor<'a>,
}

impl<'a> Pairs<'a> {
    /// Takes the scheme; no scheme but Digest has pairs.
    fn begin(value: &'a [u8]) -> Result<Self, Refusal> {
        let mut cursor = Cursor::new(value);
        let scheme = cursor.run(TOKEN);
        let parted = cursor.blanks() || cursor.is_empty();
        if scheme.is_empty() || !parted {
            return Err(Refusal::Digest);
        }
        Ok(Self { scheme, cursor: if is_digest(scheme) { cursor } else { Cursor::new(&[]) } })
    }

    #[inline(always)]
    fn next(&mut self) -> Result<Option<(&'a [u8], Text<'a>)>, Refusal> {
        while self.cursor.mark(b',') {}
        if self.cursor.is_empty() {
            return Ok(None);
        }
        let name = self.cursor.run(TOKEN);
        if name.is_empty() || !self.cursor.mark(b'=') {
            return Err(Refusal::Digest);
        }
        let value = self.cursor.text(WORD)?;
        self.cursor.blanks();
        let ended = matches!(self.cursor.peek(), None | Some(b','));
        if ended { Ok(Some((name, value))) } else { Err(Refusal::Digest) }
    }
}
