//! A call's messages as a diagram: each remote party on the left, our side on the right.
//!
//! Owns: its arrows. Refuses: words of messages, of which none are kept.
use serde_json::{Value, json as value};

use super::Signs;
use crate::engine::call::{Ladder, Rung};
use crate::report::text::{counted, plain};
use crate::store::StoredCall;

/// Columns between the two sides.
const WIDTH: usize = 34;

/// The diagram, with line ends; nothing where no message is known.
pub(crate) fn ladder(stored: &StoredCall, signs: Signs) -> String {
    let (before, skipped, behind) = stored.call.ladder.parts();
    if before.is_empty() && behind.is_empty() {
        return String::new();
    }
    let line = |rung: &Rung| line(rung, stored, signs);
    let gap = (skipped > 0).then(|| format!("{:>12}   … {} …\n", "", counted(skipped as usize, "message", "messages")));
    let head = format!("\n{:>12}   {:WIDTH$}our side\n", "", "remote");
    std::iter::once(head).chain(before.iter().map(line)).chain(gap).chain(behind.iter().map(line)).collect()
}

fn line(rung: &Rung, stored: &StoredCall, signs: Signs) -> String {
    let leg = usize::from(rung.leg);
    let name = stored.peers.get(leg).and_then(Option::as_deref).map(plain);
    let address = || stored.call.legs.get(leg).map(|leg| leg.remote.ip().to_string());
    let who = name.or_else(address).unwrap_or_default();
    format!("{:>12}   {}  {who}\n", after(rung.after), arrow(&words(rung), rung.inbound, signs))
}

/// `+1.250 s`
fn after(ms: u32) -> String {
    format!("+{}.{:03} s", ms / 1_000, ms % 1_000)
}

/// `│──── INVITE ────►│`, or in ASCII `|---- INVITE ---->|`.
fn arrow(words: &str, inbound: bool, signs: Signs) -> String {
    let [side, dash, right, left] = match signs {
        Signs::Locks => ["│", "─", "►", "◄"],
        Signs::Words => ["|", "-", ">", "<"],
    };
    let free = WIDTH.saturating_sub(words.chars().count() + 3);
    let (head, tail) = (dash.repeat(free / 2), dash.repeat(free - free / 2));
    if inbound {
        format!("{side}{head} {words} {tail}{right}{side}")
    } else {
        format!("{side}{left}{head} {words} {tail}{side}")
    }
}

/// `INVITE`, `200 (INVITE)`.
fn words(rung: &Rung) -> String {
    let method = rung.method().name();
    if rung.status == 0 { method.to_owned() } else { format!("{} ({method})", rung.status) }
}

/// For programs.
pub(super) fn json(ladder: &Ladder) -> Value {
    let (before, skipped, behind) = ladder.parts();
    let rung = |rung: &Rung| {
        value!({
            "after": rung.after, "leg": rung.leg, "inbound": rung.inbound, "method": rung.method().name(),
            "status": (rung.status != 0).then_some(rung.status),
        })
    };
    value!({ "messages": before.iter().chain(behind).map(rung).collect::<Vec<_>>(), "skipped": skipped })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::call::State;
    use crate::report::call::tests::{call, leg};

    #[test]
    fn messages_are_arrows_between_the_sides() {
        let mut stored = call(7, State::Ended, vec![leg(vec![], None)]);
        assert_eq!(ladder(&stored, Signs::Words), "");
        for (after, inbound, method, status) in [(0, true, 1, 0), (1_250, false, 1, 200)] {
            stored.call.ladder.push(Rung { after, leg: 0, inbound, method, status });
        }
        let text = ladder(&stored, Signs::Words);
        assert!(text.contains("    +0.000 s   |------------ INVITE ------------->|  itsp\n"), "{text}");
        assert!(text.contains("    +1.250 s   |<--------- 200 (INVITE) ----------|  itsp\n"), "{text}");
        assert!(ladder(&stored, Signs::Locks).contains("│────────────"));
        (0..40).for_each(|n| {
            stored.call.ladder.push(Rung { after: n, leg: 0, inbound: n % 2 == 0, method: 3, status: 0 })
        });
        assert!(ladder(&stored, Signs::Words).contains("… 18 messages …"));
        let json = json(&stored.call.ladder);
        assert_eq!(
            (&json["skipped"], &json["messages"][1]["status"], &json["messages"][0]["method"]),
            (&18.into(), &200.into(), &"INVITE".into())
        );
    }
}
