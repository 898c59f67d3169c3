//! What the slow path has learned: written, read back, forgotten.
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use firewall_common::addr::{Addr, Prefix};
use proptest::prelude::*;

use super::tests::store;
use super::*;
use crate::engine::command::{Alarm, Ban, Command, Demote, Hold, Promote};
use crate::engine::evidence::{Evidence, Incident, Proof, Rule};
use crate::engine::saved::{self, Key, Record, State};
use crate::entries::{Kind, parse_prefix, prefix_text};
use crate::names::{self, Notice};

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

pub(super) fn source(last: u8) -> Addr {
    Addr::from(Ipv4Addr::new(198, 51, 100, last))
}

fn prefix(text: &str) -> Prefix {
    parse_prefix(text).unwrap()
}

pub(super) fn evidence(rule: Rule) -> Evidence {
    let incident = Incident {
        time: NOW,
        method: "REGISTER".to_owned(),
        account: "'100'\u{0}☎".to_owned(),
        status: 401,
        user_agent: "friendly-scanner".to_owned(),
        proof: Proof::Nonce,
        via: "udp".to_owned(),
    };
    Evidence { rule, count: 5, allowed: 5, within: 600, incidents: vec![incident], next_seconds: 3_600 }
}

pub(super) fn ban(last: u8, until: i64) -> Command {
    Command::Ban(Ban { source: source(last), until, step: 1, evidence: evidence(Rule::Failures) })
}

fn hold(last: u8, account: Option<&[u8]>, until: i64) -> Command {
    let account = account.map(<[u8]>::to_vec);
    Command::Hold(Hold { source: source(last), account, until, evidence: evidence(Rule::AccountFailures) })
}

pub(super) fn promote(last: u8, account: &str, until: i64) -> Command {
    let account = account.to_owned();
    Command::Promote(Promote { source: source(last), account, until, trusted_until: until, known_until: until + DAY })
}

fn demote(last: u8, account: Option<&str>, until: i64) -> Command {
    Command::Demote(Demote { source: source(last), account: account.map(str::to_owned), until })
}

fn alarm(peer: u32, last: u8, time: i64, rule: Rule) -> Command {
    Command::Alarm(Alarm { peer, source: source(last), time, evidence: evidence(rule) })
}

pub(super) fn learned(commands: Vec<Command>, time: i64) -> Vec<Learned> {
    let peer = |id| (id > 0).then(|| format!("peer {id}"));
    commands.into_iter().filter_map(|command| Learned::of(command, time, 64, peer)).collect()
}

const KEY: Key = Key([1, 2]);

/// A record about a source of so many failures, which says something for an hour.
fn record(last: u8, failures: i64, time: i64) -> Record {
    let ip = Ipv4Addr::new(198, 51, 100, last).into();
    let state = saved::Source { source: Some(ip), failures: (0..failures).collect(), ..saved::Source::default() };
    Record { key: format!("source {ip}"), ends: time + HOUR, state: State::Source(state) }
}

pub(super) fn score(last: u8, failures: i64, time: i64) -> Learned {
    Learned::score(record(last, failures, time), time, 64, KEY)
}

fn save(store: &mut Store, scores: &[Learned]) {
    store.record(scores).unwrap();
}

fn failures(store: &Store, now: i64) -> Vec<(String, usize)> {
    let told = |record: Record| match record.state {
        State::Source(source) => (record.key, source.failures.len()),
        State::Account(_) | State::Pair(_) | State::Countries(_) => (record.key, 0),
    };
    records(store, now).into_iter().map(told).collect()
}

fn records(store: &Store, now: i64) -> Vec<Record> {
    let mut all = Vec::new();
    store.scores(now, |record| all.push(record)).unwrap();
    all
}

#[test]
fn a_ban_is_written_as_it_was_made() {
    let (_dir, mut store) = store();
    let recorded = store.record(&learned(vec![ban(7, NOW + HOUR)], NOW)).unwrap();
    assert_eq!((recorded.bans, recorded.lifted), (1, vec![]));
    let kept = store.active(NOW + 5).unwrap().remove(0);
    assert_eq!((kept.kind, prefix_text(kept.prefix), kept.created), (Kind::Ban, "198.51.100.7".to_owned(), NOW));
    let told: Evidence = serde_json::from_value(kept.evidence.unwrap()).unwrap();
    assert_eq!(told, evidence(Rule::Failures));
}

