//! A picture of a table on paper of its own size: title, legend, field, axes, notes.

use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::super::table::{COLOURS, Figure, Side, Style};
use super::super::{Ink, Scale};
use super::Theme;
use super::colour::{colour, ground, rgb};
use super::page::{Label, Sheet};
use super::panel::{Field, line, rect};
use super::word::{cut, width, wrapped};

/// Layout is in units of 1/96 inch; fewer than these leave no room for words.
const LEAST: (f64, f64) = (320.0, 200.0);
const MARGIN: f64 = 18.0;
/// Letters at axes and in the legend, and of notes.
const TICK: f64 = 11.0;
const NOTE: f64 = 10.0;
/// seaborn's grey.
const GREY: (u8, u8, u8) = (0xea, 0xea, 0xf2);
const WHITE: (u8, u8, u8) = (0xff, 0xff, 0xff);

/// The scene, and pixels to a unit.
pub(super) fn scene(figure: &Figure, theme: Theme) -> (Scene, f64) {
    let (pixels, size) =
        ((f64::from(figure.size.width), f64::from(figure.size.height)), figure.size);
    let scale = (f64::from(size.dpi) / 96.0).min(pixels.0 / LEAST.0).min(pixels.1 / LEAST.1);
    // A hair less, so that rounding up makes no further pixel.
    let (wide, high) = ((pixels.0 - 0.01) / scale, (pixels.1 - 0.01) / scale);
    let colours = ground(theme);
    let mut paper =
        Paper { figure, sheet: Sheet { theme, marks: Vec::new(), y: 12.0 }, wide, high };
    paper.head();
    let below = paper.notes();
    paper.body(below);
    let mut scene = Scene::new(wide, high);
    let (red, green, blue) = colours.paper;
    scene.background_color = Some(format!("#{red:02x}{green:02x}{blue:02x}"));
    scene.font_family = Some("DejaVu Sans, Verdana, sans-serif".to_owned());
    scene.elements = paper.sheet.marks;
    (scene, scale)
}

struct Paper<'a> {
    figure: &'a Figure,
    sheet: Sheet,
    wide: f64,
    high: f64,
}

