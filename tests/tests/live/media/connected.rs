//! Signalling over TCP: nothing of it is refused in the kernel, and the firewall follows the stream.
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use anyhow::{Result, ensure};
use firewall_common::reason::Reason;
use firewall_tests::world::address::{EDGE, PHONES, SIP};
use firewall_tests::world::call::Call;
use firewall_tests::world::media::{Keys, Shape, Stream};
use firewall_tests::world::{Place, World};

use super::{Line, WAY, parties, srtp_only};
use crate::SOON;

/// Both ends of a connection.
struct Connection {
    near: TcpStream,
    far: TcpStream,
}

impl Connection {
    fn new(world: &World) -> Result<Self> {
        let listener = world.netns(Place::Edge).within(|| TcpListener::bind((EDGE, SIP)))??;
        let far = world.netns(Place::Phones).within(|| TcpStream::connect((EDGE, SIP)))??;
        let (near, _) = listener.accept()?;
        far.set_nodelay(true)?;
        near.set_nodelay(true)?;
        Ok(Self { near, far })
    }

    /// Sends a message in pieces of so many bytes, each in a segment of its own; it arrives.
    fn carry(&mut self, outwards: bool, message: &str, piece: usize) -> Result<()> {
        let (from, to) = if outwards { (&mut self.near, &mut self.far) } else { (&mut self.far, &mut self.near) };
        to.set_read_timeout(Some(WAY))?;
        let message = message.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
        for part in message.as_bytes().chunks(piece) {
            from.write_all(part)?;
            to.read_exact(&mut vec![0; part.len()])?;
        }
        Ok(())
    }

    fn agree(&mut self, call: &mut Call<'_>, offer: &str, answer: &str, piece: usize) -> Result<()> {
        let invite = call.request("INVITE", offer);
        self.carry(false, &invite, piece)?;
        self.carry(true, &call.response("200 OK", "INVITE", answer), piece)?;
        self.carry(false, &call.request("ACK", ""), piece)
    }
}

#[test]
fn a_call_over_tcp_gets_media_if_it_agrees_on_srtp() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut connection = Connection::new(&world)?;
    for (number, piece) in [(0, 4_000), (1, 100)] {
        let mut line = Line::new(&world, Place::Phones, (PHONES, 30_000 + 2 * number), (EDGE, 20_000 + 2 * number))?;
        let [offer, answer] = line.sdp(Keys::Sdes)?;
        let mut call = Call::new(&caller, &callee, &format!("stream{number}"));
        connection.agree(&mut call, &offer, &answer, piece)?;
        line.opens(SOON)?;
        let bye = call.request("BYE", "");
        connection.carry(false, &bye, piece)?;
        connection.carry(true, &call.response("200 OK", "BYE", ""), piece)?;
        line.closes(&world, Reason::NoPinhole)?;
    }
    Ok(())
}

#[test]
fn a_plain_call_over_tcp_gets_no_media() -> Result<()> {
    let (world, _daemon) = srtp_only("", "")?;
    let [caller, callee] = parties(&world)?;
    let mut connection = Connection::new(&world)?;
    let mut line = Line::new(&world, Place::Phones, (PHONES, 30_000), (EDGE, 20_000))?;
    line.stream = Stream::new(Shape::Plain, 5);
    let [offer, answer] = line.sdp(Keys::None)?;
    connection.agree(&mut Call::new(&caller, &callee, "stream"), &offer, &answer, 4_000)?;
    let refusal = world.refusal_of("stream", SOON)?;
    ensure!(refusal == ["no_media", "plain"], "{refusal:?}");
    line.near.send_to(Stream::new(Shape::Plain, 9).next_packet(), line.far.local_addr()?)?;
    line.is_dropped(&world, Reason::RefusedMedia)
}
