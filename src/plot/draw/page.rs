//! A page: title, panels, notes, and where it all comes from.

use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::super::Picture;
use super::Theme;
use super::colour::{ground, rgb};
use super::panel;
use super::word::wrapped;

/// Width of a page, and its margin, in points.
pub(super) const WIDTH: f64 = 960.0;
pub(super) const MARGIN: f64 = 28.0;
/// Letters of notes, in points.
const SMALL: f64 = 11.0;

/// What is put on paper, and how far down.
pub(super) struct Sheet {
    pub(super) theme: Theme,
    pub(super) marks: Vec<Primitive>,
    pub(super) y: f64,
}

/// A word to be put on paper.
pub(super) struct Label<'a> {
    pub(super) text: &'a str,
    pub(super) at: (f64, f64),
    pub(super) size: u32,
    pub(super) anchor: TextAnchor,
    pub(super) colour: (u8, u8, u8),
    pub(super) bold: bool,
    pub(super) turned: Option<f64>,
}

impl<'a> Label<'a> {
    pub(super) const fn new(
        text: &'a str,
        at: (f64, f64),
        size: u32,
        colour: (u8, u8, u8),
    ) -> Self {
        Self { text, at, size, anchor: TextAnchor::Start, colour, bold: false, turned: None }
    }

    pub(super) const fn anchored(self, anchor: TextAnchor) -> Self {
        Self { anchor, ..self }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn turned(self, degrees: f64) -> Self {
        Self { turned: Some(degrees), ..self }
    }
}

impl Sheet {
    pub(super) fn write(&mut self, label: &Label<'_>) {
        self.marks.push(Primitive::Text {
            x: label.at.0,
            y: label.at.1,
            // A pair of dollar signs would be taken for a formula.
            content: label.text.replace('$', "\\$"),
            size: label.size,
            anchor: label.anchor,
            rotate: label.turned,
            bold: label.bold,
            color: Some(rgb(label.colour)),
        });
    }

    /// Lines of small text, one below the other.
    fn paragraph(&mut self, text: &str, colour: (u8, u8, u8)) {
        for line in wrapped(text, SMALL, WIDTH - 2.0 * MARGIN) {
            self.write(&Label::new(&line, (MARGIN, self.y), 11, colour));
            self.y += 16.0;
        }
    }
}

pub(super) fn page(picture: &Picture, theme: Theme) -> Scene {
    let colours = ground(theme);
    let mut sheet = Sheet { theme, marks: Vec::new(), y: 40.0 };
    sheet.write(&Label::new(&picture.title, (MARGIN, sheet.y), 20, colours.text).bold());
    sheet.y += 14.0;
    let left = picture.panels.iter().map(|panel| panel::left_of(&panel.y)).fold(0.0, f64::max);
    for panel in &picture.panels {
        panel::put(&mut sheet, panel, left);
    }
    sheet.y += 26.0;
    for note in &picture.notes {
        sheet.paragraph(note, colours.muted);
    }
    sheet.y += 6.0;
    sheet.paragraph(&picture.source, colours.muted);
    let mut scene = Scene::new(WIDTH, sheet.y + 8.0);
    let (red, green, blue) = colours.paper;
    scene.background_color = Some(format!("#{red:02x}{green:02x}{blue:02x}"));
    scene.font_family = Some("DejaVu Sans, Verdana, sans-serif".to_owned());
    scene.elements = sheet.marks;
    scene
}
