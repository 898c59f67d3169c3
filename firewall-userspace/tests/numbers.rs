//! Lists of numbers on their way into the kernel, on veth pairs in a network namespace of their own. Needs root.
use std::collections::HashMap as StdMap;
use std::path::Path;
use std::time::Instant;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map, MapData, MapError};
use firewall_common::addr::Addr;
use firewall_common::maps;
use firewall_common::number::{
    Digits, Directions, Number, NumberAction, NumberKey, NumberRule, NumberTerm, Plan, block_list, code_hash,
};
use firewall_common::policy::{NUMBERS_BLOCKS, NUMBERS_CODES, SWITCH_NUMBERS};
use firewall_common::reason::Reason;
use firewall_userspace::dataplane::{Error, Instance, probe};
use firewall_userspace::numbers::{ListKind, NewNumber, Numbers, own_list, parse_number};
use firewall_userspace::store::CodeAdded;

#[allow(dead_code, reason = "shared with other tests, which use the rest")]
#[path = "lifecycle/world.rs"]
mod world;
use world::{World, frame_of};

const CONFIG: &str = "[numbers]\nreceived = \"open\"\ncountry = \"49\"\n[callers]\nown_numbers = [\"+4930123\"]\n";

fn entry(prefix: &str, action: NumberAction) -> NewNumber {
    NewNumber {
        list: ListKind::Dialled,
        peer: None,
        directions: Directions::BOTH,
        prefix: number(prefix),
        action,
        class: None,
        comment: None,
        author: None,
        expires: None,
    }
}

fn number(text: &str) -> Number {
    parse_number(text, &Plan::NONE).unwrap()
}

fn open<M: TryFrom<Map, Error = MapError>>(dir: &Path, name: &str) -> M {
    let data = MapData::from_pin(dir.join(name)).unwrap();
    M::try_from(Map::from_map_data(data).unwrap()).unwrap()
}

/// The kernel's maps of an instance.
struct Maps {
    rules: LpmTrie<MapData, NumberKey, NumberRule>,
    codes: HashMap<MapData, u64, u64>,
    switches: Array<MapData, u64>,
}

impl Maps {
    fn of(world: &World, instance: &Instance) -> Self {
        let dir = world.pins(instance.iface()).join(format!("gen-{}", instance.generation()));
        Self { rules: open(&dir, maps::NUMBERS), codes: open(&dir, maps::CODES), switches: open(&dir, maps::SWITCHES) }
    }

    /// What the trie finds for a number.
    fn find(&self, list: u64, text: &str) -> Option<NumberRule> {
        let (key, bits) = NumberKey::of(list, number(text));
        self.rules.get(&Key::new(bits, key), 0).ok()
    }

    fn received(&self, list: u64, text: &str) -> NumberTerm {
        self.find(list, text).map_or(NumberTerm::default(), |rule| rule.received)
    }

    fn action(&self, list: u64, text: &str) -> NumberAction {
        NumberAction::from_number(self.received(list, text).action)
    }

    fn switch(&self) -> u64 {
        self.switches.get(&SWITCH_NUMBERS, 0).unwrap()
    }
}

#[test]
fn lists_are_in_the_kernel_from_the_start_and_follow_the_database() {
    let world = World::new();
    let iface = world.veth();
    let mut store = world.store();
    let peer = NewNumber { peer: Some("itsp".to_owned()), ..entry("+4990012", NumberAction::Allow) };
    store.add_numbers(&[entry("+49900", NumberAction::Deny), peer], world.wall(), |_| {}).unwrap();
    let (mut instance, started) = world.start(&iface, CONFIG);
    assert_eq!(started.warnings, [""; 0]);
    let kernel = Maps::of(&world, &instance);
    let itsp = u64::from(own_list("itsp"));
    assert_eq!(kernel.action(NumberKey::EVERYBODY, "+49900123"), NumberAction::Deny);
    assert_eq!(kernel.action(NumberKey::EVERYBODY, "+4989"), NumberAction::None);
    assert_eq!(
        (kernel.action(itsp, "+49900123"), kernel.action(itsp, "+49900")),
        (NumberAction::Allow, NumberAction::None)
    );
    assert_eq!(kernel.action(NumberKey::CALLERS, "+49301234"), NumberAction::Own);
    assert_eq!(kernel.switch(), 0);

    let sent = NewNumber { directions: Directions::SENT, ..entry("+4990055", NumberAction::Allow) };
    store.add_numbers(&[sent], world.wall(), |_| {}).unwrap();
    assert_eq!(instance.sync_entries(&store).unwrap().written, 1);
    assert_eq!(instance.sync_entries(&store).unwrap().written, 0);
    let both = kernel.find(NumberKey::EVERYBODY, "+49900551").unwrap();
    assert_eq!([both.received, both.sent].map(|term| (term.action, term.len)), [(2, 5), (1, 7)]);

    // A reload takes the maps over; one to another size fills the new one.
    let reloaded = instance.reload(&world.config(&format!("{CONFIG}[capacity]\nnumbers = 1000\n"))).unwrap();
    assert_eq!((reloaded.resized.as_slice(), reloaded.warnings.as_slice()), (&[maps::NUMBERS][..], &[][..]));
    let kernel = Maps::of(&world, &instance);
    assert_eq!(kernel.action(NumberKey::EVERYBODY, "+49900123"), NumberAction::Deny);
    let full = instance.reload(&world.config(&format!("{CONFIG}[capacity]\nnumbers = 2\n")));
    assert!(matches!(full, Err(Error::Full { key: "capacity.numbers", wanted: 4, capacity: 2 })), "{full:?}");
    assert_eq!(Maps::of(&world, &instance).action(NumberKey::EVERYBODY, "+49900123"), NumberAction::Deny);
}

