//! What changes by the hour and changes what packets cost: what nobody needs is not even looked for.
//!
//! Owns: the map of switches. Refuses: what they mean (their stages know).
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use firewall_common::policy::SWITCHES as COUNT;

#[map]
static SWITCHES: Array<u64> = Array::with_max_entries(COUNT as u32, 0);

/// A switch's value; 0 where it is off.
#[inline(always)]
pub(crate) fn value(switch: u32) -> u64 {
    SWITCHES.get(switch).map_or(0, |value| *value)
}
