//! A packet generator: bounded in rate and number, from one source or from random ones.
//!
//! Owns: sending on an AF_PACKET socket past the queueing discipline (man 7 packet). Refuses: going on without a bound.
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use super::frame::Frame;
use super::layout::IFACE;
use super::netns::{Netns, enter};

/// No flood lasts longer.
const LONGEST: Duration = Duration::from_secs(60);
/// Most frames of one system call.
const BURST: usize = 32;

/// Where a flood comes from.
#[derive(Clone, Copy, Debug)]
pub enum Sources {
    /// One address.
    One(Ipv4Addr),
    /// Random addresses and ports of a prefix.
    Random(Ipv4Addr, u8),
}

/// What is sent.
pub struct Plan {
    /// The frame.
    pub frame: Frame,
    /// Whose it pretends to be.
    pub sources: Sources,
    /// Frames a second.
    pub rate: u32,
    /// It ends after that many.
    pub most: u64,
}

/// A flood under way; dropping it ends it.
pub struct Flood {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<()>>>,
}

#[derive(Default)]
struct Shared {
    sent: AtomicU64,
    stop: AtomicBool,
}

impl Flood {
    /// Begins to send from a namespace's interface.
    pub fn start(netns: &Netns, plan: Plan) -> Result<Self> {
        let file = netns.file()?;
        let shared = Arc::<Shared>::default();
        let thread = std::thread::Builder::new().name("flood".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || send(&file, plan, &shared)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Frames sent so far.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Acquire)
    }

    /// Whether the flood goes on.
    pub fn is_on(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends it; how many frames it has sent.
    pub fn stop(mut self) -> Result<u64> {
        self.end()?;
        Ok(self.sent())
    }

    fn end(&mut self) -> Result<()> {
        self.shared.stop.store(true, Ordering::Relaxed);
        match self.thread.take() {
            Some(thread) => thread.join().map_err(|_| anyhow!("the generator panicked"))?,
            None => Ok(()),
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn send(netns: &File, plan: Plan, shared: &Shared) -> Result<()> {
    enter(netns)?;
    precise_sleep();
    go_first();
    let socket = open(IFACE).context("a packet socket")?;
    let burst = (plan.rate as usize / 2000).clamp(1, BURST);
    let mut frames = vec![plan.frame; burst];
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ u64::from(std::process::id()));
    let start = Instant::now();
    let mut sent = 0;
    while sent < plan.most && !shared.stop.load(Ordering::Relaxed) && start.elapsed() < LONGEST {
        let due = Duration::from_secs_f64(sent as f64 / f64::from(plan.rate));
        if let Some(early) = due.checked_sub(start.elapsed()) {
            std::thread::sleep(early);
        }
        let count = burst.min(usize::try_from(plan.most - sent).unwrap_or(burst));
        for (frame, number) in frames[..count].iter_mut().zip(sent as u32..) {
            frame.renew(number);
            let (source, port) = plan.sources.next(&mut random);
            frame.set_source(source, port);
        }
        sent += transmit(&socket, &frames[..count])? as u64;
        shared.sent.store(sent, Ordering::Release);
    }
    Ok(())
}

impl Sources {
    fn next(self, random: &mut Random) -> (Ipv4Addr, u16) {
        match self {
            Self::One(source) => (source, super::address::SIP),
            Self::Random(base, bits) => {
                let number = random.next();
                let host = (number >> 32) as u32 & u32::MAX.checked_shr(u32::from(bits)).unwrap_or(0);
                (Ipv4Addr::from(u32::from(base) | host), 1024 + (number % 60_000) as u16)
            }
        }
    }
}

/// Marsaglia's xorshift64: fast, and the same in every run of a process with the same id.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// The kernel may otherwise round a sleep up by 50 µs, which at high rates is a burst.
pub(crate) fn precise_sleep() {
    // SAFETY: sets a number of the calling thread.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1000) };
}

/// An attacker has a machine of his own: his packets arrive whatever else this one has to do.
pub(crate) fn go_first() {
    // SAFETY: sets a number of the calling thread (who 0); without the right to, it stays as it is.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -10) };
}

fn open(iface: &str) -> Result<OwnedFd> {
    let name = std::ffi::CString::new(iface)?;
    // SAFETY: the name ends with a zero byte.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    let index = i32::try_from(index).ok().filter(|index| *index > 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: makes a file descriptor or fails. Protocol 0: it only sends.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: the descriptor is new and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    set(&socket, libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1)?;
    set(&socket, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, 4 << 20)?;
    // SAFETY: all zeros is a valid address.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index;
    // SAFETY: the pointer and the length are of one address.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size_of_val(&address) as u32) };
    if bound == 0 { Ok(socket) } else { Err(io::Error::last_os_error().into()) }
}

fn set(socket: &OwnedFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let len = size_of_val(&value) as u32;
    // SAFETY: the pointer and the length are of one number.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), len) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sends frames; how many the interface took.
fn transmit(socket: &OwnedFd, frames: &[Frame]) -> io::Result<usize> {
    // SAFETY: all zeros is a valid array of messages without addresses and without data.
    let (mut slices, mut messages): ([libc::iovec; BURST], [libc::mmsghdr; BURST]) = unsafe { std::mem::zeroed() };
    for ((slice, message), frame) in slices.iter_mut().zip(&mut messages).zip(frames) {
        let bytes = frame.bytes();
        *slice = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        message.msg_hdr.msg_iov = slice;
        message.msg_hdr.msg_iovlen = 1;
    }
    let count = frames.len().min(BURST) as u32;
    // SAFETY: each of the first `count` messages points to one slice, and that to a frame, all of which outlive the call.
    let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), count, 0) };
    match usize::try_from(sent) {
        Ok(sent) => Ok(sent),
        Err(_) => match io::Error::last_os_error() {
            error if matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::EAGAIN | libc::EINTR)) => Ok(0),
            error => Err(error),
        },
    }
}
