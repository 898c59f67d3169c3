//! bpf(2) as the figures need it: tiny programs, runs of BPF_PROG_TEST_RUN by file descriptor, links, rivals' maps.
//!
//! Owns: the system call and its arguments. Refuses: what the product loads (its own loader does that, by aya).
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::tiny::Insn;

const MAP_CREATE: u32 = 0;
const MAP_UPDATE: u32 = 2;
const MAP_LOOKUP: u32 = 1;
const PROG_LOAD: u32 = 5;
const OBJ_GET: u32 = 7;
const TEST_RUN: u32 = 10;
const FD_BY_ID: u32 = 13;
const LINK_CREATE: u32 = 28;

const TYPE_CLASSIFIER: u32 = 3;
const TYPE_XDP: u32 = 6;
const ATTACH_XDP: u32 = 37;
const DRIVER_MODE: u32 = 1 << 2;
const LIVE_FRAMES: u32 = 1 << 1;

/// Kinds of maps (`enum bpf_map_type`).
#[derive(Clone, Copy)]
#[repr(u32)]
pub(super) enum MapKind {
    /// A plain array.
    Array = 2,
    /// Programs to jump to.
    Programs = 3,
}

/// An argument of bpf(2): a prefix of `union bpf_attr`, made of integers.
trait Argument {}

macro_rules! arguments {
    ($($name:ident { $($field:ident: $kind:ty),+ $(,)? })+) => {$(
        #[repr(C)]
        #[derive(Default)]
        struct $name { $($field: $kind),+ }
        impl Argument for $name {}
    )+};
}

arguments! {
    MapCreate { kind: u32, key: u32, value: u32, entries: u32, flags: u32 }
    MapElement { map: u32, pad: u32, key: u64, value: u64, flags: u64 }
    ProgLoad {
        kind: u32, insns_len: u32, insns: u64, license: u64, log_level: u32, log_size: u32, log: u64, version: u32,
        flags: u32, name: [u8; 16], ifindex: u32, attach: u32,
    }
    ObjGet { path: u64, fd: u32, flags: u32 }
    Run {
        program: u32, outcome: u32, data_in_len: u32, data_out_len: u32, data_in: u64, data_out: u64, repeat: u32,
        duration: u32, ctx_in_len: u32, ctx_out_len: u32, ctx_in: u64, ctx_out: u64, flags: u32, cpu: u32, batch: u32,
        pad: u32,
    }
    ById { id: u32, next: u32, flags: u32 }
    LinkCreate { program: u32, target: u32, attach: u32, flags: u32 }
}

fn bpf<A: Argument>(command: u32, argument: &mut A) -> io::Result<RawFd> {
    // SAFETY: the argument is a prefix of the union that the command reads, with its own size, and the memory that it
    // points to is borrowed by the callers for the time of the call.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(argument), size_of::<A>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as RawFd) }
}

fn opened<A: Argument>(command: u32, argument: &mut A) -> io::Result<OwnedFd> {
    let fd = bpf(command, argument)?;
    // SAFETY: the call returned a new file descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn raw(fd: RawFd) -> u32 {
    fd.unsigned_abs()
}

/// A map of `entries` values of `value` bytes by number.
pub(super) fn map(kind: MapKind, value: u32, entries: u32) -> Result<OwnedFd> {
    let mut create = MapCreate { kind: kind as u32, key: 4, value, entries, flags: 0 };
    opened(MAP_CREATE, &mut create).context("making a map")
}

/// Sets an element; `value` is as long as the map's values, times the processors for a per-CPU map.
pub(super) fn set(map: RawFd, key: &[u8], value: &[u8]) -> Result<()> {
    let mut element =
        MapElement { map: raw(map), key: key.as_ptr() as u64, value: value.as_ptr() as u64, ..MapElement::default() };
    bpf(MAP_UPDATE, &mut element).context("setting a map's element").map(drop)
}

