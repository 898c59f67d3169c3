//! Certificates of signers, and the roots that vouch for them (RFC 8226).
//!
//! Owns: reading chains, and whether they hold: signatures, validity, key usage, kind of key. Refuses: revocation: what SHAKEN has
//! for it is a list behind an address in each certificate, and a signer that is no longer trusted loses its root or its term.
use std::io;
use std::path::Path;

use der::Decode as _;
use der::asn1::ObjectIdentifier;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};
use x509_cert::ext::pkix;

use super::authority::{Authority, CLAIM_CONSTRAINTS, TN_AUTH_LIST};
use super::person::Person;

/// The most certificates of a file: the signer's, and those between it and a root.
const CHAIN_MAX: usize = 8;
/// The largest file of a root that is read, and the most roots.
const ROOT_FILE_MAX: u64 = 1 << 20;
const ROOTS_MAX: usize = 1_024;
/// The longest subject that is shown, in characters.
const SUBJECT_MAX: usize = 128;
/// Of certificates that are for certain purposes only, those for any (RFC 5280 §4.2.1.12).
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// ECDSA is what SHAKEN signs certificates with (ATIS-1000080 §5.3).
const ALGORITHMS: &[&dyn rustls_pki_types::SignatureVerificationAlgorithm] = &[
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P256_SHA384,
    webpki::ring::ECDSA_P384_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
];

/// Who is trusted to vouch for signers.
#[derive(Debug, Default)]
pub struct Roots(Vec<Root>);

#[derive(Debug)]
struct Root {
    anchor: TrustAnchor<'static>,
    term: (i64, i64),
}

impl Roots {
    /// The roots in the `.pem` and `.crt` files of a directory, and what is wrong with others.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn read(directory: &Path) -> io::Result<(Self, Vec<String>)> {
        let (mut roots, mut wrong) = (Self::default(), Vec::new());
        let mut paths = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| path.extension().is_some_and(|end| end == "pem" || end == "crt"));
        paths.sort();
        for path in paths {
            if let Err(why) =
                read_file(&path, ROOT_FILE_MAX).map_err(|error| error.to_string()).and_then(|pem| roots.add(&pem))
            {
                wrong.push(format!("{}: {why}", path.display()));
            }
        }
        Ok((roots, wrong))
    }

    /// Adds the certificates of a PEM text.
    ///
    /// # Errors
    ///
    /// What is wrong with the first one that is no root.
    pub fn add(&mut self, pem: &[u8]) -> Result<(), String> {
        for der in CertificateDer::pem_slice_iter(pem) {
            let der = der.map_err(|_| "it is no PEM text".to_owned())?;
            if self.0.len() == ROOTS_MAX {
                return Err(format!("there are more than {ROOTS_MAX} roots"));
            }
            let anchor = anchor_from_trusted_cert(&der).map_err(|error| format!("it is no root: {error}"))?.to_owned();
            self.0.push(Root { anchor, term: term(&parsed(&der)?) });
        }
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A regular file, if it is not larger.
pub(super) fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() || meta.len() > most {
        return Err(io::Error::other("it is no file, or too large"));
    }
    std::fs::read(path)
}

/// A signer's certificate of which a trusted root says that it holds.
#[derive(Debug)]
pub struct Certificate {
    leaf: CertificateDer<'static>,
    /// The point of the public key, uncompressed.
    key: Vec<u8>,
    authority: Option<Authority>,
    /// Unix seconds between which all of its chain holds.
    term: (i64, i64),
    subject: String,
}

