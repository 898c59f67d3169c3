//! tmp
use firewall_common::policy::*;
use firewall_common::sip::signature::*;
use firewall_userspace::dataplane::{load::*, probe};
fn main() -> anyhow::Result<()> {
    let mut ports = Box::new(PortTable([0; 65536]));
    ports.0[5060] = port::SIP_UDP | port::SIP_TCP;
    let mut t = Box::new(Table::new(7));
    assert!(t.insert(Field::UserAgent, "friendly-scanner", 3));
    let g = Generation {
        policy: Policy { scan_max: std::env::var("SCAN").map_or(2048, |v| v.parse().unwrap()), ..Policy::OPEN },
        ports,
        peer_filter: Box::new(PrefixFilter::new()),
        signatures: t,
        peers: vec![],
        rules: vec![PeerRule::ANY],
    };
    let mut e = load(&g, &Capacities::default(), None)?;
    for n in PROGRAMS {
        let t = std::time::Instant::now();
        let p = verify(&mut e, n)?;
        println!("{n} {:?} insns {:?}", t.elapsed(), p.info()?.verified_instruction_count());
    }
    let _ = probe::MIN_FRAME;
    Ok(())
}
