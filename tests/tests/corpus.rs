//! Messages from elsewhere: the torture tests of RFC 4475 and RFC 5118, and typical ones, each alone in a datagram.
//!
//! Owns: that no valid message is taken for what is not SIP, however it arrives. Refuses: judging messages: their
//! folder says which are valid.
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use firewall_common::maps::program;
use firewall_common::reason::Reason;
use firewall_tests::harness::{Action, Shield, now};
use firewall_tests::packets::{Frame, TAG, sip};
use firewall_userspace::dataplane::load;

/// No limits and no signatures: one of the typical messages is a scanner's.
const CONFIG: &str = r#"
signature_defaults = false

[strangers]
total = "none"

[strangers.limits]
register = "none"
invite = "none"
options = "none"
subscribe = "none"
message = "none"
other = "none"
response = "none"
"#;
const STRANGER: &str = "198.51.100.7";
const STRANGER_V6: &str = "2001:db8:1:2::7";
/// What a frame of 1,500 bytes holds of a datagram behind an IPv6 header, as a multiple of eight.
const MTU: usize = 1_448;

/// How much may be asked of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// It must pass.
    Valid,
    /// Its start line is wrong: it must not.
    NotSip,
    /// Its fault lies behind the start line, where this firewall does not look; a verdict is all that is asked.
    Any,
}

/// Whose start line is what RFC 4475 finds wrong: `<>` around the URI, white space in or around it, another version,
/// a status code that is none.
const WRONG_START_LINES: [&str; 6] =
    ["ltgtruri.dat", "lwsruri.dat", "lwsstart.dat", "trws.dat", "badvers.dat", "bigcode.dat"];

struct Message {
    name: String,
    bytes: Vec<u8>,
    class: Class,
}

fn own() -> Vec<Message> {
    let message = |name: &str, bytes| Message { name: format!("own {name}"), bytes, class: Class::Valid };
    vec![
        message("REGISTER", sip::register()),
        message("INVITE", sip::invite()),
        message("INVITE of 3 kB", sip::large_invite()),
        message("OPTIONS", sip::options()),
        message("response", sip::response(rsip::StatusCode::OK)),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../firewall-common/tests/corpus")
}

/// The messages of one folder; `class` tells what a file is.
fn read(folder: &Path, class: impl Fn(&str) -> Class) -> Vec<Message> {
    let entries = fs::read_dir(folder).expect("the corpus has this folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "dat"));
    paths.sort();
    let message = |path: PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Message { bytes: fs::read(&path).expect("a message can be read"), class: class(&name), name }
    };
    paths.into_iter().map(message).collect()
}

fn shared() -> Vec<Message> {
    let folder = folder();
    let list = fs::read_to_string(folder.join("rfc4475/valid.txt")).expect("the corpus says which are valid");
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let classes: HashMap<&str, &str> =
        lines.filter_map(|line| Some((line.split(' ').next()?, line.split(' ').nth(2)?))).collect();
    let torture = read(&folder.join("rfc4475"), |name| match classes.get(name) {
        Some(&"valid" | &"semantic") => Class::Valid,
        Some(_) if WRONG_START_LINES.contains(&name) => Class::NotSip,
        _ => Class::Any,
    });
    // RFC 5118 §4.2's URI lacks the brackets; its start line cannot tell that from another scheme's.
    let v6 = read(&folder.join("rfc5118"), |name| if name == "ipv6-bad.dat" { Class::Any } else { Class::Valid });
    let typical = read(&folder.join("typical"), |_| Class::Valid);
    assert!(torture.len() >= 49 && v6.len() >= 11 && typical.len() >= 3, "the corpus is not whole");
    [torture, v6, typical].into_iter().flatten().collect()
}

/// A message in every frame that may carry it, with what stands around it.
fn frames(message: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    let [v4, v6] = [STRANGER, STRANGER_V6].map(|src| Frame::udp(src).payload(message));
    [
        ("IPv4", v4.bytes()),
        ("IPv6", v6.bytes()),
        ("a tag and IPv4", v4.tagged(TAG).bytes()),
        ("two tags and IPv6", v6.tagged(0x88a8).tagged(TAG).bytes()),
    ]
}

/// The longest frame that BPF_PROG_TEST_RUN hands over in one buffer: a page, less what stands around it.
const ONE_BUFFER: usize = 3_400;

#[test]
fn messages_alone_in_a_datagram() {
    let shield = Shield::with_programs(CONFIG, &load::PROGRAMS);
    for Message { name, bytes, class } in own().into_iter().chain(shared()) {
        for (around, frame) in frames(&bytes) {
            let scattered = shield.run(program::INGRESS_FRAGS, &frame);
            assert!(class != Class::Valid || scattered == Action::Pass, "{name} in {around}, in several buffers");
            assert!(class != Class::NotSip || scattered == Action::Drop, "{name} in {around}, in several buffers");
            if frame.len() > ONE_BUFFER {
                continue;
            }
            let judged = shield.judge(&frame, now());
            let action = if judged.drops() { Action::Drop } else { Action::Pass };
            assert_eq!(action == Action::Drop, judged.reason == Reason::NotSip, "{name} in {around}: {judged:?}");
            assert_eq!([scattered, shield.run_live(&frame)], [action; 2], "{name} in {around}: {judged:?}");
        }
    }
}

#[test]
fn valid_messages_in_fragments() {
    let shield = Shield::new(CONFIG);
    let messages: Vec<Message> = own().into_iter().chain(shared()).filter(|m| m.class == Class::Valid).collect();
    let mut id = 0;
    for Message { name, bytes, .. } in messages {
        for src in [STRANGER, STRANGER_V6] {
            let line = bytes.iter().position(|b| *b == b'\n').map_or(0, |lf| 8 + lf + 1);
            for size in [256, 600, MTU].into_iter().filter(|size| *size >= line && *size < bytes.len() + 8) {
                id += 1;
                for (n, frame) in Frame::udp(src).payload(&bytes).fragments(id, size).iter().enumerate() {
                    let judged = shield.judge(frame, now());
                    let want = if n == 0 { Reason::Stranger } else { Reason::Fragment };
                    assert_eq!(judged.reason, want, "{name} from {src}, fragment {n} of {size} bytes");
                }
            }
        }
    }
    assert!(id > 0, "some message is long enough for fragments");
}

#[test]
fn valid_requests_by_tcp() {
    let shield = Shield::new(CONFIG);
    for Message { name, bytes, class } in own().into_iter().chain(shared()) {
        for segment in bytes.chunks(MTU) {
            let judged = shield.judge(&Frame::tcp(STRANGER).payload(segment).bytes(), now());
            assert!(class != Class::Valid || judged.reason == Reason::Stranger, "{name}: {judged:?}");
        }
    }
}
