//! The engine: what it remembers, and what reaches it.
//!
//! Owns: the way of each message and each feed's event to where it is judged, and what time alone brings about. Refuses:
//! clocks, kernels, files and sockets; a message for which there is no rule.
use std::collections::HashSet;

use firewall_common::addr::Addr;
use firewall_common::sip::Method;
use firewall_common::sip::message::{Message, parse, parse_head};

use super::accounts::{Account, Pair};
use super::calls::Calls;
use super::clock::Moment;
use super::command::{Command, Connection};
use super::counts::{Counts, Refusals};
use super::evidence::Proof;
use super::facts::{self, Answer, Facts, Request};
use super::fraud::Fraud;
use super::incidents::Incidents;
use super::input::{Direction, Seen, Via};
use super::ledger::{Ledger, Tags};
use super::persist::Changed;
use super::probes::{Left, Probe};
use super::reading;
use super::registers::Registers;
use super::registrations::Registrations;
use super::saved::Key;
use super::settings::{Settings, Sizes};
use super::signs::{Wanted, Warned};
use super::sources::Source;
use super::table::Table;
use super::tally::Tally;
use super::transactions::{Age, EARLY, Early, Transaction};
use super::who::{Case, What, Who};
use crate::clock::Clock;
use crate::config::Config;

/// Follows SIP transactions and decides who is banned, held and trusted.
///
/// Its memory is bounded by the config's `[tracking]`: see [`Engine::memory`].
pub struct Engine {
    pub(super) key: Key,
    pub(super) settings: Settings,
    pub(super) ledger: Ledger,
    tags: Tags,
    pub(super) transactions: Table<Transaction>,
    pub(super) early: Table<Early>,
    pub(super) sources: Table<Source>,
    pub(super) probes: Table<Probe>,
    pub(super) accounts: Table<Account>,
    pub(super) pairs: Table<Pair>,
    pub(super) registrations: Registrations,
    pub(super) calls: Calls,
    pub(super) registers: Registers,
    /// Accounts whose password is known to be weak: hashes.
    pub(super) weak: HashSet<u64>,
    pub(super) fraud: Fraud,
    /// Whom the last message let in with a call, and what proves him.
    pub(super) let_in: Option<(facts::Account, Proof)>,
    /// Half the hash of the last call with a wrong code.
    pub(super) last_code: u32,
    /// Which signs are told, about whom they were told lately, and how many.
    pub(super) wanted: Wanted,
    pub(super) warned: Table<Warned>,
    pub(super) signs: Tally,
    /// Unproven and proven ones.
    pub(super) incidents: [Incidents; 2],
    /// The words for the ways by which incidents came: the transports, and then the feeds.
    pub(super) ways: Vec<String>,
    pub(super) changed: Changed,
    pub(super) counts: Counts,
    pub(super) refusals: Refusals,
    /// Alarms and unproven holds of late, so that they are not too many.
    pub(super) alarms: Tally,
    pub(super) holds: Tally,
    /// When our server answered anybody.
    answered: Moment,
    /// When messages were lost on their way here.
    pub(super) lost: Moment,
    /// When the tables were swept, and the part of them that is next.
    swept: Moment,
    part: usize,
    pruned: Moment,
}

/// Answers that may wait for their request.
const EARLY_PLACES: u32 = 1_024;
/// Sources and accounts of which it is known when an alarm was raised.
const WARNED_PLACES: u32 = 4_096;
/// Parts in which transactions are swept, one a second.
const PARTS: usize = 4;
/// Seconds between two looks for registrations that are known no more.
const PRUNE: u32 = 60;

