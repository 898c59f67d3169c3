//! The request that is asked about.
//!
//! Owns: a complete SIP request as a phone would send it. Refuses: what is no request (`--payload` takes any bytes).
use std::net::IpAddr;

use anyhow::Result;
use rsip::headers::UntypedHeader as _;
use rsip::{Domain, Header, Headers, Method, Request, Uri, Version, headers};

use super::{Args, Carrier};
use crate::cli::failure::wrong;

/// The payload; nothing for a TCP connection attempt.
pub(super) fn of(args: &Args, from: IpAddr, to: IpAddr, port: u16) -> Result<Vec<u8>> {
    let method = match (args.transport, args.method.as_deref()) {
        // Whatever is sent over TLS, all that can be seen of it is the connection.
        (Carrier::Tls, _) | (Carrier::Tcp, None) => return Ok(Vec::new()),
        (_, method) => method.unwrap_or("OPTIONS"),
    };
    let method: Method = method.parse().map_err(|e| wrong(format!("{method} is no method that can be made: {e}")))?;
    let uri = uri(&args.uri.clone().unwrap_or_else(|| format!("sip:{}:{port}", host(to))))?;
    let headers = headers(args, method, from, to);
    let request = Request { method, uri, headers, version: Version::V2, body: Vec::new() };
    Ok(request.into())
}

/// As it was said: the odd ones are those that one asks about, so nothing is parsed and put together again.
fn uri(text: &str) -> Result<Uri> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong(format!("{text:?} cannot stand in a start line: leave out blanks, or use --payload")));
    }
    Ok(Uri { host_with_port: Domain::from(text).into(), ..Uri::default() })
}

fn headers(args: &Args, method: Method, from: IpAddr, to: IpAddr) -> Headers {
    let (from, to) = (host(from), host(to));
    let transport = if args.transport == Carrier::Udp { "UDP" } else { "TCP" };
    let callee = if method == Method::Register { &from } else { &to };
    let mut list: Vec<Header> = vec![
        headers::Via::new(format!("SIP/2.0/{transport} {from}:5060;branch=z9hG4bKsipfw;rport")).into(),
        headers::MaxForwards::new("70").into(),
        headers::From::new(format!("<sip:sipfw@{from}>;tag=sipfw")).into(),
        headers::To::new(format!("<sip:sipfw@{callee}>")).into(),
        headers::CallId::new("sipfw-explain").into(),
        headers::CSeq::new(format!("1 {method}")).into(),
        headers::Contact::new(format!("<sip:sipfw@{from}:5060>")).into(),
    ];
    list.extend(args.user_agent.as_ref().map(|agent| headers::UserAgent::new(agent.clone()).into()));
    list.push(headers::ContentLength::new("0").into());
    list.into()
}

/// An address as it stands in a URI.
fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}
