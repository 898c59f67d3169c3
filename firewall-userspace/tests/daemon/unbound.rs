//! NLnet Labs' unbound as the DNS server of one test, on the loopback of the test's namespace.
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::{World, eventually};

/// Where it listens.
pub(crate) const ADDRESS: &str = "127.0.0.1:5353";

/// A server whose zone `itsp.example` is changed while it runs. `broken.example` answers SERVFAIL, since whoever would know
/// is not there, and `silent.example` nothing.
pub(crate) struct Unbound {
    child: Child,
    config: PathBuf,
}

impl Unbound {
    pub(crate) fn start(world: &World) -> Self {
        let dir = world.run_dir().with_file_name("unbound");
        fs::create_dir_all(&dir).unwrap();
        let config = dir.join("unbound.conf");
        let dir = dir.display();
        let text = format!(
            "server:\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n directory: \"{dir}\"\n pidfile: \"\"\n port: 5353\n \
             interface: 127.0.0.1\n use-syslog: no\n logfile: \"{dir}/log\"\n module-config: \"iterator\"\n \
             do-not-query-localhost: no\n local-zone: \"itsp.example.\" static\n local-zone: \"silent.example.\" deny\n\
             forward-zone:\n name: \"broken.example.\"\n forward-addr: 127.0.0.1@9\n\
             remote-control:\n control-enable: yes\n control-use-cert: no\n control-interface: \"{dir}/control\"\n"
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new("unbound");
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let unbound = Self { child: command.spawn().expect("unbound is installed"), config };
        eventually("unbound answers", || unbound.control(&["status"]));
        unbound
    }

    pub(crate) fn address() -> SocketAddr {
        ADDRESS.parse().unwrap()
    }

    fn control(&self, args: &[&str]) -> bool {
        let mut command = Command::new("unbound-control");
        command.arg("-c").arg(&self.config).args(args).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("unbound-control is installed").success()
    }

    /// Adds a record, such as `sip.itsp.example. 1 IN A 192.0.2.1`.
    pub(crate) fn add(&self, record: &str) {
        assert!(self.control(&["local_data", record]), "{record}");
    }

    /// Removes every record of a name.
    pub(crate) fn remove(&self, name: &str) {
        assert!(self.control(&["local_data_remove", name]), "{name}");
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait().map(drop));
    }
}
