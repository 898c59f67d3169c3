//! One file for each thing that can be wrong with one key, with its exact place.
use super::{each_is_told, told};

#[test]
fn unknown_keys_are_told_the_nearest_one() {
    each_is_told(&[
        ("intrface = \"eth0\"", "t.toml:1:1: intrface: no such key; ", "did you mean interface?"),
        ("\n[strangers]\ntransport = [\"tls\"]", "t.toml:3:1: strangers.transport: ", "did you mean transports?"),
        ("[strangers.limits]\nregsiter = \"1/s\"", "t.toml:2:1: strangers.limits.regsiter: ", "did you mean register?"),
        ("[peers]", "t.toml:1:2: peers: ", "did you mean peer?"),
        ("[ports]\nudp = [1]\nquic = [2]", "t.toml:3:1: ports.quic: ", "known here: udp, tcp, tls"),
        ("[ports]\nmode = \"trunk\"", "t.toml:2:1: ports.mode: ", "mode must stand before the first [table]"),
        ("udp = [5060]", "t.toml:1:1: udp: ", "udp belongs into [ports]"),
        ("[strangers]\nregister = \"1/s\"", "t.toml:2:1: strangers.register: ", "belongs into [strangers.limits]"),
        ("prefixes = []", "t.toml:1:1: prefixes: ", "prefixes belongs into [[peer]]"),
    ]);
}

#[test]
fn syntax_errors_have_their_line() {
    each_is_told(&[
        ("log = \"info\"\nmode = open", "t.toml:2:8: open: string values must be quoted", "stand in quotes"),
        ("log = \"info\"\nmode = \"open", "t.toml:2:13: invalid basic string", ""),
        ("mode = \"open\"\nmode = \"trunk\"", "t.toml:2:1: mode: duplicate key", "say everything once"),
        ("[ports]\nudp = [5060\ntcp = [5060]\n[media]\nx = 1", "t.toml:3:1: missing comma", "close the bracket"),
        ("[ports\nudp = [5060]", "t.toml:1:7: unclosed table", "close the bracket"),
    ]);
}

#[test]
fn wrong_types_are_told_the_right_one() {
    each_is_told(&[
        ("interface = 3", "t.toml:1:13: interface: 3: is an integer", "\"eth0\""),
        ("mode = true", "t.toml:1:8: mode: true: is a boolean", "\"open\", \"trunk\""),
        ("monitor = \"limit\"", "t.toml:1:11: monitor: \"limit\": is a string", "[\"signature\", \"limit\"]"),
        ("signature_defaults = 1", "t.toml:1:22: signature_defaults: 1: is an integer", "true or false"),
        ("ports = 5060", "t.toml:1:9: ports: 5060: is an integer", "write a table: [ports]"),
        ("[ports]\nudp = 5060", "t.toml:2:7: ports.udp: 5060: is an integer", "[5060, \"5080-5090\"]"),
        ("[strangers]\ntotal = 10", "t.toml:2:9: strangers.total: 10: is an integer", "\"10/s burst 20\""),
        ("peer = \"x\"", "t.toml:1:8: peer: \"x\": is a string", "[[peer]]"),
        ("[capacity]\nbans = \"many\"", "t.toml:2:8: capacity.bans: \"many\": is a string", "from 1 to 16777216"),
        ("[paths]\nrun = 1979-05-27", "t.toml:2:7: paths.run: 1979-05-27: is a datetime", "begins with /"),
    ]);
}

#[test]
fn words_come_from_their_vocabulary() {
    each_is_told(&[
        ("mode = \"trnk\"", "t.toml:1:8: mode: \"trnk\": no such word", "did you mean \"trunk\"?"),
        ("log = \"chatty\"", "t.toml:1:7: log: \"chatty\": no such word", "known: error, warn, info, debug, trace"),
        ("monitor = [\"limit\", \"port\"]", "t.toml:1:21: monitor[2]: \"port\": ", "known: parse, fragment, deny"),
        (
            "[strangers]\ntransports = [\"udp\", \"TLS\"]",
            "t.toml:2:22: strangers.transports[2]: ",
            "did you mean \"tls\"?",
        ),
        ("[strangers]\ntransports = []", "t.toml:2:14: strangers.transports: []: an empty list", "\"udp\", \"tcp\""),
    ]);
}

