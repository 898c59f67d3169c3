//! The countries that were called before.
//!
//! Owns: this set, which is as small as the world, and since when it is kept. Refuses: which country a number is of.
use super::super::saved;

/// The most that there can be: countries, and a few words for what is none.
const COUNTRIES: usize = 400;

/// Countries by their words.
#[derive(Default)]
pub(in super::super) struct Countries {
    known: Vec<String>,
    /// Unix milliseconds of the first call that was counted; 0: none yet.
    since: i64,
    /// Whether there is something to keep that was not written yet.
    pub(in super::super) dirty: bool,
}

impl Countries {
    /// Notes a call to a country. Tells whether it is the first one, and they are no longer only learned.
    pub(super) fn is_new(&mut self, country: &str, learn: i64, wall: i64) -> bool {
        if self.known.iter().any(|known| known == country) || self.known.len() >= COUNTRIES {
            return false;
        }
        if self.since == 0 {
            self.since = wall;
        }
        self.known.push(country.to_owned());
        self.dirty = true;
        wall.saturating_sub(self.since) >= learn
    }

    /// As they are kept.
    pub(in super::super) fn save(&mut self) -> saved::Countries {
        self.dirty = false;
        saved::Countries { since: self.since, known: self.known.clone() }
    }

    /// From what was kept.
    pub(in super::super) fn restore(&mut self, saved: &saved::Countries) {
        self.since = saved.since;
        self.known = saved.known.iter().take(COUNTRIES).cloned().collect();
    }

    /// The most bytes that it takes.
    pub(super) const fn memory() -> usize {
        COUNTRIES * (size_of::<String>() + 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_learned_first_and_told_once() {
        let (mut countries, day) = (Countries::default(), 86_400_000);
        assert!(!countries.is_new("DE", day, 5) && !countries.is_new("FR", day, 6));
        assert!(countries.is_new("SO", day, 5 + day) && !countries.is_new("SO", day, 9 + day));
        let mut other = Countries::default();
        other.restore(&countries.save());
        assert!(!other.is_new("SO", day, 2 * day) && other.is_new("LV", day, 2 * day));
        for n in 0..1_000 {
            other.is_new(&n.to_string(), 0, 0);
        }
        assert_eq!(other.known.len(), COUNTRIES);
    }
}
