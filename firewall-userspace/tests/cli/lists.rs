//! `deny import` and `feed`, with files and with a web server of OpenSSL's, on a database and nothing else.
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sipfw::{Ran, Sipfw, keys};

fn listed(sipfw: &Sipfw) -> Vec<Value> {
    sipfw.run(&["feed", "list", "--json"]).exits(0).json()["lists"].as_array().unwrap().clone()
}

#[test]
fn a_file_is_imported_shown_refreshed_and_forgotten() {
    let sipfw = Sipfw::new();
    let file = sipfw.file("bad.txt", "203.0.113.7\n203.0.113.0/24 # all of it\n10.0.0.1\n2001:db8::1-2001:db8::3\n");
    let answer = sipfw.run(&["deny", "import", &file, "--json"]).exits(0).json();
    assert_eq!(keys(&answer), ["applied", "list"]);
    assert_eq!((&answer["list"]["name"], &answer["list"]["entries"]), (&json!("bad"), &json!(3)));
    let text = sipfw.run(&["feed", "list"]).exits(0).out;
    for part in ["bad.txt", "import", "when asked", "good", "bad: left out: 1 private or reserved, 1 repeated"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(sipfw.run(&["deny", "list", "--json"]).exits(0).json().as_array().unwrap().is_empty(), "kept apart");
    assert!(sipfw.run(&["feed", "refresh", "bad"]).exits(0).out.contains("as it was, with 3 prefixes"));
    sipfw.file("bad.txt", "");
    let ran = sipfw.run(&["feed", "refresh"]).exits(1);
    assert!(ran.out.contains("stays as it was: refused: it is empty"), "{}", ran.out);
    assert!(sipfw.run(&["feed", "list"]).exits(0).out.contains("in trouble"));
    sipfw.run(&["feed", "refresh", "bad", "--force"]).exits(0);
    sipfw.run(&["feed", "remove", "bad"]).exits(0);
    assert!(listed(&sipfw).is_empty());
    assert!(sipfw.run(&["feed", "remove", "bad"]).exits(1).err.contains("there is no list bad"));
}

#[test]
fn what_blocks_a_source_that_is_not_banned_is_named() {
    let sipfw = Sipfw::with("[[peer]]\nname = \"itsp\"\nprefixes = [\"203.0.114.7\"]\n");
    let file = sipfw.file("bad.txt", "203.0.113.0/24\n203.0.114.0/24\n");
    sipfw.run(&["deny", "import", &file]).exits(0);
    let why = |source: &str| sipfw.run(&["ban", "why", source]).exits(1).out;
    let listed = why("203.0.113.7");
    assert!(listed.starts_with("203.0.113.7 is not banned, but blocked by block list bad\n"), "{listed}");
    assert!(listed.contains("block list bad names 203.0.113.0/24"), "{listed}");
    assert!(why("203.0.114.7").starts_with("203.0.114.7 is not banned\n"), "a list never holds for a peer's network");
    let list = &sipfw.run(&["ban", "why", "203.0.113.7", "--json"]).exits(1).json()["known"]["lists"][0];
    assert_eq!(list, &json!({ "list": "bad", "prefix": "203.0.113.0/24" }));
    sipfw.run(&["deny", "add", "203.0.113.0/28"]).exits(0);
    let denied = why("203.0.113.7");
    assert!(denied.starts_with("203.0.113.7 is not banned, but blocked by deny entry "), "{denied}");
    sipfw.run(&["allow", "add", "203.0.113.7"]).exits(0);
    assert!(why("203.0.113.7").starts_with("203.0.113.7 is not banned\n"), "an allow entry decides");
}

#[test]
fn what_cannot_be_read_is_not_imported() {
    let sipfw = Sipfw::new();
    let page = sipfw.file("page.html", "<html>\nnot found\n</html>\n");
    let wide = sipfw.file("wide.txt", "0.0.0.0/0\n");
    for (source, code, why) in [
        (page.as_str(), 1, "no list of prefixes"),
        (&wide, 1, "wider than a list may deny"),
        ("/no/such/file", 1, "cannot read"),
        ("ftp://example.net/", 2, "is no URL"),
        ("http://127.0.0.1:1/", 1, "does not answer"),
    ] {
        let ran = sipfw.run(&["deny", "import", source, "--every", "1h"]).exits(code);
        assert!(ran.err.contains(why), "{source}: {}", ran.err);
    }
    assert!(listed(&sipfw).is_empty());
}

#[test]
fn the_configs_lists_are_known_and_go_with_it() {
    let list = "[[blocklist]]\nname = \"ours\"\nfile = \"/no/such/list\"\nevery = \"15m\"\n";
    let sipfw = Sipfw::with(list);
    let text = sipfw.run(&["feed", "list"]).exits(0).out;
    assert!(text.contains("ours") && text.contains("config") && text.contains("not read yet"), "{text}");
    sipfw.run(&["feed", "refresh"]).exits(1);
    let shown = listed(&sipfw).remove(0);
    assert_eq!((&shown["origin"], &shown["failures"], &shown["every"]), (&json!("config"), &json!(1), &json!(900_000)));
    let imported = sipfw.file("ours.txt", "203.0.113.7");
    assert!(sipfw.run(&["deny", "import", &imported]).exits(1).err.contains("choose another --name"));
    assert!(sipfw.run(&["feed", "remove", "ours"]).exits(1).err.contains("stands in the config"));
    let config = std::fs::read_to_string(sipfw.path("sipfw.toml")).unwrap().replace(list, "");
    sipfw.file("sipfw.toml", &config);
    sipfw.run(&["feed", "refresh"]).exits(0);
    assert!(listed(&sipfw).is_empty());
}

/// `openssl s_server`, which serves the files of a directory over TLS.
struct Openssl(Child, u16);

impl Openssl {
    fn start(sipfw: &Sipfw) -> Self {
        let dir = sipfw.path("web");
        let req = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
                   -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out cert.pem";
        let made = Command::new("openssl").args(req.split_whitespace()).current_dir(&dir).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-WWW", "-quiet", "-cert", "cert.pem", "-key", "key.pem", "-accept"]);
        command.arg(format!("127.0.0.1:{port}")).current_dir(&dir).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(10), "openssl does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child, port)
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait().map(drop));
    }
}

fn import(sipfw: &Sipfw, url: &str, authorities: &str) -> Ran {
    sipfw.run_with(&["deny", "import", url], &[("SSL_CERT_FILE", authorities)])
}

#[test]
fn https_takes_an_authority_that_the_system_trusts_and_no_other() {
    let sipfw = Sipfw::new();
    sipfw.file("web/list.txt", "203.0.113.7\n198.51.100.0/24\n");
    let server = Openssl::start(&sipfw);
    let url = format!("https://localhost:{}/list.txt", server.1);
    let (trusted, nobody) = (sipfw.path("web/cert.pem").display().to_string(), sipfw.file("none.pem", ""));
    let ran = import(&sipfw, &url, &nobody).exits(1);
    assert!(ran.err.contains("does not answer as it should"), "{}", ran.err);
    let ran = import(&sipfw, &format!("https://127.0.0.1:{}/list.txt", server.1), &trusted).exits(1);
    assert!(ran.err.contains("does not answer as it should"), "another name: {}", ran.err);
    let ran = import(&sipfw, &url, &trusted).exits(0);
    assert!(ran.out.contains("list localhost has 2 prefixes"), "{}", ran.out);
}
