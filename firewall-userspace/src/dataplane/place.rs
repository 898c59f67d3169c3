//! Where things are: pins under the BPF file system, locks and descriptions under the run directory.
//!
//! Owns: the layout of both directories, listing and removing what is in them. Refuses: what the files mean.
//!
//! ```text
//! <bpf>/v<LAYOUT>/<interface>/link             the attached link; missing for an ephemeral instance
//! <bpf>/v<LAYOUT>/<interface>/link-egress      the link of the program that hears what is sent; missing before Linux 6.6
//! <bpf>/v<LAYOUT>/<interface>/gen-<n>/<NAME>   every map and program that generation n uses
//! <run>/<interface>/generation-<n>.json        what generation n is, for people
//! <run>/<interface>/generation-<n>.config.json the config that it was made from
//! <run>/<interface>.lock                       held by the daemon as long as it lives
//! <run>/<interface>.edit                       held while maps are changed
//! ```
//!
//! Maps that outlive a generation are pinned in each generation's directory: so a directory is all that a generation
//! needs, and whichever one the link's program belongs to is right, wherever a process was killed.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use firewall_common::maps::LAYOUT;

use crate::config::Paths;

use super::error::{AtPath as _, Error, Result};

const GENERATION: &str = "gen-";
/// The file system's number (include/uapi/linux/magic.h).
const BPF_FS_MAGIC: u64 = 0xcafe_4a11;
/// The longest name of an interface (IFNAMSIZ less the final zero).
const NAME_MAX: usize = 15;

/// The places of one interface, for one layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    bpf: PathBuf,
    run: PathBuf,
    iface: String,
    layout: u32,
}

impl Place {
    /// The places of an interface. Only a name that an interface can have makes a path.
    pub(super) fn new(paths: &Paths, iface: &str) -> Result<Self> {
        let odd = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
        if iface.is_empty() || iface.len() > NAME_MAX || matches!(iface, "." | "..") || iface.contains(odd) {
            return Err(Error::NoInterface { name: iface.to_owned() });
        }
        let (bpf, run) = (paths.bpf.as_path().to_owned(), paths.run.as_path().to_owned());
        Ok(Self { bpf, run, iface: iface.to_owned(), layout: LAYOUT })
    }

    /// The places of everything that is pinned under these paths, whatever its layout.
    pub(super) fn all(paths: &Paths) -> Result<Vec<Self>> {
        let (bpf, run) = (paths.bpf.as_path(), paths.run.as_path());
        let mut places = Vec::new();
        for version in entries(bpf)? {
            let Some(layout) = version.strip_prefix('v').and_then(|n| n.parse().ok()) else { continue };
            for name in entries(&bpf.join(&version))? {
                let iface = name.replace(':', ".");
                places.push(Self { bpf: bpf.to_owned(), run: run.to_owned(), iface, layout });
            }
        }
        places.sort_by(|a, b| (&a.iface, a.layout).cmp(&(&b.iface, b.layout)));
        Ok(places)
    }

    /// The same interface's places for other layouts in which something is pinned.
    pub(super) fn other_layouts(&self) -> Result<Vec<Self>> {
        let mut others = Vec::new();
        for version in entries(&self.bpf)? {
            let layout = version.strip_prefix('v').and_then(|n| n.parse().ok());
            let other = layout.map(|layout| Self { layout, ..self.clone() });
            others.extend(other.filter(|other| other.layout != self.layout && other.home().exists()));
        }
        Ok(others)
    }

    pub(super) fn iface(&self) -> &str {
        &self.iface
    }

    pub(super) fn layout(&self) -> u32 {
        self.layout
    }

    /// The directory of everything pinned. A BPF file system takes no dots in names, and an interface no colons.
    pub(super) fn home(&self) -> PathBuf {
        self.bpf.join(format!("v{}", self.layout)).join(self.iface.replace('.', ":"))
    }

    pub(super) fn link(&self) -> PathBuf {
        self.home().join("link")
    }

    /// Where an ephemeral link is pinned for the moment in which its program is replaced.
    pub(super) fn held_link(&self) -> PathBuf {
        self.home().join("link-held")
    }

    /// The link of the program that hears what our side sends.
    pub(super) fn egress_link(&self) -> PathBuf {
        self.home().join("link-egress")
    }

