//! An accepted digest, as it waits for its audit.
//!
//! Owns: taking it from credentials, and its bounds. Refuses: showing it: a digest is as good as the password to whoever
//! has time to guess.
use std::fmt;

use firewall_common::addr::Addr;
use firewall_common::sip::message::{Algorithm, Credentials, Text};

use crate::engine::input::Via;

/// The longest user name, realm, nonce, URI or client's nonce.
const PART_MAX: usize = 256;
/// The most of all parts together, the body that a digest may cover among them.
const ALL_MAX: usize = 1_024;

/// How much of a request a digest covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covers {
    /// Its method and URI, without a count (RFC 2069).
    Bare,
    /// Its method and URI: `auth`.
    Request,
    /// Its body too: `auth-int`.
    Body,
}

/// Digest credentials that our server accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct Sample {
    /// The account, without a realm.
    pub account: String,
    /// The hash of the nonce, under a key.
    pub nonce_hash: u64,
    /// The source's address.
    pub source: Addr,
    /// How they came: in the clear, since nothing else is read.
    pub via: Via,
    /// Whether the server asks for nothing better than MD5; none where its challenge was not seen.
    pub md5_only: Option<bool>,
    /// How often the nonce was used by its client's word; none where it does not count.
    pub count: Option<u32>,
    pub(super) algorithm: Algorithm,
    pub(super) covers: Covers,
    pub(super) username: Box<[u8]>,
    pub(super) realm: Box<[u8]>,
    pub(super) nonce: Box<[u8]>,
    pub(super) cnonce: Box<[u8]>,
    pub(super) nc: Box<[u8]>,
    pub(super) qop: Box<[u8]>,
    pub(super) uri: Box<[u8]>,
    pub(super) method: Box<[u8]>,
    pub(super) body: Box<[u8]>,
    pub(super) response: Box<[u8]>,
}

/// Where and how credentials came.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The account.
    pub account: &'a str,
    /// The request's method.
    pub method: &'a [u8],
    /// Its body.
    pub body: &'a [u8],
    /// The hash of the nonce.
    pub nonce_hash: u64,
    /// The source's address.
    pub source: Addr,
    /// The transport.
    pub via: Via,
    /// See [`Sample::md5_only`].
    pub md5_only: Option<bool>,
}

impl Sample {
    /// What can be audited of credentials; nothing where a part is missing, too long, or of a kind that is not known.
    pub fn of(digest: &Credentials<'_>, around: Circumstances<'_>) -> Option<Self> {
        let qop = digest.qop.map(bytes).unwrap_or(Some(Box::default()))?;
        let covers = match &*qop {
            b"" => Covers::Bare,
            word if word.eq_ignore_ascii_case(b"auth") => Covers::Request,
            word if word.eq_ignore_ascii_case(b"auth-int") => Covers::Body,
            _ => return None,
        };
        let counted = covers != Covers::Bare;
        let session =
            matches!(digest.algorithm, Algorithm::Md5Sess | Algorithm::Sha256Sess | Algorithm::Sha512T256Sess);
        let cnonce = if counted || session { bytes(digest.cnonce?)? } else { Box::default() };
        if digest.algorithm == Algorithm::Other {
            return None;
        }
        let sample = Self {
            account: around.account.to_owned(),
            nonce_hash: around.nonce_hash,
            source: around.source,
            via: around.via,
            md5_only: around.md5_only,
            count: digest.nc.filter(|_| counted),
            algorithm: digest.algorithm,
            covers,
            username: bytes(digest.username?)?,
            realm: bytes(digest.realm?)?,
            nonce: bytes(digest.nonce?)?,
            cnonce,
            nc: if counted { bytes(digest.proof.nc?)? } else { Box::default() },
            qop,
            uri: bytes(digest.uri?)?,
            method: around.method.into(),
            body: if covers == Covers::Body { around.body.into() } else { Box::default() },
            response: bytes(digest.proof.response?)?,
        };
        (sample.len() <= ALL_MAX).then_some(sample)
    }

    /// How long all parts are.
    fn len(&self) -> usize {
        let Self { username, realm, nonce, cnonce, nc, qop, uri, method, body, response, account, .. } = self;
        let parts = [username, realm, nonce, cnonce, nc, qop, uri, method, body, response];
        account.len() + parts.iter().map(|part| part.len()).sum::<usize>()
    }

    /// The most bytes that one takes.
    pub const fn most() -> usize {
        size_of::<Self>() + ALL_MAX
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample").field("account", &self.account).finish_non_exhaustive()
    }
}

/// A text as it is meant, if it is not too long.
fn bytes(text: Text<'_>) -> Option<Box<[u8]>> {
    (text.raw().len() <= PART_MAX).then(|| text.bytes().collect())
}
