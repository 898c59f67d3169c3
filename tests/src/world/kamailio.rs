//! The server: Kamailio as registrar and proxy with digest users and a trunk.
//!
//! Owns: starting it in a world as asked for, knowing when it answers, and what it logged. Refuses: its rules
//! (tests/peers/kamailio/ has them).
mod options;
mod syslog;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use super::address::{EDGE, EDGE6, SIP};
use super::process::Process;
use super::{Place, World, certificate};

pub use options::{Algorithm, Nonces, Options, Quality, Relay, Unknown};
pub use syslog::Syslog;

/// A registrar and proxy with digest users and a trunk.
const PROXY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/kamailio/kamailio.cfg");
/// A registrar whose script tells of failed authentications as docs/feeds.md shows.
pub const FEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/kamailio/feed.cfg");
const START: Duration = Duration::from_secs(20);
const ASK: Duration = Duration::from_millis(200);

/// Starts Kamailio on the server, as plain as it gets, and waits until it answers.
pub fn start(world: &World) -> Result<Process> {
    start_with(world, &Options::default())
}

/// Starts it with options.
pub fn start_with(world: &World, options: &Options) -> Result<Process> {
    start_from(world, PROXY, options)
}

/// Starts it with another config, which may make little of the options.
pub fn start_from(world: &World, config: &str, options: &Options) -> Result<Process> {
    let run = world.dir().join("kamailio");
    std::fs::create_dir_all(&run)?;
    let netns = world.netns(Place::Edge);
    let mut command = netns.command("kamailio");
    // -DD: in the foreground, so that the id we keep is the main process's.
    command.args(["-DD", "-E", "-m", "128", "-M", "8", "-f", config, "-Y"]).arg(&run).arg("-w").arg(&run);
    options.define(&mut command);
    if options.tls {
        let certificate = certificate(&run)?;
        command.args(["-A", "WITH_TLS", "-A", &format!("TLS_CONFIG=\"{certificate}\"")]);
    }
    let mut process = Process::start(&mut command, "kamailio", &world.kamailio_log())?;
    // From the server itself: the way through its interface is what tests are about.
    let socket = netns.within(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)))??;
    socket.set_read_timeout(Some(ASK))?;
    process.ready(START, || answers(&socket).then_some(()))?;
    Ok(process)
}

/// Makes a certificate; the file that tells Kamailio of it.
fn certificate(run: &Path) -> Result<String> {
    let made = certificate::make(run, &[EDGE.into(), EDGE6.into()])?;
    let config = run.join("tls.cfg");
    let server = "method = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n";
    let pair = format!("private_key = {}\ncertificate = {}\n", made.key.display(), made.cert.display());
    std::fs::write(&config, format!("[server:default]\n{server}{pair}[client:default]\n{server}"))?;
    Ok(config.display().to_string())
}

fn answers(socket: &UdpSocket) -> bool {
    let port = socket.local_addr().map_or(0, |addr| addr.port());
    let request = format!(
        "OPTIONS sip:{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {EDGE}:{port};branch=z9hG4bKready\r\nMax-Forwards: 70\r\n\
         From: <sip:ready@{EDGE}>;tag=1\r\nTo: <sip:{EDGE}>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    let mut answer = [0; 2048];
    let sent = socket.send_to(request.as_bytes(), SocketAddr::from((EDGE, SIP)));
    sent.is_ok() && socket.recv(&mut answer).is_ok_and(|len| answer[..len].starts_with(b"SIP/2.0 200"))
}

impl World {
    /// What Kamailio logs; with [`Options::log`] also each failed authentication.
    pub fn kamailio_log(&self) -> PathBuf {
        self.dir().join("kamailio.log")
    }

    /// Failed authentications that reached Kamailio, by its own log. Of one source, or of all.
    pub fn failures_logged(&self, source: Option<&str>) -> usize {
        let log = std::fs::read(self.kamailio_log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let wanted = source.map_or_else(|| "auth_failure source=".to_owned(), |s| format!("auth_failure source={s} "));
        log.lines().filter(|line| line.contains(&wanted)).count()
    }
}