impl Paper<'_> {
    /// Title, legend where it is above, the name of the left axis.
    fn head(&mut self) {
        let colours = ground(self.sheet.theme);
        for line in wrapped(&self.figure.title, 16.0, self.wide - 2.0 * MARGIN).into_iter().take(2)
        {
            self.sheet.y += 18.0;
            self.sheet.write(&Label::new(&line, (MARGIN, self.sheet.y), 16, colours.text).bold());
        }
        if self.figure.legend_at.is_none() {
            self.legend_above();
        }
        let label = cut(&self.figure.panel.y.label, 12.0, self.wide - 2.0 * MARGIN);
        self.sheet.y += 20.0;
        self.sheet.write(&Label::new(&label, (MARGIN, self.sheet.y), 12, colours.muted));
        self.sheet.y += 8.0;
    }

    fn legend_above(&mut self) {
        let legend = &self.figure.panel.legend;
        if legend.is_empty() {
            return;
        }
        let text = ground(self.sheet.theme).text;
        let mut x = MARGIN;
        self.sheet.y += 20.0;
        for (name, ink) in legend {
            let name = cut(name, TICK, self.wide / 2.0);
            let room = 28.0 + width(&name, TICK) + 16.0;
            if x + room > self.wide - MARGIN + 16.0 && x > MARGIN {
                x = MARGIN;
                self.sheet.y += 16.0;
            }
            self.sample((x, self.sheet.y - 4.0), *ink);
            self.sheet.write(&Label::new(&name, (x + 28.0, self.sheet.y), 11, text));
            x += room;
        }
    }

    /// A stroke as a series has it.
    fn sample(&mut self, (x, y): (f64, f64), ink: Ink) {
        let dashed = matches!(ink, Ink::Series(at) if at >= COLOURS);
        self.sheet.marks.push(Primitive::PolyLine {
            points: vec![(x, y), (x + 22.0, y)],
            stroke: colour(ink, self.sheet.theme, 1.0),
            stroke_width: 3.0,
            stroke_dasharray: dashed.then(|| "6 4".to_owned()),
        });
    }

    /// Notes at the lower end, as far as they leave room for the field; where they begin.
    fn notes(&mut self) -> f64 {
        let muted = ground(self.sheet.theme).muted;
        let text = self.figure.notes.join("; ");
        let mut lines = wrapped(&text, NOTE, self.wide - 2.0 * MARGIN);
        let room = ((self.high - self.sheet.y) * 0.2 / 14.0).floor().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few")]
        let room = room as usize;
        if lines.len() > room {
            lines.truncate(room);
            lines.last_mut().into_iter().for_each(|line| line.push('…'));
        }
        let top = self.high - 10.0 - 14.0 * lines.len() as f64;
        for (at, line) in lines.iter().enumerate() {
            let y = top + 14.0 * (at as f64 + 0.8);
            self.sheet.write(&Label::new(line, (MARGIN, y), 10, muted));
        }
        top
    }

    /// The field with its axes, down to where words `below` begin.
    fn body(&mut self, below: f64) {
        let panel = &self.figure.panel;
        let words = panel.y.ticks.iter().map(|(_, word)| width(word, TICK)).fold(0.0, f64::max);
        let left = MARGIN + words.min(self.wide / 4.0) + 8.0;
        let across = self.wide - MARGIN - left;
        let angle = self.angle(across);
        let label = if panel.x.label.is_empty() { 0.0 } else { 20.0 };
        let top = self.sheet.y;
        let height = (below - label - self.drop(angle) - top - 4.0).max(40.0);
        let field = Field { panel, left, top, width: across, height };
        self.ground(&field);
        self.left_axis(&field);
        self.lower_axis(&field, angle);
        for mark in &panel.marks {
            field.mark(&mut self.sheet, mark);
        }
        self.frame(&field);
        if let Some(at) = self.figure.legend_at {
            self.legend_within(&field, at);
        }
        let text = ground(self.sheet.theme).muted;
        let middle = (left + across / 2.0, below - 8.0);
        let words = cut(&panel.x.label, 12.0, self.wide - 2.0 * MARGIN);
        self.sheet.write(&Label::new(&words, middle, 12, text).anchored(TextAnchor::Middle));
    }

    /// How far words below are turned: as wished, or so that categories do not run into each other.
    fn angle(&self, across: f64) -> f64 {
        let axis = &self.figure.panel.x;
        let each = across / axis.ticks.len().max(1) as f64;
        let crowded = axis.scale == Scale::Rows && self.widest() + 8.0 > each;
        if self.figure.angle == 0.0 && crowded { 35.0 } else { self.figure.angle }
    }

    fn widest(&self) -> f64 {
        let ticks = &self.figure.panel.x.ticks;
        ticks.iter().map(|(_, word)| width(word, TICK)).fold(0.0, f64::max).min(self.wide / 4.0)
    }

    /// Room that words below take.
    fn drop(&self, angle: f64) -> f64 {
        18.0 + self.widest() * angle.to_radians().sin().abs()
    }

    fn style(&self) -> Style {
        self.figure.style
    }

    fn ground(&mut self, field: &Field<'_>) {
        let grey = matches!(self.style(), Style::DarkGrid | Style::Dark);
        if grey && self.sheet.theme == Theme::Light {
            let at = (field.left, field.top);
            self.sheet.marks.push(rect(at, (field.width, field.height), rgb(GREY)));
        }
    }

    /// The colour of the grid; `None` where there is none.
    fn grid(&self) -> Option<(u8, u8, u8)> {
        match (self.style(), self.sheet.theme) {
            (Style::WhiteGrid, theme) | (Style::DarkGrid, theme @ Theme::Dark) => {
                Some(ground(theme).grid)
            }
            (Style::DarkGrid, Theme::Light) => Some(WHITE),
            _ => None,
        }
    }

    fn left_axis(&mut self, field: &Field<'_>) {
        let text = ground(self.sheet.theme).text;
        let mut last = f64::INFINITY;
        for (value, word) in &field.panel.y.ticks {
            let Some(y) = field.y(*value) else { continue };
            if let Some(grid) = self.grid() {
                let ends = ((field.left, y), (field.left + field.width, y));
                self.sheet.marks.push(line(ends.0, ends.1, grid, 1.0));
            }
            if self.style() == Style::Ticks {
                self.sheet.marks.push(line((field.left - 4.0, y), (field.left, y), text, 1.0));
            }
            if last - y >= TICK + 3.0 {
                last = y;
                let word = cut(word, TICK, self.wide / 4.0);
                let at = (field.left - 7.0, y + 4.0);
                self.sheet.write(&Label::new(&word, at, 11, text).anchored(TextAnchor::End));
            }
        }
    }

    fn lower_axis(&mut self, field: &Field<'_>, angle: f64) {
        let (text, bottom) = (ground(self.sheet.theme).text, field.top + field.height);
        let mut last = f64::NEG_INFINITY;
        for (value, word) in &field.panel.x.ticks {
            let Some(x) = field.x(*value) else { continue };
            if let Some(grid) = self.grid().filter(|_| field.panel.x.scale != Scale::Rows) {
                self.sheet.marks.push(line((x, field.top), (x, bottom), grid, 1.0));
            }
            if self.style() == Style::Ticks {
                self.sheet.marks.push(line((x, bottom), (x, bottom + 4.0), text, 1.0));
            }
            let word = cut(word, TICK, self.wide / 4.0);
            let half = if angle == 0.0 { width(&word, TICK) / 2.0 } else { TICK / 2.0 + 1.0 };
            if x - half <= last + 6.0 {
                continue;
            }
            last = x + half;
            let label = if angle == 0.0 {
                Label::new(&word, (x, bottom + 16.0), 11, text).anchored(TextAnchor::Middle)
            } else {
                let end = if angle > 0.0 { TextAnchor::End } else { TextAnchor::Start };
                let at = (x + 3.0 * angle.signum(), bottom + 12.0);
                Label::new(&word, at, 11, text).anchored(end).turned(-angle)
            };
            self.sheet.write(&label);
        }
    }

    fn frame(&mut self, field: &Field<'_>) {
        let muted = ground(self.sheet.theme).muted;
        let (left, bottom) = (field.left, field.top + field.height);
        let right = left + field.width;
        self.sheet.marks.push(line((left, bottom), (right, bottom), muted, 1.0));
        self.sheet.marks.push(line((left, field.top), (left, bottom), muted, 1.0));
    }

    /// The legend in a box of its own.
    fn legend_within(&mut self, field: &Field<'_>, (across, down): (Side, Side)) {
        let colours = ground(self.sheet.theme);
        let legend: Vec<(String, Ink)> = self
            .figure
            .panel
            .legend
            .iter()
            .map(|(name, ink)| (cut(name, TICK, field.width / 2.0), *ink))
            .collect();
        if legend.is_empty() {
            return;
        }
        let words = legend.iter().map(|(name, _)| width(name, TICK)).fold(0.0, f64::max);
        let (wide, high) = (words + 44.0, 16.0 * legend.len() as f64 + 8.0);
        let part = |side, from: f64, room: f64| match side {
            Side::Begin => from + 8.0,
            Side::Middle => from + room / 2.0,
            Side::End => from + room - 8.0,
        };
        let x = part(across, field.left, field.width - wide);
        let y = part(down, field.top, field.height - high);
        self.sheet.marks.push(Primitive::Rect {
            x,
            y,
            width: wide,
            height: high,
            fill: rgb(colours.paper),
            stroke: Some(rgb(colours.grid)),
            stroke_width: Some(1.0),
            opacity: Some(0.9),
        });
        for (at, (name, ink)) in legend.iter().enumerate() {
            let middle = y + 4.0 + 16.0 * (at as f64 + 0.5);
            self.sample((x + 7.0, middle), *ink);
            self.sheet.write(&Label::new(name, (x + 36.0, middle + 4.0), 11, colours.text));
        }
    }
}
