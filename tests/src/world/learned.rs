//! What the firewall has learned of its world, as its command tells it: bans, registrants, alarms.
//!
//! Owns: asking, and reading the answers. Refuses: looking into maps or the database.
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{World, wait};

impl World {
    /// Whether a source is banned: `sipfw ban why` says so by its exit code.
    pub fn is_banned(&self, source: &str) -> Result<bool> {
        let asked = self.asked(&["ban", "why", source])?;
        match asked.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => bail!("sipfw ban why {source}: {}", String::from_utf8_lossy(&asked.stderr)),
        }
    }

    /// Waits until a source is banned; the rule that it broke.
    pub fn banned(&self, source: &str, limit: Duration) -> Result<String> {
        let what = format!("{source} to be banned");
        wait::until(&what, limit, || self.is_banned(source).ok()?.then_some(()))?;
        let known = self.learned(&["ban", "why", source])?;
        find(&known, "rule").and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no rule in {known}"))
    }

    /// All sources that are banned.
    pub fn all_banned(&self) -> Result<Vec<String>> {
        sources(&self.learned(&["ban", "list"])?)
    }

    /// Waits until a source is held; the rule that it broke.
    pub fn held(&self, source: &str, limit: Duration) -> Result<String> {
        wait::until(&format!("{source} to be held"), limit, || {
            let holds = self.learned(&["hold", "list"]).ok()?;
            let of_source = |row: &&Value| row["source"].as_str() == Some(source);
            let row = holds.as_array()?.iter().find(of_source)?;
            find(row, "rule")?.as_str().map(str::to_owned)
        })
    }

    /// All sources that are trusted because they registered.
    pub fn registrants(&self) -> Result<Vec<String>> {
        sources(&self.learned(&["registrant", "list"])?)
    }

    /// Waits until a source is trusted.
    pub fn trusted(&self, source: &str, limit: Duration) -> Result<()> {
        wait::until(&format!("{source} to be a registrant"), limit, || {
            self.registrants().ok()?.iter().any(|one| one == source).then_some(())
        })
    }

    /// Alarms about peers: how many rows there are.
    pub fn alarms(&self) -> Result<usize> {
        let alarms = self.learned(&["alarm", "list"])?;
        alarms.as_array().map(Vec::len).with_context(|| format!("no list: {alarms}"))
    }

    /// Waits until the firewall knows a call whose From has this user: the latest one, as `sipfw calls --json` tells it.
    pub fn call_of(&self, user: &str, limit: Duration) -> Result<Value> {
        self.call_that(user, limit, |_| true)
    }

    /// The same until what is told of it fits.
    pub fn call_that(&self, user: &str, limit: Duration, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let of_user = |call: &&Value| call["from"].as_str().is_some_and(|from| from.starts_with(&format!("{user}@")));
        let found = wait::until(&format!("a call of {user}"), limit, || {
            let calls = self.learned(&["calls"]).ok()?;
            calls.as_array()?.iter().find(of_user).filter(|call| fits(call)).cloned()
        });
        found.with_context(|| format!("what is known: {:?}", self.learned(&["calls"])))
    }

    /// How a call of this user was refused, and why: the words of both.
    pub fn refusal_of(&self, user: &str, limit: Duration) -> Result<[String; 2]> {
        let call = self.call_that(user, limit, |call| find(call, "how").is_some())?;
        let word = |key| find(&call, key).and_then(Value::as_str).map(str::to_owned);
        Ok([word("how").context("no how")?, word("why").context("no why")?])
    }

    fn learned(&self, args: &[&str]) -> Result<Value> {
        let asked = self.asked(&[args, &["--json"]].concat())?;
        let text = String::from_utf8_lossy(&asked.stdout);
        serde_json::from_str(&text).with_context(|| {
            format!("sipfw {} --json said {text}{}", args.join(" "), String::from_utf8_lossy(&asked.stderr))
        })
    }
}

/// The `source` of each row; a single address stands there without its width.
fn sources(rows: &Value) -> Result<Vec<String>> {
    let rows = rows.as_array().with_context(|| format!("no list: {rows}"))?;
    let source = |row: &Value| ["source", "prefix"].iter().find_map(|key| row[*key].as_str().map(str::to_owned));
    rows.iter().map(|row| source(row).with_context(|| format!("no source in {row}"))).collect()
}

/// The first value of that name, however deep.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(name).or_else(|| fields.values().find_map(|inner| find(inner, name))),
        Value::Array(items) => items.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}
