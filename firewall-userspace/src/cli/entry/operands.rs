//! Prefixes on the command line and in the files that it names.
//!
//! Owns: `@FILE`, and telling every bad line at once. Refuses: using any of them when one is bad.
use std::fs;
use std::io::Read as _;

use anyhow::{Context as _, Result};
use firewall_common::addr::Prefix;

use crate::cli::failure::Wrong;
use crate::entries::{ListedPrefix, parse_list, parse_prefix};

/// What the operands say, each prefix once.
pub(super) fn read(operands: &[String], outcome: &str) -> Result<Vec<ListedPrefix>> {
    let mut list: Vec<ListedPrefix> = Vec::new();
    let mut errors = Vec::new();
    for operand in operands {
        match operand.strip_prefix('@') {
            Some(file) => match parse_list(file, &contents(file)?) {
                Ok(prefixes) => list.extend(prefixes),
                Err(bad) => errors.extend(bad.iter().map(ToString::to_string)),
            },
            None => match parse_prefix(operand) {
                Ok(prefix) => list.push(ListedPrefix { prefix, comment: None }),
                Err(error) => errors.push(error.to_string()),
            },
        }
    }
    if errors.is_empty() {
        return Ok(unique(list));
    }
    errors.push(outcome.to_owned());
    Err(Wrong(errors).into())
}

/// The prefixes alone.
pub(super) fn prefixes(operands: &[String], outcome: &str) -> Result<Vec<Prefix>> {
    Ok(read(operands, outcome)?.into_iter().map(|listed| listed.prefix).collect())
}

fn unique(list: Vec<ListedPrefix>) -> Vec<ListedPrefix> {
    let mut seen = std::collections::HashSet::new();
    list.into_iter().filter(|listed| seen.insert(listed.prefix)).collect()
}

fn contents(file: &str) -> Result<String> {
    let bytes = if file == "-" { standard_input() } else { fs::read(file) };
    let bytes = bytes.with_context(|| format!("cannot read the list {file}; nothing was changed"))?;
    String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Wrong(vec![format!("{file}:{line}: this is no UTF-8 text; nothing was changed")]).into()
    })
}

fn standard_input() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
