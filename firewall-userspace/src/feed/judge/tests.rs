//! What a line means for those before and behind it.
use super::*;

const PREFIX: &str = "2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 ";

fn failure(source: &str) -> String {
    format!("{PREFIX}SIP auth failure (REGISTER) on sofia profile 'x' for [100@x] from ip {source}")
}

/// The verdicts on lines that begin at these places, and what comes when nothing follows.
fn verdicts(lines: &[(u64, &str)]) -> (Vec<Verdict>, usize) {
    let mut judge = Judge::new(Format::FreeSwitch { connected: Vec::new() });
    let mut verdicts = Vec::new();
    lines.iter().for_each(|(at, line)| judge.line(*at, line.as_bytes(), |verdict| verdicts.push(verdict)));
    let before = verdicts.len();
    judge.quiet(|verdict| verdicts.push(verdict));
    assert!(!judge.waits());
    let after = verdicts.len() - before;
    (verdicts, after)
}

fn is_event(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Event(_))
}

#[test]
fn an_event_waits_for_the_next_line() {
    let line = failure("203.0.113.7");
    let (all, waited) = verdicts(&[(0, &line), (100, &line)]);
    assert!(all.iter().all(is_event));
    assert_eq!((all.len(), waited), (2, 1));
}

#[test]
fn a_line_that_begins_wrongly_takes_the_event_before_it_along() {
    let line = failure("203.0.113.7");
    let (all, _) = verdicts(&[(0, &line), (100, " rest")]);
    assert_eq!(all, [Verdict::Refused(Refusal::Cut), Verdict::Refused(Refusal::Foreign)]);
}

#[test]
fn a_window_ends() {
    let line = failure("203.0.113.7");
    let (all, _) = verdicts(&[(0, "foreign"), (65_535, &line), (65_536, &line)]);
    assert_eq!(all[..2], [Verdict::Refused(Refusal::Foreign), Verdict::Refused(Refusal::Behind)]);
    assert!(is_event(&all[2]) && all.len() == 3);
}

#[test]
fn a_foreign_line_inside_a_window_makes_it_longer() {
    let line = failure("203.0.113.7");
    let (all, _) = verdicts(&[(0, "foreign"), (60_000, "foreign"), (70_000, &line)]);
    assert_eq!(all[2], Verdict::Refused(Refusal::Behind));
}
