//! A stream of RTP, followed by SSRC and sequence number (RFC 3550 appendix A.1), and how long it has looked plain.
//!
//! Owns: what is remembered of it, in two words. Refuses: what follows from a change.
use super::plain::{Ratio, looks_plain};
use super::rtp::Rtp;

/// How far the sequence number may jump ahead (RFC 3550 appendix A.1: `MAX_DROPOUT`).
const AHEAD_MAX: u32 = 3_000;
/// How far behind the latest packet one may come (RFC 3550 appendix A.1: `MAX_MISORDER`).
const BEHIND_MAX: u32 = 100;
/// Times are told in units of 2^20 ns, about a millisecond.
const TIME_SHIFT: u32 = 20;
/// For how long a stream must be quiet before another may follow it: a second.
const QUIET: u64 = 954;
/// The longest run that is told.
const RUN_MAX: u32 = 0x7fff;

/// What is known of a stream. All zero: nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stream {
    /// SSRC (32 bits), the highest sequence number (16), when it came (16).
    at: u64,
    /// Its timestamp (32), its payload's length where that tells anything (16), whether a packet has come (1), and how many
    /// packets in a row have looked plain (15).
    plain: u64,
}

/// What a packet makes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The stream from now on.
    pub stream: Stream,
    /// Another SSRC, or a jump.
    pub changed: bool,
    /// The change came while the stream before was still going on.
    pub intrudes: bool,
}

impl Stream {
    /// As it is kept in a record.
    #[inline(always)]
    pub const fn of([at, plain]: [u64; 2]) -> Self {
        Self { at, plain }
    }

    /// To keep it in a record.
    #[inline(always)]
    pub const fn words(self) -> [u64; 2] {
        [self.at, self.plain]
    }

    /// How many packets in a row have looked plain.
    #[inline(always)]
    pub const fn run(self) -> u32 {
        self.plain as u32 & RUN_MAX
    }

    /// The source of the stream; nothing before its first packet.
    pub const fn ssrc(self) -> Option<u32> {
        if self.has_begun() { Some((self.at >> 32) as u32) } else { None }
    }

    #[inline(always)]
    const fn has_begun(self) -> bool {
        self.plain & (RUN_MAX as u64 + 1) != 0
    }

    #[inline(always)]
    const fn is_quiet(self, now: u64) -> bool {
        (now >> TIME_SHIFT).wrapping_sub(self.at) & 0xffff >= QUIET
    }

    /// The stream from this packet on.
    #[inline(always)]
    const fn latest(rtp: &Rtp, codec: Ratio, now: u64, run: u32) -> Self {
        // A length that is longer than any datagram is none.
        let telling = codec.1 != 0 && rtp.vague == 0 && rtp.payload <= 0xffff;
        let len = if telling { rtp.payload as u64 } else { 0 };
        let run = if run > RUN_MAX { RUN_MAX } else { run };
        Self {
            at: (rtp.ssrc as u64) << 32 | (rtp.seq as u64 & 0xffff) << 16 | now >> TIME_SHIFT & 0xffff,
            plain: (rtp.timestamp as u64) << 32 | len << 16 | (RUN_MAX as u64 + 1) | run as u64,
        }
    }

    /// Follows one more packet. `codec` is that of its payload type; a change that intrudes is only followed where it `may`
    /// be.
    ///
    /// Whether the packet before looked plain is known now: its payload was played until this one's timestamp. Where a
    /// packet is missing between the two, or either tells nothing, the run stays as it is.
    #[inline(always)]
    pub const fn follow(self, rtp: &Rtp, codec: Ratio, now: u64, may: bool) -> Followed {
        if !self.has_begun() {
            return Followed { stream: Self::latest(rtp, codec, now, 0), changed: false, intrudes: false };
        }
        let distance = rtp.seq.wrapping_sub((self.at >> 16) as u32) & 0xffff;
        let same = (self.at >> 32) as u32 == rtp.ssrc;
        if same && distance.wrapping_sub(1) < AHEAD_MAX {
            let run = if distance == 1 { self.run_after(rtp, codec) } else { self.run() };
            return Followed { stream: Self::latest(rtp, codec, now, run), changed: false, intrudes: false };
        }
        // The same again, or one that was overtaken.
        if same && 0u32.wrapping_sub(distance) & 0xffff <= BEHIND_MAX {
            return Followed { stream: self, changed: false, intrudes: false };
        }
        let intrudes = !self.is_quiet(now);
        let stream = if intrudes && !may { self } else { Self::latest(rtp, codec, now, self.run()) };
        Followed { stream, changed: true, intrudes }
    }

    /// The run with the packet before `rtp`, its direct successor.
    #[inline(always)]
    const fn run_after(self, rtp: &Rtp, codec: Ratio) -> u32 {
        let len = (self.plain >> 16) as u32 & 0xffff;
        let units = rtp.timestamp.wrapping_sub((self.plain >> 32) as u32);
        if len == 0 || codec.1 == 0 {
            return self.run();
        }
        if looks_plain(len, units, codec) { self.run() + 1 } else { 0 }
    }
}
