//! The rival fail2ban: a jail on Kamailio's log that bans by nftables.
//!
//! Owns: its config, starting it at the server, and whom it has banned. Refuses: the host's own fail2ban: socket, log and
//! tables are the world's.
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::process::{Process, output};
use super::{Place, World};

const START: Duration = Duration::from_secs(20);

/// A running fail2ban; dropping it ends it.
pub struct Fail2ban {
    process: Process,
    socket: PathBuf,
}

/// Starts it with one jail: `attempts` failures within ten minutes, as its package has it by default for all jails.
pub fn start(world: &World, attempts: u32) -> Result<Fail2ban> {
    let dir = world.dir().join("fail2ban");
    write_config(world, &dir, attempts)?;
    let socket = dir.join("socket");
    let mut command = world.netns(Place::Edge).command("fail2ban-server");
    command.arg("-c").arg(&dir).arg("-s").arg(&socket).arg("-p").arg(dir.join("pid")).arg("-f");
    let mut process = Process::start(&mut command, "fail2ban-server", &dir.join("screen.log"))?;
    let ask = |word: &str| output(Command::new("fail2ban-client").arg("-s").arg(&socket).args(["status", word]));
    process.ready(START, || ask("kamailio").ok())?;
    Ok(Fail2ban { process, socket })
}

impl Fail2ban {
    /// Whether it has banned a source.
    pub fn has_banned(&self, source: &str) -> Result<bool> {
        let mut client = Command::new("fail2ban-client");
        let said = output(client.arg("-s").arg(&self.socket).args(["status", "kamailio"]))?;
        let list = said.lines().find_map(|line| line.split_once("Banned IP list:")).context("no list of bans")?.1;
        Ok(list.split_ascii_whitespace().any(|banned| banned == source))
    }

    /// Ends it.
    pub fn stop(self) -> Result<()> {
        let status = self.process.stop()?;
        if !status.success() {
            bail!("fail2ban-server ended with {status}");
        }
        Ok(())
    }
}

fn write_config(world: &World, dir: &Path, attempts: u32) -> Result<()> {
    for sub in ["filter.d", "action.d"] {
        std::fs::create_dir_all(dir.join(sub))?;
    }
    let shown = dir.display();
    let main = format!(
        "[Definition]\nloglevel = INFO\nlogtarget = {shown}/log\nsyslogsocket = auto\nsocket = {shown}/socket\n\
         pidfile = {shown}/pid\ndbfile = None\ndbmaxmatches = 10\nallowipv6 = auto\n"
    );
    let jail = format!(
        "[DEFAULT]\nbantime = 60\nfindtime = 600\nmaxretry = {attempts}\nbackend = auto\nusedns = no\nenabled = false\n\
         [kamailio]\nenabled = true\nfilter = kamailio\nlogpath = {}\naction = set\n",
        world.kamailio_log().display()
    );
    // Kamailio's lines on its standard error carry no time.
    let filter = "[Definition]\ndatepattern = {NONE}\nfailregex = <script>: sipfw auth_failure source=<HOST> proto=\n";
    let action = "[Definition]\n\
        actionstart = nft add table inet f2b\n \
        nft add set inet f2b bad '{ type ipv4_addr; }'\n \
        nft add chain inet f2b input '{ type filter hook input priority -1; policy accept; }'\n \
        nft add rule inet f2b input ip saddr @bad counter drop\n\
        actionstop = nft delete table inet f2b\nactioncheck =\n\
        actionban = nft add element inet f2b bad '{ <ip> }'\n\
        actionunban = nft delete element inet f2b bad '{ <ip> }'\n";
    for (file, text) in [
        ("fail2ban.conf", &*main),
        ("jail.conf", &jail),
        ("filter.d/kamailio.conf", filter),
        ("action.d/set.conf", action),
    ] {
        std::fs::write(dir.join(file), text)?;
    }
    Ok(())
}
