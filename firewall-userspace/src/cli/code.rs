//! `sipfw code`: codes that open classes of numbers.
//!
//! Owns: the verb, and taking a code from whoever makes it. Refuses: showing a code, but for one that it has just drawn.
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use firewall_common::limiter::HashKey;
use firewall_common::number::code_hash;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::failure::wrong;
use super::live::Live;
use super::number::add;
use crate::dataplane::clock;
use crate::numbers::{parse_code, random_code};
use crate::report::number_list::codes as table;
use crate::report::text::plain;
use crate::store::{CodeAdded, Store};

const EXAMPLES: &str = "\
Examples:
  sipfw code add overseas --label 'front desk'
  sipfw code add premium --generate
  sipfw code list
  sipfw code del 3

A code is dialled before the number, as *CODE*NUMBER, and opens the numbers of its class that need
one (`sipfw number code`). Nobody can be told a code again: the database has only a keyed hash of it.
docs/numbers.md says what a PBX has to do with what is dialled.";

/// Make and delete call codes
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a code; it is read from the terminal or from standard input
    #[command(after_help = "\
Examples:
  sipfw code add overseas
  sipfw code add overseas --label 'front desk' --generate
  pass show pbx/overseas | sipfw code add overseas")]
    Add(AddArgs),
    /// List the codes, without their digits
    #[command(after_help = "\
Examples:
  sipfw code list
  sipfw code list --json")]
    List,
    /// Delete codes by their ids
    #[command(
        visible_alias = "delete",
        after_help = "\
Examples:
  sipfw code del 3"
    )]
    Del(DeleteArgs),
}

#[derive(clap::Args)]
struct AddArgs {
    /// The class of numbers that it opens
    class: String,
    /// A note that `list` shows, such as whose it is
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Draw a code and print it, this once
    #[arg(long)]
    generate: bool,
}

#[derive(clap::Args)]
struct DeleteArgs {
    /// Their ids, as `list` shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<u32>,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::Add(args) => make(args, context),
        Action::List => list(context),
        Action::Del(args) => delete(args, context),
    }
}

fn make(args: &AddArgs, context: &mut Context) -> Result<Exit> {
    add::class(&args.class)?;
    let config = context.config()?;
    let len = config.numbers().code_digits.get();
    let code = if args.generate { random_code(len)? } else { parse_code(&read()?, len).map_err(wrong)? };
    let mut store = context::store(&config)?;
    let live = Live::open(&config, context.global.iface.as_deref())?;
    let key = key(&mut store, &live)?;
    let hash = code_hash(code, key);
    let added = match store.add_code(hash, &args.class, args.label.as_deref(), clock::now().wall_ms)? {
        CodeAdded::Added(added) => added,
        CodeAdded::Known => bail!("this code opens the class {} already; nothing was added", args.class),
        CodeAdded::NoClass => bail!("there can be {} classes of numbers; nothing was added", add::CLASSES),
    };
    let applied = live.apply(&store)?;
    let drawn = args.generate.then(|| code.to_string());
    if context.out.is_json() {
        context.out.json(&json!({ "added": added, "code": drawn, "applied": applied.ifaces }))?;
        return Ok(Exit::Yes);
    }
    context.out.line(format!("code {} for class {} added; {applied}", added.id, plain(&args.class)))?;
    if let Some(drawn) = drawn {
        context.out.line(format!("the code is {drawn}; it is not shown again"))?;
    }
    Ok(Exit::Yes)
}

/// The key that codes are hashed with: the database's, else that of what is loaded, else a new one.
fn key(store: &mut Store, live: &Live) -> Result<HashKey> {
    if let Some(key) = store.hash_key()? {
        return Ok(key);
    }
    let drawn = || Ok::<_, getrandom::Error>(HashKey([getrandom::u64()?, getrandom::u64()?]));
    let key = match live.hash_key()? {
        Some(key) => key,
        None => drawn().map_err(|error| io::Error::other(error.to_string())).context("cannot draw a random key")?,
    };
    Ok(store.keep_hash_key(key)?)
}

/// A line of standard input, which a terminal does not show.
fn read() -> Result<String> {
    let stdin = io::stdin();
    let shown = if stdin.is_terminal() { Some(tcgetattr(&stdin)?) } else { None };
    if let Some(shown) = &shown {
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
        eprint!("code: ");
        io::stderr().flush()?;
    }
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if let Some(shown) = &shown {
        tcsetattr(&stdin, OptionalActions::Flush, shown)?;
        eprintln!();
    }
    read.context("cannot read the code")?;
    match line.trim() {
        "" => Err(wrong("there is no code on standard input; write one, or use --generate; nothing was added")),
        code => Ok(code.to_owned()),
    }
}

fn list(context: &mut Context) -> Result<Exit> {
    let codes = context::store(&context.config()?)?.codes()?;
    if context.out.is_json() {
        context.out.json(&codes)?;
    } else if codes.is_empty() {
        context.out.line("no call codes")?;
    } else {
        context.out.line(table(&codes))?;
    }
    Ok(Exit::Yes)
}

fn delete(args: &DeleteArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let live = Live::open(&config, context.global.iface.as_deref())?;
    let (mut deleted, mut missing) = (Vec::new(), Vec::new());
    for id in &args.ids {
        match store.delete_code(*id)? {
            Some(code) => deleted.push(code),
            None => missing.push(*id),
        }
    }
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        context.out.json(&json!({ "deleted": deleted, "missing": missing, "applied": applied.ifaces }))?;
    } else {
        let word = if deleted.len() == 1 { "code" } else { "codes" };
        context.out.line(format!("{} {word} deleted; {applied}", deleted.len()))?;
        missing.iter().for_each(|id| eprintln!("sipfw: there is no code {id}; `sipfw code list` shows those that are"));
    }
    Ok(Exit::of(missing.is_empty()))
}
