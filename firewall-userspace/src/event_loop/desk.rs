//! Where input becomes commands, and commands become what the kernel does.
//!
//! Owns: the engine, the wire's follower, and the rule that commands are carried out before anything more is read. Refuses:
//! waiting, and the database: a ban holds before anybody has written it down.
mod sparing;

use std::collections::HashSet;
use std::sync::Arc;

use firewall_common::addr::{Addr, Prefix};
use firewall_common::copy::CopyHead;
use tokio::io::unix::AsyncFdReadyMutGuard;
use tracing::{debug, info, warn};

use super::auditor::{AuditCounts, Auditor};
use super::calls;
use super::hands::{Hands, OfGeneration};
use super::responder;
use super::verifier::Verifier;
use crate::clock::Clock;
use crate::config::Config;
use crate::dataplane::{CopyRing, RunningPeer, clock};
use crate::engine::call::{self, Call};
use crate::engine::command::{Command, Hold};
use crate::engine::input::{FeedEvent, Verified};
use crate::engine::saved::{Key, Record};
use crate::engine::{self, Engine};
use crate::entries::prefix_text;
use crate::entries::source_prefix;
use crate::numbers::Numbers;
use crate::report::text::{plain, shorten};
use crate::report::{alarm, evidence, time::instant};
use crate::wire::{self, Limits, Wire};
use sparing::Sparing;

/// Copies read before other things get their turn.
const AT_ONCE: usize = 256;
/// The most commands that wait for the keeper; a promotion takes some hundred bytes.
const LEARNED_MAX: usize = 65_536;
/// Of these, the most calls; one takes some two thousand bytes.
const CALLS_MAX: usize = 8_192;

/// The widest that an account is in a line of the log.
const NAME_WIDTH: usize = 64;

/// Whom the policy knows, for the log.
pub(super) struct Names {
    /// Bits of an IPv6 address that make a source.
    pub(super) v6_prefix: u8,
    /// The peers.
    pub(super) peers: Vec<RunningPeer>,
}

/// The engine between its input and the kernel.
pub(super) struct Desk {
    wire: Wire,
    engine: Engine,
    hands: Hands,
    names: Names,
    commands: Vec<Command>,
    learned: Vec<Command>,
    urgent: bool,
    /// Copies that the kernel has lost so far.
    lost: u64,
    troubles: Sparing,
    holds: Sparing,
    auditor: Auditor,
    /// The config that the auditor was too busy to hear.
    untold: Option<Box<Config>>,
}

impl Desk {
    /// `records` are the calls that an earlier daemon followed.
    pub(super) fn new(
        mut engine: Engine,
        of_generation: OfGeneration,
        names: Names,
        auditor: Auditor,
        verifier: Verifier,
        records: &[Call],
    ) -> Self {
        let now = clock::now();
        calls::begin(&mut engine, &of_generation, records, now);
        let hands = Hands::new(of_generation, verifier, now);
        let lost = hands.enforcer.copies_lost().unwrap_or(0);
        let wire = Wire::new(&Limits::default());
        let (troubles, holds) = (Sparing::default(), Sparing::default());
        let (commands, learned, urgent, untold) = (vec![], vec![], false, None);
        Self { wire, engine, hands, names, commands, learned, urgent, lost, troubles, holds, auditor, untold }
    }

    pub(super) fn reopen(&mut self, of_generation: OfGeneration, names: Names) {
        calls::go_on(&mut self.engine, &of_generation);
        self.hands.reopen(of_generation, clock::now());
        self.lost = self.hands.enforcer.copies_lost().unwrap_or(0);
        self.names = names;
    }

    pub(super) fn reconfigure(&mut self, config: &Config) {
        self.engine.reconfigure(config);
        self.tell_auditor(config);
        self.hands.reconfigure(config);
    }

    /// Tells the auditor the config in force.
    pub(super) fn tell_auditor(&mut self, config: &Config) {
        self.untold = if self.auditor.configure(config) { None } else { Some(Box::new(config.clone())) };
    }

    pub(super) fn set_numbers(&mut self, numbers: Arc<Numbers>) {
        self.engine.set_numbers(numbers);
    }

    /// Reads some copies of a ring.
    pub(super) fn read(&mut self, mut ready: AsyncFdReadyMutGuard<'_, CopyRing>) {
        let now = clock::now();
        for _ in 0..AT_ONCE {
            let Some(record) = ready.get_inner_mut().next_copy() else {
                // Not before the ring is empty: the kernel wakes a reader only when it has read everything.
                return ready.clear_ready();
            };
            // One that contradicts itself is of a kernel program that this one does not know.
            if let Some((head, payload)) = CopyHead::split(&record) {
                self.take(&head, payload, now);
            }
        }
    }

