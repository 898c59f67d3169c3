//! Programs of a few instructions: the bare ones that others are compared with, and those that vary a frame's source.
//!
//! Owns: an assembler for what they need. Refuses: a compiler, so that the bench needs no second build.
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};

use anyhow::Result;

use super::bpf::{self, MapKind};
use super::frame;

/// XDP's actions.
pub(super) const DROP: u32 = 1;
/// XDP's actions.
pub(super) const PASS: u32 = 2;
/// TC_ACT_UNSPEC.
pub(super) const GO_ON: u32 = u32::MAX;

/// One instruction (`struct bpf_insn`, Documentation/bpf/standardization/instruction-set.rst).
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Insn(u64);

const fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    let head = code as u64 | (dst as u64) << 8 | (src as u64) << 12;
    Insn(head | (off as u16 as u64) << 16 | (imm as u32 as u64) << 32)
}

/// What an arithmetic instruction does.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Op {
    Add = 0x00,
    Or = 0x40,
    And = 0x50,
    Shr = 0x70,
    Xor = 0xa0,
    Mov = 0xb0,
}

/// On 64 bits, with a constant.
const fn imm(op: Op, dst: u8, value: i32) -> Insn {
    insn(op as u8 | 0x07, dst, 0, 0, value)
}

/// On the lower 32 bits, with a constant.
const fn imm32(op: Op, dst: u8, value: u32) -> Insn {
    insn(op as u8 | 0x04, dst, 0, 0, value.cast_signed())
}

/// On 64 bits, with a register.
const fn reg(op: Op, dst: u8, src: u8) -> Insn {
    insn(op as u8 | 0x0f, dst, src, 0, 0)
}

const fn load32(dst: u8, src: u8, off: i16) -> Insn {
    insn(0x61, dst, src, off, 0)
}

const fn store16(dst: u8, off: i16, src: u8) -> Insn {
    insn(0x6b, dst, src, off, 0)
}

const fn store32(dst: u8, off: i16, src: u8) -> Insn {
    insn(0x63, dst, src, off, 0)
}

const fn big_endian(dst: u8, bits: i32) -> Insn {
    insn(0xdc, dst, 0, 0, bits)
}

const fn fetch_add(dst: u8, src: u8) -> Insn {
    insn(0xdb, dst, src, 0, 1)
}

const fn jump(off: i16) -> Insn {
    insn(0x05, 0, 0, off, 0)
}

const fn jump_if_equal(dst: u8, value: i32, off: i16) -> Insn {
    insn(0x15, dst, 0, off, value)
}

const fn jump_if_greater(dst: u8, src: u8, off: i16) -> Insn {
    insn(0x2d, dst, src, off, 0)
}

const fn call(helper: i32) -> Insn {
    insn(0x85, 0, 0, 0, helper)
}

const EXIT: Insn = insn(0x95, 0, 0, 0, 0);

/// The address of a map (`source` 1) or of an array's first value (`source` 2).
fn address(dst: u8, source: u8, map: RawFd) -> [Insn; 2] {
    [insn(0x18, dst, source, 0, map), insn(0, 0, 0, 0, 0)]
}

const PRANDOM: i32 = 7;
const TAIL_CALL: i32 = 12;
const REDIRECT: i32 = 23;

/// A program that returns `action` and does nothing else.
pub(super) fn bare(action: u32) -> Result<OwnedFd> {
    bpf::program(&[imm(Op::Mov, 0, action.cast_signed()), EXIT])
}

/// A program for packets that leave which does nothing but let the next one have them.
pub(super) fn bare_classifier() -> Result<OwnedFd> {
    bpf::classifier(&[imm(Op::Mov, 0, GO_ON.cast_signed()), EXIT])
}

/// Addresses drawn at random: those bits of `base` that are not in `mask` stay.
#[derive(Clone, Copy)]
pub(super) struct Sources {
    /// In host order.
    pub(super) base: u32,
    /// In host order.
    pub(super) mask: u32,
}

/// Puts the frame's start into register 7 and leaves if it is shorter than what is changed of it; `rest` instructions
/// follow, and after them the way out.
fn begin(rest: usize) -> [Insn; 6] {
    [
        reg(Op::Mov, 6, 1),
        load32(7, 1, 0),
        load32(3, 1, 4),
        reg(Op::Mov, 4, 7),
        imm(Op::Add, 4, frame::READ as i32),
        jump_if_greater(4, 3, rest as i16),
    ]
}

const WAY_OUT: [Insn; 2] = [imm(Op::Mov, 0, 0), EXIT];

/// A program that gives the frame a random source and goes on with another program, so that one frame of
/// BPF_PROG_TEST_RUN meets the maps with ever new keys.
pub(super) struct Varied {
    pub(super) program: OwnedFd,
    _next: OwnedFd,
}

