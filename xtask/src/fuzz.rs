//! `cargo xtask fuzz`: grows inputs against the properties in fuzz/src.
//!
//! Owns: starting cargo-fuzz. Refuses: to add what it finds to the seeds in fuzz/corpus; a person chooses those.
use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{cmd, setup};

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The target; all in turn without it
    target: Option<String>,
    /// How long to fuzz each target
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,
}

/// Fuzzes one target or all.
pub(crate) fn verb(args: &Args) -> Result<()> {
    let known = targets()?;
    let chosen = match &args.target {
        Some(target) if !known.contains(target) => bail!("no fuzz target `{target}`: there are {}", known.join(", ")),
        Some(target) => vec![target.clone()],
        None => known,
    };
    let build = setup::build()?;
    let Some(nightly) = build.nightly() else {
        bail!(
            "fuzzing needs rustup's nightly: install rustup (https://rustup.rs), then `rustup toolchain install nightly`"
        );
    };
    setup::cargo_tool("cargo-fuzz", "0.13.2", "builds and runs the fuzz targets")?;
    for target in &chosen {
        println!("\n=== {target}, {} s", args.seconds);
        fuzz(nightly, target, args.seconds)?;
    }
    Ok(())
}

/// What is found anew is kept in the target directory, apart from the seeds.
fn fuzz(nightly: &str, target: &str, seconds: u32) -> Result<()> {
    let grown = cmd::target_dir()?.join("fuzz-corpus").join(target);
    fs::create_dir_all(&grown).with_context(|| format!("{} could not be made", grown.display()))?;
    let mut cargo = cmd::cargo_of(nightly);
    cargo.args(["fuzz", "run", "--features", "libfuzzer", target]).arg(&grown);
    cargo.arg(cmd::root().join("fuzz/corpus").join(target));
    cmd::run(cargo.args(["--", &format!("-max_total_time={seconds}"), "-print_final_stats=1"])).with_context(|| {
        format!(
            "{target}: a property does not hold. Once it is mended, move the input from fuzz/artifacts/{target} to \
             fuzz/corpus/{target}, named after what it shows"
        )
    })
}

/// The targets are the directories of seeds.
fn targets() -> Result<Vec<String>> {
    let seeds = cmd::root().join("fuzz/corpus");
    let entries = fs::read_dir(&seeds).with_context(|| format!("{} cannot be read", seeds.display()))?;
    let mut names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_a_program() {
        for name in targets().unwrap() {
            let program = cmd::root().join("fuzz/fuzz_targets").join(&name).with_extension("rs");
            assert!(program.exists(), "{}", program.display());
        }
    }
}
