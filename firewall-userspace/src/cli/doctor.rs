//! `sipfw doctor`: what would stop or slow the shield on this machine?
//!
//! Owns: the verb, and the record of one finding. Refuses: changing anything; each finding says what to type.
mod ethtool;
mod host;
mod interface;
mod kernel;
mod media;
mod slow_path;

use anyhow::Result;
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::report::table::pairs;
use crate::report::text::counted;

const EXAMPLES: &str = "\
Examples:
  sipfw doctor
  sipfw doctor --iface eth0
  sudo sipfw doctor --json

It looks at the interface of --iface, of the config, or of the default route. Exit code 0 if nothing
stops the shield (warnings may slow it), 1 if something does. Some things only root can see.";

/// Say what would stop or slow the firewall on this machine, and how to mend it
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// As it should be.
    Ok,
    /// It works; something else would be better still.
    Info,
    /// It works, but slower or less surely than it could.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    name: &'static str,
    level: Level,
    found: String,
    /// What to do; nothing where all is well.
    fix: Option<String>,
}

impl Finding {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, level: Level::Ok, found: found.into(), fix: None }
    }

    fn info(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, level: Level::Info, found: found.into(), fix: Some(fix.into()) }
    }

    fn warn(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, level: Level::Warn, found: found.into(), fix: Some(fix.into()) }
    }

    fn fail(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, level: Level::Fail, found: found.into(), fix: Some(fix.into()) }
    }
}

pub(super) fn verb(_args: &Args, context: &mut Context) -> Result<Exit> {
    let loaded = context.load()?;
    let config = &loaded.config;
    let mut findings = kernel::findings(&loaded);
    findings.extend(host::findings(config));
    findings.extend(interface::findings(context.global.iface.as_deref(), config));
    findings.extend(slow_path::findings(context.global.iface.as_deref(), config));
    findings.extend(media::findings(context.global.iface.as_deref(), config));
    let failed = findings.iter().filter(|f| f.level == Level::Fail).count();
    if context.out.is_json() {
        context.out.json(&findings)?;
    } else {
        context.out.text(text(&findings))?;
        let warned = findings.iter().filter(|f| f.level == Level::Warn).count();
        let (stop, slow) = (counted(failed, "thing", "things"), counted(warned, "warning", "warnings"));
        context.out.line(format!("\n{stop} in the way, {slow}"))?;
    }
    Ok(Exit::of(failed == 0))
}

fn text(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for finding in findings {
        let mark = match finding.level {
            Level::Ok => "ok  ",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        lines.push((format!("{mark}  {}", finding.name), finding.found.clone()));
        lines.extend(finding.fix.iter().map(|fix| (String::new(), format!("→ {fix}"))));
    }
    pairs(&lines)
}
