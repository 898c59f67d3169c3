//! The whole way of a digest: from the message to the database, in which nothing of it must be.
use std::path::Path;
use std::time::Duration;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use md5::Md5;
use sha2::Sha256;

use super::*;
use crate::clock::Clock;
use crate::config::parse_str;
use crate::engine::Engine;
use crate::engine::input::{Direction, Flow, Seen as Heard, Via};
use crate::engine::saved::Key;
use crate::store::What;

const REMOTE: Addr = Addr::from_v4([198, 51, 100, 7]);
const NONCE: &str = "5f2b7c0e9d1a";

fn config(dir: &Path) -> Config {
    std::fs::write(dir.join("words"), "Tannenzapfen\n").unwrap();
    let dir = dir.display();
    let text = format!("[passwords]\naudit = true\nwords = \"{dir}/words\"\n[paths]\nstate = \"{dir}/state\"\n");
    parse_str("t.toml", &text).unwrap().config
}

fn hex<D: md5::Digest>(text: &str) -> String {
    D::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A response as phones make it.
fn response(account: &str, password: &str, (algorithm, qop): (&str, &str)) -> String {
    let hash = if algorithm == "MD5" { hex::<Md5> } else { hex::<Sha256> };
    let secret = hash(&format!("{account}:pbx.example:{password}"));
    let body = if qop == "auth-int" { format!(":{}", hash("")) } else { String::new() };
    let request = hash(&format!("REGISTER:sip:pbx.example{body}"));
    hash(&format!("{secret}:{NONCE}:00000001:c:{qop}:{request}"))
}

/// The messages of a registration that is accepted.
fn registration(account: &str, response: &str, (algorithm, qop): (&str, &str)) -> Vec<(Direction, String)> {
    let fields = |n: u32| {
        format!(
            "Via: SIP/2.0/TCP a;branch=z9hG4bK{account}{n}\r\nFrom: <sip:{account}@pbx.example>;tag=f\r\n\
             To: <sip:{account}@pbx.example>;tag=t\r\nCall-ID: {account}\r\nCSeq: {n} REGISTER\r\n\
             Contact: <sip:{account}@a>;expires=60\r\n"
        )
    };
    let credentials = format!(
        "Authorization: Digest username=\"{account}\", realm=\"pbx.example\", nonce=\"{NONCE}\", uri=\"sip:pbx.example\", \
         response=\"{response}\", algorithm={algorithm}, qop={qop}, nc=00000001, cnonce=\"c\"\r\n"
    );
    let end = "User-Agent: snom821/8.9.3.60\r\nContent-Length: 0\r\n\r\n";
    vec![
        (Direction::In, format!("REGISTER sip:pbx.example SIP/2.0\r\n{}{credentials}{end}", fields(1))),
        (Direction::Out, format!("SIP/2.0 200 OK\r\n{}{end}", fields(1))),
    ]
}

/// Everything that the directory's files hold.
fn kept(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn has(kept: &[u8], text: &str) -> bool {
    kept.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn weak_passwords_are_told_and_neither_they_nor_their_digests_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut engine = Engine::new(&config, Key([1, 2]));
    let (auditor, queue) = Auditor::new();
    let (jobs, found) = Jobs::queue();
    spawn(queue, jobs).unwrap();
    assert!(auditor.configure(&config));
    let phones = [
        ("100", "100", ("MD5", "auth"), true),
        ("101", "1234", ("SHA-256", "auth"), true),
        ("102", "Tannenzapfen", ("MD5", "auth-int"), true),
        ("103", "kX9#vQ2mLw", ("SHA-256", "auth-int"), false),
    ];
    let clock = Clock { wall_ms: 1_800_000_000_000, mono_ns: 1_000_000_000_000 };
    let mut commands = Vec::new();
    for (account, password, kind, _) in phones {
        for (direction, text) in registration(account, &response(account, password, kind), kind) {
            let (remote, local) = (REMOTE, Addr::from_v4([192, 0, 2, 1]));
            let (remote_port, local_port, via, kind, peer) = (5_060, 5_060, Via::Tcp, Kind::Stranger, 0);
            let flow = Flow { direction, remote, remote_port, local, local_port, via, kind, peer };
            let bytes = text.as_bytes();
            let seen = Heard { time: clock.mono_ns, flow, bytes, truncated: false, refused: None };
            engine.handle(seen, clock, &mut commands);
        }
        auditor.offer(engine.take_samples());
    }
    let mut store = Store::open(config.paths().state.as_path()).unwrap();
    let learned: Vec<Learned> =
        commands.into_iter().filter_map(|command| Learned::of(command, clock.wall_ms, 64, |_| None)).collect();
    store.record(&learned).unwrap();
    let mut audits = 0;
    while audits < phones.len() {
        let Job::Alarms(learned) = found.recv_timeout(Duration::from_secs(60)).unwrap() else { panic!("another job") };
        audits += learned.iter().filter(|it| matches!(it.what, What::Audit(_))).count();
        store.record(&learned).unwrap();
    }
    let weak: Vec<String> = store.weak_accounts().unwrap().into_iter().map(|it| it.account).collect();
    let expected: Vec<&str> = phones.iter().filter(|(.., weak)| *weak).map(|(account, ..)| *account).collect();
    assert_eq!(
        {
            let mut weak = weak;
            weak.sort();
            weak
        },
        expected
    );
    let told: Vec<(String, bool)> = auditor.found().collect();
    assert!(told.len() == 3 && told.iter().all(|(_, weak)| *weak), "{told:?}");
    let counts = auditor.counts();
    assert_eq!((counts.audited, counts.weak, counts.waiting, counts.left_out), (4, 3, 0, 0));
    assert!(counts.guesses > 10_000);
    let kept = kept(config.paths().state.as_path());
    assert!(has(&kept, "snom821/8.9.3.60"), "the device is there");
    for (account, password, kind, _) in phones {
        let response = response(account, password, kind);
        assert!(!has(&kept, &response) && !has(&kept, NONCE) && !has(&kept, &response[..12]), "{account}");
        assert!(password.len() < 5 || !has(&kept, password), "{account}");
    }
}

#[test]
fn a_queue_that_is_full_takes_no_more_and_says_so() {
    let (auditor, queue) = Auditor::new();
    let config = Config::builtin();
    let filled = (0..1_000).filter(|_| auditor.configure(&config)).count();
    assert_eq!(filled, QUEUE);
    drop(queue);
}