#[test]
fn a_ban_that_was_lifted_before_it_was_written_stays_lifted() {
    let (_dir, mut store) = store();
    let seven = prefix("198.51.100.7");
    let lifted = store.lift(seven, &[seven], Some("ann"), NOW + 5).unwrap();
    assert_eq!((lifted.bans.len(), lifted.pending), (0, vec![seven]));
    let recorded = store.record(&learned(vec![ban(7, NOW + HOUR)], NOW)).unwrap();
    assert_eq!((recorded.bans, recorded.lifted), (0, vec![seven]));
    assert_eq!(store.active(NOW + 6).unwrap(), []);
    let mark = store.why(seven, NOW + 6).unwrap().marks.remove(0);
    assert_eq!((mark.lifted, mark.banned, mark.step, mark.evidence.is_some()), (NOW + 5, NOW, 1, true));
    assert_eq!(store.record(&learned(vec![ban(7, NOW + HOUR)], NOW + 6)).unwrap().bans, 1, "the next one holds");
}

#[test]
fn lifting_forgets_the_score_and_an_older_one_does_not_come_back() {
    let (_dir, mut store) = store();
    store.record(&learned(vec![ban(7, NOW + HOUR)], NOW)).unwrap();
    save(&mut store, &[score(7, 5, NOW), score(8, 1, NOW)]);
    let seven = prefix("198.51.100.7");
    // What the kernel had without a number may have become a row meanwhile: it is one ban.
    let lifted = store.lift(seven, &[seven], None, NOW + 9).unwrap();
    assert_eq!((lifted.count(), lifted.bans.len()), (1, 1));
    assert_eq!(failures(&store, NOW), [("source 198.51.100.8".to_owned(), 1)]);
    save(&mut store, &[score(7, 5, NOW + 9)]);
    assert_eq!(failures(&store, NOW).len(), 1);
    save(&mut store, &[score(7, 1, NOW + 10)]);
    assert_eq!(failures(&store, NOW).len(), 2);
}

#[test]
fn a_lifted_ban_costs_a_step_of_the_ladder() {
    let (_dir, mut store) = store();
    let seven = prefix("198.51.100.7");
    let state = |failures, step, ban_ends| {
        let source = Some(Ipv4Addr::new(198, 51, 100, 7).into());
        State::Source(saved::Source { source, failures, step, ban_ends, ..saved::Source::default() })
    };
    let record = |state| Record { key: "source 198.51.100.7".to_owned(), ends: NOW + DAY, state };
    store.record(&learned(vec![ban(7, NOW + HOUR)], NOW)).unwrap();
    save(&mut store, &[Learned::score(record(state(vec![NOW], 3, NOW + HOUR)), NOW, 64, KEY)]);
    store.lift(seven, &[], None, NOW + 9).unwrap();
    assert_eq!(records(&store, NOW), [record(state(vec![], 2, NOW + 9))]);
    store.lift(seven, &[seven], None, NOW + 10).unwrap();
    store.lift(seven, &[seven], None, NOW + 11).unwrap();
    assert_eq!(records(&store, NOW), []);
}

#[test]
fn a_lifted_ban_forgets_what_accounts_failed_there() {
    let (_dir, mut store) = store();
    let tally = saved::Tally { since: NOW, count: 3 };
    let pair = |last, account, failures, authenticated| {
        let hash = KEY.source(source(last));
        let key = format!("{}{account:016x}", saved::pairs_of(hash));
        let state = State::Pair(saved::Pair { source: hash, account, failures: [failures; 2], authenticated });
        Record { key, ends: NOW + HOUR, state }
    };
    let of_eight = pair(8, 1, tally, 0);
    let kept = [pair(7, 1, tally, 0), pair(7, 2, tally, NOW), of_eight.clone(), record(8, 1, NOW)];
    let scores: Vec<NewScore> = kept.iter().map(|one| NewScore::new(one.clone(), 64, KEY)).collect();
    store.save_scores(&scores, NOW).unwrap();
    store.record(&learned(vec![ban(7, NOW + HOUR)], NOW)).unwrap();
    store.lift(prefix("198.51.100.7"), &[], None, NOW + 1).unwrap();
    let mut left = vec![pair(7, 2, saved::Tally::default(), NOW), of_eight, record(8, 1, NOW)];
    left.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(records(&store, NOW), left, "an account that has authenticated there has all the same");
}

