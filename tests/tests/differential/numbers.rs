//! Dialled numbers: random lists, blocks and codes, and what follows from them, in strings.
//!
//! Owns: the plan, the longest prefix, and what codes open. Refuses: reading URIs, which has a plain model beside its own tests
//! (`firewall-common/src/number/scan/tests.rs`).
use firewall_common::number::{Dialled, NumberAction, Uri};
use firewall_common::number::{address, address_go, read, refer_go, refer_to, request_uri};
use firewall_common::policy::{NUMBERS_OFF, NUMBERS_OPEN, NUMBERS_VALIDATED};
use firewall_common::reason::Reason;
use firewall_common::sip::Window;
use firewall_tests::harness::{Shield, judge_numbers};
use firewall_userspace::dataplane::load::Generation;

use crate::random::Random;
use crate::setup::HOSTS;

/// Prefixes, those of international numbers with a `+`.
const PREFIXES: [&str; 12] = ["+4", "+49", "+4990", "+49900", "+493", "+44", "+441", "+1", "1", "11", "2", "20"];
/// What is called.
pub(crate) const URIS: [&str; 14] = [
    "sip:+4990012345@h",
    "sip:00493012345@h",
    "sip:0900-12345@h",
    "sip:%2B44123@h",
    "tel:1234567;phone-context=+49",
    "sip:*123456*+44123@h",
    "sip:*654321*0044123@h",
    "sip:*000000*+44123@h",
    "sip:90113312345@h",
    "sip:200@h",
    "sip:110@h",
    "sip:alice@h",
    "sip:20;phone-context=+44@h",
    "sip:12345678901234567890123456789012345@h",
];
/// Codes, and the classes that they open.
const CODES: [(&str, &[u32]); 2] = [("123456", &[1, 3]), ("654321", &[2])];
/// How many digits a code has.
const CODE: usize = 6;
/// Local numbers of at most so many digits are of the house.
const HOUSE: usize = 6;

#[derive(Debug)]
struct Listed {
    list: u32,
    prefix: &'static str,
    action: NumberAction,
    class: u32,
    id: u32,
}

/// What is asked of numbers.
#[derive(Debug)]
pub(crate) struct Numbers {
    judged: bool,
    policy: u8,
    /// By peer's id: the policy and the list of its own.
    rules: Vec<(u8, u32)>,
    listed: Vec<Listed>,
    /// Hosts, a prefix that is blocked for each, and its id.
    blocks: Vec<(&'static str, &'static str, u32)>,
}

/// Which rules hold for a source.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    Peer(u32),
    Others,
}

impl Numbers {
    pub(crate) fn random(random: &mut Random, peers: usize) -> Self {
        let policy = |random: &mut Random| *random.pick(&[NUMBERS_OFF, NUMBERS_OPEN, NUMBERS_VALIDATED]);
        let mut listed: Vec<Listed> = Vec::new();
        for id in 1..=random.below(16) as u32 {
            let actions = [NumberAction::Allow, NumberAction::Deny, NumberAction::Code, NumberAction::Own];
            let [list, class] = [3, 4].map(|end| random.below(end) as u32);
            let (prefix, action) = (*random.pick(&PREFIXES), *random.pick(&actions));
            let entry = Listed { list, prefix, action, class, id };
            if !listed.iter().any(|other| (other.list, other.prefix) == (entry.list, entry.prefix)) {
                listed.push(entry);
            }
        }
        let hosts: Vec<&'static str> = if random.chance(2) { random.some(&HOSTS[..14]) } else { Vec::new() };
        Self {
            judged: !random.chance(3),
            policy: policy(random),
            rules: (0..=peers).map(|_| (policy(random), random.below(3) as u32)).collect(),
            listed,
            blocks: hosts.into_iter().zip(100..).map(|(host, id)| (host, *random.pick(&PREFIXES), id)).collect(),
        }
    }

    /// What a config would ask for.
    pub(crate) fn tune(&self, generation: &mut Generation) {
        let rules: Vec<_> =
            (0..).zip(&self.rules).map(|(id, (policy, list))| (id, *policy, NUMBERS_OFF, *list)).collect();
        if self.judged {
            judge_numbers(generation, self.policy, &rules);
        }
    }

    /// What the daemon would put into the maps.
    pub(crate) fn put(&self, shield: &mut Shield) {
        for Listed { list, prefix, action, class, id } in &self.listed {
            shield.list(u64::from(*list), *id, prefix, *action, *class);
        }
        self.blocks.iter().for_each(|(host, prefix, id)| shield.block(host, *id, prefix));
        CODES.iter().for_each(|(code, classes)| shield.code(code, classes));
    }

