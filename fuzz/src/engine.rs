//! Messages into the slow path's engine: whatever they say and in whatever order, nothing panics, memory stays what it
//! was, and each message brings about a few commands at most.
use std::net::Ipv4Addr;
use std::sync::OnceLock;

use firewall_common::copy::Kind;
use firewall_common::media;
use firewall_common::reason::Reason;
use firewall_common::sip::message;
use firewall_userspace::clock::Clock;
use firewall_userspace::config::{Config, parse_str};
use firewall_userspace::engine::Engine;
use firewall_userspace::engine::command::Command;
use firewall_userspace::engine::input::{Direction, FeedEvent, FeedWhat, Flow, Seen, Standing, Via};
use firewall_userspace::engine::saved::Key;

/// Commands that one message may bring about: each of four contacts can end another source's trust, and then there is
/// the promotion; or a ban, the end of trust, and what the clock brings; and of a call an answer, its pinholes and its record.
const COMMANDS: usize = 11;
/// The ports of media.
const PORTS: std::ops::RangeInclusive<u16> = 10_000..=20_000;
/// Messages of one input; behind them a longer one shows nothing new.
const MESSAGES: usize = 256;

/// Takes `data` as messages parted by zero bytes, which no message has in its head. The first byte of each says whence
/// it comes: bit 0 the direction, bit 1 the transport, bits 2 to 4 the source and its kind, bit 5 that an hour passes
/// before, bit 6 that a feed tells it, bit 7, if it is clear, that the kernel dropped it.
pub fn check(data: &[u8]) {
    let mut engine = Engine::new(config(), Key([1, 2]));
    let memory = engine.memory();
    let mut clock = Clock { wall_ms: 1_800_000_000_000, mono_ns: 1_000_000_000 };
    let mut commands = Vec::new();
    for message in data.split(|byte| *byte == 0).take(MESSAGES) {
        let Some((whence, bytes)) = message.split_first() else { continue };
        let seconds = if whence & 32 != 0 { 3_600 } else { 1 };
        clock =
            Clock { wall_ms: clock.wall_ms + seconds * 1_000, mono_ns: clock.mono_ns + seconds as u64 * 1_000_000_000 };
        see(&mut engine, *whence, bytes, clock, &mut commands);
        assert!(commands.len() <= COMMANDS, "{commands:?}");
        commands.iter().for_each(|command| answers_its_sender(command, *whence, bytes));
        commands.clear();
        engine.tick(clock, &mut commands);
        commands.iter().for_each(keeps_its_word);
        commands.clear();
    }
    engine.export(clock, |record| assert!(record.key.len() < 64, "{record:?}"));
    assert_eq!(engine.memory(), memory);
}

fn see(engine: &mut Engine, whence: u8, bytes: &[u8], clock: Clock, commands: &mut Vec<Command>) {
    let (number, kind) = (whence >> 2 & 7, Kind::from_number(u32::from(whence >> 2 & 7)));
    let remote = Ipv4Addr::new(198, 51, 100, number);
    if whence & 64 != 0 {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let what = [FeedWhat::AuthFailure, FeedWhat::UnknownAccount, FeedWhat::AuthSuccess, FeedWhat::Malformed];
        let event = FeedEvent {
            what: what[usize::from(whence & 3)],
            source: remote.into(),
            account: Some(text.clone()),
            nonce: Some(text.clone()),
            connected: whence & 4 != 0,
            method: Some(text.clone()),
            user_agent: Some(text.clone()),
            feed: text,
        };
        engine.feed(&event, Standing { kind, peer: number.into() }, clock, commands);
    } else {
        let flow = Flow {
            direction: if whence & 1 == 0 { Direction::In } else { Direction::Out },
            remote: remote.into(),
            remote_port: 5_060,
            local: Ipv4Addr::new(192, 0, 2, 1).into(),
            local_port: 5_060,
            via: if whence & 2 == 0 { Via::Udp } else { Via::Tcp },
            kind,
            peer: number.into(),
        };
        engine.handle(
            Seen {
                time: clock.mono_ns,
                flow,
                bytes,
                truncated: false,
                refused: (whence & 128 == 0).then_some(Reason::PlainRtp),
            },
            clock,
            commands,
        );
    }
    commands.iter().for_each(keeps_its_word);
}

