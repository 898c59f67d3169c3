//! Captures made here, read back.
use std::borrow::Cow;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::{DataLink, Endianness};

use super::*;

const FRAME: [u8; 20] = [7; 20];

fn pcap(resolution: TsResolution, endianness: Endianness, link: DataLink, original: u32) -> Vec<u8> {
    let header = PcapHeader { ts_resolution: resolution, endianness, datalink: link, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
    let time = Duration::new(1_700_000_000, 123_456_789);
    writer.write_packet(&PcapPacket::new(time, original, &FRAME)).unwrap();
    writer.into_writer()
}

fn all(bytes: &[u8]) -> Result<Vec<Captured>> {
    let mut capture = Capture::of("x", bytes)?.unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = capture.next()? {
        frames.push(frame);
    }
    Ok(frames)
}

#[test]
fn pcap_in_every_form() {
    for endianness in [Endianness::Big, Endianness::Little] {
        for (resolution, nanos) in [(TsResolution::MicroSecond, 123_456_000), (TsResolution::NanoSecond, 123_456_789)] {
            let frames = all(&pcap(resolution, endianness, DataLink::ETHERNET, 20)).unwrap();
            assert_eq!(frames.len(), 1);
            assert_eq!(frames[0].time, Duration::new(1_700_000_000, nanos));
            assert_eq!(frames[0].frame.as_deref(), Ok(&FRAME[..]));
        }
    }
}

#[test]
fn frames_that_were_cut_are_told() {
    let frames = all(&pcap(TsResolution::MicroSecond, Endianness::Little, DataLink::ETHERNET, 21)).unwrap();
    assert!(frames[0].frame.as_ref().is_err_and(|why| why.contains("cut short")));
}

#[test]
fn other_links_and_damaged_files_are_errors() {
    let wifi = pcap(TsResolution::MicroSecond, Endianness::Little, DataLink::IEEE802_11, 20);
    assert!(Capture::of("x", &wifi[..]).is_err_and(|e| e.to_string().contains("link type 105")));
    let whole = pcap(TsResolution::MicroSecond, Endianness::Little, DataLink::ETHERNET, 20);
    assert!(Capture::of("x", &b"text"[..]).unwrap().is_none());
    for cut in 25..whole.len() {
        assert!(all(&whole[..cut]).is_err(), "{cut}");
    }
}

fn ng(resolution: Option<u8>, units: u64) -> Vec<u8> {
    let mut writer = PcapNgWriter::new(Vec::new()).unwrap();
    let options = resolution.map(InterfaceDescriptionOption::IfTsResol).into_iter().collect();
    let interface = InterfaceDescriptionBlock { linktype: DataLink::ETHERNET, snaplen: 0, options };
    writer.write_pcapng_block(interface).unwrap();
    let packet = EnhancedPacketBlock {
        interface_id: 0,
        timestamp: Duration::from_nanos(units),
        original_len: 20,
        data: Cow::Borrowed(&FRAME),
        options: Vec::new(),
    };
    writer.write_pcapng_block(packet).unwrap();
    writer.into_inner()
}

#[test]
fn pcapng_times_are_in_units_of_their_interface() {
    for (resolution, units, want) in [
        (None, 1_500_000, Duration::from_millis(1_500)),
        (Some(6), 1_500_000, Duration::from_millis(1_500)),
        (Some(9), 1_500_000_000, Duration::from_millis(1_500)),
        (Some(3), 1_500, Duration::from_millis(1_500)),
        (Some(0x80 | 10), 1_536, Duration::from_millis(1_500)),
        (Some(0x7f), 1, Duration::ZERO),
    ] {
        let frames = all(&ng(resolution, units)).unwrap();
        assert_eq!(frames[0].time, want, "{resolution:?}");
        assert_eq!(frames[0].frame.as_deref(), Ok(&FRAME[..]));
    }
}
