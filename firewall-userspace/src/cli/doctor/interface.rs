//! The interface: can the program run in its driver, and does it see packets as they came?
//!
//! Owns: what concerns one interface. Refuses: being sure of a driver that it does not know.
use std::fs;

use super::Finding;
use super::ethtool::{self, Ethtool};
use crate::config::{Config, Interface};
use crate::dataplane::netdev::{self, Device};
use crate::dataplane::{AttachMode, Instance};

/// Drivers with native XDP as of Linux 6.12 (those that set `.ndo_bpf`). Others may have got it since.
const NATIVE: &[&str] = &[
    "am65-cpsw-nuss",
    "atlantic",
    "bnxt_en",
    "bonding",
    "cpsw",
    "dpaa2-eth",
    "dpaa_eth",
    "ena",
    "enetc",
    "enetc4",
    "fec",
    "fsl_dpaa2_eth",
    "fsl_enetc",
    "gve",
    "hv_netvsc",
    "i40e",
    "ice",
    "igb",
    "igc",
    "ionic",
    "ixgbe",
    "ixgbevf",
    "lan966x",
    "mana",
    "mlx4_en",
    "mlx5_core",
    "mtk_eth_soc",
    "mvneta",
    "mvpp2",
    "netsec",
    "nfp",
    "nicvf",
    "qede",
    "rvu_nicpf",
    "rvu_nicvf",
    "sfc",
    "st_gmac",
    "stmmac",
    "thunder-nicvf",
    "tsnep",
    "tun",
    "veth",
    "virtio_net",
    "vmxnet3",
    "xen-netfront",
];
/// Up to this MTU a packet fits one buffer with every driver.
const ONE_BUFFER: u32 = 3_000;

pub(super) fn findings(wanted: Option<&str>, config: &Config) -> Vec<Finding> {
    let device = match device(wanted, config) {
        Ok(device) => device,
        Err(finding) => return vec![finding],
    };
    let ethtool = ethtool::ask(&device.name);
    let instance = loaded_mode(&device, config);
    let mut findings = vec![
        Finding::ok("interface", device.name.clone()),
        attached(&device, instance),
        native(&device, &ethtool, instance),
        mtu(&device),
        offloads(&device.name, &ethtool),
        queues(&device.name, &ethtool),
        reverse_path(&device.name),
    ];
    findings.extend(small_rings(&ethtool));
    findings
}

fn device(wanted: Option<&str>, config: &Config) -> Result<Device, Finding> {
    const NAME: &str = "interface";
    let name = match (wanted, config.interface()) {
        (Some(name), _) => name.to_owned(),
        (None, Interface::Named(name)) => name.clone(),
        (None, Interface::Auto) => netdev::default_route().ok().flatten().ok_or_else(|| {
            Finding::fail(NAME, "there is no default route to take it from", "name one with --iface or in the config")
        })?,
    };
    match netdev::find(&name) {
        Ok(Some(device)) => Ok(device),
        Ok(None) => Err(Finding::fail(NAME, format!("there is no {name}"), "`ip link` lists those that there are")),
        Err(error) => Err(Finding::fail(NAME, format!("{name} cannot be asked about: {error}"), "run this with sudo")),
    }
}

/// How our own program runs there, if it does.
fn loaded_mode(device: &Device, config: &Config) -> Option<AttachMode> {
    let infos = Instance::list(config.paths()).ok()?;
    let ours = infos.iter().find(|info| info.iface == device.name)?;
    device.xdp.filter(|xdp| Some(xdp.program_id) == ours.program_id).map(|xdp| xdp.mode)
}

fn attached(device: &Device, ours: Option<AttachMode>) -> Finding {
    const NAME: &str = "other program";
    match (device.xdp, ours) {
        (None, _) => Finding::ok(NAME, "no XDP program is on the interface"),
        (Some(_), Some(mode)) => Finding::ok(NAME, format!("sipfw itself is on the interface ({})", mode.word())),
        (Some(xdp), None) => {
            let fix = format!("end what attached it, or `ip link set dev {} xdp off`", device.name);
            Finding::fail(NAME, format!("XDP program {} is on the interface already", xdp.program_id), fix)
        }
    }
}