impl Engine {
    /// An engine that knows nothing yet. `key` must be the one under which records were saved that are to be restored.
    pub fn new(config: &Config, key: Key) -> Self {
        let (sizes, settings) = (Sizes::of(config.tracking()), Settings::of(config));
        Self {
            key,
            calls: Calls::new(config, key, settings.v6_mask, sizes.calls),
            registers: Registers::new(config),
            weak: HashSet::new(),
            settings,
            fraud: Fraud::new(config, sizes.meters),
            let_in: None,
            last_code: 0,
            wanted: Wanted::of(config),
            warned: Table::new(WARNED_PLACES),
            signs: Tally::default(),
            ledger: Ledger::new(sizes.nonces),
            tags: Tags::new(),
            transactions: Table::new(sizes.transactions),
            early: Table::new(EARLY_PLACES),
            sources: Table::new(sizes.sources),
            probes: Table::new(sizes.probes),
            accounts: Table::new(sizes.accounts),
            pairs: Table::new(sizes.pairs),
            registrations: Registrations::new(sizes.registrations),
            incidents: [(); 2].map(|()| Incidents::new(sizes.incidents / 2)),
            ways: vec!["udp".to_owned(), "tcp".to_owned()],
            changed: Changed::default(),
            counts: Counts::default(),
            refusals: Refusals::new(),
            alarms: Tally::default(),
            holds: Tally::default(),
            answered: Moment::NEVER,
            lost: Moment::NEVER,
            swept: Moment::NEVER,
            part: 0,
            pruned: Moment::NEVER,
        }
    }

    /// Goes on with another config. Tables keep their sizes.
    pub fn reconfigure(&mut self, config: &Config) {
        self.settings = Settings::of(config);
        self.calls.reconfigure(config, self.settings.v6_mask);
        self.registers.reconfigure(config);
        self.fraud.reconfigure(config);
        self.wanted = Wanted::of(config);
    }

    /// Takes in a message that passed.
    pub fn handle(&mut self, seen: Seen<'_>, clock: Clock, out: &mut Vec<Command>) {
        let (flow, clock) = (&seen.flow, clock.at(seen.time));
        let is_answer = seen.bytes.starts_with(b"SIP/");
        // Our side's own requests and the answers to them: nobody is judged by these. Nor by what nobody answered because it
        // was dropped.
        let judges = is_answer == (flow.direction == Direction::Out) && seen.refused.is_none();
        if !judges && !self.calls.follows() {
            return;
        }
        let message = match if seen.truncated { parse_head(seen.bytes) } else { parse(seen.bytes) } {
            Ok(message) => message,
            Err(refusal) => return self.refusals.add(refusal),
        };
        if seen.refused.is_some() && flow.via == Via::Tcp {
            let (local, remote) = ((flow.local, flow.local_port), (flow.remote, flow.remote_port));
            out.push(Command::Disconnect(Connection { local, remote }));
        }
        let who = Who::of_flow(flow, self.settings.v6_mask, self.key);
        let follows = self.calls.follows();
        self.let_in = None;
        if follows {
            self.look_for_signs(&message, flow.direction, &who, flow.remote, clock, out);
            self.calls.hear(&message, &seen, clock, out);
            self.refused_code(&message, &seen, clock, out);
        }
        if judges {
            self.hear(&message, &seen, who, clock, out);
        }
        if follows {
            self.stirred(&who, clock, out);
        }
    }

    /// Takes in a message that says something about its sender.
    fn hear(&mut self, message: &Message<'_>, seen: &Seen<'_>, who: Who, clock: Clock, out: &mut Vec<Command>) {
        let flow = &seen.flow;
        let sent = |nonce| self.ledger.is_sent(self.key, who.hash, nonce);
        let facts = reading::read(message, seen.bytes, self.key, sent);
        self.note_registers(message, &facts, flow, clock);
        match facts {
            Facts::Request(request) => self.request(who, flow.remote, &request, clock, out),
            Facts::Answer(answer) => self.answer(who, flow.remote, &answer, clock, out),
        }
    }

    /// Messages were lost on their way to the engine. What was not seen is then no evidence.
    pub fn note_loss(&mut self, clock: Clock) {
        self.lost = clock.now();
    }

