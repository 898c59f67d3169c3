//! The picture, on a terminal in memory.
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::sample::{PeerRate, ReasonRate, Sample, Source};
use super::*;

fn sample() -> Sample {
    Sample {
        iface: "eth0".into(),
        info: None,
        policy: None,
        now: 0,
        passed: 12.0,
        dropped: 34_567.0,
        monitored: 0.0,
        reasons: vec![ReasonRate {
            reason: "not_sip",
            drops: true,
            monitored: false,
            rate: 34_567.0,
            packets: 1_234_567,
        }],
        peers: vec![PeerRate { name: "it\u{1b}sp".into(), passed: 3.0, dropped: 0.0 }],
        sources: vec![Source { source: "203.0.113.9".into(), why: "deny".into(), rate: Some(7.0), packets: 99 }],
        bans: Vec::new(),
        events_lost: 5,
        curve: (0..200).collect(),
    }
}

fn picture(width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, &sample(), Some(&Memory::default()))).unwrap();
    terminal.backend().to_string()
}

#[test]
fn what_was_sampled_is_on_the_screen() {
    let picture = picture(110, 30);
    for text in ["eth0", "34.6 k /s", "not_sip", "1,234,567", "203.0.113.9", "it\\u{1b}sp", "q quits", "log"] {
        assert!(picture.contains(text), "{text}\n{picture}");
    }
}

#[test]
fn any_size_can_be_drawn() {
    for (width, height) in [(1, 1), (10, 3), (40, 8), (300, 100)] {
        picture(width, height);
    }
}
