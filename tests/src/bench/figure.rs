//! One measured figure and the goal that it is held against.
//!
//! Owns: its forms as a table's row, a line of JSON and a line of Markdown. Refuses: measuring.
use std::fmt;

use serde_json::json;

/// The issue whose goals most figures have.
const ISSUE: u32 = 2;

/// What a figure shall be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// Nothing; the figure explains others.
    None,
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
    /// Between the two.
    Within(f64, f64),
}

impl Goal {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::None => true,
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Within(least, most) => (least..=most).contains(&value),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::Within(least, most) => write!(f, "{least} to {most}"),
        }
    }
}

/// A measured figure.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    issue: u32,
    name: &'static str,
    value: f64,
    unit: &'static str,
    goal: Goal,
    what: &'static str,
}

impl Figure {
    /// A figure by its lasting name; `what` says it in words.
    pub(super) fn new(name: &'static str, value: f64, unit: &'static str, goal: Goal, what: &'static str) -> Self {
        Self { issue: ISSUE, name, value, unit, goal, what }
    }

    /// One that explains others.
    pub(super) fn info(name: &'static str, value: f64, unit: &'static str, what: &'static str) -> Self {
        Self::new(name, value, unit, Goal::None, what)
    }

    /// The same with a goal of another issue.
    pub(super) const fn of_issue(self, issue: u32) -> Self {
        Self { issue, ..self }
    }

    /// Two digits after the point; the rest is noise.
    fn rounded(&self) -> f64 {
        (self.value * 100.0).round() / 100.0
    }

    fn judgement(&self) -> &'static str {
        match (self.goal, self.goal.holds(self.value)) {
            (Goal::None, _) => "",
            (_, true) => "yes",
            (_, false) => "NO",
        }
    }

    /// One JSON object; `goal` is null for a figure that only explains others.
    pub(super) fn json(&self) -> String {
        let goal = (self.goal != Goal::None).then(|| self.goal.to_string());
        json!({
            "issue": self.issue, "name": self.name, "value": self.rounded(), "unit": self.unit, "goal": goal,
            "holds": self.goal.holds(self.value),
        })
        .to_string()
    }

    /// A row of the table.
    pub(super) fn row(&self) -> String {
        let (value, goal) = (format!("{} {}", self.rounded(), self.unit), self.goal.to_string());
        format!("{:<44} {value:>14}  {goal:<12} {:<4} {}", self.name, self.judgement(), self.what)
    }

    /// A row of a Markdown table.
    pub(super) fn markdown(&self) -> String {
        let goal = if self.goal == Goal::None { "–".to_owned() } else { format!("{} {}", self.goal, self.unit) };
        let holds = if self.judgement() == "NO" { "**no**" } else { self.judgement() };
        format!("| `{}` | {} | {} {} | {goal} | {holds} |", self.name, self.what, self.rounded(), self.unit)
    }
}
