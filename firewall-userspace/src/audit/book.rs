//! What is known of each account's password.
//!
//! Owns: whose turn it is, what else an accepted digest shows, and the bounds of both. Refuses: files, clocks and threads.
use std::collections::HashMap;
use std::num::NonZeroUsize;

use lru::LruCache;

use super::guesses::Guesses;
use super::sample::Sample;

/// Accounts that are known at most. One more is not audited until another one is forgotten, by a restart.
const ACCOUNTS: usize = 65_536;
/// Nonces whose use is remembered.
const NONCES: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
/// A weak password is tried again so soon, so that the account leaves the list when its password has changed.
const WEAK_AGAIN: i64 = 24 * 3_600 * 1_000;

/// What was found of an account: how weak it is, and never its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The account.
    pub account: String,
    /// Unix milliseconds of its last audit.
    pub audited: i64,
    /// Unix milliseconds since which its password is known to be weak; none if it is not.
    pub weak: Option<i64>,
    /// Whether its server offers nothing better than MD5.
    pub md5_only: bool,
    /// Whether the server accepted a nonce from it that had been used before.
    pub nonce_reused: bool,
    /// Whether its credentials came without TLS although TLS is offered.
    pub clear: bool,
}

/// What a sample came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What is to be written down, if anything has changed.
    pub finding: Option<Finding>,
    /// Whether the password was not known to be weak before.
    pub newly_weak: bool,
    /// Whether it was not weak any more.
    pub mended: bool,
    /// Whether an audit was made.
    pub audited: bool,
}

/// How a nonce was used last.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Use {
    by: (u64, firewall_common::addr::Addr),
    count: Option<u32>,
}

/// All accounts.
pub struct Book {
    accounts: HashMap<String, Finding>,
    nonces: LruCache<u64, Use>,
    again: i64,
    tls: bool,
}

impl Book {
    /// Begins with what was found earlier. An account is audited again after so many milliseconds; `tls` tells whether TLS
    /// is offered.
    pub fn new(known: impl IntoIterator<Item = Finding>, again: i64, tls: bool) -> Self {
        let accounts = known.into_iter().take(ACCOUNTS).map(|finding| (finding.account.clone(), finding)).collect();
        Self { accounts, nonces: LruCache::new(NONCES), again, tls }
    }

    /// Goes on by other rules.
    pub fn reconfigure(&mut self, again: i64, tls: bool) {
        (self.again, self.tls) = (again, tls);
    }

    /// How many accounts are known to be weak.
    pub fn weak(&self) -> usize {
        self.accounts.values().filter(|finding| finding.weak.is_some()).count()
    }

    /// Takes in a sample: audits its account if it is its turn. What is left of the sample afterwards is nothing.
    pub fn take(&mut self, sample: Sample, guesses: &Guesses, now: i64) -> Seen {
        let reused = self.is_reused(&sample);
        let known = self.accounts.get(&sample.account);
        if known.is_none() && self.accounts.len() >= ACCOUNTS {
            return Seen::default();
        }
        let blank = || Finding {
            account: sample.account.clone(),
            audited: 0,
            weak: None,
            md5_only: false,
            nonce_reused: false,
            clear: false,
        };
        let before = known.cloned().unwrap_or_else(blank);
        let mut after = before.clone();
        after.nonce_reused |= reused;
        after.clear = self.tls;
        after.md5_only = sample.md5_only.unwrap_or(before.md5_only);
        let due = self.is_due(&before, now);
        if due {
            let realm = String::from_utf8_lossy(&sample.realm);
            let (weak, _) = sample.is_any_of(guesses.of(&sample.account, &realm));
            after.audited = now;
            after.weak = weak.then(|| before.weak.unwrap_or(now));
        }
        if after == before {
            return Seen::default();
        }
        self.accounts.insert(after.account.clone(), after.clone());
        Seen {
            newly_weak: before.weak.is_none() && after.weak.is_some(),
            mended: before.weak.is_some() && after.weak.is_none(),
            audited: due,
            finding: Some(after),
        }
    }

    fn is_due(&self, known: &Finding, now: i64) -> bool {
        let again = if known.weak.is_some() { self.again.min(WEAK_AGAIN) } else { self.again };
        known.audited == 0 || now.saturating_sub(known.audited) >= again
    }

    /// Whether the server accepted a nonce again: of somebody else, or without a higher count.
    fn is_reused(&mut self, sample: &Sample) -> bool {
        let by = (hash(&sample.account), sample.source);
        let now = Use { by, count: sample.count };
        let before = self.nonces.put(sample.nonce_hash, now);
        before.is_some_and(|it| it.by != by || sample.count.is_none() || sample.count <= it.count)
    }
}

/// For telling accounts apart within this process only.
fn hash(account: &str) -> u64 {
    firewall_common::sip::account::hash(account.as_bytes())
}

