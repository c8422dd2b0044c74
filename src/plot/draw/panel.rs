//! A panel: its title, its legend, its axes with as many words as there is room for, its marks.

use kuva::render::render::{Primitive, TextAnchor};

use super::super::{Axis, Ink, Mark, Panel, Scale};
use super::Theme;
use super::colour::{colour, ground, rgb};
use super::page::{Label, MARGIN, Sheet, WIDTH};
use super::word::{cut, width, wrapped};

/// Letters at axes and of a legend, in points.
const TICK: f64 = 11.0;
/// The names of rows take at most this part of the width.
const NAMES: f64 = 300.0;
/// Words on a slant go down as far as this at most.
const SLANTED: f64 = 110.0;

/// Where the marks of a panel stand on the sheet.
pub(super) struct Field<'a> {
    pub(super) panel: &'a Panel,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Puts `panel` on `sheet` and moves on below it.
pub(super) fn put(sheet: &mut Sheet, panel: &Panel, left: f64) {
    let colours = ground(sheet.theme);
    sheet.y += 16.0;
    for line in wrapped(&panel.title, 14.0, WIDTH - 2.0 * MARGIN) {
        sheet.y += 14.0;
        sheet.write(&Label::new(&line, (MARGIN, sheet.y), 14, colours.text));
        sheet.y += 4.0;
    }
    legend(sheet, panel);
    if !panel.y.label.is_empty() {
        sheet.y += 18.0;
        sheet.write(&Label::new(&panel.y.label, (MARGIN, sheet.y), 12, colours.text));
    }
    sheet.y += 10.0;
    let field =
        Field { panel, left, top: sheet.y, width: WIDTH - MARGIN - left, height: panel.height };
    let below = field.axes(sheet);
    for mark in &panel.marks {
        field.mark(sheet, mark);
    }
    sheet.y = field.top + field.height + below;
}

/// The room that the words at the left axis take.
pub(super) fn left_of(axis: &Axis) -> f64 {
    let words = axis.ticks.iter().map(|(_, word)| width(word, TICK)).fold(0.0, f64::max);
    MARGIN + words.min(NAMES) + 10.0
}

/// A coloured square and a word for each, in lines.
fn legend(sheet: &mut Sheet, panel: &Panel) {
    if panel.legend.is_empty() {
        return;
    }
    let text = ground(sheet.theme).text;
    let mut x = MARGIN;
    sheet.y += 18.0;
    for (name, ink) in &panel.legend {
        let name = cut(name, TICK, WIDTH / 2.0);
        let room = 16.0 + width(&name, TICK) + 18.0;
        if x + room > WIDTH - MARGIN + 18.0 && x > MARGIN {
            x = MARGIN;
            sheet.y += 18.0;
        }
        let fill = colour(*ink, sheet.theme, 1.0);
        sheet.marks.push(rect((x, sheet.y - 9.0), (10.0, 10.0), fill));
        sheet.write(&Label::new(&name, (x + 15.0, sheet.y), 11, text));
        x += room;
    }
}

pub(super) fn rect(
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    fill: kuva::render::color::Color,
) -> Primitive {
    Primitive::Rect { x, y, width, height, fill, stroke: None, stroke_width: None, opacity: None }
}

pub(super) fn line(
    from: (f64, f64),
    to: (f64, f64),
    colour: (u8, u8, u8),
    width: f64,
) -> Primitive {
    Primitive::Line {
        x1: from.0,
        y1: from.1,
        x2: to.0,
        y2: to.1,
        stroke: rgb(colour),
        stroke_width: width,
        stroke_dasharray: None,
    }
}

