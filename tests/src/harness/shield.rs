//! A private instance of the program.
//!
//! Owns: its life, its maps, and running frames through it. Refuses: attaching.
use std::net::IpAddr;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map};
use aya::programs::{ProgramInfo, SchedClassifier, Xdp};
use aya::{Ebpf, TestRun as _, TestRunOptions};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::dialog::{self, PARTIES, Parties};
use firewall_common::limiter::{HashKey, rows};
use firewall_common::maps::{self, CALLED_CELLS, program};
use firewall_common::policy::{
    Entry, HOLDS_ACCOUNTS, HOLDS_DEVICES, HOLDS_SOURCES, Hold, HoldKey, Registrant, SWITCH_HOLDS, SWITCH_RESPONSES,
    SWITCH_SCOPE_ALL,
};
use firewall_common::sip::account;
use firewall_common::sip::method::CLASS_SLOTS;
use firewall_userspace::config::{self, Config};
use firewall_userspace::dataplane::load::{self, Capacities, Generation};
use firewall_userspace::dataplane::probe::{self, Judgement};
use firewall_userspace::entries::{self, StoredEntry};
use firewall_userspace::names::Resolved;
use rustix::time::{ClockId, clock_gettime};

use super::counters::Counters;

/// What XDP does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// XDP_PASS.
    Pass,
    /// XDP_DROP.
    Drop,
}

/// The strangers' key: fixed, so that a failure can be repeated.
pub const KEY: HashKey = HashKey([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);

/// TC_ACT_UNSPEC and TC_ACT_SHOT (include/uapi/linux/pkt_cls.h).
const GO_ON: i32 = -1;
const SHOT: i32 = 2;

/// The loaded program.
pub struct Shield {
    ebpf: Ebpf,
    peers: Vec<Prefix>,
    peer_count: u32,
    v6_prefix: u8,
}

/// The time by the clock that live packets are judged by, in nanoseconds.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::MonotonicCoarse);
    time.tv_sec as u64 * super::SECOND + time.tv_nsec as u64
}

impl Shield {
    /// Loads the program with a config's text. Panics with every problem of the text.
    pub fn new(text: &str) -> Self {
        Self::with_programs(text, &[program::PROBE, program::INGRESS])
    }

    /// Loads only the programs named, since verifying one takes a moment.
    pub fn with_programs(text: &str, programs: &[&str]) -> Self {
        Self::tuned(text, programs, |_| {})
    }

    /// The same, with constants that no config asks for.
    pub fn tuned(text: &str, programs: &[&str], tune: impl FnOnce(&mut Generation)) -> Self {
        let config = match config::parse_str("test", text) {
            Ok(loaded) => loaded.config,
            Err(problems) => panic!("the test's config is wrong: {problems:?}\n{text}"),
        };
        let mut generation = generation(&config);
        tune(&mut generation);
        let capacities = capacities(&config);
        let mut ebpf = load::load(&generation, &capacities, None).expect("the kernel loads the maps; tests need root");
        for name in programs {
            let verified = match *name {
                program::EGRESS => load::verify_egress(&mut ebpf).map(drop),
                name => load::verify(&mut ebpf, name).map(drop),
            };
            verified.expect("the verifier accepts the program");
        }
        Self {
            ebpf,
            peers: generation.peers.iter().map(|(prefix, _)| *prefix).collect(),
            peer_count: generation.policy.peers,
            v6_prefix: config.strangers().v6_prefix.get() as u8,
        }
    }

    /// Makes the maps of entries hold `list`, as compiled at `now`.
    pub fn set_entries(&mut self, list: &[StoredEntry], now: u64) {
        let compiled = entries::compile(list, &[], &self.peers, self.v6_prefix, super::entries::clock(now));
        let mut sources: HashMap<_, Addr, Entry> = map(&mut self.ebpf, maps::SOURCES);
        for (addr, entry) in &compiled.sources {
            sources.insert(addr, entry, 0).expect("there is room for the entry");
        }
        let mut prefixes: LpmTrie<_, [u8; 16], Entry> = map(&mut self.ebpf, maps::ENTRIES);
        for (prefix, entry) in &compiled.prefixes {
            prefixes.insert(&Key::new(prefix.bits, prefix.addr), entry, 0).expect("there is room for the entry");
        }
        let mut filter: Array<_, u64> = map(&mut self.ebpf, maps::ENTRY_FILTER);
        for (index, word) in compiled.filter.0.iter().enumerate().filter(|(_, word)| **word != 0) {
            filter.set(index as u32, word, 0).expect("the filter has its words");
        }
        self.switch(SWITCH_SCOPE_ALL, |_| u64::from(compiled.scope_all));
    }