#[test]
fn what_others_have_lifted_is_read_once() {
    let (_dir, mut store) = store();
    store.record(&learned(vec![ban(7, NOW + HOUR), ban(8, NOW + HOUR)], NOW)).unwrap();
    store.lift(prefix("198.51.100.7"), &[], None, NOW + 1).unwrap();
    let last = store.last_mark().unwrap();
    store.lift(prefix("198.51.100.8"), &[], None, NOW + 2).unwrap();
    assert_eq!(store.lifted_after(last).unwrap(), [(last + 1, prefix("198.51.100.8"))]);
    assert_eq!(store.lifted_after(last + 1).unwrap(), []);
}

#[test]
fn the_kernel_gets_each_registrant_once_with_its_latest_ends() {
    let (dir, mut store) = store();
    let six = Addr::from("2001:db8:0:7::1".parse::<std::net::Ipv6Addr>().unwrap()).source(Addr::mask(64));
    let of_six = Promote {
        source: six,
        account: "300".to_owned(),
        until: NOW + 5,
        trusted_until: NOW + 5,
        known_until: NOW + 6,
    };
    let commands = vec![promote(7, "100", NOW + HOUR), promote(7, "101", NOW + 2 * HOUR), Command::Promote(of_six)];
    store.record(&learned(commands, NOW)).unwrap();
    drop(store);
    let store = Store::open(&dir.path().join("state")).unwrap();
    let mut want = vec![(source(7), NOW + 2 * HOUR, NOW + 2 * HOUR + DAY), (six, NOW + 5, NOW + 6)];
    let mut kernel = store.registrants_for_kernel(NOW).unwrap();
    for list in [&mut want, &mut kernel] {
        list.sort_by_key(|one| one.0.to_bytes());
    }
    assert_eq!(kernel, want);
    assert_eq!(prefix_text(store.registrants(NOW).unwrap()[2].source), "2001:db8:0:7::/64");
}

#[test]
fn a_registration_is_renewed_ends_and_is_remembered() {
    let (_dir, mut store) = store();
    let commands = vec![promote(7, "100", NOW + 10), promote(7, "101", NOW + HOUR)];
    store.record(&learned(commands, NOW)).unwrap();
    store.record(&learned(vec![promote(7, "100", NOW + 2 * HOUR)], NOW + 5)).unwrap();
    let rows = store.registrants(NOW).unwrap();
    assert_eq!((rows.len(), rows[0].created, rows[0].until), (2, NOW, NOW + 2 * HOUR));
    store.record(&learned(vec![demote(7, Some("100"), NOW + HOUR)], NOW + 20)).unwrap();
    let until = |store: &Store| store.registrants_for_kernel(NOW).unwrap()[0].1;
    assert_eq!(until(&store), NOW + HOUR, "the other account's registration goes on");
    store.record(&learned(vec![demote(7, None, NOW + 30)], NOW + 30)).unwrap();
    assert_eq!(until(&store), NOW + 30);
    assert_eq!(store.learned_counts(NOW + 31, 0).unwrap().registrants, 0);
    assert_eq!(store.registrants(NOW + 31).unwrap().len(), 2, "it is known still");
    assert_eq!(store.saved_registrants(NOW + 31).unwrap()[1].account, "101");
    assert_eq!(store.prune_learned(NOW + 2 * HOUR + DAY).unwrap(), 2);
}

#[test]
fn a_removed_registrant_is_gone_with_all_accounts() {
    let (_dir, mut store) = store();
    let commands = vec![promote(7, "100", NOW + HOUR), promote(7, "101", NOW + HOUR), promote(8, "100", NOW + HOUR)];
    store.record(&learned(commands, NOW)).unwrap();
    assert_eq!(store.remove_registrant(prefix("198.51.100.7")).unwrap().len(), 2);
    assert_eq!(store.remove_registrant(prefix("198.51.100.7")).unwrap(), []);
    assert_eq!(store.registrants_for_kernel(NOW).unwrap().len(), 1);
}