/// The number at index 0 of an array of numbers.
pub(super) fn number(map: RawFd) -> Result<u64> {
    let (key, mut value) = (0u32, 0u64);
    let mut element = MapElement {
        map: raw(map),
        key: std::ptr::from_ref(&key) as u64,
        value: std::ptr::from_mut(&mut value) as u64,
        ..MapElement::default()
    };
    bpf(MAP_LOOKUP, &mut element).context("reading a map's element")?;
    Ok(value)
}

/// Loads an XDP program.
pub(super) fn program(insns: &[Insn]) -> Result<OwnedFd> {
    load(insns, TYPE_XDP, ATTACH_XDP)
}

/// Loads a program for packets that leave.
pub(super) fn classifier(insns: &[Insn]) -> Result<OwnedFd> {
    load(insns, TYPE_CLASSIFIER, 0)
}

fn load(insns: &[Insn], kind: u32, attach: u32) -> Result<OwnedFd> {
    let mut log = vec![0u8; 1 << 16];
    let mut load = ProgLoad {
        kind,
        insns_len: insns.len() as u32,
        insns: insns.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        log_level: 1,
        log_size: log.len() as u32,
        log: log.as_mut_ptr() as u64,
        attach,
        ..ProgLoad::default()
    };
    opened(PROG_LOAD, &mut load).with_context(|| {
        let text = String::from_utf8_lossy(&log);
        format!("the verifier refused a program of the bench: {}", text.trim_end_matches('\0'))
    })
}

/// A pinned map or program.
pub(super) fn pinned(path: &Path) -> Result<OwnedFd> {
    let text = CString::new(path.as_os_str().as_encoded_bytes())?;
    let mut get = ObjGet { path: text.as_ptr() as u64, ..ObjGet::default() };
    opened(OBJ_GET, &mut get).with_context(|| format!("opening {}", path.display()))
}

/// A program that somebody else loaded.
pub(super) fn by_id(id: u32) -> Result<OwnedFd> {
    opened(FD_BY_ID, &mut ById { id, ..ById::default() }).with_context(|| format!("opening program {id}"))
}

/// Attaches an XDP program to an interface in native mode, until the link is dropped.
pub(super) fn attach(program: RawFd, ifindex: u32) -> Result<OwnedFd> {
    let mut link = LinkCreate { program: raw(program), target: ifindex, attach: ATTACH_XDP, flags: DRIVER_MODE };
    opened(LINK_CREATE, &mut link).context("attaching a program in native mode")
}

/// The outcome of runs.
pub(super) struct Ran {
    /// What the program returned the last time.
    pub(super) action: u32,
    /// Nanoseconds a run, rounded down.
    pub(super) nanoseconds: u32,
}

/// Runs a program `repeat` times on a frame.
pub(super) fn run(program: RawFd, frame: &[u8], repeat: u32) -> Result<Ran> {
    let mut run = Run {
        program: raw(program),
        data_in: frame.as_ptr() as u64,
        data_in_len: frame.len() as u32,
        repeat,
        ..Run::default()
    };
    bpf(TEST_RUN, &mut run).context("running a program")?;
    Ok(Ran { action: run.outcome, nanoseconds: run.duration })
}

/// Runs a program on `repeat` copies of a frame and does with them what it says.
pub(super) fn run_live(program: &OwnedFd, frame: &[u8], repeat: u32) -> Result<Ran> {
    let ctx: [u32; 6] = [0, frame.len() as u32, 0, 0, 0, 0];
    let mut run = Run {
        program: raw(program.as_raw_fd()),
        data_in: frame.as_ptr() as u64,
        data_in_len: frame.len() as u32,
        ctx_in: ctx.as_ptr() as u64,
        ctx_in_len: size_of_val(&ctx) as u32,
        repeat,
        flags: LIVE_FRAMES,
        batch: 64,
        ..Run::default()
    };
    bpf(TEST_RUN, &mut run).context("sending live frames")?;
    Ok(Ran { action: run.outcome, nanoseconds: run.duration })
}
