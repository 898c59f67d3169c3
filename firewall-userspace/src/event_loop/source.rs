//! Where the loop's input comes from: the event ring and the kernel's log.
//!
//! Owns: draining both before waiting again. Refuses: keeping what it read.
use std::os::fd::AsRawFd;

use anyhow::{Context as _, Result};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::dataplane::{self, EventCredits, EventRing, Instance, KernelLog, clock};
use crate::store::NewEvent;

/// Events read before other things get their turn.
const AT_ONCE: usize = 1_024;

/// The kernel's side of the events.
pub(super) struct Source {
    ring: AsyncFd<EventRing>,
    log: Option<AsyncFd<KernelLog>>,
    credits: EventCredits,
    /// The budget that the running policy sets.
    pub(super) per_second: u32,
}

/// The same before the loop's runtime knows it, so that another thread can open it.
pub(super) struct Parts {
    ring: EventRing,
    log: Option<KernelLog>,
    credits: EventCredits,
    per_second: u32,
}

impl Parts {
    /// Opens what belongs to the active generation.
    pub(super) fn open(instance: &Instance) -> dataplane::Result<Self> {
        // Only a program that was loaded while this level was on logs anything.
        let log = tracing::enabled!(tracing::Level::TRACE).then(|| KernelLog::open(instance.program_id())).flatten();
        let (ring, credits) = (instance.events()?, instance.event_credits()?);
        Ok(Self { ring, log, credits, per_second: instance.policy()?.events_per_second })
    }

    /// To be called inside the loop's runtime.
    pub(super) fn into_source(self) -> Result<Source> {
        let log = self.log.map(watch).transpose()?;
        let ring = watch(self.ring)?;
        Ok(Source { ring, log, credits: self.credits, per_second: self.per_second })
    }
}

pub(super) fn watch<T: AsRawFd>(inner: T) -> Result<AsyncFd<T>> {
    // SAFETY: the types that come here (rings and the kernel's log) own the ring that their descriptor belongs to, give always the same descriptor, and
    // close it when they are dropped, which the `AsyncFd` does after it has deregistered it.
    let registered = unsafe { AsyncFd::register_with_interest(inner, Interest::READABLE) };
    registered.map_err(|error| std::io::Error::from(error).into())
}

impl Source {
    pub(super) fn open(instance: &Instance) -> Result<Self> {
        Parts::open(instance)?.into_source()
    }

    pub(super) fn grant(&mut self, credits: u64) -> dataplane::Result<()> {
        self.credits.grant(credits)
    }

    /// Waits for events and reads them; how many found no room in the batch. Nothing is lost when this is dropped while
    /// it waits.
    pub(super) async fn read(&mut self, batch: &mut Vec<NewEvent>, max: usize) -> Result<u64> {
        tokio::select! {
            ready = self.ring.readable_mut() => {
                let mut ready = ready.context("waiting for the kernel's events")?;
                let (lost, drained) = drain(ready.get_inner_mut(), batch, max);
                // Not before the ring is empty: the kernel wakes a reader only when it has read everything.
                if drained {
                    ready.clear_ready();
                }
                Ok(lost)
            }
            logged = flush(self.log.as_mut()) => logged.map(|()| 0),
        }
    }
}

/// Moves events into the batch; how many found no room, and whether the ring is empty now.
fn drain(ring: &mut EventRing, batch: &mut Vec<NewEvent>, max: usize) -> (u64, bool) {
    let clock = clock::now();
    let mut lost = 0;
    for _ in 0..AT_ONCE {
        let Some(event) = ring.next_event() else { return (lost, true) };
        match NewEvent::from_kernel(&event, clock) {
            Some(event) if batch.len() < max => batch.push(event),
            Some(_) => lost += 1,
            // Of a reason that only a newer version knows.
            None => {}
        }
    }
    (lost, false)
}

async fn flush(log: Option<&mut AsyncFd<KernelLog>>) -> Result<()> {
    let Some(log) = log else { return std::future::pending().await };
    let mut ready = log.readable_mut().await.context("waiting for the kernel's log")?;
    ready.get_inner_mut().flush();
    ready.clear_ready();
    Ok(())
}
