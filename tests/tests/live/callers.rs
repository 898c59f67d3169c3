//! Who may call: lists, callers who hide, and those who claim to be one of us.
use std::net::SocketAddr;

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, ITSP, PHONES, SIP};
use firewall_tests::world::dialler::Dialler;
use firewall_tests::world::{Driver, Place, World, kamailio};

use crate::{CARRIER, SOON, world};

const CALLERS: &str = "[callers]\npolicy = \"listed\"\nanonymous = \"refuse\"\nown_numbers = [\"+4930123456\"]\n\
                       own_domains = [\"pbx.example.com\"]\n[numbers]\ncountry = \"49\"\n";
/// Nobody has this extension; whoever is told so has got through.
const NOBODY: &str = "sip:nobody@192.0.2.1";
const PASSED: u16 = 404;
const DECLINED: u16 = 603;
const ANONYMOUS: u16 = 433;

fn server() -> SocketAddr {
    (EDGE, SIP).into()
}

fn carrier(world: &World) -> Result<Dialler> {
    Dialler::udp(world, Place::Itsp, (ITSP, 0), server())
}

fn protected() -> Result<(World, impl Sized)> {
    let world = world(Driver::Native)?;
    world.configure("", &format!("{CARRIER}{CALLERS}"))?;
    let daemon = world.shield()?;
    world.told(&["caller", "deny", "+4930111", "--comment", "calls at night"])?;
    let kamailio = kamailio::start(&world)?;
    Ok((world, (daemon, kamailio)))
}

#[test]
fn the_carriers_callers_are_judged_by_who_they_are() -> Result<()> {
    let (world, _running) = protected()?;
    for (from, more, want) in [
        ("<sip:+4930222@carrier.example.net>", "", PASSED),
        ("<sip:+4930111999@carrier.example.net>", "", DECLINED),
        ("<sip:0049-30-111-999@carrier.example.net>", "", DECLINED),
        ("\"+4930222\" <sip:%2B4930111999;x=y:z@carrier.example.net>", "", DECLINED),
        ("<tel:030111999>", "", DECLINED),
        (
            "<sip:+4930222@carrier.example.net>",
            "P-Asserted-Identity: <sip:+4930111999@carrier.example.net>\r\n",
            DECLINED,
        ),
        (
            "<sip:+4930222@carrier.example.net>",
            "Remote-Party-ID: <sip:+4930111999@c.example.net>;party=calling\r\n",
            DECLINED,
        ),
        ("\"Anonymous\" <sip:anonymous@anonymous.invalid>", "", ANONYMOUS),
        ("<sip:+4930123456@carrier.example.net>", "", DECLINED),
        ("<sip:boss@pbx.example.com>", "", DECLINED),
        ("<sip:boss@PBX.Example.com:5060>", "", DECLINED),
        ("<sip:boss@pbx.example.com.evil.example>", "", PASSED),
    ] {
        let status = carrier(&world)?.from(from).with(more).dial(NOBODY)?;
        ensure!(status == Some(want), "{from} with {more:?} was answered {status:?} instead of {want}");
    }
    for reason in [Reason::CallerDenied, Reason::CallerAnonymous, Reason::CallerSpoofed] {
        ensure!(world.counted(reason)? > 0, "nothing was {}", reason.word());
    }
    Ok(())
}

/// A stranger's asserted identity is worth nothing; nor does it hide who he is.
#[test]
fn what_a_stranger_asserts_is_not_believed() -> Result<()> {
    let (world, _running) = protected()?;
    let phone = |from: &str, more: &str| -> Result<Option<u16>> {
        let mut dialler = Dialler::udp(&world, Place::Phones, (PHONES, 0), server())?;
        ensure!(dialler.register()? == Some(200), "not registered");
        world.trusted(&PHONES.to_string(), SOON)?;
        dialler.from(from).with(more).dial(NOBODY)
    };
    let asserted = "P-Asserted-Identity: <sip:+4930222@carrier.example.net>\r\n";
    ensure!(phone("<sip:+4930111999@x.example.net>", asserted)? == Some(DECLINED), "a denied caller got through");
    let asserted = "P-Asserted-Identity: <sip:+4930111999@carrier.example.net>\r\n";
    let status = phone("<sip:alice@192.0.2.1>", asserted)?;
    ensure!(status == Some(PASSED), "alice was answered {status:?}");
    Ok(())
}
