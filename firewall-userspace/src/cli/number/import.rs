//! Importing lists of numbers.
//!
//! Owns: opening the file. Refuses: a file with a bad line: then nothing is imported.
use std::fs;
use std::io::Read as _;

use anyhow::{Context as _, Result};
use clap::{Args, ValueHint};
use firewall_common::number::Directions;

use super::add::{add, known_peer};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::{Wrong, wrong};
use crate::numbers::NewNumber;
use crate::numbers::{ListKind, Row, read_csv};
use crate::store::author;

/// What to import.
#[derive(Args)]
pub(in crate::cli) struct ImportArgs {
    /// The file; - reads standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: String,
    /// Only for this peer; without it, for everybody
    #[arg(long, value_name = "NAME")]
    peer: Option<String>,
}

/// How many bad lines are told.
const TOLD: usize = 20;

pub(in crate::cli) fn perform(
    list: ListKind,
    directions: Directions,
    args: &ImportArgs,
    context: &mut Context,
) -> Result<Exit> {
    let config = context.config()?;
    known_peer(args.peer.as_deref(), &config)?;
    let bytes = contents(&args.file).with_context(|| format!("cannot read {}; nothing was imported", args.file))?;
    let rows = read_csv(&args.file, &bytes, list, &config.numbers().plan()).map_err(|errors| Wrong(told(errors)))?;
    if rows.is_empty() {
        return Err(wrong(format!("{} has no prefix; nothing was imported", args.file)));
    }
    let author = author();
    let entry = |row: Row| NewNumber {
        list,
        peer: args.peer.clone(),
        directions,
        prefix: row.prefix,
        action: row.action,
        class: row.class,
        comment: row.comment,
        author: author.clone(),
        expires: None,
    };
    let batch: Vec<NewNumber> = rows.into_iter().map(entry).collect();
    add(&batch, &config, context)
}

fn contents(file: &str) -> std::io::Result<Vec<u8>> {
    if file != "-" {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn told(mut errors: Vec<String>) -> Vec<String> {
    let more = errors.len().saturating_sub(TOLD);
    errors.truncate(TOLD);
    if more > 0 {
        errors.push(format!("and {more} more"));
    }
    errors.push("nothing was imported".to_owned());
    errors
}