fn native(device: &Device, ethtool: &Ethtool, ours: Option<AttachMode>) -> Finding {
    const NAME: &str = "driver";
    let driver = ethtool.driver.as_deref().unwrap_or("unknown");
    let slower = "generic mode works with every driver and costs more per packet; `sipfw run` says which one it got";
    match ours {
        Some(AttachMode::Native) => return Finding::ok(NAME, format!("{driver}: the program runs natively")),
        Some(AttachMode::Generic) => {
            return Finding::warn(NAME, format!("{driver}: the program runs in generic mode"), slower);
        }
        None => {}
    }
    if NATIVE.contains(&driver) {
        return Finding::ok(NAME, format!("{driver}: has native XDP"));
    }
    if device.name == "lo" {
        return Finding::warn(NAME, "the loopback takes only generic mode", slower);
    }
    Finding::warn(NAME, format!("{driver}: not known for native XDP"), slower)
}

fn mtu(device: &Device) -> Finding {
    const NAME: &str = "MTU";
    if device.mtu <= ONE_BUFFER {
        return Finding::ok(NAME, format!("{}: a packet fits one buffer", device.mtu));
    }
    let fix = format!("`ip link set dev {} mtu 1500` if nothing on this network needs more", device.name);
    Finding::warn(
        NAME,
        format!("{}: packets may take several buffers, which not every driver hands over", device.mtu),
        fix,
    )
}

/// The program is to see packets as they came, not several put together.
fn offloads(name: &str, ethtool: &Ethtool) -> Finding {
    const NAME: &str = "LRO and GRO";
    let gro = ethtool.gro.map_or("unknown", |on| if on { "on" } else { "off" });
    match ethtool.lro {
        Some(true) => {
            let fix = format!("ethtool -K {name} lro off; most drivers refuse native XDP while it is on");
            Finding::warn(NAME, format!("LRO on, GRO {gro}"), fix)
        }
        Some(false) => Finding::ok(NAME, format!("LRO off, GRO {gro} (it comes after native XDP)")),
        None => Finding::ok(NAME, "not to be seen on this interface"),
    }
}

fn queues(name: &str, ethtool: &Ethtool) -> Finding {
    const NAME: &str = "queues";
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let Some(channels) = &ethtool.channels else {
        return Finding::ok(NAME, "the driver does not say");
    };
    let found = format!("{} of at most {}, for {cpus} CPUs", channels.now, channels.most);
    if (channels.now as usize) < cpus && channels.now < channels.most {
        let wanted = channels.most.min(u32::try_from(cpus).unwrap_or(u32::MAX));
        return Finding::warn(
            NAME,
            found,
            format!("ethtool -L {name} combined {wanted} (or rx {wanted}) uses more CPUs"),
        );
    }
    Finding::ok(NAME, found)
}

/// virtio_net keeps a sending queue for each CPU while XDP runs.
fn small_rings(ethtool: &Ethtool) -> Option<Finding> {
    let cpus =
        u32::try_from(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)).unwrap_or(u32::MAX);
    let channels = ethtool.channels.as_ref().filter(|_| ethtool.driver.as_deref() == Some("virtio_net"))?;
    (channels.most < cpus).then(|| {
        let fix = "give the virtual machine more queues (queues= of the network device), or live with generic mode";
        Finding::warn("virtio queues", format!("{} for {cpus} CPUs: native XDP may lack queues", channels.most), fix)
    })
}

/// With a strict filter the kernel drops what is not routed back the same way; that is not our drop, but looks like it.
fn reverse_path(name: &str) -> Finding {
    const NAME: &str = "rp_filter";
    let value = |which: &str| {
        let text = fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{which}/rp_filter")).ok()?;
        text.trim().parse::<u8>().ok()
    };
    // The kernel takes the greater of both; 2 is the loose form.
    match value("all").max(value(name)) {
        Some(0) => {
            let fix = "sysctl -w net.ipv4.conf.all.rp_filter=1 (2 with asymmetric routes) drops some forged sources";
            Finding::warn(NAME, "off: forged sources that are routed elsewhere pass the kernel", fix)
        }
        Some(1) => Finding::ok(NAME, "strict: the kernel drops what it would answer by another interface"),
        Some(_) => Finding::ok(NAME, "loose"),
        None => Finding::ok(NAME, "not to be seen"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_are_sorted_and_known_once() {
        assert!(NATIVE.is_sorted() && NATIVE.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn offloads_that_stop_native_xdp_are_warned_of() {
        let finding = offloads("eth0", &Ethtool { lro: Some(true), gro: Some(true), ..Ethtool::default() });
        assert!(finding.level == super::super::Level::Warn && finding.fix.is_some());
    }
}
