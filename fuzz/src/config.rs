//! The reader of the config file.
//!
//! Owns: what must hold for every text: no panic, a verdict of one kind or the other, and problems that name a place in
//! the text. Refuses: which texts are right.
use firewall_userspace::config;

/// Panics when the reader does, or when it refuses a text without an error or places one outside of it.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lines = text.lines().count().max(1) as u64 + 1;
    match config::parse_str("fuzz.toml", &text) {
        Ok(loaded) => assert!(loaded.warnings.iter().all(|problem| !problem.is_error())),
        Err(problems) => {
            assert!(problems.iter().any(config::Problem::is_error), "refused without an error");
            for problem in problems {
                assert!(problem.position.is_none_or(|at| at.line as u64 <= lines), "{problem}");
            }
        }
    }
}
