//! Signatures of callers.
//!
//! Owns: what must hold for every message, header and certificate: no panic, and nothing holds but what the one trusted signer of the
//! seeds has signed. Refuses: what else is wrong with a message.
use std::sync::{Arc, LazyLock};

use firewall_common::number::Plan;
use firewall_common::sip::message::parse_head;
use firewall_userspace::engine::call::Verdict;
use firewall_userspace::stir::{Certificate, Claim, Held, Roots, Rules, claim, verify};

/// When the seeds were signed, in Unix seconds.
const SIGNED: i64 = 1_700_000_000;
/// What was signed, a line each: head and payload.
const WORDS: &str = include_str!("identity/signed.txt");
const URL: &str = "https://certificates.carrier.example/1.pem";

static TRUSTED: LazyLock<(Roots, Option<Arc<Certificate>>)> = LazyLock::new(|| {
    let mut roots = Roots::default();
    let added = roots.add(include_bytes!("identity/root.pem"));
    let signer = Certificate::read(include_bytes!("identity/signer.pem"), &roots, SIGNED);
    assert!(added.is_ok() && signer.is_ok(), "{added:?}, {signer:?}");
    (roots, signer.ok().map(Arc::new))
});

/// Panics when a reader does, or when something holds that nobody has signed.
pub fn check(input: &[u8]) {
    let (roots, signer) = &*TRUSTED;
    certificate(input, roots);
    let of_message = parse_head(input).ok().and_then(|message| claim(&message, &Plan::NONE));
    let of_header = Claim::of_itself(String::from_utf8_lossy(input).trim()).ok();
    for claim in of_message.iter().chain(&of_header) {
        let mut look = |url: &str| match signer.clone().filter(|_| url == URL) {
            Some(certificate) => Held::Trusted(certificate),
            None => Held::Missing,
        };
        let finding = verify(claim, SIGNED, &Rules { freshness: 60 }, &mut look);
        if finding.identity.verdict == Verdict::Valid {
            assert!(claim.identities.iter().any(|value| was_signed(value)), "{claim:?} holds");
        }
        assert_eq!(finding.missing.is_some(), finding.identity.verdict == Verdict::Pending);
    }
}

/// The compact form says nothing of what was signed.
fn was_signed(value: &str) -> bool {
    value.trim_start().starts_with("..") || WORDS.lines().any(|words| value.trim_start().starts_with(words))
}

/// As a file, and as what a file with good armour has inside. Only our own signer's is ever trusted, and he has one key.
fn certificate(input: &[u8], roots: &Roots) {
    let inside = String::from_utf8_lossy(input);
    let armoured = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", inside.trim());
    for pem in [input, armoured.as_bytes()] {
        if let Ok(certificate) = Certificate::read(pem, roots, SIGNED) {
            assert_eq!(certificate.subject(), "CN=Fuzz 1234");
        }
    }
}
