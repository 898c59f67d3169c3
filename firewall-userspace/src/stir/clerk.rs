//! Claims in, findings out: at once where the certificate is here, later where it is fetched.
//!
//! Owns: what waits for which certificate, what is fetched next, and the bounds on both. Refuses: threads and sockets: whoever calls
//! it fetches, and says what came.
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;

use lru::LruCache;
use ureq::http::Uri;

use super::cache::Cache;
use super::certificate::Roots;
use super::claim::Claim;
use super::verify::{Finding, Held, Rules, verify};
use crate::engine::call::Verdict;

/// Addresses that failed, as far as they are remembered, and for how many seconds.
const FAILED_MAX: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();
const FAILED_FOR: i64 = 60;

/// How much may wait, and how much is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whether anything is fetched.
    pub fetch: bool,
    /// Seconds after which a certificate is fetched anew; meanwhile the old one holds.
    pub keep: i64,
    /// Claims that wait for a certificate.
    pub claims: usize,
    /// Addresses that wait to be fetched.
    pub waiting: usize,
    /// Fetches at a time, and of these of one host.
    pub at_once: usize,
    /// Fetches at a time of one host.
    pub per_host: usize,
    /// Fetches that are begun in a minute.
    pub per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { fetch: true, keep: 86_400, claims: 1_024, waiting: 64, at_once: 4, per_host: 1, per_minute: 60 }
    }
}

/// Something to verify.
#[derive(Clone, Debug)]
pub struct Order<T> {
    /// Whose it is.
    pub ticket: T,
    /// What is claimed.
    pub claim: Claim,
    /// Unix seconds of the message.
    pub at: i64,
}

/// What came of it. One that is pending comes once more.
#[derive(Clone, Debug)]
pub struct Done<T> {
    /// Whose it is.
    pub ticket: T,
    /// What was found.
    pub finding: Finding,
}

/// What an order came to.
enum Step {
    Known(Finding),
    Wait(String, Finding),
}

/// Verifies, and keeps what has to wait.
#[derive(Debug)]
pub struct Clerk<T> {
    rules: Rules,
    limits: Limits,
    roots: Roots,
    cache: Cache,
    waiting: HashMap<String, Vec<Order<T>>>,
    waits: usize,
    queue: VecDeque<String>,
    /// Addresses that are being fetched, with their hosts.
    under_way: HashMap<String, String>,
    failed: LruCache<String, (i64, String)>,
    /// The minute, and the fetches that were begun in it.
    begun: (i64, u32),
}

impl<T: Clone> Clerk<T> {
    /// One with these roots and this cache.
    pub fn new(rules: Rules, limits: Limits, roots: Roots, cache: Cache) -> Self {
        Self {
            rules,
            limits,
            roots,
            cache,
            waiting: HashMap::new(),
            waits: 0,
            queue: VecDeque::new(),
            under_way: HashMap::new(),
            failed: LruCache::new(FAILED_MAX),
            begun: (0, 0),
        }
    }

    /// Takes in a claim.
    pub fn take(&mut self, order: Order<T>, now: i64, out: &mut Vec<Done<T>>) {
        match self.look(&order.claim, order.at, now) {
            Step::Known(finding) => out.push(Done { ticket: order.ticket, finding }),
            Step::Wait(url, finding) => {
                out.push(Done { ticket: order.ticket.clone(), finding });
                self.waits += 1;
                self.waiting.entry(url).or_default().push(order);
            }
        }
    }

    /// What is to be fetched now, if anything is.
    pub fn next_fetch(&mut self, now: i64) -> Option<String> {
        let minute = now.div_euclid(60);
        if self.begun.0 != minute {
            self.begun = (minute, 0);
        }
        if self.under_way.len() >= self.limits.at_once || self.begun.1 >= self.limits.per_minute {
            return None;
        }
        let busy = |host: &str| self.under_way.values().filter(|other| *other == host).count() >= self.limits.per_host;
        let place = self.queue.iter().position(|url| !busy(&host(url)))?;
        let url = self.queue.remove(place)?;
        self.begun.1 += 1;
        self.under_way.insert(url.clone(), host(&url));
        Some(url)
    }

    /// Takes in what was fetched, or why nothing was, and verifies what has waited for it.
    pub fn fetched(
        &mut self,
        url: &str,
        got: Result<Vec<u8>, String>,
        now: i64,
        out: &mut Vec<Done<T>>,
    ) -> std::io::Result<()> {
        self.under_way.remove(url);
        let kept = match got {
            Ok(pem) => self.cache.put(url, &pem, &self.roots, now).inspect_err(|why| {
                self.failed.put(url.to_owned(), (now, why.to_string()));
            }),
            Err(why) => {
                self.failed.put(url.to_owned(), (now, why));
                Ok(())
            }
        };
        let orders = self.waiting.remove(url).unwrap_or_default();
        self.waits -= orders.len();
        for order in orders {
            self.take(order, now, out);
        }
        kept
    }

    fn look(&mut self, claim: &Claim, at: i64, now: i64) -> Step {
        let Self { rules, roots, cache, failed, limits, .. } = self;
        let mut old = Vec::new();
        let mut finding = verify(claim, at, rules, &mut |url| {
            let (held, age) = cache.look(url, roots, now);
            let lasting = failed.peek(url).filter(|(since, _)| now.saturating_sub(*since) < FAILED_FOR);
            match (held, lasting) {
                (Held::Missing, Some((_, why))) => Held::Absent(why.clone()),
                (Held::Missing, None) if !limits.fetch => Held::Absent("it is not in the directory".to_owned()),
                (held @ Held::Trusted(_), None) if age > limits.keep => {
                    old.push(url.to_owned());
                    held
                }
                (held, _) => held,
            }
        });
        for url in old {
            self.want(&url);
        }
        let Some(url) = finding.missing.take() else { return Step::Known(finding) };
        if self.waits < self.limits.claims && self.want(&url) {
            return Step::Wait(url, finding);
        }
        // Nothing is wrong with it, and whoever fills the queue must not take others' calls away.
        finding.identity.verdict = if self.limits.fetch { Verdict::Pending } else { Verdict::NoCertificate };
        finding.why = format!("the certificate of {url}: too many others are waited for");
        Step::Known(finding)
    }

    /// Puts an address into the queue, if there is room and it may be fetched.
    fn want(&mut self, url: &str) -> bool {
        if self.under_way.contains_key(url) || self.queue.iter().any(|other| other == url) {
            return true;
        }
        let has_room = self.limits.fetch && self.queue.len() < self.limits.waiting;
        if has_room {
            self.queue.push_back(url.to_owned());
        }
        has_room
    }
}

fn host(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    uri.and_then(|uri| Some(uri.host()?.to_ascii_lowercase())).unwrap_or_default()
}