#[cfg(test)]
mod tests {
    use firewall_common::addr::Addr;
    use md5::{Digest as _, Md5};

    use super::*;
    use crate::audit::Kinds;
    use crate::audit::digest::tests::sample;

    const DAY: i64 = 24 * 3_600 * 1_000;
    const NOW: i64 = 1_800_000_000_000;

    fn hex(text: String) -> String {
        Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn of(account: &str, password: &str, nonce: u64, nc: Option<u32>) -> Sample {
        let secret = hex(format!("{account}:pbx:{password}"));
        let request = hex("REGISTER:sip:pbx".to_owned());
        let (response, more) = match nc {
            Some(nc) => {
                (hex(format!("{secret}:n:{nc:08x}:c:auth:{request}")), format!(", qop=auth, nc={nc:08x}, cnonce=\"c\""))
            }
            None => (hex(format!("{secret}:n:{request}")), String::new()),
        };
        let credentials = format!(
            "Digest username=\"{account}\", realm=\"pbx\", nonce=\"n\", uri=\"sip:pbx\", response=\"{response}\"{more}"
        );
        let sample = sample("REGISTER", &credentials, "").unwrap();
        Sample { account: account.to_owned(), nonce_hash: nonce, ..sample }
    }

    fn guesses() -> Guesses {
        let kinds = Kinds { account: true, patterns: true, years: true, realm: true, vendors: true };
        Guesses::new(kinds, vec![b"Tannenzapfen".as_slice().into()], 100_000)
    }

    #[test]
    fn weak_passwords_are_found_and_strong_ones_are_not() {
        let (mut book, guesses) = (Book::new([], 30 * DAY, false), guesses());
        for (account, password, weak) in [
            ("100", "100", true),
            ("101", "1234", true),
            ("102", "Tannenzapfen", true),
            ("103", "pbx", true),
            ("104", "kX9#vQ2mLw", false),
        ] {
            let seen = book.take(of(account, password, 1, Some(1)), &guesses, NOW);
            assert_eq!((seen.audited, seen.newly_weak), (true, weak), "{account}");
            let finding = seen.finding.unwrap();
            assert_eq!((finding.weak, finding.audited), (weak.then_some(NOW), NOW));
        }
        assert_eq!(book.weak(), 4);
    }

    #[test]
    fn an_account_is_audited_again_after_its_time() {
        let (mut book, guesses) = (Book::new([], 30 * DAY, false), guesses());
        let mut at = |password: &str, nonce, days: i64| {
            let seen = book.take(of("100", password, nonce, Some(1)), &guesses, NOW + days * DAY);
            (seen.audited, seen.newly_weak, seen.mended)
        };
        assert_eq!(at("1234", 1, 0), (true, true, false));
        assert_eq!(at("kX9#vQ2mLw", 2, 0), (false, false, false), "not its turn");
        assert_eq!(at("kX9#vQ2mLw", 3, 1), (true, false, true), "a weak one's turn is soon");
        assert_eq!(at("1234", 4, 29), (false, false, false));
        assert_eq!(at("1234", 5, 31), (true, true, false));
        let known = Finding { account: "100".to_owned(), audited: NOW, ..book.accounts["100"].clone() };
        let mut later = Book::new([known], 30 * DAY, false);
        assert!(!later.take(of("100", "1234", 6, Some(1)), &guesses, NOW + DAY / 2).audited, "known over a restart");
    }

    #[test]
    fn nonces_that_are_used_again_are_a_sign() {
        let guesses = guesses();
        let told = |second: Sample| {
            let mut book = Book::new([], 30 * DAY, false);
            book.take(of("100", "x1", 7, Some(1)), &guesses, NOW);
            book.take(second, &guesses, NOW).finding.is_some_and(|finding| finding.nonce_reused)
        };
        assert!(!told(of("100", "x1", 7, Some(2))), "counted on");
        assert!(told(of("100", "x1", 7, Some(1))) && told(of("100", "x1", 7, None)));
        assert!(told(of("101", "x1", 7, Some(2))), "somebody else's");
        assert!(told(Sample { source: Addr::from_v4([203, 0, 113, 1]), ..of("100", "x1", 7, Some(2)) }));
        assert!(!told(of("100", "x1", 8, Some(1))), "another nonce");
    }

    #[test]
    fn md5_and_clear_text_are_signs() {
        let (mut book, guesses) = (Book::new([], 30 * DAY, true), guesses());
        let sample = Sample { md5_only: Some(true), ..of("100", "x1", 7, Some(1)) };
        let finding = book.take(sample, &guesses, NOW).finding.unwrap();
        assert!(finding.md5_only && finding.clear && finding.weak.is_none());
        let sample = Sample { md5_only: None, ..of("100", "x1", 7, Some(2)) };
        assert_eq!(book.take(sample, &guesses, NOW), Seen::default(), "nothing new");
    }
}
