//! What the loop tells the engine of calls, besides the messages that it hears.
//!
//! Owns: that an engine knows from its start on whose media passes, by which key its refusals are known, and when a call's media
//! was last seen. Refuses: deciding what becomes of a call.
use tracing::warn;

use super::hands::OfGeneration;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::command::Command;

/// An engine begins beside pinholes that an earlier daemon has left open, with what the database knows of their calls.
pub(super) fn begin(engine: &mut Engine, of_generation: &OfGeneration, records: &[Call], now: Clock) {
    match of_generation.pinholes.all() {
        Ok(flows) => engine.adopt(&flows, records, now),
        Err(error) => warn!("calls that go on are not known: {error}"),
    }
    go_on(engine, of_generation);
}

/// Another generation of the program judges.
pub(super) fn go_on(engine: &mut Engine, of_generation: &OfGeneration) {
    engine.set_refusal_key(of_generation.hash_key);
}

/// A command could not be carried out: pinholes are tried again.
pub(super) fn failed(engine: &mut Engine, command: &Command) {
    if let Command::Pinholes(pinholes) = command {
        engine.pinholes_failed(pinholes.call);
    }
}

/// Some calls' media was last seen at these times, the kernel's.
pub(super) fn seen(engine: &mut Engine, calls: &[(u64, u64)]) {
    calls.iter().for_each(|(call, at)| engine.media_seen(*call, *at));
}
