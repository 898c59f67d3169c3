//! The files of a config: which there are, in which order they are read, and how one text becomes keys.
//!
//! Owns: the default path, the drop-in directory, syntax errors. Refuses: using any of them when one has an error.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::problem::{Fault, Position, Problem};
use super::reader::{Findings, Reader};
use super::value::read_keys;
use super::{Config, Loaded, check};
use crate::names::{self, Resolved};

/// Where the config is looked for.
pub const DEFAULT_PATH: &str = "/etc/sipfw/sipfw.toml";
/// The directory of drop-ins, beside the config.
const DROP_INS: &str = "conf.d";
/// The largest file that is read: 200,000 prefixes fit.
const SIZE_MAX: u64 = 8 << 20;

/// Reads the file at `path`, or the default one, and its drop-ins. Without a default file the built-in config holds.
/// What is wrong comes back all at once, warnings included, in the order of the files and lines. What was known last of
/// peers' names comes with it, from the state directory.
pub fn load(path: Option<&Path>) -> Result<Loaded, Vec<Problem>> {
    let main = path.unwrap_or(Path::new(DEFAULT_PATH));
    let mut draft = Draft::default();
    match read(main) {
        Ok(bytes) => draft.add(main, bytes),
        Err(error) if path.is_none() && error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => draft.unreadable(main, &error),
    }
    draft.add_drop_ins(&main.with_file_name(DROP_INS));
    let mut loaded = draft.finish()?;
    // Without the right to read it there is nothing known of names, as before the first look.
    loaded.resolved = names::cache::read(loaded.config.paths().state.as_path()).resolved();
    Ok(loaded)
}

/// Reads what stood in files once, in their order. Nothing is known of names then.
pub fn parse_texts(files: &[PathBuf], texts: &[String]) -> Result<Loaded, Vec<Problem>> {
    let mut draft = Draft::default();
    for (file, text) in files.iter().zip(texts) {
        draft.add(file, text.clone().into_bytes());
    }
    draft.finish()
}

/// Reads one text as a whole config; `name` stands for it in problems.
pub fn parse_str(name: &str, text: &str) -> Result<Loaded, Vec<Problem>> {
    let mut draft = Draft::default();
    draft.add_text(name, text);
    draft.files.push(name.into());
    draft.texts.push(text.to_owned());
    draft.finish()
}

/// A config while it is read. It leaves this module only without an error.
#[derive(Default)]
struct Draft {
    config: Config,
    findings: Findings,
    files: Vec<PathBuf>,
    texts: Vec<String>,
}

impl Draft {
    fn add_drop_ins(&mut self, directory: &Path) {
        let paths = match drop_ins(directory) {
            Ok(paths) => paths,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.unreadable(directory, &error),
        };
        for path in paths {
            match read(&path) {
                Ok(bytes) => self.add(&path, bytes),
                Err(error) => self.unreadable(&path, &error),
            }
        }
    }

    fn add(&mut self, path: &Path, bytes: Vec<u8>) {
        let name = path.display().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.add_text(&name, &text);
                self.texts.push(text);
            }
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let fault = Fault::new("is no UTF-8 text", "save the file as UTF-8");
                self.findings.add_file(&name, fault, Some(end_of(good)));
            }
        }
        self.files.push(path.to_owned());
    }

    fn add_text(&mut self, name: &str, text: &str) {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader::new(name, text, &mut self.findings);
        read_keys(&mut self.config, document.get_ref(), "", &mut reader);
        syntax(&errors, &mut reader);
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => "run as root, or give the file to the user that runs this",
            io::ErrorKind::NotFound => "name a file that exists; docs/sipfw.toml is one to begin with",
            _ => "name a regular file",
        };
        self.findings.add_file(&path.display().to_string(), Fault::new(format!("cannot be read: {error}"), hint), None);
    }

    fn finish(mut self) -> Result<Loaded, Vec<Problem>> {
        check::whole(&self.config, &mut self.findings);
        let warnings = self.findings.into_problems();
        if warnings.iter().any(Problem::is_error) {
            return Err(warnings);
        }
        let Self { config, files, texts, .. } = self;
        Ok(Loaded { config, warnings, files, texts, resolved: Resolved::default() })
    }
}

/// Reports what is no TOML: the first error of each line, up to the first bracket that is left open, because everything
/// behind that was read as a part of it. What the parser made up on those lines is no value of anyone's.
fn syntax(errors: &[toml::de::Error], reader: &mut Reader<'_, '_>) {
    let mut faults = BTreeMap::new();
    let mut open = None;
    // The parser goes over the text twice, so its errors are not in order.
    let mut errors: Vec<_> = errors.iter().map(|e| (e.span().unwrap_or_default(), e)).collect();
    errors.sort_by_key(|(span, _)| span.start);
    for (span, error) in errors {
        let line = reader.line(span.start);
        let fault = Fault::new(error.message(), syntax_hint(error.message()));
        faults.entry(line).or_insert((span, fault));
        if is_open(error.message()) {
            open = Some(line);
            break;
        }
    }
    reader.forget_lines(|line| open.is_some_and(|open| line > open) || faults.contains_key(&line));
    for (span, fault) in faults.into_values() {
        reader.error_at(String::new(), &span, fault);
    }
}

/// Whether the parser's words mean that a bracket may not have been closed where it should.
fn is_open(message: &str) -> bool {
    message.starts_with("missing comma") || message.starts_with("unclosed") || message.contains("in array")
}

fn syntax_hint(message: &str) -> &'static str {
    match message {
        "duplicate key" => "say everything once",
        _ if is_open(message) => "close the bracket that was opened before this, or write a comma",
        _ => "write TOML: text and rates stand in quotes, lists in brackets",
    }
}

/// The drop-ins in the order in which they are read. Hidden files are left out: editors leave them behind.
fn drop_ins(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let hidden = |p: &Path| p.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let is_drop_in = |p: &PathBuf| p.extension().is_some_and(|ext| ext == "toml") && !hidden(p);
    let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).filter(is_drop_in).collect();
    paths.sort();
    Ok(paths)
}

/// The file's bytes. A pipe or a device would make a reload wait for ever, so only regular files are read.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(SIZE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(io::Error::other(format!("it is larger than {SIZE_MAX} bytes")));
    }
    Ok(bytes)
}

fn end_of(bytes: &[u8]) -> Position {
    let last = bytes.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let line = bytes.iter().filter(|b| **b == b'\n').count() + 1;
    Position { line, column: String::from_utf8_lossy(last).chars().count() + 1 }
}