    /// Makes a source a registrant until `until`. An IPv6 source is its prefix.
    pub fn register(&mut self, source: &str, until: u64) {
        self.remember(source, until, until);
    }

    /// Makes a source a registrant until `until`, and known until `known_until`.
    pub fn remember(&mut self, source: &str, until: u64, known_until: u64) {
        let source = self.source(source);
        let mut registrants: HashMap<_, Addr, Registrant> = map(&mut self.ebpf, maps::REGISTRANTS);
        let registrant = Registrant { until, known_until, cells: [0; CLASS_SLOTS] };
        registrants.insert(source, registrant, 0).expect("there is room for the registrant");
    }

    /// Holds a source, or one account of it, until `until`.
    pub fn hold(&mut self, source: &str, user: Option<&str>, until: u64) {
        let account = user.map_or(HoldKey::WHOLE, |user| account::hash(user.as_bytes()));
        let key = HoldKey { source: self.source(source), account };
        let mut holds: HashMap<_, HoldKey, Hold> = map(&mut self.ebpf, maps::HOLDS);
        holds.insert(key, Hold { until, cell: 0 }, 0).expect("there is room for the hold");
        let kind = if user.is_some() { HOLDS_ACCOUNTS } else { HOLDS_SOURCES };
        self.switch(SWITCH_HOLDS, |old| old | kind);
    }

    /// Blocks an account wherever it is tried from, until `until`.
    pub fn block_device(&mut self, user: &str, until: u64) {
        let key = HoldKey { source: HoldKey::ANYWHERE, account: account::hash(user.as_bytes()) };
        let mut holds: HashMap<_, HoldKey, Hold> = map(&mut self.ebpf, maps::HOLDS);
        holds.insert(key, Hold { until, cell: 0 }, 0).expect("there is room for the block");
        self.switch(SWITCH_HOLDS, |old| old | HOLDS_DEVICES);
    }

    /// Makes it known who is party to the calls of a Call-ID, until `until`.
    pub fn dialog(&mut self, call_id: &str, parties: &[&str], until: u64) {
        let mut known = Parties { until, count: parties.len() as u64, parties: [Addr::NONE; PARTIES] };
        for (known, party) in known.parties.iter_mut().zip(parties) {
            let party: IpAddr = party.parse().expect("a test writes addresses rightly");
            *known = party.into();
        }
        let mut dialogs: HashMap<_, u64, Parties> = map(&mut self.ebpf, maps::DIALOGS);
        dialogs.insert(dialog::hash(call_id.as_bytes(), KEY), known, 0).expect("there is room for the call");
    }

    /// Has responses judged from `since` on.
    pub fn judge_responses(&mut self, since: u64) {
        self.switch(SWITCH_RESPONSES, |_| since);
    }

    /// Notes that our side sent a request to a source at `now`.
    pub fn call(&mut self, source: &str, now: u64) {
        let (a, b) = rows(self.source(source), CLASS_SLOTS as u32, KEY, CALLED_CELLS - 1);
        let mut called: Array<_, u64> = map(&mut self.ebpf, maps::CALLED);
        for cell in [a, CALLED_CELLS + b] {
            called.set(cell, now, 0).expect("there is the cell");
        }
    }

    fn source(&self, source: &str) -> Addr {
        let addr: IpAddr = source.parse().expect("a test writes addresses rightly");
        Addr::from(addr).source(Addr::mask(self.v6_prefix))
    }

    pub(super) fn switch(&mut self, switch: u32, value: impl Fn(u64) -> u64) {
        let mut switches: Array<_, u64> = map(&mut self.ebpf, maps::SWITCHES);
        let old = switches.get(&switch, 0).expect("there is the switch");
        switches.set(switch, value(old), 0).expect("there is the switch");
    }

    /// Lets a number of drops of each reason be sampled.
    pub fn set_credits(&mut self, credits: u64) {
        let mut array: Array<_, u64> = map(&mut self.ebpf, maps::EVENT_CREDITS);
        for reason in firewall_common::reason::Reason::ALL {
            array.set(*reason as u32, credits, 0).expect("every reason has a credit");
        }
    }

