//! Files and drop-ins, and text of any kind.
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::config::{Config, Mode, Problem, load, parse_str};

/// A directory with the given files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("conf.d")).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn told(dir: &Path) -> Vec<String> {
    let problems: Vec<Problem> = load(Some(&dir.join("sipfw.toml"))).unwrap_err();
    let prefix = format!("{}/", dir.display());
    problems.iter().map(|p| p.to_string().replace(&prefix, "")).collect()
}

#[test]
fn drop_ins_override_and_append_in_order() {
    let peer = |name: &str, net: &str| format!("[[peer]]\nname = \"{name}\"\nprefixes = [\"{net}\"]\n");
    let dir = directory(&[
        ("sipfw.toml", &format!("mode = \"trunk\"\nports.udp = [5070]\n{}", peer("a", "192.0.2.1"))),
        ("conf.d/20.toml", &peer("c", "192.0.2.3")),
        ("conf.d/10.toml", &format!("mode = \"open\"\n{}", peer("b", "192.0.2.2"))),
        ("conf.d/.hidden.toml", "nonsense"),
        ("conf.d/10.toml~", "nonsense"),
    ]);
    let loaded = load(Some(&dir.path().join("sipfw.toml"))).unwrap();
    let names: Vec<_> = loaded.config.peers().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!((loaded.config.mode(), loaded.files.len()), (Mode::Open, 3));
    assert_eq!(loaded.config.ports().udp.ranges()[0].ends(), (5070, 5070));
    assert_eq!(loaded.config.peer(3).map(|p| p.name.as_str()), Some("c"));
    assert_eq!((loaded.config.peer(0), loaded.config.peer(4)), (None, None));
}

#[test]
fn problems_name_their_file() {
    let dir = directory(&[
        ("sipfw.toml", "mode = \"x\"\n[[peer]]\nname = \"a\"\nprefixes = [\"192.0.2.1\"]\n"),
        ("conf.d/b.toml", "\nlog = open"),
        ("conf.d/a.toml", "[[peer]]\nname = \"b\"\nprefixes = [\"192.0.2.1\"]\n"),
    ]);
    let told = told(dir.path());
    assert!(told[0].starts_with("sipfw.toml:1:8: mode: "), "{told:#?}");
    assert!(told[1].starts_with("conf.d/a.toml:3:13: peer[2].prefixes[1]: \"192.0.2.1\": is also"), "{told:#?}");
    assert!(told[1].contains("(") && told[1].contains("sipfw.toml:4)"), "{told:#?}");
    assert!(told[2].starts_with("conf.d/b.toml:2:7: open: string values must be quoted"), "{told:#?}");
}

#[test]
fn files_that_cannot_be_read_say_so() {
    let dir = directory(&[("conf.d/a.toml", "mode = \"x\"")]);
    let all = told(dir.path());
    assert!(
        all[0].starts_with("sipfw.toml: cannot be read: ") && all[0].contains("name a file that exists"),
        "{all:#?}"
    );
    assert!(all[1].starts_with("conf.d/a.toml:1:8: mode: "), "{all:#?}");

    fs::create_dir(dir.path().join("sipfw.toml")).unwrap();
    assert!(told(dir.path())[0].contains("it is no regular file"));
}

#[test]
fn text_must_be_utf8() {
    let dir = directory(&[]);
    fs::write(dir.path().join("sipfw.toml"), b"mode = \"open\"\n# Gr\xfc\xdfe\n").unwrap();
    assert_eq!(told(dir.path()), ["sipfw.toml:2:5: is no UTF-8 text; save the file as UTF-8"]);
}

#[test]
fn nothing_at_all_is_the_builtin_config() {
    let loaded = parse_str("empty", "").unwrap();
    assert_eq!((loaded.config, loaded.warnings), (Config::builtin(), Vec::new()));
}

#[test]
fn as_many_prefixes_as_the_maps_hold_are_read_in_one_line() {
    let list: Vec<String> = (0..65_536u32).map(|i| format!("\"10.{}.{}.0/24\"", i >> 8, i & 255)).collect();
    let text = format!("# ü\n[[peer]]\nname = \"a\"\nprefixes = [{}]", list.join(", "));
    let loaded = parse_str("large", &text).unwrap();
    assert_eq!(loaded.config.peers()[0].prefixes.as_slice().len(), 65_536);
}

/// Pieces that a config is made of, in any order, so that many texts get past the parser.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "[peer]",
        "[[peer]]",
        "[[signature]]",
        "[ports]",
        "[strangers.limits]",
        "\n",
        " = ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\"",
        "name",
        "prefixes",
        "udp",
        "tls",
        "register",
        "mode",
        "monitor",
        "cells",
        "\"10/s burst 20\"",
        "\"0/s\"",
        "-1",
        "5060",
        "\"5060-5061\"",
        "\"192.0.2.0/24\"",
        "\"::/0\"",
        "\"auto\"",
        "true",
        "1e9",
        "0xffff_ffff_ffff_ffff_ff",
        "\"\"\"",
        "ü",
        "\0",
        ".",
        "#",
        "'",
        "capacity",
        "1979-05-27",
        "\r",
        "limits",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|words| words.concat())
}

/// Whatever the text is, it is a config without errors, or told why not, at places that exist.
fn is_told(text: &str) -> Result<(), TestCaseError> {
    let Err(problems) = parse_str("t", text) else { return Ok(()) };
    prop_assert!(problems.iter().any(Problem::is_error));
    for problem in problems {
        let line = problem.position.map(|p| p.line);
        prop_assert!(line.is_none_or(|line| (1..=text.split('\n').count()).contains(&line)), "{problem}");
        prop_assert!(!problem.message.is_empty());
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in any::<String>()) {
        is_told(&text)?;
    }

    #[test]
    fn no_mixture_of_pieces_is_a_panic(text in pieces()) {
        is_told(&text)?;
    }

    #[test]
    fn no_damage_to_the_default_file_is_a_panic(at in 0usize..6_000, with in pieces()) {
        let mut text = crate::config::default_file().replace("\n#", "\n");
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, &with);
        is_told(&text)?;
        is_told(&text[..at])?;
    }
}
