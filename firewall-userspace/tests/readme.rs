//! Every command that the README shows, run as it stands there, on a veth pair in a network namespace. Needs root.
//!
//! `cargo xtask` verbs are not started from inside a test of theirs: that they exist is checked here, and what `run` ends in
//! is done; `test` is what runs this, and the demo has a test of its own.
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const README: &str = include_str!("../../README.md");
const SIPFW: &str = env!("CARGO_BIN_EXE_sipfw");

/// The lines behind a prompt in the README's console blocks.
fn commands() -> Vec<&'static str> {
    let mut inside = false;
    README
        .lines()
        .filter_map(|line| {
            if line.starts_with("```") {
                inside = line == "```console";
            }
            line.strip_prefix("$ ").filter(|_| inside)
        })
        .collect()
}

#[test]
fn every_xtask_verb_of_the_readme_exists() {
    let verbs: Vec<_> = commands().iter().filter_map(|line| line.strip_prefix("cargo xtask ")).collect();
    assert_eq!(verbs, ["run", "test", "demo"]);
    for verb in verbs {
        let file = format!("{}/../xtask/src/{verb}.rs", env!("CARGO_MANIFEST_DIR"));
        assert!(Path::new(&file).is_file(), "{file}");
    }
}

/// A network namespace with a veth pair and a config for it; gone when dropped.
struct Place {
    namespace: String,
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let namespace = format!("sipfw-readme-{}", std::process::id());
        let directory = tempfile::tempdir().unwrap();
        ip(&["netns", "add", &namespace]);
        let place = Self { namespace, directory };
        ip(&["-n", &place.namespace, "link", "add", "readme0", "type", "veth", "peer", "name", "readme1"]);
        for iface in ["readme0", "readme1"] {
            ip(&["-n", &place.namespace, "link", "set", iface, "up"]);
        }
        let root = place.directory.path().display();
        let paths = format!("state = \"{root}/state\"\nrun = \"{root}/run\"\nbpf = \"{}\"", place.pins());
        std::fs::write(place.config(), format!("interface = \"readme0\"\n[paths]\n{paths}\n")).unwrap();
        place
    }

    fn config(&self) -> String {
        self.directory.path().join("sipfw.toml").display().to_string()
    }

    fn pins(&self) -> String {
        format!("/sys/fs/bpf/{}", self.namespace)
    }

    /// A command line in the namespace, with this build's `sipfw` first in the path. `nsenter`, because `ip netns exec`
    /// hides the bpffs.
    fn shell(&self, line: &str) -> Command {
        let path = format!("{}:{}", Path::new(SIPFW).parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.namespace)).args(["sh", "-c", &format!("exec {line}")]);
        command.env("PATH", path).env("SIPFW_CONFIG", self.config()).stdin(Stdio::null());
        command
    }

    fn run(&self, line: &str) -> (Option<i32>, String) {
        let output = self.shell(line).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Starts the daemon and waits until the command finds it.
    fn daemon(&self, options: &str) -> Child {
        let log = std::fs::File::create(self.directory.path().join("log")).unwrap();
        let line = format!("sipfw run --no-status {options}");
        let mut daemon = self.shell(&line).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.run("sipfw status").0 != Some(0) {
            assert!(daemon.try_wait().unwrap().is_none(), "{}", self.log());
            assert!(Instant::now() < deadline, "{}", self.log());
            std::thread::yield_now();
        }
        daemon
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.run("sipfw unload --iface readme0");
        let _ = std::fs::remove_dir_all(self.pins());
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).status();
    }
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

fn interrupt(mut daemon: Child) -> Option<i32> {
    assert!(Command::new("kill").args(["-INT", &daemon.id().to_string()]).status().unwrap().success());
    daemon.wait().unwrap().code()
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let place = Place::new();
    // What `cargo xtask run` ends in: Ctrl-C takes the firewall off again.
    assert_eq!(interrupt(place.daemon("--ephemeral")), Some(0), "{}", place.log());
    assert_eq!(place.run("sipfw status").0, Some(1), "nothing is loaded after Ctrl-C");
    // The tour, with the daemon stopped: what is loaded goes on without it.
    assert_eq!(interrupt(place.daemon("")), Some(0), "{}", place.log());
    for line in commands().into_iter().filter(|line| !line.starts_with("cargo xtask ")) {
        let (code, text) = place.run(line);
        // The scanner's packet would be dropped, nobody is banned here, and a machine may well have something to improve.
        let may_say_no = ["friendly-scanner", "sipfw doctor", "ban why"].iter().any(|part| line.contains(part));
        assert!(code == Some(0) || (may_say_no && code == Some(1)), "{line}: {code:?}\n{text}");
        assert!(!text.trim().is_empty(), "{line} says nothing");
    }
    assert_eq!(place.run("sipfw status").0, Some(1), "nothing is loaded after the tour's last command");
}
