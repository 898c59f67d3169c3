//! Honest phones: baresip, with accounts that register by themselves, and calls with media of every kind.
//!
//! Owns: its config, starting it, and what it says of its registrations. Refuses: calls (see [`control`]), and a sound card:
//! what it says is a tone, and what it hears goes nowhere.
mod control;

use std::fmt::Write as _;
use std::fs::File;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::process::Process;
use super::{Place, World, certificate, wait};
pub use control::{Control, Ended, Event};

/// What SIP travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// An encrypted one; whose certificate it is does not matter.
    Tls,
}

impl Transport {
    /// The word in a URI's `transport` parameter.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// How an account's media are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    Plain,
    /// SRTP with keys in the session description, and nothing else (RFC 4568).
    Sdes,
    /// The same keys offered over `RTP/AVP`: the answer decides (RFC 8643).
    MaybeSdes,
    /// SRTP with keys by DTLS (RFC 5763).
    Dtls,
}

impl Encryption {
    /// baresip's word.
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Sdes => Some("srtp-mand"),
            Self::MaybeSdes => Some("srtp"),
            Self::Dtls => Some("dtls_srtp"),
        }
    }
}

/// An account of a phone.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Its name.
    pub user: &'a str,
    /// Its password, right or wrong.
    pub password: &'a str,
    /// Where it registers, and how.
    pub server: SocketAddr,
    /// See [`Transport`].
    pub transport: Transport,
    /// Seconds of a registration. It is renewed in time; with 0, it does not register.
    pub seconds: u32,
    /// See [`Encryption`].
    pub encryption: Encryption,
    /// Whether it answers by itself.
    pub answers: bool,
    /// Whether it looks for a way by ICE (RFC 8445).
    pub ice: bool,
}

impl<'a> Account<'a> {
    /// An account that registers for a minute, over UDP, answers by itself, and knows no encryption.
    pub const fn new(user: &'a str, password: &'a str, server: SocketAddr) -> Self {
        let (transport, encryption) = (Transport::Udp, Encryption::Plain);
        Self { user, password, server, transport, seconds: 60, encryption, answers: true, ice: false }
    }

    /// One that registers nowhere.
    pub const fn of_nobody(user: &'a str, server: SocketAddr) -> Self {
        Self { seconds: 0, ..Self::new(user, "", server) }
    }

    /// See [`Transport`].
    #[must_use]
    pub const fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// See [`Encryption`].
    #[must_use]
    pub const fn with(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }

    /// It rings until it is told to answer.
    #[must_use]
    pub const fn ringing(self) -> Self {
        Self { answers: false, ..self }
    }

    /// It looks for a way by ICE.
    #[must_use]
    pub const fn with_ice(self) -> Self {
        Self { ice: true, ..self }
    }

    /// Its line in baresip's file.
    fn line(&self) -> String {
        let Self { user, password, server, transport, seconds, encryption, answers, ice } = self;
        let mut line = format!("<sip:{user}@{server};transport={}>;regint={seconds};sipnat=none", transport.word());
        if !password.is_empty() {
            line += &format!(";auth_user={user};auth_pass={password}");
        }
        if let Some(word) = encryption.word() {
            line += &format!(";mediaenc={word}");
        }
        line += if *answers { ";answermode=auto" } else { ";answermode=manual" };
        line + if *ice { ";medianat=ice;audio_codecs=pcma\n" } else { ";audio_codecs=pcma\n" }
    }
}

/// A phone that runs; dropping it ends it, and its registrations.
pub struct Baresip {
    process: Process,
    /// Where it takes commands.
    control: SocketAddr,
    netns: File,
}

const START: Duration = Duration::from_secs(30);

/// Where Debian and others put modules; the first that exists is taken.
const MODULES: [&str; 3] = [
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/lib/aarch64-linux-gnu/baresip/modules",
];

/// Its ports of media.
pub const MEDIA: &str = "30000-39999";

