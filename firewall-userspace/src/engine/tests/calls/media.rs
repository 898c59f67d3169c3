//! Several media lines, and other media than RTP.
use super::scene::{In, Out, PHONE, SERVER, Scene, config, sdes, sdp};
use crate::engine::call::{How, Why};

#[test]
fn each_line_is_judged_for_itself() {
    let crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY";
    let offer = sdp(
        PHONE,
        &format!("m=audio 4000 RTP/SAVP 0|{crypto}|m=video 4002 RTP/AVP 96|m=audio 4004 RTP/SAVP 0|{crypto}"),
    );
    let answer =
        sdp(SERVER, &format!("m=audio 10000 RTP/SAVP 0|{crypto}|m=video 10002 RTP/AVP 96|m=audio 0 RTP/SAVP 0"));
    let mut scene = Scene::strict();
    scene.inbound(&offer, &answer);
    let expected = [
        "192.0.2.1:10000<-203.0.113.7:4000 rtp srtp",
        "192.0.2.1:10001<-203.0.113.7:4001 rtcp",
        "192.0.2.1:10002<-203.0.113.7:4002 refused",
        "192.0.2.1:10003<-203.0.113.7:4003 refused",
    ];
    assert_eq!(scene.holes(), expected);
    let record = scene.record();
    assert_eq!(record.legs[0].streams.iter().map(|stream| stream.open).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(record.legs[0].refusal.as_ref().unwrap().line, "m=video 10002 RTP/AVP 96");
    assert_eq!(scene.refusal(), Some((How::NoMedia, Why::Plain, true)));
}

#[test]
fn a_bundle_is_one_flow() {
    let lines = |port: u16, second: u16, more: &str| {
        format!(
            "a=group:BUNDLE a v|a=fingerprint:sha-256 AA|m=audio {port} UDP/TLS/RTP/SAVPF 0|a=mid:a|a=rtcp-mux|\
             m=video {second} UDP/TLS/RTP/SAVPF 96|a=mid:v|a=rtcp-mux{more}"
        )
    };
    let mut scene = Scene::strict();
    scene.inbound(&sdp(PHONE, &lines(4_000, 0, "|a=bundle-only")), &sdp(SERVER, &lines(10_000, 10_000, "")));
    assert_eq!(scene.holes(), ["192.0.2.1:10000<-203.0.113.7:4000 rtp rtcp srtp dtls bundle"]);
    let streams = &scene.record().legs[0].streams;
    assert!(streams.iter().all(|stream| stream.open && stream.remote.is_some_and(|remote| remote.port() == 4_000)));
    // Our side offers different ports, and the answer bundles.
    let mut scene = Scene::strict();
    scene.outbound(&sdp(SERVER, &lines(10_000, 10_002, "")), &sdp(PHONE, &lines(4_000, 4_000, "")));
    assert_eq!(scene.holes(), ["192.0.2.1:10000<-203.0.113.7:4000 rtp rtcp srtp dtls bundle"]);
}

#[test]
fn a_call_may_turn_into_a_fax_where_that_is_allowed() {
    let image = |address: &str, port: u16| sdp(address, &format!("m=image {port} udptl t38"));
    let turned = |more: &str| {
        let mut scene = Scene::new(&config("srtp-only", more));
        scene.inbound(&sdes(PHONE, 4_000), &sdes(SERVER, 10_000));
        scene.ask(Out, "INVITE", 5, ("o", "r"), &image(SERVER, 10_004));
        scene.reply(In, 200, ("INVITE", 5), ("o", "r"), &image(PHONE, 4_004)).ask(Out, "ACK", 5, ("o", "r"), "");
        (scene.holes(), scene.refusal())
    };
    let open = vec!["192.0.2.1:10004<-203.0.113.7:4004 other".to_owned()];
    assert_eq!(turned("t38 = \"allow\""), (open, None));
    let closed = vec!["192.0.2.1:10004<-203.0.113.7:4004 refused".to_owned()];
    assert_eq!(turned(""), (closed, Some((How::NoMedia, Why::Kind, true))));
}

#[test]
fn other_media_is_let_through_by_what_carries_it() {
    let lines = |port: u16| {
        format!(
            "m=message {port} TCP/TLS/MSRP *|m=application {} UDP/DTLS/SCTP webrtc-datachannel|a=fingerprint:sha-256 AA|\
             m=application {} UDP/BFCP *",
            port + 2,
            port + 4
        )
    };
    let mut scene = Scene::strict();
    scene.inbound(&sdp(PHONE, &lines(4_000)), &sdp(SERVER, &lines(10_000)));
    let expected = ["192.0.2.1:10002<-203.0.113.7:4002 dtls", "192.0.2.1:10004<-203.0.113.7:4004 other"];
    assert_eq!(scene.holes(), expected);
    assert!(scene.record().legs[0].streams.iter().all(|stream| stream.open && stream.keys.is_none()));
}

#[test]
fn a_description_may_be_a_part_of_a_body() {
    let mut scene = Scene::strict();
    let body = format!(
        "--b\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--b\r\nContent-Type: application/pidf+xml\r\n\r\nm=audio 1 RTP/AVP 0\r\n--b--\r\n",
        sdes(PHONE, 4_000)
    );
    let text = scene.message("INVITE sip:200@example.com SIP/2.0", ("INVITE", 1), ("r", ""), &body).replace(
        "Content-Type: application/sdp\r\nContent-Length",
        "Content-Type: multipart/mixed;boundary=b\r\nContent-Length",
    );
    scene.see(In, text.as_bytes()).reply(Out, 200, ("INVITE", 1), ("r", "o"), &sdes(SERVER, 10_000));
    assert_eq!((scene.holes().len(), scene.refusal()), (2, None));
}
