//! Draws the curves as SVG.
//!
//! Owns: one picture. Refuses: being a plotting library.
use std::fmt::Write as _;

use super::curve::{Curves, Points};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 50.0;
/// Decades of the x axis: 1 to 10,000,000 hold all sizes.
const DECADES: f64 = 6.2;

/// Both curves in one picture: how many on a logarithmic axis, nanoseconds on a linear one.
pub(super) fn svg(curves: &Curves) -> String {
    let most = curves.peers.iter().chain(&curves.bans).fold(0.0f64, |most, (_, cost)| most.max(*cost));
    let step = if most > 200.0 { 50.0 } else { 20.0 };
    let top = (most / step).ceil() * step;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    axes(&mut svg, top, step);
    line(&mut svg, &curves.peers, top, "#1f6fb2", "a peer's REGISTER, by the number of peers' prefixes", 0.0);
    line(&mut svg, &curves.bans, top, "#b23a1f", "a banned source, by the number of bans", 1.0);
    svg.push_str("</svg>\n");
    svg
}

fn x(count: u32) -> f64 {
    LEFT + f64::from(count).log10() / DECADES * (WIDTH - LEFT - RIGHT)
}

fn y(cost: f64, top: f64) -> f64 {
    HEIGHT - BOTTOM - cost / top * (HEIGHT - TOP - BOTTOM)
}

fn axes(svg: &mut String, top: f64, step: f64) {
    let mut cost = 0.0;
    while cost <= top {
        let at = y(cost, top);
        let _ = writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{}\" stroke=\"#ddd\"/>", WIDTH - RIGHT);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{cost}</text>", LEFT - 6.0, at + 4.0);
        cost += step;
    }
    for (count, label) in [
        (1, "1"),
        (10, "10"),
        (100, "100"),
        (1_000, "1,000"),
        (10_000, "10,000"),
        (100_000, "100,000"),
        (1_000_000, "1,000,000"),
    ] {
        let _ =
            writeln!(svg, "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", x(count), HEIGHT - 30.0);
    }
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"18\">ns a packet over a bare program, random sources</text>");
}

fn line(svg: &mut String, points: &Points, top: f64, colour: &str, label: &str, row: f64) {
    let at = |(count, cost): &(u32, f64)| format!("{:.1},{:.1}", x(*count), y(*cost, top));
    let path: Vec<String> = points.iter().map(at).collect();
    let _ =
        writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>", path.join(" "));
    for (count, cost) in points {
        let _ =
            writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>", x(*count), y(*cost, top));
    }
    let (from, under) = (LEFT + row * 360.0, HEIGHT - 8.0);
    let _ = writeln!(svg, "<path d=\"M{from} {:.1}h24\" stroke=\"{colour}\" stroke-width=\"2\"/>", under - 4.0);
    let _ = writeln!(svg, "<text x=\"{}\" y=\"{under}\">{label}</text>", from + 30.0);
}
