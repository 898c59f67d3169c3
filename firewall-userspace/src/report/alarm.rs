//! Alarms about peers, and by some rules about anybody.
//!
//! Owns: their sentence and their table. Refuses: raising them.
use comfy_table::Table;
use serde_json::Value;

use super::evidence;
use super::number::grouped;
use super::table;
use super::text::plain;
use super::time::instant;
use crate::engine::command::Alarm;
use crate::engine::evidence::Rule;
use crate::entries::{prefix_text, source_prefix};
use crate::store::{DEVICE_OUTDATED, NAME_STOPPED, StoredAlarm, WEAK_PASSWORD};

/// What a peer did, in a sentence for the log.
pub(crate) fn sentence(alarm: &Alarm, peer: Option<&str>, v6_prefix: u8) -> String {
    let source = prefix_text(source_prefix(alarm.source, v6_prefix));
    let said = evidence::sentence(&alarm.evidence);
    match alarm.evidence.rule.is_about_anybody() {
        true if alarm.peer == 0 => format!("{source}: {said}; have a look at it"),
        true => format!("{}: {said}; have a look at it", who(alarm.peer, peer, &source)),
        false => format!("{}: {said}; {NOT_BANNED}", who(alarm.peer, peer, &source)),
    }
}

const NOT_BANNED: &str = "it is not banned, because it is trusted; have a look at it";

fn who(id: u32, name: Option<&str>, source: &str) -> String {
    match (id, name) {
        (0, _) => format!("{source}, which an allow entry lets in"),
        (_, Some(name)) => format!("peer {} ({source})", plain(name)),
        (id, None) => format!("peer number {id} ({source})"),
    }
}

/// Alarms in their order.
pub(crate) fn table(alarms: &[StoredAlarm]) -> Table {
    let mut table = table::table(&["LAST", "PEER", "SOURCE", ">TIMES", "SINCE", "WHY"]);
    for alarm in alarms {
        table.add_row([
            instant(alarm.time),
            peer(alarm),
            alarm.source.map_or_else(|| "-".to_owned(), prefix_text),
            grouped(alarm.count.into()),
            instant(alarm.first),
            why(alarm),
        ]);
    }
    table
}

fn why(alarm: &StoredAlarm) -> String {
    let text = |key| alarm.evidence.get(key).and_then(Value::as_str);
    match (alarm.source, text("name"), text("trouble")) {
        (None, Some(name), Some(trouble)) => of_name(&alarm.rule, name, trouble),
        _ => evidence::sentence_of(&alarm.evidence),
    }
}

/// What is wrong with a peer's name, an account or a device, in a sentence.
pub(crate) fn of_name(rule: &str, name: &str, trouble: &str) -> String {
    let (name, trouble) = (plain(name), plain(trouble));
    match rule {
        WEAK_PASSWORD => format!("{name} has a password that is easily guessed"),
        DEVICE_OUTDATED => format!("{name}: {trouble}"),
        NAME_STOPPED => format!("{name} does not resolve any more ({trouble}); the peer keeps its addresses for now"),
        _ => format!("{name}: {trouble}; the peer keeps its addresses"),
    }
}

fn peer(alarm: &StoredAlarm) -> String {
    match (alarm.peer, &alarm.name) {
        (0, _) if alarm.source.is_none() => "-".to_owned(),
        (0, _) if Rule::from_word(&alarm.rule).is_some_and(Rule::is_about_anybody) => "-".to_owned(),
        (0, _) => "(allow entry)".to_owned(),
        (_, Some(name)) => plain(name),
        (id, None) => format!("number {id}"),
    }
}

#[cfg(test)]
mod tests {
    use firewall_common::addr::Addr;

    use super::*;
    use crate::report::evidence::tests::evidence;

    #[test]
    fn an_alarm_names_the_peer_and_what_it_did() {
        let source = Addr::from(std::net::Ipv4Addr::new(198, 51, 100, 7));
        let alarm = Alarm { peer: 2, source, time: 0, evidence: evidence(Rule::Failures) };
        let said = sentence(&alarm, Some("itsp"), 64);
        assert!(said.starts_with("peer itsp (198.51.100.7): 5 failed authentications within 10m"), "{said}");
        assert!(sentence(&alarm, None, 64).starts_with("peer number 2 (198.51.100.7)"));
        let allowed = sentence(&Alarm { peer: 0, ..alarm }, None, 64);
        assert!(allowed.starts_with("198.51.100.7, which an allow entry lets in: 5"), "{allowed}");
    }

    #[test]
    fn an_alarm_about_a_name_says_what_is_wrong_with_it() {
        let evidence = serde_json::json!({ "name": "sip.itsp.example", "trouble": "no answer" });
        let (rule, name) = (NAME_STOPPED.to_owned(), Some("itsp".to_owned()));
        let alarm = StoredAlarm { id: 1, first: 0, time: 0, peer: 1, name, source: None, rule, evidence, count: 2 };
        let shown = table(&[alarm]).to_string();
        assert!(shown.contains("sip.itsp.example does not resolve any more (no answer)"), "{shown}");
        assert!(shown.contains("itsp") && shown.contains(" - "), "{shown}");
    }
}
