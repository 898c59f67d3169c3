//! Calls added up, with a chart.
//!
//! Owns: its look. Refuses: the sums.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Sparkline, Widget as _};
use serde_json::{Value, json as value};

use crate::call_log::Cost;
use crate::report::number::grouped;
use crate::report::table::table;
use crate::report::text::{counted, plain};
use crate::report::time::{instant, span};
use crate::store::{CallSums, Hour, Sum};

const HOUR_MS: i64 = 3_600_000;
/// Lines and columns of the chart at most.
const HEIGHT: u16 = 6;
const WIDTH: usize = 96;

/// All of it, with line ends.
pub(crate) fn stats(sums: &CallSums, cost: Option<&Cost>, since: i64, now: i64) -> String {
    if sums.all.calls == 0 {
        return format!("no call began since {}\n", instant(since));
    }
    let parts = [
        headline(&sums.all, cost, since),
        chart(&sums.hours, since, now),
        sums_table("COUNTRY", &sums.countries),
        sums_table("DESTINATION", &sums.destinations),
        sums_table("REFUSED BY", &sums.decided),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn headline(all: &Sum, cost: Option<&Cost>, since: i64) -> String {
    let calls = counted(usize::try_from(all.calls).unwrap_or(usize::MAX), "call", "calls");
    let cost = match cost {
        Some(cost) if !cost.is_empty() => format!(", about {}", plain(&cost.to_string())),
        _ => String::new(),
    };
    let (answered, refused) = (grouped(all.answered), grouped(all.refused));
    format!(
        "{calls} since {}: {answered} answered, {refused} refused, {}{cost}\n",
        instant(since),
        minutes(all.duration)
    )
}

/// `1,234 minutes`
pub(crate) fn minutes(ms: i64) -> String {
    counted(usize::try_from((ms + 30_000) / 60_000).unwrap_or(0), "minute", "minutes")
}

/// Calls of each hour, or of a few hours where there are many.
fn chart(hours: &[Hour], since: i64, now: i64) -> String {
    let first = since.div_euclid(HOUR_MS).max(hours.first().map_or(0, |hour| hour.begin / HOUR_MS));
    let count = usize::try_from(now / HOUR_MS - first + 1).unwrap_or(1).max(1);
    let step = count.div_ceil(WIDTH);
    let mut bars = vec![0u64; count.div_ceil(step)];
    for hour in hours {
        let at = usize::try_from(hour.begin / HOUR_MS - first).unwrap_or(usize::MAX) / step;
        bars.get_mut(at).into_iter().for_each(|bar| *bar += hour.calls);
    }
    let most = bars.iter().copied().max().unwrap_or(0);
    let area = Rect::new(0, 0, u16::try_from(bars.len()).unwrap_or(u16::MAX), HEIGHT);
    let mut buffer = Buffer::empty(area);
    Sparkline::default().data(&bars).max(most.max(1)).render(area, &mut buffer);
    let line = |y| (0..area.width).filter_map(|x| buffer.cell((x, y))).map(|cell| cell.symbol()).collect::<String>();
    let lines: String = (0..area.height).map(|y| format!("{}\n", line(y).trim_end())).collect();
    let each = if step == 1 { "an hour".to_owned() } else { span(i64::try_from(step).unwrap_or(1) * HOUR_MS) };
    format!("{lines}{} calls in {each} at most, from {}\n", grouped(most), instant(first * HOUR_MS))
}

fn sums_table(what: &str, sums: &[Sum]) -> String {
    if sums.is_empty() {
        return String::new();
    }
    let mut table = table(&[what, ">CALLS", ">ANSWERED", ">REFUSED", ">LASTED"]);
    for sum in sums {
        table.add_row([
            sum.of.as_deref().map_or_else(|| "(unknown)".to_owned(), plain),
            grouped(sum.calls),
            grouped(sum.answered),
            grouped(sum.refused),
            minutes(sum.duration),
        ]);
    }
    format!("{table}\n")
}

/// For programs.
pub(crate) fn json(sums: &CallSums, cost: Option<&Cost>, since: i64) -> Value {
    let of = |sum: &Sum| {
        value!({
            "of": sum.of, "calls": sum.calls, "answered": sum.answered, "refused": sum.refused, "duration": sum.duration,
        })
    };
    let all = |sums: &[Sum]| sums.iter().map(of).collect::<Vec<_>>();
    let hour = |hour: &Hour| value!({ "begin": hour.begin, "calls": hour.calls, "refused": hour.refused });
    value!({
        "since": since, "calls": sums.all.calls, "answered": sums.all.answered, "refused": sums.all.refused,
        "duration": sums.all.duration, "hours": sums.hours.iter().map(hour).collect::<Vec<_>>(),
        "countries": all(&sums.countries), "destinations": all(&sums.destinations), "refused_by": all(&sums.decided),
        "cost": cost.map(|cost| cost.sums().map(|(unit, sum)| value!({ "currency": unit, "sum": sum })).collect::<Vec<_>>()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_bar_for_each_hour() {
        let now = 1_800_000_000_000;
        let hour = |back: i64, calls| Hour { begin: (now / HOUR_MS - back) * HOUR_MS, calls, refused: 0 };
        let hours = [hour(3, 1), hour(1, 8), hour(0, 4)];
        let text = chart(&hours, now - 24 * HOUR_MS, now);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), usize::from(HEIGHT) + 1, "{text}");
        assert_eq!((lines[0], lines[5].chars().count()), ("  █", 4), "{text}");
        assert!(lines[6].starts_with("8 calls in an hour at most, from "), "{text}");
        let many: Vec<Hour> = (0..1_000).rev().map(|back| hour(back, 1)).collect();
        assert!(chart(&many, now - 1_000 * HOUR_MS, now).contains(" calls in 11h at most"));
    }

    #[test]
    fn sums_are_told_with_what_they_cost() {
        let sum = |of: &str| Sum { of: Some(of.to_owned()), calls: 2, answered: 1, refused: 1, duration: 90_000 };
        let sums = CallSums { all: sum(""), countries: vec![sum("LV")], ..CallSums::default() };
        let mut cost = Cost::default();
        cost.add(&crate::call_log::Rate { price: 2_000_000, currency: "EUR".to_owned() }, 90_000);
        let text = stats(&sums, Some(&cost), 0, HOUR_MS);
        assert!(text.contains(": 1 answered, 1 refused, 2 minutes, about 3.00 EUR\n"), "{text}");
        assert!(text.contains("LV") && !text.contains("DESTINATION"), "{text}");
        assert_eq!(json(&sums, Some(&cost), 0)["cost"][0]["sum"], 3.0);
        assert!(stats(&CallSums::default(), None, 0, 1).starts_with("no call began since"));
    }
}