impl Field<'_> {
    /// Where a value of the x axis stands, kept within the field.
    pub(super) fn x(&self, value: f64) -> Option<f64> {
        Some(self.left + self.panel.x.place(value)?.clamp(0.0, 1.0) * self.width)
    }

    pub(super) fn y(&self, value: f64) -> Option<f64> {
        let place = self.panel.y.place(value)?.clamp(0.0, 1.0);
        let place = if self.panel.y.scale == Scale::Rows { place } else { 1.0 - place };
        Some(self.top + place * self.height)
    }

    fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x(x)?, self.y(y)?))
    }

    /// Grid, lines, words; how much room they take below the field.
    fn axes(&self, sheet: &mut Sheet) -> f64 {
        let colours = ground(sheet.theme);
        let bottom = self.top + self.height;
        self.left_axis(sheet);
        let below = self.lower_axis(sheet);
        sheet.marks.push(line(
            (self.left, bottom),
            (self.left + self.width, bottom),
            colours.muted,
            1.0,
        ));
        sheet.marks.push(line((self.left, self.top), (self.left, bottom), colours.muted, 1.0));
        let label = &self.panel.x.label;
        if label.is_empty() {
            return below;
        }
        let middle = (self.left + self.width / 2.0, bottom + below + 14.0);
        sheet.write(&Label::new(label, middle, 12, colours.text).anchored(TextAnchor::Middle));
        below + 18.0
    }

    fn left_axis(&self, sheet: &mut Sheet) {
        let colours = ground(sheet.theme);
        let axis = &self.panel.y;
        let mut last = f64::INFINITY;
        for (value, word) in &axis.ticks {
            let Some(y) = self.y(*value) else { continue };
            if axis.scale != Scale::Rows {
                sheet.marks.push(line(
                    (self.left, y),
                    (self.left + self.width, y),
                    colours.grid,
                    1.0,
                ));
                if last - y < TICK + 3.0 {
                    continue;
                }
            }
            last = y;
            let word = cut(word, TICK, NAMES);
            let at = (self.left - 7.0, y + 4.0);
            sheet.write(&Label::new(&word, at, 11, colours.text).anchored(TextAnchor::End));
        }
    }

    /// Words below; on a slant where they are rows and would run into each other.
    fn lower_axis(&self, sheet: &mut Sheet) -> f64 {
        let colours = ground(sheet.theme);
        let (axis, bottom) = (&self.panel.x, self.top + self.height);
        let widest = axis.ticks.iter().map(|(_, word)| width(word, TICK)).fold(0.0, f64::max);
        let each = self.width / axis.ticks.len().max(1) as f64;
        let slanted = axis.scale == Scale::Rows && widest + 8.0 > each;
        let mut last = f64::NEG_INFINITY;
        for (value, word) in &axis.ticks {
            let Some(x) = self.x(*value) else { continue };
            if axis.scale != Scale::Rows {
                sheet.marks.push(line((x, self.top), (x, bottom), colours.grid, 1.0));
            }
            let half = width(word, TICK) / 2.0;
            if slanted {
                let word = cut(word, TICK, SLANTED * 1.4);
                let label = Label::new(&word, (x + 4.0, bottom + 14.0), 11, colours.text);
                sheet.write(&label.anchored(TextAnchor::End).turned(-35.0));
            } else if x - half > last + 8.0 {
                last = x + half;
                let label = Label::new(word, (x, bottom + 16.0), 11, colours.text);
                sheet.write(&label.anchored(TextAnchor::Middle));
            }
        }
        if slanted { widest.min(SLANTED * 1.4) * 0.6 + 22.0 } else { 24.0 }
    }

    pub(super) fn mark(&self, sheet: &mut Sheet, mark: &Mark) {
        let made = match mark {
            Mark::Bar { x, y, ink, cover } => self.bar(*x, *y, colour(*ink, sheet.theme, *cover)),
            Mark::Line { points, ink, width, dashed } => self.polyline(points, |points| {
                let stroke_dasharray = dashed.then(|| "6 4".to_owned());
                let stroke = colour(*ink, sheet.theme, 1.0);
                Primitive::PolyLine { points, stroke, stroke_width: *width, stroke_dasharray }
            }),
            Mark::Dots { points, ink, hollow } => {
                sheet.marks.extend(self.dots(points, *ink, *hollow, sheet.theme));
                None
            }
            Mark::Interval { from, to } => {
                self.interval(sheet, *from, *to);
                None
            }
            Mark::Word { at, text, centred, ink } => {
                self.word(sheet, *at, text, *centred, *ink);
                None
            }
        };
        sheet.marks.extend(made);
    }

    fn bar(
        &self,
        x: (f64, f64),
        y: (f64, f64),
        fill: kuva::render::color::Color,
    ) -> Option<Primitive> {
        let (x0, x1) = (self.x(x.0)?, self.x(x.1)?);
        let (y0, y1) = (self.y(y.0)?, self.y(y.1)?);
        // What is measured is never nothing: a hair stands for it.
        let width = (x1 - x0).abs().max(0.6);
        Some(rect((x0.min(x1), y0.min(y1)), (width, (y1 - y0).abs()), fill))
    }

    fn polyline(
        &self,
        points: &[(f64, f64)],
        make: impl Fn(Vec<(f64, f64)>) -> Primitive,
    ) -> Option<Primitive> {
        let points: Vec<(f64, f64)> = points.iter().filter_map(|point| self.at(*point)).collect();
        (points.len() > 1).then(|| make(points))
    }

    /// Filled circles; a hollow one has a smaller one of the paper's colour on it.
    fn dots(&self, points: &[(f64, f64)], ink: Ink, hollow: bool, theme: Theme) -> Vec<Primitive> {
        let places: Vec<(f64, f64)> = points.iter().filter_map(|point| self.at(*point)).collect();
        let r = match (ink, hollow) {
            (Ink::Text, _) => 6.5,
            (_, true) => 3.4,
            _ => 2.4,
        };
        let circles = |r: f64, fill, opacity| Primitive::CircleBatch {
            cx: places.iter().map(|(x, _)| *x).collect(),
            cy: places.iter().map(|(_, y)| *y).collect(),
            r,
            fill,
            fill_opacity: Some(opacity),
            stroke: None,
            stroke_width: None,
        };
        let full = circles(r, colour(ink, theme, 1.0), if hollow { 1.0 } else { 0.75 });
        let hole = hollow.then(|| circles(r - 1.4, rgb(ground(theme).paper), 1.0));
        std::iter::once(full).chain(hole).collect()
    }

    fn interval(&self, sheet: &mut Sheet, from: (f64, f64), to: (f64, f64)) {
        let (Some(a), Some(b)) = (self.at(from), self.at(to)) else { return };
        let text = ground(sheet.theme).text;
        sheet.marks.push(line(a, b, text, 1.4));
        let flat = (a.1 - b.1).abs() < (a.0 - b.0).abs();
        for (x, y) in [a, b] {
            let (dx, dy) = if flat { (0.0, 4.0) } else { (4.0, 0.0) };
            sheet.marks.push(line((x - dx, y - dy), (x + dx, y + dy), text, 1.4));
        }
    }

    fn word(&self, sheet: &mut Sheet, at: (f64, f64), text: &str, centred: bool, ink: Ink) {
        let Some((x, y)) = self.at(at) else { return };
        let colour = match colour(ink, sheet.theme, 1.0) {
            kuva::render::color::Color::Rgb(red, green, blue) => (red, green, blue),
            _ => ground(sheet.theme).text,
        };
        let (x, anchor) =
            if centred { (x, TextAnchor::Middle) } else { (x + 7.0, TextAnchor::Start) };
        sheet.write(&Label::new(text, (x, y + 4.0), 11, colour).anchored(anchor));
    }
}
