//! One resolution of one name: questions out, answers in.
//!
//! Owns: the way from a name to addresses: its own A and AAAA records, the targets of its SRV records, and what its NAPTR
//! records point to (RFC 3263 §4; a peer may send from any server that it names, so weights and priorities do not
//! matter here). Refuses: asking, and believing (see [`super::book`]).
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::net::IpAddr;

/// The most questions for one name. A name that leads to more is not resolved.
const QUESTIONS_MAX: usize = 96;
/// How far a name may be from the one that was meant: NAPTR, another NAPTR, SRV, address.
const DEPTH_MAX: u8 = 3;
/// After how many questions without an answer, with none answered by an address, no more are asked: each costs seconds, and
/// the servers that say nothing are the same.
const SILENT_MAX: u32 = 2;
/// Where SIP's servers stand (RFC 3263 §4.1, RFC 3261 §26).
const SERVICES: [&str; 3] = ["_sip._udp", "_sip._tcp", "_sips._tcp"];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Servers (RFC 2782).
    Srv,
    /// Pointers (RFC 3403).
    Naptr,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The whole name, in small letters, without a dot at its end.
    pub name: String,
    /// The kind of record.
    pub kind: Kind,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// An address.
    Address(IpAddr),
    /// A server's name.
    Server(String),
    /// A pointer: its flags, its services, and the name it points to.
    Pointer(String, String, String),
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it says.
    pub data: Data,
    /// Seconds for which that may be believed.
    pub ttl: u32,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Records; none if there are none of this kind, or no such name.
    Records(Vec<Record>),
    /// No answer, and why.
    Failure(String),
}

/// What a resolution came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// The addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// Seconds for which all of it may be believed; none without a record.
    pub ttl: Option<u32>,
    /// The first question without an answer, and why. What it would have led to is not known.
    pub failure: Option<String>,
}

/// A resolution under way.
#[derive(Debug)]
pub struct Walk {
    waiting: VecDeque<(Question, u8)>,
    asked: HashSet<Question>,
    depth: u8,
    silent: u32,
    finding: Finding,
}

impl Walk {
    /// Begins with a name. One that names a service, such as `_sip._udp.example.net`, has servers and no addresses.
    pub fn new(name: &str) -> Self {
        let (waiting, asked) = (VecDeque::new(), HashSet::new());
        let mut walk = Self { waiting, asked, depth: 0, silent: 0, finding: Finding::default() };
        if name.starts_with('_') {
            walk.add(name, Kind::Srv, 0);
            return walk;
        }
        walk.add_host(name, 0);
        walk.add(name, Kind::Naptr, 0);
        SERVICES.iter().for_each(|service| walk.add(&format!("{service}.{name}"), Kind::Srv, 0));
        walk
    }

    /// The next question; nothing when all are answered.
    pub fn next_question(&mut self) -> Option<Question> {
        let (question, depth) = self.waiting.pop_front()?;
        self.depth = depth;
        Some(question)
    }

    /// Takes the answer to the question that was asked last.
    pub fn take(&mut self, question: &Question, answer: Answer) {
        match answer {
            Answer::Records(records) => records.iter().for_each(|record| self.take_record(question.kind, record)),
            Answer::Failure(why) => {
                self.silent += 1;
                self.fail(format!("{}: {why}", question.name));
            }
        }
        if self.silent >= SILENT_MAX && self.finding.addresses.is_empty() {
            self.waiting.clear();
        }
    }

    /// What was found.
    pub fn finish(self) -> Finding {
        self.finding
    }

    /// Records of another kind than was asked for, such as the CNAME on the way, say nothing.
    fn take_record(&mut self, asked: Kind, record: &Record) {
        match (&record.data, asked) {
            (Data::Address(ip), Kind::A | Kind::Aaaa) => drop(self.finding.addresses.insert(ip.to_canonical())),
            (Data::Server(target), Kind::Srv) => self.add_host(target, self.depth + 1),
            (Data::Pointer(flags, services, to), Kind::Naptr) => self.follow(flags, services, to),
            _ => return,
        }
        self.finding.ttl = Some(self.finding.ttl.map_or(record.ttl, |ttl| ttl.min(record.ttl)));
    }

    fn follow(&mut self, flags: &str, services: &str, to: &str) {
        let services = services.to_ascii_lowercase();
        if !services.is_empty() && !services.starts_with("sip") {
            return;
        }
        let depth = self.depth + 1;
        match flags.to_ascii_lowercase().as_str() {
            "s" => self.add(to, Kind::Srv, depth),
            "a" => self.add_host(to, depth),
            "" => self.add(to, Kind::Naptr, depth),
            _ => {}
        }
    }

    fn add_host(&mut self, name: &str, depth: u8) {
        self.add(name, Kind::A, depth);
        self.add(name, Kind::Aaaa, depth);
    }

