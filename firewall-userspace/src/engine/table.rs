//! A table of fixed size whose entries are found by a keyed hash.
//!
//! Owns: where an entry may stand (sixteen places in two buckets), and which one goes when all are taken: the one that is
//! worth least, and never one that is worth more than the newcomer. Refuses: growing; knowing what an entry means.
use super::clock::Moment;

/// What stands in a table.
pub(super) trait Entry: Clone + Default {
    /// How much would be lost with it. [`worth`] makes it of a class and a time.
    fn worth(&self, now: Moment) -> u64;
}

/// A class above all, and within it what was touched last.
pub(super) const fn worth(class: u8, touched: Moment) -> u64 {
    (class as u64) << 32 | touched.count() as u64
}

/// Places in a bucket: their hashes fill one cache line.
const WAYS: usize = 8;
/// Buckets whose values are allocated together, when the first of them is used.
const PAGE: usize = 64;

/// The table.
pub(super) struct Table<V> {
    hashes: Vec<[u64; WAYS]>,
    /// The values of a page's places; empty until one is used.
    pages: Vec<Box<[V]>>,
    used: usize,
    evicted: u64,
    refused: u64,
}

impl<V: Entry> Table<V> {
    /// A table of `places` places: a power of two, and at least 512.
    pub(super) fn new(places: u32) -> Self {
        let buckets = (places as usize).next_power_of_two().max(WAYS * PAGE) / WAYS;
        let pages = (0..buckets / PAGE).map(|_| Box::default()).collect();
        Self { hashes: vec![[0; WAYS]; buckets], pages, used: 0, evicted: 0, refused: 0 }
    }

    /// The entry of a hash.
    pub(super) fn get(&self, hash: u64) -> Option<&V> {
        self.find(hash).and_then(|place| self.value(place))
    }

    /// The entry of a hash, to change it.
    pub(super) fn get_mut(&mut self, hash: u64) -> Option<&mut V> {
        self.find(hash).and_then(|place| self.value_mut(place))
    }

    /// The entry of a hash; a new one if there is none yet. Nothing when every place that it could take holds something
    /// that is worth more.
    pub(super) fn entry(&mut self, hash: u64, new: impl FnOnce() -> V, now: Moment) -> Option<&mut V> {
        let place = match self.find(hash) {
            Some(place) => place,
            None => self.insert(hash, new(), now)?,
        };
        self.value_mut(place)
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, hash: u64) -> Option<V> {
        let place = self.find(hash)?;
        self.used -= 1;
        *self.hash_mut(place)? = 0;
        self.value_mut(place).map(std::mem::take)
    }

    /// Calls `each` with the hash and the entry of every taken place of a part of the table: the `part`th of `parts`. An
    /// entry for which it says no is taken out.
    pub(super) fn sweep(&mut self, part: usize, parts: usize, mut each: impl FnMut(u64, &mut V) -> bool) {
        let places = self.hashes.len() * WAYS;
        let (from, to) = (places * part / parts, places * (part + 1) / parts);
        for place in from..to {
            let hash = self.hash(place);
            if hash == 0 {
                continue;
            }
            if self.value_mut(place).is_some_and(|value| !each(hash, value)) {
                self.remove(hash);
            }
        }
    }

    /// How many entries there are.
    pub(super) const fn len(&self) -> usize {
        self.used
    }

    /// How many entries went for others, and how many found no place.
    pub(super) const fn losses(&self) -> (u64, u64) {
        (self.evicted, self.refused)
    }

    /// Bytes that it takes when every place is used.
    pub(super) fn memory(&self) -> usize {
        let places = self.hashes.len() * WAYS;
        places * (size_of::<u64>() + size_of::<V>()) + self.pages.len() * size_of::<Box<[V]>>()
    }

    /// Where the entry of a hash stands.
    fn find(&self, hash: u64) -> Option<usize> {
        self.in_buckets(hash, hash)
    }

    /// The first place in the two buckets of a hash that holds another one.
    fn in_buckets(&self, hash: u64, wanted: u64) -> Option<usize> {
        let at = |bucket: usize| {
            let place = self.hashes.get(bucket)?.iter().position(|held| *held == wanted)?;
            Some(bucket * WAYS + place)
        };
        let [first, second] = self.buckets(hash);
        at(first).or_else(|| at(second))
    }

    fn insert(&mut self, hash: u64, value: V, now: Moment) -> Option<usize> {
        let place = match self.in_buckets(hash, 0) {
            Some(free) => self.freer(hash).unwrap_or(free),
            None => self.evict(hash, value.worth(now), now)?,
        };
        self.used += 1;
        *self.hash_mut(place)? = hash;
        self.open(place);
        *self.value_mut(place)? = value;
        Some(place)
    }

    /// A free place in the bucket that has more of them: so hardly a bucket is full before nearly all are (Azar et al.
    /// 1994, the power of two choices).
    fn freer(&self, hash: u64) -> Option<usize> {
        let [first, second] = self.buckets(hash);
        let taken = |bucket: usize| self.hashes.get(bucket).map_or(WAYS, |b| b.iter().filter(|h| **h != 0).count());
        let bucket = if taken(second) < taken(first) { second } else { first };
        (bucket * WAYS..(bucket + 1) * WAYS).find(|place| self.hash(*place) == 0)
    }

