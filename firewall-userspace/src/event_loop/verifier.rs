//! Signatures of callers, verified on a thread of their own: elliptic curves take time, and certificates have to be fetched.
//!
//! Owns: the queue of what is to be verified, and the threads that fetch. Refuses: keeping the loop waiting: what finds no room in
//! the queue stays pending.
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::{debug, warn};

use crate::config::{Config, Stir};
use crate::dataplane::clock;
use crate::engine::command::Verify;
use crate::engine::input::{Signed, Verified};
use crate::stir::{Cache, Clerk, Done, Fetcher, Order, Roots};

/// Claims in the queue: two seconds' worth of what a core verifies.
const QUEUE: usize = 4_096;
/// The longest pause: what was too much to fetch in a minute may be fetched in the next.
const PAUSE: Duration = Duration::from_secs(5);

enum Job {
    Verify(Box<Verify>),
    Configure(Box<Stir>),
    Fetched { url: String, got: Result<Vec<u8>, String> },
}

/// The way to the thread. It ends when this is gone.
pub(super) struct Verifier(Arc<SyncSender<Job>>);

impl Verifier {
    /// Starts the thread, and gives the end where results come out.
    pub(super) fn spawn(config: &Config) -> Result<(Self, UnboundedReceiver<Verified>)> {
        let (jobs, queue) = sync_channel(QUEUE);
        // There are at most two results for each claim that the loop itself has given.
        let (results, out) = unbounded_channel();
        let jobs = Arc::new(jobs);
        let work = Work { jobs: Arc::downgrade(&jobs), results, desk: None };
        let thread = std::thread::Builder::new().name("signatures".to_owned()).spawn(move || work.run(&queue));
        thread.context("starting a thread")?;
        let verifier = Self(jobs);
        verifier.configure(config);
        Ok((verifier, out))
    }

    /// Tells it the config in force. What waits for a certificate is then forgotten, and stays pending.
    pub(super) fn configure(&self, config: &Config) {
        if config.verifies() {
            // Without the thread nothing is verified, and the next claim says so.
            let _ = self.0.send(Job::Configure(Box::new(config.stir().clone())));
        }
    }

    /// Has a signature verified.
    pub(super) fn verify(&self, verify: &Verify) -> Result<()> {
        match self.0.try_send(Job::Verify(Box::new(verify.clone()))) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => bail!("a signature is not verified: too many wait for it"),
            Err(TrySendError::Disconnected(_)) => bail!("a signature is not verified: the thread for it has ended"),
        }
    }
}

struct Work {
    jobs: Weak<SyncSender<Job>>,
    results: UnboundedSender<Verified>,
    desk: Option<(Clerk<Signed>, Fetcher)>,
}

impl Work {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let mut done = Vec::new();
            match queue.recv_timeout(PAUSE) {
                Ok(job) => self.perform(job, &mut done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.fetch();
            for Done { ticket, finding } in done {
                debug!("signature of call {:016x}: {}", ticket.call, finding.why);
                if self.results.send(Verified { signed: ticket, identity: finding.identity }).is_err() {
                    return;
                }
            }
        }
    }

    fn perform(&mut self, job: Job, done: &mut Vec<Done<Signed>>) {
        let now = now();
        match (job, &mut self.desk) {
            (Job::Configure(stir), desk) => *desk = Some(begin(&stir)),
            (Job::Verify(verify), Some((clerk, _))) => {
                let Verify { signed, claim, at } = *verify;
                clerk.take(Order { ticket: signed, claim, at }, now, done);
            }
            (Job::Fetched { url, got }, Some((clerk, _))) => {
                if let Err(why) = &got {
                    debug!("the certificate of {url} can't be had: {why}");
                }
                if let Err(error) = clerk.fetched(&url, got, now, done) {
                    warn!("a certificate can't be kept on disk: {error}");
                }
            }
            (_, None) => {}
        }
    }

    /// Begins what may be fetched now, each on a thread of its own; the clerk bounds how many there are.
    fn fetch(&mut self) {
        let Some((clerk, fetcher)) = &mut self.desk else { return };
        while let (Some(jobs), Some(url)) = (self.jobs.upgrade(), clerk.next_fetch(now())) {
            let fetcher = fetcher.clone();
            let work = move || {
                let got = fetcher.fetch(&url);
                // Nobody waits for it any more once the loop has ended.
                let _ = jobs.send(Job::Fetched { url, got });
            };
            if let Err(error) = std::thread::Builder::new().name("certificate".to_owned()).spawn(work) {
                return warn!("no certificate can be fetched: {error}");
            }
        }
    }
}

fn begin(stir: &Stir) -> (Clerk<Signed>, Fetcher) {
    let directory = stir.roots.as_path();
    let roots = match Roots::read(directory) {
        Ok((roots, wrong)) => {
            wrong.iter().for_each(|wrong| warn!("a root is not trusted: {wrong}"));
            roots
        }
        Err(error) => {
            warn!("no root can be read in {}: {error}", directory.display());
            Roots::default()
        }
    };
    if roots.is_empty() {
        warn!("there are no trusted roots in {}: no caller's signature holds", directory.display());
    }
    let cache = Cache::open(Some(stir.cache.as_path().to_owned()));
    (Clerk::new(stir.rules(), stir.limits(), roots, cache), Fetcher::new(stir.permitted()))
}

fn now() -> i64 {
    clock::now().wall_ms.div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::call::Verdict;
    use crate::engine::input::{Direction, Flow, Via};
    use crate::stir::claim;
    use firewall_common::addr::Addr;
    use firewall_common::copy::Kind;
    use firewall_common::number::Plan;
    use firewall_common::sip::message::parse;
    use std::path::Path;

    /// What the fuzzer's seeds are signed with.
    fn seed(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(name)).unwrap()
    }

    #[test]
    fn a_claim_comes_back_verified() {
        let dir = tempfile::tempdir().unwrap();
        let [roots, cache] = ["roots", "cache"].map(|name| dir.path().join(name));
        [&roots, &cache].into_iter().for_each(|dir| std::fs::create_dir(dir).unwrap());
        std::fs::write(roots.join("root.pem"), seed("src/identity/root.pem")).unwrap();
        let address = b"# https://certificates.carrier.example/1.pem\n";
        std::fs::write(cache.join("1.pem"), [&address[..], &seed("src/identity/signer.pem")].concat()).unwrap();
        let text = format!("[stir]\npolicy = \"log\"\nroots = {roots:?}\ncache = {cache:?}\nfetch = false\n");
        let config = crate::config::parse_str("x.toml", &text).unwrap().config;
        let (verifier, mut results) = Verifier::spawn(&config).unwrap();
        let invite = seed("corpus/identity/shaken");
        let claim = claim(&parse(&invite).unwrap(), &Plan::NONE).unwrap();
        let (remote, local, kind) = (Addr::from_v4([198, 51, 100, 20]), Addr::from_v4([192, 0, 2, 1]), Kind::Stranger);
        let (direction, via, peer) = (Direction::In, Via::Udp, 0);
        let flow = Flow { direction, remote, remote_port: 5_060, local, local_port: 5_060, via, kind, peer };
        let signed = Signed { call: 7, claim: 8, flow };
        verifier.verify(&Verify { signed, claim, at: 1_700_000_000 }).unwrap();
        let verified = results.blocking_recv().unwrap();
        assert_eq!((verified.signed, verified.identity.verdict), (signed, Verdict::Valid));
        drop(verifier);
        assert_eq!(results.blocking_recv(), None, "the thread ends with its owner");
    }
}
