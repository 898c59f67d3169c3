//! Names and the addresses that they stand for.
//!
//! Owns: the set that a generation of the program is made with. Refuses: knowing why.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use firewall_common::addr::{Addr, Prefix};
use serde::{Deserialize, Serialize};

/// Names, in small letters, with their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved(BTreeMap<String, BTreeSet<IpAddr>>);

impl Resolved {
    /// The addresses of a name as prefixes, in their order.
    pub fn prefixes(&self, name: &str) -> impl Iterator<Item = Prefix> {
        self.addresses(name).map(|ip| Prefix::host(Addr::from(ip)))
    }

    /// The addresses of a name, in their order.
    pub fn addresses(&self, name: &str) -> impl Iterator<Item = IpAddr> {
        self.0.get(name).into_iter().flatten().copied()
    }
}

impl FromIterator<(String, BTreeSet<IpAddr>)> for Resolved {
    fn from_iter<T: IntoIterator<Item = (String, BTreeSet<IpAddr>)>>(names: T) -> Self {
        Self(names.into_iter().collect())
    }
}
