//! Network interfaces, as rtnetlink tells them (man 7 rtnetlink).
//!
//! Owns: asking for one by name or for all, which XDP program is attached and how, and the default route. Refuses:
//! changing any of it. Sysfs is not asked: it shows the network namespace in which it was mounted, not the caller's.
use std::fs;
use std::io;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

use super::instance::AttachMode;

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its MTU.
    pub mtu: u32,
    /// The XDP program attached to it.
    pub xdp: Option<Xdp>,
}

/// An XDP program on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xdp {
    /// How it runs; offloaded to the hardware counts as native.
    pub mode: AttachMode,
    /// The program's id.
    pub program_id: u32,
}

/// The interface of this name; nothing if there is none.
pub fn find(name: &str) -> io::Result<Option<Device>> {
    let mut attribute = name.as_bytes().to_vec();
    attribute.push(0);
    match ask(NLM_F_REQUEST, Some((IFLA_IFNAME, &attribute))) {
        Ok(devices) => Ok(devices.into_iter().next()),
        // ERANGE: longer than a name can be.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ERANGE | libc::EINVAL)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All interfaces of this network namespace.
pub fn all() -> io::Result<Vec<Device>> {
    ask(NLM_F_REQUEST | NLM_F_DUMP, None)
}

/// The interface of the default route: IPv4's, otherwise IPv6's.
pub fn default_route() -> io::Result<Option<String>> {
    // Not /proc/net, which is the namespace of the process's first thread.
    let v4 = fs::read_to_string("/proc/thread-self/net/route")?;
    if let Some(name) = default_v4(&v4) {
        return Ok(Some(name));
    }
    match fs::read_to_string("/proc/thread-self/net/ipv6_route") {
        Ok(v6) => Ok(default_v6(&v6)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Protocol 0 of the family.
const NETLINK_ROUTE: Option<Protocol> = None;
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_HEADER: usize = 16;
const IFINFO: usize = 16;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_XDP: u16 = 43;
const XDP_ATTACHED: u16 = 2;
const XDP_PROG_ID: u16 = 4;
const XDP_MODE_PROG_IDS: [u16; 3] = [5, 7, 6];
/// The upper bits of an attribute's type are flags.
const TYPE_MASK: u16 = 0x3fff;

fn ask(flags: u16, attribute: Option<(u16, &[u8])>) -> io::Result<Vec<Device>> {
    let kind = SocketType::RAW;
    let socket = socket_with(AddressFamily::NETLINK, kind, SocketFlags::CLOEXEC, NETLINK_ROUTE)?;
    sendto(&socket, &request(flags, attribute), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut devices = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let (len, _) = recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())?;
        let more = read_messages(&buffer[..len], &mut devices)?;
        if !more || flags & NLM_F_DUMP == 0 {
            return Ok(devices);
        }
    }
}

fn request(flags: u16, attribute: Option<(u16, &[u8])>) -> Vec<u8> {
    let mut message = vec![0; NLMSG_HEADER + IFINFO];
    if let Some((kind, value)) = attribute {
        message.extend_from_slice(&((value.len() + 4) as u16).to_ne_bytes());
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(value);
        message.resize(message.len().next_multiple_of(4), 0);
    }
    let len = message.len() as u32;
    message[..4].copy_from_slice(&len.to_ne_bytes());
    message[4..6].copy_from_slice(&RTM_GETLINK.to_ne_bytes());
    message[6..8].copy_from_slice(&flags.to_ne_bytes());
    message
}

/// Reads what one datagram holds; whether more follow.
fn read_messages(mut bytes: &[u8], devices: &mut Vec<Device>) -> io::Result<bool> {
    while let (Some(len), Some(kind)) = (number::<4>(bytes, 0), number::<2>(bytes, 4)) {
        let len = len as usize;
        let Some(body) = bytes.get(NLMSG_HEADER..len) else { break };
        match kind as u16 {
            NLMSG_DONE => return Ok(false),
            NLMSG_ERROR => return Err(io::Error::from_raw_os_error(-(number::<4>(body, 0).unwrap_or(0) as i32))),
            RTM_NEWLINK => devices.extend(read_device(body)),
            _ => {}
        }
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(true)
}

fn read_device(body: &[u8]) -> Option<Device> {
    let index = number::<4>(body, 4)? as u32;
    let mut device = Device { index, name: String::new(), mtu: 0, xdp: None };
    for (kind, value) in attributes(body.get(IFINFO..)?) {
        match kind {
            IFLA_IFNAME => {
                device.name = String::from_utf8_lossy(value.strip_suffix(b"\0").unwrap_or(value)).into_owned()
            }
            IFLA_MTU => device.mtu = number::<4>(value, 0)? as u32,
            IFLA_XDP => device.xdp = read_xdp(value),
            _ => {}
        }
    }
    Some(device)
}

fn read_xdp(nested: &[u8]) -> Option<Xdp> {
    let get = |wanted: u16| attributes(nested).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    let mode = match get(XDP_ATTACHED)?.first()? {
        0 => return None,
        2 => AttachMode::Generic,
        _ => AttachMode::Native,
    };
    // With programs in several modes at once there is no single id.
    let ids = [XDP_PROG_ID].into_iter().chain(XDP_MODE_PROG_IDS);
    let program_id = ids.filter_map(get).find_map(|value| number::<4>(value, 0))?;
    Some(Xdp { mode, program_id: program_id as u32 })
}

fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = number::<2>(bytes, 0)? as usize;
        let kind = number::<2>(bytes, 2)? as u16 & TYPE_MASK;
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// A number of `N` bytes in the machine's order.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let field: [u8; N] = bytes.get(at..at + N)?.try_into().ok()?;
    let mut word = [0; 8];
    if cfg!(target_endian = "little") {
        word[..N].copy_from_slice(&field)
    } else {
        word[8 - N..].copy_from_slice(&field)
    }
    Some(u64::from_ne_bytes(word))
}

const ROUTE_UP: u32 = 1;
const ROUTE_REJECT: u32 = 0x200;

/// The default route with the lowest metric.
fn default_v4(table: &str) -> Option<String> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [name, destination, _, flags, _, _, metric, mask, ..] = fields[..] else { return None };
        let usable = is_usable(flags) && destination == "00000000" && mask == "00000000";
        usable.then_some((metric.parse::<u32>().ok()?, name.to_owned()))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, name)| name)
}

fn default_v6(table: &str) -> Option<String> {
    let routes = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [destination, "00", _, _, _, metric, _, _, flags, name] = fields[..] else { return None };
        let usable = is_usable(flags) && destination.bytes().all(|b| b == b'0') && name != "lo";
        usable.then_some((u32::from_str_radix(metric, 16).ok()?, name.to_owned()))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, name)| name)
}

