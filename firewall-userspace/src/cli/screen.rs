//! A screen that shows an instance at work, redrawn each second: for `top`, and for `run` in a terminal.
//!
//! Owns: the terminal while it is drawn, and its keys. Refuses: changing anything; it only reads.
mod sample;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::dataplane::Instance;
use crate::logging::Memory;
use crate::store::Store;

pub(super) use sample::Sampler;

/// How often the counters are read.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// How long a key or the end may have to wait.
const PAUSE: Duration = Duration::from_millis(100);

/// Draws until `q` or Ctrl-C is pressed, or `end` is set. The terminal is as before when it returns, and in a panic too.
pub(super) fn show(instance: Instance, store: Store, log: Option<&Memory>, end: &AtomicBool) -> Result<()> {
    let mut terminal =
        ratatui::try_init().context("cannot draw on this terminal; `sipfw status` prints the same once")?;
    let shown = draw(&mut terminal, Sampler::new(instance, store), log, end);
    ratatui::restore();
    shown
}

fn draw(terminal: &mut DefaultTerminal, mut sampler: Sampler, log: Option<&Memory>, end: &AtomicBool) -> Result<()> {
    let mut due = Instant::now();
    while !end.load(Ordering::Relaxed) {
        if Instant::now() >= due {
            due = Instant::now() + PERIOD;
            let sample = sampler.take()?;
            terminal.draw(|frame| view::draw(frame, &sample, log)).context("drawing")?;
        }
        if event::poll(PAUSE).context("reading keys")? && wants_out(&event::read().context("reading keys")?) {
            return Ok(());
        }
    }
    Ok(())
}

/// Draws a text, made anew each second, until `q` or Ctrl-C is pressed.
pub(super) fn watch(mut text: impl FnMut() -> Result<String>) -> Result<()> {
    // What cannot be had at all is told on the terminal as it was.
    let mut shown = text()?;
    let mut terminal = ratatui::try_init().context("cannot draw on this terminal; leave --live out, or use --json")?;
    let mut page = || -> Result<()> {
        let mut due = Instant::now() + PERIOD;
        loop {
            terminal.draw(|frame| frame.render_widget(shown.as_str(), frame.area())).context("drawing")?;
            if event::poll(PAUSE).context("reading keys")? && wants_out(&event::read().context("reading keys")?) {
                return Ok(());
            }
            if Instant::now() >= due {
                due = Instant::now() + PERIOD;
                shown = text()?;
            }
        }
    };
    let ended = page();
    ratatui::restore();
    ended
}

fn wants_out(event: &Event) -> bool {
    let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) = event else { return false };
    let control_c = *code == KeyCode::Char('c') && modifiers.contains(KeyModifiers::CONTROL);
    control_c || matches!(code, KeyCode::Char('q') | KeyCode::Esc)
}
