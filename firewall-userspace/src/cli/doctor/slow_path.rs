//! What the running daemon hears: does it learn enough to tell who is who?
//!
//! Owns: what its report and the kernel's counters say of that. Refuses: judging a server's config beyond what it is seen to
//! send.
use super::Finding;
use crate::config::Config;
use crate::dataplane::{CopyStats, Instance, clock};
use crate::report::number::grouped;
use crate::report::slow_path::SlowPathReport;

pub(super) fn findings(wanted: Option<&str>, config: &Config) -> Vec<Finding> {
    let infos = Instance::list(config.paths()).unwrap_or_default();
    let wanted = infos.iter().filter(|info| wanted.is_none_or(|iface| iface == info.iface));
    wanted.flat_map(|info| of_interface(&info.iface, config)).collect()
}

fn of_interface(iface: &str, config: &Config) -> Vec<Finding> {
    let report = SlowPathReport::read(&config.paths().run.as_path().join(iface));
    let report = report.filter(|report| report.is_fresh(clock::now().wall_ms));
    // Only root can read the counters; the finding about rights says so.
    let stats = Instance::open(config.paths(), iface).and_then(|instance| instance.stats()).ok();
    let lost = stats.map(|stats| copies(iface, &stats.copies));
    report.map(|report| nonces(iface, report.shared_nonces())).into_iter().chain(lost).collect()
}

/// A nonce that two sources have got proves neither of them.
fn nonces(iface: &str, shared: u64) -> Finding {
    const NAME: &str = "nonces";
    if shared == 0 {
        return Finding::ok(NAME, format!("{iface}: the server sent none to two sources"));
    }
    let found = format!(
        "{iface}: the server sent {} to several sources, so failed passwords often can't be proven, and guessers are held \
         where they could be banned",
        grouped(shared)
    );
    let fix =
        "give each challenge a nonce of its own: with Kamailio's auth module by modparam(\"auth\", \"nonce_count\", 1)";
    Finding::warn(NAME, found, fix)
}

/// What the daemon did not hear is no evidence; and a registration that it did not hear is no trust.
fn copies(iface: &str, copies: &[CopyStats]) -> Finding {
    const NAME: &str = "copies";
    let (lost, made) = copies.iter().fold((0, 0), |(lost, made), one| (lost + one.lost, made + one.made));
    if lost == 0 {
        return Finding::ok(NAME, format!("{iface}: none was lost on the way to the daemon"));
    }
    let (lost, all) = (grouped(lost), grouped(lost + made));
    let found = format!("{iface}: {lost} of {all} were lost on the way to the daemon since the firewall was loaded");
    let fix = "if the number grows while the daemon runs, give the ring that `sipfw status` names more room \
               (slow_path.strangers_ring, slow_path.trusted_ring) or the daemon more CPU";
    Finding::warn(NAME, found, fix)
}

#[cfg(test)]
mod tests {
    use firewall_common::copy::Ring;

    use super::*;
    use crate::cli::doctor::Level;

    #[test]
    fn shared_nonces_are_worth_a_warning_with_its_fix() {
        let finding = nonces("eth0", 1_234);
        assert!(finding.level == Level::Warn && finding.found.contains("1,234"), "{}", finding.found);
        assert!(finding.fix.unwrap().ends_with("modparam(\"auth\", \"nonce_count\", 1)"));
        assert!(nonces("eth0", 0).level == Level::Ok);
    }

    #[test]
    fn lost_copies_are_summed_over_both_rings() {
        let stats = |lost| Ring::ALL.map(|ring| CopyStats { ring, made: 500, lost });
        let finding = copies("eth0", &stats(7));
        assert!(finding.level == Level::Warn && finding.found.starts_with("eth0: 14 of 1,014"), "{}", finding.found);
        assert!(copies("eth0", &stats(0)).level == Level::Ok);
    }
}
