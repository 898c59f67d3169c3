//! Plain offers in disguise: none of them gets media, and those that one datagram holds are refused.
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, PHONES};
use firewall_tests::world::call::Call;
use firewall_tests::world::media::{Keys, Shape, Stream};
use firewall_tests::world::{Place, World};

use super::{Line, parties, srtp_only};

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.20\r\ns=-\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n";
const PLAIN: &str = "m=audio 30000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";
const KEYS: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
const SAVP: &str = "m=audio 30000 RTP/SAVP 8\r\na=rtpmap:8 PCMA/8000\r\n";
const KIND: &str = "Content-Type: application/sdp\r\n";

/// An offer and what is done to the message that carries it.
struct Disguise {
    name: &'static str,
    sdp: String,
    /// The body's type.
    kind: &'static str,
    /// Parts of the message that are replaced.
    replaced: Vec<(String, String)>,
}

fn disguise(name: &'static str, sdp: impl Into<String>) -> Disguise {
    Disguise { name, sdp: sdp.into(), kind: "application/sdp", replaced: Vec::new() }
}

impl Disguise {
    fn of(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    fn with(mut self, part: &str, by: impl Into<String>) -> Self {
        self.replaced.push((part.to_owned(), by.into()));
        self
    }

    fn dressed(&self, call: &mut Call<'_>) -> String {
        let message = call.request_with("INVITE", self.kind, &self.sdp);
        self.replaced.iter().fold(message, |message, (part, by)| message.replacen(part, by, 1))
    }
}

/// Bodies of one part, which are not what they look like.
fn bodies() -> Vec<Disguise> {
    let plain = format!("{HEAD}{PLAIN}");
    vec![
        disguise("case", plain.replace("RTP/AVP", "rtp/avp")),
        disguise("feedback", plain.replace("RTP/AVP", "RTP/AVPF")),
        disguise("spaces", plain.replace("m=audio 30000 RTP/AVP 8", "m=audio  30000\tRTP/AVP  8")),
        disguise("bare-lines", plain.replace("\r\n", "\n")),
        disguise("no-last-line-end", plain.trim_end().to_owned()),
        disguise("two-ports", plain.replace("30000", "30000/2")),
        disguise("no-keys", format!("{HEAD}{SAVP}")),
        disguise(
            "unknown-suite",
            format!("{HEAD}{SAVP}{}", KEYS.replace("AES_CM_128_HMAC_SHA1_80", "NULL_HMAC_SHA1_80")),
        ),
        disguise("short-tag", format!("{HEAD}{SAVP}{}", KEYS.replace("SHA1_80", "SHA1_32"))),
        disguise("unencrypted", format!("{HEAD}{SAVP}{}", KEYS.replace("\r\n", " UNENCRYPTED_SRTP\r\n"))),
        disguise("unauthenticated", format!("{HEAD}{SAVP}{}", KEYS.replace("\r\n", " UNAUTHENTICATED_SRTP\r\n"))),
        disguise("session-crypto", format!("{HEAD}{KEYS}{SAVP}")),
        disguise("keys-of-a-rejected-line", format!("{HEAD}{}{KEYS}{PLAIN}", SAVP.replace("30000", "0"))),
        disguise("keys-of-a-line-rejected-later", format!("{HEAD}{PLAIN}{}{KEYS}", SAVP.replace("30000", "0"))),
        disguise("attribute-in-capitals", format!("{HEAD}{SAVP}{}", KEYS.replace("a=crypto", "A=CRYPTO"))),
        disguise("other-attribute", format!("{HEAD}{SAVP}{}", KEYS.replace("a=crypto", "a=xcrypto"))),
        disguise("keys-in-a-name", format!("{}{PLAIN}", HEAD.replace("s=-", "s=RTP/SAVP a=crypto:1"))),
        disguise("folded-keys", format!("{HEAD}{PLAIN}i=x\r\n {KEYS}")),
    ]
}

/// Messages whose headers are not what is expected.
fn headers() -> Vec<Disguise> {
    let plain = format!("{HEAD}{PLAIN}");
    let length = |text: &str| format!("Content-Length: {}\r\n", text.len());
    let both = format!("{HEAD}{PLAIN}a=x:y\r\n{SAVP}{KEYS}");
    vec![
        disguise("compact-kind", plain.clone()).with(KIND, "c: application/sdp\r\n"),
        disguise("compact-all", plain.clone())
            .with("Via:", "v:")
            .with("From:", "f:")
            .with("To:", "t:")
            .with("Contact:", "m:")
            .with("Content-Type:", "c:")
            .with("Content-Length:", "l:"),
        disguise("folded-kind", plain.clone()).with(KIND, "Content-Type:\r\n application/sdp\r\n"),
        disguise("kind-in-capitals", plain.clone()).with(KIND, "CONTENT-TYPE : APPLICATION/SDP\r\n"),
        disguise("kind-with-parameters", plain.clone()).with(KIND, "Content-Type: application/sdp;charset=utf-8\r\n"),
        disguise("keys-in-a-header", plain.clone())
            .with("User-Agent: hands\r\n", "Subject: m=audio 1 RTP/SAVP 0 a=crypto:1 x\r\n"),
        disguise("keys-behind-the-body", both.clone()).with(&length(&both), length(&format!("{HEAD}{PLAIN}"))),
    ]
}

/// Several parts, of which one is the offer.
fn parts() -> Vec<Disguise> {
    let part = |kind: &str, body: &str| format!("--b1\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
    let (sdp, text) =
        (part("application/sdp", &format!("{HEAD}{PLAIN}")), part("text/plain", &format!("{SAVP}{KEYS}")));
    let mixed = "multipart/mixed;boundary=b1";
    vec![
        disguise("alone", format!("{sdp}--b1--\r\n")).of(mixed),
        disguise("text-before", format!("{text}{sdp}--b1--\r\n")).of(mixed),
        disguise("text-behind", format!("{sdp}{text}--b1--\r\n")).of("multipart/mixed; boundary=\"b1\""),
        disguise("preamble", format!("{SAVP}{KEYS}\r\n{sdp}--b1--\r\n")).of(mixed),
        disguise("epilogue", format!("{sdp}--b1--\r\n{SAVP}{KEYS}")).of(mixed),
        disguise("other-boundary", format!("{sdp}--b1--\r\n--b2\r\n{SAVP}{KEYS}"))
            .of("multipart/mixed;x=\"boundary=b2\";boundary=b1"),
        disguise("folded-boundary", format!("{sdp}--b1--\r\n")).of("multipart/mixed;\r\n boundary=b1"),
    ]
}

#[test]
fn every_disguise_in_one_datagram_is_refused() -> Result<()> {
    let (world, _daemon) = srtp_only("", "[strangers.limits]\ninvite = \"none\"\n")?;
    let [caller, callee] = parties(&world)?;
    let mut passed = Vec::new();
    for disguise in bodies().into_iter().chain(headers()).chain(parts()) {
        let mut call = Call::new(&caller, &callee, disguise.name);
        let invite = disguise.dressed(&mut call);
        caller.send(callee.local(), &invite)?;
        let answer = caller.receive(Duration::from_millis(500))?;
        let seen = callee.receive(Duration::from_millis(20))?;
        if seen.is_some() || !answer.as_ref().is_some_and(|text| text.starts_with("SIP/2.0 488")) {
            passed.push((disguise.name, answer));
        }
    }
    ensure!(passed.is_empty(), "these were not refused: {passed:#?}");
    Ok(())
}

/// What the kernel cannot judge reaches the server. Whatever that says to it, there are no media.
#[test]
fn a_plain_offer_in_fragments_gets_no_media() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let padding = format!("User-Agent: {}\r\n", "x".repeat(2_500));
    let large = disguise("fragments", format!("{HEAD}{PLAIN}")).with("User-Agent: hands\r\n", padding);
    answered_gets_nothing(&world, large, Keys::None)?;
    let lines = "a=x-filler:none\r\n".repeat(100);
    answered_gets_nothing(&world, disguise("long-body", format!("{HEAD}{PLAIN}{lines}")), Keys::None)
}

/// Some lines are good and others plain: the offer may pass, and what is plain of it stays closed.
#[test]
fn the_plain_one_of_two_lines_gets_no_media() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut plain = Line::new(&world, Place::Phones, (PHONES, 30_000), (EDGE, 20_000))?;
    let mut good = Line::new(&world, Place::Phones, (PHONES, 30_002), (EDGE, 20_002))?;
    plain.stream = Stream::new(Shape::Plain, 5);
    let lines = |first: u16| {
        format!(
            "{}{}{KEYS}",
            PLAIN.replace("30000", &first.to_string()),
            SAVP.replace("30000", &(first + 2).to_string())
        )
    };
    let (offer, answer) = (
        format!("{HEAD}{}", lines(30_000)),
        format!("{}{}", HEAD.replace("198.51.100.20", "192.0.2.1"), lines(20_000)),
    );
    Call::new(&caller, &callee, "mixed").agree(&offer, &answer)?;
    good.opens(crate::SOON)?;
    plain.is_dropped(&world, Reason::RefusedMedia).or_else(|_| plain.is_dropped(&world, Reason::NoPinhole))
}

fn answered_gets_nothing(world: &World, disguise: Disguise, keys: Keys) -> Result<()> {
    let [caller, callee] = parties(world)?;
    let mut line = Line::new(world, Place::Phones, (PHONES, 30_000), (EDGE, 20_000))?;
    line.stream = Stream::new(Shape::Plain, 5);
    let [_, answer] = line.sdp(keys)?;
    let mut call = Call::new(&caller, &callee, disguise.name);
    let invite = disguise.dressed(&mut call);
    caller.send(callee.local(), &invite)?;
    callee.await_of(&call.id(), "INVITE").context("fragments are not judged by their bodies")?;
    call.respond("200 OK", "INVITE", &answer)?;
    call.say("ACK", "")?;
    world.refusal_of(disguise.name, crate::SOON)?;
    // A refused call's port takes nothing, also when our side talks.
    line.near.send_to(Stream::new(Shape::Plain, 9).next_packet(), line.far.local_addr()?)?;
    line.is_dropped(world, Reason::RefusedMedia)
}
