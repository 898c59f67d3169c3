//! Runs one frame through the loaded program with BPF_PROG_TEST_RUN.
//!
//! Owns: the record before the frame and its answer. Refuses: making frames.
use anyhow::{Context as _, Result, ensure};
use aya::programs::Xdp;
use aya::{TestRun as _, TestRunOptions};
use firewall_common::event::Probe;
use firewall_common::reason::Reason;
use firewall_common::sip::Class;

/// What the program made of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The reason.
    pub reason: Reason,
    /// What decided; see [`firewall_common::verdict::Verdict::detail`].
    pub detail: u32,
    /// Whether the packet passes although its reason drops, because the reason is monitored.
    pub monitored: bool,
    /// The peer's id, where the source is one.
    pub peer: Option<u32>,
    /// The class whose limit applied, where one did.
    pub class: Option<Class>,
}

impl Judgement {
    /// Whether the packet is dropped.
    pub const fn drops(&self) -> bool {
        self.reason.drops() && !self.monitored
    }
}

/// Frames shorter than an Ethernet header are refused by BPF_PROG_TEST_RUN.
pub const MIN_FRAME: usize = 14;

/// Judges `frame` at `now` (nanoseconds of the kernel's monotonic clock, or of a capture's own). With `commit` the frame
/// charges limits and is counted; without, it leaves no trace.
///
/// # Errors
///
/// The kernel's refusal to run the frame, in particular one that is too short or too long.
pub fn judge(program: &Xdp, frame: &[u8], now: u64, commit: bool) -> Result<Judgement> {
    const RECORD: usize = size_of::<Probe>();
    let ask = Probe { now, commit: u32::from(commit), detail: 0, reason: 0, monitored: 0, peer: 0, class: 0 };
    let mut data = Vec::with_capacity(RECORD + frame.len());
    data.extend_from_slice(ask.as_bytes());
    data.extend_from_slice(frame);
    // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
    let context: Vec<u8> =
        [RECORD as u32, data.len() as u32, 0, 0, 0, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let mut out = vec![0; data.len() + 512];
    let result = program
        .test_run(TestRunOptions {
            data_in: Some(&data),
            data_out: Some(&mut out),
            ctx_in: Some(&context),
            ..TestRunOptions::new()
        })
        .with_context(|| format!("running a frame of {} bytes through the program", frame.len()))?;
    ensure!(result.return_value != 0, "the program aborted: the kernel did not pass the record before the frame");
    decode(&out)
}

fn decode(out: &[u8]) -> Result<Judgement> {
    let answer = Probe::from_bytes(out).context("the program's answer is too short")?;
    let reason = Reason::from_number(answer.reason as u8).context("the program gave an unknown reason")?;
    Ok(Judgement {
        reason,
        detail: answer.detail,
        monitored: answer.monitored != 0,
        peer: answer.peer.checked_sub(1),
        class: answer.class.checked_sub(1).and_then(|class| Class::ALL.get(class as usize).copied()),
    })
}