    /// The place of the entry that is worth least, if that is not more than `worth`. The second bucket is looked at only
    /// when the first has nothing of the lowest class: a look at an entry is a look at memory far away.
    fn evict(&mut self, hash: u64, worth: u64, now: Moment) -> Option<usize> {
        let [first, second] = self.buckets(hash);
        let mut found = self.least(first, now)?;
        if found.0 >> 32 != 0 {
            found = found.min(self.least(second, now)?);
        }
        let (least, place) = found;
        if least > worth {
            self.refused += 1;
            return None;
        }
        self.evicted += 1;
        self.used -= 1;
        Some(place)
    }

    /// What the entry of a full bucket is worth that is worth least, and its place.
    fn least(&self, bucket: usize, now: Moment) -> Option<(u64, usize)> {
        let first = bucket * WAYS;
        let page = self.pages.get(first / (WAYS * PAGE))?;
        let entries = page.get(first % (WAYS * PAGE)..)?.iter().take(WAYS);
        entries.enumerate().map(|(index, value)| (value.worth(now), first + index)).min()
    }

    fn buckets(&self, hash: u64) -> [usize; 2] {
        let mask = self.hashes.len() - 1;
        [hash as usize & mask, (hash >> 32) as usize & mask]
    }

    fn hash(&self, place: usize) -> u64 {
        self.hashes.get(place / WAYS).map_or(0, |bucket| bucket[place % WAYS])
    }

    fn hash_mut(&mut self, place: usize) -> Option<&mut u64> {
        self.hashes.get_mut(place / WAYS).map(|bucket| &mut bucket[place % WAYS])
    }

    fn value(&self, place: usize) -> Option<&V> {
        self.pages.get(place / (WAYS * PAGE))?.get(place % (WAYS * PAGE))
    }

    fn value_mut(&mut self, place: usize) -> Option<&mut V> {
        self.pages.get_mut(place / (WAYS * PAGE))?.get_mut(place % (WAYS * PAGE))
    }

    /// Allocates the page of a place, if it is the first one used.
    fn open(&mut self, place: usize) {
        let Some(page) = self.pages.get_mut(place / (WAYS * PAGE)) else { return };
        if page.is_empty() {
            *page = vec![V::default(); WAYS * PAGE].into_boxed_slice();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::saved::Key;
    use super::*;

    #[derive(Clone, Default)]
    struct Thing {
        class: u8,
        at: Moment,
        number: u64,
    }

    impl Entry for Thing {
        fn worth(&self, _: Moment) -> u64 {
            worth(self.class, self.at)
        }
    }

    fn thing(class: u8, at: u32, number: u64) -> Thing {
        Thing { class, at: Moment::NEVER.plus(at), number }
    }

    fn hash(number: u64) -> u64 {
        Key([3, 4]).joined(number, 0)
    }

    const NOW: Moment = Moment::NEVER;

    #[test]
    fn three_quarters_of_it_fit_without_a_loss() {
        let mut table = Table::new(8_192);
        for n in 0..6_144 {
            assert!(table.entry(hash(n), || thing(0, 1, n), NOW).is_some());
        }
        assert_eq!((table.len(), table.losses()), (6_144, (0, 0)));
        assert!((0..6_144).all(|n| table.get(hash(n)).is_some_and(|t| t.number == n)));
    }

    #[test]
    fn what_is_worth_more_stays_whatever_comes() {
        let mut table = Table::new(1_024);
        for n in 0..400 {
            table.entry(hash(n), || thing(1, 1, n), NOW);
        }
        for n in 1_000..200_000 {
            table.entry(hash(n), || thing(0, 9, n), NOW);
        }
        assert!((0..400).all(|n| table.get(hash(n)).is_some()));
        assert!(table.losses().0 > 100_000 && table.len() <= 1_024);
    }

    #[test]
    fn a_newcomer_finds_no_place_among_what_is_worth_more() {
        let mut table = Table::new(512);
        for n in 0..10_000 {
            table.entry(hash(n), || thing(2, 1, n), NOW);
        }
        let full = table.len();
        let refused = (10_000..20_000).filter(|n| table.entry(hash(*n), || thing(1, 9, *n), NOW).is_none()).count();
        assert_eq!((table.len(), refused), (full, 10_000));
    }

    #[test]
    fn what_is_taken_out_is_gone() {
        let mut table = Table::new(512);
        for n in 0..100 {
            table.entry(hash(n), || thing(0, 1, n), NOW);
        }
        assert_eq!(table.remove(hash(7)).map(|t| t.number), Some(7));
        assert!(table.get(hash(7)).is_none() && table.remove(hash(7)).is_none());
        let mut seen = 0;
        for part in 0..4 {
            table.sweep(part, 4, |_, thing| {
                seen += 1;
                thing.number % 2 == 0
            });
        }
        assert_eq!((seen, table.len()), (99, 50));
    }
}
