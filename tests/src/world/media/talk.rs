//! Many lines that talk at once, fifty packets a second each way, every packet counted at both ends.
//!
//! Owns: two threads, one for each side, and the counts. Refuses: setting calls up (see [`super::super::call`]).
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::stream::{Shape, Stream, ssrc};

/// Between two packets of a stream.
const PACKET: Duration = Duration::from_millis(20);
/// What is due is looked for so often: lines take turns, so that a tick is no burst.
const TICK: Duration = Duration::from_millis(1);
/// How long packets that are under way are waited for at the end.
const LATE: Duration = Duration::from_millis(500);

/// The two ends of a line. Sockets are a namespace's, wherever their thread is.
pub struct Line {
    /// The server's end.
    pub near: UdpSocket,
    /// The phone's.
    pub far: UdpSocket,
    /// Which number it has: the SSRCs are made of it.
    pub number: u32,
}

/// What one side has sent, and what has come to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets sent.
    pub sent: u64,
    /// Packets of the other end that came.
    pub heard: u64,
    /// Packets of anybody else.
    pub strange: u64,
}

/// A talk under way; dropping it ends it.
pub struct Talk {
    sides: [Side; 2],
    stop: Arc<AtomicBool>,
}

struct Side {
    lines: Sender<End>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<Count>>,
}

/// One end of a line, as its thread has it.
struct End {
    socket: UdpSocket,
    to: SocketAddr,
    stream: Stream,
    expected: u32,
    due: Instant,
}

impl Talk {
    /// Nobody talks yet.
    pub fn start() -> Self {
        let stop = Arc::<AtomicBool>::default();
        let side = || {
            let (lines, new) = channel();
            let (stop, sent) = (Arc::clone(&stop), Arc::<AtomicU64>::default());
            let thread = std::thread::spawn({
                let sent = Arc::clone(&sent);
                move || talk(&new, &stop, &sent)
            });
            Side { lines, sent, thread: Some(thread) }
        };
        Self { sides: [side(), side()], stop }
    }

    /// From now on a line talks, the phone's end first.
    pub fn add(&self, line: Line, shape: Shape) -> Result<()> {
        let Line { near, far, number } = line;
        let ([near_at, far_at], due) = ([near.local_addr()?, far.local_addr()?], Instant::now());
        let ssrcs = [2 * number + 1, 2 * number + 2];
        let ends = [(far, near_at, ssrcs, due), (near, far_at, [ssrcs[1], ssrcs[0]], due + PACKET / 2)];
        for (side, (socket, to, [own, expected], due)) in self.sides.iter().zip(ends) {
            socket.set_nonblocking(true)?;
            let stream = Stream::new(shape, own);
            side.lines.send(End { socket, to, stream, expected, due }).map_err(|_| anyhow!("a side ended early"))?;
        }
        Ok(())
    }

    /// What the phones' side has sent so far.
    pub fn sent(&self) -> u64 {
        self.sides[0].sent.load(Ordering::Relaxed)
    }

    /// Ends it, and waits for what is under way: the counts of the phones' side and of the server's.
    pub fn finish(mut self) -> Result<[Count; 2]> {
        self.stop.store(true, Ordering::Relaxed);
        let mut counts = [Count::default(); 2];
        for (side, count) in self.sides.iter_mut().zip(&mut counts) {
            let thread = side.thread.take().ok_or_else(|| anyhow!("a side without thread"))?;
            *count = thread.join().map_err(|_| anyhow!("a side panicked"))?;
        }
        Ok(counts)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.sides.iter_mut().filter_map(|side| side.thread.take()).for_each(|thread| drop(thread.join()));
    }
}

fn talk(new: &Receiver<End>, stop: &AtomicBool, sent: &AtomicU64) -> Count {
    let (mut ends, mut count) = (Vec::<End>::new(), Count::default());
    while !stop.load(Ordering::Relaxed) {
        ends.extend(new.try_iter());
        let now = Instant::now();
        for end in ends.iter_mut().filter(|end| end.due <= now) {
            end.due += PACKET;
            count.sent += u64::from(end.say());
            end.listen(&mut count);
        }
        sent.store(count.sent, Ordering::Relaxed);
        std::thread::sleep(TICK);
    }
    let end = Instant::now() + LATE;
    while Instant::now() < end {
        ends.iter_mut().for_each(|end| end.listen(&mut count));
        std::thread::sleep(10 * TICK);
    }
    count
}

impl End {
    fn say(&mut self) -> bool {
        let packet = self.stream.next_packet();
        self.socket.send_to(packet, self.to).is_ok()
    }

    /// Takes what has come. An ICMP error that came instead is not a packet, and what is behind it waits for the next time.
    fn listen(&mut self, count: &mut Count) {
        let mut bytes = [0; 512];
        while let Ok(len) = self.socket.recv(&mut bytes) {
            let legal = ssrc(&bytes[..len]) == Some(self.expected);
            count.heard += u64::from(legal);
            count.strange += u64::from(!legal);
        }
    }
}
