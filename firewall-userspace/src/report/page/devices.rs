//! Which devices are outdated.
//!
//! Owns: the section. Refuses: knowing firmware.
use super::{Facts, Grid, Level, Section};
use crate::report::text::{counted, plain};

pub(super) fn section(facts: &Facts) -> Section {
    let title = "Outdated devices";
    let Some(found) = &facts.devices else {
        let said = vec!["Nothing is known: no minimum firmware is set for any model.".to_owned()];
        return Section { title, level: Level::Good, said, grid: None, advice: vec![] };
    };
    let (level, advice) = match found.len() {
        0 => (Level::Good, vec![]),
        _ => (Level::Look, vec!["Update these phones: old firmware has known holes.".to_owned()]),
    };
    let said = vec![format!("{} older firmware than you want.", counted(found.len(), "device has", "devices have"))];
    let rows = found.iter().map(|row| row.iter().map(|cell| plain(cell)).collect());
    Section { title, level, said, grid: Grid::of(&["DEVICE", "FIRMWARE", "LAST SEEN"], rows), advice }
}
