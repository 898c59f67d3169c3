//! A private instance of the program.
//!
//! Owns: its life, its maps, and running frames through it. Refuses: attaching.
use std::net::IpAddr;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map};
use aya::programs::Xdp;
use aya::{Ebpf, TestRun as _, TestRunOptions};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::limiter::HashKey;
use firewall_common::maps::{self, program};
use firewall_common::policy::{Entry, Registrant, SWITCH_SCOPE_ALL};
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
        let config = match config::parse_str("test", text) {
            Ok(loaded) => loaded.config,
            Err(problems) => panic!("the test's config is wrong: {problems:?}\n{text}"),
        };
        let generation = generation(&config);
        let capacities = capacities(&config);
        let mut ebpf = load::load(&generation, &capacities, None).expect("the kernel loads the maps; tests need root");
        for name in programs {
            load::verify(&mut ebpf, name).expect("the verifier accepts the program");
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
        let mut switches: Array<_, u64> = map(&mut self.ebpf, maps::SWITCHES);
        switches.set(SWITCH_SCOPE_ALL, u64::from(compiled.scope_all), 0).expect("there is the switch");
    }

    /// Makes a source a registrant until `until`. An IPv6 source is its prefix.
    pub fn register(&mut self, source: &str, until: u64) {
        let addr: IpAddr = source.parse().expect("a test writes addresses rightly");
        let source = Addr::from(addr).source(Addr::mask(self.v6_prefix));
        let mut registrants: HashMap<_, Addr, Registrant> = map(&mut self.ebpf, maps::REGISTRANTS);
        let registrant = Registrant { until, cells: [0; CLASS_SLOTS] };
        registrants.insert(source, registrant, 0).expect("there is room for the registrant");
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
        cells: config.capacity().cells.get(),
        fragments: 16_384,
    }
}

fn map<'a, M: TryFrom<&'a mut Map, Error = aya::maps::MapError>>(ebpf: &'a mut Ebpf, name: &str) -> M {
    let map = ebpf.map_mut(name).expect("the object has its maps");
    M::try_from(map).unwrap_or_else(|error| panic!("map {name} is of another kind: {error}"))
}
