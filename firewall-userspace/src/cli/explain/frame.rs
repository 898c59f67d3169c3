//! The frame that is asked about: made of options, or read from a file.
//!
//! Owns: headers below SIP, and the forms of a file. Refuses: frames that the kernel's test run does not take.
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use etherparse::{LaxNetSlice, LaxSlicedPacket, PacketBuilder, TransportSlice};

use super::{Args, Carrier, message};
use crate::cli::failure::wrong;
use crate::cli::judge;
use crate::cli::replay::first_frame;
use crate::config::{Config, PortList};
use crate::report::verdict::Packet;

/// Locally administered addresses: nobody's.
const MACS: ([u8; 6], [u8; 6]) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
const SIP_PORT: u16 = 5060;
const HOPS: u8 = 64;
const WINDOW: u16 = 65_535;

/// The frame that the options describe.
pub(super) fn of(args: &Args, config: &Config) -> Result<Vec<u8>> {
    let frame = match (&args.frame, args.from) {
        (Some(file), _) => read(file)?,
        (None, Some(from)) => made(from, args, config)?,
        (None, None) => return Err(wrong("say --from ADDRESS or --frame FILE")),
    };
    match judge::fits(&frame) {
        Ok(()) => Ok(frame),
        Err(why) => bail!("the frame has {} bytes: it is {why}", frame.len()),
    }
}

fn made(from: IpAddr, args: &Args, config: &Config) -> Result<Vec<u8>> {
    let to = args.to.unwrap_or(if from.is_ipv4() { [192, 0, 2, 1].into() } else { "2001:db8::1".parse()? });
    let port = match args.port {
        Some(port) => port,
        None => first_port(args.transport, config)?,
    };
    let payload = match &args.payload {
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => message::of(args, from, to, port)?,
    };
    let link = PacketBuilder::ethernet2(MACS.0, MACS.1);
    let net = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => link.ipv4(from.octets(), to.octets(), HOPS),
        (IpAddr::V6(from), IpAddr::V6(to)) => link.ipv6(from.octets(), to.octets(), HOPS),
        _ => return Err(wrong("--from and --to are of different IP versions")),
    };
    let mut frame = Vec::new();
    let written = match args.transport {
        Carrier::Udp => net.udp(SIP_PORT, port).write(&mut frame, &payload),
        _ if payload.is_empty() => net.tcp(SIP_PORT, port, 1, WINDOW).syn().write(&mut frame, &payload),
        _ => net.tcp(SIP_PORT, port, 1, WINDOW).psh().ack(1).write(&mut frame, &payload),
    };
    written.with_context(|| format!("a payload of {} bytes makes no packet", payload.len()))?;
    Ok(frame)
}

fn first_port(transport: Carrier, config: &Config) -> Result<u16> {
    let first = |list: &PortList| list.ranges().first().map(|range| range.ends().0);
    let (port, word) = match transport {
        Carrier::Udp => (first(&config.ports().udp), "udp"),
        Carrier::Tcp => (first(&config.ports().tcp), "tcp"),
        Carrier::Tls => (first(&config.ports().tls), "tls"),
    };
    port.ok_or_else(|| wrong(format!("the config has no port for {word}: say which one is meant with --port")))
}

/// A capture's first frame, hexadecimal digits, or the bytes themselves.
fn read(file: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    if let Some(frame) = first_frame(file, &bytes)? {
        return Ok(frame);
    }
    Ok(from_hex(&bytes).unwrap_or(bytes))
}

/// The bytes of a text of hexadecimal digits, with blanks or colons wherever.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace() && *b != b':').collect();
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// What a frame is, as far as it can be read.
pub(in crate::cli) fn described(frame: &[u8]) -> Packet {
    let mut packet = Packet { bytes: frame.len(), ..Packet::default() };
    let Ok(sliced) = LaxSlicedPacket::from_ethernet(frame) else { return packet };
    let net = sliced.net.as_ref().and_then(|net| match net {
        LaxNetSlice::Ipv4(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        LaxNetSlice::Ipv6(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        _ => None,
    });
    (packet.from, packet.to) = net.unzip();
    match sliced.transport {
        Some(TransportSlice::Udp(udp)) => {
            packet.transport = Some("udp");
            packet.ports = Some((udp.source_port(), udp.destination_port()));
            packet.payload = udp.payload().to_vec();
        }
        Some(TransportSlice::Tcp(tcp)) => {
            packet.transport = Some("tcp");
            packet.ports = Some((tcp.source_port(), tcp.destination_port()));
            packet.payload = tcp.payload().to_vec();
        }
        _ => {}
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_are_bytes() {
        assert_eq!(from_hex(b"00 1f:Ff\n0a"), Some(vec![0, 0x1f, 0xff, 0x0a]));
        for raw in [&b""[..], b"012", b"zz", b"\x00\x01"] {
            assert_eq!(from_hex(raw), None);
        }
    }

    #[test]
    fn any_bytes_can_be_described() {
        for len in 0..80 {
            described(&vec![0x45; len]);
        }
    }
}
