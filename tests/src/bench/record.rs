//! Writes the figures into docs/performance.md.
//!
//! Owns: the part between the two marks, and the picture beside the page. Refuses: the words around it, which people
//! write.
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::curve::{Curves, Points};
use super::figure::Figure;
use super::plot;

const BEGIN: &str = "<!-- figures: begin (written by `cargo xtask bench -- --record docs/performance.md`) -->";
const END: &str = "<!-- figures: end -->";
/// The picture's name, beside the page.
const PICTURE: &str = "performance.svg";

/// Replaces the recorded figures.
pub(super) fn write(page: &Path, figures: &[Figure], curves: &Curves) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let (before, rest) = text.split_once(BEGIN).context("the page has no mark where the figures begin")?;
    let (_, after) = rest.split_once(END).context("the page has no mark where the figures end")?;
    let part = part(figures, curves)?;
    fs::write(page, format!("{before}{BEGIN}\n\n{part}\n{END}{after}"))?;
    fs::write(page.with_file_name(PICTURE), plot::svg(curves))?;
    Ok(())
}

fn part(figures: &[Figure], curves: &Curves) -> Result<String> {
    let rows: Vec<String> = figures.iter().map(Figure::markdown).collect();
    Ok(format!(
        "{}\n\n| name | what | measured | goal | holds |\n| --- | --- | ---: | --- | --- |\n{}\n\n\
         ![Cost by peers and bans]({PICTURE})\n\n{}\n{}",
        machine()?,
        rows.join("\n"),
        points("peers' prefixes", "a peer's REGISTER, ns over bare", &curves.peers),
        points("bans", "a banned source, ns over bare", &curves.bans),
    ))
}

fn points(of: &str, what: &str, points: &Points) -> String {
    let sizes: Vec<String> = points.iter().map(|(count, _)| count.to_string()).collect();
    let costs: Vec<String> = points.iter().map(|(_, cost)| cost.to_string()).collect();
    let rule = "| ---: ".repeat(points.len());
    format!("| {of} | {} |\n| --- {rule}|\n| {what} | {} |\n", sizes.join(" | "), costs.join(" | "))
}

/// On what, and of which commit.
fn machine() -> Result<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    // Not what this process may use: the bench keeps itself on one of them.
    let processors = cpuinfo.lines().filter(|line| line.starts_with("processor\t")).count();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let git = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=10"]).output();
    let commit = git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    Ok(format!(
        "Measured at commit {commit} on {}, {processors} processors, Linux {}.",
        model.trim_start_matches(['\t', ' ', ':']).trim(),
        kernel.trim()
    ))
}