    fn add(&mut self, name: &str, kind: Kind, depth: u8) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let question = Question { name, kind };
        // A server named `.` says that there is none (RFC 2782).
        if question.name.is_empty() || self.asked.contains(&question) {
            return;
        }
        if depth > DEPTH_MAX || self.asked.len() >= QUESTIONS_MAX {
            return self.fail(format!("{} leads too far", question.name));
        }
        self.asked.insert(question.clone());
        self.waiting.push_back((question, depth));
    }

    fn fail(&mut self, why: String) {
        self.finding.failure.get_or_insert(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    type Zone<'a> = [(&'a str, Kind, &'a [(Data, u32)])];

    /// Resolves by a table of `name kind → records`.
    fn resolve(name: &str, zone: &Zone<'_>) -> Finding {
        let zone: HashMap<(&str, Kind), &[(Data, u32)]> = zone.iter().map(|(n, k, r)| ((*n, *k), *r)).collect();
        let mut walk = Walk::new(name);
        while let Some(q) = walk.next_question() {
            let records = zone.get(&(q.name.as_str(), q.kind)).copied().unwrap_or_default();
            let records = records.iter().map(|(data, ttl)| Record { data: data.clone(), ttl: *ttl }).collect();
            walk.take(&q, Answer::Records(records));
        }
        walk.finish()
    }

    fn ip(text: &str) -> Data {
        Data::Address(text.parse().unwrap())
    }

    fn server(name: &str) -> Data {
        Data::Server(name.into())
    }

    fn texts(finding: &Finding) -> Vec<String> {
        finding.addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn addresses_servers_and_pointers_are_followed() {
        let pointer = |flags: &str, services: &str, to: &str| Data::Pointer(flags.into(), services.into(), to.into());
        let finding = resolve(
            "itsp.example",
            &[
                ("itsp.example", Kind::A, &[(ip("192.0.2.1"), 300)]),
                ("itsp.example", Kind::Aaaa, &[(ip("2001:db8::1"), 300)]),
                ("_sip._udp.itsp.example", Kind::Srv, &[(server("a.itsp.example."), 600), (server("."), 600)]),
                ("a.itsp.example", Kind::A, &[(ip("192.0.2.2"), 120)]),
                (
                    "itsp.example",
                    Kind::Naptr,
                    &[
                        (pointer("s", "SIPS+D2T", "_sips._tcp.other.example"), 900),
                        (pointer("A", "SIP+D2U", "b.itsp.example"), 900),
                        (pointer("u", "E2U+sip", "x.example"), 900),
                        (pointer("a", "h323", "y.example"), 900),
                    ],
                ),
                ("_sips._tcp.other.example", Kind::Srv, &[(server("C.other.example"), 600)]),
                ("c.other.example", Kind::Aaaa, &[(ip("2001:db8::3"), 60)]),
                ("b.itsp.example", Kind::A, &[(ip("192.0.2.4"), 600)]),
                ("x.example", Kind::A, &[(ip("192.0.2.99"), 1)]),
                ("y.example", Kind::A, &[(ip("192.0.2.98"), 1)]),
            ],
        );
        assert_eq!(texts(&finding), ["192.0.2.1", "192.0.2.2", "192.0.2.4", "2001:db8::1", "2001:db8::3"]);
        assert_eq!((finding.ttl, finding.failure), (Some(60), None));
    }

    #[test]
    fn a_service_has_servers_only() {
        let zone: &Zone<'_> = &[
            ("_sip._tcp.itsp.example", Kind::Srv, &[(server("a.example"), 9)]),
            ("a.example", Kind::A, &[(ip("192.0.2.1"), 9)]),
        ];
        assert_eq!(texts(&resolve("_sip._tcp.itsp.example", zone)), ["192.0.2.1"]);
    }

    #[test]
    fn circles_and_crowds_end() {
        let to = |name: &str| (Data::Pointer(String::new(), String::new(), name.into()), 9);
        let zone: &Zone<'_> = &[
            ("a.example", Kind::Naptr, &[to("b.example")]),
            ("b.example", Kind::Naptr, &[to("a.example"), to("c.example")]),
            ("c.example", Kind::Naptr, &[to("d.example")]),
            ("d.example", Kind::Naptr, &[to("e.example")]),
        ];
        assert!(resolve("a.example", zone).failure.is_some_and(|why| why.contains("leads too far")));
        let crowd: Vec<(Data, u32)> = (0..1_000).map(|i| (server(&format!("h{i}.example")), 9)).collect();
        let finding = resolve("a.example", &[("_sip._udp.a.example", Kind::Srv, &crowd)]);
        assert!(finding.failure.is_some_and(|why| why.contains("leads too far")));
    }

    #[test]
    fn a_question_without_an_answer_is_told_and_the_others_count() {
        let mut walk = Walk::new("a.example");
        while let Some(q) = walk.next_question() {
            let found = Answer::Records(vec![Record { data: ip("::ffff:192.0.2.1"), ttl: 7 }]);
            let answer = if q.kind == Kind::A { found } else { Answer::Failure("SERVFAIL".into()) };
            walk.take(&q, answer);
        }
        let finding = walk.finish();
        assert_eq!(texts(&finding), ["192.0.2.1"]);
        assert_eq!(finding.failure.as_deref(), Some("a.example: SERVFAIL"));
    }

    #[test]
    fn servers_that_say_nothing_are_not_asked_everything() {
        let (mut walk, mut questions) = (Walk::new("a.example"), 0);
        while let Some(q) = walk.next_question() {
            questions += 1;
            walk.take(&q, Answer::Failure("request timed out".into()));
        }
        assert_eq!(questions, SILENT_MAX);
        assert!(walk.finish().failure.is_some_and(|why| why.contains("timed out")));
    }

    proptest! {
        #[test]
        fn every_walk_ends(targets in proptest::collection::vec((0u8..4, 0u8..6, "[sau]?"), 0..40)) {
            let mut walk = Walk::new("n0.example");
            let mut questions = 0;
            while let Some(q) = walk.next_question() {
                questions += 1;
                prop_assert!(questions <= QUESTIONS_MAX);
                let records = targets.iter().map(|(kind, n, flags)| {
                    let name = format!("n{n}.example");
                    let data = match kind {
                        0 => ip("192.0.2.1"),
                        1 => ip("2001:db8::1"),
                        2 => server(&name),
                        _ => Data::Pointer(flags.clone(), "SIP+D2U".into(), name),
                    };
                    Record { data, ttl: 60 }
                });
                walk.take(&q, Answer::Records(records.collect()));
            }
            prop_assert!(walk.finish().addresses.len() <= 2);
        }
    }
}
