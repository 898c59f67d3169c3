//! The frames that figures are measured with.
//!
//! Owns: one REGISTER as phones send it, in UDP over IPv4. Refuses: variety (the verdict tables have that).
use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use etherparse::PacketBuilder;

/// Where the IPv4 header's checksum stands in a frame.
pub(super) const CHECKSUM: usize = 24;
/// Where the IPv4 source stands.
pub(super) const SOURCE: usize = 26;
/// Where the destination port stands.
pub(super) const PORT: usize = 36;
/// Where the sequence number of RTP stands.
pub(super) const SEQUENCE: usize = PAYLOAD + 2;
/// As far as frames are changed.
pub(super) const READ: usize = SEQUENCE + 2;
/// Where the UDP payload begins.
pub(super) const PAYLOAD: usize = 42;

/// The server's link-layer address.
pub(super) const SERVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// The server.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The port that is protected.
pub(super) const SIP: u16 = 5060;

/// A REGISTER of a legal phone with credentials.
pub(super) const REGISTER: &str = "REGISTER sip:pbx.example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-524287-1---4a0d1c5e8d3f2b11;rport\r\n\
    Max-Forwards: 70\r\n\
    Contact: <sip:1001@198.51.100.7:5060;rinstance=5e2a0d7f6f3c9a10>\r\n\
    To: \"Alice\" <sip:1001@pbx.example.com>\r\n\
    From: \"Alice\" <sip:1001@pbx.example.com>;tag=7b3e2a4f\r\n\
    Call-ID: ODQ2YjE0Y2Q5MmE3ZWI0MDk1ZTVhMGE1NTQ3NTQ0ZDI\r\n\
    CSeq: 2 REGISTER\r\n\
    Expires: 300\r\n\
    Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE\r\n\
    User-Agent: Z 5.6.4 v2.10.20.4\r\n\
    Authorization: Digest username=\"1001\",realm=\"pbx.example.com\",nonce=\"65f0a3b1b2c8d4e5\",\
    uri=\"sip:pbx.example.com\",response=\"3b5ce0f2a9d14b8d9a0b44d8d7c1a6f0\",algorithm=MD5\r\n\
    Allow-Events: presence, kpml, talk\r\n\
    Content-Length: 0\r\n\r\n";

/// A REGISTER from `source` to `port`, with a UDP checksum of zero, so that the source can be changed.
pub(super) fn register(source: Ipv4Addr, port: u16) -> Result<Vec<u8>> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 2], SERVER_MAC)
        .ipv4(source.octets(), SERVER.octets(), 64)
        .udp(SIP, port)
        .write(&mut frame, REGISTER.as_bytes())?;
    frame[PAYLOAD - 2..PAYLOAD].fill(0);
    Ok(frame)
}

/// A session description whose keys stand in its last line, so that it is read to its end.
const OFFER: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n\
    m=audio 40000 RTP/SAVP 111 9 0 8 101\r\na=rtcp:40001 IN IP4 198.51.100.7\r\na=mid:0\r\na=sendrecv\r\n\
    a=candidate:1 1 udp 2113937151 192.0.2.99 40000 typ host generation 0 network-cost 999\r\n\
    a=candidate:2 1 udp 1677729535 198.51.100.7 40000 typ srflx raddr 192.0.2.99 rport 40000\r\n\
    a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
    a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-16\r\na=ptime:20\r\n";
const KEYS: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\n";

/// An INVITE from `source` with `len` bytes of payload, which can lead to SRTP.
pub(super) fn invite(source: Ipv4Addr, len: usize) -> Result<Vec<u8>> {
    invite_to(source, "sip:pbx.example.com", len)
}

/// The same to any URI.
pub(super) fn invite_to(source: Ipv4Addr, uri: &str, len: usize) -> Result<Vec<u8>> {
    let head = REGISTER
        .replace("REGISTER sip:pbx.example.com ", &format!("INVITE {uri} "))
        .replace("REGISTER", "INVITE")
        .replace("Expires: 300", "Content-Type: application/sdp");
    let (head, _) = head.split_once("Authorization").context("the REGISTER has no credentials")?;
    let body = |pad: usize| format!("{OFFER}a=x:{}\r\n{KEYS}", "x".repeat(pad));
    let message = |pad: usize| format!("{head}Content-Length: {:4}\r\n\r\n{}", body(pad).len(), body(pad));
    let pad = len.checked_sub(message(0).len()).context("the INVITE is longer")?;
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 2], SERVER_MAC)
        .ipv4(source.octets(), SERVER.octets(), 64)
        .udp(SIP, SIP)
        .write(&mut frame, message(pad).as_bytes())?;
    Ok(frame)
}

/// A response of the server from its port `port` to a phone.
pub(super) fn leaving(port: u16) -> Result<Vec<u8>> {
    let mut frame = Vec::new();
    let response = REGISTER.replace("REGISTER sip:pbx.example.com SIP/2.0", "SIP/2.0 401 Unauthorized");
    PacketBuilder::ethernet2(SERVER_MAC, [2, 0, 0, 0, 0, 2])
        .ipv4(SERVER.octets(), [40, 1, 2, 3], 64)
        .udp(port, SIP)
        .write(&mut frame, response.as_bytes())?;
    Ok(frame)
}

/// The sum of the words of a frame's IPv4 header, without its source and its checksum.
pub(super) fn partial_checksum(frame: &[u8]) -> u32 {
    let word = |at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
    (14..34).step_by(2).filter(|at| ![CHECKSUM, SOURCE, SOURCE + 2].contains(at)).map(word).sum()
}
