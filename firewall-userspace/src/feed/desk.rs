//! Where a feed's readings go: into the numbers, and events to the daemon.
//!
//! Owns: the feed's rate, and what happens when the daemon is too busy (the event is dropped and counted). Refuses: waiting.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tracing::{info, warn};

use super::counts::Counts;
use super::judge::Verdict;
use super::report::{Reading, Refusal, Report};
use crate::dataplane::clock;
use crate::engine::input::FeedEvent;

/// A feed's numbers, shared with those who ask.
pub(super) type Shared = Arc<Mutex<Counts>>;

/// Looks at, or changes, a feed's numbers. They are whole after a panic too: each change is one step.
pub(super) fn counts(shared: &Shared) -> MutexGuard<'_, Counts> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One feed's way to the daemon.
#[derive(Debug)]
pub(super) struct Desk {
    feed: String,
    rate: Rate,
    events: Sender<FeedEvent>,
    shared: Shared,
}

impl Desk {
    pub(super) fn new(feed: &str, per_second: u32, events: Sender<FeedEvent>, shared: Shared) -> Self {
        Self { feed: feed.to_owned(), rate: Rate::new(per_second), events, shared }
    }

    /// Takes what a line of a file turned out to be. An event's line was counted when it was read.
    pub(super) fn verdict(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Event(report) => self.event(report),
            Verdict::Other => {}
            Verdict::Refused(refusal) => self.refused(refusal),
        }
    }

    /// Takes what a block or an object came to.
    pub(super) fn reading(&mut self, reading: Reading) {
        self.line();
        match reading {
            Reading::Event(report) => self.event(report),
            Reading::Other => {}
            Reading::Refused(refusal) | Reading::Torn(refusal, _) | Reading::Split(refusal, _) => self.refused(refusal),
        }
    }

    /// Counts a line.
    pub(super) fn line(&self) {
        counts(&self.shared).lines += 1;
    }

    /// Says what keeps the feed from working, once; or that nothing does any more.
    pub(super) fn trouble(&self, trouble: Option<String>) {
        let mut counts = counts(&self.shared);
        if counts.trouble == trouble {
            return;
        }
        match &trouble {
            Some(trouble) => warn!(feed = self.feed, "{trouble}"),
            None => info!(feed = self.feed, "reading"),
        }
        counts.trouble = trouble;
    }

    fn event(&mut self, report: Report) {
        let admitted = self.rate.admits(Instant::now());
        let sent = admitted && self.events.try_send(report.into_event(&self.feed)).is_ok();
        let mut counts = counts(&self.shared);
        if sent {
            counts.events += 1;
            counts.last_event = Some(clock::now().wall_ms);
        } else {
            counts.dropped += 1;
        }
    }

    fn refused(&self, refusal: Refusal) {
        *counts(&self.shared).refused.entry(refusal.word().to_owned()).or_default() += 1;
    }
}

/// So many a second, and no more.
#[derive(Debug)]
struct Rate {
    per_second: u32,
    second: Option<Instant>,
    used: u32,
}

impl Rate {
    fn new(per_second: u32) -> Self {
        Self { per_second, second: None, used: 0 }
    }

    fn admits(&mut self, now: Instant) -> bool {
        if self.second.is_none_or(|begun| now.duration_since(begun) >= Duration::from_secs(1)) {
            (self.second, self.used) = (Some(now), 0);
        }
        self.used = self.used.saturating_add(1);
        self.used <= self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_number_and_no_more() {
        let (mut rate, start) = (Rate::new(3), Instant::now());
        let admitted = |rate: &mut Rate, ms| (0..10).filter(|_| rate.admits(start + Duration::from_millis(ms))).count();
        assert_eq!([admitted(&mut rate, 0), admitted(&mut rate, 999), admitted(&mut rate, 1_000)], [3, 0, 3]);
    }

    #[test]
    fn a_daemon_that_is_busy_loses_events_and_hears_of_it() {
        let (events, mut received) = tokio::sync::mpsc::channel(1);
        let shared = Shared::default();
        let mut desk = Desk::new("pbx", 100, events, Arc::clone(&shared));
        for _ in 0..3 {
            desk.reading(super::super::json::read(br#"{"event":"malformed","source":"203.0.113.7"}"#));
        }
        desk.reading(super::super::json::read(b"{"));
        let counted = counts(&shared).clone();
        assert_eq!((counted.lines, counted.events, counted.dropped), (4, 1, 2));
        assert_eq!(counted.refused.get("json"), Some(&1));
        assert_eq!(received.try_recv().map(|event| event.feed).as_deref(), Ok("pbx"));
    }
}
