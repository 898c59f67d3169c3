//! Honest phones: baresip, with accounts that register by themselves.
//!
//! Owns: its config, starting it, and what it says of its registrations. Refuses: media (it has a source of silence and no
//! sound card).
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::process::Process;
use super::{Place, World, wait};

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
    /// Seconds of a registration. It is renewed in time.
    pub seconds: u32,
}

/// A phone that runs; dropping it ends it, and its registrations.
pub struct Baresip {
    process: Process,
}

/// Where Debian and others put modules; the first that exists is taken.
const MODULES: [&str; 3] = [
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/lib/aarch64-linux-gnu/baresip/modules",
];

/// Starts a phone at an address of a namespace.
pub fn start(world: &World, place: Place, local: impl Into<SocketAddr>, accounts: &[Account<'_>]) -> Result<Baresip> {
    let local = local.into();
    let dir = world.dir().join(format!("baresip-{}", local.to_string().replace([':', '.', '[', ']'], "-")));
    std::fs::create_dir_all(&dir)?;
    let modules =
        MODULES.into_iter().find(|path| std::path::Path::new(path).is_dir()).context("no modules of baresip")?;
    let config = format!(
        "poll_method epoll\nsip_listen {local}\nsip_trans_def udp\nnet_interface {}\nmodule_path {modules}\nmodule g711.so\n\
         module ausine.so\nmodule_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\naudio_source ausine,440\n",
        local.ip()
    );
    std::fs::write(dir.join("config"), config)?;
    std::fs::write(dir.join("uuid"), "00000000-0000-4000-8000-000000000001")?;
    let mut lines = String::new();
    for Account { user, password, server, transport, seconds } in accounts {
        let transport = transport.word();
        let options = format!("auth_user={user};auth_pass={password};regint={seconds};sipnat=none");
        writeln!(lines, "<sip:{user}@{server};transport={transport}>;{options}")?;
    }
    std::fs::write(dir.join("accounts"), lines)?;
    let mut command = world.netns(place).command("baresip");
    command.arg("-f").arg(&dir).env("HOME", &dir);
    let process = Process::start(&mut command, "baresip", &dir.join("screen.log"))?;
    Ok(Baresip { process })
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

    /// Hangs up for good.
    pub fn stop(self) -> Result<()> {
        self.process.stop().map(drop)
    }
}
