//! Rows of verdict tables, and holding the program to them.
//!
//! Owns: what a row says, and the exact change of every counter that it demands. Refuses: leniency: what a row does not
//! mention must not happen.
use firewall_common::reason::Reason;

use super::counters::Counters;
use super::shield::{Action, Shield, now};
use crate::packets::Frame;

/// A packet and what must become of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is special about the packet.
    pub what: String,
    /// The frame.
    pub frame: Vec<u8>,
    /// What it must be judged.
    pub reason: Reason,
    monitored: bool,
    peer: Option<u32>,
    detail: Option<u32>,
    at: Option<u64>,
}

/// A row of a table.
pub fn row(what: impl Into<String>, frame: impl Into<Vec<u8>>, reason: Reason) -> Row {
    Row { what: what.into(), frame: frame.into(), reason, monitored: false, peer: None, detail: None, at: None }
}

impl From<Frame> for Vec<u8> {
    fn from(frame: Frame) -> Self {
        frame.bytes()
    }
}

impl Row {
    /// It passes although its reason drops, because the reason is monitored.
    #[must_use]
    pub fn monitored(mut self) -> Self {
        self.monitored = true;
        self
    }

    /// It counts as a packet of this peer.
    #[must_use]
    pub fn peer(mut self, id: u32) -> Self {
        self.peer = Some(id);
        self
    }

    /// What decided.
    #[must_use]
    pub fn detail(mut self, detail: u32) -> Self {
        self.detail = Some(detail);
        self
    }

    /// It is judged at a time of its own, and so not by the program for live packets.
    #[must_use]
    pub fn at(mut self, now: u64) -> Self {
        self.at = Some(now);
        self
    }

    fn action(&self) -> Action {
        if self.reason.drops() && !self.monitored { Action::Drop } else { Action::Pass }
    }

    /// What one such packet adds to the counters.
    fn counted(&self) -> Counters {
        let mut counters = Counters::default();
        counters.count(self.reason, self.monitored, self.peer, self.frame.len());
        counters
    }
}

impl Shield {
    /// Holds the program to a table, row by row in one instance, and reports all rows that fail at once.
    pub fn expect(&self, rows: &[Row]) {
        let failures: Vec<String> = rows.iter().flat_map(|row| self.try_row(row)).collect();
        assert!(failures.is_empty(), "{} of {} rows failed:\n{}", failures.len(), rows.len(), failures.join("\n"));
    }

    /// Judges the row's packet without a trace, by the program for live packets, and with all consequences. So a row that
    /// charges limits charges them twice, once if it has a time of its own.
    fn try_row(&self, row: &Row) -> Vec<String> {
        let mut failures = Vec::new();
        // Read anew at each step: the live program reads the clock too, and time must not go back.
        let time = || row.at.unwrap_or_else(now);
        let mut step = |step: &str, want: Counters, run: &dyn Fn() -> Option<String>| {
            let before = self.counters();
            let wrong = run();
            let counted = self.counters().since(&before);
            failures.extend(wrong.map(|wrong| format!("- {} ({step}): {wrong}", row.what)));
            if counted != want {
                failures.push(format!("- {} ({step}): counted {counted:?}, not {want:?}", row.what));
            }
        };
        step("rehearsed", Counters::default(), &|| self.differs(row, &self.rehearse(&row.frame, time())));
        if row.at.is_none() {
            step("live", row.counted(), &|| {
                let action = self.run_live(&row.frame);
                (action != row.action()).then(|| format!("{action:?}, not {:?}", row.action()))
            });
        }
        step("judged", row.counted(), &|| self.differs(row, &self.judge(&row.frame, time())));
        failures
    }

    fn differs(&self, row: &Row, judged: &firewall_userspace::dataplane::probe::Judgement) -> Option<String> {
        let same = judged.reason == row.reason
            && judged.monitored == row.monitored
            && judged.peer == row.peer
            && row.detail.is_none_or(|detail| detail == judged.detail);
        (!same).then(|| {
            let Row { reason, monitored, peer, detail, .. } = row;
            format!("{judged:?}, not reason {reason:?} monitored {monitored} peer {peer:?} detail {detail:?}")
        })
    }
}
