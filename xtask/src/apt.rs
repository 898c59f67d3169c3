//! Distribution packages: which are missing, and installing them.
//!
//! Owns: every call of apt and dpkg. Refuses: removing or upgrading anything, and distributions without apt, where it
//! says what is needed and stops.
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

use crate::cmd;

/// A package and what for.
#[derive(Clone, Copy)]
pub(crate) struct Package {
    /// Debian's name.
    pub(crate) name: &'static str,
    /// The program in it that is used, by which another distribution is asked; empty if there is none.
    pub(crate) program: &'static str,
    /// A few words for who wonders why this is installed.
    pub(crate) why: &'static str,
}

/// Installs those that are missing, all in one call. Returns what it installed.
pub(crate) fn ensure(packages: &[Package]) -> Result<Vec<&'static str>> {
    if !is_here() {
        return by_program(packages, |program| cmd::find(program).is_some()).map(|()| Vec::new());
    }
    let names: Vec<_> = packages.iter().map(|p| p.name).collect();
    let missing = missing(&names, &installed(&names));
    if missing.is_empty() {
        return Ok(missing);
    }
    for package in packages.iter().filter(|p| missing.contains(&p.name)) {
        println!("{} is missing: {}", package.name, package.why);
    }
    if !unknown(&missing).is_empty() {
        update()?;
        let unknown = unknown(&missing);
        if !unknown.is_empty() {
            bail!("{}", not_listed(&unknown));
        }
    }
    if install(&missing).is_err() {
        // The usual cause: lists so old that they name files which are gone.
        println!("that failed; trying again with fresh package lists");
        update()?;
        install(&missing)?;
    }
    Ok(missing)
}

/// Whether packages can be installed here.
pub(crate) fn is_here() -> bool {
    cmd::find("apt-get").is_some() && cmd::find("dpkg-query").is_some()
}

/// Whether all of them are installed.
pub(crate) fn all_installed(names: &[&'static str]) -> bool {
    missing(names, &installed(names)).is_empty()
}

/// Whether all of them can be installed.
pub(crate) fn all_listed(names: &[&'static str]) -> bool {
    unknown(names).is_empty() || (update().is_ok() && unknown(names).is_empty())
}

fn install(names: &[&str]) -> Result<()> {
    let mut apt = cmd::as_root("env")?;
    apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "--yes", "--no-install-recommends"]);
    apt.args(["-o", "Dpkg::Use-Pty=0"]).args(names);
    println!("installing with: apt-get install {}", names.join(" "));
    cmd::run(apt.stdin(Stdio::null()))
}

/// Once is enough.
fn update() -> Result<()> {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    println!("reading the distribution's package lists: apt-get update");
    cmd::run(cmd::as_root("apt-get")?.args(["update", "-qq"]))
}

/// Lines of `name status`; packages that were never heard of make dpkg-query fail but do not spoil the others' lines.
fn installed(names: &[&str]) -> String {
    let mut query = cmd::command("dpkg-query");
    query.args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"]).args(names);
    query
        .stdin(Stdio::null())
        .output()
        .map_or_else(|_| String::new(), |out| String::from_utf8_lossy(&out.stdout).into())
}

fn missing(names: &[&'static str], status: &str) -> Vec<&'static str> {
    let is_there = |name: &str| status.lines().any(|line| line.split_once(' ') == Some((name, "installed")));
    names.iter().copied().filter(|name| !is_there(name)).collect()
}

fn unknown(names: &[&'static str]) -> Vec<&'static str> {
    let policy = cmd::output(cmd::command("apt-cache").env("LC_ALL", "C").arg("policy").args(names));
    without_candidate(names, &policy.unwrap_or_default())
}

fn without_candidate(names: &[&'static str], policy: &str) -> Vec<&'static str> {
    let mut candidates = Vec::new();
    let mut current = "";
    for line in policy.lines() {
        if let Some(name) = line.strip_suffix(':').filter(|name| !name.starts_with(' ')) {
            current = name;
        } else if line.trim().strip_prefix("Candidate: ").is_some_and(|version| version != "(none)") {
            candidates.push(current);
        }
    }
    names.iter().copied().filter(|name| !candidates.contains(name)).collect()
}

fn not_listed(names: &[&str]) -> String {
    let llvm = names.iter().any(|name| name.starts_with("llvm-") || name.starts_with("libpolly-"));
    let hint = if llvm {
        "install it from https://apt.llvm.org, or put a ready bpf-linker (0.13.0 or later, from \
         https://github.com/aya-rs/bpf-linker/releases) on the PATH; then run this again"
    } else {
        "enable the repository that has them (on Debian: main and security of release 12 or later), or install them by \
         hand; then run this again"
    };
    format!("not in this distribution's package lists: {}. What to do: {hint}", names.join(" "))
}

/// Without apt nothing is installed: every program must be there.
fn by_program(packages: &[Package], found: impl Fn(&str) -> bool) -> Result<()> {
    let absent = packages.iter().filter(|p| !p.program.is_empty() && !found(p.program));
    let lines: String = absent.map(|p| format!("\n  {:<12} {} (Debian: {})", p.program, p.why, p.name)).collect();
    if !lines.is_empty() {
        bail!(
            "missing programs, and without apt-get nothing can be installed; do it by hand, then run this again:{lines}"
        );
    }
    Ok(())
}

/// Fetches a package's file and unpacks it below `into`, without installing it.
pub(crate) fn unpack(name: &str, into: &Path) -> Result<()> {
    std::fs::create_dir_all(into)?;
    println!("fetching {name}, which is unpacked below {} and not installed", into.display());
    cmd::run(cmd::command("apt-get").args(["download", "-q", name]).current_dir(into))?;
    for file in std::fs::read_dir(into)?.flatten().map(|entry| entry.path()) {
        if file.extension().is_some_and(|ext| ext == "deb") {
            cmd::run(cmd::command("dpkg-deb").arg("--extract").args([&file, into]))?;
            std::fs::remove_file(&file)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_package_counts_as_missing() {
        let status = "nftables installed\nkamailio config-files\n";
        assert_eq!(missing(&["nftables", "kamailio", "sip-tester"], status), ["kamailio", "sip-tester"]);
    }

    #[test]
    fn a_package_without_candidate_is_not_listed() {
        let policy = "kamailio:\n  Installed: (none)\n  Candidate: 5.6.3-2\n  Version table:\n     5.6.3-2 500\n\
                      llvm-22-dev:\n  Installed: (none)\n  Candidate: (none)\n";
        assert_eq!(without_candidate(&["kamailio", "llvm-22-dev", "nothing"], policy), ["llvm-22-dev", "nothing"]);
    }

    #[test]
    fn what_cannot_be_had_comes_with_a_way_out() {
        assert!(not_listed(&["llvm-22-dev"]).contains("apt.llvm.org"));
        assert!(not_listed(&["sipvicious"]).contains("enable the repository"));
    }

    #[test]
    fn without_apt_the_programs_themselves_count() {
        let packages = [
            Package { name: "sip-tester", program: "sipp", why: "SIP users" },
            Package { name: "nftables", program: "nft", why: "rival" },
            Package { name: "libbpf-dev", program: "", why: "headers" },
        ];
        assert!(by_program(&packages, |_| true).is_ok());
        let error = by_program(&packages, |program| program == "nft").unwrap_err().to_string();
        assert!(error.contains("sipp") && error.contains("sip-tester") && !error.contains("nft"), "{error}");
    }
}
