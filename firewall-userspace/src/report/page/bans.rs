//! Who was banned.
//!
//! Owns: the section. Refuses: lifting bans.
use super::{Facts, Grid, Level, Section};
use crate::entries::{StoredEntry, prefix_text};
use crate::report::entries::evidence;
use crate::report::text::counted;
use crate::report::time::{end, instant};

pub(super) fn section(facts: &Facts) -> Section {
    let now = facts.now;
    let in_force = facts.bans.iter().filter(|ban| ban.in_force(now)).count();
    let said = if facts.bans.is_empty() {
        "Nobody was banned.".to_owned()
    } else {
        let all = counted(facts.bans.len(), "source was banned", "sources were banned");
        format!("{all} by the firewall; {in_force} still are. Bans end by themselves and become longer each time.")
    };
    let advice = if facts.bans.is_empty() {
        vec![]
    } else {
        vec![
            "If one of them is yours: `sipfw ban why ADDRESS` tells why, `sipfw ban lift ADDRESS` lets it in."
                .to_owned(),
        ]
    };
    let row =
        |ban: &StoredEntry| vec![prefix_text(ban.prefix), instant(ban.created), end(ban.expires, now), evidence(ban)];
    let grid = Grid::of(&["SOURCE", "SINCE", "ENDS", "WHY"], facts.bans.iter().map(row));
    Section { title: "Bans", level: Level::Good, said: vec![said], grid, advice }
}