/// Starts a phone at an address of a namespace; the two ports above are its, too: SIP over TLS, and for being told what to
/// do.
pub fn start(world: &World, place: Place, local: impl Into<SocketAddr>, accounts: &[Account<'_>]) -> Result<Baresip> {
    let local = local.into();
    let dir = world.dir().join(format!("baresip-{}", local.to_string().replace([':', '.', '[', ']'], "-")));
    std::fs::create_dir_all(&dir)?;
    let control = SocketAddr::new(local.ip(), local.port() + 2);
    let mut config = config(local, control)?;
    if accounts.iter().any(|account| account.transport == Transport::Tls) {
        // Whoever calls it opens a connection of its own, and so it needs a certificate, too.
        let made = certificate::make(&dir, &[local.ip()])?;
        let both = [std::fs::read(made.key)?, std::fs::read(made.cert)?].concat();
        std::fs::write(dir.join("both.pem"), both)?;
        writeln!(config, "sip_certificate {}", dir.join("both.pem").display())?;
    }
    std::fs::write(dir.join("config"), config)?;
    std::fs::write(dir.join("uuid"), "00000000-0000-4000-8000-000000000001")?;
    std::fs::write(dir.join("accounts"), accounts.iter().map(Account::line).collect::<String>())?;
    let mut command = world.netns(place).command("baresip");
    command.arg("-f").arg(&dir).env("HOME", &dir);
    let process = Process::start(&mut command, "baresip", &dir.join("screen.log"))?;
    Ok(Baresip { process, control, netns: world.netns(place).file()? })
}

fn config(local: SocketAddr, control: SocketAddr) -> Result<String> {
    let modules =
        MODULES.into_iter().find(|path| std::path::Path::new(path).is_dir()).context("no modules of baresip")?;
    // Its tone is made at 48 kHz on two channels, and only so.
    let mut text = format!(
        "poll_method epoll\nsip_listen {local}\nsip_trans_def udp\nnet_interface {}\nrtp_ports {MEDIA}\nrtp_stats yes\n\
         audio_source ausine,440\nausrc_srate 48000\nausrc_channels 2\naudio_player aubridge,nobody\n\
         audio_alert aubridge,nobody\nctrl_tcp_listen {control}\nmodule_path {modules}\n",
        local.ip()
    );
    for module in ["g711", "ausine", "aubridge", "srtp", "dtls_srtp", "stun", "ice"] {
        writeln!(text, "module {module}.so")?;
    }
    Ok(text + "module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n")
}

impl Baresip {
    /// How often a registration of it succeeded.
    pub fn successes(&self) -> usize {
        self.process.said().matches("200 OK").count()
    }

    /// How often one was refused.
    pub fn refusals(&self) -> usize {
        let said = self.process.said();
        ["401 Unauthorized", "403 Forbidden", "404 "].iter().map(|word| said.matches(word).count()).sum()
    }

    /// Waits until registrations have succeeded that many times since it started.
    pub fn registered(&self, times: usize, limit: Duration) -> Result<()> {
        let done = wait::until("baresip to register", limit, || (self.successes() >= times).then_some(()));
        done.with_context(|| format!("baresip said:\n{}", self.process.said()))
    }

    /// Waits until it was refused that many times since it started.
    pub fn refused(&self, times: usize, limit: Duration) -> Result<()> {
        let done = wait::until("baresip to be refused", limit, || (self.refusals() >= times).then_some(()));
        done.with_context(|| format!("baresip said:\n{}", self.process.said()))
    }

    /// From now on it does what it is told, and what happens to it is known.
    pub fn control(&mut self) -> Result<Control> {
        let (netns, address) = (&self.netns, self.control);
        let connected = self.process.ready(START, || Control::connect(netns, address).ok())?;
        Ok(connected)
    }

    /// What it has printed so far.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// Hangs up for good.
    pub fn stop(self) -> Result<()> {
        self.process.stop().map(drop)
    }
}
