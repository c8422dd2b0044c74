//! A picture of lines as SVG within a page.
//!
//! It is as wide as the page lets it be and its words keep their size: lines are in a picture that is
//! stretched, everything written stands beside it by percent. Colours come from the page's style, and
//! each line has a dash of its own, for who sees no colours.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::axis::{Axis, figure, instant};
use super::markup::Markup;

/// Height of the lines in pixels.
pub(super) const HEIGHT: f64 = 240.0;
/// Colours there are.
const COLORS: usize = 8;
/// Lines of one picture; more are told and not drawn.
const LINES: usize = 16;

/// A line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// What it is of.
    pub(super) name: String,
    /// Its points, along and up. What is no number is a gap.
    pub(super) points: Vec<(f64, f64)>,
    /// What each point is of, where that is said.
    pub(super) marks: Vec<String>,
}

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    /// What stands above it.
    pub(super) title: String,
    /// What is along.
    pub(super) x: String,
    /// Whether that is seconds since 1970.
    pub(super) time: bool,
    /// What is up.
    pub(super) y: String,
    /// The lines.
    pub(super) lines: Vec<Line>,
}

impl Picture {
    /// Draws it; a sentence where there is nothing to draw.
    pub(super) fn put(&self, out: &mut Markup) {
        let zone = TimeZone::system();
        let lines = self.lines.get(..LINES).unwrap_or(&self.lines);
        let points = || lines.iter().flat_map(|line| &line.points);
        let whole = || points().filter(|(x, y)| x.is_finite() && y.is_finite());
        let along = || whole().map(|point| point.0);
        let x = if self.time { Axis::time(along(), &zone) } else { Axis::along(along()) };
        let (Some(x), Some(y)) = (x, Axis::of(whole().map(|point| point.1))) else {
            return out.leaf("p", &[("class", "empty")], "There are no numbers to draw here.");
        };
        out.node("figure", &[("class", "chart")], |out| {
            out.leaf("figcaption", &[], &self.title);
            self.legend(out, lines);
            out.node("div", &[("class", "plot")], |out| {
                up(out, &y);
                self.area(out, lines, &x, &y);
            });
            let zone = if self.time { zone_of(along(), &zone) } else { String::new() };
            out.leaf("p", &[("class", "along")], &format!("{}{zone}", self.x));
        });
    }

    fn legend(&self, out: &mut Markup, lines: &[Line]) {
        out.node("ul", &[("class", "legend")], |out| {
            out.leaf("li", &[("class", "unit")], &self.y);
            for (at, line) in lines.iter().enumerate().filter(|_| lines.len() > 1) {
                out.node("li", &[], |out| {
                    let swatch =
                        [("class", "swatch"), ("viewBox", "0 0 24 8"), ("aria-hidden", "true")];
                    out.node("svg", &swatch, |out| {
                        let class = class(at);
                        out.void("path", &[("class", &class), ("d", "M0 4H24")]);
                    });
                    out.text(&line.name);
                });
            }
            let beyond = self.lines.len().saturating_sub(lines.len());
            if beyond > 0 {
                out.leaf("li", &[], &format!("and {beyond} more, not drawn"));
            }
        });
    }

    /// What a screen reader says of it.
    fn words(&self, lines: &[Line]) -> String {
        let of = |line: &Line| {
            let values = line.points.iter().map(|point| point.1).filter(|value| value.is_finite());
            let (low, high) = values
                .clone()
                .fold((f64::MAX, f64::MIN), |(low, high), value| (value.min(low), value.max(high)));
            format!("{}: {} points, {} to {}", line.name, values.count(), figure(low), figure(high))
        };
        let lines: Vec<String> = lines.iter().map(of).collect();
        format!("{}: {} over {}. {}", self.title, self.y, self.x, lines.join("; "))
    }

    fn area(&self, out: &mut Markup, lines: &[Line], x: &Axis, y: &Axis) {
        let words = self.words(lines);
        let svg = [("class", "area"), ("role", "img"), ("aria-label", words.as_str())];
        out.node("svg", &svg, |out| {
            grid(out, x, y);
            let scale = format!("0 0 1000 {HEIGHT}");
            let height = HEIGHT.to_string();
            let stretched = [
                ("viewBox", scale.as_str()),
                ("preserveAspectRatio", "none"),
                ("width", "100%"),
                ("height", &height),
            ];
            out.node("svg", &stretched, |out| {
                for (at, line) in lines.iter().enumerate() {
                    let (class, path) = (class(at), path(line, x, y));
                    out.void("path", &[("class", &class), ("d", &path)]);
                }
            });
            for (at, line) in lines.iter().enumerate() {
                dots(out, at, line, x, y);
            }
        });
    }
}

fn class(at: usize) -> String {
    format!("line s{} d{}", at % COLORS, (at + at / COLORS) % 4)
}

