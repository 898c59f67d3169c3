//! What a config file may say, what it may not, and in which words it is told so.
//!
//! Owns: tests of the config as a whole; what is one type's own is tested in its file.
use super::*;

mod compiled;
mod contradictions;
mod documentation;
mod errors;
mod feeds;
mod files;
mod media;
mod numbers;

/// What `text` is told: every problem, as it prints.
fn told(text: &str) -> Vec<String> {
    let problems = parse_str("t.toml", text).map_or_else(|problems| problems, |loaded| loaded.warnings);
    problems.iter().map(ToString::to_string).collect()
}

/// Asserts that each text is told exactly one thing, and that it begins so, and holds the given words.
#[track_caller]
fn each_is_told(cases: &[(&str, &str, &str)]) {
    for (text, begins, holds) in cases {
        let told = told(text);
        let [one] = &told[..] else { panic!("{text}: {told:#?}") };
        assert!(one.starts_with(begins) && one.contains(holds), "{text}: {one}");
    }
}

fn config(text: &str) -> Config {
    match parse_str("t.toml", text) {
        Ok(loaded) => loaded.config,
        Err(problems) => panic!("{text}: {problems:#?}"),
    }
}