fn is_usable(flags: &str) -> bool {
    u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & ROUTE_UP != 0 && flags & ROUTE_REJECT == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    #[test]
    fn the_default_route_of_the_lowest_metric_is_taken() {
        let table = format!(
            "{HEADER}eth1\t00000000\t0100000A\t0003\t0\t0\t200\t00000000\t0\t0\t0\n\
             eth2\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
             eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
             bad0\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
        );
        assert_eq!(default_v4(&table).as_deref(), Some("eth0"));
        assert_eq!(default_v4(HEADER), None);
    }

    #[test]
    fn ipv6_has_a_default_route_too() {
        let zero = "0".repeat(32);
        let line = |flags: &str, name: &str| {
            format!("{zero} 00 {zero} 00 fe80000000000000fc54fffffe000001 00000400 00000001 00000000 {flags} {name}\n")
        };
        let table = line("00200200", "lo") + &line("00450003", "eth0");
        assert_eq!(default_v6(&table).as_deref(), Some("eth0"));
    }

    #[test]
    fn what_netlink_cuts_off_is_left_out() {
        let message = request(1, Some((IFLA_IFNAME, b"eth0\0")));
        for end in 0..message.len() {
            let mut devices = Vec::new();
            let _ = read_messages(&message[..end], &mut devices);
            assert!(devices.is_empty() && read_device(&message[..end]).is_none_or(|d| d.xdp.is_none()));
        }
    }

    #[test]
    fn the_loopback_is_found_and_nobody_else() {
        let lo = find("lo").unwrap().unwrap();
        assert_eq!((lo.name.as_str(), lo.index > 0), ("lo", true));
        assert!(all().unwrap().contains(&lo));
        assert_eq!(find("no-such-if").unwrap(), None);
        assert_eq!(find("a-name-that-is-much-too-long-for-an-interface").unwrap(), None);
    }
}
