//! Frames on a wire, sent without a pause until told to stop.
//!
//! Owns: the sender's thread and its raw socket. Refuses: receiving; what reaches the host's stack the kernel counts itself.
use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use firewall_userspace::dataplane::netdev;

/// A sender.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Traffic {
    /// Sends `frame` from an interface of the calling thread's namespace, some thousand times a second.
    pub(crate) fn send(iface: &str, frame: Vec<u8>) -> Self {
        let socket = open(iface);
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut sent = 0;
            while !told.load(Ordering::Relaxed) {
                rustix::io::write(&socket, &frame).unwrap();
                sent += 1;
                std::thread::sleep(Duration::from_micros(100));
            }
            sent
        });
        Self { stop, thread }
    }

    /// Stops; how many were sent.
    pub(crate) fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn open(iface: &str) -> OwnedFd {
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0, "{}", io::Error::last_os_error());
    // SAFETY: the descriptor was just opened and belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: zeros are a valid address.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = netdev::find(iface).unwrap().unwrap().index as i32;
    let len = size_of::<libc::sockaddr_ll>() as u32;
    // SAFETY: the address is valid for its length during the call.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), len) };
    assert_eq!(bound, 0, "{}", io::Error::last_os_error());
    socket
}

/// How many IPv4 packets have reached the stack of the calling thread's namespace.
pub(crate) fn received() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/net/snmp").unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("Ip:")).map(|line| line.split(' '));
    let (mut names, mut values) = (lines.next().unwrap(), lines.next().unwrap());
    values.nth(names.position(|name| name == "InReceives").unwrap()).unwrap().parse().unwrap()
}
