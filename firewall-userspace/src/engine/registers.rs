//! REGISTERs with credentials that wait for their answer, with what the ledger does not keep of them: for the inventory of
//! devices and the audit of passwords.
//!
//! Owns: their bounds, and that a digest stays no longer than its transaction. Refuses: judging by them, and what a server
//! has not accepted.
use std::collections::{BTreeMap, HashMap, VecDeque};

use firewall_common::sip::message::{Algorithm, Contact, Message};

use super::clock::Moment;
use super::command::Device;
use super::facts::Request;
use super::input::Flow;
use crate::audit::{Circumstances, Sample};
use crate::config::Config;

/// REGISTERs that wait at most. The one that came first goes; the device registers again.
const WAITING: usize = 512;
/// Samples that wait for being taken at most.
const SAMPLES: usize = 256;
/// Realms of which it is known what their server asks for.
const REALMS: usize = 64;
/// Seconds that one waits: nothing of a transaction is sent any more then.
const WAIT: u32 = 36;
/// The longest that a device may call itself.
const AGENT_MAX: usize = 128;
/// The longest name of an instance; a URN of a UUID has 45 characters.
const INSTANCE_MAX: usize = 80;

/// One that waits. Its device's end is not known yet.
pub(super) struct Waiting {
    pub(super) device: Device,
    pub(super) sample: Option<Box<Sample>>,
    at: Moment,
}

/// All of them.
#[derive(Default)]
pub(super) struct Registers {
    audits: bool,
    inventory: bool,
    waiting: HashMap<u64, Waiting>,
    order: VecDeque<u64>,
    samples: Vec<Sample>,
    /// Whether a realm's server asks for something better than MD5.
    realms: BTreeMap<u32, bool>,
}

impl Registers {
    /// None yet.
    pub(super) fn new(config: &Config) -> Self {
        let mut new = Self::default();
        new.reconfigure(config);
        new
    }

    /// Goes on with another config. Nobody's digest stays who need not be audited.
    pub(super) fn reconfigure(&mut self, config: &Config) {
        (self.audits, self.inventory) = (config.passwords().audit, config.devices().inventory);
        if !self.audits {
            self.samples.clear();
            self.waiting.values_mut().for_each(|waiting| waiting.sample = None);
        }
    }

    /// Whether anybody wants to know.
    pub(super) fn is_on(&self) -> bool {
        self.audits || self.inventory
    }

    /// Notes what a server asks for.
    pub(super) fn asked(&mut self, message: &Message<'_>, realms: impl Iterator<Item = u32>) {
        if !self.audits {
            return;
        }
        let better = message.challenges().any(|it| !matches!(it.algorithm, Algorithm::Md5 | Algorithm::Md5Sess));
        for realm in realms {
            if self.realms.len() < REALMS || self.realms.contains_key(&realm) {
                *self.realms.entry(realm).or_default() |= better;
            }
        }
    }

    /// Takes in a REGISTER with credentials.
    pub(super) fn take(&mut self, key: u64, message: &Message<'_>, request: &Request, flow: &Flow, now: Moment) {
        if self.waiting.contains_key(&key) {
            return;
        }
        while self.waiting.len() >= WAITING {
            let Some(first) = self.order.pop_front() else { break };
            self.waiting.remove(&first);
        }
        let account = request.account.name.shown();
        let sample = if self.audits { self.sample(message, request, flow, &account) } else { None };
        let device = Device {
            user: user(request),
            instance: instance(message),
            agent: message.user_agent().map(|agent| shown(agent.bytes(), AGENT_MAX)).unwrap_or_default(),
            address: flow.remote,
            port: flow.remote_port,
            via: flow.via,
            until: 0,
            account,
        };
        self.waiting.insert(key, Waiting { device, sample, at: now });
        self.order.push_back(key);
    }

    /// Of credentials of which there are more than one nobody says which our server looked at.
    fn sample(&self, message: &Message<'_>, request: &Request, flow: &Flow, account: &str) -> Option<Box<Sample>> {
        let mut credentials = message.credentials().filter(|it| it.is_digest() && it.has_response);
        let (only, more) = (credentials.next()?, credentials.next());
        let credential = request.credentials().next().filter(|_| more.is_none() && !request.unclear)?;
        let around = Circumstances {
            account,
            method: message.cseq.name,
            body: message.body,
            nonce_hash: credential.nonce,
            source: flow.remote,
            via: flow.via,
            md5_only: self.realms.get(&credential.realm).map(|better| !better),
        };
        Sample::of(&only, around).map(Box::new)
    }

    /// The one of a transaction, which has been accepted.
    pub(super) fn accepted(&mut self, key: u64) -> Option<Waiting> {
        self.waiting.remove(&key)
    }

    /// Hands a digest over that was accepted.
    pub(super) fn keep(&mut self, sample: Sample) {
        if self.samples.len() < SAMPLES {
            self.samples.push(sample);
        }
    }

    /// Whether the inventory wants devices.
    pub(super) fn inventories(&self) -> bool {
        self.inventory
    }

    /// The digests that were accepted since the last call.
    pub(super) fn take_samples(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.samples)
    }

    /// Forgets those that were not accepted.
    pub(super) fn sweep(&mut self, now: Moment) {
        while let Some(first) = self.order.front() {
            if self.waiting.get(first).is_some_and(|waiting| waiting.at.within(WAIT, now)) {
                return;
            }
            self.waiting.remove(first);
            self.order.pop_front();
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The most bytes that they take.
    pub(super) const fn memory() -> usize {
        let device = 2 * (AGENT_MAX + INSTANCE_MAX) + 160;
        WAITING * (2 * size_of::<Waiting>() + device + Sample::most()) + SAMPLES * Sample::most()
    }
}

/// The user of From, as the kernel looks it up; of one that is too long the account's name.
fn user(request: &Request) -> Vec<u8> {
    let from = request.from.whole().filter(|from| !from.is_empty());
    from.unwrap_or(request.account.name.bytes()).to_vec()
}

/// The instance that a device names in its Contact, without the signs around it (RFC 5626 §4.1).
fn instance(message: &Message<'_>) -> String {
    let instance = message.contacts().find_map(|contact| match contact {
        Contact::Address(address) => address.params.get(b"+sip.instance").and_then(|param| param.value),
        Contact::All => None,
    });
    let text = instance.map(|text| shown(text.bytes(), INSTANCE_MAX + 2)).unwrap_or_default();
    text.trim_matches(['<', '>']).to_owned()
}

/// Text for people, of at most so many bytes, with nothing that could move a cursor.
fn shown(bytes: impl Iterator<Item = u8>, most: usize) -> String {
    let bytes: Vec<u8> = bytes.take(most).collect();
    let text = String::from_utf8_lossy(&bytes);
    text.trim().chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
