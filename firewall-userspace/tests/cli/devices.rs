//! Devices and passwords, as the command shows and edits them: on a database and nothing else.
use std::io::Write as _;
use std::process::{Command as Process, Stdio};

use firewall_common::addr::Addr;
use firewall_userspace::audit::Finding;
use firewall_userspace::dataplane::clock;
use firewall_userspace::engine::command::{Command, Device};
use firewall_userspace::engine::input::Via;
use firewall_userspace::store::{Learned, Store};
use serde_json::json;

use crate::sipfw::{Sipfw, keys};

const MINIMUM: &str = "[[devices.minimum]]\nmodel = \"Yealink T46*\"\nfirmware = \"66.86.0.15\"\n";

fn now() -> i64 {
    clock::now().wall_ms
}

fn device(account: &str, last: u8, agent: &str) -> Device {
    Device {
        account: account.to_owned(),
        user: account.as_bytes().to_vec(),
        instance: String::new(),
        agent: agent.to_owned(),
        address: Addr::from_v4([198, 51, 100, last]),
        port: 5_060,
        via: Via::Udp,
        until: now() + 3_600_000,
    }
}

fn filled(config: &str, devices: &[Device]) -> Sipfw {
    let sipfw = Sipfw::with(config);
    let commands = devices.iter().cloned().map(|it| Command::Device(Box::new(it)));
    let learned: Vec<Learned> = commands.filter_map(|it| Learned::of(it, now(), 64, |_| None)).collect();
    Store::open(&sipfw.state()).unwrap().record(&learned).unwrap();
    sipfw
}

