//! Feeds: which keys belong to which kind.
use std::path::PathBuf;

use super::{config, each_is_told, told};
use crate::config::FeedSource;

const LOG: &str = "[[feed]]\nname = \"a\"\nkind = \"asterisk-log\"\npath = \"/var/log/a\"\n";

#[test]
fn each_kind_has_its_keys() {
    let text = format!(
        "{LOG}[[feed]]\nname = \"b\"\nkind = \"asterisk-ami\"\nuser = \"u\"\nsecret_file = \"/etc/s\"\n\
         [[feed]]\nname = \"c\"\nkind = \"freeswitch-log\"\npath = \"/var/log/c\"\nconnected = [\"tls\"]\n\
         [[feed]]\nname = \"d\"\nkind = \"kamailio-log\"\npath = \"/var/log/d\"\nrate = 7\n\
         [[feed]]\nname = \"e\"\nkind = \"json-socket\"\npath = \"/run/e\"\nmode = \"0620\"\ngroup = \"voip\"\n"
    );
    assert_eq!(told(&text), [""; 0]);
    let config = config(&text);
    let sources: Vec<_> = config.feeds().iter().map(crate::config::Feed::source).collect();
    assert_eq!(sources[0], FeedSource::AsteriskLog("/var/log/a".into()));
    let (address, secret_file) = ("127.0.0.1:5038".parse().unwrap(), PathBuf::from("/etc/s"));
    assert_eq!(sources[1], FeedSource::AsteriskAmi { address, user: "u".to_owned(), secret_file });
    assert!(matches!(&sources[2], FeedSource::FreeSwitchLog(_, names) if names[0].as_str() == "tls"));
    assert_eq!((&sources[3], config.feeds()[3].rate.get()), (&FeedSource::KamailioLog("/var/log/d".into()), 7));
    let group = Some("voip".to_owned());
    assert_eq!(sources[4], FeedSource::JsonSocket { path: "/run/e".into(), mode: 0o620, group });
}

#[test]
fn contradictions_have_their_line() {
    each_is_told(&[
        ("[[feed]]\nname = \"a\"", "t.toml:1:1: feed[1].kind: the key kind is missing", "kind = …"),
        (
            "[[feed]]\nname = \"a\"\nkind = \"asterisk-log\"",
            "t.toml:3:8: feed[1].kind: \"asterisk-log\": a feed of",
            "needs the key path",
        ),
        (
            &format!("{LOG}user = \"u\""),
            "t.toml:5:8: feed[1].user: \"u\": a feed of kind \"asterisk-log\" has no user",
            "leave it out",
        ),
        (&format!("{LOG}connected = [\"tls\"]"), "t.toml:5:13: feed[1].connected: ", "has no connected"),
        (
            &format!("{LOG}{}", LOG.replace("/a", "/b")),
            "t.toml:6:8: feed[2].name: \"a\": another feed has this name",
            "(t.toml:2)",
        ),
        (
            &format!("{LOG}{}", LOG.replace("\"a\"", "\"b\"")),
            "t.toml:8:8: feed[2].path: ",
            "an event would count twice",
        ),
        (&LOG.replace("/var/log/a", "log"), "t.toml:4:8: feed[1].path: \"log\": is no absolute path", "begin with /"),
        (
            &LOG.replace("asterisk-log", "asterisk"),
            "t.toml:3:8: feed[1].kind: \"asterisk\": no such word",
            "asterisk-log",
        ),
    ]);
}

#[test]
fn doors_that_stand_open_are_told() {
    let ami = "[[feed]]\nname = \"b\"\nkind = \"asterisk-ami\"\nuser = \"u\"\nsecret_file = \"/etc/s\"\n";
    let socket = "[[feed]]\nname = \"e\"\nkind = \"json-socket\"\npath = \"/run/e\"\n";
    each_is_told(&[
        (&format!("{ami}address = \"198.51.100.7:5038\""), "t.toml:6:11: warning: feed[1].address: ", "in the clear"),
        (&format!("{ami}address = \"localhost:5038\""), "t.toml:6:11: feed[1].address: ", "is no address with a port"),
        (&format!("{socket}mode = \"0666\""), "t.toml:5:8: feed[1].mode: \"0666\": lets everybody", "\"0660\""),
        (&format!("{socket}mode = \"rw\""), "t.toml:5:8: feed[1].mode: \"rw\": is no mode of a file", "octal"),
        (&format!("{socket}mode = 660"), "t.toml:5:8: feed[1].mode: 660: is an integer", "octal"),
    ]);
}

#[test]
fn feeds_are_few() {
    let many: String =
        (0..17).map(|n| LOG.replace("\"a\"", &format!("\"{n}\"")).replace("/a", &format!("/{n}"))).collect();
    let told = told(&many);
    assert!(told.len() == 1 && told[0].contains("feed[17]") && told[0].contains("keep 16"), "{told:#?}");
}
