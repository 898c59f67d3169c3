//! Signatures of callers, with certificates that the tests make: what holds, what does not, and what has to wait.
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use firewall_common::number::Plan;
use firewall_common::sip::message::parse;
use firewall_tests::world::shaken::{Authority, Grant, Signer, Words, invite};
use firewall_userspace::engine::call::{Attestation, Verdict};
use firewall_userspace::stir::{Cache, Claim, Clerk, Done, Fetcher, Limits, Order, Permitted, Roots, Rules, claim};
use serde_json::json;

const URL: &str = "https://certificates.carrier.example/1.pem";
const CALLER: &str = "12155551212";
const CALLEE: &str = "12155551213";
const RULES: Rules = Rules { freshness: 60 };

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

fn words() -> Words<'static> {
    Words { caller: CALLER, callee: CALLEE, issued: now(), url: URL, diverted: None }
}

fn claimed(message: &[u8]) -> Claim {
    claim(&parse(message).unwrap(), &Plan::NONE).unwrap()
}

/// A root, and a signer with a certificate of it.
struct World {
    root: Authority,
    signer: Signer,
}

impl World {
    fn new(grant: Grant<'_>) -> Self {
        let root = Authority::root("root").unwrap();
        let signer = root.signer("Carrier 1234", grant).unwrap();
        Self { root, signer }
    }

    fn clerk(&self) -> Clerk<u32> {
        let mut roots = Roots::default();
        roots.add(self.root.pem.as_bytes()).unwrap();
        Clerk::new(RULES, Limits::default(), roots, Cache::open(None))
    }

    /// What an INVITE's signature comes to, once its certificate has come.
    fn judge(&self, message: &[u8]) -> Done<u32> {
        let (mut clerk, mut out, now) = (self.clerk(), Vec::new(), now());
        clerk.take(Order { ticket: 7, claim: claimed(message), at: now }, now, &mut out);
        while let Some(url) = clerk.next_fetch(now) {
            clerk.fetched(&url, Ok(self.signer.pem.clone().into_bytes()), now, &mut out).unwrap();
        }
        out.pop().unwrap()
    }

    fn verdict(&self, identities: &[String]) -> Verdict {
        self.judge(&invite(&format!("+{CALLER}"), &format!("+{CALLEE}"), "", identities)).finding.identity.verdict
    }
}

const SHAKEN: Grant<'static> =
    Grant { provider: Some("1234"), number: None, range: None, expired: false, no_signatures: false };

#[test]
fn a_good_signature_holds_with_its_attestation() -> Result<()> {
    let world = World::new(SHAKEN);
    let done = world.judge(&invite("+1-215-555-1212", &format!("+{CALLEE}"), "", &[world.signer.identity(words())?]));
    let finding = done.finding;
    assert_eq!((done.ticket, finding.identity.verdict), (7, Verdict::Valid), "{}", finding.why);
    assert_eq!(finding.identity.attestation, Some(Attestation::A));
    assert_eq!(finding.identity.signer, "CN=Carrier 1234");
    assert_eq!(finding.origin.as_deref(), Some("123e4567-e89b-12d3-a456-426655440000"));
    Ok(())
}

#[test]
fn the_asserted_caller_counts_as_from_does() -> Result<()> {
    let world = World::new(SHAKEN);
    let asserted = format!("P-Asserted-Identity: \"x\" <sip:+{CALLER}@carrier.example>, <tel:+1>\r\n");
    let identity = [world.signer.identity(words())?];
    for (more, verdict) in [(asserted.as_str(), Verdict::Valid), ("", Verdict::Mismatch)] {
        let done = world.judge(&invite("anonymous", CALLEE, more, &identity));
        assert_eq!(done.finding.identity.verdict, verdict, "{}", done.finding.why);
    }
    Ok(())
}

#[test]
fn what_was_signed_for_others_or_at_another_time_does_not_hold() -> Result<()> {
    let world = World::new(SHAKEN);
    for (words, verdict) in [
        (Words { caller: "12155551214", ..words() }, Verdict::Mismatch),
        (Words { callee: "12155551214", ..words() }, Verdict::Mismatch),
        (Words { issued: now() - 61, ..words() }, Verdict::Stale),
        (Words { issued: now() + 65, ..words() }, Verdict::Stale),
        (Words { issued: now() - 55, ..words() }, Verdict::Valid),
    ] {
        assert_eq!(world.verdict(&[world.signer.identity(words)?]), verdict, "{words:?}");
    }
    Ok(())
}

