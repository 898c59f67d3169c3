//! The TCP connections that are followed.
//!
//! Owns: which are held, by class, and which are dropped to make room. Refuses: what is in them.
use firewall_common::addr::Addr;
use firewall_common::copy::{COPY_MAX, CopyHead, FLAG_SYN, Kind};

use super::ahead::Ahead;
use super::class::{Class, PerClass};
use super::connection::Handshake;
use super::counts::StreamCounts;
use super::half::Output;
use super::limits::Limits;
use table::Table;

mod table;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    remote: Addr,
    local: Addr,
    remote_port: u16,
    local_port: u16,
}

impl Key {
    const fn of(head: &CopyHead) -> Self {
        Self { remote: head.remote, local: head.local, remote_port: head.remote_port, local_port: head.local_port }
    }
}

/// All connections.
pub(super) struct Streams {
    tables: PerClass<Table>,
    limits: Limits,
}

impl Streams {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { tables: PerClass::new(|class| Table::new(&limits.streams[class])), limits: *limits }
    }

    /// The most bytes that are taken. One connection may take more than its class may hold, before others are dropped.
    pub(super) fn worst_case(limits: &Limits) -> usize {
        let growth = 4 * (limits.message_max + COPY_MAX as usize) + 2 * Ahead::worst_case(limits.ahead_max);
        growth + limits.streams.iter().map(Table::worst_case).sum::<usize>()
    }

    /// Takes a segment, and hands on the messages that it completes, each with whether bytes are missing at its end.
    pub(super) fn take(
        &mut self,
        head: &CopyHead,
        bytes: &[u8],
        counts: &mut StreamCounts,
        message: &mut dyn FnMut(&[u8], bool),
    ) {
        counts.segments += 1;
        let (key, class) = (Key::of(head), Class::of(Kind::from_number(head.kind.into())));
        self.tables[class].expire(head.time, &self.limits, counts);
        self.reclassify(&key, class, counts);
        let mut out = Output { counts, max: self.limits.message_max, message };
        let table = &mut self.tables[class];
        match (head.is_egress(), head.flags & FLAG_SYN != 0) {
            (true, true) => table.open(key, Handshake::of(head), out.counts),
            (true, false) => table.send(&key, head, bytes, &mut out),
            (false, _) => table.receive(&key, head, bytes, self.limits.ahead_max, &mut out),
        }
    }

    /// Whether a segment is the next one of a connection. Our own side's always is: nobody can forge it.
    pub(super) fn expect(&self, head: &CopyHead) -> bool {
        head.is_egress() || self.tables.iter().any(|table| table.expects(&Key::of(head), head))
    }

    /// Brings a connection here whose remote side was of another class before: a stranger that has registered since.
    fn reclassify(&mut self, key: &Key, class: Class, counts: &mut StreamCounts) {
        if self.tables[class].has(key) {
            return;
        }
        for other in Class::ALL.into_iter().filter(|other| *other != class) {
            let (handshake, connection) = self.tables[other].give(key);
            if let Some(handshake) = handshake {
                self.tables[class].open(*key, handshake, counts);
            }
            if let Some(connection) = connection {
                self.tables[class].insert(*key, connection, counts);
            }
        }
    }

    /// Connections and bytes held now.
    pub(super) fn held(&self) -> (usize, usize) {
        self.tables.iter().map(Table::held).fold((0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1))
    }
}
