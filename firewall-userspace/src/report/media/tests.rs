//! What the report adds up.
use super::*;
use crate::engine::call::{State, Why};
use crate::report::call::tests::{NOW, call, leg, refusal, sdes, stream};

fn report(calls: &[StoredCall]) -> Report {
    Report::of(calls, NOW, |leg, name| match name {
        Some(name) => Whose::Peer(name.to_owned()),
        None if leg.inbound => Whose::Registrants,
        None => Whose::Strangers,
    })
}

fn calls() -> Vec<StoredCall> {
    let plain = |enforced| leg(vec![stream("RTP/AVP", None)], Some(refusal(Why::Plain, enforced)));
    let secure = leg(vec![stream("RTP/SAVP", sdes()), stream("RTP/SAVP", sdes())], None);
    let outbound = Leg { inbound: false, peer: 0, ..secure.clone() };
    let at_once = Leg { peer: 0, ..leg(vec![], Some(refusal(Why::Plain, true))) };
    vec![
        call(1, State::Up, vec![plain(false)]),
        call(2, State::Ended, vec![plain(false)]),
        call(3, State::Up, vec![secure, outbound]),
        call(4, State::Refused, vec![at_once]),
    ]
}

#[test]
fn legs_are_counted_by_whose_they_are_and_how_they_are_encrypted() {
    let json = report(&calls()).json();
    assert_eq!((&json["calls"], &json["refused"], &json["would_be_refused"]), (&4.into(), &1.into(), &2.into()));
    let rows: Vec<_> = json["rows"].as_array().unwrap().iter().collect();
    let shown: Vec<String> = rows
        .iter()
        .map(|r| {
            format!(
                "{} {} {} {}/{}/{} {}",
                r["whose"], r["profile"], r["keys"], r["calls"], r["refused"], r["would_be_refused"], r["why"]
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#""peer" "RTP/AVP" null 2/0/2 {"plain":2}"#,
            r#""peer" "RTP/SAVP" "SDES AES_CM_128_HMAC_SHA1_80" 1/0/0 {}"#,
            r#""registrants" "RTP/AVP" null 1/1/0 {"plain":1}"#,
            r#""strangers" "RTP/SAVP" "SDES AES_CM_128_HMAC_SHA1_80" 1/0/0 {}"#,
        ]
    );
    assert_eq!((&rows[0]["peer"], &rows[2]["peer"]), (&"itsp".into(), &Value::Null));
}

#[test]
fn people_read_what_srtp_only_would_do() {
    let text = report(&calls()).text(MediaPolicy::Prefer);
    assert!(text.contains("4 calls since 2027-01-15") && text.contains("1 refused, 2 would be under"), "{text}");
    assert!(text.contains("(registrants)") && text.contains("plain 2"), "{text}");
    let clean = report(&calls()[2..3]).text(MediaPolicy::Prefer);
    assert!(clean.contains("nothing speaks against"), "{clean}");
    assert!(!report(&calls()[2..3]).text(MediaPolicy::SrtpOnly).contains("nothing speaks against"));
    assert!(report(&[]).text(MediaPolicy::Off).contains("calls are followed while"));
    assert!(!report(&[]).text(MediaPolicy::Prefer).contains("followed"));
}
