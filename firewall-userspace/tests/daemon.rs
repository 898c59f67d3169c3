//! The daemon as a process: what it does in the background, and what signals do to it. Needs root.
//!
//! The process is this test binary itself, told by its environment to be a daemon.
use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use firewall_common::reason::Reason;
use firewall_userspace::config;
use firewall_userspace::dataplane::{Instance, StartOptions, clock, probe};
use firewall_userspace::entries::NewEntry;
use firewall_userspace::event_loop::{self, Settings};
use rustix::process::{Pid, Signal, kill_process};
use tracing::Level;

#[allow(dead_code, reason = "shared with other tests, which use the rest")]
#[path = "lifecycle/world.rs"]
mod world;
use world::{World, deny, frame};

#[path = "daemon/calls.rs"]
mod calls;
#[path = "daemon/names.rs"]
mod names;
#[path = "daemon/unbound.rs"]
mod unbound;

const STRANGER: &str = "198.51.100.7";
const CONFIG: &str = "SFD_CONFIG";
const IFACE: &str = "SFD_IFACE";
const EPHEMERAL: &str = "SFD_EPHEMERAL";
const TRACE: &str = "SFD_TRACE";
/// How long anything may take: the verifier has to share a processor with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Not a test, but the daemon that the tests start.
#[test]
fn daemon_process() {
    let Some(file) = std::env::var_os(CONFIG) else { return };
    let level = if std::env::var_os(TRACE).is_some() { Level::TRACE } else { Level::INFO };
    tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(std::io::stderr).init();
    let iface = std::env::var(IFACE).ok();
    let options = StartOptions { iface, ephemeral: std::env::var_os(EPHEMERAL).is_some() };
    let loaded = config::load(Some(Path::new(&file))).unwrap();
    let daemon = event_loop::Daemon::prepare().unwrap();
    let (instance, _) = Instance::start(&loaded, &options).unwrap();
    daemon.serve(instance, &loaded, Settings { config_file: Some(file.into()) }).unwrap();
}

struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts one and waits until it says that it is ready.
    fn start(world: &World, iface: &str, ephemeral: bool) -> Self {
        Self::start_with(world, iface, if ephemeral { &[EPHEMERAL] } else { &[] })
    }

    fn start_with(world: &World, iface: &str, settings: &[&str]) -> Self {
        let (daemon, ready) = Self::spawn(world, iface, settings);
        let mut said = [0; 64];
        let len = ready.recv(&mut said).unwrap();
        assert_eq!(&said[..len], b"READY=1");
        daemon
    }

    /// Starts one, and the socket on which it will say that it is ready.
    fn spawn(world: &World, iface: &str, settings: &[&str]) -> (Self, UnixDatagram) {
        let socket = world.run_dir().with_file_name(format!("notify-{iface}"));
        let _ = fs::remove_file(&socket);
        let ready = UnixDatagram::bind(&socket).unwrap();
        ready.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "daemon_process", "--nocapture"]).stdout(Stdio::null());
        command.env(CONFIG, config_file(world)).env(IFACE, iface).env("NOTIFY_SOCKET", &socket);
        command.envs(settings.iter().map(|name| (name, "1"))).stderr(File::create(log_file(world)).unwrap());
        (Self { child: command.spawn().unwrap() }, ready)
    }

    /// Whether it would be told of a signal instead of ended by it (proc(5), `SigCgt`).
    fn catches(&self, signal: Signal) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() >> (signal.as_raw() - 1) & 1 != 0
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        self.child.wait().unwrap()
    }
}

fn config_file(world: &World) -> std::path::PathBuf {
    world.run_dir().with_file_name("sipfw.toml")
}

fn log_file(world: &World) -> std::path::PathBuf {
    world.run_dir().with_file_name("log")
}

fn write_config(world: &World, text: &str) {
    fs::write(config_file(world), world.config_text(text)).unwrap();
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn send(world: &World, instance: &Instance) {
    probe::judge(&instance.probe().unwrap(), &frame(STRANGER), world.now(), true).unwrap();
}

#[test]
fn the_daemon_follows_the_database_and_records_events() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, "");
    let daemon = Daemon::start(&world, &iface, false);
    let instance = world.open(&iface).unwrap();
    assert_eq!(world.list()[0].daemon_pid, Some(daemon.child.id()));

    // An entry that only the database knows reaches the kernel, and goes when it has expired.
    let soon = clock::now().wall_ms + 3_000;
    world.add(&[NewEntry { expires: Some(soon), ..deny(STRANGER) }]);
    eventually("the entry holds", || world.judge(&instance, STRANGER) == Reason::Denied);
    eventually("an event is recorded", || {
        send(&world, &instance);
        world.store().last_event().unwrap() > 0
    });
    let event = world.store().events(0, 1).unwrap().remove(0).event;
    assert_eq!((event.reason, event.src.to_string().as_str()), (Reason::Denied, STRANGER));
    assert!(event.time.abs_diff(clock::now().wall_ms) < 60_000);
    eventually("the entry ends", || world.judge(&instance, STRANGER) == Reason::Stranger);
    eventually("its element is removed", || instance.usage().unwrap()[0].elements == 0);
    assert!(daemon.end(Signal::TERM).success());
    assert!(world.xdp(&iface).is_some(), "what was enforced still is");
}

