//! Evidence, told to people.
//!
//! Owns: a rule's sentence and the table of incidents. Refuses: judging, and secrets, for which evidence has no place.
use comfy_table::Table;
use serde_json::Value;

use super::number::grouped;
use super::table;
use super::text::{plain, shorten};
use super::time::{instant, span};
use crate::engine::evidence::{Evidence, Incident, Proof, Rule};

/// The widest that a user agent or an account is shown.
const WIDEST: usize = 40;

/// Evidence of the database; nothing when another version wrote it in another form.
pub(crate) fn read(value: &Value) -> Option<Evidence> {
    serde_json::from_value(value.clone()).ok()
}

/// Why, in a sentence with its numbers: `5 failed authentications within 10m, 5 allowed`.
pub(crate) fn sentence(evidence: &Evidence) -> String {
    let (count, allowed) = (evidence.count, grouped(evidence.allowed.into()));
    format!("{} within {}, {allowed} allowed", deeds(evidence.rule, count), seconds(evidence.within))
}

/// Why a hold was made. That of a whole source rests on what it may not have sent itself, since proof leads to a ban.
pub(crate) fn hold_sentence(evidence: &Evidence, is_whole: bool) -> String {
    let sentence = sentence(evidence);
    match (is_whole, evidence.rule, sentence.split_once(' ')) {
        (false, ..) => sentence,
        (true, Rule::Failures, Some((count, deeds))) => format!("{count} unproven {deeds}"),
        (true, ..) => format!("{sentence}, not all of them proven"),
    }
}

/// The same of evidence as the database has it.
pub(crate) fn hold_sentence_of(value: &Value, is_whole: bool) -> String {
    read(value).map_or_else(|| sentence_of(value), |evidence| hold_sentence(&evidence, is_whole))
}

/// Why, of evidence as the database has it.
pub(crate) fn sentence_of(value: &Value) -> String {
    read(value).map_or_else(|| shorten(&plain(&value.to_string()), 100), |evidence| sentence(&evidence))
}

/// What was done, and how often.
pub(crate) fn deeds(rule: Rule, count: u32) -> String {
    let (one, many) = match rule {
        Rule::Failures => ("failed authentication", "failed authentications"),
        Rule::SlowFailures => ("failed authentication, however slow,", "failed authentications, however slow,"),
        Rule::AccountUnderAttack => (
            "failed authentication of the account over all sources",
            "failed authentications of the account over all sources",
        ),
        Rule::Scanning => ("account tried that the server refused", "different accounts tried that the server refused"),
        Rule::Malformed => ("request refused as malformed", "requests refused as malformed"),
        Rule::Unread => ("refused request that could not be read", "refused requests that could not be read"),
        Rule::InviteSpray => ("call begun and left unanswered", "calls begun and left unanswered"),
        Rule::WeakAccount => (
            "failed authentication of an account with a weak password",
            "failed authentications, of an account with a weak password,",
        ),
        Rule::Identity => ("call whose signature does not hold", "calls whose signature does not hold"),
        Rule::AccountFailures => ("failed authentication of one account", "failed authentications of one account"),
        Rule::FraudConcurrent => ("call at once", "calls at once"),
        Rule::FraudCalls => ("call", "calls"),
        Rule::FraudMinutes => ("minute of calls", "minutes of calls"),
        Rule::FraudSequence => ("call to numbers in a row", "calls to different numbers in a row"),
        Rule::FraudCountry => ("first call to a country", "first calls to a country"),
        Rule::FraudNight => ("call at night", "calls at night"),
        Rule::FraudTransfer => ("call sent on to a denied number", "calls sent on to denied numbers"),
        Rule::CallCodes => ("unproven wrong call code", "unproven wrong call codes"),
        Rule::MovedRegistration => ("registration from another network", "registrations from other networks"),
        Rule::ForeignRequest => ("request in a call of others", "requests in calls of others"),
        Rule::ForeignContact => ("contact that leads elsewhere", "contacts that lead elsewhere"),
        Rule::PlainKeys => ("media key in clear signalling", "media keys in clear signalling"),
    };
    format!("{} {}", grouped(count.into()), if count == 1 { one } else { many })
}

/// A span of so many seconds.
pub(crate) fn seconds(n: u64) -> String {
    span(i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(1_000))
}

/// The incidents, oldest first.
pub(crate) fn incidents(incidents: &[Incident]) -> Table {
    let mut table = table::table(&["TIME", "METHOD", "ACCOUNT", ">ANSWER", "PROOF", "VIA", "USER AGENT"]);
    for incident in incidents {
        table.add_row([
            instant(incident.time),
            said(&incident.method),
            said(&incident.account),
            answer(incident.status),
            proof(incident.proof).to_owned(),
            said(&incident.via),
            said(&incident.user_agent),
        ]);
    }
    table
}

/// Incidents in lines that are set in by two spaces.
pub(crate) fn incident_lines(of: &[Incident]) -> Vec<String> {
    if of.is_empty() {
        return Vec::new();
    }
    incidents(of).lines().map(|line| format!("    {}", line.trim_end())).collect()
}

fn answer(status: u16) -> String {
    if status == 0 { "-".to_owned() } else { status.to_string() }
}

fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::None => "none",
        Proof::Nonce => "nonce",
        Proof::Tag => "to tag",
        Proof::Connection => "connection",
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { shorten(&plain(text), WIDEST) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn evidence(rule: Rule) -> Evidence {
        let incident = Incident {
            time: 1_800_000_000_000,
            method: "REGISTER".to_owned(),
            account: "100".to_owned(),
            status: 401,
            user_agent: "friendly\u{1b}[31m".to_owned(),
            proof: Proof::Nonce,
            via: "udp".to_owned(),
        };
        Evidence { rule, count: 5, allowed: 5, within: 600, incidents: vec![incident], next_seconds: 3_600 }
    }

    #[test]
    fn a_rule_is_a_sentence_with_its_numbers() {
        assert_eq!(sentence(&evidence(Rule::Failures)), "5 failed authentications within 10m, 5 allowed");
        let one = Evidence { count: 1, within: 86_400, ..evidence(Rule::Malformed) };
        assert_eq!(sentence(&one), "1 request refused as malformed within 1day, 5 allowed");
    }

    #[test]
    fn a_hold_of_a_whole_source_says_that_it_is_not_proven() {
        let (failures, scanning) = (evidence(Rule::Failures), evidence(Rule::Scanning));
        assert_eq!(hold_sentence(&failures, true), "5 unproven failed authentications within 10m, 5 allowed");
        assert_eq!(hold_sentence(&failures, false), sentence(&failures));
        let scanned = format!("{}, not all of them proven", sentence(&scanning));
        assert_eq!(hold_sentence_of(&serde_json::to_value(&scanning).unwrap(), true), scanned);
    }

    #[test]
    fn evidence_of_another_form_is_shown_as_it_is() {
        let value = serde_json::json!({ "failures": 7 });
        assert_eq!((read(&value), sentence_of(&value)), (None, r#"{"failures":7}"#.to_owned()));
        let known = serde_json::to_value(evidence(Rule::Scanning)).unwrap();
        assert!(sentence_of(&known).starts_with("5 different accounts"));
    }

    #[test]
    fn what_attackers_sent_does_not_reach_the_terminal() {
        let lines = incident_lines(&evidence(Rule::Failures).incidents).join("\n");
        assert!(lines.contains("REGISTER") && lines.contains("401") && lines.contains("friendly\\u{1b}"), "{lines}");
        assert!(!lines.contains('\u{1b}'));
        assert_eq!(incident_lines(&[]), Vec::<String>::new());
    }
}
