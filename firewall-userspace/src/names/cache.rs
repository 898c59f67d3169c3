//! What is known of names, kept over a restart: before the first packet, and without a DNS server.
//!
//! Owns: the file `names.json` in the state directory. Refuses: the database: a peer must not lose its addresses because that
//! is locked or damaged.
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::book::Book;

const FILE_NAME: &str = "names.json";

/// What was known last; nothing if that can't be read. Then every name is new, and due at once.
pub fn read(state: &Path) -> Book {
    fs::read(path(state)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Keeps what is known, in one step. What is kept of names that are not in `book` stays: another interface's daemon may
/// want them.
pub fn write(state: &Path, book: &Book, names: &BTreeSet<String>) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(state)?;
    let mut all = read(state);
    all.merge(book, names);
    let draft = path(state).with_extension(format!("json.{}", std::process::id()));
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(&serde_json::to_vec_pretty(&all)?)?;
    file.sync_all()?;
    fs::rename(&draft, path(state))
}

fn path(state: &Path) -> PathBuf {
    state.join(FILE_NAME)
}

#[cfg(test)]
mod tests {
    use super::super::book::Rules;
    use super::super::walk::Finding;
    use super::*;

    #[test]
    fn what_is_known_is_read_as_it_was_written_beside_that_of_others() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let rules = Rules { ttl_min: 1, ttl_max: 9, grace: 9, max_addresses: 9, allow_private: false };
        let finding = Finding { addresses: ["192.0.2.1".parse().unwrap()].into(), ttl: Some(5), failure: None };
        for name in ["a.example", "b.example"] {
            let (mut book, names) = (Book::default(), BTreeSet::from([name.to_owned()]));
            book.want(&names);
            book.take(name, &finding, &rules, 7);
            write(&state, &book, &names).unwrap();
            assert_eq!(read(&state).get(name), book.get(name));
        }
        let kept = read(&state).resolved();
        assert_eq!((kept.addresses("a.example").count(), kept.addresses("b.example").count()), (1, 1));
        fs::write(path(&state), "{").unwrap();
        assert_eq!(read(&state), Book::default());
    }
}