/// See [`Varied`].
pub(super) fn varied(sources: Sources, next: RawFd) -> Result<Varied> {
    let programs = bpf::map(MapKind::Programs, 4, 1)?;
    let mut body = vec![
        call(PRANDOM),
        imm32(Op::And, 0, sources.mask),
        imm32(Op::Or, 0, sources.base),
        big_endian(0, 32),
        store32(7, frame::SOURCE as i16, 0),
        reg(Op::Mov, 1, 6),
    ];
    body.extend(address(2, 1, programs.as_raw_fd()));
    body.extend([imm(Op::Mov, 3, 0), call(TAIL_CALL)]);
    let program = bpf::program(&[&begin(body.len())[..], &body, &WAY_OUT].concat())?;
    bpf::set(programs.as_raw_fd(), &0u32.to_ne_bytes(), &next.to_ne_bytes())?;
    Ok(Varied { program, _next: programs })
}

/// Ports drawn at random: `drawn` bits above the first.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    pub(super) first: u16,
    pub(super) drawn: u32,
}

/// A program that makes of one packet of RTP a stream, or as many as ports are drawn, and goes on with another program.
pub(super) fn streaming(ports: Ports, next: RawFd) -> Result<Varied> {
    let programs = bpf::map(MapKind::Programs, 4, 1)?;
    let count = bpf::map(MapKind::Array, 8, 1)?;
    let mut body = address(8, 2, count.as_raw_fd()).to_vec();
    body.extend([
        imm(Op::Mov, 9, 1),
        fetch_add(8, 9),
        call(PRANDOM),
        imm32(Op::And, 0, (1 << ports.drawn) - 1),
        imm32(Op::Or, 0, u32::from(ports.first)),
        big_endian(0, 16),
        store16(7, frame::PORT as i16, 0),
        imm(Op::Shr, 9, ports.drawn.cast_signed()),
        big_endian(9, 16),
        store16(7, frame::SEQUENCE as i16, 9),
        reg(Op::Mov, 1, 6),
    ]);
    body.extend(address(2, 1, programs.as_raw_fd()));
    body.extend([imm(Op::Mov, 3, 0), call(TAIL_CALL)]);
    let program = bpf::program(&[&begin(body.len())[..], &body, &WAY_OUT].concat())?;
    bpf::set(programs.as_raw_fd(), &0u32.to_ne_bytes(), &next.to_ne_bytes())?;
    Ok(Varied { program, _next: programs })
}

/// One frame among `every` (a power of two) comes from `source` instead.
#[derive(Clone, Copy)]
pub(super) struct Guest {
    pub(super) every: u32,
    pub(super) source: u32,
}

/// A program that gives each live frame a random source and sends it into an interface.
pub(super) struct Generator {
    pub(super) program: OwnedFd,
    sent: OwnedFd,
}

impl Generator {
    /// How many frames it has sent.
    pub(super) fn sent(&self) -> Result<u64> {
        bpf::number(self.sent.as_raw_fd())
    }
}

/// See [`Generator`]. `checksum` is the sum of the words of the frame's IPv4 header without source and checksum.
pub(super) fn generator(sources: Sources, guest: Option<Guest>, checksum: u32, ifindex: u32) -> Result<Generator> {
    let sent = bpf::map(MapKind::Array, 8, 1)?;
    let mut body = Vec::new();
    body.extend(address(8, 2, sent.as_raw_fd()));
    body.extend([imm(Op::Mov, 9, 1), fetch_add(8, 9)]);
    // The sequence number decides whether it is the guest's turn; without a guest it never is.
    let (mask, turn, source) = guest.map_or((0, 1, 0), |guest| (guest.every - 1, 0, guest.source));
    body.extend([imm(Op::And, 9, mask.cast_signed()), jump_if_equal(9, turn, 4)]);
    body.extend([call(PRANDOM), imm32(Op::And, 0, sources.mask), imm32(Op::Or, 0, sources.base), jump(1)]);
    body.push(imm32(Op::Mov, 0, source));
    body.extend(write_source(checksum));
    body.extend([imm(Op::Mov, 1, ifindex.cast_signed()), imm(Op::Mov, 2, 0), call(REDIRECT), EXIT]);
    let program = bpf::program(&[&begin(body.len())[..], &body, &WAY_OUT].concat())?;
    Ok(Generator { program, sent })
}

/// Writes the address in register 0 as source, and the header's checksum (RFC 1071).
fn write_source(checksum: u32) -> Vec<Insn> {
    let fold = [reg(Op::Mov, 4, 3), imm(Op::Shr, 4, 16), imm(Op::And, 3, 0xffff), reg(Op::Add, 3, 4)];
    let mut code = vec![
        reg(Op::Mov, 3, 0),
        imm(Op::Shr, 3, 16),
        reg(Op::Mov, 4, 0),
        imm(Op::And, 4, 0xffff),
        reg(Op::Add, 3, 4),
        imm(Op::Add, 3, checksum.cast_signed()),
    ];
    code.extend(fold.into_iter().chain(fold));
    code.extend([imm(Op::Xor, 3, 0xffff), big_endian(3, 16), store16(7, frame::CHECKSUM as i16, 3)]);
    code.extend([big_endian(0, 32), store32(7, frame::SOURCE as i16, 0)]);
    code
}