    /// The objection to a request of a source, if there is one.
    pub(crate) fn object(
        &self,
        src: &str,
        whose: Whose,
        method: &str,
        payload: &[u8],
        headers: usize,
    ) -> Option<(Reason, u32)> {
        if !self.judged {
            return None;
        }
        let uri = called(method, payload, headers)?;
        let (policy, list) = match whose {
            Whose::Peer(id) => self.rules[id as usize],
            Whose::Others => (self.policy, 0),
        };
        let [dialled, global] = [uri.dialled, uri.global()].map(|dialled| self.judge(src, policy, list, dialled));
        let (strictness, id) = if global.0 > dialled.0 { global } else { dialled };
        let reasons = [None, Some(Reason::CallCode), Some(Reason::NumberUnlisted), Some(Reason::NumberDenied)];
        reasons[strictness].map(|reason| (reason, id))
    }

    /// How strict the outcome is, and the entry that decides.
    fn judge(&self, src: &str, policy: u8, list: u32, dialled: Dialled) -> (usize, u32) {
        let (code, number) = number(dialled);
        let digits = number.trim_start_matches('+');
        if digits.is_empty() {
            return (0, 0);
        }
        let covers = |prefix: &str| number.starts_with(prefix);
        let blocks = self.blocks.iter().filter(|(host, prefix, _)| *host == src && covers(prefix));
        if let Some((_, _, id)) = blocks.max_by_key(|(_, prefix, _)| prefix.len()) {
            return (3, *id);
        }
        if policy == NUMBERS_OFF {
            return (0, 0);
        }
        let of = |wanted: u32| {
            let listed = self.listed.iter().filter(move |entry| entry.list == wanted && covers(entry.prefix));
            listed.max_by_key(|entry| entry.prefix.len())
        };
        let own = if list == 0 { None } else { of(list) };
        let entry = [of(0), own].into_iter().flatten().max_by_key(|entry| entry.prefix.len());
        let action = entry.map_or(NumberAction::None, |entry| entry.action);
        let id = entry.map_or(0, |entry| entry.id);
        let opens = |(known, classes): &(&str, &[u32])| {
            code.as_deref() == Some(*known) && entry.is_some_and(|entry| classes.contains(&entry.class))
        };
        let is_of_the_house = !number.starts_with('+') && digits.len() <= HOUSE;
        match action {
            NumberAction::Deny => (3, id),
            NumberAction::Code if CODES.iter().any(opens) => (0, 0),
            NumberAction::Code => (1, id),
            NumberAction::Allow => (0, 0),
            _ if policy == NUMBERS_VALIDATED && !is_of_the_house => (2, id),
            _ => (0, 0),
        }
    }
}

/// What a request calls, or makes somebody call.
fn called(method: &str, payload: &[u8], headers: usize) -> Option<Uri> {
    let mut window = Box::new(Window::new());
    window.fill(payload);
    match method {
        "INVITE" => Some(read(&window, request_uri(&window, 6), false)),
        "REFER" => {
            let value = refer_to(&window, headers as u32, refer_go);
            let (at, in_brackets) = address(&window, value, address_go).filter(|_| value != 0)?;
            Some(read(&window, at, in_brackets))
        }
        _ => None,
    }
}

/// The code that was dialled, and the number, with a `+` if it is international.
fn number(dialled: Dialled) -> (Option<String>, String) {
    let (mut text, mut plus) = (dialled.digits.to_string(), dialled.plus as usize);
    let before = CODE + 2;
    let is_coded = text.len() >= before && text.starts_with('*') && text.as_bytes()[before - 1] == b'*';
    let code = (is_coded && (plus == 0 || plus > before)).then(|| text[1..=CODE].to_owned());
    if code.is_some() {
        (text, plus) = (text[before..].to_owned(), plus.saturating_sub(before));
    }
    let number = if plus == 0 { by_plan(text) } else { format!("+{}", &text[plus - 1..]) };
    (code, without_zeros(number))
}

fn by_plan(text: String) -> String {
    let text = text.strip_prefix('9').map_or(text.clone(), str::to_owned);
    if let Some(rest) = text.strip_prefix("011").or_else(|| text.strip_prefix("00")) {
        return format!("+{rest}");
    }
    text.strip_prefix('0').map_or(text.clone(), |rest| format!("+49{}", &rest[..rest.len().min(30)]))
}

fn without_zeros(number: String) -> String {
    let Some(mut digits) = number.strip_prefix('+') else { return number };
    for _ in 0..6 {
        digits = digits.strip_prefix('0').unwrap_or(digits);
    }
    format!("+{digits}")
}
