//! What the daemon and our own side would have put into the maps of media.
//!
//! Owns: opening flows, reading what the kernel noted of them, and whom ports send to. Refuses: calls.
use std::net::IpAddr;

use aya::maps::{Array, Map, MapData};
use firewall_common::maps;
use firewall_common::media::{FLOWS_OF_PORT, Flow, Learned, remote_hash};
use firewall_common::policy::SWITCH_DAEMON;

use super::shield::{KEY, Shield};

impl Shield {
    /// Opens a flow at the `place`-th place, and publishes it at its port behind those that are there.
    pub fn open(&mut self, place: u32, flow: Flow) {
        self.set_flow(place, flow);
        let mut pinholes: Array<_, [u32; FLOWS_OF_PORT]> = self.map(maps::PINHOLES);
        let port = u32::from(flow.local_port);
        let mut places = pinholes.get(&port, 0).expect("there is the port");
        *places.iter_mut().find(|place| **place == 0).expect("the port has room for the flow") = place + 1;
        pinholes.set(port, places, 0).expect("there is the port");
    }

    /// Changes a flow where it is.
    pub fn set_flow(&mut self, place: u32, flow: Flow) {
        let mut flows: Array<_, Flow> = self.map(maps::FLOWS);
        flows.set(place, flow, 0).expect("there is room for the flow");
    }

    /// A flow as it stands.
    pub fn flow(&self, place: u32) -> Flow {
        let flows: Array<_, Flow> = array(self.map_to_read(maps::FLOWS));
        flows.get(&place, 0).expect("there is the flow")
    }

    /// Whom a port is known to send to.
    pub fn learned(&self, port: u16) -> Learned {
        let learned: Array<_, Learned> = array(self.map_to_read(maps::LEARNED));
        learned.get(&u32::from(port), 0).expect("there is the port")
    }

    /// Notes that our side sent something from a port to a remote side at `now`.
    pub fn sent_media(&mut self, port: u16, remote: &str, remote_port: u16, now: u64) {
        let addr = remote.parse::<IpAddr>().expect("a test writes addresses rightly").into();
        let mut learned: Array<_, Learned> = self.map(maps::LEARNED);
        let mut of_port = learned.get(&u32::from(port), 0).expect("there is the port");
        of_port.sent(remote_hash(addr, remote_port, KEY), now, true);
        learned.set(u32::from(port), of_port, 0).expect("there is the port");
    }

    /// Until when the daemon counts as alive, in the kernel's nanoseconds.
    pub fn daemon_until(&mut self, until: u64) {
        self.switch(SWITCH_DAEMON, |_| until);
    }
}

fn array<V: aya::Pod>(map: &Map) -> Array<&MapData, V> {
    Array::try_from(map).expect("the map is of this kind")
}
