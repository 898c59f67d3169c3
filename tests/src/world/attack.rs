//! The attacker's tools: SIPVicious.
//!
//! Owns: running its three programs and reading what they found. Refuses: targets outside the world.
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::address::{ATTACKER, EDGE};
use super::process::Process;
use super::{Place, World};

/// What a program of SIPVicious found: the first column of its table.
pub fn finds(world: &World, tool: &str, args: &[&str], limit: Duration) -> Result<Vec<String>> {
    let home = world.dir().join("sipvicious");
    std::fs::create_dir_all(&home)?;
    let mut command: Command = world.netns(Place::Attacker).command(tool);
    command.env("HOME", &home).current_dir(&home).args(["-b", &ATTACKER.to_string(), "-x", &ATTACKER.to_string()]);
    let log = world.dir().join(format!("{tool}.log"));
    let mut process = Process::start(command.args(args), tool, &log)?;
    // A scan that finds nothing may wait for ever; what it has by then is what it gets.
    let _ = process.wait(limit);
    Ok(rows(&process.said()))
}

/// Scans the server's neighbourhood for SIP servers.
pub fn map(world: &World, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svmap", &[&format!("{EDGE}/30")], limit)
}

/// Tries extensions.
pub fn extensions(world: &World, range: &str, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svwar", &["-e", range, "--force", &EDGE.to_string()], limit)
}

/// Guesses the password of an extension among numbers.
pub fn crack(world: &World, extension: &str, range: &str, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svcrack", &["-u", extension, "-r", range, "-z", "4", &EDGE.to_string()], limit)
}

/// SIPVicious draws `| cell | cell |` under a heading.
fn rows(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with('|'));
    let cells = lines.filter_map(|line| line.split('|').nth(1)).map(|cell| cell.trim().to_owned());
    cells.skip(1).filter(|cell| !cell.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_stands_under_the_heading() {
        let table = "INFO:x\n+---+\n| SIP Device | User Agent |\n+====+\n| 192.0.2.1:5060 | edge |\n+---+\n";
        assert_eq!(rows(table), ["192.0.2.1:5060"]);
        assert!(rows("WARNING:root:found nothing\n").is_empty());
    }
}
