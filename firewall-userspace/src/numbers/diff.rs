//! What has to change in the kernel's map of numbers.
//!
//! Owns: the comparison, and which hit counts survive. Refuses: writing, and what is blocked for single sources.
use std::collections::HashMap;

use firewall_common::number::{NumberKey, NumberRule};
use firewall_common::policy::NEVER_ENDS;

/// Ends closer together than this are the same end: the two clocks can't be read at exactly the same instant.
const SAME_END_NS: u64 = 100_000_000;

/// A key, and how many of its bits count.
type Place = (NumberKey, u32);

/// The changes, to be written in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberChanges {
    /// To insert or overwrite.
    pub put: Vec<(Place, NumberRule)>,
    /// To delete.
    pub remove: Vec<Place>,
}

/// Whether a key is of what is blocked for a single source.
pub(crate) const fn is_block(key: &NumberKey) -> bool {
    key.place >> 1 & NumberKey::BLOCKS != 0
}

/// Compares what the map holds with what it should hold. A changed value keeps its hits.
pub fn diff(old: &HashMap<Place, NumberRule>, new: &HashMap<Place, NumberRule>) -> NumberChanges {
    let changed = |(place, rule): (&Place, &NumberRule)| match old.get(place) {
        Some(known) if same(known, rule) => None,
        Some(known) => Some((*place, NumberRule { hits: known.hits, ..*rule })),
        None => Some((*place, *rule)),
    };
    let gone = |place: &&Place| !is_block(&place.0) && !new.contains_key(place);
    NumberChanges { put: new.iter().filter_map(changed).collect(), remove: old.keys().filter(gone).copied().collect() }
}

fn same(a: &NumberRule, b: &NumberRule) -> bool {
    let permanent = |rule: &NumberRule| rule.until == NEVER_ENDS;
    let ends = permanent(a) == permanent(b) && a.until.abs_diff(b.until) <= SAME_END_NS;
    ends && (a.received, a.sent) == (b.received, b.sent)
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::number;
    use super::*;
    use firewall_common::number::NumberTerm;

    fn rule(id: u32, until: u64, hits: u64) -> NumberRule {
        let term = NumberTerm { action: 2, class: 0, id, len: 2 };
        NumberRule { until, received: term, sent: term, hits }
    }

    #[test]
    fn only_what_differs_is_written_and_blocks_stay() {
        let place = |list, text| NumberKey::of(list, number(text));
        let old = HashMap::from([
            (place(0, "49"), rule(1, NEVER_ENDS, 5)),
            (place(0, "50"), rule(2, 10_000_000_000, 6)),
            (place(0, "51"), rule(3, NEVER_ENDS, 7)),
            (place(NumberKey::BLOCKS + 7, "52"), rule(0, 9, 8)),
        ]);
        let new = HashMap::from([
            (place(0, "49"), rule(1, NEVER_ENDS, 0)),
            (place(0, "50"), rule(2, 20_000_000_000, 0)),
            (place(0, "53"), rule(4, NEVER_ENDS, 0)),
        ]);
        let mut changes = diff(&old, &new);
        changes.put.sort_by_key(|(_, rule)| rule.received.id);
        let put = [(place(0, "50"), rule(2, 20_000_000_000, 6)), (place(0, "53"), rule(4, NEVER_ENDS, 0))];
        assert_eq!(changes, NumberChanges { put: put.to_vec(), remove: vec![place(0, "51")] });
    }
}
