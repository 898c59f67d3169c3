//! Whether a device's address may be denied with it.
//!
//! Owns: who else would be cut off. Refuses: denying anything.
use std::fmt;

use firewall_common::addr::{Addr, Prefix};

use crate::entries::{Kind, covers};
use crate::store::{Result, Store, StoredDevice};

/// Who else is at a device's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    /// A peer.
    Peer,
    /// Whom an allow entry lets in.
    Allowed,
    /// Devices of other accounts, this one among them.
    Account(String),
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer => f.write_str("it is a peer's"),
            Self::Allowed => f.write_str("an allow entry covers it"),
            Self::Account(_) => f.write_str("devices of other accounts are registered there"),
        }
    }
}

/// Whether nobody else is at a device's address: no peer, nobody whom an allow entry lets in, and no device of another account
/// that is registered now.
///
/// # Errors
///
/// What the database says.
pub fn may_deny(
    store: &Store,
    device: &StoredDevice,
    peers: &[Prefix],
    now: i64,
) -> Result<std::result::Result<(), Shared>> {
    let at = Prefix::host(Addr::from(device.address));
    if peers.iter().any(|peer| covers(*peer, at)) {
        return Ok(Err(Shared::Peer));
    }
    if store.active(now)?.iter().any(|entry| entry.kind == Kind::Allow && covers(entry.prefix, at)) {
        return Ok(Err(Shared::Allowed));
    }
    let other = store.devices()?.into_iter().find(|it| {
        it.address == device.address && it.account != device.account && it.until > now && it.blocked.is_none()
    });
    Ok(other.map_or(Ok(()), |it| Err(Shared::Account(it.account))))
}
