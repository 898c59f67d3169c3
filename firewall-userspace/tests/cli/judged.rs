//! `explain` and `replay` through a program of their own. Loading it takes root; without, these tests say so and pass.
use std::fs::File;
use std::time::Duration;

use etherparse::PacketBuilder;
use pcap_file::pcap::{PcapPacket, PcapReader, PcapWriter};
use serde_json::{Value, json};

use crate::sipfw::{Sipfw, keys};

const CONFIG: &str = "
[[peer]]
name = \"itsp\"
prefixes = [\"198.51.100.0/24\"]
methods = [\"INVITE\", \"ACK\", \"BYE\"]
limits = { invite = \"50/s\" }
";

fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: this takes root");
    }
    root
}

fn explain(sipfw: &Sipfw, args: &[&str]) -> Value {
    sipfw.run(&[&["explain", "--json"], args].concat()).json()
}

#[test]
fn what_decides_is_told_by_name() {
    if !root() {
        return;
    }
    let sipfw = Sipfw::with(CONFIG);
    let peer = explain(&sipfw, &["--from", "198.51.100.7", "--method", "invite"]);
    assert_eq!(
        keys(&peer),
        ["decided_by", "explanation", "judged_by", "monitored", "packet", "reason", "stage", "verdict"]
    );
    assert_eq!(keys(&peer["packet"]), ["bytes", "from", "from_port", "to", "to_port", "transport"]);
    assert_eq!((&peer["verdict"], &peer["reason"]), (&json!("pass"), &json!("peer")));
    assert_eq!(peer["decided_by"]["name"], "itsp");
    let method = explain(&sipfw, &["--from", "198.51.100.7", "--method", "OPTIONS"]);
    assert_eq!((&method["reason"], &method["decided_by"]["name"]), (&json!("method"), &json!("itsp")));
    let stranger = explain(&sipfw, &["--from", "203.0.113.7", "--method", "REGISTER"]);
    assert_eq!(stranger["decided_by"]["rate"], "20/min burst 40");
    let scanner = explain(&sipfw, &["--from", "2001:db8::7", "--user-agent", "friendly-scanner"]);
    assert_eq!(scanner["decided_by"]["signature"], "user-agent friendly-scanner");
}

#[test]
fn a_block_list_decides_unless_an_entry_or_a_peer_does() {
    if !root() {
        return;
    }
    let sipfw = Sipfw::with(CONFIG);
    let list = sipfw.file("scanners.txt", "203.0.113.7\n203.0.113.8\n198.51.100.7\n198.51.0.0/16\n");
    let answer = sipfw.run(&["deny", "import", &list, "--json"]).exits(0).json();
    assert_eq!((&answer["list"]["left_out"]["peers"], &answer["list"]["left_out"]["repeated"]), (&json!(1), &json!(1)));
    let denied = explain(&sipfw, &["--from", "203.0.113.7"]);
    assert_eq!((&denied["reason"], &denied["decided_by"]["name"]), (&json!("denied"), &json!("scanners")));
    assert!(sipfw.run(&["explain", "--from", "203.0.113.8"]).exits(1).out.contains("block list scanners"));
    assert_eq!(explain(&sipfw, &["--from", "198.51.100.7", "--method", "INVITE"])["reason"], "peer");
    sipfw.run(&["allow", "add", "203.0.113.0/24"]).exits(0);
    assert_eq!(explain(&sipfw, &["--from", "203.0.113.7"])["reason"], "allowed");
}

#[test]
fn the_databases_entries_decide_too() {
    if !root() {
        return;
    }
    let sipfw = Sipfw::with(CONFIG);
    sipfw.run(&["deny", "add", "203.0.113.0/24", "--comment", "scans"]).exits(0);
    let ran = sipfw.run(&["explain", "--from", "203.0.113.7"]).exits(1);
    assert!(ran.out.starts_with("DROP  denied") && ran.out.contains("of 203.0.113.0/24 (scans"), "{}", ran.out);
    sipfw.run(&["allow", "add", "203.0.113.7"]).exits(0);
    assert_eq!(explain(&sipfw, &["--from", "203.0.113.7"])["reason"], "allowed");
}

#[test]
fn frames_come_from_files_in_each_form() {
    if !root() {
        return;
    }
    let sipfw = Sipfw::new();
    let frame = sip("203.0.113.7", b"GET / HTTP/1.1\r\n\r\n");
    let hex: String = frame.iter().map(|b| format!("{b:02x} ")).collect();
    std::fs::write(sipfw.path("raw"), &frame).unwrap();
    let paths = [sipfw.file("hex", &hex), sipfw.path("raw").display().to_string(), capture(&sipfw, &[(0, frame)])];
    for path in paths {
        assert_eq!(explain(&sipfw, &["--frame", &path])["reason"], "not_sip", "{path}");
    }
}

fn sip(from: &str, payload: &[u8]) -> Vec<u8> {
    let from: std::net::Ipv4Addr = from.parse().unwrap();
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.octets(), [192, 0, 2, 1], 64).udp(5060, 5060);
    packet.write(&mut frame, payload).unwrap();
    frame
}

