//! Boxes as SVG within a page, side by side: a box from the first to the third quartile, the median across,
//! whiskers, and rings for what lies beyond. Like lines, they are as wide as the page lets them be.

use super::axis::{Axis, figure};
use super::chart::{HEIGHT, rows, up};
use super::markup::Markup;
use crate::table::Boxed;

/// Boxes of one picture; more are told and not drawn.
const BOXES: usize = 24;
/// Colours there are.
const COLORS: usize = 8;
/// Letters of a name below a box.
const NAME: usize = 14;

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Boxes {
    /// What stands above it.
    pub(super) title: String,
    /// What is along.
    pub(super) x: String,
    /// What is up.
    pub(super) y: String,
    /// The boxes by name, each with the number of its colour.
    pub(super) all: Vec<(String, usize, Boxed)>,
}

impl Boxes {
    /// Draws them; a sentence where there is none.
    pub(super) fn put(&self, out: &mut Markup) {
        let all = self.all.get(..BOXES).unwrap_or(&self.all);
        let ends = all.iter().flat_map(|(.., of)| {
            [of.low, of.high]
                .into_iter()
                .chain(of.beyond.first().copied())
                .chain(of.beyond.last().copied())
        });
        let Some(y) = Axis::of(ends) else {
            return out.leaf("p", &[("class", "empty")], "There are no numbers to draw here.");
        };
        out.node("figure", &[("class", "chart")], |out| {
            out.leaf("figcaption", &[], &self.title);
            out.node("ul", &[("class", "legend")], |out| {
                out.leaf("li", &[("class", "unit")], &self.y);
                let words = "box: quartiles; line: median; whiskers: 1.5 × the box; rings: beyond";
                out.leaf("li", &[], words);
                let beyond = self.all.len() - all.len();
                if beyond > 0 {
                    out.leaf("li", &[], &format!("and {beyond} more, not drawn"));
                }
            });
            out.node("div", &[("class", "plot")], |out| {
                up(out, &y);
                self.area(out, all, &y);
            });
            out.leaf("p", &[("class", "along")], &self.x);
        });
    }

    fn area(&self, out: &mut Markup, all: &[(String, usize, Boxed)], y: &Axis) {
        let of = |(name, _, of): &(String, usize, Boxed)| {
            let [first, median, third] = [of.first, of.median, of.third].map(figure);
            format!("{name}: median {median}, quartiles {first} and {third}, of {}", of.n)
        };
        let words: Vec<String> = all.iter().map(of).collect();
        let words = format!("{}: {}. {}", self.title, self.y, words.join("; "));
        let svg = [("class", "area"), ("role", "img"), ("aria-label", words.as_str())];
        out.node("svg", &svg, |out| {
            rows(out, y);
            let room = 100.0 / all.len().max(1) as f64;
            for (at, (name, color, of)) in all.iter().enumerate() {
                let middle = room * (at as f64 + 0.5);
                one(out, (name, *color, of), y, (middle, (room * 0.3).min(8.0)));
                let below = format!("{}", HEIGHT + 20.0);
                let cut: String = name.chars().take(NAME).collect();
                let shown = if cut.len() < name.len() { format!("{cut}…") } else { cut };
                let place = [("x", &*percent(middle)), ("y", &below), ("text-anchor", "middle")];
                out.leaf("text", &place, &shown);
            }
        });
    }
}

fn percent(place: f64) -> String {
    format!("{place:.2}%")
}

/// One box, `half` as wide to each side of `middle`, in percent.
fn one(
    out: &mut Markup,
    (name, color, of): (&str, usize, &Boxed),
    y: &Axis,
    (middle, half): (f64, f64),
) {
    let height = |value: f64| HEIGHT * (1.0 - y.place(value));
    let class = |kind: &str| format!("{kind} s{}", color % COLORS);
    let line = |out: &mut Markup, kind: &str, (left, right): (f64, f64), (from, to): (f64, f64)| {
        let [x1, x2] = [left, right].map(percent);
        let [y1, y2] = [from, to].map(|value| format!("{:.1}", height(value)));
        let given = [("class", &*class(kind)), ("x1", &x1), ("x2", &x2), ("y1", &y1), ("y2", &y2)];
        out.void("line", &given);
    };
    line(out, "whisker", (middle, middle), (of.low, of.first));
    line(out, "whisker", (middle, middle), (of.third, of.high));
    let cap = (middle - half / 2.0, middle + half / 2.0);
    line(out, "whisker", cap, (of.low, of.low));
    line(out, "whisker", cap, (of.high, of.high));
    let [x, width] = [middle - half, half * 2.0].map(percent);
    let top = format!("{:.1}", height(of.third));
    let tall = format!("{:.1}", (height(of.first) - height(of.third)).max(1.0));
    let class_of_box = class("box");
    let given =
        [("class", &*class_of_box), ("x", &x), ("y", &top), ("width", &width), ("height", &tall)];
    out.node("rect", &given, |out| {
        let words = format!(
            "{name}: median {}, quartiles {} and {}, whiskers {} and {}, of {}",
            figure(of.median),
            figure(of.first),
            figure(of.third),
            figure(of.low),
            figure(of.high),
            of.n
        );
        out.leaf("title", &[], &words);
    });
    line(out, "median", (middle - half, middle + half), (of.median, of.median));
    for value in &of.beyond {
        let (cx, cy, class) = (percent(middle), format!("{:.1}", height(*value)), class("ring"));
        out.void("circle", &[("class", &class), ("cx", &cx), ("cy", &cy), ("r", "2.5")]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_its_parts_and_its_words() {
        let mut numbers = crate::table::Quantiles::new(100, 16);
        (0..9).chain([90]).for_each(|value| numbers.push(f64::from(value)));
        let of = numbers.spread().unwrap().boxed(10);
        let mut out = Markup::default();
        let all = vec![("<a>".to_owned(), 0, of)];
        Boxes { title: "t".to_owned(), y: "v".to_owned(), all, ..Boxes::default() }.put(&mut out);
        let html = out.done();
        let counts = ["<rect", "class=\"whisker", "class=\"median", "class=\"ring"]
            .map(|mark| html.matches(mark).count());
        assert_eq!(counts, [1, 4, 1, 1], "{html}");
        assert!(html.contains("&lt;a&gt;: median 4.5"), "{html}");
        let mut out = Markup::default();
        Boxes::default().put(&mut out);
        assert!(out.done().contains("no numbers"));
    }
}
