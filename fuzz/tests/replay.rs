//! Every seed, whole and cut short at every byte, against its target's property.
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use firewall_fuzz::{Property, TARGETS, message};

#[test]
fn seeds_hold() {
    for (name, check) in TARGETS {
        replay(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name), check);
    }
}

/// The messages of the torture tests, which are kept beside their own tests.
#[test]
fn torture_tests_hold() {
    for name in ["rfc4475", "rfc5118", "typical"] {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firewall-common/tests/corpus");
        replay(&corpus.join(name), message::check);
    }
}

fn replay(dir: &Path, check: Property) {
    let seeds: Vec<_> = fs::read_dir(dir).expect("a directory of seeds").flatten().map(|e| e.path()).collect();
    assert!(!seeds.is_empty(), "{} is empty", dir.display());
    for seed in seeds {
        let input = fs::read(&seed).expect("a readable seed");
        for len in 0..=input.len() {
            let held = catch_unwind(|| check(&input[..len])).is_ok();
            assert!(held, "{}, the first {len} bytes", seed.display());
        }
    }
}
