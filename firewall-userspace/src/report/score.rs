//! Where a source stands that is not banned yet.
//!
//! Owns: the words for the engine's records. Refuses: judging: what is counted here is counted again by the engine.
use super::evidence::{deeds, seconds};
use super::number::grouped;
use super::text::plain;
use super::time::instant;
use crate::config::Bans;
use crate::engine::evidence::Rule;
use crate::engine::saved::{Source, State, Tally};
use crate::entries::prefix_text;
use crate::store::StoredScore;

/// What still counts, and what the next ban would be.
pub(crate) fn lines(score: &StoredScore, bans: &Bans, now: i64) -> Vec<String> {
    let whose = prefix_text(score.source);
    match serde_json::from_value(score.state.clone()) {
        Ok(State::Source(source)) => of_source(&whose, &source, bans, now),
        // These are about hashes, of which nobody can tell whose they are.
        Ok(State::Account(_) | State::Pair(_) | State::Countries(_)) => Vec::new(),
        // Another version wrote it.
        Err(_) => vec![format!("  score of {whose}: {}", plain(&score.state.to_string()))],
    }
}

fn of_source(whose: &str, source: &Source, bans: &Bans, now: i64) -> Vec<String> {
    let standing = standing(source, bans, now);
    let standing = if standing.is_empty() { "nothing that still counts".to_owned() } else { standing.join("; ") };
    let mut lines = vec![format!("  score of {whose}: {standing}")];
    if source.step > 0 {
        let (step, ended) = (source.step, instant(source.ban_ends));
        lines.push(format!("    its last ban was on step {step} of the ladder, until {ended}"));
    }
    lines.push(format!("    its next ban would last {}", seconds(next(source, bans, now))));
    lines
}

/// `3 of 5 failed authentications within 10m`, for each rule that something counts for.
fn standing(source: &Source, bans: &Bans, now: i64) -> Vec<String> {
    let recent = |within: u32| {
        let since = now.saturating_sub(i64::from(within) * 1_000);
        source.failures.iter().filter(|time| **time > since).count()
    };
    let failures = bans.failures.get().map(|rule| (recent(rule.1), rule, Rule::Failures));
    let slow = bans.slow_failures.get().map(|rule| (slow(source, rule.1, now), rule, Rule::SlowFailures));
    let users = Tally { since: source.users_at, count: u16::try_from(source.users.len()).unwrap_or(u16::MAX) };
    let scanning = bans.scanning.get().map(|rule| (alive(users, rule.1, now), rule, Rule::Scanning));
    let malformed = bans.malformed.get().map(|rule| (alive(source.malformed, rule.1, now), rule, Rule::Malformed));
    let all = [failures, slow, scanning, malformed].into_iter().flatten().filter(|(count, ..)| *count > 0);
    all.map(|(count, (allowed, within), rule)| {
        format!("{} of {} within {}", grouped(count as u64), deeds(rule, allowed), seconds(within.into()))
    })
    .collect()
}

/// Failures in the parts of the slow rule's time that have not passed yet.
fn slow(source: &Source, within: u32, now: i64) -> usize {
    let parts = i64::try_from(source.slow.len()).unwrap_or(i64::MAX).max(1);
    let part = i64::from(within) * 1_000 / parts;
    let since = now.saturating_sub(i64::from(within) * 1_000);
    let begins = (0..).map(|back: i64| source.slow_at.saturating_sub(back.saturating_mul(part)));
    let counted = source.slow.iter().rev().zip(begins).filter(|(_, begin)| *begin > since);
    counted.map(|(count, _)| usize::from(*count)).sum()
}

fn alive(tally: Tally, within: u32, now: i64) -> usize {
    let since = now.saturating_sub(i64::from(within) * 1_000);
    if tally.since > since { tally.count.into() } else { 0 }
}

/// Seconds of the next ban, after what has decayed of the ladder.
fn next(source: &Source, bans: &Bans, now: i64) -> u64 {
    let decay = i64::from(bans.decay.seconds()) * 1_000;
    let decayed = now.saturating_sub(source.ban_ends).max(0) / decay.max(1);
    let step = i64::from(source.step).saturating_sub(decayed).max(0);
    let ladder = bans.ladder.seconds();
    let last = ladder.last().copied().unwrap_or(0);
    usize::try_from(step).ok().and_then(|step| ladder.get(step).copied()).unwrap_or(last).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::parse_prefix;

    const NOW: i64 = 1_800_000_000_000;
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn told(source: Source, now: i64) -> Vec<String> {
        let state = serde_json::to_value(State::Source(source)).unwrap();
        let source = parse_prefix("198.51.100.7").unwrap();
        lines(&StoredScore { key: String::new(), source, ends: NOW, state }, &Bans::default(), now)
    }

    #[test]
    fn a_source_stands_at_so_many_of_so_many() {
        let failures = vec![NOW - 20 * MINUTE, NOW - 3 * MINUTE, NOW - 2 * MINUTE, NOW - MINUTE];
        let source = Source { failures, slow: vec![9, 0, 2, 2], slow_at: NOW - MINUTE, ..Source::default() };
        let lines = told(source.clone(), NOW);
        assert_eq!(
            lines[0],
            "  score of 198.51.100.7: 3 of 5 failed authentications within 10m; \
             13 of 20 failed authentications, however slow, within 1day"
        );
        assert_eq!(lines[1], "    its next ban would last 10m");
        assert!(told(source, NOW + 2 * DAY)[0].ends_with("nothing that still counts"));
    }

    #[test]
    fn the_next_ban_is_a_step_longer_until_the_last_one_is_long_ago() {
        let source = Source { step: 2, ban_ends: NOW, ..Source::default() };
        let next = |after: i64| told(source.clone(), NOW + after).pop().unwrap();
        assert_eq!(next(MINUTE), "    its next ban would last 1day");
        assert_eq!(next(8 * DAY), "    its next ban would last 1h");
        assert_eq!(next(80 * DAY), "    its next ban would last 10m");
        let most = Source { step: 200, ban_ends: NOW, ..Source::default() };
        assert_eq!(told(most, NOW).pop().unwrap(), "    its next ban would last 7days");
    }

    #[test]
    fn a_record_of_another_version_is_shown_as_it_is() {
        let source = parse_prefix("198.51.100.7").unwrap();
        let state = serde_json::json!({ "of": "tomorrow" });
        let score = StoredScore { key: String::new(), source, ends: NOW, state };
        assert_eq!(lines(&score, &Bans::default(), NOW), [r#"  score of 198.51.100.7: {"of":"tomorrow"}"#]);
    }
}
