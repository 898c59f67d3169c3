//! What a driver says of itself, through the ethtool ioctl (man 7 netdevice; include/uapi/linux/ethtool.h).
//!
//! Owns: four questions, and the only `unsafe` of the command. Refuses: changing settings.
use std::os::fd::AsRawFd as _;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// What was answered; nothing where the driver had no answer.
#[derive(Default)]
pub(super) struct Ethtool {
    pub(super) driver: Option<String>,
    pub(super) lro: Option<bool>,
    pub(super) gro: Option<bool>,
    pub(super) channels: Option<Channels>,
}

/// Queue pairs for receiving.
pub(super) struct Channels {
    pub(super) now: u32,
    pub(super) most: u32,
}

const SIOCETHTOOL: libc::Ioctl = 0x8946;
const GDRVINFO: u32 = 0x03;
const GFLAGS: u32 = 0x25;
const GGRO: u32 = 0x2b;
const GCHANNELS: u32 = 0x3c;
const FLAG_LRO: u32 = 1 << 15;
/// `struct ethtool_drvinfo`: after the command, 32 bytes with the driver's name.
const DRVINFO_WORDS: usize = 196 / 4;
const DRIVER: std::ops::Range<usize> = 4..36;
/// `struct ethtool_channels`: the command, four maxima, four counts; of rx, tx, other, combined.
const CHANNELS_WORDS: usize = 9;

/// Asks the driver of an interface.
pub(super) fn ask(name: &str) -> Ethtool {
    let flag = |command| query::<2>(name, command).map(|words| words[1]);
    Ethtool {
        driver: query::<DRVINFO_WORDS>(name, GDRVINFO).map(|words| driver(&words)),
        lro: flag(GFLAGS).map(|flags| flags & FLAG_LRO != 0),
        gro: flag(GGRO).map(|on| on != 0),
        channels: query::<CHANNELS_WORDS>(name, GCHANNELS).map(channels),
    }
}

fn driver(words: &[u32]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let name = bytes.get(DRIVER).unwrap_or_default();
    String::from_utf8_lossy(name).trim_end_matches('\0').to_owned()
}

fn channels([_, rx_most, _, _, both_most, rx, _, _, both]: [u32; CHANNELS_WORDS]) -> Channels {
    Channels { now: rx + both, most: rx_most + both_most }
}

/// One question: a record of words that begins with the command, which the kernel fills in.
fn query<const WORDS: usize>(name: &str, command: u32) -> Option<[u32; WORDS]> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None).ok()?;
    let mut record = [0; WORDS];
    record[0] = command;
    let mut ifr_name = [0; libc::IFNAMSIZ];
    if name.len() >= ifr_name.len() {
        return None;
    }
    for (to, from) in ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    let ifr_ifru = libc::__c_anonymous_ifr_ifru { ifru_data: record.as_mut_ptr().cast() };
    let mut request = libc::ifreq { ifr_name, ifr_ifru };
    // SAFETY: the request is a whole `ifreq` with a name that ends in a zero; the record it points to is as long as the
    // kernel's for each of the four commands, is not moved meanwhile, and takes any bytes.
    let answered = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    (answered == 0).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_interfaces_have_no_answers() {
        for name in ["no-such-if", "a-name-that-is-too-long", ""] {
            let ethtool = ask(name);
            assert!(ethtool.driver.is_none() && ethtool.lro.is_none() && ethtool.channels.is_none(), "{name}");
        }
    }
}
