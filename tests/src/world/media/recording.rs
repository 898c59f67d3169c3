//! Recordings of streams, for SIPp to play (`play_pcap_audio`).
//!
//! Owns: files in pcap's format. Refuses: addresses: who plays a recording writes its own.
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use etherparse::PacketBuilder;
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};

use super::stream::{Shape, Stream};

/// Writes so many packets of 20 ms.
pub fn write(file: &Path, shape: Shape, packets: u32) -> Result<()> {
    let header = PcapHeader { datalink: DataLink::ETHERNET, ..PcapHeader::default() };
    let to = File::create(file).with_context(|| file.display().to_string())?;
    let mut writer = PcapWriter::with_header(to, header)?;
    let mut stream = Stream::new(shape, 0x5152_5354);
    for number in 0..packets {
        let payload = stream.next_packet();
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(4000, 4000);
        let mut frame = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut frame, payload)?;
        let time = number * Duration::from_millis(20);
        writer.write_packet(&PcapPacket::new(time, frame.len() as u32, &frame))?;
    }
    Ok(())
}
