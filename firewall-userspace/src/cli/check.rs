//! `sipfw check`: is the config right, and what does it mean?
//!
//! Owns: the verb. Refuses: applying anything.
use std::path::PathBuf;

use anyhow::Result;
use clap::ValueHint;
use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use crate::config::{self, Loaded, Problem};
use crate::report::summary;
use crate::report::table::pairs;
use crate::report::text::counted;

const EXAMPLES: &str = "\
Examples:
  sipfw check                       the config that is in use
  sipfw check new.toml              another one, with the conf.d/ beside it
  sipfw check new.toml --json       problems with file, line, column, key, value, message and hint

All problems are told at once. Exit code 2 if there is an error, 0 if there are only warnings.";

/// Say whether a config is right, and what it means
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The config; without it, the one in use
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let path = args.file.as_deref().or(context.config_path());
    match config::load(path) {
        Ok(loaded) => good(&loaded, context).map(|()| Exit::Yes),
        Err(problems) => bad(&problems, context).map(|()| Exit::Usage),
    }
}

fn good(loaded: &Loaded, context: &mut Context) -> Result<()> {
    if context.out.is_json() {
        let summary = summary::json(&loaded.config);
        return context
            .out
            .json(&json!({ "ok": true, "files": loaded.files, "problems": loaded.warnings, "config": summary }));
    }
    loaded.warnings.iter().try_for_each(|problem| context.out.line(problem))?;
    context.out.line(format!("ok: {}", files(loaded)))?;
    context.out.text(pairs(&summary::lines(&loaded.config)))
}

fn files(loaded: &Loaded) -> String {
    let names: Vec<String> = loaded.files.iter().map(|file| file.display().to_string()).collect();
    if names.is_empty() { "the built-in config, there is no file".to_owned() } else { names.join(", ") }
}

fn bad(problems: &[Problem], context: &mut Context) -> Result<()> {
    if context.out.is_json() {
        return context.out.json(&json!({ "ok": false, "problems": problems }));
    }
    problems.iter().try_for_each(|problem| context.out.line(problem))?;
    let errors = problems.iter().filter(|p| p.is_error()).count();
    context.out.line(format!("not ok: {}", counted(errors, "error", "errors")))
}