    /// A map, for what only one test needs.
    pub fn map<'a, M: TryFrom<&'a mut Map, Error = aya::maps::MapError>>(&'a mut self, name: &str) -> M {
        map(&mut self.ebpf, name)
    }

    /// A map to read.
    pub(super) fn map_to_read(&self, name: &str) -> &Map {
        self.ebpf.map(name).expect("the object has its maps")
    }

    /// Judges a frame at `now`, with all consequences.
    pub fn judge(&self, frame: &[u8], now: u64) -> Judgement {
        probe::judge(self.program(program::PROBE), frame, now, true).expect("the kernel runs the frame")
    }

    /// Judges a frame at `now`, without a trace.
    pub fn rehearse(&self, frame: &[u8], now: u64) -> Judgement {
        probe::judge(self.program(program::PROBE), frame, now, false).expect("the kernel runs the frame")
    }

    /// Runs a frame through the program that judges live packets, at the kernel's own time.
    pub fn run_live(&self, frame: &[u8]) -> Action {
        self.run(program::INGRESS, frame)
    }

    /// Runs a frame through one of the programs that judge live packets.
    pub fn run(&self, name: &str, frame: &[u8]) -> Action {
        let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
        let result = self.program(name).test_run(options).expect("the kernel runs the frame");
        match result.return_value {
            1 => Action::Drop,
            2 => Action::Pass,
            other => panic!("the program answered {other}, which is neither XDP_DROP nor XDP_PASS"),
        }
    }

    /// Runs a frame through the program that hears what our side sends, and that lets it go.
    pub fn send(&self, frame: &[u8]) {
        assert_eq!(self.try_send(frame), Action::Pass, "whatever is sent, the next program has it");
    }

    /// Runs a frame through the program that hears what our side sends.
    pub fn try_send(&self, frame: &[u8]) -> Action {
        let program = self.ebpf.program(program::EGRESS).expect("the object has its programs");
        let program: &SchedClassifier = program.try_into().expect("it hears what is sent");
        let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
        let result = program.test_run(options).expect("the kernel runs the frame");
        match result.return_value.cast_signed() {
            GO_ON => Action::Pass,
            SHOT => Action::Drop,
            other => panic!("the program answered {other}, which is neither TC_ACT_UNSPEC nor TC_ACT_SHOT"),
        }
    }

    /// What the kernel tells of a loaded program.
    pub fn info(&self, name: &str) -> ProgramInfo {
        let program = self.ebpf.program(name).expect("the object has its programs");
        program.info().expect("a loaded program tells of itself")
    }

    /// Every counter as it stands.
    pub fn counters(&self) -> Counters {
        Counters::read(&self.ebpf, self.peer_count)
    }

    /// A program of the object.
    pub fn program(&self, name: &str) -> &Xdp {
        let program = self.ebpf.program(name).expect("the object has its programs");
        program.try_into().expect("all programs are XDP programs")
    }
}

fn generation(config: &Config) -> Generation {
    let parts = config::compile(config, &Resolved::default(), KEY, 0x5eed);
    Generation {
        policy: parts.policy,
        ports: parts.ports,
        peer_filter: parts.peer_filter,
        signatures: parts.signatures,
        plan: parts.plan,
        domains: parts.domains,
        peers: parts.peers,
        rules: parts.rules,
    }
}

/// Small maps, since making large ones takes longer than most tests.
fn capacities(config: &Config) -> Capacities {
    Capacities {
        sources: 1_024,
        entries: 1_024,
        peer_prefixes: 1_024,
        registrants: 1_024,
        holds: 1_024,
        numbers: config.capacity().numbers.get(),
        flows: config.capacity().pinholes.get(),
        cells: config.capacity().cells.get(),
        fragments: 16_384,
        strangers_ring: 1 << 20,
        trusted_ring: 1 << 20,
    }
}

fn map<'a, M: TryFrom<&'a mut Map, Error = aya::maps::MapError>>(ebpf: &'a mut Ebpf, name: &str) -> M {
    let map = ebpf.map_mut(name).expect("the object has its maps");
    M::try_from(map).unwrap_or_else(|error| panic!("map {name} is of another kind: {error}"))
}
