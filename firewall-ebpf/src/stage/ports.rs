//! Which destination ports are protected.
//!
//! Owns: the port's class for a transport. Refuses: who may use it.
use firewall_common::packet::Protocol;
use firewall_common::policy::port;

use crate::constants::port_class;

/// The class bits of a port that matter for a protocol; 0: not protected.
#[inline(always)]
pub(crate) fn classify(protocol: Protocol, port: u16) -> u8 {
    let relevant = match protocol {
        Protocol::Udp => port::SIP_UDP | port::MEDIA,
        Protocol::Tcp => port::SIP_TCP | port::SIP_TLS,
    };
    port_class(port) & relevant
}