#[test]
fn numbers_stay_in_their_bounds() {
    each_is_told(&[
        (
            "[capacity]\ncells = 1000000",
            "t.toml:2:9: capacity.cells: 1000000: is no power of two",
            "524288 and 1048576",
        ),
        ("[capacity]\ncells = 512", "t.toml:2:9: capacity.cells: 512: is out of range", "from 1024"),
        ("[capacity]\nbans = 0", "t.toml:2:8: capacity.bans: 0: is out of range", "from 1 to 16777216"),
        ("[sip]\nscan_max = 1537", "t.toml:2:12: sip.scan_max: 1537: is out of range", "from 0 to 1536"),
        ("[sip]\nstart_line_max = -1", "t.toml:2:18: sip.start_line_max: -1: is out of range", "from 64 to 1024"),
        ("[strangers]\nv6_prefix = 129", "t.toml:2:13: strangers.v6_prefix: 129: is out of range", "from 32 to 128"),
        ("[events]\nper_second = 0x1_ffff_ffff", "t.toml:2:14: events.per_second: 0x1_ffff_ffff: is out", "100000"),
    ]);
}

#[test]
fn rates_say_what_is_wrong() {
    each_is_told(&[
        (
            "[strangers.limits]\nregister = \"0/s\"",
            "t.toml:2:12: strangers.limits.register: \"0/s\": a limit of 0 lets nothing pass",
            "write \"none\" for no limit",
        ),
        ("strangers.total = \"5/s burst 0\"", "t.toml:1:19: strangers.total: ", "a burst of 0"),
        ("registrants.limits.invite = \"5 per s\"", "t.toml:1:29: registrants.limits.invite: ", "\"10/s burst 20\""),
        ("strangers.total = \"5/fortnight\"", "t.toml:1:19: strangers.total: ", "units are s, min, h and d"),
    ]);
}

#[test]
fn ports_are_ports() {
    each_is_told(&[
        ("ports.udp = [5060, 0]", "t.toml:1:20: ports.udp[2]: 0: is no port", "1 to 65535"),
        ("ports.udp = [\n  65536,\n]", "t.toml:2:3: ports.udp[1]: 65536: is no port", "1 to 65535"),
        (
            "ports.udp = [\"5090-5080\"]",
            "t.toml:1:14: ports.udp[1]: \"5090-5080\": the range ends before",
            "\"5080-5090\"",
        ),
        ("media.ports = [\"10000-x\"]", "t.toml:1:16: media.ports[1]: \"10000-x\": is no port", "1 to 65535"),
    ]);
    let many = format!("ports.udp = [{}]", "1,".repeat(1_025));
    assert!(told(&many)[0].contains("has 1025 ranges"), "{:?}", told(&many));
}

#[test]
fn peers_are_told_what_they_lack() {
    let peer = |rest: &str| format!("[[peer]]\nname = \"a\"\nprefixes = [\"192.0.2.0/24\"]\n{rest}");
    each_is_told(&[
        ("[[peer]]\nprefixes = [\"192.0.2.1\"]", "t.toml:1:1: peer[1].name: the key name is missing", "name = …"),
        (
            "[[peer]]\nname = \"a\"\nprefixes = []",
            "t.toml:3:12: peer[1].prefixes: []: an empty list",
            "198.51.100.0/24",
        ),
        (
            "[[peer]]\nname = \"a\"\nprefixes = [\"192.0.2.1\", \"198.51.100.7/24\"]",
            "t.toml:3:26: peer[1].prefixes[2]: \"198.51.100.7/24\": has bits set beyond /24",
            "the network is 198.51.100.0/24",
        ),
        (&peer("methods = [\"invite\"]"), "t.toml:4:12: peer[1].methods[1]: \"invite\": ", "did you mean \"INVITE\"?"),
        (&peer("media = \"srtp\""), "t.toml:4:9: peer[1].media: \"srtp\": ", "known: default, off, prefer, srtp-only"),
        (&peer("limits.register = \"0/s\""), "t.toml:4:19: peer[1].limits.register: \"0/s\": ", "a limit of 0"),
        (
            &peer("limit.register = \"0/s\""),
            "t.toml:4:1: peer[1].limit: no such key in [[peer]]",
            "did you mean limits?",
        ),
        ("[[peer]]\nname = \" a\"\nprefixes = [\"192.0.2.1\"]", "t.toml:2:8: peer[1].name: \" a\": has", "one line"),
        ("[[peer]]\nname = \"\"\nprefixes = [\"192.0.2.1\"]", "t.toml:2:8: peer[1].name: \"\": is empty", "1 to 63"),
    ]);
}

