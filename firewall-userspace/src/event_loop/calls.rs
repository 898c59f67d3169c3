//! What the loop tells the engine of calls, besides the messages that it hears.
//!
//! Owns: that an engine knows from its start on whose media passes, and by which key its refusals are known. Refuses:
//! deciding what becomes of a call.
use super::hands::OfGeneration;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::engine::command::{Command, Pinholes};

/// An engine begins beside pinholes that an earlier daemon has left open.
pub(super) fn begin(engine: &mut Engine, of_generation: &OfGeneration) {
    // HOOK: engine.adopt(&of_generation.pinholes.all()?) as soon as the engine follows calls.
    go_on(engine, of_generation);
}

/// Another generation of the program judges.
pub(super) fn go_on(_engine: &mut Engine, of_generation: &OfGeneration) {
    // HOOK: engine.set_refusal_key(of_generation.hash_key).
    let _ = of_generation.hash_key;
}

/// Nothing has come of a call for longer than its flows allow.
pub(super) fn silent(_engine: &mut Engine, call: u64, _now: Clock, commands: &mut Vec<Command>) {
    // HOOK: engine.silent(call, now, commands), which closes its pinholes and tells what became of it.
    commands.push(Command::Pinholes(Pinholes { call, flows: Vec::new() }));
}
