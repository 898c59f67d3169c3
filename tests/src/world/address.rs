//! Who is where. The documentation's networks (RFC 5737, RFC 3849), the benchmarks' (RFC 2544) for spoofed sources, and
//! the shared address space (RFC 6598) for phones behind addresses of their own.
//!
//! Owns: every address of the world. Refuses: setting them (the layout does).
use std::net::{Ipv4Addr, Ipv6Addr};

/// The server.
pub const EDGE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The server.
pub const EDGE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1);
/// The carrier.
pub const ITSP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
/// The carrier.
pub const ITSP6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x10, 0, 0, 0, 0, 0x10);
/// The phones' office.
pub const PHONES: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 20);
/// The phones' office.
pub const PHONES6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x20, 0, 0, 0, 0, 0x20);
/// The attacker's own address.
pub const ATTACKER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);
/// The attacker's own address.
pub const ATTACKER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xbad, 0, 0, 0, 0, 0x66);
/// Addresses that the attacker really has: a botnet's. Processes there can bind any of them.
pub const BOTNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 0);
/// Bits of [`BOTNET`]'s prefix.
pub const BOTNET_BITS: u8 = 24;
/// The same in IPv6: many /64.
pub const BOTNET6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xbad, 0, 0, 0, 0, 0);
/// Bits of [`BOTNET6`]'s prefix.
pub const BOTNET6_BITS: u8 = 48;
/// Addresses that the phones really have, beside their office's. Processes there can bind any of them.
pub const CROWD: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 0);
/// Bits of [`CROWD`]'s prefix.
pub const CROWD_BITS: u8 = 16;
/// The same in IPv6: many /64.
pub const CROWD6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x20, 0, 0, 0, 0, 0);
/// Bits of [`CROWD6`]'s prefix.
pub const CROWD6_BITS: u8 = 48;
/// What the attacker pretends to be: answers go to it, and it ignores them.
pub const SPOOFED: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
/// Bits of [`SPOOFED`]'s prefix.
pub const SPOOFED_BITS: u8 = 15;

/// A host behind the server, in worlds that have one.
pub const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 130);
/// A phone at home, behind [`PHONES`], in worlds that have one. Nobody but its router knows this address.
pub const HOME: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 2);
/// That router's inner address.
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);

/// Hardware addresses are constants, so that generated frames need no look-up.
pub const EDGE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x01];
/// The carrier's.
pub const ITSP_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x10];
/// The phones'.
pub const PHONES_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x20];
/// The attacker's.
pub const ATTACKER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x66];

/// The port of SIP.
pub const SIP: u16 = 5060;
/// The port of SIP over TLS.
pub const SIPS: u16 = 5061;

/// The attacker's address with a number, from 1 to 250; never [`ATTACKER`].
pub fn bot(number: u8) -> Ipv4Addr {
    assert!((1..=250).contains(&number), "the botnet has no address {number}");
    let [a, b, c, _] = BOTNET.octets();
    Ipv4Addr::new(a, b, c, if number < ATTACKER.octets()[3] { number } else { number + 1 })
}

/// An address of the crowd: number 0 is the first.
pub fn member(number: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(CROWD) + u32::from(number))
}