    /// Where that link of an ephemeral instance is pinned for a moment.
    pub(super) fn held_egress_link(&self) -> PathBuf {
        self.home().join("link-egress-held")
    }

    pub(super) fn generation(&self, number: u32) -> PathBuf {
        self.home().join(format!("{GENERATION}{number}"))
    }

    pub(super) fn run_dir(&self) -> PathBuf {
        self.run.join(&self.iface)
    }

    pub(super) fn policy_file(&self, number: u32) -> PathBuf {
        self.run_dir().join(format!("generation-{number}.json"))
    }

    pub(super) fn config_file(&self, number: u32) -> PathBuf {
        self.run_dir().join(format!("generation-{number}.config.json"))
    }

    pub(super) fn lock_file(&self) -> PathBuf {
        self.run.join(format!("{}.lock", self.iface))
    }

    pub(super) fn edit_file(&self) -> PathBuf {
        self.run.join(format!("{}.edit", self.iface))
    }

    /// The numbers of all generations that have a directory, in ascending order.
    pub(super) fn generations(&self) -> Result<Vec<u32>> {
        let names = entries(&self.home())?;
        let mut numbers: Vec<u32> =
            names.iter().filter_map(|name| name.strip_prefix(GENERATION)?.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Sees to it that pins can be made.
    pub(super) fn check(&self) -> Result<()> {
        check_bpffs(&self.bpf)
    }

    /// Makes the directories.
    pub(super) fn make_dirs(&self) -> Result<()> {
        make_dir(&self.home())?;
        make_dir(&self.run_dir())
    }

    /// Removes a generation's pins and its description.
    pub(super) fn remove_generation(&self, number: u32) -> Result<()> {
        remove_tree(&self.generation(number))?;
        remove_file(&self.config_file(number))?;
        remove_file(&self.policy_file(number))
    }

    /// Removes all pins of this layout. The link must be gone.
    pub(super) fn remove_pins(&self) -> Result<()> {
        remove_tree(&self.home())?;
        // Other interfaces may have pins there; then it stays.
        if let Some(version) = self.home().parent() {
            let _ = fs::remove_dir(version);
        }
        Ok(())
    }

    /// Removes what the run directory holds, locks too; the caller holds the lock.
    pub(super) fn remove_run_files(&self) -> Result<()> {
        remove_tree(&self.run_dir())?;
        remove_file(&self.edit_file())?;
        remove_file(&self.lock_file())
    }
}

/// Makes a directory that others may look into.
pub(super) fn make_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).at(dir)
}

fn check_bpffs(dir: &Path) -> Result<()> {
    let there = |path: &Path| match path.try_exists() {
        // Hidden from the caller is not missing.
        Err(error) => Err(Error::file(path, error)),
        Ok(exists) => Ok(exists),
    };
    let mut existing = dir;
    while !there(existing)? {
        existing = existing.parent().unwrap_or(Path::new("/"));
    }
    let stat = rustix::fs::statfs(existing).map_err(io::Error::from).at(existing)?;
    // The field's type differs between platforms.
    if stat.f_type as u64 & 0xffff_ffff == BPF_FS_MAGIC { Ok(()) } else { Err(Error::NoBpffs { path: dir.to_owned() }) }
}

/// The names in a directory; none if it does not exist.
fn entries(dir: &Path) -> Result<Vec<String>> {
    let read = match fs::read_dir(dir) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file(dir, error)),
    };
    let names = read.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    names.collect::<io::Result<_>>().at(dir)
}

fn remove_tree(dir: &Path) -> Result<()> {
    gone_is_fine(fs::remove_dir_all(dir)).at(dir)
}

pub(super) fn remove_file(path: &Path) -> Result<()> {
    gone_is_fine(fs::remove_file(path)).at(path)
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn only_names_of_interfaces_make_paths() {
        let config = Config::builtin();
        for name in ["", ".", "..", "a/b", "../x", "a b", "a:b", "sixteen-letters-", "a\n"] {
            assert!(matches!(Place::new(config.paths(), name), Err(Error::NoInterface { .. })), "{name:?}");
        }
        let place = Place::new(config.paths(), "eth0.100").unwrap();
        assert_eq!(place.home(), Path::new("/sys/fs/bpf/sipfw").join(format!("v{LAYOUT}")).join("eth0:100"));
        assert_eq!(place.lock_file(), Path::new("/run/sipfw/eth0.100.lock"));
    }
}
