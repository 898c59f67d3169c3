//! How much the engine holds.
//!
//! Owns: the sums. Refuses: measuring; every table has a fixed size, so that it is known beforehand.
use super::counts::Counts;
use super::inventory::WEAK_MAX;
use super::persist::Changed;
use super::registers::Registers;
use super::slow_path::Engine;
use super::table::{Entry, Table};

impl Engine {
    /// The most bytes that each part can take.
    pub fn memory(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("sources", self.sources.memory()),
            ("probes", self.probes.memory()),
            ("accounts", self.accounts.memory()),
            ("pairs", self.pairs.memory()),
            ("transactions", self.transactions.memory() + self.early.memory()),
            ("nonces", self.ledger.memory()),
            ("registrations", self.registrations.memory()),
            ("incidents", self.incidents.iter().map(|ring| ring.memory()).sum()),
            ("changed", Changed::memory()),
            ("registers", Registers::memory()),
            ("weak", WEAK_MAX * 2 * size_of::<u64>()),
            ("fraud", self.fraud.memory() + self.warned.memory()),
            ("calls", self.calls.memory()),
        ]
    }

    /// The counters.
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts.clone();
        counts.refused = self.refusals.by_word();
        counts.shared_nonces = self.ledger.shared();
        fill("sources", &self.sources, &mut counts);
        fill("probes", &self.probes, &mut counts);
        fill("accounts", &self.accounts, &mut counts);
        fill("pairs", &self.pairs, &mut counts);
        fill("transactions", &self.transactions, &mut counts);
        counts.calls = self.calls.counts();
        counts.entries.insert("registers".to_owned(), self.registers.len() as u64);
        counts.entries.insert("registrations".to_owned(), self.registrations.len() as u64);
        counts.evicted.insert("nonces".to_owned(), self.ledger.evicted());
        counts
    }
}

fn fill<V: Entry>(name: &str, table: &Table<V>, counts: &mut Counts) {
    let (evicted, refused) = table.losses();
    counts.entries.insert(name.to_owned(), table.len() as u64);
    counts.evicted.insert(name.to_owned(), evicted + refused);
}
