//! Keeping the kernel's maps equal to the database as time passes.
//!
//! Owns: when to compare, when expired entries are deleted, and how long to wait after a failure. Refuses: comparing.

/// What was seen at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Unix milliseconds.
    pub now: i64,
    /// A number that changes when another process has changed the database; nothing when it can't be read.
    pub version: Option<i64>,
    /// Whether another process has reloaded the firewall since the last look.
    pub reloaded: bool,
}

/// What is to be done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Delete what has expired from the database.
    Prune,
    /// Make the maps equal the database. The answer goes to [`Upkeep::synced`].
    Sync,
    /// Remove registrants whose trust has ended.
    Sweep,
}

/// How often registrants are swept. Nothing depends on it: one whose trust has ended is none, swept or not.
const SWEEP_MS: i64 = 60_000;
/// How long to wait after a failure.
const RETRY_MS: i64 = 5_000;

/// Decides at each look.
#[derive(Clone, Debug, Default)]
pub struct Upkeep {
    version: Option<i64>,
    next_expiry: Option<i64>,
    retry_at: Option<i64>,
    swept_at: Option<i64>,
    compare: bool,
}

impl Upkeep {
    /// A state in which the maps equal the database at `version` and nothing expires before `next_expiry`.
    pub fn new(version: Option<i64>, next_expiry: Option<i64>, now: i64) -> Self {
        Self { version, next_expiry, retry_at: None, swept_at: Some(now), compare: false }
    }

    /// What is to be done now.
    pub fn look(&mut self, seen: Seen) -> Vec<Task> {
        let mut tasks = Vec::new();
        let expired = self.next_expiry.is_some_and(|end| end <= seen.now);
        let changed = seen.version.is_some() && seen.version != self.version;
        let retry = self.retry_at.is_some_and(|at| at <= seen.now);
        let waiting = self.retry_at.is_some() && !retry;
        if (expired || changed || retry || seen.reloaded || self.compare) && !waiting {
            if expired {
                tasks.push(Task::Prune);
            }
            tasks.push(Task::Sync);
            self.compare = false;
            self.version = seen.version.or(self.version);
        }
        if self.swept_at.is_none_or(|at| seen.now.saturating_sub(at) >= SWEEP_MS) {
            self.swept_at = Some(seen.now);
            tasks.push(Task::Sweep);
        }
        tasks
    }

    /// The next look compares: this process itself has written entries, or opened another database, and [`Seen::version`]
    /// tells neither.
    pub fn compare(&mut self) {
        self.compare = true;
    }

    /// The maps equal the database until `next_expiry`.
    pub fn synced(&mut self, next_expiry: Option<i64>) {
        (self.next_expiry, self.retry_at) = (next_expiry, None);
    }

    /// They could not be compared or written; the kernel goes on with what it has.
    pub fn failed(&mut self, now: i64) {
        self.retry_at = Some(now.saturating_add(RETRY_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: i64, version: i64) -> Seen {
        Seen { now, version: Some(version), reloaded: false }
    }

    #[test]
    fn nothing_is_done_while_nothing_changes() {
        let mut upkeep = Upkeep::new(Some(1), None, 0);
        assert_eq!(upkeep.look(at(1_000, 1)), []);
        assert_eq!(upkeep.look(Seen { version: None, ..at(2_000, 1) }), []);
    }

    #[test]
    fn a_change_of_the_database_is_followed_once() {
        let mut upkeep = Upkeep::new(Some(1), None, 0);
        assert_eq!(upkeep.look(at(1_000, 2)), [Task::Sync]);
        upkeep.synced(None);
        assert_eq!(upkeep.look(at(2_000, 2)), []);
    }

    #[test]
    fn what_expires_goes_from_database_and_maps() {
        let mut upkeep = Upkeep::new(Some(1), Some(5_000), 0);
        assert_eq!(upkeep.look(at(4_999, 1)), []);
        assert_eq!(upkeep.look(at(5_000, 1)), [Task::Prune, Task::Sync]);
        upkeep.synced(Some(9_000));
        assert_eq!(upkeep.look(at(6_000, 1)), []);
    }

    #[test]
    fn a_failure_is_tried_again_after_a_while_and_not_before() {
        let mut upkeep = Upkeep::new(Some(1), None, 0);
        assert_eq!(upkeep.look(at(1_000, 2)), [Task::Sync]);
        upkeep.failed(1_000);
        assert_eq!(upkeep.look(at(2_000, 3)), []);
        assert_eq!(upkeep.look(at(6_000, 3)), [Task::Sync]);
        upkeep.synced(None);
        assert_eq!(upkeep.look(at(7_000, 3)), []);
    }

    #[test]
    fn another_process_reloading_is_a_reason_to_compare() {
        let mut upkeep = Upkeep::new(Some(1), None, 0);
        assert_eq!(upkeep.look(Seen { reloaded: true, ..at(1_000, 1) }), [Task::Sync]);
    }

    #[test]
    fn what_this_process_wrote_is_compared_once() {
        let mut upkeep = Upkeep::new(Some(1), None, 0);
        upkeep.compare();
        assert_eq!(upkeep.look(at(1_000, 1)), [Task::Sync]);
        upkeep.synced(None);
        assert_eq!(upkeep.look(at(2_000, 1)), []);
        upkeep.failed(2_000);
        upkeep.compare();
        assert_eq!(upkeep.look(at(3_000, 1)), []);
        assert_eq!(upkeep.look(at(7_000, 1)), [Task::Sync]);
    }

    #[test]
    fn registrants_are_swept_now_and_then() {
        let mut upkeep = Upkeep::new(Some(1), None, 0);
        assert_eq!(upkeep.look(at(SWEEP_MS - 1, 1)), []);
        assert_eq!(upkeep.look(at(SWEEP_MS, 1)), [Task::Sweep]);
        assert_eq!(upkeep.look(at(SWEEP_MS + 1, 1)), []);
    }
}