    /// Does what time alone brings about; to be called every second or so.
    pub fn tick(&mut self, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        if now.since(self.swept) == 0 {
            return;
        }
        self.swept = now;
        self.calls.tick(clock, out);
        self.stirred(&Who::default(), clock, out);
        self.sweep_transactions(clock, out);
        self.sweep_early(clock, out);
        self.registers.sweep(now);
        if now.since(self.pruned) >= PRUNE {
            self.pruned = now;
            self.registrations.prune(self.settings.known_for, now);
        }
    }

    pub(super) fn request(&mut self, who: Who, remote: Addr, request: &Request, clock: Clock, out: &mut Vec<Command>) {
        let remote = if request.elsewhere && !who.connected { ELSEWHERE } else { remote };
        let (now, at) = (clock.now(), self.place(request.transaction, remote, who.connected));
        let (ledger, key) = (&self.ledger, self.key);
        let sent = |nonce| ledger.is_sent(key, who.hash, nonce);
        self.counts.requests += 1;
        match request.method {
            Method::Ack => return self.acknowledge(at, request, clock, out),
            Method::Cancel => return,
            _ => {}
        }
        if request.credentials().any(|it| sent(it.nonce)) {
            end_of_left(&mut self.probes, who);
        }
        let fresh = match self.transactions.get_mut(at) {
            Some(known) => known.again(request, sent, now),
            None => self.transactions.entry(at, || Transaction::new(who, *request, now), now).is_some(),
        };
        if !fresh || self.early.len() == 0 {
            return;
        }
        if let Some(Early { answer: Some(answer), .. }) = self.early.remove(at) {
            self.meet(at, &answer, clock, out);
        }
    }

    pub(super) fn answer(&mut self, who: Who, remote: Addr, answer: &Answer, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        let places = [remote, ELSEWHERE].map(|to| self.place(answer.transaction, to, who.connected));
        let at = places.into_iter().find(|at| self.transactions.get(*at).is_some()).unwrap_or(places[0]);
        self.counts.answers += 1;
        self.answered = now;
        let asks = self.transactions.get(at).map_or(0, |it| it.request.asks);
        for (nonce, realm) in answer.challenges().map(|it| (it.nonce, it.realm)).chain([(answer.next_nonce, 0)]) {
            if nonce != 0 {
                self.ledger.issue(self.key, who.hash, nonce, [realm, asks], now);
            }
        }
        match self.transactions.get(at) {
            Some(transaction) if answer.status < 200 => {
                let transaction = *transaction;
                self.progress(&transaction, answer, clock);
            }
            Some(_) => self.meet(at, answer, clock, out),
            None if is_early(answer) => {
                let early = || Early { who, answer: Some(*answer), at: now };
                self.early.entry(at, early, now);
            }
            None => {}
        }
    }

    /// A request and its final answer.
    fn meet(&mut self, at: u64, answer: &Answer, clock: Clock, out: &mut Vec<Command>) {
        let Some(transaction) = self.transactions.get_mut(at) else { return };
        if !transaction.answered() {
            return;
        }
        let copy = *transaction;
        // A tag that the request brought along is not our server's: whoever sends many must not wash out those that are.
        let made_up = answer.to_tag != 0 && copy.request.to_tag == 0;
        let guessable = made_up && self.tags.is_guessable(answer.to_tag_half, answer.to_tag);
        let Some(case) = self.judge(&copy, answer, clock, out) else { return };
        let may_prove = copy.request.method == Method::Invite && !case.is_proven();
        match self.transactions.get_mut(at).filter(|_| may_prove) {
            Some(transaction) => transaction.await_ack(case.what, answer, guessable),
            None => self.incident(&copy.who, &case, clock, out),
        }
    }

