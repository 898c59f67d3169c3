//! What the reader of the crate sipx-sip makes of the same bytes.
//!
//! Owns: that both understand the same wherever both read. Refuses: which of them should read a message at all.
use bytes::Bytes;
use firewall_common::sip::message::{Message, NameAddr, Rport, Scheme, Start, Text, Uri, Via, address};
use sipx_sip::headers::{Address, CSeq, CallId, From, To};
use sipx_sip::{Headers, Host, Limits, parse_datagram};

/// Panics when the two readings differ.
pub(super) fn agrees(payload: &[u8], ours: &Message<'_>) {
    // It takes no empty lines before a message of a datagram.
    let start = payload.chunks(2).take_while(|pair| pair == b"\r\n").count() * 2;
    let Ok(theirs) = parse_datagram(Bytes::copy_from_slice(&payload[start..]), &Limits::datagram()) else { return };
    match (&ours.start, &theirs) {
        (Start::Request { name, uri, .. }, sipx_sip::Message::Request(request)) => {
            assert_eq!(*name, request.method.as_bytes());
            same_uri(uri, &request.uri);
        }
        (Start::Response { status, .. }, sipx_sip::Message::Response(response)) => {
            assert_eq!(*status, response.status.code());
        }
        _ => panic!("a request to one, a response to the other"),
    }
    assert_eq!(ours.body, &theirs.body()[..]);
    same_headers(ours, theirs.headers());
}

fn same_headers(ours: &Message<'_>, theirs: &Headers) {
    if let Some(Ok(from)) = theirs.typed::<From>() {
        same_address(&ours.from, &from);
    }
    if let Some(Ok(to)) = theirs.typed::<To>() {
        same_address(&ours.to, &to);
    }
    if let Some(Ok(cseq)) = theirs.typed::<CSeq>() {
        assert_eq!((ours.cseq.number, ours.cseq.name), (cseq.sequence, cseq.method.as_bytes()));
    }
    if let Some(Ok(call_id)) = theirs.typed::<CallId>() {
        assert_eq!(ours.call_id, call_id.0);
    }
    let vias: Result<Vec<sipx_sip::Via>, _> = theirs.typed_all().collect();
    if let Ok(vias) = vias {
        assert_eq!(ours.vias().count(), vias.len());
        ours.vias().zip(&vias).for_each(|(ours, theirs)| same_via(&ours, theirs));
    }
}

fn same_uri(ours: &Uri<'_>, theirs: &sipx_sip::Uri) {
    assert!(ours.scheme_name().eq_ignore_ascii_case(theirs.scheme().as_bytes()));
    let Some(host) = theirs.host() else { return };
    assert!(matches!(ours.scheme, Scheme::Sip | Scheme::Sips));
    same_host(ours.host, host);
    assert_eq!((ours.user, ours.password, ours.port), (theirs.user(), theirs.password(), theirs.port()));
    assert_eq!(ours.headers.is_empty(), !theirs.has_headers());
}

fn same_host(ours: &[u8], theirs: &Host) {
    match theirs {
        Host::Name(name) => assert!(ours.eq_ignore_ascii_case(name.as_bytes()), "{ours:?} is not {name:?}"),
        // It mends three colons in a row, which are no address to us.
        Host::Ip(ip) => assert!(address(ours).is_none_or(|address| address == *ip), "{ours:?} is not {ip}"),
    }
}

fn same_address(ours: &NameAddr<'_>, theirs: &Address) {
    same_uri(&ours.uri, &theirs.uri);
    assert_eq!(ours.tag, theirs.tag());
    let display = |text: Text<'_>| text.bytes().collect::<Vec<u8>>();
    let [ours, theirs] = [ours.display.map(display), theirs.display_name.clone()].map(Option::unwrap_or_default);
    assert_eq!(ours, theirs);
}

fn same_via(ours: &Via<'_>, theirs: &sipx_sip::Via) {
    assert_eq!(ours.transport, theirs.transport);
    same_host(ours.host, &theirs.host);
    assert_eq!((ours.port, ours.branch, ours.received), (theirs.port, theirs.branch(), theirs.received()));
    assert_eq!(ours.rport != Rport::Absent, theirs.rport().is_some());
}
