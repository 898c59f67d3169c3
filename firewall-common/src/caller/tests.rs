use super::*;
use crate::policy::CALLERS_ASSERTED;
use proptest::prelude::*;
use std::format;

fn window(text: &str) -> Window {
    let mut w = Window::new();
    w.fill(&[b'i'; 1_500]);
    w.fill(text.as_bytes());
    w
}

fn names_in(uri: &str) -> Names {
    names(&window(uri), 0, go)
}

#[test]
fn a_uri_without_a_user_or_with_nobodys_is_anonymous() {
    for uri in [
        "sip:anonymous@h>",
        "sips:Anonymous@h>",
        "SIP:ANONYMOUS:x@h",
        "sip:anonymous;x=y@h;z",
        "sip:Restricted@1.2.3.4>",
        "sip:unknown@h",
        "sip:1@anonymous.invalid>",
        "sip:1@Anonymous.INVALID:5060;x",
        "sip:@h>",
        "sip:h>",
        "sip:h;x=y",
        "sip:h:5060\r\n",
    ] {
        assert!(names_in(uri).are_anonymous(), "{uri}");
    }
    for uri in [
        "sip:1@h>",
        "sips:anonymouse@h",
        "sip:anonymou@h",
        "sip:a@anonymous.invalid.org",
        "sip:1@anonymous",
        "sip:1:anonymous@h>",
    ] {
        assert!(!names_in(uri).are_anonymous(), "{uri}");
    }
    let far = format!("sip:{}@anonymous.invalid>", "x".repeat(300));
    assert!(names_in(&far).are_anonymous());
}

#[test]
fn our_domains_are_known_in_any_spelling() {
    let mut own = OwnDomains::NONE;
    own.0[0] = domain(b"example.com");
    own.0[DOMAINS - 1] = domain(b"PBX.example.net");
    let is_ours = |uri: &str| own.have(names_in(uri).host());
    for uri in [
        "sip:1@example.com>",
        "sip:1@EXAMPLE.com.:5060>",
        "sip:1:x@example.com;y",
        "sips:pbx.Example.net\r\n",
        "sip:1;a=b@pbx.example.net?x=y>",
    ] {
        assert!(is_ours(uri), "{uri}");
    }
    for uri in [
        "sip:1@example.co>",
        "sip:1@xexample.com>",
        "sip:1@example.com..>",
        "sip:example.com@h>",
        "sip:>",
        "sip:1@example.comx",
    ] {
        assert!(!is_ours(uri), "{uri}");
    }
    assert!(!OwnDomains::NONE.have(0) && !OwnDomains::NONE.have(names_in("sip:1@.>").host()));
}

proptest! {
    #[test]
    fn a_host_is_what_stands_behind_the_at(user in "[a-z0-9+;=]{0,40}", host in "[A-Za-z0-9.-]{1,60}", rest in "(>|;x=y|:5060|\\?a=b|)") {
        let names = names_in(&format!("sip:{user}@{host}{rest}"));
        prop_assert_eq!(names.host(), domain(host.as_bytes()));
    }
}

#[test]
fn only_the_token_id_hides() {
    for value in ["id", "id\r\n", "ID;critical", "user;id\r\n", "header; id ;x", "user , id"] {
        assert!(is_private(&window(value), 0), "{value}");
    }
    for value in ["none", "user", "idx", "xid", "i d", "user\r\nid: x", ""] {
        assert!(!is_private(&window(value), 0), "{value}");
    }
}

const ALL: u32 = (CALLERS_LISTED | CALLERS_NAMED | CALLERS_NOT_OURS | CALLERS_ASSERTED) as u32;
const VALIDATED: u32 = CALLERS_VALIDATED as u32;
const NAMED: u32 = CALLERS_NAMED as u32;

fn claims(of: &[(u32, u32)]) -> Claims {
    let begin = Claims::default().with(fields::TO, claim::TO);
    of.iter().fold(begin, |claims, (name, bits)| claims.with(*name, bits | claim::SEEN))
}

#[test]
fn what_is_denied_is_denied_wherever_it_stands() {
    let from = (fields::FROM, 0);
    for name in [fields::FROM, fields::DIVERSION, fields::PARTY, fields::ASSERTED] {
        let claims = claims(&[from, (name, claim::DENIED)]);
        assert_eq!(claims.objection(ALL, false), Some(Reason::CallerDenied));
        assert_eq!(claims.objection(ALL, true), Some(Reason::CallerDenied));
        assert_eq!(claims.objection(NAMED, false), None, "nobody asks for lists");
    }
    for (name, want) in
        [(fields::FROM, true), (fields::PARTY, true), (fields::ASSERTED, true), (fields::DIVERSION, false)]
    {
        let found = claims(&[from, (name, claim::OURS)]).objection(ALL, false);
        assert_eq!(found, want.then_some(Reason::CallerSpoofed));
    }
}

#[test]
fn the_most_trusted_field_must_be_listed() {
    let of = |from, asserted: Option<u32>, cut| {
        let asserted = asserted.map(|bits| (fields::ASSERTED, bits));
        let fields: Vec<_> = [(fields::FROM, from)].into_iter().chain(asserted).collect();
        claims(&fields).objection(VALIDATED, cut).is_some()
    };
    assert!(of(claim::UNLISTED, None, false) && !of(0, None, false));
    assert!(!of(claim::UNLISTED, Some(0), false) && of(0, Some(claim::UNLISTED), false));
    assert!(!of(claim::UNLISTED, None, true), "what is believed may be in the next segment");
    assert_eq!(Claims::default().objection(VALIDATED, false), Some(Reason::CallerDenied));
    assert_eq!(Claims::default().objection(VALIDATED, true), None);
}

#[test]
fn nobody_is_anonymous() {
    let anonymous = Some(Reason::CallerAnonymous);
    assert_eq!(claims(&[(fields::FROM, claim::ANONYMOUS)]).objection(NAMED, false), anonymous);
    assert_eq!(claims(&[(fields::FROM, 0)]).objection(NAMED, false), None);
    let hidden = [(fields::FROM, 0), (fields::PRIVACY, claim::PRIVATE)];
    assert_eq!(claims(&hidden).objection(NAMED, false), anonymous);
    assert_eq!(claims(&hidden).objection(NAMED, true), None);
    assert_eq!(claims(&[hidden[0], hidden[1], (fields::ASSERTED, 0)]).objection(NAMED, false), None);
    assert_eq!(Claims::default().objection(NAMED, false), anonymous, "without a From");
    assert_eq!(Claims::default().objection(ALL & !NAMED, false), None);
}

#[test]
fn inside_of_a_dialog_nobody_calls() {
    let denied = Claims::default().with(fields::FROM, claim::SEEN | claim::DENIED);
    assert!(denied.objection(ALL, false).is_some() && denied.objection(ALL, true).is_none(), "a To may come");
    assert!(denied.with(fields::TO, claim::TO).objection(ALL, true).is_some());
    assert!(denied.with(fields::TO, claim::TO | claim::TAG).objection(ALL, false).is_none());
}
