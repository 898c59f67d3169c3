//! Capture files: pcap and pcapng, with their timestamps.
//!
//! Owns: reading frames one by one, as Ethernet, each with its time or with why it cannot be judged. Refuses: a damaged
//! file, at the place where it is damaged.
use std::fs::File;
use std::io::{Chain, Cursor, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use pcap_file::pcap::{PcapReader, RawPcapPacket};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{PcapError, TsResolution};

use super::link::Link;

const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const PCAP: [[u8; 4]; 4] =
    [[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];
const NANOSECONDS: u128 = 1_000_000_000;

/// A frame of a capture.
pub(super) struct Captured {
    /// Time since 1970.
    pub(super) time: Duration,
    /// The frame in Ethernet, or why it cannot be judged.
    pub(super) frame: Result<Vec<u8>, String>,
}

/// An open capture.
pub(super) struct Capture<R: Read> {
    reader: Reader<Chain<Cursor<[u8; 4]>, R>>,
    name: String,
    read: u64,
}

enum Reader<R: Read> {
    Pcap(PcapReader<R>, Link),
    Ng { reader: PcapNgReader<R>, last: Duration },
}

impl Capture<File> {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot read the capture {name}"))?;
        Self::of(&name, file)?.with_context(|| format!("{name} is neither pcap nor pcapng; nothing was judged"))
    }
}

/// The first frame of a capture; nothing if these bytes are no capture.
pub(in crate::cli) fn first_frame(path: &Path, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    let name = path.display().to_string();
    let Some(mut capture) = Capture::of(&name, bytes)? else { return Ok(None) };
    let first = capture.next()?.with_context(|| format!("the capture {name} has no frame"))?;
    first.frame.map(Some).map_err(|why| anyhow!("the first frame of {name} is {why}"))
}

impl<R: Read> Capture<R> {
    /// A capture, if it is one by its first bytes.
    fn of(name: &str, mut source: R) -> Result<Option<Self>> {
        let mut magic = [0; 4];
        if source.read_exact(&mut magic).is_err() || magic != PCAPNG && !PCAP.contains(&magic) {
            return Ok(None);
        }
        let source = Cursor::new(magic).chain(source);
        let damaged = |e: PcapError| damaged(name, 0, &e);
        let reader = if magic == PCAPNG {
            Reader::Ng { reader: PcapNgReader::new(source).map_err(damaged)?, last: Duration::ZERO }
        } else {
            let reader = PcapReader::new(source).map_err(damaged)?;
            let link = Link::of(u32::from(reader.header().datalink));
            Reader::Pcap(reader, link.map_err(|why| anyhow!("the frames of {name} are {why}"))?)
        };
        Ok(Some(Self { reader, name: name.to_owned(), read: 0 }))
    }

    /// The next frame.
    pub(super) fn next(&mut self) -> Result<Option<Captured>> {
        let next = match &mut self.reader {
            Reader::Pcap(reader, link) => next_pcap(reader, *link),
            Reader::Ng { reader, last } => next_ng(reader, last),
        };
        self.read += 1;
        next.map_err(|e| damaged(&self.name, self.read, &e))
    }
}

fn damaged(name: &str, frame: u64, error: &PcapError) -> anyhow::Error {
    anyhow!("the capture {name} is damaged at frame {frame} ({error}); what came before it was judged")
}

fn next_pcap<R: Read>(reader: &mut PcapReader<R>, link: Link) -> Result<Option<Captured>, PcapError> {
    let resolution = reader.header().ts_resolution;
    let Some(raw) = reader.next_raw_packet().transpose()? else { return Ok(None) };
    Ok(Some(captured(time(&raw, resolution), raw.orig_len, raw.data.into_owned(), &Ok(link))))
}

/// The fraction may be a whole second or more in files that careless programs wrote.
fn time(raw: &RawPcapPacket<'_>, resolution: TsResolution) -> Duration {
    let fraction = match resolution {
        TsResolution::MicroSecond => Duration::from_micros(raw.ts_frac.into()),
        TsResolution::NanoSecond => Duration::from_nanos(raw.ts_frac.into()),
    };
    Duration::from_secs(raw.ts_sec.into()) + fraction
}

fn next_ng<R: Read>(reader: &mut PcapNgReader<R>, last: &mut Duration) -> Result<Option<Captured>, PcapError> {
    loop {
        // The block borrows the reader, which also knows the interfaces; so its contents are taken out first.
        let found = match reader.next_block().transpose()? {
            None => return Ok(None),
            Some(Block::EnhancedPacket(p)) => {
                // The crate takes the number of units for nanoseconds, whatever the unit is.
                let units = u64::try_from(p.timestamp.as_nanos()).unwrap_or(u64::MAX);
                Some((p.interface_id, Some(units), p.original_len, p.data.into_owned()))
            }
            Some(Block::Packet(p)) => {
                Some((p.interface_id.into(), Some(p.timestamp), p.original_len, p.data.into_owned()))
            }
            Some(Block::SimplePacket(p)) => Some((0, None, p.original_len, p.data.into_owned())),
            Some(_) => None,
        };
        let Some((interface, units, length, data)) = found else { continue };
        let interface = reader.interfaces().get(interface as usize);
        *last = units.map_or(*last, |units| instant(units, interface));
        let link = interface.map_or(Err("of an interface that the file does not describe".to_owned()), |interface| {
            Link::of(u32::from(interface.linktype))
        });
        return Ok(Some(captured(*last, length, data, &link)));
    }
}

/// Timestamps are in units of their interface (pcapng, if_tsresol); microseconds unless it says otherwise.
fn instant(units: u64, interface: Option<&InterfaceDescriptionBlock<'_>>) -> Duration {
    let resolution = interface.and_then(|interface| {
        interface.options.iter().find_map(|option| match option {
            InterfaceDescriptionOption::IfTsResol(n) => Some(*n),
            _ => None,
        })
    });
    let exponent = u32::from(resolution.unwrap_or(6) & 0x7f);
    let a_second =
        if resolution.unwrap_or(6) & 0x80 == 0 { 10u128.checked_pow(exponent) } else { 2u128.checked_pow(exponent) };
    // A unit too small to be written down makes every time zero.
    let nanoseconds = a_second.map_or(0, |a_second| u128::from(units) * NANOSECONDS / a_second);
    let (seconds, rest) = (nanoseconds / NANOSECONDS, nanoseconds % NANOSECONDS);
    Duration::new(u64::try_from(seconds).unwrap_or(u64::MAX), u32::try_from(rest).unwrap_or(0))
}

fn captured(time: Duration, length: u32, data: Vec<u8>, link: &Result<Link, String>) -> Captured {
    let whole = data.len() as u64 >= u64::from(length);
    let frame = match link {
        Err(why) => Err(why.clone()),
        Ok(_) if !whole => Err("cut short by whoever captured it (tcpdump -s 0 keeps all)".to_owned()),
        Ok(link) => link.ethernet(data),
    };
    Captured { time, frame }
}

#[cfg(test)]
mod tests;