/// Whom the operator vouches for is neither banned nor held, and what is shown moves nobody's cursor.
fn keeps_its_word(command: &Command) {
    let trusted = [0, 1].map(|number| Ipv4Addr::new(198, 51, 100, number).into());
    let (source, evidence) = match command {
        Command::Ban(ban) => (Some(ban.source), Some(&ban.evidence)),
        Command::Hold(hold) => (Some(hold.source), Some(&hold.evidence)),
        Command::Promote(promote) => {
            assert!(!promote.account.chars().any(char::is_control));
            (Some(promote.source), None)
        }
        Command::BlockPrefix(block) => (Some(block.source), Some(&block.evidence)),
        Command::Alarm(alarm) => (None, Some(&alarm.evidence)),
        Command::Pinholes(pinholes) => {
            pinholes.flows.iter().for_each(|flow| leads_to_srtp(flow, pinholes.call));
            (None, None)
        }
        Command::Call(call) => {
            let texts = [&call.from, &call.to, &call.agent].into_iter();
            assert!(!texts.flat_map(|text| text.chars()).any(char::is_control), "{call:?}");
            (None, None)
        }
        Command::Demote(_) | Command::Answer(_) | Command::Disconnect(_) | Command::Dialog(_) | Command::Verify(_) => {
            (None, None)
        }
        Command::Device(device) => {
            let texts = [&device.account, &device.agent, &device.instance].into_iter();
            assert!(!texts.flat_map(|text| text.chars()).any(char::is_control), "{device:?}");
            (None, None)
        }
    };
    assert!(source.is_none_or(|source| !trusted.contains(&source)), "{command:?}");
    for incident in evidence.into_iter().flat_map(|evidence| &evidence.incidents) {
        assert!(!incident.account.chars().chain(incident.user_agent.chars()).any(char::is_control), "{incident:?}");
    }
}

/// Under this policy nothing passes in the clear, and only where media is.
fn leads_to_srtp(flow: &media::Flow, call: u64) {
    assert!(flow.call == call && PORTS.contains(&flow.local_port), "{flow:?}");
    let is_good = flow.flags & (media::FLOW_REFUSED | media::FLOW_SRTP) != 0;
    assert!(is_good || flow.flags & media::FLOW_RTP == 0, "{flow:?}");
}

/// An answer goes to whoever asked, is no larger than what was asked, and can be read.
fn answers_its_sender(command: &Command, whence: u8, request: &[u8]) {
    let Command::Answer(answer) = command else { return };
    assert!(whence & 128 == 0 && whence & 1 == 0 && answer.bytes.len() <= request.len(), "{answer:?}");
    assert_eq!(answer.to.0, Ipv4Addr::new(198, 51, 100, whence >> 2 & 7).into());
    assert_eq!(answer.from, (Ipv4Addr::new(192, 0, 2, 1).into(), 5_060));
    let read = message::parse(&answer.bytes);
    let is_refusal = |read: &message::Message<'_>| matches!(read.start, message::Start::Response { status: 488, .. });
    assert!(
        read.is_ok_and(|read| is_refusal(&read) && read.body.is_empty()),
        "{}",
        String::from_utf8_lossy(&answer.bytes)
    );
}

/// Small tables, so that an input can fill them, and rules that are soon broken.
fn config() -> &'static Config {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let text = "[media]\nports = [\"10000-20000\"]\npolicy = \"srtp-only\"\nper_source = 8\n[bans]\nfailures = \"2/10min\"\nscanning = \"2/10min\"\nmalformed = \"2/10min\"\n\
            invite_spray = \"2/10min\"\nunproven = \"2/10min\"\naccount = \"2/1h\"\naccount_sources = 2\n\
            [trust]\nsources_per_account = 1\n[tracking]\nsources = 1024\nprobes = 1024\naccounts = 1024\n\
            pairs = 1024\ntransactions = 1024\nnonces = 1024\nregistrations = 1024\nincidents = 1024\ncalls = 1024";
        parse_str("fuzz.toml", text).map(|loaded| loaded.config).unwrap_or_else(|problems| panic!("{problems:?}"))
    })
}
