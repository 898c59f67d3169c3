//! The picture.
//!
//! Owns: where things stand and how they look. Refuses: finding them out.
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Row, Sparkline, Table};

use super::sample::Sample;
use crate::logging::Memory;
use crate::report::number::{grouped, rate};
use crate::report::text::{listed, plain};
use crate::report::time::{end, span};

/// Lines of the log.
const LOG: u16 = 6;

/// Draws a sample, and the log where there is one.
pub(super) fn draw(frame: &mut Frame<'_>, sample: &Sample, log: Option<&Memory>) {
    let log_height = if log.is_some() { LOG + 1 } else { 0 };
    let [head, numbers, upper, lower, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(4),
        Constraint::Fill(3),
        Constraint::Fill(2),
        Constraint::Length(log_height),
    ])
    .areas(frame.area());
    frame.render_widget(title(sample), head);
    draw_numbers(frame, numbers, sample);
    let [left, right] = Layout::horizontal([Constraint::Percentage(45), Constraint::Percentage(55)]).areas(upper);
    frame.render_widget(reasons(sample), left);
    frame.render_widget(sources(sample), right);
    let [left, right] = Layout::horizontal([Constraint::Percentage(45), Constraint::Percentage(55)]).areas(lower);
    frame.render_widget(peers(sample), left);
    frame.render_widget(bans(sample), right);
    if let Some(log) = log {
        let lines: Vec<Line<'_>> = log.last(usize::from(LOG)).iter().map(|line| Line::raw(plain(line))).collect();
        frame.render_widget(Paragraph::new(lines).block(Block::new().borders(Borders::TOP).title("log")), foot);
    }
}

fn title(sample: &Sample) -> Paragraph<'static> {
    let info = sample.info.as_ref();
    let attached = info.and_then(|info| info.mode).map_or("not attached", |mode| mode.word());
    let daemon =
        info.and_then(|info| info.daemon_pid).map_or("daemon not running".into(), |pid| format!("daemon {pid}"));
    let policy = sample.policy.as_ref().map_or_else(String::new, |policy| {
        let watched = if policy.monitor.is_empty() {
            String::new()
        } else {
            format!(", only watching {}", listed(&policy.monitor))
        };
        let since = span(sample.now - policy.since);
        format!(" · mode {}{watched} · generation {} for {since}", policy.mode, policy.generation)
    });
    let text = format!(" on {} · {attached}{policy} · {daemon}", plain(&sample.iface));
    Paragraph::new(Line::from(vec![Span::from("sipfw").bold(), Span::from(text), Span::from("   q quits").dim()]))
}

fn draw_numbers(frame: &mut Frame<'_>, area: Rect, sample: &Sample) {
    let [text, curve] = Layout::horizontal([Constraint::Length(30), Constraint::Fill(1)]).areas(area);
    let number = |name: &'static str, n: f64, color: Color| {
        Line::from(vec![Span::from(format!("{name:<12}")), Span::styled(format!("{:>9} /s", rate(n)), color)])
    };
    let mut lines = vec![number("passed", sample.passed, Color::Green), number("dropped", sample.dropped, Color::Red)];
    if sample.monitored > 0.0 {
        lines.push(number("would drop", sample.monitored, Color::Yellow));
    }
    if sample.events_lost > 0 {
        lines.push(Line::from(format!("events lost {:>9}", grouped(sample.events_lost))));
    }
    frame.render_widget(Paragraph::new(lines), text);
    let title = Block::new().title("drops a second, the last two minutes".dim());
    // The last second stands at the right edge.
    let shown = sample.curve.len().saturating_sub(usize::from(curve.width));
    let data = sample.curve.get(shown..).unwrap_or_default().to_vec();
    frame.render_widget(Sparkline::default().block(title).data(data).style(Style::new().red()), curve);
}

fn framed<'a>(rows: Vec<Row<'a>>, widths: &[Constraint], heads: &[&'a str], title: &'a str) -> Table<'a> {
    let header = Row::new(heads.iter().copied()).style(Style::new().dim());
    let block = Block::new().borders(Borders::TOP).title(title);
    Table::new(rows, widths.to_vec()).header(header).block(block).column_spacing(1)
}

fn right(text: String) -> Line<'static> {
    Line::from(text).right_aligned()
}

fn reasons(sample: &Sample) -> Table<'static> {
    let row = |r: &super::sample::ReasonRate| {
        let color = match (r.drops, r.monitored) {
            (true, false) => Color::Red,
            (true, true) => Color::Yellow,
            _ => Color::Green,
        };
        let name = if r.monitored { format!("{} (passed)", r.reason) } else { r.reason.to_owned() };
        let name = Line::styled(name, color);
        Row::new([name, right(rate(r.rate)), right(grouped(r.packets))])
    };
    let widths = [Constraint::Fill(1), Constraint::Length(9), Constraint::Length(15)];
    framed(sample.reasons.iter().map(row).collect(), &widths, &["reason", "       /s", "        packets"], "reasons")
}

fn sources(sample: &Sample) -> Table<'static> {
    let row = |s: &super::sample::Source| {
        let speed = s.rate.map_or_else(|| "sampled".to_owned(), rate);
        Row::new([Line::from(plain(&s.source)), Line::from(s.why.clone()), right(speed), right(grouped(s.packets))])
    };
    let widths = [Constraint::Fill(1), Constraint::Length(16), Constraint::Length(9), Constraint::Length(13)];
    let heads = ["source", "why", "       /s", "      packets"];
    framed(sample.sources.iter().map(row).collect(), &widths, &heads, "dropped sources")
}

fn peers(sample: &Sample) -> Table<'static> {
    let row = |p: &super::sample::PeerRate| {
        Row::new([Line::from(plain(&p.name)), right(rate(p.passed)), right(rate(p.dropped))])
    };
    let widths = [Constraint::Fill(1), Constraint::Length(12), Constraint::Length(12)];
    framed(sample.peers.iter().map(row).collect(), &widths, &["peer", "    passed/s", "   dropped/s"], "peers")
}

fn bans(sample: &Sample) -> Table<'static> {
    let row = |ban: &crate::entries::StoredEntry| {
        let source = crate::entries::prefix_text(ban.prefix);
        Row::new([source, format!("step {}", ban.step), format!("ends {}", end(ban.expires, sample.now))])
    };
    let widths = [Constraint::Fill(1), Constraint::Length(10), Constraint::Length(20)];
    framed(sample.bans.iter().map(row).collect(), &widths, &["source", "", ""], "bans")
}

#[cfg(test)]
mod tests;
