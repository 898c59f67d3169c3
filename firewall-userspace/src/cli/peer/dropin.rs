//! Files in conf.d/ that hold one peer each.
//!
//! Owns: writing and removing them. Refuses: touching a file that it did not write, and leaving a config that is wrong.
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::{AddArgs, DeleteArgs};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::{bad_config, wrong};
use crate::cli::reload;
use crate::config::{self, Config, DEFAULT_PATH, Loaded};

/// The first line of a file that may be removed.
const MARK: &str = "# Written by `sipfw peer add`; `sipfw peer del` removes this file.";

pub(super) fn add(args: &AddArgs, context: &mut Context) -> Result<Exit> {
    let path = path(&args.name, context)?;
    let text = text(args);
    // Alone first: what is wrong with the arguments is then told without a file of that name.
    config::parse_str("the new peer", &text).map_err(|problems| bad_config(&problems))?;
    if args.print {
        context.out.text(&text)?;
        return Ok(Exit::Yes);
    }
    let before = context.load()?;
    if before.config.peers().iter().any(|peer| peer.name.as_str() == args.name) {
        bail!("there is a peer {} already (`sipfw peer show {}`); nothing was written", args.name, args.name);
    }
    let after = write_checked(&path, &text, context)?;
    for warning in new_warnings(&before, &after) {
        eprintln!("sipfw: {warning}");
    }
    finish(json!({ "written": path }), &format!("{} written", path.display()), args.reload, context)
}

pub(super) fn delete(args: &DeleteArgs, context: &mut Context) -> Result<Exit> {
    let path = path(&args.name, context)?;
    let own = fs::read_to_string(&path).is_ok_and(|text| text.starts_with(MARK) && names(&text, &args.name));
    if !own {
        return foreign(&args.name, context);
    }
    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    finish(json!({ "removed": path }), &format!("{} removed", path.display()), args.reload, context)
}

/// The peer's file, whose name says whose it is.
fn path(name: &str, context: &Context) -> Result<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(wrong(format!(
            "{name:?} makes no file's name: use letters, digits, '-', '_' and '.', or write the peer into the config by hand"
        )));
    }
    let main = context.config_path().unwrap_or(Path::new(DEFAULT_PATH));
    Ok(main.with_file_name("conf.d").join(format!("peer-{name}.toml")))
}

fn text(args: &AddArgs) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let list = |words: &[String]| format!("[{}]", words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(", "));
    let mut text = format!("{MARK}\n[[peer]]\nname = {}\n", quoted(&args.name));
    let (names, prefixes): (Vec<String>, Vec<String>) = args.places.iter().cloned().partition(|place| is_name(place));
    for (key, places) in [("prefixes", &prefixes), ("names", &names)] {
        if !places.is_empty() {
            text.push_str(&format!("{key} = {}\n", list(places)));
        }
    }
    for (key, words) in [("transports", &args.transports), ("methods", &args.methods)] {
        if !words.is_empty() {
            text.push_str(&format!("{key} = {}\n", list(words)));
        }
    }
    if let Some(comment) = &args.comment {
        text.push_str(&format!("comment = {}\n", quoted(comment)));
    }
    text
}

/// What is no name is left to be told as no prefix.
fn is_name(place: &str) -> bool {
    config::HostName::of(place).is_ok()
}

/// Writes the file, and takes it away again if the config with it is wrong.
fn write_checked(path: &Path, text: &str, context: &Context) -> Result<Loaded> {
    write_new(path, text)?;
    config::load(context.config_path()).map_err(|problems| {
        let removed = fs::remove_file(path);
        let error = bad_config(&problems);
        if removed.is_err() {
            error.context(format!("{} is left and has to be removed", path.display()))
        } else {
            error
        }
    })
}

/// A file under its name holds all of its text, or does not exist.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory).with_context(|| format!("cannot make the directory {}", directory.display()))?;
    let hidden = path.with_file_name(format!(".{}.{}", file_name(path), std::process::id()));
    let written = fs::File::create_new(&hidden)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::hard_link(&hidden, path));
    // Hidden files are no part of the config, so one that is left harms nobody.
    let _ = fs::remove_file(&hidden);
    written.with_context(|| format!("cannot write {}; nothing was changed", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn new_warnings(before: &Loaded, after: &Loaded) -> Vec<String> {
    after.warnings.iter().filter(|w| !before.warnings.contains(w)).map(ToString::to_string).collect()
}

fn finish(answer: serde_json::Value, done: &str, now: bool, context: &mut Context) -> Result<Exit> {
    if now {
        // Of the two answers the reload's is the one that is waited for.
        if !context.out.is_json() {
            context.out.line(done)?;
        }
        return reload::perform(context);
    }
    if context.out.is_json() {
        context.out.json(&answer)?;
    } else {
        context.out.line(format!("{done}; it takes effect with `sipfw reload`"))?;
    }
    Ok(Exit::Yes)
}

/// A peer that stands in a file which a person wrote.
fn foreign(name: &str, context: &Context) -> Result<Exit> {
    let loaded = context.load()?;
    if !loaded.config.peers().iter().any(|peer| peer.name.as_str() == name) {
        bail!("there is no peer {name}: `sipfw peer list` shows those that there are");
    }
    let files = loaded.files.iter().filter(|file| fs::read_to_string(file).is_ok_and(|text| names(&text, name)));
    let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
    bail!(
        "peer {name} was written by hand: take its [[peer]] out of {} and run `sipfw reload`; nothing was changed",
        files.join(" or ")
    )
}

/// Whether a file of the config names a peer so.
fn names(text: &str, name: &str) -> bool {
    let found = config::parse_str("", text).map(|loaded: Loaded| loaded.config);
    found.is_ok_and(|config: Config| config.peers().iter().any(|peer| peer.name.as_str() == name))
}
