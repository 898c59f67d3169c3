//! Via (RFC 3261 §20.42, RFC 3581).
//!
//! Owns: its parts. Refuses: deciding where a response goes.
use super::class::TOKEN;
use super::cursor::Cursor;
use super::list::Element;
use super::number::decimal;
use super::params::{Param, Params, once};
use super::refusal::Refusal;
use super::uri;

/// One hop of a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// The transport's name as it stands in the message; compare it in either case.
    pub transport: &'a [u8],
    /// The host, with an IPv6 address's brackets (see [`uri::address`]).
    pub host: &'a [u8],
    /// The port.
    pub port: Option<u16>,
    /// The transaction's branch.
    pub branch: Option<&'a [u8]>,
    /// Where the message came from, as the next hop saw it.
    pub received: Option<&'a [u8]>,
    /// The response port.
    pub rport: Rport,
    /// All parameters.
    pub params: Params<'a>,
}

/// Symmetric response routing (RFC 3581).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rport {
    /// Not spoken of.
    Absent,
    /// Asked for.
    Asked,
    /// Filled in.
    Port(u16),
}

impl<'a> Element<'a> for Via<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Refusal> {
        let transport = protocol(cursor).ok_or(Refusal::Via)?;
        let host = uri::host(cursor).ok_or(Refusal::Via)?;
        let port = if cursor.mark(b':') { Some(uri::port(cursor).ok_or(Refusal::Via)?) } else { None };
        let before = *cursor;
        let (mut branch, mut received, mut rport) = (None, None, None);
        while let Some(param) = Param::next(cursor)? {
            if param.is(b"branch") {
                once(&mut branch, param.bare()?)?;
            } else if param.is(b"received") {
                once(&mut received, param.bare()?)?;
            } else if param.is(b"rport") {
                once(&mut rport, read_rport(&param)?)?;
            }
        }
        let (rport, params) = (rport.unwrap_or(Rport::Absent), Params::new(before.until(cursor)));
        Ok(Self { transport, host, port, branch, received, rport, params })
    }
}

/// Takes `SIP/2.0/transport` and the white space behind it.
fn protocol<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let is_sip = cursor.run(TOKEN).eq_ignore_ascii_case(b"SIP") && cursor.mark(b'/');
    let is_known = is_sip && cursor.run(TOKEN) == b"2.0" && cursor.mark(b'/');
    let transport = cursor.run(TOKEN);
    (is_known && !transport.is_empty() && cursor.blanks()).then_some(transport)
}

fn read_rport(param: &Param<'_>) -> Result<Rport, Refusal> {
    // Some write `rport=` when they ask.
    let Some(value) = param.value.filter(|value| !value.raw().is_empty()) else { return Ok(Rport::Asked) };
    let port = decimal(value.raw()).and_then(|number| u16::try_from(number).ok());
    port.map(Rport::Port).ok_or(Refusal::Parameter)
}
