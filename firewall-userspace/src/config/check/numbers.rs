//! What is wrong between the keys of numbers and callers.
//!
//! Owns: a plan that is too long, policies that cannot take effect, and numbers that are none. Refuses: lists.
use super::super::Config;
use super::super::callers::{CallerPolicy, PeerCallers};
use super::super::numbers::{NumberPolicy, PREFIXES};
use super::super::problem::{Fault, Severity};
use super::super::reader::Findings;
use crate::numbers::parse_number;

/// Checks `[numbers]` and `[callers]`.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    plan(config, findings);
    country(config, findings);
    own_numbers(config, findings);
    countries(config, findings);
}

fn plan(config: &Config, findings: &mut Findings) {
    let count = config.numbers.prefixes();
    if count > PREFIXES {
        let path = if findings.is_given("numbers.outside") { "numbers.outside" } else { "numbers.international" };
        let message = format!("the plan has {count} prefixes (outside, international and national)");
        findings.add(Severity::Error, path, Fault::new(message, format!("keep {PREFIXES} in all")));
    }
}

/// Without a country, 0900 is another number than +49900.
fn country(config: &Config, findings: &mut Findings) {
    let numbers = &config.numbers;
    let sent = config.peer.iter().map(|peer| peer.numbers_sent.or(numbers.sent));
    let received = config.peer.iter().map(|peer| peer.numbers_received);
    let looked_at = |policy| policy != NumberPolicy::Off;
    let any = [numbers.received, numbers.sent].into_iter().chain(sent).chain(received).any(looked_at);
    if any && numbers.country.is_empty() && findings.is_sound("numbers") {
        let message = "there is no country, so a national number such as 0900… is no international one, and no list of \
                       international prefixes meets it";
        let fault = Fault::new(message, "write the country's code, such as numbers.country = \"49\"");
        let path = if findings.is_given("numbers.received") { "numbers.received" } else { "numbers.country" };
        findings.add(Severity::Warning, path, fault);
    }
}

fn own_numbers(config: &Config, findings: &mut Findings) {
    let plan = config.numbers.plan();
    for (index, text) in (1..).zip(config.callers.own_numbers.as_slice()) {
        if parse_number(text, &plan).is_err() {
            let fault = Fault::new("is no number", "write it with the country's code, such as \"+4930123456\"");
            findings.add(Severity::Error, &format!("callers.own_numbers[{index}]"), fault);
        }
    }
}

fn countries(config: &Config, findings: &mut Findings) {
    let callers = &config.callers;
    let both = callers.countries_allow.as_slice().iter().find(|name| callers.countries_deny.as_slice().contains(name));
    if let Some(name) = both {
        let message =
            format!("{name} is in callers.countries_allow, too ({})", findings.place("callers.countries_allow"));
        findings.add(Severity::Error, "callers.countries_deny", Fault::new(message, "leave it out of one of them"));
    }
    let decides = |callers| !matches!(callers, PeerCallers::Default | PeerCallers::Off);
    let is_off = callers.policy == CallerPolicy::Off && !config.peer.iter().any(|peer| decides(peer.callers));
    for (key, countries) in [("countries_deny", &callers.countries_deny), ("countries_allow", &callers.countries_allow)]
    {
        if is_off && !countries.is_empty() {
            let fault = Fault::new("says nothing while callers.policy is \"off\"", "write callers.policy = \"listed\"");
            findings.add(Severity::Warning, &format!("callers.{key}"), fault);
        }
    }
}