    fn take(&mut self, head: &CopyHead, payload: &[u8], now: Clock) {
        let (engine, commands) = (&mut self.engine, &mut self.commands);
        self.wire.take(head, payload, &mut |seen| engine.handle(seen, now, commands));
        self.carry_out(now);
    }

    /// Takes in what a feed tells.
    pub(super) fn hear(&mut self, event: &FeedEvent) {
        let now = clock::now();
        match self.hands.enforcer.standing(event.source) {
            Ok(standing) => self.engine.feed(event, standing, now, &mut self.commands),
            // Without knowing whether it is a peer, nothing may be held against it.
            Err(error) => warn!("an event of feed {} is not heard: {error}", event.feed),
        }
        self.carry_out(now);
    }

    /// Takes in what came of signatures.
    pub(super) fn verified(&mut self, verified: &Verified) {
        let now = clock::now();
        self.engine.verified(verified, now, &mut self.commands);
        self.carry_out(now);
    }

    /// Does what time alone brings about, and notes whether the kernel has lost copies meanwhile.
    pub(super) fn second(&mut self) {
        let now = clock::now();
        let lost = self.hands.enforcer.copies_lost().unwrap_or(self.lost);
        if lost != self.lost {
            self.lost = lost;
            self.engine.note_loss(now);
        }
        calls::seen(&mut self.engine, &self.hands.second(now));
        if let Some(config) = self.untold.take() {
            self.tell_auditor(&config);
        }
        for (account, weak) in self.auditor.found() {
            self.engine.set_weak(&account, weak);
        }
        self.engine.tick(now, &mut self.commands);
        self.carry_out(now);
        if let Some(count) = self.holds.left_out(now) {
            info!("{count} more were held to a trickle, without a line of their own");
        }
        if let Some(count) = self.troubles.left_out(now) {
            warn!("{count} more commands could not be carried out");
        }
    }

    fn carry_out(&mut self, now: Clock) {
        self.auditor.offer(self.engine.take_samples());
        for command in self.commands.drain(..) {
            if let Err(error) = self.hands.carry_out(&command, now) {
                if self.troubles.admits(now) {
                    warn!("{error}");
                }
                calls::failed(&mut self.engine, &command);
            }
            if !matches!(command, Command::Hold(_)) || self.holds.admits(now) {
                tell(&command, &self.names);
            }
            self.urgent |= matches!(command, Command::Ban(_));
            if !is_of_the_moment(&command) {
                self.learned.push(command);
            }
        }
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.urgent
    }

    pub(super) fn take_learned(&mut self) -> Vec<Command> {
        self.urgent = false;
        std::mem::take(&mut self.learned)
    }

    /// Takes back what the keeper had no room for. It must not grow without end; bans stay.
    pub(super) fn keep(&mut self, mut learned: Vec<Command>) {
        learned.append(&mut self.learned);
        only_the_newest(&mut learned);
        if learned.len() > LEARNED_MAX {
            learned.retain(|command| matches!(command, Command::Ban(_)));
        }
        self.learned = learned;
    }

    pub(super) fn changed(&mut self) -> (Vec<Record>, Key) {
        let mut records = Vec::new();
        self.engine.export(clock::now(), |record| records.push(record));
        (records, self.engine.key())
    }

    pub(super) fn lifted(&mut self, sources: &[Prefix]) {
        let sources: Vec<Addr> = sources.iter().map(|source| Addr::from_bytes(source.addr)).collect();
        self.engine.lifted(&sources, clock::now());
    }

    pub(super) fn engine_counts(&self) -> engine::Counts {
        self.engine.counts()
    }

    pub(super) fn audit_counts(&self) -> AuditCounts {
        self.auditor.counts()
    }

    pub(super) fn answer_counts(&self) -> responder::Counts {
        self.hands.answer_counts()
    }

    pub(super) fn wire_counts(&self) -> wire::Counts {
        self.wire.counts()
    }
}

/// Of a call only the last record says something; and there must not be more of them than the keeper writes in a while.
fn only_the_newest(learned: &mut Vec<Command>) {
    let mut known = HashSet::new();
    learned.reverse();
    learned.retain(|command| match command {
        Command::Call(call) => known.len() < CALLS_MAX && known.insert((call.id, call.started)),
        _ => true,
    });
    learned.reverse();
}

