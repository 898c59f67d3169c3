//! The default file says what the built-in config is.
use super::{config, told};
use crate::config::{Config, PeerMedia, default_file};

/// The default file with every key out of its comment.
fn uncommented() -> String {
    let is_key = |line: &str| line.starts_with('#') && line.as_bytes().get(1).is_some_and(|b| b.is_ascii_lowercase());
    default_file().lines().map(|line| if is_key(line) { &line[1..] } else { line }).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_file_is_the_builtin_config() {
    assert_eq!(told(&default_file()), [""; 0]);
    assert_eq!(told(&uncommented()), [""; 0]);
    assert_eq!(config(&uncommented()), Config::builtin());
    assert!(uncommented().contains("\nregister = ") && uncommented().contains("\nmode = "));
}

#[test]
fn its_examples_are_right() {
    let examples: Vec<_> =
        default_file().lines().filter_map(|line| line.strip_prefix("#     ").map(str::to_owned)).collect();
    let is_toml = |line: &&String| line.starts_with('[') || line.contains(" = ");
    let text = examples.iter().filter(is_toml).cloned().collect::<Vec<_>>().join("\n");
    assert_eq!(told(&text), [""; 0]);
    let config = config(&text);
    assert_eq!((config.peers().len(), config.peers()[0].media), (1, PeerMedia::Default));
    assert_eq!(config.signatures().len(), Config::builtin().signatures().len() + 1);
}

#[test]
fn every_line_fits_a_terminal() {
    for line in default_file().lines().filter(|line| !line.contains(" = ")) {
        assert!(line.chars().count() <= 124, "{line}");
    }
}

#[test]
fn the_copy_in_docs_is_this_one() {
    let copy = include_str!("../../../../docs/sipfw.toml");
    assert!(copy == default_file(), "docs/sipfw.toml is not what default_file() says: generate it anew");
}
