//! Verdict tables: for every reason packets that earn it and near misses that don't, each run through the loaded programs
//! with the exact change of every counter.
//!
//! Owns: what the policy means, packet by packet. Refuses: interfaces and peers that answer (other tests have them).
use std::collections::BTreeSet;

use firewall_common::maps::program;
use firewall_common::policy::{FLAG_CALLERS, FLAG_DIALOGS, FLAG_TLS12, NUMBERS_VALIDATED};
use firewall_common::reason::Reason;
use firewall_tests::harness::{Row, Shield, judge_numbers, now};
use firewall_userspace::dataplane::load::{self, Generation};
use firewall_userspace::entries::StoredEntry;

mod caller;
mod copy;
mod cut;
mod deny;
mod device;
mod dialog;
mod egress;
mod events;
mod fragment;
mod hold;
mod limit;
mod media;
mod monitor;
mod number;
mod parse;
mod peer;
mod response;
mod sdp;
mod signature;
mod sip;
mod tls;
mod transport;

/// A stranger.
const STRANGER: &str = "198.51.100.7";
/// A stranger by IPv6.
const STRANGER_V6: &str = "2001:db8:1:2::7";

/// Nothing limited, for tables of other things than limits.
const UNLIMITED: &str = r#"
[strangers]
total = "none"

[strangers.limits]
register = "none"
invite = "none"
options = "none"
subscribe = "none"
message = "none"
other = "none"
response = "none"
keepalive = "none"
connect = "none"

[registrants.limits]
register = "none"
invite = "none"
options = "none"
other = "none"
"#;

/// A config, what the daemon would have put into the maps, and packets in their order.
struct Table {
    config: String,
    entries: Vec<StoredEntry>,
    tune: fn(&mut Generation),
    prepare: Vec<Preparation>,
    rows: Vec<Row>,
}

/// What is done to a loaded program before its rows.
type Preparation = Box<dyn Fn(&mut Shield)>;

impl Table {
    /// A table of a config that limits nothing; `config` stands before what says so.
    fn unlimited(config: &str, rows: Vec<Row>) -> Self {
        Self::new(&format!("{config}\n{UNLIMITED}"), rows)
    }

    fn new(config: &str, rows: Vec<Row>) -> Self {
        Self { config: config.to_owned(), entries: Vec::new(), tune: |_| {}, prepare: Vec::new(), rows }
    }

    /// Sets constants that no config asks for.
    fn tuned(mut self, tune: fn(&mut Generation)) -> Self {
        self.tune = tune;
        self
    }

    fn entries(mut self, entries: Vec<StoredEntry>) -> Self {
        self.entries = entries;
        self
    }

    fn registrant(self, source: &'static str, until: u64) -> Self {
        self.prepared(move |shield| shield.register(source, until))
    }

    fn prepared(mut self, prepare: impl Fn(&mut Shield) + 'static) -> Self {
        self.prepare.push(Box::new(prepare));
        self
    }

    fn shield(&self) -> Shield {
        let mut shield = Shield::tuned(&self.config, &[program::PROBE, program::INGRESS], self.tune);
        shield.set_entries(&self.entries, now());
        self.prepare.iter().for_each(|prepare| prepare(&mut shield));
        shield
    }

    fn hold(&self) {
        self.shield().expect(&self.rows);
    }
}

/// A quarter of what the kernel's verifier is willing to follow.
const INSTRUCTIONS_MAX: u32 = 250_000;

/// The verifier knows the policy, so what it follows depends on the config.
#[test]
fn every_program_is_verified_with_room_to_spare() {
    let peer = "[[peer]]\nname = \"a\"\nprefixes = [\"203.0.113.0/24\"]\n";
    let guarded = |consequence: &str| {
        let [ports, policy] = ["ports = [\"10000-20000\"]", "policy = \"srtp-only\""];
        format!(
            "{peer}[media]\n{ports}\n{policy}\nplain_rtp_media = \"{consequence}\"\nstream_change = \"{consequence}\"\n"
        )
    };
    let configs = [
        String::new(),
        format!("monitor = true\n{peer}"),
        format!("mode = \"trunk\"\n{peer}"),
        guarded("drop"),
        format!("monitor = true\n{}", guarded("count")),
    ];
    let names = load::PROGRAMS.into_iter().chain([program::EGRESS]);
    for (config, name) in configs.iter().flat_map(|config| names.clone().map(move |name| (config, name))) {
        // With every prefix that a plan has room for.
        let shield = Shield::tuned(config, &[name], |generation| {
            judge_numbers(generation, NUMBERS_VALIDATED, &[]);
            generation.policy.callers = u32::from(u8::MAX);
            let first = generation.plan.rewrites[0];
            generation.plan.rewrites[4..].fill(first);
            generation.policy.flags |= FLAG_CALLERS | FLAG_DIALOGS | FLAG_TLS12;
        });
        let info = shield.info(name);
        let count = info.verified_instruction_count().expect("kernels from 5.16 on count");
        println!("{name}: {count} instructions with {config:?}");
        assert!(count <= INSTRUCTIONS_MAX, "{name}: the verifier followed {count} instructions with {config:?}");
    }
}

#[test]
fn every_reason_has_a_row() {
    let stages = [
        parse::tables(),
        fragment::tables(),
        media::tables(),
        deny::tables(),
        peer::tables(),
        transport::tables(),
        sip::tables(),
        signature::tables(),
        limit::tables(),
        hold::tables(),
        response::tables(),
        device::tables(),
        tls::tables(),
        dialog::tables(),
        caller::tables(),
        number::tables(),
        sdp::tables(),
        monitor::tables(),
    ];
    let rows = stages.iter().flatten().flat_map(|table| &table.rows).map(|row| row.reason);
    // What our side sends is no row of a table: it is no packet that we receive.
    let earned: BTreeSet<Reason> = rows.chain(sdp::OF_OWN).chain(number::OF_OWN).collect();
    let missing: Vec<&str> = Reason::ALL.iter().filter(|r| !earned.contains(r)).map(|r| r.word()).collect();
    assert!(missing.is_empty(), "no row of any table earns {missing:?}");
}
