//! The attacker's tools: SIPVicious and nmap. Nobody here wrote them.
//!
//! Owns: running them and reading what they found. Refuses: targets outside the world.
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::address::{ATTACKER, ATTACKER6, EDGE, EDGE6};
use super::process::Process;
use super::{Place, World};

/// What a program of SIPVicious found: the first column of its table. It names itself "friendly-scanner", and no option
/// changes that: where a test is about behaviour, the config must have no signatures.
pub fn finds(world: &World, tool: &str, args: &[&str], limit: Duration) -> Result<Vec<String>> {
    let from = ATTACKER.to_string();
    Ok(rows(&run(world, tool, &[&["-b", &from, "-x", &from][..], args].concat(), limit)?))
}

/// Runs a tool at the attacker until it ends or the time is up; what it said.
fn run(world: &World, tool: &str, args: &[&str], limit: Duration) -> Result<String> {
    let home = world.dir().join(format!("home-{tool}"));
    std::fs::create_dir_all(&home)?;
    let mut command: Command = world.netns(Place::Attacker).command(tool);
    command.env("HOME", &home).current_dir(&home).args(args);
    let mut process = Process::start(&mut command, tool, &world.dir().join(format!("{tool}.log")))?;
    // A scan that finds nothing may wait for ever; what it has by then is what it gets.
    let _ = process.wait(limit);
    Ok(process.said())
}

/// Scans the server's neighbourhood for SIP servers.
pub fn map(world: &World, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svmap", &[&format!("{EDGE}/30")], limit)
}

/// Tries extensions by REGISTER.
pub fn extensions(world: &World, range: &str, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svwar", &["-e", range, "--force", &EDGE.to_string()], limit)
}

/// Tries extensions by another method.
pub fn extensions_by(world: &World, method: &str, range: &str, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svwar", &["-e", range, "-m", method, "--force", &EDGE.to_string()], limit)
}

/// Guesses the password of an extension among numbers.
pub fn crack(world: &World, extension: &str, range: &str, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svcrack", &["-u", extension, "-r", range, "-z", "4", &EDGE.to_string()], limit)
}

/// The same as fast as it goes: thousands of guesses a second. (Using a nonce again, its option -n, crashes it.)
pub fn crack_fast(world: &World, extension: &str, range: &str, limit: Duration) -> Result<Vec<String>> {
    finds(world, "svcrack", &["-u", extension, "-r", range, "-z", "4", "-t", "0.0001", &EDGE.to_string()], limit)
}

/// The same over IPv6, from the attacker's own address.
pub fn crack_v6(world: &World, extension: &str, range: &str, limit: Duration) -> Result<Vec<String>> {
    // What it writes into Via is what -x says, and there an address stands in brackets.
    let (from, via, server) = (ATTACKER6.to_string(), format!("[{ATTACKER6}]"), EDGE6.to_string());
    let args = ["-6", "-b", &from, "-x", &via, "-u", extension, "-r", range, "-z", "4", &server];
    Ok(rows(&run(world, "svcrack", &args, limit)?))
}

/// nmap's scripts look for users by number (`sip-enum-users`); those that it says exist.
pub fn nmap_users(world: &World, first: u32, last: u32, limit: Duration) -> Result<Vec<String>> {
    let args = format!("sip-enum-users.minext={first},sip-enum-users.maxext={last},sip-enum-users.padding=0");
    let server = EDGE.to_string();
    let scan = ["-n", "-Pn", "-sU", "-p", "5060", "--script", "sip-enum-users", "--script-args", &args, &server];
    let said = run(world, "nmap", &scan, limit)?;
    let users = said.lines().filter_map(|line| line.trim_start_matches(['|', ' ', '_']).split_once(": "));
    let numbers = users.filter(|(user, _)| !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit()));
    Ok(numbers.map(|(user, _)| user.to_owned()).collect())
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
