//! Whose passwords are weak.
//!
//! Owns: the section. Refuses: trying passwords, and naming one.
use super::{Facts, Grid, Level, Section};
use crate::report::text::{counted, plain};

pub(super) fn section(facts: &Facts) -> Section {
    let title = "Weak passwords";
    let Some(found) = &facts.passwords else {
        let said = vec!["Nothing is known: passwords are not tried.".to_owned()];
        return Section { title, level: Level::Good, said, grid: None, advice: vec![] };
    };
    let (level, advice) = match found.len() {
        0 => (Level::Good, vec![]),
        _ => (
            Level::Act,
            vec!["Give these accounts long random passwords today: attackers try the same lists.".to_owned()],
        ),
    };
    let said = vec![format!("{} a password that was guessed.", counted(found.len(), "account has", "accounts have"))];
    let rows = found.iter().map(|row| row.iter().map(|cell| plain(cell)).collect());
    Section { title, level, said, grid: Grid::of(&["ACCOUNT", "WHY", "SINCE"], rows), advice }
}