#[test]
fn a_date_of_another_time_makes_it_stale() -> Result<()> {
    let world = World::new(SHAKEN);
    let identity = [world.signer.identity(words())?];
    let done = world.judge(&invite(CALLER, CALLEE, "Date: Sat, 13 Nov 2010 23:29:00 GMT\r\n", &identity));
    assert_eq!(done.finding.identity.verdict, Verdict::Stale);
    Ok(())
}

#[test]
fn another_key_or_other_words_do_not_hold() -> Result<()> {
    let world = World::new(SHAKEN);
    let thief = world.root.signer("thief", SHAKEN)?;
    assert_eq!(world.verdict(&[thief.identity(words())?]), Verdict::Signature);
    let one = world.signer.identity(words())?;
    let other = world.signer.identity(Words { issued: now() - 1, ..words() })?;
    let part = |identity: &str, at| identity.splitn(3, '.').nth(at).unwrap_or_default().to_owned();
    let mixed = format!("{}.{}.{}", part(&one, 0), part(&other, 1), part(&one, 2));
    assert_eq!(world.verdict(&[mixed]), Verdict::Signature);
    Ok(())
}

#[test]
fn only_trusted_certificates_that_are_valid_count() -> Result<()> {
    let expired = World::new(Grant { expired: true, ..SHAKEN });
    assert_eq!(expired.verdict(&[expired.signer.identity(words())?]), Verdict::Untrusted);
    let unsigned = World::new(Grant { no_signatures: true, ..SHAKEN });
    assert_eq!(unsigned.verdict(&[unsigned.signer.identity(words())?]), Verdict::Untrusted);
    let stranger = World { root: Authority::root("root")?, ..World::new(SHAKEN) };
    assert_eq!(stranger.verdict(&[stranger.signer.identity(words())?]), Verdict::Untrusted);
    Ok(())
}

#[test]
fn a_chain_by_way_of_another_authority_holds_if_it_is_whole() -> Result<()> {
    let root = Authority::root("root")?;
    let between = root.intermediate("between")?;
    let signer = between.signer("Carrier", SHAKEN)?;
    let alone = World { root, signer };
    assert_eq!(alone.verdict(&[alone.signer.identity(words())?]), Verdict::Untrusted);
    let World { root, mut signer } = alone;
    signer.pem.push_str(&between.pem);
    let whole = World { root, signer };
    assert_eq!(whole.verdict(&[whole.signer.identity(words())?]), Verdict::Valid);
    Ok(())
}

#[test]
fn a_list_of_numbers_must_have_the_caller() -> Result<()> {
    let none = Grant { provider: None, ..SHAKEN };
    for (grant, verdict) in [
        (Grant { number: Some(CALLER), ..none }, Verdict::Valid),
        (Grant { number: Some(CALLEE), ..none }, Verdict::Untrusted),
        (Grant { range: Some("12155551200"), ..none }, Verdict::Valid),
        (Grant { range: Some("12155551213"), ..none }, Verdict::Untrusted),
        (none, Verdict::Valid),
    ] {
        let world = World::new(grant);
        assert_eq!(world.verdict(&[world.signer.identity(words())?]), verdict, "{grant:?}");
    }
    Ok(())
}

#[test]
fn the_compact_form_holds_with_the_date_that_was_signed() -> Result<()> {
    let world = World::new(SHAKEN);
    let identity = world.signer.compact(words())?;
    let date =
        jiff::Timestamp::from_second(words().issued)?.strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n").to_string();
    for (caller, more, verdict) in [
        (CALLER, date.as_str(), Verdict::Valid),
        (CALLER, "", Verdict::Unreadable),
        ("12155551214", date.as_str(), Verdict::Signature),
    ] {
        let done = world.judge(&invite(caller, CALLEE, more, std::slice::from_ref(&identity)));
        assert_eq!(done.finding.identity.verdict, verdict, "{}", done.finding.why);
    }
    Ok(())
}

#[test]
fn a_call_that_was_sent_on_holds_by_its_diversions() -> Result<()> {
    let world = World::new(SHAKEN);
    let first = world.signer.identity(Words { callee: "12155550001", ..words() })?;
    let div = |from, to| world.signer.identity(Words { callee: to, diverted: Some(from), ..words() });
    let (one, two) = (div("12155550001", "12155550002")?, div("12155550002", CALLEE)?);
    assert_eq!(world.verdict(std::slice::from_ref(&first)), Verdict::Mismatch);
    assert_eq!(world.verdict(&[first.clone(), two.clone()]), Verdict::Mismatch);
    assert_eq!(world.verdict(&[first.clone(), two.clone(), one.clone()]), Verdict::Valid);
    assert_eq!(world.verdict(&[one, two]), Verdict::Unreadable);
    let circle = [first, div(CALLEE, CALLEE)?];
    assert_eq!(world.verdict(&circle), Verdict::Mismatch);
    Ok(())
}