#[test]
fn signatures_are_tokens() {
    let signature = |token: &str| format!("[[signature]]\nfield = \"user-agent\"\ntoken = \"{token}\"");
    each_is_told(&[
        (&signature("sipcli/v1"), "t.toml:3:9: signature[1].token: \"sipcli/v1\": '/' parts tokens", "write one token"),
        (&signature("späher"), "t.toml:3:9: signature[1].token: \"späher\": 'ä' parts tokens", "write one token"),
        (&signature(""), "t.toml:3:9: signature[1].token: \"\": is not 1 to 64", "write one token"),
        (
            "[[signature]]\nfield = \"user_agent\"\ntoken = \"x\"",
            "t.toml:2:9: signature[1].field: \"user_agent\": ",
            "did you mean \"user-agent\"?",
        ),
    ]);
}

#[test]
fn names_of_the_system_are_possible_ones() {
    each_is_told(&[
        ("interface = \"eth0/1\"", "t.toml:1:13: interface: \"eth0/1\": has characters", "\"eth0\""),
        ("interface = \"averylongnamefor0\"", "t.toml:1:13: interface: ", "15 bytes"),
        ("interface = \"\"", "t.toml:1:13: interface: \"\": is no interface's name", "\"auto\""),
        ("paths.state = \"sipfw\"", "t.toml:1:15: paths.state: \"sipfw\": is no absolute path", "begin with /"),
        ("paths.bpf = \"/sys/../etc\"", "t.toml:1:13: paths.bpf: ", "leave out .."),
    ]);
}

#[test]
fn all_errors_come_at_once_in_order() {
    let text = "mode = \"x\"\nlog = 3\n[ports]\ntls = [0]\nudp = [0]\n[[peer]]\nname = \"a\"\nprefixes = [\"x\", \"y\"]\n[sip]\nz = 1";
    let places: Vec<_> = told(text).iter().map(|line| line.split(':').nth(1).map(str::to_owned)).collect();
    assert_eq!(places.iter().flatten().collect::<Vec<_>>(), ["1", "2", "4", "5", "8", "8", "10"]);
}

#[test]
fn columns_count_characters_and_values_are_short() {
    let text = format!("media = {{ \"häß\" = 1, ports = [\"{}\"] }}", "ü".repeat(90));
    let told = told(&text);
    assert!(told[0].starts_with("t.toml:1:11: media.häß: no such key in [media]"), "{told:?}");
    assert!(
        told[1].starts_with(&format!("t.toml:1:31: media.ports[1]: \"{}…: is no port", "ü".repeat(59))),
        "{told:?}"
    );
}

#[test]
fn no_file_moves_the_terminals_cursor() {
    let told = told("\"\\u001b[2J\" = 1\n");
    assert!(told[0].starts_with("t.toml:1:1: \\u{1b}[2J: no such key"), "{told:?}");
}

#[test]
fn bans_are_numbers_in_times_and_ladders() {
    each_is_told(&[
        (
            "bans.failures = \"11/10min\"",
            "t.toml:1:17: bans.failures: \"11/10min\": the number is out of range",
            "1 to 10",
        ),
        ("bans.failures = 5", "t.toml:1:17: bans.failures: 5: is an integer", "\"5/10min\""),
        ("bans.ladder = [\"1h\", \"10min\"]", "t.toml:1:15: bans.ladder: ", "[\"10min\", \"1h\", \"1d\"]"),
        ("bans.ladder = []", "t.toml:1:15: bans.ladder: []: a ladder has 1 to 16 steps", "[\"10min\""),
        ("bans.ladder = [\"1h\", \"x\"]", "t.toml:1:22: bans.ladder[2]: \"x\": is no length of time", "\"10min\""),
        ("trust.grace = \"2h\"", "t.toml:1:15: trust.grace: \"2h\": is out of range", "write 1s to 1h"),
        ("tracking.sources = 1000", "t.toml:1:20: tracking.sources: 1000: is out of range", "1024 to 4194304"),
    ]);
}
