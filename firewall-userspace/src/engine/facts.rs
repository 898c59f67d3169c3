//! What a message says that the engine asks about, with every name as a keyed hash.
//!
//! Owns: these values. Refuses: bytes (reading.rs makes them of a message), and judging.
use firewall_common::sip::Method;

use super::hash::half;
use super::text::Name;

/// Credentials of one request that are looked at; nobody honest has more than one for each proxy on the way.
pub(super) const CREDENTIALS: usize = 3;
/// Challenges of one response: an algorithm or a realm each.
pub(super) const CHALLENGES: usize = 6;
/// Contacts of one REGISTER that are followed.
pub(super) const CONTACTS: usize = 4;
/// Contacts of one answer that are looked at: those of all devices of the account.
pub(super) const BINDINGS: usize = 16;

/// A message.
pub(super) enum Facts {
    /// A request.
    Request(Request),
    /// A response.
    Answer(Answer),
}

/// A request.
#[derive(Clone, Copy)]
pub(super) struct Request {
    /// The hash of its branch, Call-ID and CSeq: a response to it has the same. An ACK to a refusal has its INVITE's.
    pub(super) transaction: u64,
    /// Half the hash of all its bytes: the same for a retransmission, and for nothing else.
    pub(super) bytes: u32,
    /// Its method.
    pub(super) method: Method,
    /// Half the hash of its To tag; 0 for none.
    pub(super) to_tag: u32,
    /// What it proves itself with; `realm` 0 for none.
    pub(super) credentials: [Credential; CREDENTIALS],
    /// Whom it is about: the credentials' user name, or else the user of To (REGISTER) or From.
    pub(super) account: Account,
    /// The user of From, as it stands there.
    pub(super) from: Name<40>,
    /// The hash of another account that its credentials name; 0 for none.
    pub(super) other: u64,
    /// Whether it can't be told which credentials our server looked at: it has more of them than are kept, or others came
    /// as the same transaction before it was answered.
    pub(super) unclear: bool,
    /// Whether its Via wants the answer sent elsewhere (`maddr`, RFC 3261 §18.2.2).
    pub(super) elsewhere: bool,
    /// Half the hash of what it asks for and in whose name: of its method, its Request-URI and From's URI. 0 if
    /// others came as the same transaction that ask for something else.
    pub(super) asks: u32,
    /// A quarter of the hash of the user that it asks for: of To (REGISTER) or the Request-URI; 0 for none.
    pub(super) target: u16,
    /// Its user agent.
    pub(super) agent: Name<32>,
    /// What a REGISTER wants bound.
    pub(super) binding: Binding,
}

/// An account's name, and its hash.
#[derive(Clone, Copy, Default)]
pub(super) struct Account {
    /// 0 for none.
    pub(super) hash: u64,
    /// The first bytes of its name.
    pub(super) name: Name<40>,
}

/// Digest credentials.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Credential {
    /// Half the hash of the realm and of whether they are for a proxy; 0 for no credentials.
    pub(super) realm: u32,
    /// The hash of the nonce.
    pub(super) nonce: u64,
    /// Half the hash of the account that they name; see [`Request::named`].
    pub(super) account: u32,
}

/// What a REGISTER wants bound.
#[derive(Clone, Copy, Default)]
pub(super) struct Binding {
    /// Half the hash of the address of record.
    pub(super) record: u32,
    /// Half the hash of each contact, and the seconds it asks for.
    pub(super) contacts: [(u32, u32); CONTACTS],
    /// How many contacts there are, followed or not.
    pub(super) count: u8,
    /// Whether it removes every binding: `Contact: *`.
    pub(super) all: bool,
}

/// A response.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    /// As [`Request::transaction`].
    pub(super) transaction: u64,
    /// Its CSeq's method.
    pub(super) method: Method,
    /// Its status.
    pub(super) status: u16,
    /// The hash of its To tag; 0 for none.
    pub(super) to_tag: u64,
    /// The hash of the tag's first half.
    pub(super) to_tag_half: u64,
    /// What it asks for; `realm` 0 for none.
    pub(super) challenges: [Challenge; CHALLENGES],
    /// The hash of the nonce that it wants to see next; 0 for none.
    pub(super) next_nonce: u64,
    /// What it granted.
    pub(super) granted: Granted,
}