/// The words on the left.
pub(super) fn up(out: &mut Markup, axis: &Axis) {
    out.node("svg", &[("class", "up"), ("aria-hidden", "true")], |out| {
        for (value, words) in &axis.ticks {
            let at = format!("{:.1}", HEIGHT * (1.0 - axis.place(*value)) + 12.0);
            out.leaf(
                "text",
                &[("x", "100%"), ("dx", "-8"), ("y", &at), ("text-anchor", "end")],
                words,
            );
        }
    });
}

/// Lines behind.
pub(super) fn rows(out: &mut Markup, y: &Axis) {
    for (value, _) in &y.ticks {
        let at = format!("{:.1}", HEIGHT * (1.0 - y.place(*value)));
        out.void(
            "line",
            &[("class", "grid"), ("x1", "0"), ("x2", "100%"), ("y1", &at), ("y2", &at)],
        );
    }
}

/// Lines behind, and the words below.
fn grid(out: &mut Markup, x: &Axis, y: &Axis) {
    rows(out, y);
    let below = format!("{}", HEIGHT + 20.0);
    for (value, words) in &x.ticks {
        let place = x.place(*value);
        let at = format!("{:.2}%", 100.0 * place);
        let anchor = match place {
            place if place < 0.05 => "start",
            place if place > 0.95 => "end",
            _ => "middle",
        };
        out.leaf("text", &[("x", &at), ("y", &below), ("text-anchor", anchor)], words);
    }
}

/// A line, with a new beginning after each gap.
fn path(line: &Line, x: &Axis, y: &Axis) -> String {
    let (mut path, mut drawing) = (String::new(), false);
    for (along, up) in &line.points {
        if !along.is_finite() || !up.is_finite() {
            drawing = false;
            continue;
        }
        let letter = if drawing { 'L' } else { 'M' };
        let (along, up) = (1000.0 * x.place(*along), HEIGHT * (1.0 - y.place(*up)));
        let _infallible = write!(path, "{letter}{along:.1} {up:.1}");
        drawing = true;
    }
    path
}

/// Points that are told apart, with their values for who points at them.
fn dots(out: &mut Markup, at: usize, line: &Line, x: &Axis, y: &Axis) {
    let class = format!("dot s{}", at % COLORS);
    let few = line.points.len() <= 40;
    for (number, (along, up)) in line.points.iter().enumerate().filter(|_| few) {
        if !along.is_finite() || !up.is_finite() {
            continue;
        }
        let cx = format!("{:.2}%", 100.0 * x.place(*along));
        let cy = format!("{:.1}", HEIGHT * (1.0 - y.place(*up)));
        let mark = line.marks.get(number).map_or(line.name.as_str(), String::as_str);
        out.node("circle", &[("class", &class), ("cx", &cx), ("cy", &cy), ("r", "3.5")], |out| {
            out.leaf("title", &[], &format!("{mark}: {}", figure(*up)));
        });
    }
}

/// The day and the zone of the first of `values`.
fn zone_of(mut values: impl Iterator<Item = f64>, zone: &TimeZone) -> String {
    let first = values.next().and_then(instant);
    first.map_or_else(String::new, |at| {
        at.to_zoned(zone.clone()).strftime(" (from %Y-%m-%d, UTC%:z)").to_string()
    })
}

/// The mean of `width` values around each of `points`; 1 leaves them as they are.
pub(super) fn smooth(points: &[(f64, f64)], width: usize) -> Vec<(f64, f64)> {
    let mean = |at: usize| {
        let from = at.saturating_sub(width.saturating_sub(1));
        let window = points.get(from..=at).unwrap_or_default();
        let known: Vec<f64> =
            window.iter().map(|point| point.1).filter(|up| up.is_finite()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    points.iter().enumerate().map(|(at, point)| (point.0, mean(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(points: Vec<(f64, f64)>) -> String {
        let lines = vec![Line { name: "<a>".to_owned(), points, marks: Vec::new() }];
        let mut out = Markup::default();
        Picture { title: "t".to_owned(), lines, ..Picture::default() }.put(&mut out);
        out.done()
    }

    #[test]
    fn a_gap_is_no_line_and_nothing_is_said_to_be_nothing() {
        let html = picture(vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0), (3.0, 4.0)]);
        assert!(html.contains("&lt;a&gt;: 3 points, 1 to 4"), "{html}");
        let (_, path) = html.split_once(" d=\"M").unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 1, "{path}");
        assert_eq!(html.matches("<circle").count(), 3);
        assert!(picture(Vec::new()).contains("no numbers"));
        assert!(picture(vec![(f64::NAN, f64::INFINITY)]).contains("no numbers"));
    }

    #[test]
    fn a_rolling_mean_looks_back() {
        let points: Vec<(f64, f64)> = [2.0, 4.0, 6.0, f64::NAN, 8.0].map(|up| (up, up)).into();
        let up = |width| smooth(&points, width).iter().map(|point| point.1).collect::<Vec<_>>();
        assert_eq!(up(2)[..3], [2.0, 3.0, 5.0]);
        assert_eq!(up(3)[4..], [7.0], "a gap is no value");
        assert_eq!(smooth(&[], 5), []);
    }
}
