//! Whose calls can be listened to.
//!
//! Owns: the section. Refuses: adding up (see [`crate::report::media`]).
use super::{Facts, Grid, Level, Section};
use crate::report::number::grouped;

pub(super) fn section(facts: &Facts) -> Section {
    let plain = facts.media.plain();
    let said = if plain.is_empty() {
        "No call without encryption is known.".to_owned()
    } else {
        "These calls were not encrypted: whoever is on the way can listen.".to_owned()
    };
    let advice = if plain.is_empty() {
        vec![]
    } else {
        vec![
            "Turn on SRTP in these phones and trunks, or ask the partner for it.".to_owned(),
            "Then set `media.policy = \"srtp-only\"`; `sipfw media report` says what that would refuse.".to_owned(),
        ]
    };
    let level = if plain.is_empty() { Level::Good } else { Level::Look };
    let rows = plain.into_iter().map(|(whose, profile, calls)| vec![whose, profile, grouped(calls)]);
    let grid = Grid::of(&["WHOSE", "PROFILE", ">CALLS"], rows);
    Section { title: "Calls without encryption", level, said: vec![said], grid, advice }
}
