//! `sipfw ban`: the firewall's own blocks, looked at and lifted.
//!
//! Owns: the verb. Refuses: banning by hand (that is `deny add`), so that every ban has evidence.
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::failure::wrong;
use super::live::{self, Live};
use crate::dataplane::clock;
use crate::entries::{Kind, parse_prefix, prefix_text};
use crate::report::entries::{Listed, bans, sentence};
use crate::report::text::{counted, plain};
use crate::report::time::instant;
use crate::store::{Filter, Mark, Why, author};

const EXAMPLES: &str = "\
Examples:
  sipfw ban list
  sipfw ban why 198.51.100.7
  sipfw ban lift 198.51.100.7

A lifted ban leaves a mark, so that its evidence is not lost and the next ban of that source is not
a step longer. To block a source by hand, use `sipfw deny add`.";

/// Show and lift the firewall's own bans
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the bans in force
    #[command(after_help = "\
Examples:
  sipfw ban list
  sipfw ban list --json")]
    List,
    /// Lift the bans that cover a source; exit code 1 if there is none
    #[command(after_help = "\
Examples:
  sipfw ban lift 198.51.100.7
  sipfw ban lift 2001:db8:0:7::/64")]
    Lift(Source),
    /// Say why a source is blocked or not; exit code 1 if it is not banned
    #[command(after_help = "\
Examples:
  sipfw ban why 198.51.100.7
  sipfw ban why 198.51.100.7 --json")]
    Why(Source),
}

#[derive(clap::Args)]
struct Source {
    /// An address, or a prefix
    source: String,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List => list(context),
        Action::Lift(source) => lift(source, context),
        Action::Why(source) => why(source, context),
    }
}

fn list(context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let now = clock::now().wall_ms;
    let found = context::store(&config)?.list(Kind::Ban, &Filter::default(), now)?;
    let hits = live::hits(&config, context.global.iface.as_deref())?;
    let listed: Vec<Listed> = found.into_iter().map(|ban| Listed::new(ban, hits.as_ref())).collect();
    if context.out.is_json() {
        context.out.json(&listed)?;
    } else if listed.is_empty() {
        context.out.line("no source is banned")?;
    } else {
        context.out.line(bans(&listed, now))?;
    }
    Ok(Exit::Yes)
}

fn lift(args: &Source, context: &mut Context) -> Result<Exit> {
    let source = parse_prefix(&args.source).map_err(|e| wrong(e.to_string()))?;
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let mut live = Live::open(&config, context.global.iface.as_deref())?;
    let lifted = store.lift(source, author().as_deref(), clock::now().wall_ms)?;
    // A ban of this moment may be in the kernel only.
    let pending = live.drop_pending(source)?;
    let applied = live.apply(&store)?;
    let count = lifted.len().max(usize::from(pending));
    if context.out.is_json() {
        context.out.json(&json!({ "lifted": lifted, "pending": pending, "applied": applied.ifaces }))?;
    } else if count == 0 {
        context.out.line(format!("{} is not banned", prefix_text(source)))?;
    } else {
        context.out.line(format!("{} lifted; {applied}", counted(count, "ban", "bans")))?;
    }
    Ok(Exit::of(count > 0))
}

fn why(args: &Source, context: &mut Context) -> Result<Exit> {
    let source = parse_prefix(&args.source).map_err(|e| wrong(e.to_string()))?;
    let now = clock::now().wall_ms;
    let known = context::store(&context.config()?)?.why(source, now)?;
    let banned = known.bans.iter().any(|ban| ban.in_force(now));
    if context.out.is_json() {
        context.out.json(&json!({ "source": prefix_text(source), "banned": banned, "known": known }))?;
    } else {
        context.out.line(format!("{} is {}banned", prefix_text(source), if banned { "" } else { "not " }))?;
        story(&known, now).iter().try_for_each(|line| context.out.line(line))?;
    }
    Ok(Exit::of(banned))
}

fn story(known: &Why, now: i64) -> Vec<String> {
    let bans = known.bans.iter().flat_map(|ban| {
        let evidence = ban.evidence.as_ref().map_or_else(|| "none kept".to_owned(), |e| plain(&e.to_string()));
        [
            format!("  {}, step {}, made {}", sentence(ban, now), ban.step, instant(ban.created)),
            format!("    evidence: {evidence}"),
        ]
    });
    let entries = known.entries.iter().map(|entry| format!("  {}", sentence(entry, now)));
    bans.chain(entries).chain(known.marks.iter().map(mark)).collect()
}

fn mark(mark: &Mark) -> String {
    let by = mark.author.as_deref().map_or_else(String::new, |author| format!(" by {}", plain(author)));
    format!(
        "  a ban of {} made {} was lifted {}{by}",
        prefix_text(mark.source),
        instant(mark.banned),
        instant(mark.lifted)
    )
}
