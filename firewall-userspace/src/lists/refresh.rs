//! One look at one list, from its source into the database.
//!
//! Owns: the order: fetch, judge, keep; and that whatever fails leaves what the list named before. Refuses: the kernel's
//! maps, which follow the database.
use super::fetch::{Fetcher, Got};
use super::fitness::{LeftOut, Surroundings, Unfit, fits, judge};
use super::schedule::{Jitter, next_try};
use crate::store::{NewList, Store, StoreError, StoredList};

/// A list that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it was.
    Same {
        /// How many prefixes it names.
        entries: u32,
    },
    /// It names something else now.
    Taken {
        /// How many prefixes it names.
        entries: usize,
        /// How many of them are new.
        added: usize,
        /// How many are gone.
        removed: usize,
        /// What of it is not used.
        left_out: LeftOut,
    },
    /// It could not be read or may not be used; what it named before stays.
    Kept {
        /// Why.
        trouble: String,
        /// Whether that is new.
        news: bool,
    },
}

/// Looks at a list. With `force`, however much it has changed; and it is fetched even if it is said to be as it was.
///
/// # Errors
///
/// Only the database's. What is wrong with the list is an [`Outcome`].
pub fn refresh(
    store: &mut Store,
    list: &StoredList,
    around: &Surroundings,
    fetcher: &Fetcher,
    force: bool,
    (now, jitter): (i64, Jitter),
) -> Result<Refreshed, StoreError> {
    let next = |failures| next_try(list.spec.every, failures, jitter, now);
    let outcome = match look(store, list, around, fetcher, force)? {
        Ok(Some(new)) => {
            let (added, removed) = store.take_blocklist(list.id, &new, now, next(0))?;
            Outcome::Taken { entries: new.prefixes.len(), added, removed, left_out: new.left_out }
        }
        Ok(None) => {
            store.keep_blocklist(list.id, now, next(0))?;
            Outcome::Same { entries: list.entries }
        }
        Err(trouble) => {
            store.trouble_blocklist(list.id, &trouble, now, next(list.failures + 1))?;
            Outcome::Kept { news: list.trouble.as_ref() != Some(&trouble), trouble }
        }
    };
    Ok(Refreshed { name: list.spec.name.clone(), outcome })
}

/// What is new about it; nothing if it is as it was.
fn look(
    store: &Store,
    list: &StoredList,
    around: &Surroundings,
    fetcher: &Fetcher,
    force: bool,
) -> Result<Result<Option<NewList>, String>, StoreError> {
    let known = if force { Default::default() } else { list.validators.clone() };
    let (parsed, validators) = match fetcher.fetch(&list.spec, &known) {
        Ok(Got::New(parsed, validators)) => (parsed, validators),
        Ok(Got::Same) => return Ok(Ok(None)),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let (prefixes, left_out) = match judge(parsed, &list.spec, list.entries as usize, around, force) {
        Ok(judged) => judged,
        Err(unfit) => return Ok(Err(refusal(&unfit))),
    };
    let others = store.other_blocklists(list.id)?;
    let fit = fits(&prefixes, others.into_iter(), around.room).map_err(|unfit| refusal(&unfit));
    Ok(fit.map(|()| Some(NewList { prefixes, left_out, validators })))
}

fn refusal(unfit: &Unfit) -> String {
    format!("refused: {unfit}")
}