#[test]
fn a_database_that_was_moved_aside_is_replaced_by_the_one_in_its_place() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, "");
    let daemon = Daemon::start(&world, &iface, false);
    let instance = world.open(&iface).unwrap();
    world.add(&[deny(STRANGER)]);
    eventually("the entry holds", || world.judge(&instance, STRANGER) == Reason::Denied);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let path = world.state_dir().join(name);
        fs::rename(&path, world.state_dir().join(format!("{name}.damaged"))).unwrap();
    }
    world.add(&[deny("198.51.100.8")]);
    eventually("the new database's entry holds", || world.judge(&instance, "198.51.100.8") == Reason::Denied);
    eventually("the old one's has ended", || world.judge(&instance, STRANGER) == Reason::Stranger);
    assert!(daemon.end(Signal::TERM).success());
}

#[test]
fn the_daemon_reads_block_lists_and_lets_go_of_them_with_the_config() {
    let world = World::new();
    let iface = world.veth();
    let list = world.run_dir().with_file_name("scanners.txt");
    fs::write(&list, format!("{STRANGER}\n203.0.113.0/24\n")).unwrap();
    let config = format!(
        "[[blocklist]]\nname = \"scanners\"\nfile = {list:?}\n[[peer]]\nname = \"itsp\"\nprefixes = [\"203.0.113.7\"]\n"
    );
    write_config(&world, &config);
    let daemon = Daemon::start(&world, &iface, false);
    let mut instance = world.open(&iface).unwrap();
    eventually("the list holds", || world.judge(&instance, STRANGER) == Reason::Denied);
    assert_eq!(world.judge(&instance, "203.0.113.7"), Reason::Peer, "what touches a peer is left out");
    assert_eq!(world.judge(&instance, "203.0.113.8"), Reason::Stranger);
    let kept = world.store().blocklists().unwrap().remove(0);
    assert!(kept.next.is_some_and(|next| next > clock::now().wall_ms) && kept.entries == 2, "{kept:?}");
    write_config(&world, "");
    daemon.signal(Signal::HUP);
    eventually("the config is applied", || instance.refresh().unwrap());
    eventually("the list is gone", || world.judge(&instance, STRANGER) == Reason::Stranger);
    assert!(daemon.end(Signal::TERM).success());
}

#[test]
fn sighup_applies_a_good_config_and_no_bad_one() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, "");
    let daemon = Daemon::start(&world, &iface, false);
    let mut instance = world.open(&iface).unwrap();
    write_config(&world, "mode = \"trunk\"");
    daemon.signal(Signal::HUP);
    eventually("the config is applied", || instance.refresh().unwrap());
    assert_eq!(world.judge(&instance, STRANGER), Reason::NotPeer);
    write_config(&world, "mode = \"bunk\"");
    daemon.signal(Signal::HUP);
    std::thread::sleep(Duration::from_millis(500));
    assert!(!instance.refresh().unwrap());
    // The command reloads, and the daemon goes on with the new generation: its events are recorded.
    write_config(&world, "");
    instance.reload(&config::load(Some(&config_file(&world))).unwrap()).unwrap();
    world.add(&[deny(STRANGER)]);
    eventually("an event of the new generation is recorded", || {
        send(&world, &instance);
        world.store().last_event().unwrap() > 0
    });
    assert!(daemon.end(Signal::INT).success());
}

#[test]
fn a_killed_daemon_leaves_the_firewall_and_the_next_one_takes_it_over() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, "");
    world.add(&[deny(STRANGER)]);
    let daemon = Daemon::start(&world, &iface, false);
    let before = world.xdp(&iface);
    assert!(!daemon.end(Signal::KILL).success());
    assert!(before.is_some() && world.xdp(&iface) == before);
    let daemon = Daemon::start(&world, &iface, false);
    let instance = world.open(&iface).unwrap();
    assert_ne!(world.xdp(&iface), before);
    assert_eq!(world.judge(&instance, STRANGER), Reason::Denied);
    assert!(daemon.end(Signal::TERM).success());
    world.unload(&iface).unwrap();
}

#[test]
fn an_ephemeral_daemon_leaves_nothing_attached_however_it_ends() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, "");
    let daemon = Daemon::start(&world, &iface, true);
    assert!(world.xdp(&iface).is_some());
    daemon.end(Signal::KILL);
    eventually("the link ends with the process", || world.xdp(&iface).is_none());
    let daemon = Daemon::start(&world, &iface, true);
    daemon.signal(Signal::HUP);
    eventually("it reloads", || world.open(&iface).is_ok_and(|instance| instance.generation() == 2));
    assert!(daemon.end(Signal::INT).success());
    assert!(world.xdp(&iface).is_none() && !world.pins(&iface).exists());
}

#[test]
fn a_signal_while_the_firewall_is_being_loaded_leaves_nothing_behind() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, "");
    let (daemon, _ready) = Daemon::spawn(&world, &iface, &[EPHEMERAL]);
    eventually("it listens for the signal", || daemon.catches(Signal::INT));
    assert!(daemon.end(Signal::INT).success());
    assert!(world.xdp(&iface).is_none() && !world.pins(&iface).exists());
}

#[test]
fn a_tracing_daemon_logs_what_the_kernel_programs_say() {
    let world = World::new();
    let iface = world.veth();
    write_config(&world, "");
    world.add(&[deny(STRANGER)]);
    let daemon = Daemon::start_with(&world, &iface, &[TRACE]);
    let instance = world.open(&iface).unwrap();
    eventually("the verdict is logged", || {
        send(&world, &instance);
        fs::read_to_string(log_file(&world)).unwrap().contains("from ::ffff:198.51.100.7 to port")
    });
    assert!(daemon.end(Signal::TERM).success());
}