    /// The ACK to a refused call proves that its sender received the refusal.
    fn acknowledge(&mut self, at: u64, request: &Request, clock: Clock, out: &mut Vec<Command>) {
        let Some(transaction) = self.transactions.get_mut(at) else { return };
        let Some(((what, status), proven)) = transaction.acknowledged(request.to_tag) else { return };
        let copy = *transaction;
        let proof = if proven { Proof::Tag } else { Proof::None };
        self.incident(&copy.who, &Case::of(&copy.request, what, status, proof), clock, out);
    }

    fn sweep_transactions(&mut self, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        self.part = (self.part + 1) % PARTS;
        let mut aged = Vec::new();
        self.transactions.sweep(self.part, PARTS, |_, transaction| {
            let age = transaction.age(now);
            if matches!(age, Age::Unacknowledged(_) | Age::Unanswered) {
                aged.push((transaction.who, transaction.request, transaction.at, age));
            }
            matches!(age, Age::Open | Age::Unacknowledged(_))
        });
        for (who, request, at, age) in aged {
            let (what, status) = match age {
                Age::Unacknowledged(refused) => refused,
                // While nobody is answered, it is our server that is at fault, or nothing of it is heard.
                _ if self.answered < at.plus(1) => continue,
                _ => (What::Left, 0),
            };
            self.incident(&who, &Case::of(&request, what, status, Proof::None), clock, out);
        }
    }

    /// Answers whose request never came: the strict reader refused it, or it was lost. That our server refused it, or could
    /// not read it either, is an incident all the same.
    fn sweep_early(&mut self, clock: Clock, out: &mut Vec<Command>) {
        let now = clock.now();
        let mut aged = Vec::new();
        self.early.sweep(0, 1, |_, early| {
            let stays = early.at.within(EARLY, now);
            aged.extend(early.answer.filter(|_| !stays).map(|it| (early.who, it)));
            stays
        });
        // Successes first: what was answered before them is forgiven by them.
        aged.sort_by_key(|(_, answer)| answer.status);
        for (who, answer) in aged {
            let what = match answer.status {
                200..300 => {
                    self.end_of_unread(who);
                    continue;
                }
                status if is_malformed(status) => What::Malformed,
                _ => What::Unread,
            };
            let request = Request { method: answer.method, ..Request::blank() };
            let proof = if who.connected { Proof::Connection } else { Proof::None };
            self.incident(&who, &Case::of(&request, what, answer.status, proof), clock, out);
        }
    }

    /// Whoever registers is no guesser, whether his requests can be read or not.
    fn end_of_unread(&mut self, who: Who) {
        if let Some(probe) = self.probes.get_mut(who.hash) {
            probe.unread = Left::default();
        }
    }

    /// Where a transaction with a remote address stands. One over a connection is another than one by datagrams, whatever
    /// they call themselves.
    fn place(&self, transaction: u64, remote: Addr, connected: bool) -> u64 {
        self.key.joined(transaction, self.key.source(remote) ^ u64::from(connected))
    }
}

/// Instead of the remote address of a request that wants its answer sent elsewhere.
const ELSEWHERE: Addr = Addr { hi: 0, lo: 0 };

/// Whoever answers challenges does not leave them.
fn end_of_left(probes: &mut Table<Probe>, who: Who) {
    if let Some(probe) = probes.get_mut(who.hash) {
        probe.left = Left::default();
    }
}

/// Whether an answer would be judged if its request were known.
fn is_early(answer: &Answer) -> bool {
    let is_success = (200..300).contains(&answer.status) && answer.method == Method::Register;
    is_success || matches!(answer.status, 401 | 403 | 404 | 407 | 410 | 604) || is_malformed(answer.status)
}

/// Whether a status says that the server could not make sense of a request (RFC 3261 §21.4, §21.5).
pub(super) const fn is_malformed(status: u16) -> bool {
    matches!(status, 400 | 414 | 416 | 420 | 421 | 493 | 505 | 513)
}
