//! The config that a generation was made from, word by word, kept beside its description.
//!
//! Owns: the file. It lets a daemon make the same policy anew with other addresses of peers' names, whatever stands in the
//! config's files by now: nobody has asked for that yet. Refuses: being read by others than its owner: a config may be secret.
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{AtPath as _, Error, Result};
use crate::config::{Loaded, parse_texts};
use crate::names::Resolved;

#[derive(Serialize, Deserialize)]
struct Origin {
    files: Vec<PathBuf>,
    texts: Vec<String>,
    resolved: Resolved,
}

/// Keeps it.
pub(super) fn write(path: &Path, loaded: &Loaded) -> Result<()> {
    let Loaded { files, texts, resolved, .. } = loaded.clone();
    let origin = Origin { files, texts, resolved };
    let text = serde_json::to_vec(&origin).map_err(std::io::Error::from).at(path)?;
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path).at(path)?;
    file.write_all(&text).at(path)
}

/// The config, with the addresses of names that the generation was made with.
pub(super) fn read(path: &Path) -> Result<Loaded> {
    let missing = || Error::NoPolicy { path: path.to_owned() };
    let bytes = std::fs::read(path).map_err(|_| missing())?;
    let Origin { files, texts, resolved } = serde_json::from_slice(&bytes).map_err(|_| missing())?;
    let loaded = parse_texts(&files, &texts).map_err(|_| missing())?;
    Ok(Loaded { resolved, ..loaded })
}
