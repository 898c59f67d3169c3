//! Which lists there are, and what is around them.
//!
//! Owns: the config's lists in the database, and gathering what a list is judged by. Refuses: judging.
use firewall_common::addr::{Addr, Prefix};

use super::fitness::{Room, Surroundings};
use crate::config::Config;
use crate::store::{ListOrigin, Result, Store};

/// Makes the config's lists known to the database, and forgets those that it does not name any more; returns their names.
/// Where a person added a list of the same name, the config's takes its place.
pub fn register(store: &mut Store, config: &Config) -> Result<Vec<String>> {
    let names: Vec<&str> = config.blocklists().iter().map(|list| list.name.as_str()).collect();
    for list in config.blocklists() {
        store.put_blocklist(&list.spec(), ListOrigin::Config)?;
    }
    store.retain_config_blocklists(&names)
}

/// What a list is judged by: these peers, this machine's addresses, and the config's capacities.
pub fn surroundings(config: &Config, peers: Vec<Prefix>) -> Surroundings {
    let capacity = config.capacity();
    let v6_prefix = u8::try_from(config.strangers().v6_prefix.get()).unwrap_or(64);
    Surroundings { peers, own: own(), room: Room::of(capacity.bans.get(), capacity.entries.get(), v6_prefix) }
}

/// This machine's addresses. Without the right to see them, a list that names one is as harmless as it is odd: no packet
/// from outside has them as its source.
fn own() -> Vec<Prefix> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.iter().map(|interface| Prefix::host(Addr::from(interface.ip()))).collect()
}