#[test]
fn codes_hold_after_a_reboot() {
    let world = World::new();
    let iface = world.veth();
    let mut store = world.store();
    let (mut instance, _) = world.start(&iface, CONFIG);
    let key = instance.hash_key().unwrap();
    assert_eq!(store.hash_key().unwrap(), Some(key));
    let hash = code_hash(Digits::parse("271828").unwrap(), key);
    assert!(matches!(store.add_code(hash, "premium", None, world.wall()).unwrap(), CodeAdded::Added(_)));
    instance.sync_entries(&store).unwrap();
    let kernel = Maps::of(&world, &instance);
    assert_eq!((kernel.codes.get(&hash, 0).unwrap(), kernel.switch()), (1 << 1, NUMBERS_CODES));

    // As after a reboot: nothing is left in the kernel.
    drop((instance, kernel));
    world.unload(&iface).unwrap();
    let (mut instance, started) = world.start(&iface, CONFIG);
    assert_eq!((instance.hash_key().unwrap(), started.warnings.as_slice()), (key, &[][..]));
    assert_eq!(Maps::of(&world, &instance).codes.get(&hash, 0).unwrap(), 1 << 1);
    store.delete_code(store.codes().unwrap()[0].id).unwrap();
    instance.sync_entries(&store).unwrap();
    let kernel = Maps::of(&world, &instance);
    assert_eq!((kernel.codes.keys().count(), kernel.switch()), (0, 0));
}

#[test]
fn blocks_of_a_source_outlive_comparisons_until_they_end() {
    let world = World::new();
    let iface = world.veth();
    let (mut instance, _) = world.start(&iface, CONFIG);
    let source = Addr::from_v4([198, 51, 100, 7]);
    let (mut enforcer, store) = (instance.enforcer().unwrap(), world.store());
    enforcer.block(source, number("+882"), world.now() + 60_000_000_000).unwrap();
    enforcer.block(source, number("+881"), world.now()).unwrap();
    let kernel = Maps::of(&world, &instance);
    let list = block_list(source, instance.hash_key().unwrap());
    assert_eq!((kernel.action(list, "+88213"), kernel.switch()), (NumberAction::Deny, NUMBERS_BLOCKS));
    instance.sync_entries(&store).unwrap();
    assert_eq!(kernel.action(list, "+88213"), NumberAction::Deny);
    assert_eq!(kernel.find(list, "+88113"), None, "what has ended is swept");
    assert!(enforcer.unblock(source, number("+882")).unwrap());
    assert!(!enforcer.unblock(source, number("+882")).unwrap());
    instance.sync_entries(&store).unwrap();
    assert_eq!(kernel.switch(), 0);
}

