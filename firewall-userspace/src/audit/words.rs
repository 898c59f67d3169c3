//! The operator's own list of words.
//!
//! Owns: reading it, and its bounds. Refuses: showing a word of it.
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

/// The longest word that is tried, in bytes.
pub const WORD_MAX: usize = 64;
/// The longest line that is looked at.
const LINE_MAX: u64 = 1_024;

/// The words of a file, one a line: at most so many, none longer than [`WORD_MAX`]. A line that is too long is left out.
///
/// # Errors
///
/// What the file system says.
pub fn words(path: &Path, most: usize) -> io::Result<Vec<Box<[u8]>>> {
    let mut lines = BufReader::new(File::open(path)?);
    let (mut words, mut line) = (Vec::new(), Vec::new());
    while words.len() < most {
        line.clear();
        if io::Read::take(&mut lines, LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let word = line.trim_ascii();
        if !word.is_empty() && word.len() <= WORD_MAX {
            words.push(word.into());
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_within_bounds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        std::fs::write(&path, format!("one\r\n\n  two \n{}\nthree", "x".repeat(65))).unwrap();
        let read = |most| words(&path, most).unwrap().iter().map(|word| word.to_vec()).collect::<Vec<_>>();
        assert_eq!(read(9), [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
        assert_eq!(read(1).len(), 1);
        assert!(words(&dir.path().join("nothing"), 9).is_err());
    }
}