#[test]
fn holds_of_a_source_and_of_its_accounts_are_apart() {
    let (_dir, mut store) = store();
    let commands = vec![
        hold(7, None, NOW + HOUR),
        hold(7, Some(b"100"), NOW + HOUR),
        hold(7, Some(b"\xff'\0"), NOW + HOUR),
        hold(7, Some(b""), NOW + HOUR),
        hold(7, None, NOW + 2 * HOUR),
    ];
    store.record(&learned(commands, NOW)).unwrap();
    let holds = store.holds(NOW).unwrap();
    assert_eq!(holds.len(), 4);
    assert_eq!((holds[3].account.as_deref(), holds[3].until), (None, NOW + 2 * HOUR));
    assert!(serde_json::to_string(&holds).unwrap().contains("\u{fffd}'"));
    let seven = prefix("198.51.100.7");
    assert_eq!(store.lift_holds(seven, Some(b"100"), NOW).unwrap().len(), 1);
    assert_eq!(store.lift_holds(seven, None, NOW).unwrap().len(), 3);
    assert_eq!(store.lift_holds(seven, None, NOW).unwrap(), []);
}

#[test]
fn an_ended_hold_is_remembered_for_a_day() {
    let (_dir, mut store) = store();
    store.record(&learned(vec![hold(7, None, NOW + 10)], NOW)).unwrap();
    assert_eq!(store.holds(NOW + 10).unwrap(), []);
    assert_eq!(store.why(prefix("198.51.100.7"), NOW + 10).unwrap().holds.len(), 1);
    assert_eq!(store.prune_learned(NOW + 10).unwrap(), 0);
    assert_eq!(store.prune_learned(NOW + 10 + DAY).unwrap(), 1);
}

#[test]
fn an_alarm_that_goes_on_is_one_row_that_counts() {
    let (_dir, mut store) = store();
    let commands = vec![
        alarm(1, 7, NOW, Rule::Failures),
        alarm(2, 8, NOW + 1, Rule::Failures),
        alarm(1, 7, NOW + 2, Rule::Failures),
        alarm(1, 7, NOW + 3, Rule::Scanning),
        alarm(1, 7, NOW + 2 * HOUR, Rule::Failures),
    ];
    store.record(&learned(commands, NOW)).unwrap();
    let alarms = store.alarms(10).unwrap();
    let told: Vec<_> = alarms.iter().map(|a| (a.first - NOW, a.time - NOW, a.count, a.rule.as_str())).collect();
    let want =
        [(2 * HOUR, 2 * HOUR, 1, "failures"), (3, 3, 1, "scanning"), (0, 2, 2, "failures"), (1, 1, 1, "failures")];
    assert_eq!(told, want);
    assert_eq!((alarms[0].name.as_deref(), alarms[3].peer), (Some("peer 1"), 2));
    assert_eq!(store.alarms(1).unwrap().len(), 1);
    assert_eq!(store.learned_counts(NOW, NOW + 2).unwrap().alarms, 4);
}

#[test]
fn alarms_about_names_have_no_source_and_count_by_name() {
    let (_dir, mut store) = store();
    let notice = |name: &str, time, what| Notice { name: name.to_owned(), time, what };
    let stopped = |name, time| notice(name, time, names::What::Stopped("no answer".to_owned()));
    assert_eq!(Learned::of_name(&notice("a.example", NOW, names::What::Resumed), 1, "itsp"), None);
    let notices = [stopped("a.example", NOW), stopped("b.example", NOW + 1), stopped("a.example", NOW + 2)];
    let alarms: Vec<Learned> = notices.iter().filter_map(|one| Learned::of_name(one, 1, "itsp")).collect();
    store.record(&alarms).unwrap();
    let told: Vec<_> = store.alarms(9).unwrap();
    let counts: Vec<_> = told.iter().map(|a| (a.evidence["name"].as_str().unwrap(), a.count, a.source)).collect();
    assert_eq!(counts, [("a.example", 2, None), ("b.example", 1, None)]);
    assert_eq!((told[0].name.as_deref(), told[0].rule.as_str()), (Some("itsp"), NAME_STOPPED));
    assert!(serde_json::to_value(&told[0]).unwrap()["source"].is_null());
}