#[test]
fn a_hundred_thousand_prefixes_take_no_long_time_and_agree_with_the_host() {
    let world = World::new();
    let iface = world.veth();
    let mut store = world.store();
    let (mut instance, _) = world.start(&iface, CONFIG);
    let many: Vec<NewNumber> =
        (0..100_000).map(|n| entry(&format!("+{}", 100_000 + 7 * n), NumberAction::Deny)).collect();
    let begin = Instant::now();
    store.add_numbers(&many, world.wall(), |_| {}).unwrap();
    let stored = begin.elapsed();
    let synced = instance.sync_entries(&store).unwrap();
    println!("stored in {stored:?}, in the kernel after {:?}", begin.elapsed());
    assert_eq!(synced.written, 100_000);
    let again = Instant::now();
    assert_eq!(instance.sync_entries(&store).unwrap().written, 0);
    println!("compared in {:?}", again.elapsed());
    let clock = firewall_userspace::dataplane::clock::now();
    let host = Numbers::read(&world.config(CONFIG).config, &store, clock).unwrap();
    let kernel = Maps::of(&world, &instance);
    let classes: StdMap<bool, usize> = (0..5_000).map(|n| 99_990 + 141 * n).fold(StdMap::new(), |mut seen, n| {
        let text = format!("+{n}");
        let looked = host.look(NumberKey::EVERYBODY, Directions::RECEIVED, number(&text));
        assert_eq!(
            looked.as_ref().map_or(0, |listed| listed.id),
            kernel.received(NumberKey::EVERYBODY, &text).id,
            "{text}"
        );
        *seen.entry(looked.is_some()).or_default() += 1;
        seen
    });
    assert_eq!(classes.len(), 2, "some are listed and some are not");
}

/// What the loaded program says of a stranger's INVITE.
fn judged(world: &World, instance: &Instance, uri: &str) -> (Reason, u32) {
    let invite = format!("INVITE {uri} SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n");
    let frame = frame_of("198.51.100.7", invite.as_bytes());
    let judgement = probe::judge(&instance.probe().unwrap(), &frame, world.now(), false).unwrap();
    (judgement.reason, judgement.detail)
}

#[test]
fn the_verdict_changes_with_the_lists_and_the_policy() {
    let world = World::new();
    let iface = world.veth();
    let mut store = world.store();
    let config = format!("{CONFIG}[[peer]]\nname = \"itsp\"\nprefixes = [\"203.0.113.0/24\"]\n");
    let (mut instance, _) = world.start(&iface, &config);
    let premium = "sip:00%34%39900123456@203.0.113.1;user=phone";
    assert_eq!(judged(&world, &instance, premium).0, Reason::Stranger);
    let class = Some("premium".to_owned());
    let deny = NewNumber { class: class.clone(), ..entry("+49900", NumberAction::Deny) };
    let id = store.add_numbers(&[deny], world.wall(), |_| {}).unwrap().added[0].id;
    instance.sync_entries(&store).unwrap();
    for uri in [premium, "sip:0900123456@h", "tel:+49-900-123456", "SIPS:+49900123456:pw@h", "sip:49900@h"] {
        let want = if uri == "sip:49900@h" { Reason::Stranger } else { Reason::NumberDenied };
        let (reason, detail) = judged(&world, &instance, uri);
        assert_eq!((reason, reason == Reason::Stranger || detail == id), (want, true), "{uri}");
    }

    // With its code it opens.
    let code = NewNumber { class, ..entry("+49900", NumberAction::Code) };
    store.add_numbers(&[code], world.wall(), |_| {}).unwrap();
    let hash = code_hash(Digits::parse("271828").unwrap(), instance.hash_key().unwrap());
    store.add_code(hash, "premium", None, world.wall()).unwrap();
    instance.sync_entries(&store).unwrap();
    assert_eq!(judged(&world, &instance, premium).0, Reason::CallCode);
    assert_eq!(judged(&world, &instance, "sip:*271829*0900123456@h").0, Reason::CallCode);
    assert_eq!(judged(&world, &instance, "sip:*271828*0900123456@h").0, Reason::Stranger);

    // Another policy, and a ready-made list, take effect with a reload.
    let config = config.replace("\"open\"", "\"validated\"\nready_made = [\"satellite\"]");
    instance.reload(&world.config(&config)).unwrap();
    assert_eq!(judged(&world, &instance, "sip:030123456@h").0, Reason::NumberUnlisted);
    assert_eq!(judged(&world, &instance, "sip:0088213123@h"), (Reason::NumberDenied, 0));
    assert_eq!(judged(&world, &instance, "sip:200@h").0, Reason::Stranger);
    store.add_numbers(&[entry("+4930", NumberAction::Allow)], world.wall(), |_| {}).unwrap();
    instance.sync_entries(&store).unwrap();
    assert_eq!(judged(&world, &instance, "sip:030123456@h").0, Reason::Stranger);
}
