//! How many registrations a second the daemon's engine follows on one core: reading, proof, promotion.
//!
//! Owns: the quadruple (REGISTER, 401, REGISTER with credentials, 200) and its many copies. Refuses: rings and maps; what
//! the kernel's side costs is measured elsewhere.
use std::time::{Duration, Instant};

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_userspace::clock::Clock;
use firewall_userspace::config::Config;
use firewall_userspace::engine::Engine;
use firewall_userspace::engine::input::{Direction, Flow, Seen, Via};
use firewall_userspace::engine::saved::Key;

use super::figure::{Figure, Goal};

/// Different phones, each with an address of its own.
const PHONES: u32 = 10_000;
/// Quadruples of one trial.
const QUADRUPLES: u32 = 50_000;
/// What is different in every quadruple stands here as eight digits.
const MARK: &[u8; 8] = b"XXXXXXXX";
/// What is different for every phone.
const USER: &[u8; 8] = b"YYYYYYYY";

/// Measures.
pub(super) fn measure(trials: usize) -> Vec<Figure> {
    let mut bench = Bench::new();
    let best = (0..trials).map(|_| bench.trial()).min().unwrap_or_default();
    let rate = f64::from(QUADRUPLES) / best.as_secs_f64();
    let what = "REGISTER+401+REGISTER+200 that the engine follows on one core";
    vec![Figure::new("slow_path_quadruples", rate, "/s", Goal::AtLeast(50_000.0), what)]
}

/// One message, and where in it the marks and the users stand.
struct Template {
    direction: Direction,
    bytes: Vec<u8>,
    places: [Vec<usize>; 2],
}

impl Template {
    fn new(direction: Direction, text: String) -> Self {
        let bytes = text.into_bytes();
        let find = |mark: &[u8; 8]| -> Vec<usize> {
            bytes.windows(mark.len()).enumerate().filter(|(_, part)| part == mark).map(|(at, _)| at).collect()
        };
        let places = [MARK, USER].map(find);
        Self { direction, bytes, places }
    }

    fn number(&mut self, number: u32) {
        for (places, digits) in self.places.iter().zip([digits(number), digits(number % PHONES)]) {
            places.iter().for_each(|at| self.bytes[*at..at + digits.len()].copy_from_slice(&digits));
        }
    }
}

struct Bench {
    engine: Engine,
    templates: [Template; 4],
    next: u32,
    promoted: usize,
}

impl Bench {
    fn new() -> Self {
        let engine = Engine::new(&Config::builtin(), Key([0x5eed, 0x1234]));
        Self { engine, templates: templates(), next: 0, promoted: 0 }
    }

    fn trial(&mut self) -> Duration {
        let (begin, before, mut commands) = (Instant::now(), self.promoted, Vec::new());
        for _ in 0..QUADRUPLES {
            self.next += 1;
            self.quadruple(&mut commands);
            self.promoted += commands.len();
            commands.clear();
        }
        let taken = begin.elapsed();
        assert_eq!(self.promoted - before, QUADRUPLES as usize, "every registration is a promotion");
        taken
    }

    fn quadruple(&mut self, commands: &mut Vec<firewall_userspace::engine::command::Command>) {
        let remote = Addr::from_v4((0x0a00_0000 + self.next % PHONES).to_be_bytes());
        // A thousand a second, as far as the engine can tell.
        let mono = 1_000_000_000_000 + u64::from(self.next) * 1_000_000;
        let clock = Clock { wall_ms: 1_800_000_000_000 + i64::from(self.next), mono_ns: mono };
        for template in &mut self.templates {
            template.number(self.next);
            let flow = flow(template.direction, remote);
            let seen = Seen { time: mono, flow, bytes: &template.bytes, truncated: false, refused: None };
            self.engine.handle(seen, clock, commands);
        }
        if self.next.is_multiple_of(1_000) {
            self.engine.tick(clock, commands);
        }
    }
}

fn digits(number: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        let nibble = (number >> (4 * place) & 0xf) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    }
    digits
}

fn flow(direction: Direction, remote: Addr) -> Flow {
    Flow {
        direction,
        remote,
        remote_port: 5_060,
        local: Addr::from_v4([192, 0, 2, 1]),
        local_port: 5_060,
        via: Via::Udp,
        kind: Kind::Stranger,
        peer: 0,
    }
}

/// As a desk phone and Kamailio write them.
fn templates() -> [Template; 4] {
    let request = |sequence: u32, more: &str| {
        let text = format!(
            "REGISTER sip:pbx.example.com SIP/2.0\r\n{}Contact: <sip:YYYYYYYY@10.0.0.17:5060;transport=udp>\
             ;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"\r\n{more}Max-Forwards: 70\r\n\
             User-Agent: Yealink SIP-T46S 66.85.0.5\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO\r\n\
             Expires: 3600\r\nAllow-Events: talk, hold, conference, refer, check-sync\r\nContent-Length: 0\r\n\r\n",
            common(sequence, "", "")
        );
        Template::new(Direction::In, text)
    };
    let answer = |sequence: u32, status: &str, more: &str| {
        let text = format!(
            "SIP/2.0 {status}\r\n{}{more}Server: kamailio (5.6.3 (x86_64/linux))\r\nContent-Length: 0\r\n\r\n",
            common(sequence, ";received=10.0.0.17", ";tag=b27e1a1d33761e85846fc98f5f3a7e58.XXXXXXXX")
        );
        Template::new(Direction::Out, text)
    };
    let nonce = "ZfXXXXXXXXoqP7wJbYt3c9mYkDq0bW5t2gYXq1pQ";
    let challenge = format!("WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"{nonce}\", qop=\"auth\"\r\n");
    let credentials = format!(
        "Authorization: Digest username=\"YYYYYYYY\", realm=\"pbx.example.com\", nonce=\"{nonce}\", \
         uri=\"sip:pbx.example.com\", response=\"6629fae49393a05397450978507c4ef1\", algorithm=MD5, cnonce=\"0a4f113b\", \
         qop=auth, nc=00000001\r\n"
    );
    let granted = "Contact: <sip:YYYYYYYY@10.0.0.17:5060;transport=udp>;expires=3600\r\n";
    [request(1, ""), answer(1, "401 Unauthorized", &challenge), request(2, &credentials), answer(2, "200 OK", granted)]
}

fn common(sequence: u32, received: &str, tag: &str) -> String {
    format!(
        "Via: SIP/2.0/UDP 10.0.0.17:5060;branch=z9hG4bK{sequence}XXXXXXXX;rport=5060{received}\r\n\
         From: \"Alice\" <sip:YYYYYYYY@pbx.example.com>;tag=3404137402\r\nTo: \"Alice\" <sip:YYYYYYYY@pbx.example.com>{tag}\r\n\
         Call-ID: 0_XXXXXXXX@10.0.0.17\r\nCSeq: {sequence} REGISTER\r\n"
    )
}
