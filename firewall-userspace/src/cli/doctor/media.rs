//! Media: is it encrypted, and can it be seen to?
//!
//! Owns: what stands between the config's media policy and its effect. Refuses: judging calls.
use super::Finding;
use crate::config::{Config, MediaPolicy};
use crate::dataplane::Instance;
use crate::event_loop::responder;

pub(super) fn findings(wanted: Option<&str>, config: &Config) -> Vec<Finding> {
    let mut findings = vec![policy(config)];
    if config.judges_media() {
        findings.extend(ports(config));
        findings.push(answers(&responder::probe()));
        let infos = Instance::list(config.paths()).unwrap_or_default();
        let wanted = infos.iter().filter(|info| wanted.is_none_or(|iface| iface == info.iface));
        findings.extend(wanted.filter_map(|info| hearing(&info.iface, config)));
    }
    findings
}

fn policy(config: &Config) -> Finding {
    const NAME: &str = "media policy";
    let when = "when `sipfw media report` shows nothing that must go on, set media.policy = \"srtp-only\" ([media] in the config)";
    match config.media().policy {
        MediaPolicy::SrtpOnly => Finding::ok(NAME, "srtp-only: no call without encrypted media"),
        MediaPolicy::Prefer => Finding::info(NAME, "prefer: calls without encrypted media are told, and pass", when),
        MediaPolicy::Off => {
            let fix = format!("set media.policy = \"prefer\" to see which calls are not encrypted; {when}");
            Finding::info(NAME, "off: calls may be listened to by whoever is on the way", fix)
        }
    }
}

/// Without ports, nothing of the policy holds for media itself.
fn ports(config: &Config) -> Option<Finding> {
    let fix = "name the UDP ports that the server takes media on in media.ports (Asterisk: rtpstart and rtpend in rtp.conf; \
               rtpengine: port-min and port-max)";
    let none = config.media().ports.is_empty();
    none.then(|| {
        Finding::warn("media ports", "none: calls are judged by what they say, and their media is let in unseen", fix)
    })
}

fn answers(probed: &std::io::Result<()>) -> Finding {
    const NAME: &str = "refusals";
    match probed {
        Ok(()) => Finding::ok(NAME, "calls that are refused get an answer"),
        Err(error) if !rustix::process::geteuid().is_root() => {
            Finding::ok(NAME, format!("only root can tell whether they can be answered ({error})"))
        }
        Err(error) => {
            let found = format!("callers wait in vain for an answer, since no raw socket can be opened: {error}");
            Finding::warn(NAME, found, "let the daemon have CAP_NET_RAW (AmbientCapabilities= of its unit)")
        }
    }
}

/// Answers of our own side tell what was agreed on; who does not hear them opens nothing.
fn hearing(iface: &str, config: &Config) -> Option<Finding> {
    let instance = Instance::open(config.paths(), iface).ok()?;
    let hears = instance.policy().ok()?.hears;
    let found = format!("{iface}: what this host sends can't be heard, so no call's media is known");
    (!hears).then(|| Finding::warn("hearing", found, "run Linux 6.6 or newer, or leave media.policy \"off\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Level;
    use crate::config::parse_str;

    fn config(text: &str) -> Config {
        parse_str("t", text).unwrap().config
    }

    #[test]
    fn srtp_only_is_recommended_until_it_is_on() {
        for (word, level) in [("off", Level::Info), ("prefer", Level::Info), ("srtp-only", Level::Ok)] {
            let finding = policy(&config(&format!("media.policy = \"{word}\"")));
            assert!(finding.level == level && finding.found.starts_with(word), "{}", finding.found);
            assert_eq!(finding.fix.is_some_and(|fix| fix.contains("\"srtp-only\"")), level == Level::Info);
        }
    }

    #[test]
    fn a_policy_without_ports_is_warned_of() {
        assert!(ports(&config("media.policy = \"prefer\"")).is_some_and(|finding| finding.level == Level::Warn));
        assert!(ports(&config("[media]\npolicy = \"prefer\"\nports = [\"10000-20000\"]")).is_none());
    }

    #[test]
    fn refusals_need_raw_sockets() {
        assert!(answers(&Ok(())).level == Level::Ok);
        let refused = answers(&Err(std::io::ErrorKind::PermissionDenied.into()));
        assert_eq!(refused.level == Level::Warn, rustix::process::geteuid().is_root(), "{}", refused.found);
    }
}
