//! A row of steps with headings and times.
//!
//! Owns: what is shown around a step. Refuses: to go on after one that failed.
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// The steps done so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(String, Outcome)>,
}

enum Outcome {
    Took(Duration),
    Skipped(String),
}

impl Steps {
    /// Runs a step under its heading. If it fails, the summary is shown and the error says which step it was.
    pub(crate) fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n=== {name}");
        let begin = Instant::now();
        let result = step();
        let took = begin.elapsed();
        match result {
            Ok(value) => {
                println!("--- {name}: ok, {}", seconds(took));
                self.done.push((name.to_owned(), Outcome::Took(took)));
                Ok(value)
            }
            Err(error) => {
                println!("--- {name}: FAILED after {}", seconds(took));
                self.summary();
                println!("  {name:<24} FAILED");
                Err(error).with_context(|| format!("{name}: failed"))
            }
        }
    }

    /// Notes aloud that a step is left out.
    pub(crate) fn skip(&mut self, name: &str, why: String) {
        println!("\n=== {name}\n--- {name}: SKIPPED, {why}");
        self.done.push((name.to_owned(), Outcome::Skipped(why)));
    }

    /// What was done and how long it took.
    pub(crate) fn summary(&self) {
        println!("\nSummary");
        for (name, outcome) in &self.done {
            match outcome {
                Outcome::Took(time) => println!("  {name:<24} ok {:>9}", seconds(*time)),
                Outcome::Skipped(why) => println!("  {name:<24} skipped: {why}"),
            }
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_names_itself_and_is_not_counted_as_done() {
        let mut steps = Steps::default();
        steps.run("first", || Ok(())).unwrap();
        let error = steps.run("second", || -> Result<()> { anyhow::bail!("broken") }).unwrap_err();
        assert_eq!(format!("{error:#}"), "second: failed: broken");
        assert_eq!(steps.done.len(), 1);
    }
}
