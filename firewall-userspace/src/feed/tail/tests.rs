//! Files that are written, renamed, cut, removed and made anew, with time as a value.
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use super::super::judge::Verdict;
use super::*;

/// What a tail has told.
#[derive(Default)]
struct Heard {
    lines: u32,
    sources: Vec<String>,
    refused: u32,
}

impl Told for Heard {
    fn line(&mut self) {
        self.lines += 1;
    }

    fn verdict(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Event(report) => self.sources.push(report.source().to_string()),
            Verdict::Refused(_) => self.refused += 1,
            Verdict::Other => {}
        }
    }
}

/// A tail, its file and its time.
struct World {
    dir: tempfile::TempDir,
    tail: Tail,
    heard: Heard,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
        let tail = Tail::new(&dir.path().join("auth.log"), Format::FreeSwitch { connected: Vec::new() }, None, now);
        Self { dir, tail, heard: Heard::default(), now }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("auth.log")
    }

    fn write(&self, text: &str) {
        append(&self.path(), text);
    }

    /// Turns until nothing is left, and then once more after the quiet time.
    fn turn(&mut self) {
        for _ in 0..2 {
            while self.tail.turn(&mut self.heard, self.now).unwrap_or(false) {}
            self.now += QUIET;
        }
    }

    /// The last numbers of the sources that were told.
    fn told(&mut self) -> Vec<String> {
        self.turn();
        let sources = std::mem::take(&mut self.heard.sources);
        sources.iter().map(|source| source.trim_start_matches("203.0.113.").to_owned()).collect()
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn line(source: u8) -> String {
    let prefix = "2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 ";
    format!("{prefix}SIP auth failure (REGISTER) on sofia profile 'x' for [100@x] from ip 203.0.113.{source}\n")
}

#[test]
fn reading_begins_at_the_end_and_goes_on() {
    let mut world = World::new();
    world.write(&line(1));
    assert_eq!(world.told(), [""; 0], "what stood there before is old");
    world.write(&(line(2) + &line(3)));
    assert_eq!(world.told(), ["2", "3"]);
    assert_eq!(world.heard.lines, 2);
}

#[test]
fn a_line_is_read_once_it_has_ended() {
    let mut world = World::new();
    world.write("");
    world.turn();
    let line = line(1);
    world.write(&line[..40]);
    assert_eq!(world.told(), [""; 0]);
    world.write(&line[40..line.len() - 1]);
    assert_eq!(world.told(), [""; 0]);
    world.write("\n");
    assert_eq!(world.told(), ["1"]);
}

#[test]
fn an_event_waits_a_moment_for_what_may_follow() {
    let mut world = World::new();
    world.write("");
    world.turn();
    world.write(&line(1));
    world.tail.turn(&mut world.heard, world.now).unwrap();
    assert!(world.tail.waits() && world.heard.sources.is_empty());
    world.write(" the rest of a folded header\n");
    assert_eq!(world.told(), [""; 0]);
    assert_eq!(world.heard.refused, 2);
}

#[test]
fn a_file_or_directory_that_comes_later_is_read_from_its_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/auth.log");
    let mut world = World::new();
    world.tail = Tail::new(&path, Format::FreeSwitch { connected: Vec::new() }, None, world.now);
    assert_eq!(world.tail.turn(&mut world.heard, world.now).unwrap_err().kind(), ErrorKind::NotFound);
    fs::create_dir(path.parent().unwrap()).unwrap();
    append(&path, &line(1));
    assert_eq!(world.told(), ["1"]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_start() {
    let mut world = World::new();
    world.write("");
    world.turn();
    world.write(&line(1));
    let old = world.dir.path().join("auth.log.1");
    fs::rename(world.path(), &old).unwrap();
    append(&old, &line(2));
    assert_eq!(world.told(), ["1", "2"], "before the new file is there");
    world.write(&line(3));
    append(&old, &line(4));
    let mut told = world.told();
    told.sort();
    assert_eq!(told, ["3", "4"], "the PBX has not opened its log again yet");
    world.now += OLD_READ;
    world.turn();
    append(&old, &line(5));
    world.write(&line(6));
    assert_eq!(world.told(), ["6"]);
}

#[test]
fn many_rotations_lose_nothing() {
    let mut world = World::new();
    world.write("");
    world.turn();
    let mut told = Vec::new();
    for n in 0..100 {
        world.write(&line(n));
        told.extend(world.told());
        fs::rename(world.path(), world.dir.path().join(format!("auth.log.{n}"))).unwrap();
        world.write("");
        world.turn();
    }
    assert_eq!(told, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_file_that_was_cut_is_read_from_its_start() {
    let mut world = World::new();
    world.write("");
    world.turn();
    world.write(&line(1).repeat(3));
    assert_eq!(world.told(), ["1", "1", "1"]);
    File::options().write(true).open(world.path()).unwrap().set_len(0).unwrap();
    world.write(&line(2));
    assert_eq!(world.told(), ["2"]);
    // Cut and written beyond the old place before anybody looked: another byte stands there now.
    File::options().write(true).open(world.path()).unwrap().set_len(0).unwrap();
    world.write(&format!("2026-08-21 17:10:14.123456 [WARNING] sofia_reg.c:1842 x\n{}", line(3).repeat(3)));
    assert_eq!(world.told(), ["3", "3", "3"]);
}

#[test]
fn a_position_is_gone_on_from_in_the_same_file_and_not_in_another() {
    let mut world = World::new();
    world.write(&line(1));
    let metadata = fs::metadata(world.path()).unwrap();
    let position = Position { device: metadata.dev(), inode: metadata.ino(), offset: metadata.len() };
    world.write(&line(2));
    let format = || Format::FreeSwitch { connected: Vec::new() };
    world.tail = Tail::new(&world.path(), format(), Some(position), world.now);
    assert_eq!(world.told(), ["2"]);
    assert_eq!(world.tail.place().map(|(_, offset)| offset), Some(fs::metadata(world.path()).unwrap().len()));
    fs::rename(world.path(), world.dir.path().join("auth.log.1")).unwrap();
    world.write(&line(3));
    world.tail = Tail::new(&world.path(), format(), Some(position), world.now);
    assert_eq!(world.told(), ["3"], "another file is all new");
}

#[test]
fn what_stood_before_the_start_is_known_to_the_judge() {
    let mut world = World::new();
    world.write("foreign\n");
    assert_eq!(world.told(), [""; 0]);
    world.write(&line(1));
    assert_eq!(world.told(), [""; 0], "it may be the end of the line before it");
    assert_eq!(world.heard.refused, 1);
    // Far behind it is not.
    world.write(&(line(2).repeat(700) + &line(3)));
    assert_eq!(world.told().last().map(String::as_str), Some("3"));
}

#[test]
fn a_line_without_end_costs_no_memory() {
    let mut world = World::new();
    world.write("");
    world.turn();
    for _ in 0..64 {
        world.write(&"x".repeat(65_536));
        world.turn();
    }
    world.write("\n");
    assert_eq!(world.told(), [""; 0]);
    assert_eq!((world.heard.lines, world.heard.refused), (1, 1));
}

#[test]
fn what_is_no_file_is_trouble() {
    let mut world = World::new();
    fs::create_dir(world.path()).unwrap();
    assert!(world.tail.turn(&mut world.heard, world.now).unwrap_err().to_string().contains("no regular file"));
    fs::remove_dir(world.path()).unwrap();
    world.write(&line(1));
    assert_eq!(world.told(), [""; 0]);
    world.write(&line(2));
    assert_eq!(world.told(), ["2"]);
}