/// A Digest challenge.
#[derive(Clone, Copy, Default)]
pub(super) struct Challenge {
    /// As [`Credential::realm`].
    pub(super) realm: u32,
    /// The hash of the nonce.
    pub(super) nonce: u64,
    /// Whether only the nonce was too old.
    pub(super) stale: bool,
}

/// Bindings that the answer to a REGISTER lists.
#[derive(Clone, Copy, Default)]
pub(super) struct Granted {
    /// Half the hash of each contact, and its seconds if it says them.
    pub(super) contacts: [(u32, Option<u32>); BINDINGS],
    /// The seconds of Expires.
    pub(super) expires: Option<u32>,
    /// The fewest seconds of any contact.
    pub(super) fewest: Option<u32>,
}

/// Seconds of a registration of which neither side says how long it is (RFC 3261 §10.2.1.1).
const UNSAID: u32 = 3_600;

impl Granted {
    /// The seconds that a contact got which asked for some (RFC 3261 §10.3: the answer's contact says it; where it does
    /// not, its Expires; some servers say neither of the contact as it was sent).
    pub(super) fn of(&self, contact: u32, asked: u32) -> u32 {
        let own = self.contacts.iter().find(|(hash, _)| *hash == contact).and_then(|(_, seconds)| *seconds);
        own.or(self.expires).or(self.fewest).unwrap_or(asked)
    }
}

impl Binding {
    /// The seconds that a contact asks for, of its own parameter or of the request's Expires.
    pub(super) fn asked(own: Option<u32>, expires: Option<u32>) -> u32 {
        own.or(expires).unwrap_or(UNSAID)
    }
}

impl Request {
    /// One that says nothing.
    pub(super) fn blank() -> Self {
        Self {
            transaction: 0,
            bytes: 0,
            method: Method::Extension,
            to_tag: 0,
            credentials: [Credential::default(); CREDENTIALS],
            account: Account::default(),
            from: Name::default(),
            other: 0,
            unclear: false,
            elsewhere: false,
            asks: 0,
            target: 0,
            agent: Name::default(),
            binding: Binding::default(),
        }
    }

    /// Its credentials.
    pub(super) fn credentials(&self) -> impl Iterator<Item = Credential> {
        self.credentials.into_iter().filter(|credential| credential.realm != 0)
    }

    /// Whether it has any.
    pub(super) fn is_signed(&self) -> bool {
        self.credentials[0].realm != 0
    }

    /// An account that its credentials name.
    pub(super) fn named(&self, account: u32) -> Account {
        let is_first = account == half(self.account.hash);
        if is_first { self.account } else { Account { hash: self.other, name: Name::default() } }
    }

    /// Takes in the credentials of another request that waits for its answer as the same transaction: the next answer may
    /// be to either. Those with a nonce that was sent stay first.
    pub(super) fn join(&mut self, other: &Self, sent: impl Fn(u64) -> bool) {
        self.unclear |= other.unclear;
        self.asks = if self.asks == other.asks { self.asks } else { 0 };
        if self.credentials == other.credentials {
            return;
        }
        self.unclear = true;
        if !self.is_signed() {
            (self.account, self.from) = (other.account, other.from);
        }
        if self.account.hash != other.account.hash {
            self.other = other.account.hash;
        }
        let both = [self.credentials, other.credentials];
        let (ours, others): (Vec<_>, Vec<_>) =
            both.into_iter().flatten().filter(|it| it.realm != 0).partition(|it| sent(it.nonce));
        self.credentials = [Credential::default(); CREDENTIALS];
        self.credentials.iter_mut().zip(ours.into_iter().chain(others)).for_each(|(slot, it)| *slot = it);
    }
}

impl Answer {
    /// Its challenges.
    pub(super) fn challenges(&self) -> impl Iterator<Item = Challenge> {
        self.challenges.into_iter().filter(|challenge| challenge.realm != 0)
    }
}