fn says(text: &str, all: &[&str]) {
    for says in all {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn devices_are_listed_with_what_they_say() {
    let agents = ["Yealink SIP-T46S 66.85.0.5", "Yealink SIP-T46S 66.86.0.15", "odd\u{1b}[31m"];
    let devices: Vec<Device> = (7..).zip(agents).map(|(last, agent)| device("100", last, agent)).collect();
    let sipfw = filled(MINIMUM, &devices);
    let text = sipfw.run(&["devices", "list"]).exits(0).out;
    says(&text, &["ACCOUNT", "Yealink T46S", "66.85.0.5", "198.51.100.7", "udp", "outdated", "in 59m"]);
    assert!(!text.contains('\u{1b}') && text.matches("outdated").count() == 1, "{text}");
    let list = sipfw.run(&["devices", "list", "--json"]).exits(0).json();
    assert_eq!(
        keys(&list[0]),
        [
            "account",
            "address",
            "agent",
            "blocked",
            "firmware",
            "first",
            "id",
            "model",
            "port",
            "seen",
            "transport",
            "until",
            "vendor"
        ]
    );
    let outdated = sipfw.run(&["devices", "list", "--outdated", "--json"]).exits(0).json();
    assert_eq!((outdated.as_array().unwrap().len(), &outdated[0]["firmware"]), (1, &json!("66.85.0.5")));
    assert_eq!(sipfw.run(&["devices", "list", "--account", "9", "--json"]).exits(0).json(), json!([]));
    let shown = sipfw.run(&["devices", "show", "1"]).exits(0).out;
    says(&shown, &["device 1", "66.85.0.5 is older than 66.86.0.15", "198.51.100.7 port 5060 over udp"]);
    let shown = sipfw.run(&["devices", "show", "1", "--json"]).exits(0).json();
    assert_eq!((keys(&shown), &shown["minimum"]), (vec!["device", "minimum"], &json!("66.86.0.15")));
    says(&sipfw.run(&["devices", "show", "9"]).exits(1).out, &["there is no device 9"]);
    says(&Sipfw::new().run(&["devices", "list"]).exits(0).out, &["no devices"]);
}

#[test]
fn a_lost_device_is_blocked_and_let_in_again() {
    let sipfw = filled("", &[device("100", 7, "a/1.0"), device("100", 8, "b/1.0")]);
    let text = sipfw.run(&["devices", "block", "1", "--reason", "lost"]).exits(0).out;
    says(&text, &["device 1 (a, account 100) is blocked", "other devices of account 100 are refused with it"]);
    says(&sipfw.run(&["deny", "list"]).exits(0).out, &["198.51.100.7", "blocked device 1 of account 100"]);
    says(&sipfw.run(&["devices", "show", "1"]).exits(0).out, &["blocked", ": lost", "198.51.100.7 denied"]);
    let blocked = sipfw.run(&["devices", "list", "--blocked", "--json"]).exits(0).json();
    assert_eq!(keys(&blocked[0]["blocked"]), ["author", "denied", "reason", "since"]);
    assert_eq!(Store::open(&sipfw.state()).unwrap().blocked_users().unwrap(), [b"100".to_vec()]);
    sipfw.run(&["devices", "block", "2"]).exits(0);
    let text = sipfw.run(&["devices", "unblock", "1"]).exits(0).out;
    says(&text, &["is let in again, and 198.51.100.7 is not denied", "still refused, since device 2 is blocked"]);
    let json = sipfw.run(&["devices", "unblock", "2", "--json"]).exits(0).json();
    assert_eq!(keys(&json), ["applied", "unblocked"]);
    says(&sipfw.run(&["devices", "unblock", "2"]).exits(1).out, &["there is no blocked device 2"]);
    says(&sipfw.run(&["deny", "list"]).exits(0).out, &["no deny entries"]);
    says(&sipfw.run(&["devices", "block", "9"]).exits(1).err, &["there is no device 9; nothing was blocked"]);
}

#[test]
fn nobody_else_is_cut_off_with_a_device() {
    let peer = "[[peer]]\nname = \"itsp\"\nprefixes = [\"198.51.100.9\"]\n";
    let sipfw = filled(peer, &[device("100", 7, "a/1.0"), device("101", 7, "b/1.0"), device("102", 9, "c/1.0")]);
    says(
        &sipfw.run(&["devices", "block", "1"]).exits(0).out,
        &["198.51.100.7 is not denied, since devices of other accounts are registered there; --force does it"],
    );
    says(&sipfw.run(&["devices", "block", "3"]).exits(0).out, &["198.51.100.9 is not denied, since it is a peer's"]);
    let json = sipfw.run(&["devices", "block", "1", "--force", "--json"]).exits(0).json();
    assert_eq!((keys(&json), &json["address_spared"]), (vec!["address_spared", "applied", "blocked"], &json!(null)));
    assert_eq!(json["blocked"]["blocked"]["denied"], "198.51.100.7");
}

fn finding(account: &str, weak: bool, md5_only: bool) -> Finding {
    Finding {
        account: account.to_owned(),
        audited: now(),
        weak: weak.then(now),
        md5_only,
        nonce_reused: false,
        clear: false,
    }
}

#[test]
fn weak_passwords_are_listed_by_account() {
    let sipfw = Sipfw::new();
    says(&sipfw.run(&["passwords"]).exits(0).out, &["nothing is known", "`audit` in [passwords] is off"]);
    let findings = [finding("100", true, false), finding("1\u{1b}1", false, true), finding("102", false, false)];
    let learned: Vec<Learned> =
        findings.iter().flat_map(|it| Learned::of_audit(it, it.weak.is_some(), now())).collect();
    Store::open(&sipfw.state()).unwrap().record(&learned).unwrap();
    let text = sipfw.run(&["passwords"]).exits(0).out;
    says(&text, &["ACCOUNT", "100", "weak", "MD5 only", "not guessed", "1\\u{1b}1"]);
    assert!(!text.contains("102") && !text.contains('\u{1b}'), "{text}");
    let all = sipfw.run(&["passwords", "list", "--all", "--json"]).exits(0).json();
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(keys(&all[0]), ["account", "audited", "clear", "md5_only", "nonce_reused", "weak"]);
    let alarm = sipfw.run(&["alarm", "list"]).exits(0).out;
    says(&alarm, &["account 100 has a password that is easily guessed"]);
}

#[test]
fn a_password_is_checked_before_it_is_used() {
    let sipfw = Sipfw::new();
    let words = sipfw.file("words", "Tannenzapfen\n");
    let config =
        format!("{}\n[passwords]\nwords = \"{words}\"\n", std::fs::read_to_string(sipfw.path("sipfw.toml")).unwrap());
    std::fs::write(sipfw.path("sipfw.toml"), config).unwrap();
    let check = |password: &str| {
        let mut command = Process::new(env!("CARGO_BIN_EXE_sipfw"));
        command.arg("--config").arg(sipfw.path("sipfw.toml")).args(["passwords", "check", "100"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(!out.contains(password.trim()) || password.trim() == "100", "{out}");
        output.status.code()
    };
    for (password, code) in [("100\n", 1), ("1234", 1), ("Tannenzapfen\r\n", 1), ("kX9#vQ2mLw\n", 0)] {
        assert_eq!(check(password), Some(code), "{password}");
    }
}
