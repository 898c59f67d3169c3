//! The kernel programs: entry points, and the one mapping from a verdict to an XDP action.
//!
//! Owns: what is attached and what is only run by BPF_PROG_TEST_RUN. Refuses: decisions (see [`pipeline`]).
#![no_std]
#![no_main]
#![feature(asm_experimental_arch, core_intrinsics)]
#![expect(internal_features, reason = "the BPF target has compare-and-swap only as an intrinsic")]

mod cell;
mod clock;
mod constants;
mod desk;
mod egress;
mod exit;
mod frame;
mod host_key;
mod kept;
mod opaque;
mod pipeline;
mod refused;
mod scan;
mod stage;
mod switches;
mod trial;

use aya_ebpf::bindings::xdp_action::{XDP_ABORTED, XDP_DROP, XDP_PASS};
use aya_ebpf::bindings::{TC_ACT_SHOT, TC_ACT_UNSPEC};
use aya_ebpf::macros::{classifier, xdp};
use aya_ebpf::programs::{TcContext, XdpContext};

use crate::exit::Action;
use crate::frame::{Frame, Outgoing};
use crate::trial::{Live, Rehearsal};

/// Judges a live packet in one buffer.
#[xdp]
#[inline(always)]
fn sip_ingress(ctx: XdpContext) -> u32 {
    action(pipeline::run(&Frame::linear(&ctx), Live))
}

/// Judges a live packet of a driver that hands over large packets in several buffers.
#[xdp(frags)]
#[inline(always)]
fn sip_ingress_frags(ctx: XdpContext) -> u32 {
    action(pipeline::run(&Frame::scattered(&ctx), Live))
}

/// Judges a frame of BPF_PROG_TEST_RUN at the time, and with the consequences, that the record before it says.
#[xdp]
#[inline(always)]
fn sip_probe(ctx: XdpContext) -> u32 {
    match Rehearsal::begin(&ctx) {
        Some(rehearsal) => action(pipeline::run(&Frame::linear(&ctx), rehearsal)),
        None => XDP_ABORTED,
    }
}

/// Hears a packet that leaves, and lets the next program have it, unless it must not leave.
#[classifier]
#[inline(always)]
fn sip_egress(ctx: TcContext) -> i32 {
    match egress::hear(&Outgoing::new(&ctx)) {
        Action::Pass => TC_ACT_UNSPEC,
        Action::Drop => TC_ACT_SHOT,
    }
}

#[inline(always)]
const fn action(action: Action) -> u32 {
    match action {
        Action::Pass => XDP_PASS,
        Action::Drop => XDP_DROP,
    }
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
