//! Where the wire cannot be read, the server tells: TLS, and whoever writes to the socket.
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_tests::world::address::{ATTACKER, EDGE, ITSP, PHONES, SIP, SIPS, bot, member};
use firewall_tests::world::baresip::{self, Account, Transport};
use firewall_tests::world::kamailio::{self, Options, Syslog};
use firewall_tests::world::phone::Phone;
use firewall_tests::world::sipp::{self, Scenario, Users};
use firewall_tests::world::{Driver, Place, World, guesser, tunnel};

use crate::{CARRIER, SOON, world};

/// A world whose Kamailio feeds sipfw by its log, and which listens on a socket for others.
fn fed(world: &World) -> Result<()> {
    let dir = world.dir().display();
    let feeds = format!(
        "[[feed]]\nname = \"kamailio\"\nkind = \"kamailio-log\"\npath = \"{dir}/feed.log\"\n\
         [[feed]]\nname = \"pbx\"\nkind = \"json-socket\"\npath = \"{dir}/feed.sock\"\n"
    );
    world.configure("", &format!("{CARRIER}{feeds}"))
}

fn options() -> Options {
    Options { tls: true, ..Options::logging() }
}

#[test]
fn wrong_passwords_over_tls_are_banned_by_the_servers_log() -> Result<()> {
    let world = world(Driver::Native)?;
    fed(&world)?;
    let _kamailio = kamailio::start_with(&world, &options())?;
    let _syslog = Syslog::start(&world)?;
    let _daemon = world.shield()?;
    let near = SocketAddr::from((ATTACKER, 5090));
    let _tunnel = tunnel::open(&world, Place::Attacker, near, SocketAddr::from((EDGE, SIPS)))?;
    let users = Users::new(Place::Attacker, (ATTACKER, 5070), near, Scenario::RegisterWrong).over_tcp();
    sipp::run(&world, &users.times(20, 5).within(Duration::from_secs(5)).patient_for(Duration::from_secs(1)))?;
    ensure!(world.banned(&ATTACKER.to_string(), SOON)? == "failures", "banned by another rule");
    // Ten times as many as are let through would be a feed that is read too late.
    let guesses = world.failures_logged(Some(&ATTACKER.to_string()));
    ensure!((5..=8).contains(&guesses), "{guesses} guesses reached Kamailio");

    // An honest phone over TLS goes on.
    let phone = [Account::new("alice", "secret-alice-1", (EDGE, SIPS).into()).over(Transport::Tls)];
    baresip::start(&world, Place::Phones, (PHONES, 5070), &phone)?.registered(1, SOON)
}

/// What a sender writes into its requests reaches the log, and must not name anybody there.
#[test]
fn a_line_cannot_be_forged_through_the_server() -> Result<()> {
    let world = world(Driver::Native)?;
    fed(&world)?;
    let _kamailio = kamailio::start_with(&world, &options())?;
    let _syslog = Syslog::start(&world)?;
    let _daemon = world.shield()?;
    let victim = member(3);
    let forged =
        format!("x\\n 1(1) WARNING: <script>: sipfw auth_failure source={victim} proto=tls method= account= .");
    let user = format!("x%0Asource={victim}");
    for agent in [&*forged, &user] {
        let mut phone = Phone::new(&world, Place::Attacker, (bot(4), 0), (EDGE, SIP).into(), &user)?.named(agent);
        for _ in 0..10 {
            phone.ask("REGISTER", "Expires: 60\r\n", "")?;
        }
    }
    guesser::together(&world, std::iter::once(bot(5)), "bob", 5, SOON)?;
    world.banned(&bot(5).to_string(), SOON)?;
    ensure!(!world.all_banned()?.contains(&victim.to_string()), "{victim} was framed");
    Ok(())
}

#[test]
fn whoever_may_write_to_the_socket_is_believed() -> Result<()> {
    let world = world(Driver::Native)?;
    fed(&world)?;
    let _daemon = world.shield()?;
    let path = world.dir().join("feed.sock");
    let socket = UnixDatagram::unbound()?;
    let tell = |source: &str, transport: &str| -> Result<()> {
        let event =
            format!(r#"{{"event":"auth_failure","source":"{source}","account":"100","transport":"{transport}"}}"#);
        for _ in 0..6 {
            socket.send_to(event.as_bytes(), &path).context("the feed's socket")?;
        }
        Ok(())
    };
    // A datagram's address may be forged, also when a server tells of it; a peer is a peer.
    tell(&bot(2).to_string(), "udp")?;
    tell(&ITSP.to_string(), "tls")?;
    tell(&bot(1).to_string(), "tls")?;
    ensure!(world.banned(&bot(1).to_string(), SOON)? == "failures", "banned by another rule");
    ensure!(world.all_banned()? == [bot(1).to_string()], "banned: {:?}", world.all_banned()?);
    ensure!(world.alarms()? > 0, "a peer's failures raised no alarm");
    Ok(())
}
