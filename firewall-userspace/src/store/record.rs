//! Writing down what the daemon has learned.
//!
//! Owns: a batch in one transaction, and forgetting what nobody needs any more. Refuses: what waits while the database
//! can't be written (see [`super::backlog`]).
use firewall_common::addr::Prefix;
use rusqlite::Connection;

use super::hold::HOLD_MEMORY_MS;
use super::learned::{Learned, What};
use super::{Result, Store, alarm, audit, bans, call, device, hold, registrant, score};

/// What writing a batch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Bans that are rows now.
    pub bans: usize,
    /// Bans that a person had lifted before they were written. They are no rows; their marks have the evidence.
    pub lifted: Vec<Prefix>,
    /// Devices that are new, or call themselves something else than before.
    pub devices: Vec<i64>,
}

/// How much has been learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LearnedCounts {
    /// Sources that are registrants now.
    pub registrants: u64,
    /// Holds in force.
    pub holds: u64,
    /// Alarms raised since a given time.
    pub alarms: u64,
}

impl Store {
    /// Writes a batch in its order, all or nothing.
    pub fn record(&mut self, batch: &[Learned]) -> Result<Recorded> {
        self.write(|tx| {
            let mut recorded = Recorded::default();
            batch.iter().try_for_each(|one| write(tx, one, &mut recorded))?;
            if batch.iter().any(|one| matches!(one.what, What::Alarm(_))) {
                alarm::trim(tx, alarm::ALARMS_KEPT)?;
            }
            Ok(recorded)
        })
    }

    /// Forgets registrations that have ended and make nobody known, holds that ended long ago, and scores that say nothing
    /// any more; returns how many.
    pub fn prune_learned(&mut self, now: i64) -> Result<usize> {
        self.write(|tx| {
            let gone = tx.execute("DELETE FROM registrant WHERE until <= ?1 AND known_until <= ?1", [now])?;
            let ended = now.saturating_sub(HOLD_MEMORY_MS);
            let holds = tx.execute("DELETE FROM hold WHERE until <= ?1", [ended])?;
            let scores = tx.execute("DELETE FROM score WHERE ends <= ?1", [now])?;
            Ok(gone + holds + scores)
        })
    }

    /// How much there is; alarms count from `since` on (Unix milliseconds).
    pub fn learned_counts(&self, now: i64, since: i64) -> Result<LearnedCounts> {
        self.read(|db| {
            let count = |sql: &str, time: i64| db.query_row(sql, [time], |row| row.get::<_, i64>(0));
            let registrants = count("SELECT count(DISTINCT source) FROM registrant WHERE until > ?1", now)?;
            let holds = count("SELECT count(*) FROM hold WHERE until > ?1", now)?;
            let alarms = count("SELECT coalesce(sum(count), 0) FROM alarm WHERE time >= ?1", since)?;
            let [registrants, holds, alarms] = [registrants, holds, alarms].map(i64::unsigned_abs);
            Ok(LearnedCounts { registrants, holds, alarms })
        })
    }
}

fn write(db: &Connection, learned: &Learned, recorded: &mut Recorded) -> rusqlite::Result<()> {
    let time = learned.time;
    match &learned.what {
        What::Ban(ban) if bans::lifted_since(db, ban.source, time)? => {
            bans::complete_mark(db, ban, time)?;
            recorded.lifted.push(ban.source);
            Ok(())
        }
        What::Ban(ban) => {
            recorded.bans += 1;
            bans::write(db, ban, time).map(drop)
        }
        What::Hold(new) => hold::write(db, new, time),
        What::Registered(new) => registrant::write(db, new, time),
        What::Ended(ended) => registrant::end(db, ended, time),
        What::Alarm(new) => alarm::write(db, new),
        What::Call(new) => call::write(db, new, time),
        What::Device(new) => {
            recorded.devices.extend(device::write(db, new, time)?);
            Ok(())
        }
        What::Audit(finding) => audit::write(db, finding),
        What::Score(new) => score::write(db, new, time),
    }
}
