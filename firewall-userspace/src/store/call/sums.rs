//! Calls added up: by hour, by country, by whom they went to.
//!
//! Owns: the sums. Refuses: what they cost, and how they look.
use rusqlite::{Row, params};

use crate::store::{Result, Store};

const HOUR_MS: i64 = 3_600_000;

/// Calls of some kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// What they have in common: a country, a number. None where that is not known.
    pub of: Option<String>,
    /// How many.
    pub calls: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Of these, refused, or they would have been.
    pub refused: u64,
    /// Milliseconds for which they were up.
    pub duration: i64,
}

/// The calls of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Its beginning, Unix milliseconds.
    pub begin: i64,
    /// How many.
    pub calls: u64,
    /// Of these, refused, or they would have been.
    pub refused: u64,
}

/// Calls that began within a time, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallSums {
    /// All.
    pub all: Sum,
    /// By hour, without those that have none.
    pub hours: Vec<Hour>,
    /// By the country of whoever was called, most calls first.
    pub countries: Vec<Sum>,
    /// By whom they went to, the longest first.
    pub destinations: Vec<Sum>,
    /// By what refused them, or would have, most calls first.
    pub decided: Vec<Sum>,
}

const SUMS: &str = "count(*), count(answered), count(*) FILTER (WHERE refused > 0), coalesce(sum(duration), 0)";

impl Store {
    /// Calls that began since then, added up; of destinations the first `top`.
    pub fn call_sums(&self, since: i64, top: u32) -> Result<CallSums> {
        let group = |column: &str, condition: &str, order: &str, limit: u32| -> Result<Vec<Sum>> {
            let sql = format!(
                "SELECT {column}, {SUMS} FROM call WHERE started >= ?1 AND {condition} GROUP BY 1 ORDER BY {order}, 1 LIMIT ?2"
            );
            self.read(|db| db.prepare_cached(&sql)?.query_map(params![since, limit], sum)?.collect())
        };
        let all = group("NULL", "1", "2", 1)?.pop().unwrap_or_default();
        let countries = group("country", "(country IS NOT NULL OR international)", "2 DESC", u32::MAX)?;
        let destinations = group("to_key", "to_key <> ''", "5 DESC, 2 DESC", top)?;
        let why = "coalesce(decided, CASE WHEN refused > 0 THEN 'plain_rtp' END)";
        let decided = group(why, "refused > 0", "2 DESC", u32::MAX)?;
        Ok(CallSums { all, hours: self.call_hours(since)?, countries, destinations, decided })
    }

    fn call_hours(&self, since: i64) -> Result<Vec<Hour>> {
        let sql = "SELECT started / ?2 * ?2, count(*), count(*) FILTER (WHERE refused > 0) FROM call
                   WHERE started >= ?1 GROUP BY 1 ORDER BY 1";
        let hour = |row: &Row<'_>| Ok(Hour { begin: row.get(0)?, calls: number(row, 1)?, refused: number(row, 2)? });
        self.read(|db| db.prepare_cached(sql)?.query_map([since, HOUR_MS], hour)?.collect())
    }

    /// For each number abroad or at home that our side called since then: how long its answered calls were, in milliseconds.
    pub fn called_for(&self, since: i64, mut each: impl FnMut(&str, i64)) -> Result<()> {
        let sql = "SELECT to_key, sum(duration) FROM call
                   WHERE started >= ?1 AND duration > 0 AND to_key LIKE '+%' GROUP BY 1";
        self.read(|db| {
            let mut query = db.prepare_cached(sql)?;
            let mut rows = query.query([since])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?, row.get(1)?);
            }
            Ok(())
        })
    }
}

fn sum(row: &Row<'_>) -> rusqlite::Result<Sum> {
    Ok(Sum {
        of: row.get(0)?,
        calls: number(row, 1)?,
        answered: number(row, 2)?,
        refused: number(row, 3)?,
        duration: row.get(4)?,
    })
}

fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(i64::unsigned_abs)
}
