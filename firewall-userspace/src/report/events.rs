//! Events as lines.
//!
//! Owns: the line's columns, which are fixed, because events come one by one. Refuses: tables.
use std::net::SocketAddr;

use super::text::{first_line, plain};
use super::time::instant;
use crate::store::StoredEvent;

/// What stands above the lines.
pub(crate) const HEADINGS: &str =
    "TIME                 REASON            PROTO  FROM                     TO                       BYTES  BEGINS";

/// One event, and the block list that decided it.
pub(crate) fn line(event: &StoredEvent, list: Option<&str>) -> String {
    let e = &event.event;
    let list = list.map_or_else(String::new, |name| format!(" (block list {})", plain(name)));
    let monitored = if e.monitored { " (monitored, passed)" } else { "" };
    format!(
        "{}  {:<16}  {:<5}  {:<23}  {:<23}  {:>5}  {}{list}{monitored}",
        instant(e.time),
        e.reason.word(),
        protocol(e.protocol),
        SocketAddr::new(e.src, e.src_port).to_string(),
        SocketAddr::new(e.dst, e.dst_port).to_string(),
        e.frame_len,
        first_line(&e.snapshot, 60),
    )
}

/// A transport protocol's name.
pub(crate) fn protocol(number: u8) -> String {
    match number {
        0 => "-".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        other => other.to_string(),
    }
}
