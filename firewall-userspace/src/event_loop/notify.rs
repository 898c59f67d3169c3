//! Telling the service manager how it stands (sd_notify(3)).
//!
//! Owns: the one datagram. Refuses: failing: without a service manager there is nobody to tell.
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends a state such as `READY=1` to `$NOTIFY_SOCKET`, if that is set.
pub(super) fn tell(state: &str) {
    let _ = try_tell(state);
}

fn try_tell(state: &str) -> Option<()> {
    let path = std::env::var_os("NOTIFY_SOCKET")?;
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name).ok()?,
        None => SocketAddr::from_pathname(&path).ok()?,
    };
    UnixDatagram::unbound().ok()?.send_to_addr(state.as_bytes(), &address).ok().map(drop)
}
