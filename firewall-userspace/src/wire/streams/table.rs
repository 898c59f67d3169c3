//! The connections of one class.
//!
//! Owns: their number, the bytes that they hold together, and the order in which they are dropped: the longest silent
//! connection, and the message that has waited longest. Refuses: making room for a connection without a handshake.
use std::hash::RandomState;
use std::num::NonZeroUsize;

use firewall_common::copy::{CopyHead, FLAG_SYN};
use lru::LruCache;

use super::Key;
use crate::wire::connection::{Connection, Fate, Handshake};
use crate::wire::counts::StreamCounts;
use crate::wire::half::Output;
use crate::wire::limits::{Limits, StreamLimits};

type Cache<V> = LruCache<Key, V, RandomState>;

pub(super) struct Table {
    handshakes: Cache<Handshake>,
    connections: Cache<Connection>,
    /// Connections that hold bytes, and since when they wait for the rest of a message.
    waiting: Cache<u64>,
    bytes: usize,
    bytes_max: usize,
}

fn cache<V>(most: usize) -> Cache<V> {
    LruCache::with_hasher(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN), RandomState::new())
}

/// What an entry of a cache takes: its node with two links and the allocator's share, and its slot of the hash, of
/// which there are up to 16/7 for an entry.
const fn node<V>() -> usize {
    size_of::<Key>() + size_of::<V>() + 2 * 8 + 24 + 40
}

impl Table {
    pub(super) fn new(limits: &StreamLimits) -> Self {
        Self {
            handshakes: cache(limits.handshakes),
            connections: cache(limits.connections),
            waiting: cache(limits.connections),
            bytes: 0,
            bytes_max: limits.bytes,
        }
    }

    /// The most bytes that a table takes between two segments.
    pub(super) const fn worst_case(limits: &StreamLimits) -> usize {
        let of_connections = limits.connections * (node::<Connection>() + node::<u64>());
        limits.bytes + of_connections + limits.handshakes * node::<Handshake>()
    }

    /// Connections and bytes held now.
    pub(super) fn held(&self) -> (usize, usize) {
        (self.connections.len(), self.bytes)
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.connections.contains(key) || self.handshakes.contains(key)
    }

    /// Whether a segment of the remote side is the next one of a connection, or the first one after a handshake.
    pub(super) fn expects(&self, key: &Key, head: &CopyHead) -> bool {
        match self.connections.peek(key) {
            Some(connection) => connection.expects(head),
            None => self.handshakes.peek(key).is_some_and(|handshake| handshake.is_answered(head)),
        }
    }

    /// Removes what is known of a connection, for another table.
    pub(super) fn give(&mut self, key: &Key) -> (Option<Handshake>, Option<Connection>) {
        (self.handshakes.pop(key), self.remove(key))
    }

    /// Our side's part of a handshake. Whatever was known of another connection between the same ends is over.
    pub(super) fn open(&mut self, key: Key, handshake: Handshake, counts: &mut StreamCounts) {
        let known = self.handshakes.peek(&key);
        let same = known.is_some_and(|known| (known.ours, known.theirs) == (handshake.ours, handshake.theirs));
        if same || self.connections.peek(&key).is_some_and(|connection| connection.began_with(&handshake)) {
            return;
        }
        self.remove(&key);
        let pushed_out = self.handshakes.push(key, handshake);
        counts.evicted_handshakes += u64::from(pushed_out.is_some_and(|(old, _)| old != key));
    }

    pub(super) fn receive(&mut self, key: &Key, head: &CopyHead, bytes: &[u8], ahead: usize, out: &mut Output<'_>) {
        let connected = self.connections.contains(key) || self.answer(key, head, out.counts);
        // A SYN adds nothing to a connection that there is already.
        if connected && head.flags & FLAG_SYN == 0 {
            self.with(key, head.time, out, |connection, out| connection.receive(head, bytes, ahead, out));
        }
    }

