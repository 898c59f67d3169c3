//! Help texts against the files in tests/golden/help; `UPDATE_GOLDEN=1` writes them anew.
use std::fs;
use std::path::{Path, PathBuf};

use crate::sipfw::run;

/// Every verb's words, as the generated page has them.
fn verbs() -> Vec<Vec<String>> {
    let pages = firewall_userspace::cli::documentation();
    let page = &pages.iter().find(|(name, _)| *name == "cli.md").unwrap().1;
    let heads = page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" sipfw"));
    heads.map(|words| words.split_whitespace().map(str::to_owned).collect()).collect()
}

fn golden(words: &[String]) -> PathBuf {
    let name = if words.is_empty() { "sipfw".to_owned() } else { words.join("-") };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/help").join(format!("{name}.txt"))
}

#[test]
fn help_is_as_it_was() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for words in verbs() {
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = run(&args, Path::new("/")).exits(0);
        let path = golden(&words);
        if update {
            fs::write(&path, &ran.out).unwrap();
        }
        let want = fs::read_to_string(&path).unwrap_or_default();
        assert!(want == ran.out, "{} differs; UPDATE_GOLDEN=1 writes it anew\n{}", path.display(), ran.out);
    }
}

#[test]
fn there_is_a_file_for_each_verb_and_no_other() {
    let mut want: Vec<PathBuf> = verbs().iter().map(|words| golden(words)).collect();
    let dir = golden(&[]).parent().unwrap().to_owned();
    let mut found: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    want.sort();
    found.sort();
    assert_eq!(want, found);
}

#[test]
fn every_verb_shows_examples_and_every_option_is_explained() {
    for words in verbs() {
        let text = fs::read_to_string(golden(&words)).unwrap();
        assert!(text.contains("Examples:\n"), "{words:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 130), "{words:?}");
    }
    assert!(verbs().len() > 30);
}

#[test]
fn what_is_no_verb_is_a_usage_error() {
    for args in [&["frobnicate"][..], &["deny"], &["deny", "add"], &["explain"], &["ban", "lift"], &[]] {
        let ran = run(args, Path::new("/")).exits(2);
        assert!(ran.out.is_empty() && !ran.err.is_empty());
    }
}
