//! Generated documentation.
use std::fs;
use std::path::Path;

use crate::sipfw::{Sipfw, run};

#[test]
fn docs_say_what_the_code_says() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let ran = run(&["docs", "--check", docs.to_str().unwrap()], Path::new("/")).exits(0);
    assert!(ran.out.is_empty(), "{}", ran.out);
}

#[test]
fn a_difference_is_found() {
    let sipfw = Sipfw::new();
    let dir = sipfw.path("docs").display().to_string();
    assert_eq!(sipfw.run(&["docs", "--check", &dir]).exits(1).out.lines().count(), 3);
    sipfw.run(&["docs", &dir]).exits(0);
    sipfw.run(&["docs", "--check", &dir]).exits(0);
    sipfw.file("docs/reasons.md", "edited");
    assert!(sipfw.run(&["docs", "--check", &dir]).exits(1).out.contains("reasons.md"));
}

#[test]
fn a_package_has_a_man_page_for_each_verb_and_completions() {
    let sipfw = Sipfw::new();
    let dir = sipfw.path("package");
    sipfw.run(&["docs", "--package", &dir.display().to_string()]).exits(0);
    for file in ["man/sipfw.8", "man/sipfw-deny-add.8", "completions/sipfw.bash", "completions/_sipfw", "sipfw.toml"] {
        assert!(fs::metadata(dir.join(file)).is_ok_and(|meta| meta.len() > 100), "{file}");
    }
    let config = dir.join("sipfw.toml").display().to_string();
    sipfw.run(&["check", &config]).exits(0);
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell], Path::new("/")).exits(0).out.contains("sipfw"));
    }
}
