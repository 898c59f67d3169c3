//! Costs under BPF_PROG_TEST_RUN.
//!
//! Owns: the method: all programs take turns in short rounds on one processor, and the cheapest round of each counts,
//! because whatever disturbs a round only makes it dearer. Refuses: which programs, and what is made of the outcome.
//!
//! The kernel reports whole nanoseconds, rounded down, and runs one frame again and again: code and data are in the
//! caches. A frame whose source varies ([`super::tiny::varied`]) shows what maps cost when they are not.
use std::os::fd::RawFd;

use anyhow::{Result, ensure};
use indicatif::ProgressBar;

use super::bpf;

/// One program with its frame.
pub(super) struct Runner {
    name: &'static str,
    program: RawFd,
    frame: Vec<u8>,
    action: u32,
    best: u32,
}

/// The place of a runner in a race.
#[derive(Clone, Copy)]
pub(super) struct Lane(usize);

/// How long a race is.
#[derive(Clone, Copy)]
pub(super) struct Length {
    /// Times that every program has its turn.
    pub(super) trials: u32,
    /// Rounds of a turn.
    pub(super) rounds: u32,
    /// Runs of a round.
    pub(super) runs: u32,
}

/// Programs that take turns.
#[derive(Default)]
pub(super) struct Race {
    runners: Vec<Runner>,
}

impl Race {
    /// Adds a program that must return `action` for its frame.
    pub(super) fn enter(&mut self, name: &'static str, program: RawFd, frame: &[u8], action: u32) -> Lane {
        self.runners.push(Runner { name, program, frame: frame.to_vec(), action, best: u32::MAX });
        Lane(self.runners.len() - 1)
    }

    /// Runs them all.
    pub(super) fn run(&mut self, length: Length, progress: &ProgressBar) -> Result<()> {
        progress.inc_length(u64::from(length.trials) * self.runners.len() as u64);
        for _ in 0..length.trials {
            for runner in &mut self.runners {
                progress.set_message(runner.name);
                runner.turn(length)?;
                progress.inc(1);
            }
        }
        Ok(())
    }

    /// The cheapest round of a program, in nanoseconds a run.
    pub(super) fn best(&self, lane: Lane) -> f64 {
        f64::from(self.runners[lane.0].best)
    }
}

impl Runner {
    fn turn(&mut self, length: Length) -> Result<()> {
        for _ in 0..length.rounds {
            let ran = bpf::run(self.program, &self.frame, length.runs)?;
            ensure!(ran.action == self.action, "{}: XDP action {}, not {}", self.name, ran.action, self.action);
            self.best = self.best.min(ran.nanoseconds);
        }
        Ok(())
    }
}
