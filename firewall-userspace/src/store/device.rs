//! Devices: what has registered, by which account and from where; and which of them are blocked.
//!
//! Owns: their rows, and that a block and its deny entry come and go together. Refuses: deciding whom to block, and the
//! kernel's maps.
use std::net::IpAddr;

use firewall_common::addr::{Addr, Prefix};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;

use super::row::{delete_entry, entry_at, parsed};
use super::{Result, Store, entry};
use crate::devices::{Announced, announced};
use crate::engine::command::Device;
use crate::engine::input::Via;
use crate::entries::{Kind, NewEntry, Scope, parse_prefix, prefix_text};

/// A device as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredDevice {
    /// Its number.
    pub id: i64,
    /// The account by which it registers.
    pub account: String,
    /// The user of From when it registered last, by which the kernel knows it: whoever registers may write another there.
    #[serde(skip)]
    pub user: Vec<u8>,
    /// What it calls itself.
    pub agent: String,
    /// The same, taken apart.
    #[serde(flatten)]
    pub announced: Announced,
    /// Its address when it registered last.
    pub address: IpAddr,
    /// Its port then.
    pub port: u16,
    /// "udp" or "tcp".
    pub transport: String,
    /// Unix milliseconds of its first registration.
    pub first: i64,
    /// Unix milliseconds of its last one.
    pub seen: i64,
    /// Unix milliseconds of that registration's end.
    pub until: i64,
    /// How it is blocked, if it is.
    pub blocked: Option<Blocked>,
}

/// How a device is blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Unix milliseconds.
    pub since: i64,
    /// Why.
    pub reason: Option<String>,
    /// By whom; none for the firewall itself.
    pub author: Option<String>,
    /// The deny entry that was made for it.
    #[serde(serialize_with = "as_text")]
    pub denied: Option<Prefix>,
}

/// A block that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub author: Option<String>,
    /// Whether its address is denied too. Where an entry stands already, that stays.
    pub deny: bool,
}

const COLUMNS: &str =
    "id, account, agent, address, port, transport, first, seen, until, blocked, reason, author, denied, user";

impl Store {
    /// All devices, those that were seen last first.
    pub fn devices(&self) -> Result<Vec<StoredDevice>> {
        let sql = format!("SELECT {COLUMNS} FROM device ORDER BY seen DESC, id");
        self.read(|db| db.prepare_cached(&sql)?.query_map([], read)?.collect())
    }

    /// The device of a number.
    pub fn device(&self, id: i64) -> Result<Option<StoredDevice>> {
        self.read(|db| at(db, id))
    }

    /// Whose requests the kernel refuses from anywhere: users of From as they stand on the wire.
    pub fn blocked_users(&self) -> Result<Vec<Vec<u8>>> {
        let sql = "SELECT DISTINCT user FROM device WHERE blocked IS NOT NULL";
        self.read(|db| db.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect())
    }

    /// Blocks a device, or changes how it is blocked. Returns it as it is now; nothing if there is none of this number.
    pub fn block_device(&mut self, id: i64, block: &Block, now: i64) -> Result<Option<StoredDevice>> {
        self.write(|tx| {
            let Some(device) = at(tx, id)? else { return Ok(None) };
            let before = device.blocked.as_ref().and_then(|blocked| blocked.denied);
            let prefix = Prefix::host(Addr::from(device.address));
            let denied = if block.deny && deny(tx, &device, prefix, block, now)? { Some(prefix) } else { before };
            let sql = "UPDATE device SET blocked = ?2, reason = ?3, author = ?4, denied = ?5 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute(params![id, now, block.reason, block.author, denied.map(prefix_text)])?;
            at(tx, id)
        })
    }

    /// Lets a device in again, and takes back the deny entry that was made for it, unless another device needs it. Returns
    /// how it was; nothing if it was not blocked.
    pub fn unblock_device(&mut self, id: i64) -> Result<Option<StoredDevice>> {
        self.write(|tx| {
            let Some(device) = at(tx, id)? else { return Ok(None) };
            let Some(blocked) = &device.blocked else { return Ok(None) };
            let sql = "UPDATE device SET blocked = NULL, reason = NULL, author = NULL, denied = NULL WHERE id = ?1";
            tx.prepare_cached(sql)?.execute([id])?;
            if let Some(prefix) = blocked.denied {
                undo_deny(tx, prefix)?;
            }
            Ok(Some(device))
        })
    }

    /// Forgets devices that were seen longer ago than `age` milliseconds, and of the rest all but the `keep` newest; never
    /// one that is blocked. Returns how many.
    pub fn prune_devices(&mut self, keep: u32, age: i64, now: i64) -> Result<usize> {
        self.write(|tx| {
            let old = tx.execute(
                "DELETE FROM device WHERE blocked IS NULL AND max(seen, until) < ?1",
                [now.saturating_sub(age)],
            )?;
            let sql = "DELETE FROM device WHERE blocked IS NULL
                       AND id IN (SELECT id FROM device ORDER BY seen DESC, id LIMIT -1 OFFSET ?1)";
            let crowd = tx.execute(CROWD, [PER_ACCOUNT])?;
            Ok(old + crowd + tx.execute(sql, [keep])?)
        })
    }
}