fn capture(sipfw: &Sipfw, frames: &[(u64, Vec<u8>)]) -> String {
    let path = sipfw.path("capture.pcap");
    let mut writer = PcapWriter::new(File::create(&path).unwrap()).unwrap();
    for (millis, frame) in frames {
        let length = u32::try_from(frame.len()).unwrap();
        let time = Duration::from_secs(1_700_000_000) + Duration::from_millis(*millis);
        writer.write_packet(&PcapPacket::new(time, length, frame)).unwrap();
    }
    path.display().to_string()
}

const REGISTER: &[u8] = b"REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n";

#[test]
fn a_guesser_is_judged_by_the_captures_own_clock() {
    if !root() {
        return;
    }
    let sipfw = Sipfw::new();
    // Ten a second for a minute; docs/limits.md promises that 40 + 20 - 1 of them pass.
    let mut frames: Vec<_> = (0..600).map(|i| (i * 100, sip("203.0.113.7", REGISTER))).collect();
    frames.push((60_000, vec![0; 10]));
    frames.push((60_000, sip("203.0.113.8", &[b'a'; 5_000])));
    let path = capture(&sipfw, &frames);
    let dropped = sipfw.path("dropped.pcap");
    let ran = sipfw.run(&["replay", &path, "--json", "--write-dropped", dropped.to_str().unwrap()]).exits(0);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |verdict: &str| lines.iter().filter(|line| line["verdict"] == verdict).count();
    assert_eq!((count("pass"), count("drop"), count("not_judged")), (59, 541, 2));
    assert_eq!(keys(&lines[0]), ["bytes", "detail", "from", "index", "monitored", "reason", "time", "to", "verdict"]);
    assert_eq!(lines[1]["time"], "1700000000.100000000");
    assert!(lines.iter().zip(1..).all(|(line, index)| line["index"] == index));
    let mut reader = PcapReader::new(File::open(dropped).unwrap()).unwrap();
    assert_eq!(std::iter::from_fn(|| reader.next_packet().map(|p| p.unwrap().data.len())).count(), 541);
    let text = sipfw.run(&["replay", &path]).exits(0).out;
    for says in ["602 frames", "rate_register", "541", "not judged: 1, being longer", "not judged: 1, being shorter"] {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn what_is_damaged_or_no_capture_is_told() {
    if !root() {
        return;
    }
    let sipfw = Sipfw::new();
    let path = capture(&sipfw, &[(0, sip("203.0.113.7", REGISTER)), (1, sip("203.0.113.7", REGISTER))]);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let ran = sipfw.run(&["replay", &path]).exits(1);
    assert!(ran.err.contains("damaged at frame 2") && ran.out.contains("stranger"), "{}{}", ran.out, ran.err);
    let text = sipfw.file("text", "no capture");
    assert!(sipfw.run(&["replay", &text]).exits(1).err.contains("neither pcap nor pcapng"));
}

#[test]
fn a_media_port_is_closed_to_whom_no_call_lets_in() {
    if !root() {
        return;
    }
    let sipfw = Sipfw::with("media = { policy = \"srtp-only\", ports = [\"10000-20000\"] }");
    let media = explain(&sipfw, &["--from", "203.0.113.7", "--port", "10000"]);
    assert_eq!(
        (&media["verdict"], &media["reason"], &media["stage"]),
        (&json!("drop"), &json!("no_pinhole"), &json!("media"))
    );
    assert!(media["decided_by"]["rule"].as_str().unwrap().contains("what a call has negotiated"), "{media}");
    let prefers = Sipfw::with("media = { policy = \"prefer\", ports = [\"10000-20000\"] }");
    let media = explain(&prefers, &["--from", "203.0.113.7", "--port", "10000"]);
    assert_eq!(
        (&media["verdict"], &media["reason"], &media["monitored"]),
        (&json!("pass"), &json!("no_pinhole"), &json!(true))
    );
    assert_eq!(explain(&Sipfw::new(), &["--from", "203.0.113.7", "--port", "10000"])["reason"], "other_traffic");
}