/// Whether nothing of it is written down.
const fn is_of_the_moment(command: &Command) -> bool {
    matches!(
        command,
        Command::Pinholes(_)
            | Command::Answer(_)
            | Command::Disconnect(_)
            | Command::Dialog(_)
            | Command::Verify(_)
            | Command::BlockPrefix(_)
    )
}

fn tell(command: &Command, names: &Names) {
    match command {
        Command::Ban(ban) => {
            let (source, why) = (names.text(ban.source), evidence::sentence(&ban.evidence));
            info!("{source} is banned until {} (step {}): {why}", instant(ban.until), ban.step);
        }
        Command::Hold(hold) => info!("{}", held(hold, &names.text(hold.source))),
        Command::Alarm(one) => warn!("{}", alarm::sentence(one, names.peer(one.peer), names.v6_prefix)),
        Command::Promote(one) => {
            debug!("{} is a registrant until {}", names.text(one.source), instant(one.trusted_until))
        }
        Command::BlockPrefix(block) => {
            let (source, why) = (names.text(block.source), evidence::sentence(&block.evidence));
            let prefix = block.prefix.digits;
            info!("{source} may not call numbers that begin with {prefix} until {}: {why}", instant(block.until));
        }
        Command::Disconnect(one) => {
            let [local, remote] = [one.local, one.remote].map(|(host, port)| call::socket(host, port));
            debug!("the connection between {local} and {remote} was ended: a request on it was dropped");
        }
        Command::Pinholes(_)
        | Command::Answer(_)
        | Command::Dialog(_)
        | Command::Verify(_)
        | Command::Call(_)
        | Command::Device(_) => {}
        Command::Demote(one) => debug!("{} is trusted until {}", names.text(one.source), instant(one.until)),
    }
}

fn held(hold: &Hold, source: &str) -> String {
    let why = evidence::hold_sentence(&hold.evidence, hold.account.is_none());
    let name = |bytes: &Vec<u8>| shorten(&plain(&String::from_utf8_lossy(bytes)), NAME_WIDTH);
    let whom = match hold.account.as_ref().map(name) {
        Some(account) => format!("attempts at account {account} from {source} are"),
        None => format!("{source} is"),
    };
    format!("{whom} held to a trickle until {}: {why}", instant(hold.until))
}

impl Names {
    fn text(&self, source: Addr) -> String {
        prefix_text(source_prefix(source, self.v6_prefix))
    }

    fn peer(&self, id: u32) -> Option<&str> {
        self.peers.iter().find(|peer| peer.id == id).map(|peer| peer.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::command::Demote;
    use crate::engine::evidence::{Evidence, Rule};

    #[test]
    fn a_hold_is_told_with_its_account_or_without_proof() {
        let (count, allowed, within, incidents, next_seconds) = (5, 5, 600, vec![], 0);
        let evidence = Evidence { rule: Rule::Failures, count, allowed, within, incidents, next_seconds };
        let whole = Hold { source: std::net::Ipv4Addr::new(198, 51, 100, 7).into(), account: None, until: 0, evidence };
        let said = held(&whole, "198.51.100.7");
        assert!(said.starts_with("198.51.100.7 is held") && said.contains("5 unproven failed"), "{said}");
        let said = held(&Hold { account: Some(b"1\x1b0".to_vec()), ..whole }, "198.51.100.7");
        assert!(said.starts_with("attempts at account 1\\u{1b}0 from 198.51.100.7 are held"), "{said}");
        assert!(!said.contains("unproven"), "{said}");
    }

    #[test]
    fn of_a_call_the_newest_record_waits_for_the_keeper() {
        let call = |id, answered| Command::Call(Box::new(Call { answered: Some(answered), ..Call::blank(id) }));
        let demote = Command::Demote(Demote { source: Addr::NONE, account: None, until: 0 });
        let mut learned = vec![call(1, 1), demote.clone(), call(2, 1), call(1, 2)];
        only_the_newest(&mut learned);
        assert_eq!(learned, [demote.clone(), call(2, 1), call(1, 2)]);
        learned.extend((3..10_000).map(|id| call(id, 1)));
        only_the_newest(&mut learned);
        assert_eq!((learned.len(), &learned[0], learned.last()), (CALLS_MAX + 1, &demote, Some(&call(9_999, 1))));
    }
}
