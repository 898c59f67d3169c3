//! The schema, as the steps that lead to it.
//!
//! Owns: the tables and `user_version`. Refuses: changing a step once it was released; a change is a step more.
use rusqlite::Connection;

/// Step n leads from schema n to schema n + 1.
pub(super) const STEPS: &[&str] = &[
    // An entry's place is its prefix among the operator's entries or among the bans: allow and deny of one prefix exclude
    // each other, a ban stands beside them. The kernel's ids have 32 bits.
    "CREATE TABLE entry (
         id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
         action TEXT NOT NULL CHECK (action IN ('allow', 'deny', 'ban')),
         prefix TEXT NOT NULL,
         scope TEXT NOT NULL CHECK (scope IN ('sip', 'all')),
         created INTEGER NOT NULL,
         expires INTEGER,
         comment TEXT,
         author TEXT,
         origin TEXT NOT NULL CHECK (origin IN ('operator', 'firewall')),
         evidence TEXT,
         step INTEGER NOT NULL DEFAULT 0
     ) STRICT;
     CREATE UNIQUE INDEX entry_place ON entry (prefix, action = 'ban');
     CREATE INDEX entry_expires ON entry (expires) WHERE expires IS NOT NULL;
     CREATE TABLE mark (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         source TEXT NOT NULL,
         lifted INTEGER NOT NULL,
         author TEXT,
         banned INTEGER NOT NULL,
         expires INTEGER,
         evidence TEXT,
         step INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX mark_source ON mark (source);
     CREATE TABLE event (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         time INTEGER NOT NULL,
         reason TEXT NOT NULL,
         monitored INTEGER NOT NULL,
         src TEXT NOT NULL,
         src_port INTEGER NOT NULL,
         dst TEXT NOT NULL,
         dst_port INTEGER NOT NULL,
         protocol INTEGER NOT NULL,
         frame_len INTEGER NOT NULL,
         detail INTEGER NOT NULL,
         snapshot BLOB NOT NULL
     ) STRICT;
     CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    // What the slow path has learned. A source is the text of its prefix at a source's width, as a ban's is. A source has one
    // hold for all of its requests (account NULL) and one for each account. An account is what stood on the wire, so a
    // hold's is bytes; a registrant's was accepted by our server and is text.
    "CREATE TABLE score (
         key TEXT PRIMARY KEY,
         source TEXT,
         state TEXT NOT NULL,
         ends INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX score_source ON score (source) WHERE source IS NOT NULL;
     CREATE TABLE registrant (
         source TEXT NOT NULL,
         account TEXT NOT NULL,
         until INTEGER NOT NULL,
         known_until INTEGER NOT NULL,
         created INTEGER NOT NULL,
         PRIMARY KEY (source, account)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE hold (
         id INTEGER PRIMARY KEY,
         source TEXT NOT NULL,
         account BLOB,
         created INTEGER NOT NULL,
         until INTEGER NOT NULL,
         evidence TEXT NOT NULL
     ) STRICT;
     CREATE UNIQUE INDEX hold_place ON hold (source, account IS NULL, coalesce(account, x''));
     CREATE TABLE alarm (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         first INTEGER NOT NULL,
         time INTEGER NOT NULL,
         peer INTEGER NOT NULL,
         name TEXT,
         source TEXT NOT NULL,
         rule TEXT NOT NULL,
         evidence TEXT NOT NULL,
         count INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX alarm_source ON alarm (source);
     CREATE INDEX alarm_time ON alarm (time);",
    BLOCK_LISTS,
    CALLS,
    NUMBERS,
];

/// Block lists, apart from entries: nobody edits them, and they are replaced as a whole. The kernel has numbers for so
/// many rows. A prefix is its 16 bytes and its length, since a hundred thousand of them are read at once.
const BLOCK_LISTS: &str = "CREATE TABLE blocklist (
         id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 65535),
         name TEXT NOT NULL UNIQUE,
         spec TEXT NOT NULL,
         origin TEXT NOT NULL CHECK (origin IN ('config', 'operator')),
         etag TEXT,
         modified TEXT,
         tried INTEGER,
         fetched INTEGER,
         next INTEGER,
         failures INTEGER NOT NULL DEFAULT 0,
         entries INTEGER NOT NULL DEFAULT 0,
         left_out TEXT,
         trouble TEXT
     ) STRICT;
     CREATE TABLE blocklist_entry (
         list INTEGER NOT NULL,
         prefix BLOB NOT NULL CHECK (length(prefix) = 17),
         PRIMARY KEY (list, prefix)
     ) STRICT, WITHOUT ROWID;";

/// Calls, by the sixteen hexadecimal digits of their id. `live`: it goes on. `refused`: 0 not, 1 it would have been, 2 it was.
const CALLS: &str = "CREATE TABLE call (
         id TEXT PRIMARY KEY,
         started INTEGER NOT NULL,
         updated INTEGER NOT NULL,
         live INTEGER NOT NULL,
         refused INTEGER NOT NULL,
         peers TEXT NOT NULL,
         record TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX call_started ON call (started);
     CREATE INDEX call_live ON call (updated) WHERE live;";

/// Numbers: what may be called and who may call, and call codes. A class's number is a bit of the kernel's records; those of the
/// ready-made lists are fixed. Of a code there is only what the kernel compares.
const NUMBERS: &str = "CREATE TABLE number_class (
         id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 63),
         name TEXT NOT NULL UNIQUE
     ) STRICT;
     INSERT INTO number_class VALUES (1, 'premium'), (2, 'satellite'), (3, 'shared-cost');
     CREATE TABLE number (
         id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
         list TEXT NOT NULL CHECK (list IN ('dialled', 'caller')),
         peer TEXT NOT NULL,
         directions TEXT NOT NULL CHECK (directions IN ('received', 'sent', 'both')),
         prefix TEXT NOT NULL,
         action TEXT NOT NULL CHECK (action IN ('allow', 'deny', 'code')),
         class INTEGER,
         comment TEXT,
         author TEXT,
         created INTEGER NOT NULL,
         expires INTEGER
     ) STRICT;
     CREATE UNIQUE INDEX number_place ON number (list, peer, prefix, directions);
     CREATE INDEX number_expires ON number (expires) WHERE expires IS NOT NULL;
     CREATE TABLE code (
         id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
         hash INTEGER NOT NULL,
         class INTEGER NOT NULL,
         label TEXT,
         author TEXT,
         created INTEGER NOT NULL,
         UNIQUE (hash, class)
     ) STRICT;";

/// The schema of this program.
pub(super) const NEWEST: i64 = STEPS.len() as i64;

/// The schema that a database has; 0 when it is empty.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings a database to the newest schema; runs inside a transaction, so that two processes don't both do it.
pub(super) fn migrate(db: &Connection) -> rusqlite::Result<()> {
    let done = usize::try_from(version(db)?).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        db.execute_batch(step)?;
    }
    db.pragma_update(None, "user_version", NEWEST)
}
