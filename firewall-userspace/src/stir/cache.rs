//! Certificates that are here: in memory, and in a directory.
//!
//! Owns: which file is of which address, and how much is kept. Refuses: fetching, and keeping on disk what no root vouches for:
//! who makes up addresses fills nobody's disk.
//!
//! A file is a PEM text whose first line is `# ` and the address. So an operator who lets nothing be fetched puts files
//! there himself, by whatever name.
use std::collections::HashMap;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use lru::LruCache;
use ring::digest::{SHA256, digest};

use super::certificate::{Certificate, Roots, read_file};
pub use super::verify::Held;

/// The largest chain.
const CHAIN_SIZE_MAX: u64 = 32 << 10;
/// The most that are kept in memory, trusted or not, and the most on disk.
const MEMORY_MAX: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();
const FILES_MAX: usize = 4_096;
/// Seconds for which it is remembered that one is not trusted.
const UNTRUSTED_FOR: i64 = 300;
/// Seconds between two looks at the directory for files that have come.
const LOOK_EVERY: i64 = 30;

/// A file of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// Where it is said to be.
    pub url: String,
    /// The file.
    pub path: PathBuf,
    /// Unix seconds of when it was written.
    pub written: i64,
}

/// The files of a cache's directory, by their addresses.
///
/// # Errors
///
/// When the directory cannot be read; one that is not there is empty.
pub fn certificates(directory: &Path) -> io::Result<Vec<Cached>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())).take(2 * FILES_MAX) {
        let is_pem = path.extension().is_some_and(|end| end == "pem");
        let Some(bytes) = is_pem.then(|| read_file(&path, CHAIN_SIZE_MAX).ok()).flatten() else { continue };
        if let Some(url) = url_of(&bytes) {
            all.push(Cached { written: written(&path), url, path });
        }
    }
    all.sort_by(|a, b| (&a.url, a.written).cmp(&(&b.url, b.written)));
    Ok(all)
}

/// A file with a chain.
///
/// # Errors
///
/// When it is none, or cannot be read.
pub fn chain(path: &Path) -> io::Result<Vec<u8>> {
    read_file(path, CHAIN_SIZE_MAX)
}

fn url_of(pem: &[u8]) -> Option<String> {
    let line = pem.split(|byte| *byte == b'\n').next()?.strip_prefix(b"# ")?;
    Some(std::str::from_utf8(line).ok()?.trim().to_owned())
}

fn written(path: &Path) -> i64 {
    let time = std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    time.and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(0))
}

#[derive(Debug)]
struct Entry {
    outcome: Result<Arc<Certificate>, String>,
    /// Unix seconds of its last look or fetch.
    at: i64,
}

/// The cache.
#[derive(Debug)]
pub struct Cache {
    directory: Option<PathBuf>,
    files: HashMap<String, Cached>,
    looked: i64,
    entries: LruCache<String, Entry>,
}

impl Cache {
    /// One with what is in a directory, or without any.
    pub fn open(directory: Option<PathBuf>) -> Self {
        Self { directory, files: HashMap::new(), looked: i64::MIN, entries: LruCache::new(MEMORY_MAX) }
    }

    /// What is known of the certificate at an address, and the age of that in seconds.
    pub fn look(&mut self, url: &str, roots: &Roots, now: i64) -> (Held, i64) {
        let keeps = |entry: &Entry| entry.outcome.is_ok() || now - entry.at < UNTRUSTED_FOR;
        if self.entries.peek(url).is_none_or(|entry| !keeps(entry)) {
            self.entries.pop(url);
            if let Some((pem, at)) = self.read(url, now) {
                let outcome = Certificate::read(&pem, roots, now).map(Arc::new);
                let at = if outcome.is_ok() { at } else { now };
                self.entries.put(url.to_owned(), Entry { outcome, at });
            }
        }
        match self.entries.get(url) {
            None => (Held::Missing, 0),
            Some(Entry { outcome: Ok(certificate), at }) => {
                (Held::Trusted(certificate.clone()), now.saturating_sub(*at))
            }
            Some(Entry { outcome: Err(why), at }) => (Held::Untrusted(why.clone()), now.saturating_sub(*at)),
        }
    }

    /// Takes in what was fetched; on disk only what is trusted.
    ///
    /// # Errors
    ///
    /// When it could not be written; it is in memory all the same.
    pub fn put(&mut self, url: &str, pem: &[u8], roots: &Roots, now: i64) -> io::Result<()> {
        let outcome = Certificate::read(pem, roots, now).map(Arc::new);
        let is_trusted = outcome.is_ok();
        // What holds is not given up for an error page.
        let holds = |entry: &Entry| entry.outcome.as_ref().is_ok_and(|held| held.holds(now));
        if !is_trusted && self.entries.peek(url).is_some_and(holds) {
            return Err(io::Error::other(format!(
                "{url} has become something that nobody trusts; what it was still holds"
            )));
        }
        self.entries.put(url.to_owned(), Entry { outcome, at: now });
        let Some(directory) = self.directory.clone().filter(|_| is_trusted) else { return Ok(()) };
        if !self.files.contains_key(url) && self.files.len() >= FILES_MAX {
            self.forget_oldest();
        }
        let path = write(&directory, url, pem)?;
        self.files.insert(url.to_owned(), Cached { url: url.to_owned(), path, written: now });
        Ok(())
    }

    fn read(&mut self, url: &str, now: i64) -> Option<(Vec<u8>, i64)> {
        if !self.files.contains_key(url) && now.saturating_sub(self.looked) >= LOOK_EVERY {
            self.looked = now;
            let found = self.directory.as_deref().map(certificates)?.unwrap_or_default();
            self.files = found.into_iter().map(|file| (file.url.clone(), file)).collect();
        }
        let file = self.files.get(url)?;
        let pem = read_file(&file.path, CHAIN_SIZE_MAX).ok().filter(|pem| url_of(pem).as_deref() == Some(url));
        let written = file.written;
        if pem.is_none() {
            self.files.remove(url);
        }
        Some((pem?, written))
    }

    fn forget_oldest(&mut self) {
        let oldest = self.files.values().min_by_key(|file| file.written).cloned();
        if let Some(file) = oldest {
            // One that cannot be removed is found again at the next look.
            let _ = std::fs::remove_file(&file.path);
            self.files.remove(&file.url);
        }
    }
}

/// In one step, so that nobody reads half a file.
fn write(directory: &Path, url: &str, pem: &[u8]) -> io::Result<PathBuf> {
    let name: String =
        digest(&SHA256, url.as_bytes()).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(directory)?;
    let (path, draft) = (directory.join(format!("{name}.pem")), directory.join(format!("{name}.new")));
    let mut file = std::fs::File::create(&draft)?;
    file.write_all(format!("# {url}\n").as_bytes())?;
    file.write_all(pem)?;
    std::fs::rename(&draft, &path)?;
    Ok(path)
}