#[test]
fn what_breaks_the_rules_of_a_passport_cannot_be_read() -> Result<()> {
    let world = World::new(SHAKEN);
    let head = json!({ "alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": URL });
    let payload = json!({
        "attest": "A", "dest": { "tn": [CALLEE] }, "iat": now(), "orig": { "tn": CALLER }, "origid": "1",
    });
    assert_eq!(world.verdict(&[world.signer.sign(&head, &payload, URL, ";ppt=shaken")?]), Verdict::Valid);
    let changed = |part: &serde_json::Value, key: &str, value: serde_json::Value| {
        let mut part = part.clone();
        part[key] = value;
        part
    };
    for head in [
        changed(&head, "alg", json!("none")),
        changed(&head, "typ", json!("JWT")),
        changed(&head, "x5u", json!("https://elsewhere.example/1.pem")),
        changed(&head, "ppt", json!("rcd")),
        changed(&head, "crit", json!(["x"])),
    ] {
        assert_eq!(world.verdict(&[world.signer.sign(&head, &payload, URL, "")?]), Verdict::Unreadable, "{head}");
    }
    for payload in [
        changed(&payload, "attest", json!("D")),
        changed(&payload, "origid", json!(null)),
        changed(&payload, "iat", json!("now")),
        changed(&payload, "orig", json!({ "tn": "+1" })),
        changed(&payload, "orig", json!({ "tn": CALLER, "uri": "sip:a@b" })),
        changed(&payload, "dest", json!({})),
        changed(&payload, "dest", json!({ "tn": vec![CALLEE; 33] })),
    ] {
        assert_eq!(world.verdict(&[world.signer.sign(&head, &payload, URL, "")?]), Verdict::Unreadable, "{payload}");
    }
    Ok(())
}

#[test]
fn a_call_whose_certificate_is_missing_is_pending_and_told_again() -> Result<()> {
    let world = World::new(SHAKEN);
    let (mut clerk, mut out, now) = (world.clerk(), Vec::new(), now());
    let message = invite(CALLER, CALLEE, "", &[world.signer.identity(words())?]);
    let order = |ticket| Order { ticket, claim: claimed(&message), at: now };
    let verdicts = |out: &mut Vec<Done<u32>>| -> Vec<(u32, Verdict)> {
        out.drain(..).map(|done| (done.ticket, done.finding.identity.verdict)).collect()
    };
    (1..=2).for_each(|ticket| clerk.take(order(ticket), now, &mut out));
    assert_eq!(verdicts(&mut out), [(1, Verdict::Pending), (2, Verdict::Pending)]);
    assert_eq!((clerk.next_fetch(now).as_deref(), clerk.next_fetch(now)), (Some(URL), None), "one fetch for both");
    clerk.fetched(URL, Err("it burns".to_owned()), now, &mut out)?;
    assert_eq!(verdicts(&mut out), [(1, Verdict::NoCertificate), (2, Verdict::NoCertificate)]);
    clerk.take(order(3), now + 30, &mut out);
    assert_eq!(verdicts(&mut out), [(3, Verdict::NoCertificate)], "not asked again at once");
    clerk.take(order(4), now + 60, &mut out);
    assert_eq!(clerk.next_fetch(now + 60).as_deref(), Some(URL));
    clerk.fetched(URL, Ok(world.signer.pem.clone().into_bytes()), now + 60, &mut out)?;
    assert_eq!(verdicts(&mut out), [(4, Verdict::Pending), (4, Verdict::Valid)]);
    clerk.take(order(5), now + 60, &mut out);
    assert_eq!(verdicts(&mut out), [(5, Verdict::Valid)]);
    let later = now + 61 + Limits::default().keep;
    clerk.take(order(6), later, &mut out);
    assert_eq!(clerk.next_fetch(later).as_deref(), Some(URL), "it is fetched anew");
    assert!(clerk.fetched(URL, Ok(b"an error page".to_vec()), later, &mut out).is_err());
    clerk.take(order(7), later, &mut out);
    assert_eq!(verdicts(&mut out), [(6, Verdict::Valid), (7, Verdict::Valid)], "what it was holds");
    assert_eq!(clerk.next_fetch(later), None, "and it is not fetched again at once");
    Ok(())
}

