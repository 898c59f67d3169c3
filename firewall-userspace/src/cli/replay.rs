//! `sipfw replay`: what would have become of a capture's frames?
//!
//! Owns: the verb, and the way of a frame through it. Refuses: skipping a frame in silence, and changing anything.
mod capture;
mod link;
mod tally;
mod timeline;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueHint;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, TsResolution};
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::explain::described;
use super::judge;
use crate::clock::Clock;
use crate::config::Loaded;
use crate::dataplane::clock;
use crate::dataplane::probe::Judgement;
use crate::dataplane::rehearsal::Rehearsal;
use crate::entries::KernelEntries;
use crate::numbers::Wanted;

use capture::{Capture, Captured};
use tally::Tally;
use timeline::Timeline;

pub(super) use capture::first_frame;

const EXAMPLES: &str = "\
Examples:
  sipfw replay attack.pcap
  sipfw replay attack.pcapng --config new.toml --write-dropped dropped.pcap
  sipfw replay attack.pcap --entries --first 10
  sipfw replay attack.pcap --json

Every frame goes through a program of its own, by the config, with the capture's clock: rates are
judged as they were. The database's entries take part only with --entries. Nothing is changed, and
no interface is needed, but it takes root. Capture what comes in (`tcpdump -Q in`), or the host's
own answers are judged as if they had come in, too. With --json, each frame is one object on a line
of its own.";

/// Judge every frame of a capture by a config
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A pcap or pcapng file of Ethernet, raw IP or Linux cooked frames
    #[arg(value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    capture: PathBuf,
    /// Write the frames that are dropped to this pcap file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    write_dropped: Option<PathBuf>,
    /// How many frames of each reason are shown
    #[arg(long, value_name = "N", default_value_t = 3)]
    first: usize,
    /// Let the database's allow and deny entries and bans take part, as they are now
    #[arg(long)]
    entries: bool,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let loaded = context.load()?;
    let mut capture = Capture::open(&args.capture)?;
    let mut player = Player {
        rehearsal: rehearsal(args, &loaded)?,
        timeline: Timeline::default(),
        tally: Tally::new(args.first),
        dropped: args.write_dropped.as_deref().map(Writer::create).transpose()?,
    };
    let played = player.play_all(&mut capture, context);
    // Where the file is damaged, what came before it is told all the same.
    player.finish(&args.capture, context)?;
    played.map(|()| Exit::Yes)
}

/// The database's entries, as of the capture's begin.
/// Lists that the config makes always take part; the database's only if it is asked.
fn rehearsal(args: &Args, loaded: &Loaded) -> Result<Rehearsal> {
    let clock = Clock { wall_ms: clock::now().wall_ms, mono_ns: timeline::BEGIN };
    let config = &loaded.config;
    let (entries, numbers) = if args.entries {
        let store = context::store(config)?;
        (judge::entries(&store, loaded, clock)?, Wanted::read(config, &store, clock)?)
    } else {
        (KernelEntries::default(), Wanted::of_config(config, clock))
    };
    let mut rehearsal = judge::rehearsal(loaded, &entries)?;
    rehearsal.learn(&numbers.rules)?;
    Ok(rehearsal)
}

struct Player {
    rehearsal: Rehearsal,
    timeline: Timeline,
    tally: Tally,
    dropped: Option<Writer>,
}

impl Player {
    fn play_all(&mut self, capture: &mut Capture<File>, context: &mut Context) -> Result<()> {
        while let Some(frame) = capture.next()? {
            self.play(frame, context)?;
        }
        Ok(())
    }

    fn play(&mut self, captured: Captured, context: &mut Context) -> Result<()> {
        let index = self.tally.next_index();
        let time = captured.time;
        let frame = match captured.frame.and_then(|frame| judge::fits(&frame).map(|()| frame).map_err(str::to_owned)) {
            Ok(frame) => frame,
            Err(why) => {
                self.tally.skip(&why);
                return unjudged(index, time, &why, context);
            }
        };
        let now = self.timeline.at(time);
        let judgement = self.rehearsal.judge(&frame, now, true).with_context(|| format!("judging frame {index}"))?;
        if let Some(writer) = self.dropped.as_mut().filter(|_| judgement.drops()) {
            writer.write(time, &frame)?;
        }
        self.tally.add(index, self.timeline.since_begin(), &judgement, &frame);
        if context.out.is_json() { tell(index, time, &judgement, &frame, context) } else { Ok(()) }
    }

    fn finish(self, capture: &Path, context: &mut Context) -> Result<()> {
        if let Some(writer) = self.dropped {
            writer.finish()?;
        }
        if context.out.is_json() {
            return Ok(());
        }
        context.out.text(self.tally.text(&capture.display().to_string(), &self.timeline))
    }
}

fn tell(index: u64, time: Duration, j: &Judgement, frame: &[u8], context: &mut Context) -> Result<()> {
    let packet = described(frame);
    context.out.json_line(&json!({
        "index": index, "time": seconds(time), "verdict": if j.drops() { "drop" } else { "pass" },
        "reason": j.reason.word(), "monitored": j.monitored, "detail": j.detail,
        "from": packet.source(), "to": packet.target(), "bytes": frame.len(),
    }))
}

fn unjudged(index: u64, time: Duration, why: &str, context: &mut Context) -> Result<()> {
    if !context.out.is_json() {
        return Ok(());
    }
    context.out.json_line(&json!({
        "index": index, "time": seconds(time), "verdict": "not_judged", "reason": null, "why": why,
    }))
}

/// Unix seconds with nanoseconds; as text, since a JSON number would lose some.
fn seconds(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

/// A capture of what was dropped.
struct Writer {
    pcap: PcapWriter<BufWriter<File>>,
    path: PathBuf,
}

impl Writer {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let header = PcapHeader {
            datalink: DataLink::ETHERNET,
            ts_resolution: TsResolution::NanoSecond,
            ..PcapHeader::default()
        };
        let pcap = PcapWriter::with_header(BufWriter::new(file), header);
        Ok(Self { pcap: pcap.with_context(|| format!("cannot write {}", path.display()))?, path: path.to_owned() })
    }

    fn write(&mut self, time: Duration, frame: &[u8]) -> Result<()> {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let written = self.pcap.write_packet(&PcapPacket::new(time, length, frame));
        written.map(drop).with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn finish(self) -> Result<()> {
        let flushed = self.pcap.into_writer().into_inner().map(drop);
        flushed
            .map_err(std::io::IntoInnerError::into_error)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
