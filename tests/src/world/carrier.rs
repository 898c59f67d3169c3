//! A carrier that writes down whom it is asked to call.
//!
//! Owns: answering each INVITE, and the list of their Request-URIs. Refuses: calls that last (SIPp makes these).
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;

use super::{Place, World};

/// It answers until it is dropped.
pub struct Carrier {
    called: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Starts one whose callees never answer: each INVITE rings, and is refused with 486.
pub fn busy(world: &World, place: Place, local: impl Into<SocketAddr>) -> Result<Carrier> {
    start(world, place, local.into(), "486 Busy Here")
}

/// Starts one that sends each caller to this URI.
pub fn redirecting(world: &World, place: Place, local: impl Into<SocketAddr>, to: &str) -> Result<Carrier> {
    start(world, place, local.into(), &format!("302 Moved Temporarily\r\nContact: <{to}>"))
}

fn start(world: &World, place: Place, local: SocketAddr, answer: &str) -> Result<Carrier> {
    let socket = world.udp(place, local)?;
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    let (called, ends) = (Arc::default(), Arc::default());
    let (list, end, answer) = (Arc::clone(&called), Arc::clone(&ends), answer.to_owned());
    let thread = std::thread::spawn(move || serve(&socket, &list, &end, &answer));
    Ok(Carrier { called, ends, thread: Some(thread) })
}

fn serve(socket: &UdpSocket, called: &Mutex<Vec<String>>, ends: &AtomicBool, answer: &str) {
    let mut bytes = [0; 8_192];
    while !ends.load(Ordering::Relaxed) {
        let Ok((len, from)) = socket.recv_from(&mut bytes) else { continue };
        let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
        let Some(uri) = text.strip_prefix("INVITE ").and_then(|rest| rest.split(' ').next()) else { continue };
        called.lock().unwrap_or_else(PoisonError::into_inner).push(uri.to_owned());
        let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Record-Route:"];
        let is_kept = |line: &&str| kept.iter().any(|name| line.starts_with(name));
        let headers: String = text.lines().filter(is_kept).map(|line| to_tag(line) + "\r\n").collect();
        for answer in ["180 Ringing", answer] {
            let reply = format!("SIP/2.0 {answer}\r\n{headers}Content-Length: 0\r\n\r\n");
            let _ = socket.send_to(reply.as_bytes(), from);
        }
    }
}

fn to_tag(line: &str) -> String {
    if line.starts_with("To:") && !line.contains("tag=") { format!("{line};tag=carrier") } else { line.to_owned() }
}

impl Carrier {
    /// The Request-URIs that reached it so far, in their order; of one that was sent again, each.
    pub fn called(&self) -> Vec<String> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