#[test]
fn the_ring_of_alarms_is_bounded() {
    let (_dir, mut store) = store();
    let many = (0..30).map(|i| alarm(1, i, NOW + i64::from(i), Rule::Failures)).collect();
    store.record(&learned(many, NOW)).unwrap();
    store.record(&learned(vec![alarm(1, 3, NOW + 30, Rule::Failures)], NOW)).unwrap();
    store.write(|tx| alarm::trim(tx, 10)).unwrap();
    let kept: Vec<_> = store.alarms(100).unwrap().iter().map(|a| a.time - NOW).collect();
    assert_eq!(kept, [30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
}

#[test]
fn scores_are_kept_replaced_and_forgotten() {
    let (dir, mut store) = store();
    save(&mut store, &[score(7, 1, NOW), score(8, 2, NOW), score(9, 3, NOW)]);
    let gone = Record { ends: NOW + 1, ..record(8, 0, NOW) };
    save(&mut store, &[score(7, 4, NOW + 1), Learned::score(gone, NOW + 1, 64, KEY)]);
    drop(store);
    let mut store = Store::open(&dir.path().join("state")).unwrap();
    let want = [("source 198.51.100.7".to_owned(), 4), ("source 198.51.100.9".to_owned(), 3)];
    assert_eq!(failures(&store, NOW), want);
    assert_eq!(failures(&store, NOW + HOUR), want[..1], "what has ended says nothing");
    assert_eq!(store.prune_learned(NOW + HOUR).unwrap(), 1);
    store.db.execute("UPDATE score SET state = '{\"of\":\"tomorrow\"}'", []).unwrap();
    assert_eq!(records(&store, NOW), []);
}

#[test]
fn records_are_read_back_whole() {
    let (_dir, mut store) = store();
    let tally = saved::Tally { since: NOW, count: 3 };
    let records_of = [
        State::Account(saved::Account { account: u64::MAX, failures: vec![(NOW, u32::MAX)] }),
        State::Pair(saved::Pair { source: u64::MAX, account: 1, failures: [tally; 2], authenticated: NOW }),
        State::Source(saved::Source {
            source: Some("2001:db8:0:7::".parse().unwrap()),
            users: vec![7; 40],
            step: 3,
            malformed: tally,
            ..saved::Source::default()
        }),
    ];
    let keys = ["account ffff", "pair ffff 0001", "source 2001:db8:0:7::"];
    let records_of = records_of.into_iter().zip(keys);
    let saved: Vec<Record> =
        records_of.map(|(state, key)| Record { key: key.to_owned(), ends: NOW + HOUR, state }).collect();
    let scores: Vec<NewScore> = saved.iter().map(|record| NewScore::new(record.clone(), 64, KEY)).collect();
    store.save_scores(&scores, NOW).unwrap();
    assert_eq!(records(&store, NOW), saved);
    let of_source = store.why(prefix("2001:db8:0:7::9"), NOW).unwrap().scores;
    assert_eq!(of_source.iter().map(|score| score.key.as_str()).collect::<Vec<_>>(), [keys[2]]);
    assert_eq!(store.why(prefix("2001:db8:0:8::9"), NOW).unwrap().scores, []);
}

#[test]
fn records_under_another_key_are_worth_nothing() {
    let (_dir, mut store) = store();
    assert_eq!(store.engine_key(KEY).unwrap(), KEY);
    assert_eq!(store.engine_key(Key([3, 4])).unwrap(), KEY, "one key for good");
    save(&mut store, &[score(7, 1, NOW), score(8, 1, NOW)]);
    // An engine that was started while the database could not be read has a key of its own.
    save(&mut store, &[Learned::score(record(9, 1, NOW), NOW, 64, Key([5, 6]))]);
    assert_eq!(failures(&store, NOW), [("source 198.51.100.9".to_owned(), 1)]);
    assert_eq!(store.engine_key(KEY).unwrap(), Key([5, 6]));
}

#[test]
fn why_tells_all_that_is_known_of_a_source_and_nothing_of_others() {
    let (_dir, mut store) = store();
    let commands = vec![
        ban(7, NOW + HOUR),
        hold(7, Some(b"100"), NOW + HOUR),
        promote(7, "100", NOW + HOUR),
        alarm(1, 7, NOW, Rule::Failures),
        ban(8, NOW + HOUR),
        promote(8, "100", NOW + HOUR),
    ];
    store.record(&learned(commands, NOW)).unwrap();
    save(&mut store, &[score(7, 3, NOW), score(8, 3, NOW)]);
    let why = store.why(prefix("198.51.100.7"), NOW).unwrap();
    let counts = [why.bans.len(), why.holds.len(), why.registrants.len(), why.alarms.len(), why.scores.len()];
    assert_eq!(counts, [1; 5]);
    assert!(serde_json::to_string(&why).unwrap().contains("friendly-scanner"));
}

#[test]
fn a_database_of_the_first_schema_keeps_what_it_has() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join(FILE_NAME);
    let old = Connection::open(&path).unwrap();
    old.execute_batch(schema::STEPS[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute_batch(
        "INSERT INTO entry (action, prefix, scope, created, expires, origin, evidence, step)
         VALUES ('ban', '198.51.100.7', 'sip', 1, 9, 'firewall', '{}', 3)",
    )
    .unwrap();
    drop(old);
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(store.active(5).unwrap()[0].step, 3);
    store.record(&learned(vec![ban(8, NOW + HOUR), promote(8, "100", NOW)], NOW)).unwrap();
    assert_eq!(store.read(schema::version).unwrap(), schema::NEWEST);
}

fn any_command() -> impl Strategy<Value = Command> {
    let (last, until) = (0u8..4, 1i64..1_000);
    let account = prop_oneof![Just("100".to_owned()), Just("101".to_owned()), any::<String>()];
    (0u8..5, last, until, proptest::option::of(account)).prop_map(|(kind, last, until, account)| {
        let until = NOW + until;
        match kind {
            0 => ban(last, until),
            1 => hold(last, account.as_deref().map(str::as_bytes), until),
            2 => promote(last, account.as_deref().unwrap_or("100"), until),
            3 => demote(last, account.as_deref(), until),
            _ => alarm(last.into(), last, until, Rule::Failures),
        }
    })
}

/// What should be there after all commands: ends of bans, holds, registrations, and how often each source was alarmed.
#[derive(Debug, Default, PartialEq)]
struct Model {
    bans: BTreeMap<u8, i64>,
    holds: BTreeMap<(u8, Option<Vec<u8>>), i64>,
    registrants: BTreeMap<(u8, String), i64>,
    alarms: BTreeMap<u8, u32>,
}

fn last_of(addr: [u8; 16]) -> u8 {
    addr[15]
}

impl Model {
    fn take(&mut self, command: &Command) {
        match command {
            Command::Ban(ban) => drop(self.bans.insert(last_of(ban.source.to_bytes()), ban.until)),
            Command::Hold(hold) => {
                self.holds.insert((last_of(hold.source.to_bytes()), hold.account.clone()), hold.until);
            }
            Command::Promote(promote) => {
                self.registrants.insert((last_of(promote.source.to_bytes()), promote.account.clone()), promote.until);
            }
            Command::Demote(demote) => {
                let last = last_of(demote.source.to_bytes());
                let cut = if demote.account.is_some() { NOW } else { demote.until };
                let meant = |account: &String| demote.account.as_ref().is_none_or(|only| only == account);
                let rows = self.registrants.iter_mut().filter(|((of, account), _)| *of == last && meant(account));
                rows.for_each(|(_, until)| *until = cut.min(*until));
            }
            Command::Pinholes(_)
            | Command::Answer(_)
            | Command::Disconnect(_)
            | Command::Dialog(_)
            | Command::Verify(_)
            | Command::BlockPrefix(_)
            | Command::Call(_)
            | Command::Device(_) => {}
            Command::Alarm(alarm) => *self.alarms.entry(last_of(alarm.source.to_bytes())).or_default() += 1,
        }
    }

    fn of(store: &Store) -> Self {
        let bans = store.active(0).unwrap().into_iter().map(|b| (last_of(b.prefix.addr), b.expires.unwrap()));
        let holds = store.holds(0).unwrap().into_iter().map(|h| ((last_of(h.source.addr), h.account), h.until));
        let rows = store.registrants(0).unwrap().into_iter().map(|r| ((last_of(r.source.addr), r.account), r.until));
        let alarms = store.alarms(1_000).unwrap().into_iter().map(|a| (last_of(a.source.unwrap().addr), a.count));
        Self { bans: bans.collect(), holds: holds.collect(), registrants: rows.collect(), alarms: alarms.collect() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_batch_is_read_back_as_it_was_written(batches in prop::collection::vec(prop::collection::vec(any_command(), 0..12), 1..4)) {
        let (dir, mut store) = store();
        let mut model = Model::default();
        for batch in batches {
            batch.iter().for_each(|command| model.take(command));
            store.record(&learned(batch, NOW)).unwrap();
        }
        prop_assert_eq!(Model::of(&store), model);
        let before = Model::of(&store);
        drop(store);
        prop_assert_eq!(Model::of(&Store::open(&dir.path().join("state")).unwrap()), before);
    }
}