impl Certificate {
    /// Reads a chain, the signer's certificate first, and verifies it as of `now`; otherwise why it is not trusted.
    ///
    /// # Errors
    ///
    /// A sentence for people.
    pub fn read(pem: &[u8], roots: &Roots, now: i64) -> Result<Self, String> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).take(CHAIN_MAX + 1).collect();
        let all = all.map_err(|_| "it is no PEM text")?;
        let (leaf, others) = all.split_first().ok_or("there is no certificate in it")?;
        if all.len() > CHAIN_MAX {
            return Err("its chain is too long".to_owned());
        }
        let certificate = parsed(leaf)?;
        let (key, authority) = (key(&certificate)?, extensions(&certificate)?);
        let term = verified(leaf, others, roots, now)?;
        let subject = shown(&certificate.tbs_certificate().subject().to_string());
        Ok(Self { leaf: leaf.clone().into_owned(), key, authority, term, subject })
    }

    /// Whether the chain holds at a time, in Unix seconds.
    pub fn holds(&self, now: i64) -> bool {
        (self.term.0..=self.term.1).contains(&now)
    }

    /// Until when all of it holds, in Unix seconds.
    pub fn until(&self) -> i64 {
        self.term.1
    }

    /// Whose it is.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The codes of the service providers that it is for.
    pub fn providers(&self) -> &[String] {
        self.authority.as_ref().map_or(&[], |authority| &authority.providers)
    }

    /// Whether its key made an ES256 signature.
    pub(super) fn signed(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.key).verify(text.as_bytes(), signature).is_ok()
    }

    /// Whether its owner may speak for somebody: for numbers by its list, if it has one; for addresses by its names
    /// (RFC 8224 §8.5).
    pub(super) fn speaks_for(&self, person: &Person) -> bool {
        match (person, &self.authority) {
            (Person::Number(number), Some(authority)) => authority.covers(number),
            (Person::Number(_), None) => true,
            (Person::Uri(_), Some(authority)) if !authority.providers.is_empty() => true,
            (Person::Uri(uri), _) => self.names(uri.rsplit(['@', ':']).next().unwrap_or_default()),
        }
    }

    fn names(&self, host: &str) -> bool {
        let (leaf, name) = (EndEntityCert::try_from(&self.leaf), ServerName::try_from(host));
        matches!((leaf, name), (Ok(leaf), Ok(name)) if leaf.verify_is_valid_for_subject_name(&name).is_ok())
    }
}

fn parsed(der: &CertificateDer<'_>) -> Result<x509_cert::Certificate, String> {
    x509_cert::Certificate::from_der(der).map_err(|_| "it is no certificate".to_owned())
}

fn term(certificate: &x509_cert::Certificate) -> (i64, i64) {
    let seconds = |time: &x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let validity = certificate.tbs_certificate().validity();
    (seconds(&validity.not_before), seconds(&validity.not_after))
}

/// The term within which all of the path from a signer to a root holds.
fn verified(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    roots: &Roots,
    now: i64,
) -> Result<(i64, i64), String> {
    let inside = |root: &&Root| (root.term.0..=root.term.1).contains(&now);
    let anchors: Vec<TrustAnchor<'_>> = roots.0.iter().filter(inside).map(|root| root.anchor.clone()).collect();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.unsigned_abs()));
    let end = EndEntityCert::try_from(leaf).map_err(|error| format!("it cannot be used: {error}"))?;
    let usage = KeyUsage::required_if_present(ANY_PURPOSE);
    let path = end
        .verify_for_usage(ALGORITHMS, &anchors, others, time, usage, None, None)
        .map_err(|error| format!("no trusted root vouches for it now: {error}"))?;
    terms(leaf, &path, roots).map(|all| all.into_iter().fold((i64::MIN, i64::MAX), |a, b| (a.0.max(b.0), a.1.min(b.1))))
}

fn terms(leaf: &CertificateDer<'_>, path: &VerifiedPath<'_>, roots: &Roots) -> Result<Vec<(i64, i64)>, String> {
    let mut all = vec![term(&parsed(leaf)?)];
    for between in path.intermediate_certificates() {
        all.push(term(&parsed(&between.der())?));
    }
    let root = roots.0.iter().find(|root| root.anchor == *path.anchor());
    all.extend(root.map(|root| root.term));
    Ok(all)
}

/// A key on P-256, which is what ES256 takes (RFC 8225 §8.1).
fn key(certificate: &x509_cert::Certificate) -> Result<Vec<u8>, String> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let bytes = info.subject_public_key.raw_bytes();
    if info.algorithm.oid == EC_PUBLIC_KEY && curve == Some(P256) && bytes.len() == 65 {
        Ok(bytes.to_vec())
    } else {
        Err("its key is none of P-256".to_owned())
    }
}

/// The list of numbers, if it has one. What else limits it must be understood.
fn extensions(certificate: &x509_cert::Certificate) -> Result<Option<Authority>, String> {
    let mut authority = None;
    for extension in certificate.tbs_certificate().extensions().into_iter().flatten() {
        let value = extension.extn_value.as_bytes();
        if extension.extn_id == TN_AUTH_LIST {
            authority = Some(Authority::read(value).ok_or("its list of numbers cannot be read")?);
        } else if extension.extn_id == KEY_USAGE {
            let usage = pkix::KeyUsage::from_der(value).map_err(|_| "its key usage cannot be read")?;
            if !usage.digital_signature() {
                return Err("its key is not for signatures".to_owned());
            }
        } else if CLAIM_CONSTRAINTS.contains(&extension.extn_id) {
            return Err("it constrains what may be claimed, which is not supported".to_owned());
        }
    }
    Ok(authority)
}

fn shown(text: &str) -> String {
    crate::report::text::shorten(&crate::report::text::plain(text), SUBJECT_MAX)
}
