//! What is known of the packet under judgement, and of the circumstances: live, or rehearsed by BPF_PROG_TEST_RUN.
//!
//! Owns: the clock, whether a judgement has consequences, objections that are only noted. Refuses: deciding.
use core::ops::ControlFlow::{Break, Continue};

use aya_ebpf::programs::XdpContext;
use firewall_common::addr::Addr;
use firewall_common::event::Probe;
use firewall_common::reason::Reason;
use firewall_common::verdict::{Flow, Verdict};

use crate::clock;
use crate::constants::policy;
use crate::opaque;

/// Live traffic or a rehearsal.
pub(crate) trait Circumstances {
    /// Whether [`Circumstances::report`] tells anything.
    const REPORTS: bool;
    /// Nanoseconds of the kernel's monotonic clock.
    fn now(&self) -> u64;
    /// Whether limits are charged and packets counted.
    fn commits(&self) -> bool;
    /// Tells the judgement to whoever rehearsed it.
    fn report<C: Circumstances>(&self, ctx: &XdpContext, trial: &Trial<C>, verdict: Verdict, monitored: bool);
}

/// A live packet.
#[derive(Clone, Copy)]
pub(crate) struct Live;

impl Circumstances for Live {
    const REPORTS: bool = false;

    #[inline(always)]
    fn now(&self) -> u64 {
        clock::now()
    }

    #[inline(always)]
    fn commits(&self) -> bool {
        true
    }

    #[inline(always)]
    fn report<C: Circumstances>(&self, _: &XdpContext, _: &Trial<C>, _: Verdict, _: bool) {}
}

/// A frame of BPF_PROG_TEST_RUN.
#[derive(Clone, Copy)]
pub(crate) struct Rehearsal {
    now: u64,
    commits: u64,
}

impl Rehearsal {
    /// Reads the record before the frame; `None` when there is none.
    #[inline(always)]
    pub(crate) fn begin(ctx: &XdpContext) -> Option<Self> {
        // SAFETY: `record` returns a pointer to a whole record of integers.
        let record = unsafe { core::ptr::read_unaligned(Self::record(ctx)?) };
        Some(Self { now: record.now, commits: opaque::forget(u64::from(record.commit)) })
    }

    #[inline(always)]
    fn record(ctx: &XdpContext) -> Option<*mut Probe> {
        let at = ctx.metadata();
        (at + size_of::<Probe>() <= ctx.metadata_end()).then_some(at as *mut Probe)
    }
}

impl Circumstances for Rehearsal {
    const REPORTS: bool = true;

    #[inline(always)]
    fn now(&self) -> u64 {
        self.now
    }

    #[inline(always)]
    fn commits(&self) -> bool {
        opaque::forget(self.commits) != 0
    }

    #[inline(always)]
    fn report<C: Circumstances>(&self, ctx: &XdpContext, trial: &Trial<C>, verdict: Verdict, monitored: bool) {
        if let Some(record) = Self::record(ctx) {
            let judged = Probe {
                now: self.now,
                commit: self.commits as u32,
                detail: verdict.detail,
                reason: verdict.reason as u32,
                monitored: u32::from(monitored),
                peer: trial.peer as u32,
                class: trial.class as u32,
            };
            // SAFETY: `record` is a pointer to a whole record.
            unsafe { core::ptr::write_unaligned(record, judged) };
        }
    }
}

/// One packet's judgement in progress: what the exit needs, in numbers that no stage compares. Who wants to decide by one
/// takes a copy (see [`opaque::forget`]), or the verifier would follow all that comes later once for each outcome.
pub(crate) struct Trial<C> {
    /// Live or rehearsed.
    pub(crate) circumstances: C,
    /// The number of the first reason that was noted instead of enforced, and its detail; zero for none.
    noted: (u64, u64),
    /// The peer's id plus one, once it is known that the source is one.
    pub(crate) peer: u64,
    /// The number plus one of the class whose limit applies, once known.
    pub(crate) class: u64,
    /// [`firewall_common::policy::DatagramVerdict::copied`], once the packet has been copied.
    pub(crate) copied: u64,
    /// Addresses, once read. See [`Trial::src`].
    pub(crate) src: Addr,
    /// Addresses, once read.
    pub(crate) dst: Addr,
    /// Ports, once read.
    pub(crate) src_port: u16,
    /// Ports, once read.
    pub(crate) dst_port: u16,
    /// Transport protocol's number, once read.
    pub(crate) protocol: u8,
    /// Where the payload begins, once known.
    pub(crate) payload_at: u32,
}

impl<C: Circumstances> Trial<C> {
    /// Nothing known yet.
    #[inline(always)]
    pub(crate) const fn new(circumstances: C) -> Self {
        let none = Addr { hi: 0, lo: 0 };
        Self {
            circumstances,
            noted: (0, 0),
            peer: 0,
            class: 0,
            copied: 0,
            src: none,
            dst: none,
            src_port: 0,
            dst_port: 0,
            protocol: 0,
            payload_at: 0,
        }
    }

    /// Notes whom the packet is from and to.
    #[inline(always)]
    pub(crate) fn set_addresses(&mut self, src: Addr, dst: Addr) {
        self.src = opaque::forget_addr(src);
        self.dst = opaque::forget_addr(dst);
    }

    /// Makes the ways that led here one for the verifier.
    #[inline(always)]
    pub(crate) fn forget(&mut self) {
        self.class = opaque::forget(self.class);
        self.noted = (opaque::forget(self.noted.0), opaque::forget(self.noted.1));
        self.protocol = opaque::forget(u64::from(self.protocol)) as u8;
        self.payload_at = opaque::forget(u64::from(self.payload_at)) as u32;
    }

    /// Whether it has been copied.
    #[inline(always)]
    pub(crate) fn copied(&self) -> bool {
        opaque::forget(self.copied) != 0
    }

    /// A copy of the source address, to decide by.
    #[inline(always)]
    pub(crate) fn src(&self) -> Addr {
        opaque::forget_addr(self.src)
    }

    /// What the source's rates and bans are kept by.
    #[inline(always)]
    pub(crate) fn source(&self) -> Addr {
        opaque::forget_addr(self.src().source(policy().v6_mask))
    }

    /// Nanoseconds of the kernel's monotonic clock.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        self.circumstances.now()
    }

    /// Whether limits are charged and packets counted.
    #[inline(always)]
    pub(crate) fn commits(&self) -> bool {
        self.circumstances.commits()
    }

    /// Objects to the packet: stops with the verdict, or goes on with a note of it where its reason is only monitored.
    #[inline(always)]
    pub(crate) fn object(&mut self, verdict: Verdict) -> Flow<()> {
        if !is_monitored(verdict.reason) {
            return Break(verdict);
        }
        if opaque::forget(self.noted.0) == 0 {
            self.noted = (verdict.reason as u64, u64::from(verdict.detail));
        }
        self.noted = (opaque::forget(self.noted.0), opaque::forget(self.noted.1));
        Continue(())
    }

    /// The first objection that was noted instead of enforced. There is none, and no code for it, where nothing is
    /// monitored.
    #[inline(always)]
    pub(crate) fn noted(&self) -> Option<Verdict> {
        if policy().monitor == 0 {
            return None;
        }
        let reason = Reason::from_number(opaque::forget(self.noted.0) as u8).filter(|reason| reason.drops())?;
        Some(Verdict { reason, detail: self.noted.1 as u32 })
    }
}

/// Whether packets dropped for this reason pass all the same.
#[inline(always)]
pub(crate) fn is_monitored(reason: Reason) -> bool {
    policy().monitor & reason.bit() != 0
}