    /// A segment of our side, which proves that there is a connection.
    pub(super) fn send(&mut self, key: &Key, head: &CopyHead, bytes: &[u8], out: &mut Output<'_>) {
        if !self.connections.contains(key) {
            if head.total == 0 {
                return;
            }
            let handshake = self.handshakes.pop(key).filter(|handshake| handshake.ours == head.seq);
            let connection = match handshake {
                Some(handshake) => Connection::opened(handshake.ours, handshake.theirs.unwrap_or(head.ack())),
                None => Connection::joined(head),
            };
            *if handshake.is_some() { &mut out.counts.opened } else { &mut out.counts.joined } += 1;
            self.insert(*key, connection, out.counts);
        }
        self.with(key, head.time, out, |connection, out| connection.send(head, bytes, out));
    }

    /// Makes a connection of a handshake that the remote side's segment completes.
    fn answer(&mut self, key: &Key, head: &CopyHead, counts: &mut StreamCounts) -> bool {
        let Some(handshake) = self.handshakes.peek(key) else {
            // Each connection that is made to us begins with one of these.
            counts.unconnected += u64::from(head.flags & FLAG_SYN == 0);
            return false;
        };
        if !handshake.is_answered(head) {
            counts.misfits += 1;
            return false;
        }
        // A SYN has a number of its own, before that of the first byte.
        let first = head.seq.wrapping_add(u32::from(head.flags & FLAG_SYN != 0));
        let connection = Connection::opened(handshake.ours, handshake.theirs.unwrap_or(first));
        counts.opened += 1;
        self.handshakes.pop(key);
        self.insert(*key, connection, counts);
        true
    }

    pub(super) fn insert(&mut self, key: Key, connection: Connection, counts: &mut StreamCounts) {
        let (held, seen) = (connection.held(), connection.seen);
        if let Some((old, dropped)) = self.connections.push(key, connection) {
            self.bytes -= dropped.held();
            self.waiting.pop(&old);
            counts.evicted += 1;
        }
        self.bytes += held;
        if held > 0 {
            self.waiting.put(key, seen);
        }
    }

    /// Hands a segment to a connection, and keeps the books.
    fn with(
        &mut self,
        key: &Key,
        time: u64,
        out: &mut Output<'_>,
        take: impl FnOnce(&mut Connection, &mut Output<'_>) -> Fate,
    ) {
        let Some(connection) = self.connections.peek_mut(key) else { return };
        let (before, messages) = (connection.held(), out.counts.messages);
        let fate = take(connection, out);
        let held = connection.held();
        self.bytes = self.bytes - before + held;
        if held > 0 && (before == 0 || out.counts.messages != messages) {
            self.waiting.put(*key, time);
        } else if held == 0 && before > 0 {
            self.waiting.pop(key);
        }
        match fate {
            Fate::Misfit => out.counts.misfits += 1,
            Fate::Taken => {
                self.connections.promote(key);
            }
            Fate::Last => drop(self.remove(key)),
        }
        self.starve(out.counts);
    }

    fn remove(&mut self, key: &Key) -> Option<Connection> {
        let connection = self.connections.pop(key)?;
        self.bytes -= connection.held();
        self.waiting.pop(key);
        Some(connection)
    }

    /// Drops the messages that have waited longest, until the class holds no more than it may.
    fn starve(&mut self, counts: &mut StreamCounts) {
        while self.bytes > self.bytes_max && self.forget_longest() {
            counts.starved += 1;
        }
    }

    fn forget_longest(&mut self) -> bool {
        let Some((key, _)) = self.waiting.pop_lru() else { return false };
        if let Some(connection) = self.connections.peek_mut(&key) {
            self.bytes -= connection.held();
            connection.forget();
            self.bytes += connection.held();
        }
        true
    }

    /// Drops what has been silent or incomplete for too long.
    pub(super) fn expire(&mut self, now: u64, limits: &Limits, counts: &mut StreamCounts) {
        let older = |time: u64, age: u64| now.saturating_sub(time) > age;
        while self.waiting.peek_lru().is_some_and(|(_, since)| older(*since, limits.partial_age)) {
            self.forget_longest();
            counts.expired += 1;
        }
        while self.handshakes.peek_lru().is_some_and(|(_, known)| older(known.time, limits.handshake_age)) {
            self.handshakes.pop_lru();
        }
        while let Some((key, _)) = self.connections.peek_lru().filter(|(_, known)| older(known.seen, limits.idle)) {
            let key = *key;
            self.remove(&key);
            counts.idle += 1;
        }
    }
}
