//! The owner's page.
use super::*;
use crate::store::Sum;

const NOW: i64 = 1_800_000_000_000;

fn facts() -> Facts {
    Facts {
        since: NOW - 7 * 86_400_000,
        now: NOW,
        events: vec![],
        bans: vec![],
        alarms: vec![],
        calls: CallSums::default(),
        cost: None,
        logs: true,
        media: media::Report::of(&[], 0, |_, _| media::Whose::Strangers),
        passwords: None,
        devices: None,
    }
}

fn sum(of: &str, calls: u64) -> Sum {
    Sum { of: Some(of.to_owned()), calls, ..Sum::default() }
}

#[test]
fn nothing_seen_is_nothing_to_do() {
    let text = text(&facts());
    assert_eq!(text.matches("[Nothing to do]").count(), 7, "{text}");
    assert!(text.contains("Nobody was banned.") && text.contains("0 calls were refused"), "{text}");
    assert!(super::text(&Facts { logs: false, ..facts() }).contains("Write `log = true` under [calls]"));
}

#[test]
fn fraud_comes_first_with_what_to_do() {
    let calls = CallSums { decided: vec![sum("number_denied", 3), sum("plain_rtp", 1)], ..CallSums::default() };
    let text = text(&Facts { calls, ..facts() });
    let first = text.lines().nth(2).unwrap();
    assert_eq!(first, "REFUSED CALLS AND TOLL FRAUD [Something to do]");
    assert!(text.contains("4 calls were refused") && text.contains("3 look like an attempt at toll fraud"), "{text}");
    assert!(text.contains("  → `sipfw calls list --refused` shows which accounts"), "{text}");
}

#[test]
fn what_others_wrote_is_text_in_a_browser() {
    let passwords = Some(vec![["<script>alert(1)</script>".to_owned(), "\"&'".to_owned(), "today".to_owned()]]);
    let events = vec![EventSum {
        reason: "denied".to_owned(),
        explanation: "it was".to_owned(),
        monitored: true,
        count: 1_234,
        sources: 2,
    }];
    let html = html(&Facts { passwords, events, ..facts() });
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    assert!(html.contains("<td class=\"n\">1,234</td>"), "{html}");
    assert!(html.contains("<span class=\"level act\">Something to do</span>"), "{html}");
    for from_elsewhere in ["http://", "https://", "src=", "href="] {
        assert!(!html.contains(from_elsewhere), "{from_elsewhere}");
    }
}

#[test]
fn programs_get_the_same() {
    let devices = Some(vec![["100 Yealink".to_owned(), "66.1".to_owned(), "today".to_owned()]]);
    let page = json(&Facts { devices, ..facts() });
    let last = &page["sections"][6];
    assert_eq!((&last["title"], &last["level"]), (&json!("Outdated devices"), &json!("look")));
    assert_eq!(last["table"]["rows"], json!([["100 Yealink", "66.1", "today"]]));
    assert_eq!(page["sections"][0]["table"], Value::Null);
}