#[test]
fn fetches_are_bounded_by_host_and_by_minute() -> Result<()> {
    let world = World::new(SHAKEN);
    let (mut clerk, mut out) = (world.clerk(), Vec::new());
    let start = 1_000_000 * 60;
    for n in 0..100 {
        let url = format!("https://{}.example/{n}.pem", n % 10);
        let words = Words { issued: start, url: &url, ..words() };
        let message = invite(CALLER, CALLEE, "", &[world.signer.identity(words)?]);
        clerk.take(Order { ticket: n, claim: claimed(&message), at: start }, start, &mut out);
    }
    assert!(out.iter().all(|it| it.finding.identity.verdict == Verdict::Pending), "nothing is wrong with any");
    let has_room = |it: &&Done<u32>| !it.finding.why.contains("too many");
    assert_eq!((out.iter().filter(has_room).count(), out.len()), (64, 100), "64 addresses wait");
    let mut begun = 0;
    loop {
        let urls: Vec<String> = std::iter::from_fn(|| clerk.next_fetch(start)).collect();
        let hosts: std::collections::HashSet<&str> = urls.iter().map(|url| &url[..9]).collect();
        assert!(urls.len() <= 4 && hosts.len() == urls.len(), "{urls:?}");
        begun += urls.len();
        if urls.is_empty() {
            break;
        }
        for url in urls {
            clerk.fetched(&url, Err(String::new()), start, &mut out)?;
        }
    }
    assert_eq!(begun, 60);
    assert!(clerk.next_fetch(start + 60).is_some(), "the next minute goes on");
    Ok(())
}

#[test]
fn the_directory_keeps_what_is_trusted_and_nothing_else() -> Result<()> {
    let (world, dir, now) = (World::new(SHAKEN), tempfile::tempdir()?, now());
    let mut roots = Roots::default();
    roots.add(world.root.pem.as_bytes()).unwrap();
    let mut cache = Cache::open(Some(dir.path().to_owned()));
    let stranger = Authority::root("other")?.signer("other", SHAKEN)?;
    cache.put("https://other.example/1", stranger.pem.as_bytes(), &roots, now)?;
    cache.put(URL, world.signer.pem.as_bytes(), &roots, now)?;
    let kept = firewall_userspace::stir::certificates(dir.path())?;
    assert_eq!(kept.iter().map(|file| file.url.as_str()).collect::<Vec<_>>(), [URL]);
    // By another name, as an operator would put it there; and nothing is fetched.
    std::fs::rename(&kept[0].path, dir.path().join("carrier.pem"))?;
    let (limits, cache) = (Limits { fetch: false, ..Limits::default() }, Cache::open(Some(dir.path().to_owned())));
    let (mut clerk, mut out) = (Clerk::new(RULES, limits, roots, cache), Vec::new());
    for (url, verdict) in [(URL, Verdict::Valid), ("https://other.example/1", Verdict::NoCertificate)] {
        let message = invite(CALLER, CALLEE, "", &[world.signer.identity(Words { url, ..words() })?]);
        clerk.take(Order { ticket: 1, claim: claimed(&message), at: now }, now, &mut out);
        assert_eq!(out.pop().unwrap().finding.identity.verdict, verdict, "{url}");
    }
    assert_eq!(clerk.next_fetch(now), None);
    Ok(())
}

/// Serves one answer a connection.
fn serve(answers: Vec<String>) -> Result<std::net::SocketAddr> {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut request = [0; 1_024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    Ok(address)
}

#[test]
fn a_certificate_is_fetched_only_as_permitted() -> Result<()> {
    let answer = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let large = "x".repeat(30_000);
    let answers = vec![
        answer("200 OK", "", "pem"),
        answer("404 Not Found", "", ""),
        answer("302 Found", "Location: /next\r\n", ""),
        answer("200 OK", "", "next"),
        answer("200 OK", "", &large),
    ];
    let url = format!("http://{}/1.pem", serve(answers)?);
    for permitted in
        [Permitted::default(), Permitted { http: true, private: false }, Permitted { http: false, private: true }]
    {
        assert!(Fetcher::new(permitted).fetch(&url).is_err(), "{permitted:?}");
    }
    let fetcher = Fetcher::new(Permitted { http: true, private: true });
    assert_eq!(fetcher.fetch(&url), Ok(b"pem".to_vec()));
    assert!(fetcher.fetch(&url).unwrap_err().contains("404"));
    assert_eq!(fetcher.fetch(&url), Ok(b"next".to_vec()));
    assert!(fetcher.fetch(&url).is_err(), "too large");
    Ok(())
}