/// Devices of one account that are kept: whoever has one password must not push everybody else's devices out.
const PER_ACCOUNT: u32 = 64;
/// Forgets those of an account that were seen longest ago.
const CROWD: &str = "DELETE FROM device WHERE blocked IS NULL AND id IN (
         SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY account ORDER BY seen DESC, id) AS n FROM device)
         WHERE n > ?1)";

/// Denies the address of a device, where no entry stands yet; whether it did.
fn deny(db: &Connection, device: &StoredDevice, prefix: Prefix, block: &Block, now: i64) -> rusqlite::Result<bool> {
    if entry_at(db, prefix, false)?.is_some_and(|entry| entry.in_force(now)) {
        return Ok(false);
    }
    let new = NewEntry {
        kind: Kind::Deny,
        prefix,
        scope: Scope::Sip,
        expires: None,
        comment: Some(format!("{COMMENT} {} of account {}", device.id, device.account)),
        author: block.author.clone(),
    };
    entry::add_one(db, &new, now, &mut entry::AddReport::default()).map(|()| true)
}

/// What the comment of an entry begins with that was made for a device.
const COMMENT: &str = "blocked device";

fn undo_deny(db: &Connection, prefix: Prefix) -> rusqlite::Result<()> {
    let sql = "SELECT 1 FROM device WHERE denied = ?1";
    let needed = db.prepare_cached(sql)?.query_row([prefix_text(prefix)], |_| Ok(())).optional()?.is_some();
    let ours = entry_at(db, prefix, false)?
        .filter(|entry| entry.kind == Kind::Deny && entry.comment.as_ref().is_some_and(|it| it.starts_with(COMMENT)));
    match ours {
        Some(entry) if !needed => delete_entry(db, entry.id),
        _ => Ok(()),
    }
}

/// Writes a device as it is seen. Returns its number if it is new, or calls itself something else than before. One that is
/// not known and leaves is not of interest.
pub(super) fn write(db: &Connection, new: &Device, time: i64) -> rusqlite::Result<Option<i64>> {
    let (identity, transport) = (new.identity(), transport(new.via));
    let sql = "SELECT id, agent FROM device WHERE account = ?1 AND identity = ?2";
    let known: Option<(i64, String)> = db
        .prepare_cached(sql)?
        .query_row([&new.account, &identity], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let address = IpAddr::from(new.address).to_string();
    match known {
        None if new.until <= time => Ok(None),
        None => {
            let sql =
                "INSERT INTO device (account, identity, user, agent, address, port, transport, first, seen, until)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)";
            let row =
                params![new.account, identity, new.user, new.agent, address, new.port, transport, time, new.until];
            db.prepare_cached(sql)?.execute(row)?;
            Ok(Some(db.last_insert_rowid()))
        }
        Some((id, agent)) => {
            let sql = "UPDATE device SET user = iif(blocked IS NULL, ?2, user), agent = ?3, address = ?4, port = ?5, transport = ?6, seen = ?7,
                       until = ?8 WHERE id = ?1";
            let row = params![id, new.user, new.agent, address, new.port, transport, time, new.until];
            db.prepare_cached(sql)?.execute(row)?;
            Ok((agent != new.agent).then_some(id))
        }
    }
}

const fn transport(via: Via) -> &'static str {
    match via {
        Via::Udp => "udp",
        Via::Tcp => "tcp",
    }
}

fn at(db: &Connection, id: i64) -> rusqlite::Result<Option<StoredDevice>> {
    let sql = format!("SELECT {COLUMNS} FROM device WHERE id = ?1");
    db.prepare_cached(&sql)?.query_row([id], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredDevice> {
    let agent: String = row.get(2)?;
    let blocked: Option<i64> = row.get(9)?;
    let denied: Option<String> = row.get(12)?;
    Ok(StoredDevice {
        id: row.get(0)?,
        account: row.get(1)?,
        user: row.get(13)?,
        announced: announced(&agent),
        agent,
        address: parsed(row, 3, |text| text.parse().ok())?,
        port: row.get(4)?,
        transport: row.get(5)?,
        first: row.get(6)?,
        seen: row.get(7)?,
        until: row.get(8)?,
        blocked: match blocked {
            None => None,
            Some(since) => Some(Blocked {
                since,
                reason: row.get(10)?,
                author: row.get(11)?,
                denied: denied.and_then(|text| parse_prefix(&text).ok()),
            }),
        },
    })
}

fn as_text<S: serde::Serializer>(prefix: &Option<Prefix>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    prefix.map(prefix_text).serialize(serializer)
}
